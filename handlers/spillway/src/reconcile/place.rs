//! The place of a found version among those of its object that S3 reported.

use crate::Millis;
use crate::event::identity;
use crate::event::time;
use crate::event::{ObjectEvent, Sequencer};
use crate::record::head::Head;
use crate::record::row::{Row, RowKey};
use crate::record::version;

/// A reported version that is not the event of a found one is newer only if it came at least so
/// much later. The times of both are S3's. The found one was its object's current version at the
/// look.
const LATER: Millis = 5_000;

/// Returns the place of an event's version, as the object's head has it.
///
/// A reported one stands at its sequencer. A found one stands after the newest sequencer that is
/// older by time: of `rows`, the object's, or of the head, when the row is forgotten.
pub fn of(event: &ObjectEvent, rows: &[Row], head: &Head) -> String {
    let sk = RowKey::of(event).sk;
    if let Some(sequencer) = &event.sequencer {
        return version::reported(sequencer.as_str(), &sk);
    }
    let time = time::millis(&event.event_time).unwrap_or_default();
    let older = rows
        .iter()
        .filter(|row| !is_later(&row.event, time))
        .filter_map(|row| row.event.sequencer.as_ref().map(Sequencer::as_str));
    let forgotten = head
        .newest
        .as_deref()
        .filter(|newest| {
            !rows
                .iter()
                .any(|row| RowKey::of(&row.event).sk == version::row_of(newest))
        })
        .map(version::sequencer_of);
    let after = older.chain(forgotten).max();
    version::found(after, time, &sk)
}

/// Returns whether an event came later than a found version of its object that was last modified
/// then.
fn is_later(event: &ObjectEvent, found: Millis) -> bool {
    // An event of which no time is known came when S3's order says.
    time::millis(&event.event_time).is_none_or(|time| time > found + LATER)
}

/// Returns the head as a reported event knows it. A found newest version stands after the event if
/// it is newer by time.
pub fn informed(head: Head, event: &ObjectEvent) -> Head {
    let informed = |version: String| informed_version(&version, event);
    Head {
        newest: head.newest.map(informed),
        ..head
    }
}

/// Returns a version's place as a reported event knows it: a found version that is newer than the
/// event by time stands after it.
pub fn informed_version(version: &str, event: &ObjectEvent) -> String {
    match (&event.sequencer, version::found_at(version)) {
        (Some(sequencer), Some(found)) if !is_later(event, found) => {
            version::moved_after(version, sequencer.as_str())
        }
        _ => version.to_owned(),
    }
}

/// Returns whether any of an object's rows is of the version that was found, and S3 reported it.
pub fn is_reported(found: &ObjectEvent, rows: &[Row]) -> bool {
    rows.iter()
        .any(|row| !row.event.is_found() && identity::is_same(found, &row.event))
}
