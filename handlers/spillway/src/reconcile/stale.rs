//! Rows that nothing moves any more: their message was lost, or never sent.

use crate::Millis;
use crate::record::head::Head;
use crate::record::row::{Row, State};

/// Returns the attempt to requeue for a row that was last written at `moved_at`. `None`: something
/// can still move it, or nothing is owed.
///
/// It asks for the attempt after the row's, which is always safe: the first message claims it, and
/// the others are stale.
pub fn attempt(row: &Row, moved_at: Option<Millis>, now: Millis, after: Millis) -> Option<u32> {
    let owed = matches!(row.state, State::Queued | State::Retry | State::Waiting);
    // Without any time the row is of a release that wrote none, and so old enough.
    let stale = moved_at.is_none_or(|moved_at| now - moved_at >= after);
    (owed && stale).then(|| row.attempt + 1)
}

/// Returns the execution behind which a row waits, by its object's head: while that holds its slot,
/// its end asks for the waiter.
pub fn waits_behind<'a>(row: &Row, head: &'a Head) -> Option<&'a str> {
    let waits = row.state == State::Waiting && head.waits;
    head.running.as_deref().filter(|_| waits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::event;
    use crate::rules::attempt::{Verdict, verdict};
    use proptest::prelude::*;

    fn row(state: State, attempt: u32) -> Row {
        Row {
            event: event("k", "1"),
            state,
            attempt,
            execution: Some("e".into()),
            lane: None,
            uncounted: 0,
        }
    }

    #[test]
    fn what_is_owed_and_did_not_move_is_sent_for_again() {
        for (state, again) in [
            (State::Queued, Some(1)),
            (State::Retry, Some(3)),
            (State::Waiting, Some(3)),
            (State::Started, None),
            (State::Succeeded, None),
            (State::Dead, None),
            (State::Superseded, None),
        ] {
            let row = row(state, again.map_or(2, |attempt| attempt - 1));
            assert_eq!(attempt(&row, Some(1_000), 2_000, 1_000), again, "{state:?}");
            assert_eq!(attempt(&row, Some(1_001), 2_000, 1_000), None, "{state:?}");
            assert_eq!(attempt(&row, None, 2_000, 1_000), again, "{state:?}");
        }
    }

    #[test]
    fn who_waits_waits_behind_what_runs() {
        let row = row(State::Waiting, 0);
        let head = |running: Option<&str>, waits| Head {
            revision: 1,
            newest: None,
            running: running.map(str::to_owned),
            waits,
        };
        assert_eq!(waits_behind(&row, &head(Some("e"), true)), Some("e"));
        assert_eq!(waits_behind(&row, &head(None, true)), None);
        assert_eq!(waits_behind(&row, &head(Some("e"), false)), None);
        let queued = Row {
            state: State::Queued,
            ..row
        };
        assert_eq!(waits_behind(&queued, &head(Some("e"), true)), None);
    }

    proptest! {
        /// The first message of those that ask again is claimed, and all others are stale.
        #[test]
        fn asking_again_is_safe(state in 0usize..7, k in 0u32..9) {
            let row = row(State::ALL[state], k);
            if let Some(asked) = attempt(&row, None, 0, 0) {
                prop_assert_eq!(verdict(asked, Some(&row)), Verdict::Claim);
                let claimed = Row { attempt: asked, state: State::Started, ..row };
                prop_assert_eq!(verdict(asked, Some(&claimed)), Verdict::Stale);
            }
        }
    }
}
