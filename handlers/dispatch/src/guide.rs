//! The driver of a tick's machines: each with its permit, if it has one, and by the tick's
//! knowledge.

use std::sync::{Mutex, PoisonError};

use aws::error::AwsError;
use aws::shell::{Guide, drive};
use spillway::Millis;
use spillway::pace::permit::{Permit, Stage};
use spillway::protocol::Machine;
use spillway::protocol::fact::Fact;
use spillway::protocol::starting::HoldsPermit;
use spillway::protocol::terms::Terms;
use spillway::rules::sweep::CLAIMED_WITHIN;

use crate::shared::Shared;

/// A machine of a tick.
pub trait OfTick: for<'a> Machine<Fact = Fact, Terms<'a> = Terms<'a>> + HoldsPermit {}

impl<M> OfTick for M where M: for<'a> Machine<Fact = Fact, Terms<'a> = Terms<'a>> + HoldsPermit {}

struct TickGuide<'a> {
    shared: &'a Shared,
    /// Fixed, although the lease is renewed: the drive ends its calls before the end of the lease
    /// as it began.
    end_by: Millis,
    held: Mutex<Held>,
}

/// The permits and slots of the machines.
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

    fn ledger_took(&self, now: Millis) {
        self.shared.state().ledger_took_at = Some(now);
    }

    fn ledger_took_at(&self) -> Option<Millis> {
        self.shared.state().ledger_took_at
    }

    fn told(&self, index: usize, machine: &M, facts: Vec<Fact>, problem: Option<AwsError>) {
        self.reached(index, machine);
        self.shared.told(facts, problem);
    }
}

impl<'a> TickGuide<'a> {
    fn new(shared: &'a Shared, permits: Vec<Permit>, end_by: Millis) -> Self {
        let held = Held {
            permits: permits.into_iter().map(Some).collect(),
            slots: Vec::new(),
        };
        Self {
            shared,
            end_by,
            held: Mutex::new(held),
        }
    }

    /// Takes in how far a machine has come, with its permit and with its slot.
    fn reached<M: HoldsPermit>(&self, index: usize, machine: &M) {
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
                if stage == Stage::SlotAsked
                    && let Some(shard) = machine.shard()
                {
                    permit.slot_lies_in(shard);
                }
                permit.reached(stage, taken_at.unwrap_or(now), now);
            }
            if machine.starts_nothing() {
                *held = None;
            }
        }
    }

    /// Drives machines to their ends, `at_once` of them at a time. The starts that they leave are
    /// kept.
    async fn drive<M: OfTick>(self, machines: &mut [M], at_once: usize) {
        let shared = self.shared;
        drive(&shared.shell, &self, machines, at_once).await;
        for kept in machines.iter().filter_map(HoldsPermit::kept) {
            shared.keep(kept);
        }
        let held = self.held.into_inner();
        let held = held.unwrap_or_else(PoisonError::into_inner);
        let mut state = shared.state();
        held.slots
            .iter()
            .for_each(|taken_at| state.outstanding.done(*taken_at));
    }
}

/// Makes machines of `things`, each by the tick's knowledge at its time, and drives them all to
/// their ends. Each has the permit of its index. Returns them as they ended.
pub async fn drive_new<T, M: OfTick>(
    shared: &Shared,
    things: Vec<T>,
    new: impl Fn(T, &Terms<'_>) -> M,
    permits: Vec<Permit>,
) -> Vec<M> {
    // Its claims must have landed when the next tick finds a slot without one.
    let end_by = shared.end_by().min(shared.now() + CLAIMED_WITHIN);
    let guide = TickGuide::new(shared, permits, end_by);
    let begin = |(index, thing)| {
        let machine = new(thing, &shared.terms());
        // It can begin with its slot.
        guide.reached(index, &machine);
        machine
    };
    let mut machines: Vec<M> = things.into_iter().enumerate().map(begin).collect();
    let all = machines.len();
    guide.drive(&mut machines, all).await;
    machines
}

/// Drives machines to their ends, `at_once` of them at a time. Each has the permit of its index, or
/// none. The starts that they leave are kept.
pub async fn drive_all<M: OfTick>(
    shared: &Shared,
    machines: &mut [M],
    permits: Vec<Permit>,
    at_once: usize,
) {
    drive_until(shared, machines, permits, at_once, shared.end_by()).await;
}

/// Drives machines whose calls must have ended earlier: a call that fails for now is made again
/// only before that.
pub async fn drive_until<M: OfTick>(
    shared: &Shared,
    machines: &mut [M],
    permits: Vec<Permit>,
    at_once: usize,
    end_by: Millis,
) {
    let guide = TickGuide::new(shared, permits, end_by);
    guide.drive(machines, at_once).await;
}
