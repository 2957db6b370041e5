//! The attempt rule: the act on a message, given its row. One rule for originals, duplicates,
//! retries, redrives and replays.

use std::fmt;

use crate::event::ObjectEvent;
use crate::message::ATTEMPT;
use crate::record::row::{Row, State};

/// The act on a message that asks for an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Claim the attempt, on condition that the row is still as it was read.
    Claim,
    /// The row's own attempt has not been settled: claim only if its execution has closed, else
    /// hide the message.
    ClaimIfClosed,
    /// The ledger owns this attempt already, or a later one: delete the message.
    Stale,
}

/// Compares the attempt a message asks for with the row's.
pub fn verdict(asked: u32, row: Option<&Row>) -> Verdict {
    let Some(row) = row else {
        return Verdict::Claim;
    };
    if asked <= row.attempt {
        Verdict::Stale
    } else if row.state == State::Started {
        Verdict::ClaimIfClosed
    } else {
        Verdict::Claim
    }
}

/// The oddity of a stale message. It is deleted nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Oddity {
    /// It is of an object with another etag: two uploads have one identity. S3's own never do.
    Lookalike,
    /// The row is dead, and the message asks for an attempt that was made: somebody could have sent
    /// a dead letter's body without its attempt.
    DeadAlready,
}

impl fmt::Display for Oddity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookalike => formatter.write_str(
                "an upload is not processed: another one had the same sequencer and another etag. Upload the object \
                 again, and find the sender of sequencers that are not S3's",
            ),
            Self::DeadAlready => write!(
                formatter,
                "a message is dropped: it asks for the first attempt of an event that is dead. To try again, redrive the \
                 dead letter: its attribute {ATTEMPT} names the next attempt"
            ),
        }
    }
}

/// Looks at a stale message and its row.
pub fn oddity(event: &ObjectEvent, asked: u32, row: &Row) -> Option<Oddity> {
    let etags = event.etag.as_ref().zip(row.event.etag.as_ref());
    if etags.is_some_and(|(own, other)| own != other) {
        Some(Oddity::Lookalike)
    } else if asked == 1 && row.state == State::Dead {
        Some(Oddity::DeadAlready)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::event;
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
    fn what_is_odd_about_a_stale_message_is_told() {
        let same = event("k", "1");
        let mut another = event("k", "1");
        another.etag = Some("bbbb".into());
        let mut unknown = event("k", "1");
        unknown.etag = None;
        let (done, dead) = (row(State::Succeeded, 1), row(State::Dead, 3));
        for (event, asked, row, odd) in [
            (&same, 1, &done, None),
            (&unknown, 1, &done, None),
            (&another, 1, &done, Some(Oddity::Lookalike)),
            (&another, 3, &dead, Some(Oddity::Lookalike)),
            (&same, 1, &dead, Some(Oddity::DeadAlready)),
            (&same, 3, &dead, None),
        ] {
            assert_eq!(oddity(event, asked, row), odd, "{event:?} {asked} {row:?}");
        }
    }

    #[test]
    fn an_event_never_seen_is_claimed() {
        assert_eq!(verdict(1, None), Verdict::Claim);
        assert_eq!(verdict(1, Some(&row(State::Queued, 0))), Verdict::Claim);
    }

    #[test]
    fn a_duplicate_is_stale_whatever_became_of_the_original() {
        for state in State::ALL {
            assert_eq!(
                verdict(1, Some(&row(state, 1))),
                Verdict::Stale,
                "{state:?}"
            );
            assert_eq!(
                verdict(1, Some(&row(state, 2))),
                Verdict::Stale,
                "{state:?}"
            );
        }
    }

    #[test]
    fn a_retry_and_a_redrive_are_claimed() {
        assert_eq!(verdict(2, Some(&row(State::Retry, 1))), Verdict::Claim);
        assert_eq!(verdict(4, Some(&row(State::Dead, 3))), Verdict::Claim);
        assert_eq!(verdict(2, Some(&row(State::Succeeded, 1))), Verdict::Claim);
    }

    #[test]
    fn the_next_attempt_waits_for_the_execution_to_close() {
        assert_eq!(
            verdict(2, Some(&row(State::Started, 1))),
            Verdict::ClaimIfClosed
        );
    }

    proptest! {
        #[test]
        fn no_attempt_is_claimed_twice(asked in 1u32..10, attempt in 0u32..10, state in 0usize..7) {
            let row = row(State::ALL[state], attempt);
            prop_assert_eq!(verdict(asked, Some(&row)) == Verdict::Stale, asked <= attempt);
        }
    }
}
