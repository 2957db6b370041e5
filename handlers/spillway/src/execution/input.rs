//! An execution's input: only facts that the ledger keeps, so that a repeated start has the same
//! bytes.

use std::str::FromStr;

use serde::Serialize;
use thiserror::Error;

use super::name::{ID_BYTES, id};
use super::s3_notification::{self, Home};
use crate::Millis;
use crate::event::{ObjectEvent, time};

/// The parts of the request that starts an execution.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Load {
    pub attempt: u32,
    pub events: Vec<ObjectEvent>,
}

impl Load {
    /// Returns when the oldest of its events happened, of those that S3 reported. `None`: there is
    /// none, or it is no first attempt.
    pub fn reported_at(&self) -> Option<Millis> {
        let reported = self.events.iter().filter(|it| it.sequencer.is_some());
        let times = reported.filter_map(|event| time::millis(&event.event_time));
        times.min().filter(|_| self.attempt == 1)
    }
}

/// The form of an execution's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InputFormat {
    /// `{"attempt": 1, "objects": [{"id": "…", "bucket": "…", "key": "…", …}]}`, with keys as their
    /// uploaders wrote them.
    #[default]
    Objects,
    /// `{"Records": [...]}`, with the fields of S3's notification that the ledger keeps, for state
    /// machines that know it.
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

/// Returns the execution's input. A repeated start is idempotent only with byte-identical input, so
/// this depends only on facts that the ledger keeps.
pub fn of(pipeline: &str, format: InputFormat, events: &[ObjectEvent], attempt: u32) -> String {
    // Strings, numbers and options only: serializing them cannot fail.
    match format {
        InputFormat::Objects => {
            let objects = events.iter().map(|event| Object::new(pipeline, event));
            let objects = objects.collect();
            serde_json::to_string(&Input { attempt, objects }).unwrap_or_default()
        }
        InputFormat::S3Notification => s3_notification::encode(events, &Home::of(pipeline)),
    }
}

/// Returns the bytes that an event takes in an execution's input. They are the same in every
/// pipeline: all ids have one length.
pub fn bytes(event: &ObjectEvent) -> usize {
    let id = "0".repeat(2 * ID_BYTES);
    serde_json::to_string(&Object { id, event }).map_or(0, |object| object.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::{event, found};

    const PIPELINE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/device-status-ledger";

    #[test]
    fn the_input_is_what_the_documentation_shows() {
        let event = event("a b", "0055AED6DCD90281E5");
        assert_eq!(
            of(
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
            serde_json::from_str(&of(PIPELINE, format, &events, 1)).unwrap()
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
        let input = of(
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
    fn an_events_share_of_the_input_is_what_it_takes() {
        let events = [event("one", "1"), event("two 한국어", "22")];
        let size = |events: &[ObjectEvent]| of(PIPELINE, InputFormat::Objects, events, 1).len();
        let bytes: usize = events.iter().map(bytes).sum();
        // A comma between two, and none after the last.
        assert_eq!(size(&events), size(&[]) + bytes - 1);
    }
}
