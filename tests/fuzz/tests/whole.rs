//! Whole inputs are understood as they were meant: with any contents, by every way they come.

use std::collections::{BTreeSet, HashSet};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};
use spillway::event::{ObjectEvent, Sequencer};
use spillway::execution::outcome::{self, Outcome, Report};
use spillway::message::{self, Body};
use spillway::rules::report::{self, Failures};

fn events() -> impl Strategy<Value = ObjectEvent> {
    let version = prop::option::of("[A-Za-z0-9._]{1,32}");
    (
        ".{1,40}",
        version,
        "[0-9A-F]{16,18}",
        any::<u32>(),
        "[0-9a-f]{32}",
    )
        .prop_map(|(key, version_id, sequencer, size, etag)| ObjectEvent {
            bucket: "uploads".into(),
            key,
            version_id,
            size: Some(size.into()),
            etag: Some(etag),
            sequencer: Some(Sequencer::parse(&sequencer).unwrap()),
            event_name: "ObjectCreated:Put".into(),
            event_time: "2026-11-22T10:00:00.000Z".into(),
        })
}

fn sent(event: &ObjectEvent) -> Option<String> {
    event.sequencer.clone().map(String::from)
}

fn put(document: &mut Value, version: Option<&String>, name: &str) {
    if let Some(version) = version {
        document[name] = json!(version);
    }
}

fn record(event: &ObjectEvent) -> Value {
    let key = utf8_percent_encode(&event.key, NON_ALPHANUMERIC)
        .to_string()
        .replace("%20", "+");
    let mut object = json!({
        "key": key, "size": event.size, "eTag": event.etag, "sequencer": sent(event),
    });
    put(&mut object, event.version_id.as_ref(), "versionId");
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventTime": event.event_time,
        "eventName": event.event_name, "userIdentity": {"principalId": "A3NL1KOZZKExample"},
        "requestParameters": {"sourceIPAddress": "192.0.2.1"},
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "status",
            "bucket": {"name": event.bucket, "arn": "arn:aws:s3:::uploads"}, "object": object,
        },
    })
}

/// The ways that an object event comes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Dialect {
    Notification,
    EventBridge,
    Own,
}

fn document(dialect: Dialect, events: &[ObjectEvent]) -> Value {
    let first = events.first().unwrap();
    match dialect {
        Dialect::Notification => json!({"Records": events.iter().map(record).collect::<Vec<_>>()}),
        Dialect::EventBridge => {
            let mut object = json!({
                "key": first.key, "size": first.size, "etag": first.etag, "sequencer": sent(first),
            });
            put(&mut object, first.version_id.as_ref(), "version-id");
            json!({
                "version": "0", "id": "17793124", "detail-type": "Object Created", "source": "aws.s3",
                "account": "111122223333", "time": first.event_time, "region": "ca-central-1",
                "resources": ["arn:aws:s3:::uploads"],
                "detail": {
                    "version": "0", "bucket": {"name": first.bucket}, "object": object, "request-id": "N4N7GDK58NMKJ12R",
                    "requester": "123456789012", "source-ip-address": "192.0.2.1", "reason": "PutObject",
                },
            })
        }
        Dialect::Own => serde_json::from_str(&message::own::encode(first)).unwrap(),
    }
}

fn wrapped(document: &Value) -> Value {
    json!({
        "Type": "Notification", "MessageId": "22b80b92", "TopicArn": "arn:aws:sns:us-west-2:123456789012:MyTopic",
        "Subject": "Amazon S3 Notification", "Message": document.to_string(), "Timestamp": "2012-05-02T00:54:06.655Z",
    })
}

fn dialects() -> impl Strategy<Value = Dialect> {
    prop::sample::select(&[Dialect::Notification, Dialect::EventBridge, Dialect::Own][..])
}

fn statuses() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "SUCCEEDED",
            "FAILED",
            "TIMED_OUT",
            "ABORTED",
            "RUNNING",
            "PENDING_REDRIVE",
        ][..],
    )
}

fn status_event(name: &str, status: &str, output: Option<&str>) -> Value {
    json!({
        "version": "0", "id": "315c1398", "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states", "account": "111122223333", "time": "2019-02-26T19:42:21Z", "region": "us-east-1",
        "resources": ["arn:aws:states:us-east-1:111122223333:execution:machine:name"],
        "detail": {
            "executionArn": "arn:aws:states:us-east-1:111122223333:execution:machine:name",
            "stateMachineArn": "arn:aws:states:us-east-1:111122223333:stateMachine:machine",
            "name": name, "status": status, "startDate": 1_551_225_271_984_i64, "stopDate": null, "input": "{}",
            "output": output, "error": null, "cause": null, "redriveCount": 0,
        },
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn messages_mean_what_was_sent(
        dialect in dialects(), sent in prop::collection::vec(events(), 1..4), in_envelope in any::<bool>(),
    ) {
        let body = document(dialect, &sent);
        let body = if in_envelope { wrapped(&body) } else { body };
        let one = dialect != Dialect::Notification;
        let meant = if one { vec![sent[0].clone()] } else { sent };
        let body = message::parse(&body.to_string()).unwrap();
        if let Body::Reported(records) = &body {
            prop_assert!(records.iter().all(Result::is_ok), "{:?}", records);
        }
        prop_assert_eq!(body.into_events(), meant);
    }

    #[test]
    fn status_changes_mean_what_they_say(
        name in "[a-zA-Z0-9_-]{1,80}", status in statuses(), output in prop::option::of(".{0,40}"),
    ) {
        let event = status_event(&name, status, output.as_deref());
        let meant = outcome::ended(status).map_or(Report::NotEnded, |ended| {
            Report::Ended(Outcome { output, ..Outcome::new(&name, ended, None, None) })
        });
        prop_assert_eq!(outcome::parse(&event.to_string()), Ok(meant));
    }

    #[test]
    fn outcomes_mean_what_was_sent(
        name in "[a-zA-Z0-9_-]{1,80}", status in statuses(), error in prop::option::of(".{0,80}"),
        cause in prop::option::of(".{0,240}"), redrive_count in any::<u32>(),
    ) {
        if let Some(status) = outcome::ended(status) {
            let sent = Outcome { redrive_count, ..Outcome::new(&name, status, error.as_deref(), cause.as_deref()) };
            prop_assert_eq!(outcome::parse(&outcome::encode(&sent)), Ok(Report::Ended(sent)));
        }
    }

    #[test]
    fn items_that_an_output_names_failed(
        ids in prop::collection::hash_set("[0-9a-f]{4}", 1..5), failed in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let sorted: Vec<&String> = ids.iter().collect();
        let named: BTreeSet<String> = failed.iter().map(|index| sorted[index.index(sorted.len())].clone()).collect();
        let items: Vec<Value> = named.iter().map(|id| json!({"itemIdentifier": id})).collect();
        let output = json!({"batchItemFailures": items, "processed": 3}).to_string();
        let meant = if named.is_empty() { Failures::None } else { Failures::Items(named) };
        prop_assert_eq!(report::failures(Some(&output), &ids), Ok(meant));
        prop_assert_eq!(report::failures(None, &HashSet::new()), Ok(Failures::None));
    }
}
