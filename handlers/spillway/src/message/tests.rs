use super::*;
use crate::event::tests::event;
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
            "record 1: s3.object.sequencer is missing; find the sender, and discard the message",
            "record 2: the key \"%zz\" is not URL-encoded UTF-8: encode it as S3 does",
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
            "the event \"ObjectPainted:Red\" is not an ObjectCreated event: let the notification send s3:ObjectCreated:* only",
        ),
        (
            with(&[("eventName", json!("s3:ObjectCreated:Put"))]),
            "the event \"s3:ObjectCreated:Put\" is not an ObjectCreated event: let the notification send s3:ObjectCreated:* only",
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
    let own: Value = serde_json::from_str(&own::encode(&event("k", "1"))).unwrap();
    for body in [
        json!({"Records": [record("a"), record("b")]}),
        eventbridge::tests::sample(),
        own,
    ] {
        assert_eq!(wrapped(&body), parse(&body.to_string()));
        assert!(!events(&body).is_empty());
    }
    let test_event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "uploads"});
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
fn a_foreign_attempt_is_not_believed() {
    let attempt = |body: &str, asked| parse(body).unwrap().attempt(Some(asked));
    let own = own::encode(&event("k", "1"));
    assert_eq!(attempt(&own, "3"), Ok(3));
    assert!(attempt(&own, "three").is_err());
    let reported = json!({"Records": [record("k")]}).to_string();
    assert_eq!(attempt(&reported, "3"), Ok(1));
    assert_eq!(attempt(&reported, "three"), Ok(1));
}

proptest! {
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
    fn no_body_makes_the_parser_panic(body in ".{0,200}") { let _ = parse(&body); }

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
                Some(Value::Array(items)) => (0..items.len()).map(|index| index.to_string()).collect(),
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
