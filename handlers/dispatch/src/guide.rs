//! How a tick's machines are driven: each with its permit, if it has one, and by what the tick knows.

use std::sync::{Mutex, PoisonError};

use aws::error::AwsError;
use aws::shell::{Guide, drive};
use spillway::pace::permit::{Permit, Stage};
use spillway::protocol::Machine;
use spillway::protocol::fact::Fact;
use spillway::protocol::starting::HoldsPermit;
use spillway::protocol::terms::Terms;

use crate::shared::Shared;

/// A machine of a tick.
pub trait OfTick: for<'a> Machine<Fact = Fact, Terms<'a> = Terms<'a>> + HoldsPermit {}

impl<M> OfTick for M where M: for<'a> Machine<Fact = Fact, Terms<'a> = Terms<'a>> + HoldsPermit {}

struct TickGuide<'a> {
    shared: &'a Shared,
    /// Those that are still of use.
    permits: Mutex<Vec<Option<Permit>>>,
}

impl<M: OfTick> Guide<M> for TickGuide<'_> {
    fn terms(&self) -> Terms<'_> {
        self.shared.terms()
    }

    fn told(&self, index: usize, machine: &M, facts: Vec<Fact>, problem: Option<AwsError>) {
        let (stage, taken_at) = (machine.stage(), machine.taken_at());
        let now = self.shared.now();
        if let Some(taken_at) = taken_at.filter(|_| stage == Stage::SlotAsked) {
            let mut state = self.shared.state();
            state.slot_put = state.slot_put.max(taken_at);
        }
        let mut permits = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = permits.get_mut(index) {
            if let Some(permit) = held {
                permit.reached(stage, taken_at.unwrap_or(now), now);
            }
            if machine.starts_nothing() {
                *held = None;
            }
        }
        drop(permits);
        self.shared.told(facts, problem);
    }
}

/// Drives machines to their ends, `at_once` of them at a time. Each has the permit of its index, or none.
pub async fn drive_all<M: OfTick>(
    shared: &Shared,
    machines: &mut [M],
    permits: Vec<Permit>,
    at_once: usize,
) {
    let permits = Mutex::new(permits.into_iter().map(Some).collect());
    let guide = TickGuide { shared, permits };
    drive(&shared.shell, &guide, machines, at_once).await;
}
