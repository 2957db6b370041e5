//! Messages of the events queue: what a body means, and how Spillway writes its own.

pub mod admission;
pub mod eventbridge;
pub mod fifo;
pub mod notification;
pub mod outgoing;
pub mod sns;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::event::{EventError, ObjectEvent, Reported};
use crate::message::eventbridge::EventBridgeError;
use crate::message::notification::NotificationError;
use crate::message::sns::SnsError;
use crate::text::{cut, json_body, only_objects};
use crate::{SCHEMA_VERSION, readable};

/// The message attribute that names the attempt a message asks for. S3's own messages have none: attempt 1.
pub const ATTEMPT: &str = "attempt";
/// The message attribute that says why a message is in the dead-letter queue.
pub const REASON: &str = "reason";
/// The message attribute that names the lane a message came by. It only informs.
pub const LANE: &str = "lane";
/// The message attribute that names the execution after which an object event was dead-lettered.
pub const EXECUTION: &str = "execution";

/// The largest attempt a message may ask for; a bound for the length of execution names.
pub const MAX_ATTEMPT: u32 = 999_999;

/// A message as it was received.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Received {
    /// SQS's own: the same however often the message is received.
    pub id: String,
    pub body: String,
    /// What deletes it or hides it.
    pub receipt: String,
    /// The attribute [`ATTEMPT`].
    pub attempt: Option<String>,
}

/// What the body of a message holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Spillway's own message: one object event.
    Own(ObjectEvent),
    /// What S3 reports, record by record, at least one: one that is not understood says nothing about the others.
    Reported(Vec<Result<Reported, Refused>>),
    /// S3 sends `s3:TestEvent` when a notification is configured; there is nothing to do for it.
    TestEvent,
}

/// A record that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub error: MessageError,
    /// As it was sent, but for the last digits of a fraction.
    record: Value,
}

impl Refused {
    /// A message's body with this record alone.
    pub fn body(&self) -> String {
        json_body(notification::of_record(&self.record))
    }
}

impl Body {
    /// The object events that were understood.
    pub fn into_events(self) -> Vec<ObjectEvent> {
        match self {
            Self::Own(event) => vec![event],
            Self::Reported(records) => {
                let created = |record| match record {
                    Ok(Reported::Created(event)) => Some(event),
                    _ => None,
                };
                records.into_iter().filter_map(created).collect()
            }
            Self::TestEvent => Vec::new(),
        }
    }
}

/// Why a message was not understood. The text is what it carries into the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    #[error("the body is not JSON: {0}")]
    Json(String),
    #[error(
        "the body is neither an S3 notification, nor an EventBridge event, nor one of Spillway's messages, nor an SNS \
         notification of one of them"
    )]
    Dialect,
    #[error(
        "the message has schema version {0}; this release reads {SCHEMA_VERSION} and its neighbours"
    )]
    Schema(u32),
    #[error("the message's fields do not fit: {0}")]
    Fields(String),
    #[error("the attempt {0:?} is not a whole number from 1 to {MAX_ATTEMPT}")]
    Attempt(String),
    #[error(transparent)]
    Notification(#[from] NotificationError),
    #[error(transparent)]
    EventBridge(#[from] EventBridgeError),
    #[error(transparent)]
    Sns(#[from] SnsError),
    #[error(transparent)]
    Event(#[from] EventError),
}

/// Spillway's own message: one object event.
#[derive(Serialize, Deserialize)]
struct Own {
    spillway: u32,
    object: ObjectEvent,
    /// It was found by reconcile: S3 gave no sequencer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reconciled: bool,
}

/// Understands a message's body, whichever dialect it is in.
pub fn parse(body: &str) -> Result<Body, MessageError> {
    read(json(body)?)
}

/// Understands what a body is as JSON.
pub fn read(body: Value) -> Result<Body, MessageError> {
    let fields = object(body)?;
    if !sns::is_envelope(&fields) {
        return unwrapped(fields);
    }
    let inside = object(json(sns::inside(&fields)?)?)?;
    if sns::is_envelope(&inside) {
        return Err(sns::nested(&inside).into());
    }
    unwrapped(inside)
}

fn json(text: &str) -> Result<Value, MessageError> {
    serde_json::from_str(text).map_err(|error| MessageError::Json(quoted(&error)))
}

fn object(body: Value) -> Result<Map<String, Value>, MessageError> {
    match body {
        Value::Object(fields) => Ok(fields),
        _ => Err(MessageError::Dialect),
    }
}

fn unwrapped(mut fields: Map<String, Value>) -> Result<Body, MessageError> {
    if let Some(version) = fields.get("spillway").cloned() {
        return own(&version, Value::Object(fields)).map(Body::Own);
    }
    if let Some(records) = fields.remove("Records") {
        let Value::Array(records) = records else {
            return Err(MessageError::Fields("Records is not a list".into()));
        };
        let records = notification::records(records)?.into_iter();
        let refused = |(error, record): (NotificationError, Value)| Refused {
            error: error.into(),
            record,
        };
        return Ok(Body::Reported(
            records.map(|record| record.map_err(refused)).collect(),
        ));
    }
    if fields.contains_key("detail-type") {
        return Ok(Body::Reported(vec![Ok(eventbridge::reported(fields)?)]));
    }
    if fields.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Body::TestEvent);
    }
    Err(MessageError::Dialect)
}

fn own(version: &Value, body: Value) -> Result<ObjectEvent, MessageError> {
    let version = version
        .as_u64()
        .and_then(|version| u32::try_from(version).ok())
        .ok_or(MessageError::Dialect)?;
    if !readable(version) {
        return Err(MessageError::Schema(version));
    }
    only_objects(&body, &["object"]).map_err(MessageError::Fields)?;
    let own: Own =
        serde_json::from_value(body).map_err(|error| MessageError::Fields(quoted(&error)))?;
    let object = own.object;
    match (own.reconciled, object.is_found()) {
        (false, true) => Err(MessageError::Fields(
            "object.sequencer is missing, and nothing says that the object was reconciled".into(),
        )),
        (true, false) => Err(MessageError::Fields(
            "a reconciled object has no sequencer, and this one has".into(),
        )),
        _ => Ok(object.validate()?),
    }
}

impl Body {
    /// The attempt that a message asks for: the first, unless it is Spillway's own. An attribute of the same name that
    /// somebody else put beside a report of S3 is not Spillway's.
    pub fn attempt(&self, attribute: Option<&str>) -> Result<u32, MessageError> {
        match self {
            Self::Own(_) => attempt(attribute),
            Self::Reported(_) | Self::TestEvent => Ok(1),
        }
    }
}

/// The attempt that the attribute of Spillway's own message asks for.
pub fn attempt(attribute: Option<&str>) -> Result<u32, MessageError> {
    let Some(raw) = attribute else { return Ok(1) };
    match raw.parse() {
        Ok(attempt) if (1..=MAX_ATTEMPT).contains(&attempt) => Ok(attempt),
        _ => Err(MessageError::Attempt(raw.chars().take(64).collect())),
    }
}

/// The parser's words, which may quote the body: not more of it than tells what is wrong.
fn quoted(error: &serde_json::Error) -> String {
    cut(&error.to_string(), 120).to_owned()
}

/// The body of Spillway's own message for one object event.
pub fn encode(event: &ObjectEvent) -> String {
    let own = Own {
        spillway: SCHEMA_VERSION,
        object: event.clone(),
        reconciled: event.is_found(),
    };
    // Strings, numbers and options only: serializing them cannot fail.
    json_body(serde_json::to_string(&own).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::{event, found};
    use crate::execution::{self, input::InputFormat};
    use crate::record::row::RowKey;
    use proptest::prelude::*;
    use serde_json::json;

    fn record(key: &str) -> Value {
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
            "eventTime": "2026-11-22T10:00:00.000Z", "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": "status",
                "bucket": {"name": "uploads", "arn": "arn:aws:s3:::uploads"},
                "object": {"key": key, "size": 12, "eTag": "d41d", "sequencer": "0055AED6DCD90281E5"}
            }
        })
    }

    fn events(body: &Value) -> Vec<ObjectEvent> {
        let body = parse(&body.to_string()).unwrap();
        if let Body::Reported(records) = &body {
            assert!(records.iter().all(Result::is_ok), "{records:?}");
        }
        body.into_events()
    }

    #[test]
    fn a_notification_is_understood_with_its_key_decoded() {
        let parsed = events(&json!({"Records": [record("a+b%2Bc.json")]}));
        assert_eq!(parsed.len(), 1);
        assert_eq!(parsed[0].key, "a b+c.json");
        assert_eq!(parsed[0].version_id, None);
        assert_eq!(
            parsed[0].sequencer.as_ref().unwrap().as_str(),
            "0055AED6DCD90281E5"
        );
    }

    #[test]
    fn every_record_of_a_notification_is_taken() {
        let parsed = events(&json!({"Records": [record("a"), record("b")]}));
        let keys: Vec<_> = parsed.iter().map(|event| event.key.as_str()).collect();
        assert_eq!(keys, ["a", "b"]);
    }

    #[test]
    fn a_newer_minor_version_with_new_fields_is_understood() {
        let mut newer = record("a");
        newer["eventVersion"] = json!("2.6");
        newer["s3"]["object"]["annotations"] = json!({"new": [1, 2]});
        newer["glacierEventData"] = json!({"restoreEventData": {}});
        assert_eq!(events(&json!({"Records": [newer]})).len(), 1);
    }

    #[test]
    fn another_major_version_is_refused() {
        let mut other = record("a");
        other["eventVersion"] = json!("3.0");
        let error = refused(other);
        assert!(error.contains("\"3.0\" is not 2.x"), "{error}");
    }

    #[test]
    fn a_notification_of_64_kb_is_understood() {
        let mut large = record("a");
        large["padding"] = json!("x".repeat(64 * 1024));
        assert_eq!(events(&json!({"Records": [large]})).len(), 1);
    }

    /// Why the only record of a notification is refused.
    fn refused(record: Value) -> String {
        let sent = json!({"Records": [record]}).to_string();
        match parse(&sent).unwrap() {
            Body::Reported(records) => match records.as_slice() {
                [Err(refused)] => {
                    assert_eq!(refused.body(), sent);
                    refused.error.to_string()
                }
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_bad_record_leaves_the_others_and_keeps_its_own_words() {
        let mut incomplete = record("b");
        let object = incomplete["s3"]["object"].as_object_mut().unwrap();
        object.remove("sequencer");
        let body = json!({"Records": [record("a"), incomplete, record("%zz"), record("b")]});
        let Ok(Body::Reported(records)) = read(body) else {
            panic!("no records")
        };
        let read: Vec<_> = records
            .iter()
            .map(|record| match record {
                Ok(Reported::Created(event)) => event.key.clone(),
                Ok(Reported::Other(kind)) => panic!("{kind}"),
                Err(refused) => refused.error.to_string(),
            })
            .collect();
        assert_eq!(
            read,
            [
                "a",
                "record 1: s3.object.sequencer is missing",
                "record 2: the key \"%zz\" is not URL-encoded UTF-8",
                "b"
            ]
        );
        let Err(second) = &records[1] else {
            panic!("understood")
        };
        let body: Value = serde_json::from_str(&second.body()).unwrap();
        assert_eq!(body, json!({"Records": [incomplete]}));
    }

    /// As AWS sent them: the files of LocalStack's snapshots.
    /// <https://github.com/localstack/localstack/blob/main/tests/aws/services/s3/test_s3_notifications_sqs.snapshot.json>
    #[test]
    fn events_of_other_kinds_are_told_by_their_names() {
        let mut tagging = record("a");
        tagging["eventName"] = json!("ObjectTagging:Put");
        tagging["eventVersion"] = json!("2.3");
        tagging["s3"]["object"] = json!({"eTag": "f3e6", "key": "a"});
        let mut removed = record("b");
        removed["eventName"] = json!("ObjectRemoved:Delete");
        let body = json!({"Records": [tagging, record("c"), removed]});
        let Ok(Body::Reported(records)) = parse(&body.to_string()) else {
            panic!("no records")
        };
        let other = |kind: &str| Ok(Reported::Other(kind.to_owned()));
        assert_eq!(records[0], other("ObjectTagging:Put"));
        assert_eq!(records[2], other("ObjectRemoved:Delete"));
        let keys: Vec<String> = Body::Reported(records)
            .into_events()
            .into_iter()
            .map(|event| event.key)
            .collect();
        assert_eq!(keys, ["c"]);
    }

    #[test]
    fn what_is_wrong_is_told_from_the_outside_in() {
        let with = |changes: &[(&str, Value)]| {
            let mut record = record("a");
            for (field, value) in changes {
                record[*field] = value.clone();
            }
            refused(record)
        };
        let no_object = ("s3", json!({"object": {}}));
        for (reason, words) in [
            (
                with(&[("eventName", json!("ObjectPainted:Red")), no_object.clone()]),
                "the event \"ObjectPainted:Red\" is not an ObjectCreated event",
            ),
            (
                with(&[("eventName", json!("s3:ObjectCreated:Put"))]),
                "the event \"s3:ObjectCreated:Put\" is not an ObjectCreated event",
            ),
            (
                with(&[("eventVersion", json!("3.0")), no_object.clone()]),
                "\"3.0\" is not 2.x",
            ),
            (
                with(&[
                    ("eventSource", json!("aws:codecommit")),
                    ("eventName", Value::Null),
                    ("eventVersion", json!("1.0")),
                ]),
                "the event source \"aws:codecommit\" is not aws:s3",
            ),
            (
                with(&[("eventSource", Value::Null)]),
                "eventSource is missing",
            ),
            (with(&[("eventName", json!(7))]), "eventName is not a text"),
            (with(&[no_object]), "s3.object.key is missing"),
            (refused(json!(7)), "record 0: its fields do not fit"),
        ] {
            assert!(reason.contains(words), "{reason}");
        }
    }

    #[test]
    fn foreign_forms_are_named_for_what_they_are() {
        for (record, words) in [
            (
                json!({"messageId": "1", "body": "{}", "eventSource": "aws:sqs", "awsRegion": "us-east-1"}),
                "record 0: it is of aws:sqs, the form in which Lambda hands over an SQS message: send the message's body",
            ),
            (
                json!({"EventVersion": "1.0", "EventSource": "aws:sns", "Sns": {"Message": "{}"}}),
                "it is of aws:sns",
            ),
            (
                json!({"eventVersion": "1.08", "eventSource": "s3.amazonaws.com", "eventName": "PutObject"}),
                "CloudTrail's record",
            ),
            (
                json!({"eventID": "1", "eventSource": "aws:dynamodb"}),
                "of a stream",
            ),
            (
                json!({"eventVersion": "2.0", "eventSource": "minio:s3"}),
                "MinIO's",
            ),
        ] {
            let reason = refused(record);
            assert!(reason.contains(words), "{reason}");
        }
    }

    #[test]
    fn an_eventbridge_event_is_understood() {
        let parsed = events(&eventbridge::tests::sample());
        assert_eq!(parsed.len(), 1);
        assert_eq!(parsed[0].key, "example-key");
    }

    #[test]
    fn every_dialect_is_understood_inside_an_sns_envelope() {
        let wrapped = |body: &Value| parse(&sns::tests::sample(&body.to_string()).to_string());
        let own: Value = serde_json::from_str(&encode(&event("k", "1"))).unwrap();
        for body in [
            json!({"Records": [record("a"), record("b")]}),
            eventbridge::tests::sample(),
            own,
        ] {
            assert_eq!(wrapped(&body), parse(&body.to_string()));
            assert!(!events(&body).is_empty());
        }
        let test_event =
            json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "uploads"});
        assert_eq!(wrapped(&test_event), Ok(Body::TestEvent));
    }

    #[test]
    fn an_envelope_that_holds_no_event_is_refused_with_a_reason() {
        let wrapped = |text: &str| sns::tests::sample(text);
        let twice = wrapped(&wrapped(&json!({"Records": [record("a")]}).to_string()).to_string());
        for (body, reason) in [
            (wrapped("Hello world!"), "not JSON"),
            (wrapped("7"), "neither"),
            (wrapped("{}"), "neither"),
            (wrapped(r#"{"Records": []}"#), "no records"),
            (twice, "holds another SNS message"),
            (sns::tests::confirmation(), "sns:ConfirmSubscription"),
        ] {
            let error = parse(&body.to_string()).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn the_test_event_is_known() {
        let body = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "uploads"});
        assert_eq!(parse(&body.to_string()), Ok(Body::TestEvent));
    }

    #[test]
    fn what_is_not_a_message_is_refused_with_a_reason() {
        for (body, reason) in [
            ("", "not JSON"),
            ("[1]", "neither"),
            ("{}", "neither"),
            (r#"{"Records": []}"#, "no records"),
            (r#"{"Records": 7}"#, "do not fit"),
            (r#"{"detail-type": 7}"#, "do not fit"),
            (r#"{"Event": "s3:Other"}"#, "neither"),
            (r#"{"spillway": 9, "object": {}}"#, "schema version 9"),
            (r#"{"spillway": 1, "object": {}}"#, "do not fit"),
            (r#"{"spillway": "1", "object": {}}"#, "neither"),
        ] {
            let error = parse(body).unwrap_err().to_string();
            assert!(error.contains(reason), "{body}: {error}");
        }
    }

    #[test]
    fn messages_of_the_neighbouring_releases_are_understood() {
        let mut body: Value = serde_json::from_str(&encode(&event("k", "1"))).unwrap();
        body["spillway"] = json!(SCHEMA_VERSION + 1);
        body["object"]["somethingNew"] = json!(true);
        assert_eq!(events(&body), [event("k", "1")]);
    }

    #[test]
    fn only_what_was_reconciled_lacks_a_sequencer() {
        let body: Value = serde_json::from_str(&encode(&found("k"))).unwrap();
        assert_eq!(body["reconciled"], json!(true));
        assert_eq!(events(&body), [found("k")]);
        let refused = |change: fn(&mut Value)| {
            let mut body = body.clone();
            change(&mut body);
            parse(&body.to_string()).unwrap_err().to_string()
        };
        let unmarked = refused(|body| body["reconciled"] = json!(false));
        assert!(unmarked.contains("sequencer is missing"), "{unmarked}");
        let sequenced = refused(|body| body["object"]["sequencer"] = json!("1"));
        assert!(sequenced.contains("has no sequencer"), "{sequenced}");
        let unknown = refused(|body| body["object"]["etag"] = Value::Null);
        assert!(unknown.contains("found without an event"), "{unknown}");
        let mut reported: Value = serde_json::from_str(&encode(&event("k", "1"))).unwrap();
        assert!(reported.get("reconciled").is_none());
        reported["object"]
            .as_object_mut()
            .unwrap()
            .remove("sequencer");
        let lost = parse(&reported.to_string()).unwrap_err().to_string();
        assert!(lost.contains("sequencer is missing"), "{lost}");
    }

    #[test]
    fn attempts_are_whole_numbers_from_one() {
        assert_eq!(attempt(None), Ok(1));
        assert_eq!(attempt(Some("7")), Ok(7));
        for raw in ["0", "-1", "1.5", "", "1000000", "two"] {
            assert_eq!(attempt(Some(raw)), Err(MessageError::Attempt(raw.into())));
        }
    }

    #[test]
    fn a_foreign_attempt_is_not_believed() {
        let attempt = |body: &str, asked| parse(body).unwrap().attempt(Some(asked));
        let own = encode(&event("k", "1"));
        assert_eq!(attempt(&own, "3"), Ok(3));
        assert!(attempt(&own, "three").is_err());
        let reported = json!({"Records": [record("k")]}).to_string();
        assert_eq!(attempt(&reported, "3"), Ok(1));
        assert_eq!(attempt(&reported, "three"), Ok(1));
    }

    proptest! {
        #[test]
        fn own_messages_come_back_as_they_went(
            key in "[\\PC\u{fffe}\u{ffff}]{1,40}", version in proptest::option::of("[a-zA-Z0-9._]{1,32}"),
            size in proptest::option::of(any::<u64>()), sequencer in "[0-9a-fA-F]{1,32}",
        ) {
            let mut sent = event(&key, &sequencer);
            sent.version_id = version;
            sent.size = size;
            prop_assert_eq!(parse(&encode(&sent)), Ok(Body::Own(sent)));
        }

        #[test]
        fn one_event_is_the_same_by_either_way(
            key in "(\\PC|[%+ ]){1,40}", version in proptest::option::of("[a-zA-Z0-9._]{1,32}"),
            // Of one upload S3 sends the same in both.
            sequencer in "[0-9A-F]{16,18}", size in any::<u64>(), wrapped in any::<bool>(),
        ) {
            let notification = {
                let mut sent = event(&key, &sequencer);
                sent.version_id = version.clone();
                sent.size = Some(size);
                execution::input::of("arn:aws:s3:eu-west-1:111122223333:x", InputFormat::S3Notification, &[sent], 1)
            };
            let mut event = eventbridge::tests::sample();
            event["detail"]["bucket"]["name"] = json!("uploads");
            event["detail"]["object"] = json!({
                "key": key, "size": size, "etag": "d41d8cd98f00b204e9800998ecf8427e", "sequencer": sequencer,
            });
            if let Some(version) = version {
                event["detail"]["object"]["version-id"] = json!(version);
            }
            let body = if wrapped { sns::tests::sample(&event.to_string()) } else { event };
            let (one, other) = (events(&serde_json::from_str(&notification).unwrap()), events(&body));
            prop_assert_eq!(one.len(), 1);
            prop_assert_eq!(&other[0].key, &key);
            prop_assert_eq!(RowKey::of(&one[0]), RowKey::of(&other[0]));
            prop_assert_eq!(execution::name::id("pipeline", &one[0]), execution::name::id("pipeline", &other[0]));
        }

        #[test]
        fn no_body_makes_the_parser_panic(body in ".{0,200}") {
            let _ = parse(&body);
        }

        #[test]
        fn no_field_makes_the_parser_panic(
            mut body in prop_oneof![
                Just(json!({"Records": [record("a")]})), Just(eventbridge::tests::sample()),
                Just(sns::tests::sample("{}")), Just(sns::tests::confirmation()),
            ],
            path in proptest::collection::vec(any::<prop::sample::Index>(), 1..6),
            value in prop_oneof![
                Just(Value::Null), Just(json!(-1)), Just(json!([])), Just(json!({})), ".{0,20}".prop_map(Value::from),
            ],
        ) {
            let mut pointer = String::new();
            for index in path {
                let names: Vec<String> = match body.pointer(&pointer) {
                    Some(Value::Object(fields)) => fields.keys().cloned().collect(),
                    Some(Value::Array(items)) => (0..items.len()).map(|place| place.to_string()).collect(),
                    _ => Vec::new(),
                };
                if !names.is_empty() {
                    pointer = format!("{pointer}/{}", index.get(&names));
                }
            }
            *body.pointer_mut(&pointer).unwrap() = value;
            let _ = parse(&body.to_string());
        }
    }
}
