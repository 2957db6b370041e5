//! Starts that a tick keeps: they hold their slots, and are made as soon as rate and limit allow
//! it. Those that earlier ticks left open come by way of [`super::opening`]; those of its own were
//! throttled, or had no clear answer.

use std::collections::VecDeque;
use std::sync::Arc;

use super::patience::Patience;
use crate::Millis;
use crate::execution::input::Load;
use crate::pace::permit::{Permit, Permits, SharedGate};
use crate::record::slot::Slot;

/// Starts that are made together.
const TOGETHER: usize = 10;

/// A start that is still to be made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kept {
    pub slot: Slot,
    pub load: Arc<Load>,
    /// An earlier call can have started it.
    pub may_run: bool,
    pub origin: Origin,
}

/// The part of the tick that found a start to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// This tick claimed its attempt.
    Own,
    /// An earlier tick left it open.
    Open,
    /// The sweep. It comes round again.
    Swept,
}

/// The starts that a tick keeps, the oldest first.
#[derive(Debug)]
pub struct KeptStarts {
    starts: VecDeque<Kept>,
    patience: Patience,
    /// When the tick's calls must have ended.
    end_by: Millis,
    /// Until then Step Functions is left alone.
    not_before: Millis,
}

/// The next step of the kept starts.
#[derive(Debug)]
pub enum Again {
    /// These are started now.
    Now(Vec<(Kept, Permit)>),
    Not(NotNow),
}

/// Why nothing that is kept is started now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNow {
    /// Nothing is kept.
    Nothing,
    /// The first one can be started at this time. Nothing new is started before it.
    NotBefore(Millis),
    /// No further slot can run, or the tick's starts are used up.
    Blocked,
}

impl KeptStarts {
    /// Begins with none. `end_by`: the time by which the tick's calls must have ended.
    pub fn new(end_by: Millis) -> Self {
        Self {
            starts: VecDeque::new(),
            patience: Patience::default(),
            end_by,
            not_before: Millis::MIN,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Returns whether any start that is kept is possible under the lanes' bounds as they are: none
    /// of a closed lane is.
    pub fn any_can_start(&self, gate: &SharedGate) -> bool {
        let gate = gate.lock();
        let mut starts = self.starts.iter();
        starts.any(|kept| !gate.is_closed(kept.slot.lane.as_deref()))
    }

    pub fn keep(&mut self, kept: Kept) {
        self.starts.push_back(kept);
    }

    /// Records that a start has an answer.
    pub fn answered(&mut self) {
        self.patience.succeeded();
        self.not_before = Millis::MIN;
    }

    /// Records that a start has no clear answer. Returns `false` when none has had one for too
    /// long.
    pub fn unclear(&mut self, now: Millis) -> bool {
        let pause = self.patience.failed(now, self.end_by);
        self.not_before = now + pause.unwrap_or_default();
        pause.is_some()
    }

    /// Asks the gate for the kept starts.
    pub fn next(&mut self, gate: &SharedGate, now: Millis) -> Again {
        if self.is_empty() {
            return Again::Not(NotNow::Nothing);
        }
        if now < self.not_before {
            return Again::Not(NotNow::NotBefore(self.not_before));
        }
        let (mut granted, mut blocked) = (Vec::new(), Vec::new());
        let mut not_before = None;
        while granted.len() < TOGETHER
            && let Some(kept) = self.starts.pop_front()
        {
            match gate.request_restart(
                kept.slot.lane.as_deref(),
                kept.slot.taken_at,
                kept.may_run,
                now,
            ) {
                Permits::Granted(permits) => {
                    granted.extend(permits.into_iter().map(|permit| (kept.clone(), permit)));
                }
                Permits::NotBefore(time) => {
                    not_before = Some(time);
                    self.starts.push_front(kept);
                    break;
                }
                // Another one's slot can be of another day, or certainly not run.
                Permits::Full | Permits::Spent => blocked.push(kept),
            }
        }
        for kept in blocked.into_iter().rev() {
            self.starts.push_front(kept);
        }
        if !granted.is_empty() {
            return Again::Now(granted);
        }
        Again::Not(not_before.map_or(NotNow::Blocked, NotNow::NotBefore))
    }

    /// Returns when the oldest slot was taken of those that are suspect if this tick dies. The
    /// sweep comes round again to its own, and a pending slot is found by its mark.
    pub fn oldest(&self) -> Option<Millis> {
        let lost = |it: &&Kept| it.origin != Origin::Swept && !it.slot.pending;
        let open = self.starts.iter().filter(lost);
        open.map(|kept| kept.slot.taken_at).min()
    }

    /// Takes all that is left at the end of the tick.
    pub fn take(&mut self) -> Vec<Kept> {
        std::mem::take(&mut self.starts).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Pace;
    use crate::pace::bound::Bound;
    use crate::pace::gate::Gate;
    use crate::pace::layout::{Layout, Shard};
    use crate::pace::tokens::Tokens;
    use crate::record::slot::Work;

    fn gate(max_concurrency: u32, taken: u32) -> SharedGate {
        let pace = Pace {
            max_concurrency,
            starts_per_second: 1.0,
            burst: 2,
            starts_per_tick: None,
            layout: Layout::One,
        };
        let mut gate = Gate::new(&pace, Tokens::new(1.0, 2, None, 0), None);
        gate.capacity.count_begins(Shard::default());
        gate.capacity.count_ends(Shard::default(), taken);
        SharedGate::new(gate)
    }

    fn kept(execution: &str, may_run: bool) -> Kept {
        Kept {
            slot: Slot {
                execution: execution.to_owned(),
                layout: Layout::One,
                lane: None,
                taken_at: 0,
                work: Work::Batch,
                ordered: false,
                state_machine_arn: String::new(),
                pending: false,
                generation: None,
            },
            load: Arc::new(Load {
                attempt: 1,
                events: Vec::new(),
            }),
            may_run,
            origin: Origin::Own,
        }
    }

    fn names(again: &Again) -> Vec<&str> {
        match again {
            Again::Now(starts) => starts
                .iter()
                .map(|(kept, _)| kept.slot.execution.as_str())
                .collect(),
            _ => Vec::new(),
        }
    }

    fn not_now(again: &Again) -> Option<NotNow> {
        match again {
            Again::Now(_) => None,
            Again::Not(not_now) => Some(*not_now),
        }
    }

    #[test]
    fn what_is_kept_goes_in_its_order_at_the_pace() {
        let (gate, mut starts) = (gate(5, 3), KeptStarts::new(Millis::MAX));
        for name in ["a", "b", "c"] {
            starts.keep(kept(name, false));
            gate.lock().found_unstarted(None, 1);
        }
        assert_eq!(names(&starts.next(&gate, 0)), ["a", "b"]);
        assert_eq!(
            not_now(&starts.next(&gate, 0)),
            Some(NotNow::NotBefore(1_000))
        );
        assert_eq!(names(&starts.next(&gate, 1_000)), ["c"]);
        assert_eq!(not_now(&starts.next(&gate, 9_000)), Some(NotNow::Nothing));
    }

    #[test]
    fn what_may_run_waits_while_more_slots_are_taken_than_the_limit_allows() {
        let (gate, mut starts) = (gate(2, 3), KeptStarts::new(Millis::MAX));
        starts.keep(kept("may run", true));
        starts.keep(kept("does not run", false));
        gate.lock().found_unstarted(None, 2);
        // Three are taken, and one of them is certain not to run.
        assert_eq!(names(&starts.next(&gate, 0)), ["does not run"]);
        assert_eq!(not_now(&starts.next(&gate, 0)), Some(NotNow::Blocked));
        assert_eq!(starts.take(), [kept("may run", true)]);
    }

    #[test]
    fn what_is_of_a_closed_lane_is_kept_for_a_later_tick() {
        let (gate, mut starts) = (gate(5, 3), KeptStarts::new(Millis::MAX));
        assert!(!starts.any_can_start(&gate));
        let closed = |max| {
            let bound = |lane: &str, max| Bound {
                lane: lane.to_owned(),
                max,
            };
            gate.lock()
                .set_bounds(&[bound("bulk", max), bound("urgent", None)]);
        };
        closed(Some(0));
        let mut of_lane = kept("a", false);
        of_lane.slot.lane = Some("bulk".into());
        starts.keep(of_lane);
        assert!(!starts.any_can_start(&gate));
        closed(Some(1));
        assert!(starts.any_can_start(&gate));
        closed(Some(0));
        starts.keep(kept("b", false));
        assert!(starts.any_can_start(&gate));
    }

    #[test]
    fn what_the_sweep_found_makes_nothing_suspect() {
        let mut starts = KeptStarts::new(Millis::MAX);
        let taken_at = |time, origin| {
            let mut kept = kept("a", false);
            (kept.slot.taken_at, kept.origin) = (time, origin);
            kept
        };
        starts.keep(taken_at(5, Origin::Swept));
        assert_eq!(starts.oldest(), None);
        starts.keep(taken_at(9, Origin::Own));
        starts.keep(taken_at(7, Origin::Open));
        assert_eq!(starts.oldest(), Some(7));
        let mut pending = kept("a", false);
        (pending.slot.taken_at, pending.slot.pending) = (6, true);
        pending.origin = Origin::Open;
        starts.keep(pending);
        assert_eq!(starts.oldest(), Some(7));
    }

    #[test]
    fn without_clear_answers_it_pauses_and_gives_up() {
        let (gate, mut starts) = (gate(5, 1), KeptStarts::new(Millis::MAX));
        starts.keep(kept("a", true));
        assert!(starts.unclear(0));
        assert_eq!(
            not_now(&starts.next(&gate, 0)),
            Some(NotNow::NotBefore(200))
        );
        assert!(!starts.unclear(60_000));
        starts.answered();
        assert_eq!(names(&starts.next(&gate, 60_000)), ["a"]);
    }
}
