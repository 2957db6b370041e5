//! The sweep: looking after slots whose outcome never came.

use crate::Millis;
use crate::execution::answer::Described;
use crate::execution::outcome::{Outcome, Status};
use crate::record::layouts::RETIRES_AFTER;
use crate::record::slot::Slot;

/// Step Functions forgets an execution 90 days after it closed, or 30 in an account with a shorter
/// history. Then its name could be started again. The sweep reports a slot that old whose execution
/// is not found, and does not touch it. The margin is for clocks.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub const PARK_AFTER: Millis = 25 * 24 * 60 * 60 * 1000;

/// So long after the slot's time the last call from a slot to its claim begins. This includes
/// repeated calls.
pub const CLAIMED_WITHIN: Millis = 25 * 1000;
/// So long after its begin a call can take effect. It is given up after half of that.
const LANDS_WITHIN: Millis = 20 * 1000;
/// A claim that lands must find its slot, and its place in the list of its batch. Else the event is
/// claimed, nothing starts it, and its message is stale.
pub const CLAIM_LANDS_WITHIN: Millis = CLAIMED_WITHIN + LANDS_WITHIN;
/// A slot is put before its claim.
const _: () = assert!(RETIRES_AFTER > CLAIM_LANDS_WITHIN);

/// Returns whether every claim for this slot has landed, the ones that were given up among them.
pub fn claims_have_landed(slot: &Slot, now: Millis) -> bool {
    now - slot.taken_at >= CLAIM_LANDS_WITHIN
}

/// DescribeExecution is eventually consistent, and a start that was given up can land ten seconds
/// later. An execution that is not found this long after its slot was taken does not run. AWS names
/// no bound.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>
pub const FOUND_WITHIN: Millis = 60 * 1000;

/// Returns whether an execution that is not found can run all the same.
pub fn may_run_unfound(slot: &Slot, now: Millis) -> bool {
    now - slot.taken_at < FOUND_WITHIN
}

/// Returns whether a slot's start is to be made, or made again, because it is pending or suspect. A
/// suspect slot was taken since a tick that did not end cleanly.
pub fn is_open(slot: &Slot, suspect_since: Option<Millis>, now: Millis) -> bool {
    let suspect = suspect_since.is_some_and(|since| slot.taken_at >= since);
    (slot.pending || suspect) && now - slot.taken_at < PARK_AFTER
}

/// The ledger's answer about a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Its row is `STARTED` by the slot's execution.
    Claimed,
    /// Its row says how the execution ended, and the object's turn can still be with it.
    Settled,
    /// Nothing is claimed for it.
    Unused,
    /// That is still open.
    Unclear,
}

/// The action for a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Leave,
    /// Send the outcome to the outcomes queue; settle does the rest.
    Report(Outcome),
    /// Claimed and never started: start it. Never reported as an outcome, since settle would free a
    /// slot in use.
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
        // Put once more by a call that landed late. Settle finds nothing to settle, and does the
        // rest: turn and slot.
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

/// The longest time between two looks at a slot, as a power of two: 2^20 ms are 17 minutes.
const LONGEST_PAUSE: u32 = 20;

/// Returns whether a slot is looked at in the lap that began then; `before` is the time at which
/// the lap before it began. The first look comes when the slot is older than `after`. The next ones
/// come about every eighth of its age, because an execution that has run for long mostly runs on.
pub fn is_due(slot: &Slot, after: Millis, before: Millis, began: Millis) -> bool {
    let age = began - slot.taken_at;
    let age_before = before.saturating_sub(slot.taken_at);
    if age < after || age_before < after {
        return age >= after;
    }
    let pause: Millis = 1 << (age / 8).max(1).ilog2().min(LONGEST_PAUSE);
    age.div_euclid(pause) > age_before.div_euclid(pause)
}

/// For how long after the workflow's own timeout an outcome can be under way, and be found if it
/// never comes.
const OVERDUE_AFTER: Millis = 10 * 60 * 1000;

/// Returns whether a slot is older than any execution can be. `timeout` is the workflow's, and
/// `after` the age at which the sweep first looks at a slot. A slot whose start is pending has no
/// such age.
pub fn is_overdue(slot: &Slot, timeout: Millis, after: Millis, now: Millis) -> bool {
    let longest = timeout.saturating_add(after).saturating_add(OVERDUE_AFTER);
    !slot.pending && now - slot.taken_at >= longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::outcome::Status;
    use crate::pace::layout::Layout;
    use crate::record::row::RowKey;
    use crate::record::slot::Work;

    fn slot(execution: &str, taken_at: Millis) -> Slot {
        Slot {
            execution: execution.into(),
            layout: Layout::One,
            lane: None,
            taken_at,
            work: Work::Row(RowKey {
                pk: "uploads/k".into(),
                sk: "1#".into(),
            }),
            ordered: false,
            state_machine_arn: "arn:aws:states:us-east-1:111122223333:stateMachine:m".into(),
            pending: false,
            generation: None,
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

    const MINUTE: Millis = 60 * 1000;

    /// The ages at which a slot is looked at, in minutes, by a sweep that goes round once a minute.
    fn looks(until: Millis) -> Vec<Millis> {
        let looked = |minute: &Millis| {
            let began = minute * MINUTE;
            is_due(&slot("e", 0), 5 * MINUTE, began - MINUTE, began)
        };
        (1..=until).filter(looked).collect()
    }

    #[test]
    fn a_slot_is_looked_at_less_often_the_older_it_is() {
        let looks = looks(6 * 60);
        assert_eq!(looks[..3], [5, 6, 7]);
        let pauses: Vec<Millis> = looks.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let of = |age: Millis| {
            let at = looks.iter().position(|look| *look >= age).unwrap();
            pauses[at]
        };
        assert!((3..=5).contains(&of(40)), "{looks:?}");
        assert_eq!(*pauses.iter().max().unwrap(), 18);
        // Without the longer pauses: 356.
        assert!(looks.len() < 50, "{}", looks.len());
        for (look, pause) in looks.iter().zip(&pauses) {
            assert!(*pause <= look / 8 + 1, "{pause} after {look}");
        }
    }

    #[test]
    fn a_slot_is_looked_at_as_soon_as_it_is_old_enough() {
        assert!(!is_due(&slot("e", 10), 5, 13, 14));
        assert!(is_due(&slot("e", 10), 5, 14, 15));
        assert!(is_due(&slot("e", 10), 5, 0, 1_000));
        assert!(is_due(&slot("e", 10), 5, Millis::MIN, 1_000));
    }

    #[test]
    fn a_slot_older_than_any_execution_is_overdue() {
        let longest = 100 + 7 + OVERDUE_AFTER;
        assert!(!is_overdue(&slot("e", 5), 100, 7, 4 + longest));
        assert!(is_overdue(&slot("e", 5), 100, 7, 5 + longest));
        let pending = Slot {
            pending: true,
            ..slot("e", 5)
        };
        assert!(!is_overdue(&pending, 100, 7, 5 + longest));
    }
}
