//! Bodies of the events queue's messages: S3's notifications, EventBridge's events, Spillway's own,
//! and SNS's envelopes around them.

use spillway::event::{MAX_FIELD_BYTES, MAX_KEY_BYTES, ObjectEvent, Reported};
use spillway::execution;
use spillway::execution::input::InputFormat;
use spillway::execution::name::MAX_NAME_CHARS;
use spillway::message::{self, Body, MAX_ATTEMPT};
use spillway::reconcile::adoption;
use spillway::record::row::RowKey;

use crate::readings::{inside, tells};
use crate::target::{Seen, Target, assert_reason};

pub(crate) const TARGET: Target = Target {
    name: "messages",
    corpus: "messages",
    read,
    check,
};

pub(super) const PIPELINE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/fuzz-ledger";

fn read(input: &[u8]) {
    let _ = message::parse(&String::from_utf8_lossy(input));
}

pub(super) fn check(input: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(input);
    attempts(&text);
    let parsed = message::parse(&text);
    if let Ok(body) = &parsed {
        let told = serde_json::from_str(&text).ok().and_then(inside);
        let told = told.expect("it is a document");
        assert!(
            tells(&told, body),
            "read as {body:?}, which it does not say"
        );
    }
    match &parsed {
        Ok(Body::Own(own)) => {
            event(own);
            Seen::Understood("its own".into())
        }
        Ok(Body::Reported(records)) => {
            assert!((1..=text.len()).contains(&records.len()));
            for record in records {
                match record {
                    Ok(Reported::Created(created)) => event(created),
                    Ok(Reported::Other(kind)) => assert!(kind.len() <= MAX_FIELD_BYTES, "{kind}"),
                    Err(refused) => {
                        assert_reason(&refused.error.to_string(), "a record");
                        alone(&refused.body());
                    }
                }
            }
            let refused = records.iter().filter(|record| record.is_err()).count();
            match (refused, records.len() - refused) {
                (0, _) => Seen::Understood("every record".into()),
                (_, 0) => Seen::Refused("every record".into()),
                _ => Seen::Refused("some records".into()),
            }
        }
        Ok(Body::TestEvent) => Seen::Understood("a test event".into()),
        Err(error) => {
            assert_reason(&error.to_string(), &text);
            Seen::of(&parsed)
        }
    }
}

/// Checks that a refused record is refused again when it comes by itself.
fn alone(body: &str) {
    match message::parse(body) {
        Ok(Body::Reported(records)) => {
            assert!(matches!(records.as_slice(), [Err(_)]), "{records:?}");
        }
        other => panic!("a record by itself is {other:?}"),
    }
}

/// Checks the rules of every object event that the handlers take over: DynamoDB, Step Functions and
/// SQS take its parts.
fn event(event: &ObjectEvent) {
    assert_eq!(event.clone().validate().as_ref(), Ok(event));
    assert!((1..=MAX_KEY_BYTES).contains(&event.key.len()));
    // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    let fits = |key: &RowKey| key.pk.len() <= 2_048 && (1..=1_024).contains(&key.sk.len());
    assert!(fits(&RowKey::of(event)), "{:?}", RowKey::of(event));
    assert!(adoption::found_keys(event).iter().all(fits));
    let name = execution::name::of(PIPELINE, event, MAX_ATTEMPT);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    assert!(
        name.len() <= MAX_NAME_CHARS && name.bytes().all(plain),
        "{name}"
    );

    let own = message::own::encode(event);
    let same = Ok(Body::Own(event.clone()));
    assert_eq!(message::parse(&own), same, "not as it was sent: {own}");
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    assert!(!own.contains(['\u{fffe}', '\u{ffff}']), "{own:?}");
    let events = std::slice::from_ref(event);
    let input = execution::input::of(PIPELINE, InputFormat::Objects, events, 1);
    assert!(execution::input::bytes(event) <= input.len() && input.len() < 16 * 1_024);
    if !event.is_found() {
        let encoded = execution::input::of(PIPELINE, InputFormat::S3Notification, events, 1);
        let same = Ok(Body::Reported(vec![Ok(Reported::Created(event.clone()))]));
        assert_eq!(message::parse(&encoded), same, "not as S3: {encoded}");
    }
}

/// Checks the message attribute beside the body.
fn attempts(text: &str) {
    let short: String = text.chars().take(24).collect();
    match message::own::attempt(Some(&short)) {
        Ok(attempt) => assert!((1..=MAX_ATTEMPT).contains(&attempt), "{short:?}"),
        Err(error) => assert_reason(&error.to_string(), &short),
    }
}
