//! How a tick's machines are driven: each with its permit, if it has one, and by what the tick knows.

use std::sync::{Mutex, PoisonError};

use aws::error::AwsError;
use aws::shell::{Guide, drive};
use spillway::Millis;
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
    end_by: Millis,
    held: Mutex<Held>,
}

/// What the machines hold.
struct Held {
    /// Those that are still of use.
    permits: Vec<Option<Permit>>,
    /// When the slots were taken that they asked for.
    slots: Vec<Millis>,
}

impl<M: OfTick> Guide<M> for TickGuide<'_> {
    fn terms(&self) -> Terms<'_> {
        self.shared.terms()
    }

    fn end_by(&self) -> Millis {
        self.end_by
    }

    fn calls_until(&self) -> Millis {
        self.shared.state().holding.calls_until()
    }

    fn told(&self, index: usize, machine: &M, facts: Vec<Fact>, problem: Option<AwsError>) {
        let (stage, taken_at) = (machine.stage(), machine.taken_at());
        let now = self.shared.now();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken_at) = taken_at.filter(|_| stage == Stage::SlotAsked)
            && self.shared.state().outstanding.asked(taken_at)
        {
            held.slots.push(taken_at);
        }
        if let Some(held) = held.permits.get_mut(index) {
            if let Some(permit) = held {
                permit.reached(stage, taken_at.unwrap_or(now), now);
            }
            if machine.starts_nothing() {
                *held = None;
            }
        }
        drop(held);
        self.shared.told(facts, problem);
    }
}

/// Drives machines to their ends, `at_once` of them at a time. Each has the permit of its index, or none. The starts that
/// they leave are kept.
pub async fn drive_all<M: OfTick>(
    shared: &Shared,
    machines: &mut [M],
    permits: Vec<Permit>,
    at_once: usize,
) {
    drive_until(shared, machines, permits, at_once, shared.end_by()).await;
}

/// The same, with calls that must have ended earlier: what fails for now is made again only before that.
pub async fn drive_until<M: OfTick>(
    shared: &Shared,
    machines: &mut [M],
    permits: Vec<Permit>,
    at_once: usize,
    end_by: Millis,
) {
    let held = Held {
        permits: permits.into_iter().map(Some).collect(),
        slots: Vec::new(),
    };
    let guide = TickGuide {
        shared,
        end_by,
        held: Mutex::new(held),
    };
    drive(&shared.shell, &guide, machines, at_once).await;
    for kept in machines.iter().filter_map(HoldsPermit::kept) {
        shared.keep(kept);
    }
    let held = guide.held.into_inner();
    let held = held.unwrap_or_else(PoisonError::into_inner);
    let mut state = shared.state();
    held.slots
        .iter()
        .for_each(|taken_at| state.outstanding.done(*taken_at));
    drop(state);
}
