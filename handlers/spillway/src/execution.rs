//! An execution's name and input, both determined by the object event and the attempt, so that starting the same
//! attempt twice is one execution.
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>

use std::str::FromStr;

use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::digest;
use crate::event::ObjectEvent;
use crate::identity;
use crate::notification::{self, Home};

/// Step Functions' limit on an execution's name, in characters.
pub const MAX_NAME_CHARS: usize = 80;

/// Bytes of the SHA-256 that identify an object event: 128 bits, written as 32 hexadecimal digits.
const ID_BYTES: usize = 16;

/// The id of an object event within a pipeline: the same in the execution's name and in its input.
///
/// It covers the identity and `pipeline` (the ARN of the ledger), so that two pipelines on one state machine never
/// take each other's executions for their own.
pub fn id(pipeline: &str, event: &ObjectEvent) -> String {
    let identity = identity::sort_key(event);
    digest::of([pipeline, &event.bucket, &event.key, &identity], ID_BYTES)
}

/// The name of the execution for one attempt: `<readable tail of the key>-<id>-<attempt>`, at most
/// [`MAX_NAME_CHARS`] characters of `[0-9A-Za-z_-]`, which CloudWatch Logs can show.
pub fn name(pipeline: &str, event: &ObjectEvent, attempt: u32) -> String {
    let suffix = format!("{}-{attempt}", id(pipeline, event));
    let room = MAX_NAME_CHARS.saturating_sub(suffix.len() + 1);
    let tail = readable_tail(&event.key, room);
    if tail.is_empty() {
        suffix
    } else {
        format!("{tail}-{suffix}")
    }
}

/// The end of the key in characters that a name may have, runs of others as one hyphen.
fn readable_tail(key: &str, max_chars: usize) -> String {
    let mut readable = String::new();
    for character in key.chars() {
        if character.is_ascii_alphanumeric() || character == '_' {
            readable.push(character);
        } else if !readable.ends_with('-') {
            readable.push('-');
        }
    }
    let start = readable.len().saturating_sub(max_chars);
    let tail = readable.get(start..).unwrap_or_default();
    tail.trim_matches('-').to_owned()
}

/// The name of the execution for a batch of first attempts, at most [`MAX_NAME_CHARS`] characters: the same for the
/// same events in the same order.
pub fn batch_name<'a>(pipeline: &str, events: impl IntoIterator<Item = &'a ObjectEvent>) -> String {
    let mut hash = Sha256::new();
    let mut count = 0;
    for event in events {
        hash.update(id(pipeline, event));
        count += 1;
    }
    format!("batch-of-{count}-{}-1", digest::hexadecimal(hash, ID_BYTES))
}

/// What an execution's input looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InputFormat {
    /// `{"attempt": 1, "objects": [{"id": "…", "bucket": "…", "key": "…", …}]}`, with keys as their uploaders wrote them.
    #[default]
    Objects,
    /// `{"Records": [...]}`, with what the ledger keeps of S3's notification, for state machines that know it.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
    S3Notification,
}

/// A text that names no input format.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not objects or s3-notification")]
pub struct InputFormatError(String);

impl FromStr for InputFormat {
    type Err = InputFormatError;

    fn from_str(text: &str) -> Result<Self, InputFormatError> {
        match text {
            "objects" => Ok(Self::Objects),
            "s3-notification" => Ok(Self::S3Notification),
            _ => Err(InputFormatError(text.chars().take(32).collect())),
        }
    }
}

#[derive(Serialize)]
struct Input<'a> {
    attempt: u32,
    objects: Vec<Object<'a>>,
}

#[derive(Serialize)]
struct Object<'a> {
    id: String,
    #[serde(flatten)]
    event: &'a ObjectEvent,
}

impl<'a> Object<'a> {
    fn new(pipeline: &str, event: &'a ObjectEvent) -> Self {
        Self {
            id: id(pipeline, event),
            event,
        }
    }
}

/// The execution's input. A repeated start is idempotent only with byte-identical input, so this depends on nothing
/// but what the ledger keeps.
pub fn input(pipeline: &str, format: InputFormat, events: &[ObjectEvent], attempt: u32) -> String {
    // Strings, numbers and options only: serializing them cannot fail.
    match format {
        InputFormat::Objects => {
            let objects = events.iter().map(|event| Object::new(pipeline, event));
            let objects = objects.collect();
            serde_json::to_string(&Input { attempt, objects }).unwrap_or_default()
        }
        InputFormat::S3Notification => notification::encode(events, &Home::of(pipeline)),
    }
}

/// Bytes that an event takes in the input of its execution, whatever its pipeline: all ids are of one length.
pub fn input_bytes(event: &ObjectEvent) -> usize {
    let id = "0".repeat(2 * ID_BYTES);
    serde_json::to_string(&Object { id, event }).map_or(0, |object| object.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::{event, found};
    use proptest::prelude::*;

    const PIPELINE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/device-status-ledger";

    #[test]
    fn a_name_shows_the_end_of_the_key() {
        let name = name(PIPELINE, &event("status/2026/device 7.json", "1"), 2);
        assert!(name.starts_with("status-2026-device-7-json-"), "{name}");
        assert!(name.ends_with("-2"), "{name}");
    }

    #[test]
    fn a_key_with_nothing_readable_still_has_a_name() {
        let event = event("한국어", "1");
        assert_eq!(
            name(PIPELINE, &event, 1),
            format!("{}-1", id(PIPELINE, &event))
        );
    }

    #[test]
    fn the_id_covers_every_part_of_the_identity() {
        let base = event("key", "1");
        let mut others = [
            event("key", "2"),
            event("kez", "1"),
            base.clone(),
            base.clone(),
        ];
        others[2].bucket = "upload".into();
        others[3].version_id = Some("v".into());
        let mut ids: Vec<_> = others.iter().map(|other| id(PIPELINE, other)).collect();
        ids.push(id("another", &base));
        ids.push(id(PIPELINE, &base));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 6);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let mut one = event("bc", "1");
        one.bucket = "a".into();
        let mut other = event("c", "1");
        other.bucket = "ab".into();
        assert_ne!(id(PIPELINE, &one), id(PIPELINE, &other));
    }

    #[test]
    fn the_name_does_not_depend_on_what_may_differ_between_two_deliveries() {
        let mut again = event("key", "1");
        again.event_time = "2026-11-22T11:00:00.000Z".into();
        assert_eq!(
            name(PIPELINE, &again, 1),
            name(PIPELINE, &event("key", "1"), 1)
        );
    }

    #[test]
    fn the_input_is_what_the_documentation_shows() {
        let event = event("a b", "0055AED6DCD90281E5");
        assert_eq!(
            input(
                PIPELINE,
                InputFormat::Objects,
                std::slice::from_ref(&event),
                1
            ),
            format!(
                r#"{{"attempt":1,"objects":[{{"id":"{}","bucket":"uploads","key":"a b","versionId":null,"size":12,"#,
                id(PIPELINE, &event)
            ) + r#""etag":"d41d8cd98f00b204e9800998ecf8427e","sequencer":"0055AED6DCD90281E5","#
                + r#""eventName":"ObjectCreated:Put","eventTime":"2026-11-22T10:00:00.000Z"}]}"#
        );
    }

    #[test]
    fn what_was_found_has_no_sequencer_in_its_input() {
        let events = [found("a b")];
        let read = |format| -> serde_json::Value {
            serde_json::from_str(&input(PIPELINE, format, &events, 1)).unwrap()
        };
        let object = &read(InputFormat::Objects)["objects"][0];
        assert_eq!(object["sequencer"], serde_json::Value::Null);
        assert!(object.as_object().unwrap().contains_key("sequencer"));
        assert_eq!(object["id"], id(PIPELINE, &events[0]));
        let s3 = &read(InputFormat::S3Notification)["Records"][0]["s3"]["object"];
        assert!(!s3.as_object().unwrap().contains_key("sequencer"));
        assert_ne!(id(PIPELINE, &events[0]), id(PIPELINE, &event("a b", "1")));
    }

    #[test]
    fn the_other_input_format_is_s3s_own() {
        let mut versioned = event("a b+é", "0055AED6DCD90281E5");
        versioned.version_id = Some("v1".into());
        let input = input(
            PIPELINE,
            InputFormat::S3Notification,
            &[versioned.clone()],
            1,
        );
        let expected = serde_json::json!({"Records": [{
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
            "eventTime": "2026-11-22T10:00:00.000Z", "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0",
                "bucket": {"name": "uploads", "arn": "arn:aws:s3:::uploads"},
                "object": {
                    "key": "a+b%2B%C3%A9", "size": 12, "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                    "versionId": "v1", "sequencer": "0055AED6DCD90281E5"
                }
            }
        }]});
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&input).unwrap(),
            expected
        );
        assert_eq!(
            crate::message::parse(&input).unwrap().into_events(),
            [versioned]
        );
    }

    #[test]
    fn a_batchs_name_covers_its_members_and_their_order() {
        let (one, other) = (event("one", "1"), event("other", "1"));
        let name = |events: &[&ObjectEvent]| batch_name(PIPELINE, events.iter().copied());
        assert!(name(&[&one, &other]).starts_with("batch-of-2-"));
        assert_ne!(name(&[&one, &other]), name(&[&other, &one]));
        assert_ne!(name(&[&one, &other]), name(&[&one]));
        let hundred = vec![&one; 100];
        assert!(name(&hundred).len() <= MAX_NAME_CHARS);
    }

    #[test]
    fn an_events_share_of_the_input_is_what_it_takes() {
        let events = [event("one", "1"), event("two 한국어", "22")];
        let size = |events: &[ObjectEvent]| input(PIPELINE, InputFormat::Objects, events, 1).len();
        let bytes: usize = events.iter().map(input_bytes).sum();
        // A comma between two, and none after the last.
        assert_eq!(size(&events), size(&[]) + bytes - 1);
    }

    proptest! {
        #[test]
        fn names_are_what_step_functions_takes(key in "\\PC{1,200}", attempt in 1u32..=999_999) {
            let name = name(PIPELINE, &event(&key, "1"), attempt);
            prop_assert!(name.len() <= MAX_NAME_CHARS);
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        }
    }
}
