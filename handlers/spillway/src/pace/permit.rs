//! The permit: the right to start one execution.
//!
//! The gate grants permits, and one task holds each, to start an execution with it. Outstanding are
//! the permits that are held, by their stages. A dropped permit gives back its surely unused parts.
//! After a slot that could have been put, or a claim that could have been won, it gives back
//! nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::gate::{Gate, Grant};
use crate::Millis;
use crate::pace::layout::Shard;

/// How far a permit has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Stage {
    /// Nothing was asked for with it, or certainly in vain.
    #[default]
    Granted,
    /// The slot is asked for. It stays like this when there is no answer.
    SlotAsked,
    /// The slot is there, and an attempt can be claimed for it.
    SlotPut,
    /// The slot was put, and certainly nothing is claimed for it.
    Unused,
    /// The start is called.
    Called,
    /// The call started an execution.
    Started,
    /// The call certainly started nothing.
    CameToNothing,
    /// The call has no clear answer.
    Unclear,
}

impl Stage {
    /// Returns whether an attempt is claimed for certain, and its start was called.
    pub fn is_claimed(self) -> bool {
        match self {
            Self::Called | Self::Started | Self::CameToNothing | Self::Unclear => true,
            Self::Granted | Self::SlotAsked | Self::SlotPut | Self::Unused => false,
        }
    }
}

/// The gate, which all that hold a permit share.
#[derive(Debug, Clone)]
pub struct SharedGate(Arc<Mutex<Gate>>);

/// The gate's answers.
#[derive(Debug)]
pub enum Permits {
    Granted(Vec<Permit>),
    /// The rate allows the next ones at this time.
    NotBefore(Millis),
    /// Every slot is taken.
    Full,
    /// The tick's starts are used up.
    Spent,
}

impl SharedGate {
    pub fn new(gate: Gate) -> Self {
        Self(Arc::new(Mutex::new(gate)))
    }

    /// Locks the gate; never held across an await.
    pub fn lock(&self) -> MutexGuard<'_, Gate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for up to `most` starts of a lane, each with a slot of its own. `None`: of a lane that
    /// is not known yet.
    pub fn request(&self, lane: Option<usize>, most: u32, now: Millis) -> Permits {
        let grant = self.lock().request(lane, most, now);
        self.permits(grant, lane, Stage::Granted)
    }

    /// Asks for one start of an execution that holds its slot since `taken_at`. It is called at
    /// once. `slot`: the lane that it names.
    pub fn request_restart(
        &self,
        slot: Option<&str>,
        taken_at: Millis,
        may_run: bool,
        now: Millis,
    ) -> Permits {
        let mut gate = self.lock();
        let grant = gate.request_restart(slot, taken_at, may_run, now);
        drop(gate);
        self.permits(grant, None, Stage::Called)
    }

    fn permits(&self, grant: Grant, lane: Option<usize>, stage: Stage) -> Permits {
        let permit = |_| Permit {
            gate: self.clone(),
            stage,
            lane,
            tenant: None,
            shard: Shard::default(),
        };
        match grant {
            Grant::Take(granted) => Permits::Granted((0..granted).map(permit).collect()),
            Grant::NotBefore(time) => Permits::NotBefore(time),
            Grant::Full => Permits::Full,
            Grant::Spent => Permits::Spent,
        }
    }
}

/// The right to start one execution.
#[derive(Debug)]
#[must_use = "a permit that is dropped is given back"]
pub struct Permit {
    gate: SharedGate,
    stage: Stage,
    /// Of which it is; `None`: not known yet, or it goes with a slot that was there before.
    lane: Option<usize>,
    /// Whose object it starts; `None`: not known yet, or no tenant's.
    tenant: Option<String>,
    /// In which its slot lies, or is to lie.
    shard: Shard,
}

impl Permit {
    /// Takes the lane of the start. Returns `false` if its bound is reached: then the permit starts
    /// nothing.
    #[must_use]
    pub fn goes_to(&mut self, lane: usize) -> bool {
        let goes =
            self.lane == Some(lane) || (self.lane.is_none() && self.gate.lock().goes_to(lane));
        self.lane = self.lane.or(goes.then_some(lane));
        goes
    }

    /// Takes the tenant of the start. Returns `false` if its bound is reached: then the permit
    /// starts nothing.
    #[must_use]
    pub fn goes_to_tenant(&mut self, tenant: &str) -> bool {
        let goes = self.gate.lock().goes_to_tenant(tenant);
        self.tenant = goes.then(|| tenant.to_owned());
        goes
    }

    /// Takes in the shard of the slot that is asked for next.
    pub fn slot_lies_in(&mut self, shard: Shard) {
        self.shard = shard;
    }

    /// Takes in how far the task that holds it has come. `taken_at`: when its slot was put.
    pub fn reached(&mut self, stage: Stage, taken_at: Millis, now: Millis) {
        let last = std::mem::replace(&mut self.stage, stage);
        if last == stage {
            return;
        }
        let mut gate = self.gate.lock();
        if last == Stage::SlotAsked && stage != Stage::Granted {
            gate.slot_put(self.lane, self.shard);
            if let Some(tenant) = &self.tenant {
                gate.slot_put_of_tenant(tenant, self.shard);
            }
        }
        match stage {
            Stage::Granted | Stage::SlotAsked | Stage::SlotPut | Stage::Called => return,
            Stage::Unused => return gate.give_back_start(1),
            Stage::Started => gate.started(now),
            Stage::CameToNothing => gate.came_to_nothing(taken_at, now),
            Stage::Unclear => gate.give_back_budget(1),
        }
        gate.tokens.used(1, now);
    }

    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Returns the shard in which its slot lies, or is to lie.
    pub fn shard(&self) -> Shard {
        self.shard
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        match self.stage {
            Stage::Granted => {
                let mut gate = self.gate.lock();
                gate.give_back(self.lane, 1);
                if let Some(tenant) = &self.tenant {
                    gate.give_back_of_tenant(tenant);
                }
            }
            // It counts as put: it could have been.
            Stage::SlotAsked => {
                let mut gate = self.gate.lock();
                gate.slot_put(self.lane, self.shard);
                if let Some(tenant) = &self.tenant {
                    gate.slot_put_of_tenant(tenant, self.shard);
                }
                gate.lost();
            }
            Stage::SlotPut | Stage::Called => self.gate.lock().lost(),
            Stage::Unused | Stage::Started | Stage::CameToNothing | Stage::Unclear => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Pace;
    use crate::pace::bound::Bound;
    use crate::pace::day::DayLimit;
    use crate::pace::layout::Layout;
    use crate::pace::tokens::Tokens;
    use proptest::prelude::*;

    const BUDGET: u32 = 12;
    const LIMIT: u32 = 10;
    const DAY: u32 = 11;

    fn gate() -> SharedGate {
        let pace = Pace {
            max_concurrency: LIMIT,
            starts_per_second: 100.0,
            burst: 50,
            starts_per_tick: Some(BUDGET),
            layout: Layout::One,
        };
        let mut gate = Gate::new(&pace, Tokens::new(100.0, 50, None, 0), Some(BUDGET));
        let most = gate.most_until(60_000, 0);
        gate.set_day(DayLimit::new(DAY, None, 0, most));
        SharedGate::new(gate)
    }

    fn one(gate: &SharedGate) -> Permit {
        match gate.request(None, 1, 0) {
            Permits::Granted(mut permits) => permits.pop().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn left(gate: &SharedGate) -> (u32, u32, u32) {
        let mut gate = gate.lock();
        (
            gate.capacity.free(),
            gate.spent(),
            gate.day().unwrap().left(0),
        )
    }

    #[test]
    fn what_was_never_asked_for_is_given_back_whole() {
        let gate = gate();
        let permit = one(&gate);
        assert_eq!(left(&gate), (LIMIT - 1, 1, DAY - 1));
        drop(permit);
        assert_eq!(left(&gate), (LIMIT, 0, DAY));
    }

    #[test]
    fn after_an_unclear_slot_nothing_is_given_back() {
        let gate = gate();
        let mut permit = one(&gate);
        permit.reached(Stage::SlotAsked, 0, 0);
        drop(permit);
        assert_eq!(left(&gate), (LIMIT - 1, 1, DAY - 1));
        // The next count tells whether it was put.
        gate.lock().capacity.count_begins(Shard::default());
        gate.lock().capacity.count_ends(Shard::default(), 0);
        assert_eq!(left(&gate), (LIMIT, 1, DAY - 1));
    }

    #[test]
    fn after_a_possible_claim_nothing_is_given_back() {
        let gate = gate();
        let mut permit = one(&gate);
        permit.reached(Stage::SlotAsked, 0, 0);
        permit.reached(Stage::SlotPut, 0, 0);
        drop(permit);
        assert_eq!(left(&gate), (LIMIT - 1, 1, DAY - 1));
    }

    #[test]
    fn a_slot_that_was_there_before_is_another_ones() {
        let gate = gate();
        let mut permit = one(&gate);
        permit.reached(Stage::SlotAsked, 0, 0);
        permit.reached(Stage::Granted, 0, 0);
        drop(permit);
        assert_eq!(left(&gate), (LIMIT, 0, DAY));
    }

    #[test]
    fn a_restart_that_came_to_nothing_uses_no_start() {
        let gate = gate();
        gate.lock().capacity.count_begins(Shard::default());
        gate.lock().capacity.count_ends(Shard::default(), 1);
        gate.lock().found_unstarted(None, 1);
        let Permits::Granted(mut permits) = gate.request_restart(None, 0, false, 0) else {
            panic!("not granted");
        };
        assert_eq!(gate.lock().spent(), 1);
        permits[0].reached(Stage::CameToNothing, 0, 0);
        drop(permits);
        assert_eq!(gate.lock().spent(), 0);
        assert_eq!(gate.lock().capacity.used(), 1);
    }

    #[test]
    fn a_permit_goes_to_one_lane_and_gives_back_to_it() {
        let gate = gate();
        let bound = |lane: &str, max| Bound {
            lane: lane.to_owned(),
            max,
        };
        gate.lock()
            .set_bounds(&[bound("urgent", None), bound("bulk", Some(1))]);
        let (mut one, mut other) = (one(&gate), one(&gate));
        assert!(one.goes_to(1) && one.goes_to(1) && !one.goes_to(0));
        assert!(!other.goes_to(1) && other.goes_to(0));
        drop(one);
        let Permits::Granted(mut permits) = gate.request(Some(1), 5, 0) else {
            panic!("not granted");
        };
        assert_eq!(permits.len(), 1);
        permits[0].reached(Stage::SlotAsked, 0, 0);
        drop(permits);
        // Its slot can be there.
        assert!(matches!(gate.request(Some(1), 1, 0), Permits::Full));
        assert!(gate.lock().awaits_lane());
    }

    #[test]
    fn a_permit_goes_to_one_tenant_and_gives_back_to_it() {
        let gate = gate();
        gate.lock().bound_tenants(1);
        let (mut first, mut other) = (one(&gate), one(&gate));
        assert!(first.goes_to_tenant("acme") && !other.goes_to_tenant("acme"));
        drop(first);
        assert!(other.goes_to_tenant("acme"));
        other.reached(Stage::SlotAsked, 0, 0);
        drop(other);
        // Its slot can be there.
        assert_eq!(gate.lock().free_of_tenant("acme"), 0);
        assert!(gate.lock().awaits_tenant("acme"));
        assert!(one(&gate).goes_to_tenant("other"));
    }

    /// The ways that a permit can go, to any length.
    const WAYS: &[&[Stage]] = &[
        &[Stage::SlotAsked, Stage::Granted],
        &[Stage::SlotAsked, Stage::SlotPut, Stage::Unused],
        &[
            Stage::SlotAsked,
            Stage::SlotPut,
            Stage::Called,
            Stage::Started,
        ],
        &[
            Stage::SlotAsked,
            Stage::SlotPut,
            Stage::Called,
            Stage::CameToNothing,
        ],
        &[
            Stage::SlotAsked,
            Stage::SlotPut,
            Stage::Called,
            Stage::Unclear,
        ],
    ];

    proptest! {
        /// Against a count of all permits: the slots that are or can be there,
        /// and the starts that were made or could have been.
        #[test]
        fn what_is_outstanding_is_what_is_held(
            steps in proptest::collection::vec((0usize..12, 0usize..5, any::<bool>()), 0..80),
        ) {
            let gate = gate();
            let mut held: Vec<(Permit, usize, usize)> = Vec::new();
            let (mut slots, mut starts) = (0, 0);
            for (at, way, drops) in steps {
                if at >= held.len() {
                    if let Permits::Granted(permits) = gate.request(None, 1, 0) {
                        held.extend(permits.into_iter().map(|permit| (permit, way, 0)));
                    }
                } else if drops || held[at].2 == WAYS[held[at].1].len() {
                    let (permit, _, _) = held.swap_remove(at);
                    let stage = permit.stage();
                    slots += u32::from(stage != Stage::Granted);
                    starts += u32::from(matches!(
                        stage,
                        Stage::SlotAsked | Stage::SlotPut | Stage::Called | Stage::Started
                    ));
                } else {
                    let (permit, way, done) = &mut held[at];
                    permit.reached(WAYS[*way][*done], 0, 0);
                    *done += 1;
                }
                let (mut used, mut spent) = (slots, starts);
                for (permit, _, _) in &held {
                    used += 1;
                    spent += u32::from(!matches!(
                        permit.stage(),
                        Stage::Unused | Stage::CameToNothing | Stage::Unclear
                    ));
                }
                prop_assert_eq!(gate.lock().capacity.used(), used);
                prop_assert_eq!(gate.lock().spent(), spent);
                prop_assert!(used <= LIMIT && spent <= BUDGET);
            }
        }
    }
}
