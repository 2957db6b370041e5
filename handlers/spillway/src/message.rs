//! Messages of the events queue: what a body means, and how Spillway writes its own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::event::{EventError, ObjectEvent};
use crate::eventbridge::{self, EventBridgeError};
use crate::notification::{self, NotificationError};
use crate::sns::{self, SnsError};
use crate::text::{cut, json_body};
use crate::{SCHEMA_VERSION, readable};

/// The message attribute that names the attempt a message asks for. S3's own messages have none: attempt 1.
pub const ATTEMPT: &str = "attempt";
/// The message attribute that names the lane a message came by, in a pipeline of several.
pub const LANE: &str = "lane";
/// The message attribute that says why a message is in the dead-letter queue.
pub const REASON: &str = "reason";
/// The message attribute that names the execution after which an object event was dead-lettered.
pub const EXECUTION: &str = "execution";

/// The largest attempt a message may ask for; a bound for the length of execution names.
pub const MAX_ATTEMPT: u32 = 999_999;

/// What the body of a message holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// At least one object event.
    Events(Vec<ObjectEvent>),
    /// S3 sends `s3:TestEvent` when a notification is configured; there is nothing to do for it.
    TestEvent,
}

/// Why a message was not understood. The text is what it carries into the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    #[error("the body is not JSON: {0}")]
    Json(String),
    #[error(
        "the body is neither an event of S3 (by notification, EventBridge or SNS) nor one of Spillway's messages"
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
}

/// Understands a message's body, whichever dialect it is in.
pub fn parse(body: &str) -> Result<Body, MessageError> {
    let fields = fields(body)?;
    if !sns::is_one(&fields) {
        return parse_fields(fields);
    }
    let within = self::fields(sns::message(&fields)?)?;
    if sns::is_one(&within) {
        return Err(SnsError::Nested.into());
    }
    parse_fields(within)
}

fn fields(body: &str) -> Result<Map<String, Value>, MessageError> {
    let value: Value =
        serde_json::from_str(body).map_err(|error| MessageError::Json(quoted(&error)))?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(MessageError::Dialect),
    }
}

fn parse_fields(mut fields: Map<String, Value>) -> Result<Body, MessageError> {
    if let Some(version) = fields.get("spillway") {
        return own(version, Value::Object(fields.clone()));
    }
    if let Some(records) = fields.remove("Records") {
        let records = serde_json::from_value(records)
            .map_err(|error| MessageError::Fields(quoted(&error)))?;
        return Ok(Body::Events(notification::object_events(records)?));
    }
    if fields.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Body::TestEvent);
    }
    if eventbridge::is_one(&fields) {
        return Ok(Body::Events(vec![eventbridge::object_event(fields)?]));
    }
    Err(MessageError::Dialect)
}

fn own(version: &Value, body: Value) -> Result<Body, MessageError> {
    let version = version
        .as_u64()
        .and_then(|version| u32::try_from(version).ok())
        .ok_or(MessageError::Dialect)?;
    if !readable(version) {
        return Err(MessageError::Schema(version));
    }
    let own: Own =
        serde_json::from_value(body).map_err(|error| MessageError::Fields(quoted(&error)))?;
    Ok(Body::Events(vec![own.object.validate()?]))
}

/// The attempt that a message's attribute asks for.
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
    };
    // Strings, numbers and options only: serializing them cannot fail.
    json_body(serde_json::to_string(&own).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::event;
    use crate::row::RowKey;
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
        match parse(&body.to_string()).unwrap() {
            Body::Events(events) => events,
            Body::TestEvent => panic!("a test event"),
        }
    }

    #[test]
    fn a_notification_is_understood_with_its_key_decoded() {
        let parsed = events(&json!({"Records": [record("a+b%2Bc.json")]}));
        assert_eq!(parsed.len(), 1);
        assert_eq!(parsed[0].key, "a b+c.json");
        assert_eq!(parsed[0].version_id, None);
        assert_eq!(
            parsed[0].sequencer.as_str(),
            "000000000000000055aed6dcd90281e5"
        );
    }

    #[test]
    fn every_record_of_a_notification_is_taken() {
        let parsed = events(&json!({"Records": [record("a"), record("b")]}));
        let keys: Vec<_> = parsed.iter().map(|event| event.key.as_str()).collect();
        assert_eq!(keys, ["a", "b"]);
    }

    #[test]
    fn one_bad_record_refuses_the_whole_message() {
        let mut bad = record("b");
        bad["s3"]["object"]
            .as_object_mut()
            .unwrap()
            .remove("sequencer");
        let error = parse(&json!({"Records": [record("a"), bad]}).to_string()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "record 1: s3.object.sequencer is missing"
        );
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
        let error = parse(&json!({"Records": [other]}).to_string()).unwrap_err();
        assert!(error.to_string().contains("\"3.0\" is not 2.x"), "{error}");
    }

    #[test]
    fn a_notification_of_64_kb_is_understood() {
        let mut large = record("a");
        large["padding"] = json!("x".repeat(64 * 1024));
        assert_eq!(events(&json!({"Records": [large]})).len(), 1);
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

    /// As SNS wraps it without raw delivery.
    fn wrapped(body: &str) -> Value {
        json!({
            "Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:us-east-1:111122223333:uploads", "Subject": "Amazon S3 Notification",
            "Message": body, "Timestamp": "2026-11-22T10:00:00.000Z", "SignatureVersion": "1",
            "Signature": "EXAMPLE", "SigningCertURL": "EXAMPLE", "UnsubscribeURL": "EXAMPLE"
        })
    }

    #[test]
    fn an_envelope_of_sns_is_opened_once() {
        let notification = json!({ "Records": [record("a+b")] }).to_string();
        assert_eq!(events(&wrapped(&notification))[0].key, "a b");
        let created = eventbridge::tests::created("a+b").to_string();
        assert_eq!(events(&wrapped(&created))[0].key, "a+b");
        let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent"}).to_string();
        assert_eq!(parse(&wrapped(&test).to_string()), Ok(Body::TestEvent));

        let twice = wrapped(&wrapped(&notification).to_string()).to_string();
        assert_eq!(parse(&twice), Err(MessageError::Sns(SnsError::Nested)));
        let mut confirmation = wrapped("You have chosen to subscribe");
        confirmation["Type"] = json!("SubscriptionConfirmation");
        let reason = parse(&confirmation.to_string()).unwrap_err().to_string();
        assert!(reason.contains("confirm the subscription"), "{reason}");
        let mut empty = wrapped("");
        empty.as_object_mut().unwrap().remove("Message");
        assert_eq!(
            parse(&empty.to_string()),
            Err(MessageError::Sns(SnsError::NoMessage))
        );
        assert!(matches!(
            parse(&wrapped("text").to_string()),
            Err(MessageError::Json(_))
        ));
    }

    #[test]
    fn attempts_are_whole_numbers_from_one() {
        assert_eq!(attempt(None), Ok(1));
        assert_eq!(attempt(Some("7")), Ok(7));
        for raw in ["0", "-1", "1.5", "", "1000000", "two"] {
            assert_eq!(attempt(Some(raw)), Err(MessageError::Attempt(raw.into())));
        }
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
            prop_assert_eq!(parse(&encode(&sent)), Ok(Body::Events(vec![sent])));
        }

        /// However an event comes, it is the same one.
        #[test]
        fn every_way_in_gives_an_event_the_same_identity(key in "[ -~가-힣]{1,60}", sequencer in "[0-9A-F]{16,18}") {
            let mut sent = event(&key, &sequencer);
            sent.version_id = Some("v1".into());
            let home = notification::Home::of("arn:aws:dynamodb:us-east-1:111122223333:table/t");
            let by_notification = notification::encode(&[sent.clone()], &home);
            let mut created = eventbridge::tests::created(&key);
            created["detail"]["bucket"]["name"] = json!(sent.bucket);
            created["detail"]["object"]["version-id"] = json!("v1");
            created["detail"]["object"]["sequencer"] = json!(sequencer.to_lowercase());
            let wrapped = wrapped(&by_notification).to_string();
            for body in [by_notification, created.to_string(), wrapped, encode(&sent)] {
                let Ok(Body::Events(events)) = parse(&body) else { panic!("{body}") };
                prop_assert_eq!(RowKey::of(&events[0]), RowKey::of(&sent));
            }
        }

        #[test]
        fn no_json_makes_the_parser_panic(
            kind in "Notification|SubscriptionConfirmation", field in "Message|detail|detail-type|Records|source|time|spillway|object",
            text in ".{0,40}", number in any::<i64>(),
        ) {
            for value in [json!(text), json!(number), json!([text]), json!({ "key": text, "object": { "key": number } }), Value::Null] {
                let mut body = eventbridge::tests::created("k");
                body[&field] = value;
                let _ = parse(&body.to_string());
                body["Type"] = json!(kind);
                body["TopicArn"] = json!("arn");
                let _ = parse(&body.to_string());
            }
        }

        #[test]
        fn no_body_makes_the_parser_panic(body in ".{0,200}") {
            let _ = parse(&body);
        }
    }
}
