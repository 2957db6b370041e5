//! The payloads with which S3 invokes ingest: the same documents as in messages.

use serde_json::Value;
use spillway::message;

use super::messages;
use crate::target::{Seen, Target};

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
    assert_eq!(
        message::read(payload),
        message::parse(&text),
        "as a message it means else"
    );
    messages::check(input)
}
