//! The sweep: looking after slots whose outcome never came.

use crate::Millis;
use crate::execution::answer::Described;
use crate::execution::outcome::{Outcome, Status};
use crate::record::slot::Slot;

/// Step Functions forgets an execution 90 days after it closed, or 30 where an account has its history cut to that, and then its
/// name could be started again. A slot that old whose execution is not found is not touched by the sweep but reported; the margin
/// is for clocks.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub const PARK_AFTER: Millis = 25 * 24 * 60 * 60 * 1000;

/// A claim is given up after ten seconds, and may still be on the wire then. When it lands it must find its slot, and its
/// place in the list of its batch, or the event is claimed, nothing starts it, and its message is stale.
pub const CLAIM_LANDS_WITHIN: Millis = 30 * 1000;

/// Whether what is not claimed for this slot will not be claimed for it any more.
pub fn claims_have_landed(slot: &Slot, now: Millis) -> bool {
    now - slot.taken_at >= CLAIM_LANDS_WITHIN
}

/// DescribeExecution is eventually consistent, and a start that was given up may land ten seconds later: what is not found
/// this long after its slot was taken does not run. AWS names no bound.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>
pub const FOUND_WITHIN: Millis = 60 * 1000;

/// Whether an execution that is not found may run all the same.
pub fn may_run_unfound(slot: &Slot, now: Millis) -> bool {
    now - slot.taken_at < FOUND_WITHIN
}

/// Whether a slot's start is to be made, or made again: it is pending, or suspect, which is to say that it was taken
/// since a tick that did not end cleanly.
pub fn is_open(slot: &Slot, suspect_since: Option<Millis>, now: Millis) -> bool {
    let suspect = suspect_since.is_some_and(|since| slot.taken_at >= since);
    (slot.pending || suspect) && now - slot.taken_at < PARK_AFTER
}

/// What the ledger says of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Its row is `STARTED` by the slot's execution.
    Claimed,
    /// Its row says how the execution ended, and the object's turn may still be with it.
    Settled,
    /// Nothing is claimed for it.
    Unused,
    /// That is still open.
    Unclear,
}

/// What to do with a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Leave,
    /// Send the outcome to the outcomes queue; settle does the rest.
    Report(Outcome),
    /// Claimed and never started: start it. Never reported as an outcome, since settle would free a slot in use.
    Start,
    /// Taken and never claimed: free it.
    Free,
    /// Too old to start safely: leave it and alarm.
    Park,
}

/// Decides about a slot. While paused only outcomes are reported.
pub fn action(slot: &Slot, described: Described, held: Held, paused: bool, now: Millis) -> Action {
    match (described, held) {
        (Described::Running, _) => Action::Leave,
        (Described::Closed(outcome), _) => Action::Report(outcome),
        (Described::NotFound, Held::Unclear) => Action::Leave,
        // Put once more by a call that landed late. Settle finds nothing to settle, and does the rest: turn and slot.
        (Described::NotFound, Held::Settled) => Action::Report(left(slot)),
        (Described::NotFound, _) if now - slot.taken_at >= PARK_AFTER => Action::Park,
        (Described::NotFound, _) if paused => Action::Leave,
        (Described::NotFound, Held::Claimed) => Action::Start,
        (Described::NotFound, Held::Unused) if !claims_have_landed(slot, now) => Action::Leave,
        (Described::NotFound, Held::Unused) => Action::Free,
    }
}

/// The outcome of an execution whose row was settled before.
fn left(slot: &Slot) -> Outcome {
    let cause = "its row was settled, and its slot was left";
    Outcome::new(
        &slot.execution,
        Status::Aborted,
        Some("SlotLeft"),
        Some(cause),
    )
}

/// The slots to look at in this tick: those older than `after`, at most `most`, going on after `cursor` and around.
pub fn due<'a>(
    slots: &'a [Slot],
    cursor: Option<&str>,
    after: Millis,
    most: usize,
    now: Millis,
) -> Vec<&'a Slot> {
    let mut old: Vec<&Slot> = slots
        .iter()
        .filter(|slot| now - slot.taken_at >= after)
        .collect();
    old.sort_by(|one, other| one.execution.cmp(&other.execution));
    let next = match cursor {
        Some(cursor) => old.partition_point(|slot| slot.execution.as_str() <= cursor),
        None => 0,
    };
    old.rotate_left(next);
    old.truncate(most);
    old
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::outcome::Status;
    use crate::record::row::RowKey;
    use crate::record::slot::Work;
    use proptest::prelude::*;

    fn slot(execution: &str, taken_at: Millis) -> Slot {
        Slot {
            execution: execution.into(),
            taken_at,
            work: Work::Row(RowKey {
                pk: "uploads/k".into(),
                sk: "1#".into(),
            }),
            ordered: false,
            state_machine_arn: "arn:aws:states:us-east-1:111122223333:stateMachine:m".into(),
            pending: false,
        }
    }

    /// With a margin for clocks that differ.
    #[test]
    fn an_execution_is_known_longer_than_its_slot_is_started_again() {
        const SHORTEST_HISTORY_DAYS: Millis = 30;
        const DAY: Millis = 24 * 60 * 60 * 1_000;
        const { assert!(PARK_AFTER <= (SHORTEST_HISTORY_DAYS - 5) * DAY) };
    }

    #[test]
    fn an_outcome_that_never_came_is_reported_even_while_paused() {
        let outcome = Outcome::new("e", Status::Failed, None, None);
        for paused in [false, true] {
            let closed = Described::Closed(outcome.clone());
            let action = action(&slot("e", 0), closed, Held::Claimed, paused, 1);
            assert_eq!(action, Action::Report(outcome.clone()));
        }
    }

    #[test]
    fn what_was_claimed_is_started_and_what_was_not_is_freed() {
        let now = CLAIM_LANDS_WITHIN;
        let nothing = |held, paused| action(&slot("e", 0), Described::NotFound, held, paused, now);
        assert_eq!(nothing(Held::Claimed, false), Action::Start);
        assert_eq!(nothing(Held::Unused, false), Action::Free);
        assert_eq!(nothing(Held::Claimed, true), Action::Leave);
        assert_eq!(nothing(Held::Unused, true), Action::Leave);
    }

    /// A slot that came back after its row was settled: nothing else would ever free it.
    #[test]
    fn what_was_settled_is_reported_whatever_its_age() {
        for (age, paused) in [(CLAIM_LANDS_WITHIN, false), (PARK_AFTER, true)] {
            let action = action(
                &slot("e", 0),
                Described::NotFound,
                Held::Settled,
                paused,
                age,
            );
            assert!(
                matches!(&action, Action::Report(outcome) if outcome.execution == "e"),
                "{action:?}"
            );
        }
    }

    #[test]
    fn what_is_not_found_may_run_for_a_minute() {
        assert!(may_run_unfound(&slot("e", 5), 4 + FOUND_WITHIN));
        assert!(!may_run_unfound(&slot("e", 5), 5 + FOUND_WITHIN));
    }

    #[test]
    fn a_slot_whose_claim_may_be_on_the_wire_is_left() {
        let soon = CLAIM_LANDS_WITHIN - 1;
        let action = action(
            &slot("e", 0),
            Described::NotFound,
            Held::Unused,
            false,
            soon,
        );
        assert_eq!(action, Action::Leave);
        assert!(!claims_have_landed(&slot("e", 0), soon));
    }

    #[test]
    fn pending_and_suspect_slots_are_open_until_they_are_too_old() {
        let pending = Slot {
            pending: true,
            ..slot("e", 5)
        };
        assert!(is_open(&pending, None, 10));
        assert!(is_open(&slot("e", 5), Some(5), 10));
        assert!(!is_open(&slot("e", 5), Some(6), 10));
        assert!(!is_open(&slot("e", 5), None, 10));
        assert!(!is_open(&pending, Some(0), 5 + PARK_AFTER));
    }

    #[test]
    fn a_running_execution_is_left() {
        let action = action(
            &slot("e", 0),
            Described::Running,
            Held::Claimed,
            false,
            2 * PARK_AFTER,
        );
        assert_eq!(action, Action::Leave);
    }

    #[test]
    fn what_step_functions_may_have_forgotten_is_never_started() {
        let action = action(
            &slot("e", 0),
            Described::NotFound,
            Held::Claimed,
            false,
            PARK_AFTER,
        );
        assert_eq!(action, Action::Park);
    }

    #[test]
    fn a_bounded_number_of_old_slots_is_due_and_the_next_tick_goes_on() {
        let slots = [slot("d", 0), slot("a", 0), slot("c", 90), slot("b", 0)];
        let names = |cursor| {
            let due = due(&slots, cursor, 50, 2, 100);
            due.into_iter()
                .map(|slot| slot.execution.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(None), ["a", "b"]);
        assert_eq!(names(Some("b")), ["d", "a"]);
        assert_eq!(names(Some("z")), ["a", "b"]);
    }

    proptest! {
        /// Following the cursor looks at every old slot within a round.
        #[test]
        fn no_slot_is_left_out(names in proptest::collection::btree_set("[a-f]{1,3}", 1..30), most in 1usize..7) {
            let slots: Vec<_> = names.iter().map(|name| slot(name, 0)).collect();
            let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), None);
            for _ in 0..names.len().div_ceil(most) {
                let due = due(&slots, cursor.as_deref(), 1, most, 10);
                seen.extend(due.iter().map(|slot| slot.execution.clone()));
                cursor = due.last().map(|slot| slot.execution.clone());
            }
            prop_assert_eq!(seen, names);
        }
    }
}
