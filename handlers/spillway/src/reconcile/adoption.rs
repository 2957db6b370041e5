//! Whether an event that S3 reports uses the row of a found version.

use crate::event::ObjectEvent;
use crate::event::identity::{found_sort_keys, is_same};
use crate::record::row::{Row, RowKey};

/// Returns the keys at which the row of a reported event can be, had its version been found before:
/// at most two.
pub fn found_keys(event: &ObjectEvent) -> Vec<RowKey> {
    let pk = RowKey::of(event).pk;
    let at = |sk| RowKey { pk: pk.clone(), sk };
    found_sort_keys(event).into_iter().map(at).collect()
}

/// Returns the found version's row that a reported event uses, if it does not use its own.
///
/// Of two rows of one version the processed one counts; if neither was processed, the event's own.
pub fn adopts<'a>(
    event: &ObjectEvent,
    own: Option<&Row>,
    found: impl IntoIterator<Item = &'a Row>,
) -> Option<&'a Row> {
    let found = found
        .into_iter()
        .find(|found| is_same(&found.event, event))?;
    let instead = match own {
        None => true,
        Some(own) => own.is_untouched() && !found.is_untouched(),
    };
    instead.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::{event, found};
    use crate::record::row::State;

    fn row(event: ObjectEvent, state: State, attempt: u32) -> Row {
        Row {
            event,
            state,
            attempt,
            execution: None,
            lane: None,
            uncounted: 0,
        }
    }

    #[test]
    fn of_two_rows_the_one_that_was_worked_on_counts() {
        let reported = event("k", "1");
        let queued = |event: &ObjectEvent| row(event.clone(), State::Queued, 0);
        let done = |event: &ObjectEvent| row(event.clone(), State::Succeeded, 1);
        let found = found("k");
        for (own, other, adopted) in [
            (None, None, false),
            (None, Some(queued(&found)), true),
            (None, Some(done(&found)), true),
            (Some(queued(&reported)), Some(queued(&found)), false),
            (Some(queued(&reported)), Some(done(&found)), true),
            (Some(done(&reported)), Some(queued(&found)), false),
            (Some(done(&reported)), Some(done(&found)), false),
        ] {
            let adopts = adopts(&reported, own.as_ref(), other.as_ref());
            assert_eq!(adopts.is_some(), adopted, "{own:?} and {other:?}");
        }
        assert!(found_keys(&reported).contains(&RowKey::of(&found)));
        let mut elsewhere = found;
        elsewhere.etag = Some("another".into());
        assert_eq!(adopts(&reported, None, &[queued(&elsewhere)]), None);
    }
}
