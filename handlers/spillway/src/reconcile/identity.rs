//! Which object event a found version is: the key of its row, and whether an event that S3 reports is the same.

use crate::Millis;
use crate::event::ObjectEvent;
use crate::reconcile::time;
use crate::row::{Row, RowKey};

/// What the sort key of a found version's row begins with.
pub const FOUND: &str = "reconciled#";

/// S3's name for the version of an object in a bucket that keeps no versions (any longer).
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html>
const NULL_VERSION: &str = "null";

/// An event and the last-modified time of its object are at most this far apart. Both come from S3, to the second or
/// the millisecond.
const APART: Millis = 5_000;
/// Last-modified times of one row key are in the same span of this length: those that [`APART`] allows lie in two.
const SPAN: Millis = 2 * APART;

/// The sort key of a found version's row: `reconciled#<version id>`, or, in a bucket without versions,
/// `reconciled#<span of its last-modified time>#<etag>`.
pub fn sort_key(event: &ObjectEvent) -> String {
    match version(event) {
        Some(version) => format!("{FOUND}{version}"),
        None => {
            let time = time::millis(&event.event_time).unwrap_or_default();
            unversioned(event.etag.as_deref().unwrap_or_default(), time)
        }
    }
}

fn unversioned(etag: &str, last_modified: Millis) -> String {
    if is_of_parts(etag) {
        // Last modified is when the upload began and the event's time is when it ended, perhaps days later.
        format!("{FOUND}parts#{etag}")
    } else {
        format!("{FOUND}{}#{etag}", last_modified.div_euclid(SPAN))
    }
}

/// Whether an object was uploaded in parts: only then its etag has a hyphen and the number of parts.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>
fn is_of_parts(etag: &str) -> bool {
    etag.contains('-')
}

fn version(event: &ObjectEvent) -> Option<&str> {
    meaningful(event.version_id.as_deref())
}

/// A version id, unless it says that there is none.
pub fn meaningful(version_id: Option<&str>) -> Option<&str> {
    version_id.filter(|id| !id.is_empty() && *id != NULL_VERSION)
}

/// Where the row of an event that S3 reports may be, had its version been found before: at most two keys.
pub fn found_keys(event: &ObjectEvent) -> Vec<RowKey> {
    if event.is_found() {
        return Vec::new();
    }
    let sort_keys = match (version(event), &event.etag, time::millis(&event.event_time)) {
        (Some(version), _, _) => vec![format!("{FOUND}{version}")],
        (None, Some(etag), Some(time)) => {
            let mut keys = vec![
                unversioned(etag, time - APART),
                unversioned(etag, time + APART),
            ];
            keys.dedup();
            keys
        }
        (None, _, _) => Vec::new(),
    };
    let pk = RowKey::of(event).pk;
    let at = |sk| RowKey { pk: pk.clone(), sk };
    sort_keys.into_iter().map(at).collect()
}

/// Whether two events are of the same version of an object: of the same version id; without one, of the same content at
/// the same time.
pub fn is_same(found: &ObjectEvent, reported: &ObjectEvent) -> bool {
    match (version(found), version(reported)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => time::millis(&found.event_time).is_some_and(|last_modified| {
            looks_same(found.etag.as_deref(), last_modified, reported)
        }),
        _ => false,
    }
}

/// Whether an event may be of the object that has this etag and was last modified then.
pub fn looks_same(etag: Option<&str>, last_modified: Millis, event: &ObjectEvent) -> bool {
    let Some(etag) = etag.filter(|etag| event.etag.as_deref() == Some(etag)) else {
        return false;
    };
    let Some(time) = time::millis(&event.event_time) else {
        return false;
    };
    let after = time - last_modified;
    after >= -APART && (after <= APART || is_of_parts(etag))
}

/// The found version's row that an event which S3 reports goes by, if it does not go by its own.
///
/// Of two rows of one version the one counts that was worked on; of two that were not, the event's own.
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
    use crate::row::State;
    use proptest::prelude::*;

    fn row(event: ObjectEvent, state: State, attempt: u32) -> Row {
        Row {
            event,
            state,
            attempt,
            execution: None,
            lane: None,
        }
    }

    #[test]
    fn a_version_id_is_the_key() {
        let mut versioned = found("k");
        versioned.version_id = Some("v1".into());
        assert_eq!(RowKey::of(&versioned).sk, "reconciled#v1");
        let mut reported = event("k", "1");
        reported.version_id = Some("v1".into());
        assert_eq!(found_keys(&reported), [RowKey::of(&versioned)]);
        assert!(is_same(&versioned, &reported));
        reported.version_id = Some("v2".into());
        assert!(!is_same(&versioned, &reported));
        reported.version_id = None;
        assert!(!is_same(&versioned, &reported));
    }

    #[test]
    fn without_versions_time_and_etag_are_the_key() {
        let at = |version: Option<&str>| {
            let mut found = found("k");
            found.version_id = version.map(str::to_owned);
            RowKey::of(&found).sk
        };
        // 2026-11-22T10:00:00Z in spans of ten seconds.
        let key = "reconciled#179534160#d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(at(None), key);
        assert_eq!(at(Some("null")), key);
    }

    #[test]
    fn an_upload_in_parts_may_have_ended_long_after_it_began() {
        let mut found = found("k");
        found.etag = Some("d41d8cd98f00b204e9800998ecf8427e-3".into());
        let mut reported = event("k", "1");
        reported.etag = found.etag.clone();
        reported.event_time = "2026-11-24T12:00:00.000Z".into();
        assert!(is_same(&found, &reported));
        assert_eq!(found_keys(&reported), [RowKey::of(&found)]);
        // The upload before this one.
        reported.event_time = "2026-11-22T09:59:00.000Z".into();
        assert!(!is_same(&found, &reported));
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
        let mut elsewhere = found;
        elsewhere.etag = Some("another".into());
        assert_eq!(adopts(&reported, None, &[queued(&elsewhere)]), None);
    }

    proptest! {
        /// Whatever is the same is found by its keys.
        #[test]
        fn the_same_is_found(
            last_modified in 0i64..2_000_000_000, apart in -7_000i64..7_000, parts in any::<bool>(),
            version in proptest::option::of("[a-zA-Z0-9._~]{1,32}"), other in any::<bool>(),
        ) {
            let etag = if parts { "a-2" } else { "a" };
            let mut found = found("k");
            found.event_time = time::iso(last_modified * 1_000);
            found.etag = Some(etag.into());
            found.version_id = version.clone();
            let mut reported = event("k", "1");
            reported.event_time = time::iso(last_modified * 1_000 + apart);
            reported.etag = Some(etag.into());
            reported.version_id = if other { None } else { version };
            let keys = found_keys(&reported);
            prop_assert!(keys.len() <= 2);
            if is_same(&found, &reported) {
                prop_assert!(keys.contains(&RowKey::of(&found)));
            }
        }
    }
}
