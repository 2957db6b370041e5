//! Which object event an event is: the key of its row, and whether an event that S3 reports is of a
//! version that was found.

use crate::Millis;
use crate::event::digest;
use crate::event::time;
use crate::event::{ObjectEvent, meaningful};

/// The first characters of a row's sort key, of an event with a version id.
const VERSION: &str = "v#";
/// The same for a version id that is too long to be a part of it.
const LONG_VERSION: &str = "h#";
/// Of an event without a version id, that S3 reported.
const SEQUENCER: &str = "s#";
/// Of a version without a version id, that reconcile found.
pub const FOUND: &str = "f#";

/// The longest version id that is a part of a sort key, in bytes. A sort key has 1,024, and every
/// byte of it is charged.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const MAX_PLAIN_VERSION_ID_BYTES: usize = 128;
/// Bytes of the digest of a longer one.
const DIGEST_BYTES: usize = 32;

/// An event and the last-modified time of its object are at most this far apart. Both come from S3,
/// to the second or the millisecond.
const APART: Millis = 5_000;
/// Last-modified times of one row key are in the same span of this length: those that [`APART`]
/// allows lie in two.
const SPAN: Millis = 2 * APART;

/// Returns the sort key of an event's row: its identity among those of its object. It is
/// `v#<version id>`; without a version id `s#<sequencer>`, or, of a found version,
/// `f#<span of its last-modified time>#<etag>`.
pub fn sort_key(event: &ObjectEvent) -> String {
    match (version(event), &event.sequencer) {
        (Some(version), _) if version.len() > MAX_PLAIN_VERSION_ID_BYTES => {
            format!("{LONG_VERSION}{}", digest::of([version], DIGEST_BYTES))
        }
        (Some(version), _) => format!("{VERSION}{version}"),
        (None, Some(sequencer)) => format!("{SEQUENCER}{}", sequencer.as_str()),
        (None, None) => {
            let time = time::millis(&event.event_time).unwrap_or_default();
            unversioned(event.etag.as_deref().unwrap_or_default(), time)
        }
    }
}

fn unversioned(etag: &str, last_modified: Millis) -> String {
    if is_of_parts(etag) {
        // Last modified is when the upload began and the event's time is when it ended, perhaps
        // days later.
        format!("{FOUND}parts#{etag}")
    } else {
        format!("{FOUND}{}#{etag}", last_modified.div_euclid(SPAN))
    }
}

/// Returns whether an object was uploaded in parts: only then its etag has a hyphen and the number
/// of parts.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>
fn is_of_parts(etag: &str) -> bool {
    etag.contains('-')
}

fn version(event: &ObjectEvent) -> Option<&str> {
    meaningful(event.version_id.as_deref())
}

/// Returns whether the row of a found version is that of its event, too: only a version id makes it
/// so.
pub fn is_known_by_its_row(event: &ObjectEvent) -> bool {
    version(event).is_some()
}

/// Returns the sort keys of the rows under which reconcile could have found the version of a
/// reported event before. They are at most two, and none if its own row is that one.
pub fn found_sort_keys(event: &ObjectEvent) -> Vec<String> {
    if event.is_found() || is_known_by_its_row(event) {
        return Vec::new();
    }
    let time = time::millis(&event.event_time);
    event
        .etag
        .as_ref()
        .zip(time)
        .map_or_else(Vec::new, |(etag, time)| {
            let mut keys = vec![
                unversioned(etag, time - APART),
                unversioned(etag, time + APART),
            ];
            keys.dedup();
            keys
        })
}

/// Returns whether two events are of the same version of an object. They have the same version id;
/// without one, of the same content at the same time.
pub fn is_same(found: &ObjectEvent, reported: &ObjectEvent) -> bool {
    match (version(found), version(reported)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => time::millis(&found.event_time).is_some_and(|last_modified| {
            looks_same(found.etag.as_deref(), last_modified, reported)
        }),
        _ => false,
    }
}

/// Returns whether an event can be of the object that has this etag and was last modified then.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::{event, found};
    use proptest::prelude::*;

    #[test]
    fn a_version_id_alone_is_the_identity() {
        let mut versioned = found("k");
        versioned.version_id = Some("v1".into());
        assert_eq!(sort_key(&versioned), "v#v1");
        let mut reported = event("k", "1");
        reported.version_id = Some("v1".into());
        assert_eq!(sort_key(&reported), sort_key(&versioned));
        assert!(found_sort_keys(&reported).is_empty());
        assert!(is_same(&versioned, &reported));
        reported.version_id = Some("v2".into());
        assert_ne!(sort_key(&reported), sort_key(&versioned));
        assert!(!is_same(&versioned, &reported));
        reported.version_id = None;
        assert!(!is_same(&versioned, &reported));
    }

    #[test]
    fn without_a_version_id_the_sequencer_is_the_identity() {
        let mut reported = event("k", "0055AED6DCD90281E5");
        assert_eq!(sort_key(&reported), "s#0055AED6DCD90281E5");
        reported.version_id = Some("null".into());
        assert_eq!(sort_key(&reported), "s#0055AED6DCD90281E5");
    }

    #[test]
    fn a_long_version_id_is_hashed() {
        let key = |length: usize| {
            let mut event = event("k", "1");
            event.version_id = Some("v".repeat(length));
            sort_key(&event)
        };
        assert_eq!(key(128), format!("v#{}", "v".repeat(128)));
        let hashed = key(1_024);
        assert!(hashed.starts_with("h#") && hashed.len() == 66, "{hashed}");
        assert_ne!(hashed, key(1_023));
    }

    #[test]
    fn without_versions_time_and_etag_are_the_key() {
        let at = |version: Option<&str>| {
            let mut found = found("k");
            found.version_id = version.map(str::to_owned);
            sort_key(&found)
        };
        // 2026-11-22T10:00:00Z in spans of ten seconds.
        let key = "f#179534160#d41d8cd98f00b204e9800998ecf8427e";
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
        assert_eq!(found_sort_keys(&reported), [sort_key(&found)]);
        // The upload before this one.
        reported.event_time = "2026-11-22T09:59:00.000Z".into();
        assert!(!is_same(&found, &reported));
    }

    proptest! {
        /// Two values that are the same event are found by their keys.
        #[test]
        fn the_same_is_found(
            last_modified in 0i64..2_000_000_000, apart in -7_000i64..7_000, parts in any::<bool>(),
            version in proptest::option::of("[a-zA-Z0-9._~]{1,200}"), other in any::<bool>(),
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
            let keys = found_sort_keys(&reported);
            prop_assert!(keys.len() <= 2);
            if is_same(&found, &reported) {
                prop_assert!(keys.contains(&sort_key(&found)) || sort_key(&reported) == sort_key(&found));
            }
        }
    }
}
