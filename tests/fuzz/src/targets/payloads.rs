//! What S3 invokes ingest with: the same documents as in messages, read record by record.

use serde_json::Value;
use spillway::event::ObjectEvent;
use spillway::message::{self, Body, MessageError, Records};

use super::messages;
use crate::target::{Seen, Target, assert_reason};

pub(crate) const TARGET: Target = Target {
    name: "payloads",
    corpus: "messages",
    read,
    check,
};

fn read(input: &[u8]) {
    if let Ok(payload) = serde_json::from_slice::<Value>(input) {
        let _ = message::read(payload);
    }
}

fn check(input: &[u8]) -> Seen {
    // Lambda hands over nothing that is not JSON.
    let text = String::from_utf8_lossy(input);
    let Ok(payload) = serde_json::from_str(&text) else {
        return Seen::Refused("not JSON".into());
    };
    let read = message::read(payload);
    let whole = message::parse(&text);
    match &read {
        Ok(Records::Events(records)) => {
            assert!(!records.is_empty());
            assert!(records.len() <= text.len());
            records.iter().for_each(record);
            let events: Result<Vec<ObjectEvent>, MessageError> = records.iter().cloned().collect();
            assert_eq!(
                whole,
                events.map(Body::Events),
                "as a message it means else"
            );
            let good = records.iter().filter(|record| record.is_ok()).count();
            match (good, records.len() - good) {
                (_, 0) => Seen::Understood("every record".into()),
                (0, _) => Seen::Refused("every record".into()),
                _ => Seen::Refused("some records".into()),
            }
        }
        Ok(Records::TestEvent) => {
            assert_eq!(whole, Ok(Body::TestEvent));
            Seen::Understood("a test event".into())
        }
        Err(error) => {
            assert_reason(&error.to_string(), &text);
            assert_eq!(whole.as_ref(), Err(error));
            Seen::of(&read)
        }
    }
}

fn record(record: &Result<ObjectEvent, MessageError>) {
    match record {
        Ok(event) => messages::event(event),
        Err(error) => assert_reason(&error.to_string(), "a record"),
    }
}
