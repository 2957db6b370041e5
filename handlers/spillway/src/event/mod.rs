//! The object event: one object-created event for one version of one object.

pub mod digest;
pub mod identity;
pub mod key;
pub mod tenant;
pub mod time;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest [`Sequencer`], in hexadecimal digits. S3 sends 16 or 18; the rest is room to grow.
pub const MAX_SEQUENCER_DIGITS: usize = 32;

/// The longest object key, in bytes of UTF-8.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
pub const MAX_KEY_BYTES: usize = 1024;

/// The longest version id, in bytes. S3's own are 32 characters.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html>
pub const MAX_VERSION_ID_BYTES: usize = 1024;

/// S3's name for the version of an object in a bucket that keeps no versions (any longer).
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html>
const NULL_VERSION: &str = "null";

/// The longest event name, event time and etag, in bytes. S3's have fewer than 70; the bound keeps
/// rows small.
pub const MAX_FIELD_BYTES: usize = 128;

/// S3's per-key order of events, as S3 sent it. Of two of one key, the one with the lower text came
/// first. Two of different keys mean nothing to each other.
///
/// AWS says to pad the shorter one with zeros on the right. That changes nothing but for two that
/// differ in zeros at the end.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sequencer(String);

impl Sequencer {
    /// Takes the digits in any case, and of any length up to [`MAX_SEQUENCER_DIGITS`].
    pub fn parse(raw: &str) -> Result<Self, EventError> {
        let valid = (1..=MAX_SEQUENCER_DIGITS).contains(&raw.len())
            && raw.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !valid {
            return Err(EventError::Sequencer(raw.chars().take(64).collect()));
        }
        Ok(Self(raw.to_owned()))
    }

    /// Returns the sequencer as S3 sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sequencer {
    type Error = EventError;

    fn try_from(raw: String) -> Result<Self, EventError> {
        Self::parse(&raw)
    }
}

impl From<Sequencer> for String {
    fn from(sequencer: Sequencer) -> String {
        sequencer.0
    }
}

/// One object-created event. Its identity is bucket, key and version id; without a version id, the
/// sequencer. It is never a message id, which a redrive changes. It is never the key alone, which
/// would block a second upload.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectEvent {
    pub bucket: String,
    /// As the uploader wrote it: decoded once from S3's URL encoding.
    pub key: String,
    /// `None` in a bucket without versioning.
    pub version_id: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    pub etag: Option<String>,
    /// `None` for one that reconcile found in its bucket: S3 gives it in its events only.
    pub sequencer: Option<Sequencer>,
    /// Such as `ObjectCreated:Put`.
    pub event_name: String,
    /// ISO 8601, as S3 wrote it.
    pub event_time: String,
}

/// The facts that a record of S3's reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// An object was created: the only kind that is processed.
    Created(ObjectEvent),
    /// Another kind of S3's events, by its name. A topic that others listen to brings them too:
    /// nothing is to do.
    Other(String),
}

/// Returns a version id, unless it says that there is none.
pub fn meaningful(version_id: Option<&str>) -> Option<&str> {
    version_id.filter(|id| !id.is_empty() && *id != NULL_VERSION)
}

/// Returns the same as [`ObjectEvent::is_folder_marker`]. An object of unknown size, in bytes, is
/// taken for one with a content.
pub fn is_folder_marker(key: &str, size: Option<u64>) -> bool {
    key.ends_with('/') && size == Some(0)
}

/// The fault of an object event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EventError {
    #[error("the bucket name {0:?} is empty, too long, or has a slash")]
    Bucket(String),
    #[error("the object key is empty")]
    EmptyKey,
    #[error("the object key has {0} bytes, more than S3's limit of {MAX_KEY_BYTES}")]
    LongKey(usize),
    #[error("the version id has {0} bytes, more than S3's limit of {MAX_VERSION_ID_BYTES}")]
    LongVersionId(usize),
    #[error("the sequencer {0:?} is not 1 to {MAX_SEQUENCER_DIGITS} hexadecimal digits")]
    Sequencer(String),
    #[error("{field} has {bytes} bytes, more than the {MAX_FIELD_BYTES} that S3's ever have")]
    LongField { field: &'static str, bytes: usize },
    #[error(
        "the event {0:?} is not an ObjectCreated event: let the notification send s3:ObjectCreated:* only"
    )]
    EventName(String),
    #[error(
        "the object was found without an event, and cannot be identified: it has neither a version id nor an etag and a \
         time without a '#'"
    )]
    Unidentified,
}

impl ObjectEvent {
    /// Returns whether it is the empty object by which S3's console shows a folder.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-folders.html>
    pub fn is_folder_marker(&self) -> bool {
        is_folder_marker(&self.key, self.size)
    }

    /// Returns whether reconcile found it, and S3 has not reported it.
    pub fn is_found(&self) -> bool {
        self.sequencer.is_none()
    }

    /// Checks the limits that types cannot hold: lengths and the kind of event. An empty etag is
    /// none, and so is the version id of an object that has no other version: S3 writes `null`, or
    /// leaves it out.
    pub fn validate(mut self) -> Result<Self, EventError> {
        self.version_id = meaningful(self.version_id.as_deref()).map(str::to_owned);
        self.etag = self.etag.filter(|etag| !etag.is_empty());
        // S3 allows 63 characters, buckets from before 2018 255; a slash would make the ledger's
        // key ambiguous.
        if self.bucket.is_empty() || self.bucket.len() > 255 || self.bucket.contains('/') {
            return Err(EventError::Bucket(self.bucket.chars().take(64).collect()));
        }
        if self.key.is_empty() {
            return Err(EventError::EmptyKey);
        }
        if self.key.len() > MAX_KEY_BYTES {
            return Err(EventError::LongKey(self.key.len()));
        }
        if let Some(version_id) = &self.version_id
            && version_id.len() > MAX_VERSION_ID_BYTES
        {
            return Err(EventError::LongVersionId(version_id.len()));
        }
        Self::check_name(&self.event_name)?;
        let etag = self.etag.as_deref().unwrap_or_default();
        for (field, text) in [
            ("the event name", self.event_name.as_str()),
            ("the event time", self.event_time.as_str()),
            ("the etag", etag),
        ] {
            if text.len() > MAX_FIELD_BYTES {
                let bytes = text.len();
                return Err(EventError::LongField { field, bytes });
            }
        }
        if self.is_found() && !self.is_identified() {
            return Err(EventError::Unidentified);
        }
        Ok(self)
    }

    /// Checks that an event's name is of an object that was created.
    pub fn check_name(event_name: &str) -> Result<(), EventError> {
        if event_name.starts_with("ObjectCreated:") {
            Ok(())
        } else {
            Err(EventError::EventName(event_name.chars().take(64).collect()))
        }
    }

    /// Returns whether the parts of a found event's row key identify it.
    fn is_identified(&self) -> bool {
        let plain = |text: &str| !text.is_empty() && !text.contains('#');
        match meaningful(self.version_id.as_deref()) {
            Some(version_id) => plain(version_id),
            None => {
                self.etag.as_deref().is_some_and(plain) && time::millis(&self.event_time).is_some()
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn event(key: &str, sequencer: &str) -> ObjectEvent {
        ObjectEvent {
            bucket: "uploads".into(),
            key: key.into(),
            version_id: None,
            size: Some(12),
            etag: Some("d41d8cd98f00b204e9800998ecf8427e".into()),
            sequencer: Some(Sequencer::parse(sequencer).unwrap()),
            event_name: "ObjectCreated:Put".into(),
            event_time: "2026-11-22T10:00:00.000Z".into(),
        }
    }

    /// Returns one that reconcile found.
    pub(crate) fn found(key: &str) -> ObjectEvent {
        ObjectEvent {
            sequencer: None,
            event_name: "ObjectCreated:Reconciled".into(),
            ..event(key, "1")
        }
    }

    #[test]
    fn what_was_found_can_be_known_again() {
        assert!(found("k").validate().is_ok());
        let wrong = |change: fn(&mut ObjectEvent)| {
            let mut event = found("k");
            change(&mut event);
            assert_eq!(event.validate(), Err(EventError::Unidentified));
        };
        wrong(|event| event.etag = None);
        wrong(|event| event.event_time = "yesterday".into());
        wrong(|event| event.version_id = Some("a#b".into()));
        let mut versioned = found("k");
        versioned.version_id = Some("v".into());
        versioned.etag = None;
        assert!(versioned.validate().is_ok());
    }

    /// AWS: right-pad the shorter one, then compare.
    #[test]
    fn sequencers_compare_as_texts() {
        for (older, newer) in [
            ("0055AED6DCD90281E5", "0055AED6DCD90281E6"),
            ("0065A00000000000010A", "0066A0000000000001"),
            ("0065A0000000000001", "0065A00000000000010A"),
        ] {
            let [one, other] = [older, newer].map(|raw| Sequencer::parse(raw).unwrap());
            assert!(one < other, "{older} {newer}");
            assert_eq!(one.as_str(), older);
            let width = MAX_SEQUENCER_DIGITS;
            assert!(format!("{older:0<width$}") < format!("{newer:0<width$}"));
        }
    }

    #[test]
    fn a_sequencer_that_is_not_hexadecimal_is_named() {
        for raw in ["", "12g4", "0x12", &"1".repeat(33)] {
            let error = Sequencer::parse(raw).unwrap_err();
            assert_eq!(error, EventError::Sequencer(raw.into()));
        }
    }

    #[test]
    fn an_empty_object_whose_key_ends_with_a_slash_marks_a_folder() {
        for (key, size, marks) in [
            ("status/new folder/", Some(0), true),
            ("status/new folder/", Some(1), false),
            ("status/new folder/", None, false),
            ("status/empty", Some(0), false),
        ] {
            let mut event = event(key, "1");
            event.size = size;
            assert_eq!(event.is_folder_marker(), marks, "{key} {size:?}");
        }
    }

    #[test]
    fn limits_are_checked() {
        let mut long = event("k", "1");
        long.key = "k".repeat(MAX_KEY_BYTES + 1);
        assert_eq!(long.validate(), Err(EventError::LongKey(1025)));

        let mut slashed = event("k", "1");
        slashed.bucket = "a/b".into();
        assert_eq!(slashed.validate(), Err(EventError::Bucket("a/b".into())));

        let mut removed = event("k", "1");
        removed.event_name = "ObjectRemoved:Delete".into();
        assert_eq!(
            removed.validate(),
            Err(EventError::EventName("ObjectRemoved:Delete".into()))
        );

        let mut timed = event("k", "1");
        timed.event_time = "2".repeat(129);
        let field = "the event time";
        assert_eq!(
            timed.validate(),
            Err(EventError::LongField { field, bytes: 129 })
        );

        for none in ["", "null"] {
            let mut empty = event("k", "1");
            (empty.version_id, empty.etag) = (Some(none.into()), Some(String::new()));
            let validated = empty.validate().unwrap();
            assert_eq!((validated.version_id, validated.etag), (None, None));
        }

        assert_eq!(event("", "1").validate(), Err(EventError::EmptyKey));
        assert!(event(&"k".repeat(MAX_KEY_BYTES), "1").validate().is_ok());
    }
}
