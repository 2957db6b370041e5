//! How a tick's machines are driven: with their permits, and by what the tick knows.

use std::sync::{Mutex, PoisonError};

use aws::error::AwsError;
use aws::shell::{Guide, drive};
use spillway::pace::permit::{Permit, Stage};
use spillway::protocol::Machine;
use spillway::protocol::fact::Fact;
use spillway::protocol::starting::HoldsPermit;
use spillway::protocol::terms::Terms;
use tracing::trace;

use crate::shared::Shared;

/// Of machines that hold no permit.
pub struct Plain<'a>(pub &'a Shared);

impl<M> Guide<M> for Plain<'_>
where
    M: for<'a> Machine<Fact = Fact, Terms<'a> = Terms<'a>>,
{
    fn terms(&self) -> Terms<'_> {
        self.0.terms()
    }

    fn told(&self, _: usize, _: &M, facts: Vec<Fact>, problem: Option<AwsError>) {
        self.0.told(facts, problem);
    }
}

/// Of machines that each go on with a permit.
struct WithPermits<'a> {
    shared: &'a Shared,
    permits: Mutex<Vec<Permit>>,
}

impl<M> Guide<M> for WithPermits<'_>
where
    M: for<'a> Machine<Fact = Fact, Terms<'a> = Terms<'a>> + HoldsPermit,
{
    fn terms(&self) -> Terms<'_> {
        self.shared.terms()
    }

    fn told(&self, index: usize, machine: &M, facts: Vec<Fact>, problem: Option<AwsError>) {
        let (stage, taken_at) = (machine.stage(), machine.taken_at());
        let now = self.shared.now();
        if let Some(taken_at) = taken_at.filter(|_| stage == Stage::SlotAsked) {
            self.shared.state().slot_put = taken_at;
        }
        let mut permits = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(permit) = permits.get_mut(index) {
            permit.reached(stage, taken_at.unwrap_or(now), now);
        }
        drop(permits);
        trace!(?stage, ?facts, "step");
        self.shared.told(facts, problem);
    }
}

/// Drives machines to their ends, each with its permit. Permits that nothing was asked for with are given back.
pub async fn drive_with<M>(
    shared: &Shared,
    machines: &mut [M],
    permits: Vec<Permit>,
    at_once: usize,
) where
    M: for<'a> Machine<Fact = Fact, Terms<'a> = Terms<'a>> + HoldsPermit,
{
    let permits = Mutex::new(permits);
    let guide = WithPermits { shared, permits };
    drive(&shared.shell, &guide, machines, at_once).await;
}
