//! The events queue's messages, the outcomes queue's, and what a workflow answers.

use std::collections::HashSet;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};
use spillway::batch::{self, Failures};
use spillway::event::{ObjectEvent, Sequencer};
use spillway::message::{self, Body};
use spillway::outcome::{self, Outcome, Report, Status};

use crate::damage::{any_json, damaged, damages, scratched, scratches};
use crate::readings::{inside, tells};
use crate::with_inputs;

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
    event.sequencer.as_ref().map(Sequencer::as_sent)
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
        Dialect::Own => serde_json::from_str(&message::encode(first)).unwrap(),
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

/// Damaged inside the envelope, then around it, then as text.
#[test]
fn what_is_understood_of_a_message_is_what_it_says() {
    let inputs = (
        dialects(),
        prop::collection::vec(events(), 1..4),
        any::<bool>(),
        damages(),
        prop::option::weighted(0.2, damages()),
        scratches(),
    );
    with_inputs(
        "messages",
        &inputs,
        |(dialect, sent, in_envelope, within, around, scratch), tally| {
            let whole = within.is_empty() && around.as_ref().is_none_or(Vec::is_empty);
            let mut body = damaged(document(dialect, &sent), &within);
            if in_envelope {
                body = wrapped(&body);
            }
            let text = scratched(
                &damaged(body, &around.unwrap_or_default()).to_string(),
                &scratch,
            );
            let parsed = message::parse(&text);
            tally.count(parsed.is_ok());
            match parsed {
                Ok(Body::Events(events)) => {
                    let told = serde_json::from_str(&text).ok().and_then(inside);
                    prop_assert!(
                        told.is_some_and(|told| tells(&told, &events)),
                        "{text}\nread as {events:?}"
                    );
                    if whole && matches!(scratch, crate::damage::Scratch::None) {
                        let count = if dialect == Dialect::Notification {
                            sent.len()
                        } else {
                            1
                        };
                        prop_assert_eq!(&events[..], &sent[..count]);
                    }
                }
                Ok(Body::TestEvent) => {
                    let told = serde_json::from_str(&text).ok().and_then(inside);
                    prop_assert!(
                        told.is_some_and(|told| told["Event"] == "s3:TestEvent"),
                        "{text}"
                    );
                }
                Err(error) => {
                    let untouched = whole && matches!(scratch, crate::damage::Scratch::None);
                    prop_assert!(!untouched, "{text}\nrefused: {error}");
                    // The reason is an attribute of the dead letter: it must be there, and short.
                    let reason = error.to_string();
                    prop_assert!(
                        !reason.is_empty() && reason.len() < 2_048,
                        "{} bytes: {reason}",
                        reason.len()
                    );
                }
            }
            Ok(())
        },
    );
}

/// Any JSON and any text: almost nothing of it means anything.
#[test]
fn what_is_no_message_is_refused() {
    let texts = prop_oneof![any_json().prop_map(|json| json.to_string()), ".{0,200}"];
    with_inputs(
        "no messages",
        &(texts, dialects(), events()),
        |(text, dialect, event), tally| {
            // A whole one among them, so that refusing everything would be seen.
            let body = document(dialect, std::slice::from_ref(&event)).to_string();
            tally.count(message::parse(&body).is_ok());
            let understood = message::parse(&text);
            tally.count(false);
            prop_assert!(!matches!(understood, Ok(Body::Events(_))), "{text}");
            let _ = outcome::parse(&text);
            Ok(())
        },
    );
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

/// As the event or Spillway's own outcome names it.
fn names(document: &Value, ended: &Outcome) -> bool {
    let place = if document.get("spillway").is_some() {
        "outcome"
    } else {
        "detail"
    };
    let execution = if place == "outcome" {
        "execution"
    } else {
        "name"
    };
    let said = &document[place];
    let foreign = place == "detail"
        && (document["source"] != "aws.states" || ended.status == Status::Refused);
    said[execution] == ended.execution.as_str()
        && said["status"] == ended.status.as_str()
        && !foreign
}

#[test]
fn what_is_understood_of_an_outcome_is_what_it_says() {
    let output = prop::option::of(any_json().prop_map(|json| json.to_string()));
    let inputs = (
        "[a-zA-Z0-9_-]{1,80}",
        statuses(),
        output,
        any::<bool>(),
        damages(),
        scratches(),
    );
    with_inputs(
        "outcomes",
        &inputs,
        |(name, status, output, own, changes, scratch), tally| {
            let ended = outcome::ended(status);
            let document = match ended {
                Some(status) if own => {
                    let outcome =
                        Outcome::new(&name, status, Some("States.Timeout"), output.as_deref());
                    serde_json::from_str(&outcome::encode(&outcome)).unwrap()
                }
                _ => status_event(&name, status, output.as_deref()),
            };
            let whole = changes.is_empty() && matches!(scratch, crate::damage::Scratch::None);
            let text = scratched(&damaged(document, &changes).to_string(), &scratch);
            let parsed = outcome::parse(&text);
            tally.count(parsed.is_ok());
            match parsed {
                Ok(Report::Ended(read)) => {
                    let told: Value = serde_json::from_str(&text).unwrap();
                    prop_assert!(names(&told, &read), "{text}\nread as {read:?}");
                    prop_assert!(!whole || (read.execution == name && Some(read.status) == ended));
                }
                // Passed over: an end that is taken for none would leave its slot to the sweep.
                Ok(Report::NotEnded) => {
                    let told: Value = serde_json::from_str(&text).unwrap();
                    let status = told["detail"]["status"].as_str().unwrap_or_default();
                    prop_assert!(outcome::ended(status).is_none(), "{text}");
                    prop_assert!(!whole || ended.is_none());
                }
                Err(error) => prop_assert!(!whole, "{text}\nrefused: {error}"),
            }
            Ok(())
        },
    );
}

#[test]
fn an_item_counts_as_failed_only_if_the_answer_names_it() {
    let ids = prop::collection::hash_set("[0-9a-f]{4}", 1..5);
    let inputs = (
        ids,
        prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        damages(),
        scratches(),
    );
    with_inputs(
        "answers",
        &inputs,
        |(ids, failed, changes, scratch), tally| {
            let sorted: Vec<&String> = ids.iter().collect();
            let named: HashSet<&String> = failed
                .iter()
                .map(|index| sorted[index.index(sorted.len())])
                .collect();
            let items: Vec<Value> = named
                .iter()
                .map(|id| json!({"itemIdentifier": id}))
                .collect();
            let whole = changes.is_empty() && matches!(scratch, crate::damage::Scratch::None);
            let answer = json!({"batchItemFailures": items, "processed": 3});
            let text = scratched(&damaged(answer, &changes).to_string(), &scratch);
            let read = batch::failures(Some(&text), &ids);
            tally.count(matches!(read, Ok(Failures::Items(_))));
            match read {
                Ok(Failures::Items(read)) => {
                    prop_assert!(
                        read.iter()
                            .all(|id| ids.contains(id) && text.contains(id.as_str())),
                        "{text}"
                    );
                    prop_assert!(!whole || read.iter().collect::<HashSet<_>>() == named);
                }
                Ok(Failures::None) => {
                    // Everything is taken for done: only if the answer has no such list.
                    let told: Option<Value> = serde_json::from_str(&text).ok();
                    let list = told.as_ref().and_then(|told| told.get("batchItemFailures"));
                    prop_assert!(
                        list.is_none_or(|list| list.is_null() || list == &json!([])),
                        "{text}"
                    );
                }
                Err(_) => prop_assert!(!whole, "{text}"),
            }
            Ok(())
        },
    );
}
