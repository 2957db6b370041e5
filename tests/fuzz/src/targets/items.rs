//! The items that Step Functions reads of a bucket's list or of its inventory.

use serde_json::Value;
use spillway::event::ObjectEvent;
use spillway::event::identity;
use spillway::event::time;
use spillway::reconcile::listing::{self, Listed, Listing};
use spillway::reconcile::scope::{Scope, days};
use spillway::record::row::RowKey;

use crate::readings::url_decoded;
use crate::target::{Seen, Target, assert_reason};

pub(crate) const TARGET: Target = Target {
    name: "items",
    corpus: "items",
    read,
    check,
};

/// The bucket that is reconciled; the corpus is of it.
pub(super) const BUCKET: &str = "uploads";

fn read(input: &[u8]) {
    if let Ok(item) = serde_json::from_slice::<Value>(input) {
        let _ = listing::read(BUCKET, &item);
    }
}

fn check(input: &[u8]) -> Seen {
    // Step Functions hands over nothing that is not JSON.
    match serde_json::from_slice::<Value>(input) {
        Ok(item) => item_of(&item),
        Err(_) => Seen::Refused("not JSON".into()),
    }
}

pub(super) fn item_of(item: &Value) -> Seen {
    let read = listing::read(BUCKET, item);
    match &read {
        Ok(Listing::Object(listed)) => {
            assert!(says(item, listed), "{item}\nread as {listed:?}");
            object(listed);
            Seen::Understood("an object".into())
        }
        Ok(Listing::NotCurrent) => {
            let says = |field: &str, what: &str| {
                let text = item[field].as_str().unwrap_or_default();
                text.to_ascii_lowercase() == what
            };
            assert!(says("IsLatest", "false") || says("IsDeleteMarker", "true"));
            Seen::Understood("not current".into())
        }
        Err(error) => {
            assert_reason(&error.to_string(), "an item");
            Seen::of(&read)
        }
    }
}

/// Returns whether the item says so, by a second reading.
fn says(item: &Value, listed: &Listed) -> bool {
    let text = |field: &str| item[field].as_str();
    let etag = text("ETag").or(text("Etag")).unwrap_or_default();
    let etag_fits = etag.trim_matches('"') == listed.etag.as_deref().unwrap_or_default();
    let version = text("VersionId").filter(|id| !id.is_empty() && *id != "null");
    etag_fits
        && match item.get("Bucket") {
            Some(bucket) => {
                bucket == BUCKET
                    && text("Key").and_then(url_decoded).as_ref() == Some(&listed.key)
                    && version == listed.version_id.as_deref()
            }
            // A list writes keys as they are.
            None => text("Key") == Some(&listed.key) && listed.version_id.is_none(),
        }
}

/// Does reconcile's next steps with an object.
fn object(listed: &Listed) {
    assert!(!listed.etag.as_deref().is_some_and(str::is_empty));
    // As jiff has it: years from -9999 to 9999.
    assert!(listed.last_modified.abs() < 400_000_000_000_000);
    for now in [0, listed.last_modified, 1_795_341_600_000] {
        let scope = Scope {
            now,
            min_age: days(1),
            retention: days(90),
            from: Some(listed.last_modified),
            to: None,
        };
        let _ = scope.leaves(listed.last_modified);
    }
    let event = ObjectEvent {
        bucket: BUCKET.into(),
        key: listed.key.clone(),
        version_id: listed.version_id.clone(),
        size: None,
        etag: listed.etag.clone(),
        sequencer: None,
        event_name: "ObjectCreated:Reconciled".into(),
        event_time: time::iso(listed.last_modified),
    };
    let looks = |event: &ObjectEvent| {
        identity::looks_same(listed.etag.as_deref(), listed.last_modified, event)
    };
    if let Ok(event) = event.validate() {
        let by_version = identity::is_known_by_its_row(&event);
        assert_ne!(
            RowKey::of(&event).sk.starts_with(identity::FOUND),
            by_version
        );
        assert!(identity::is_same(&event, &event), "{event:?}");
        assert!(looks(&event) || listed.etag.is_none(), "{event:?}");
    }
}
