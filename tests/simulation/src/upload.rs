//! The messages that S3 sends when an object is uploaded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use spillway::message;

/// The characters that S3's form-style encoding leaves as they are, besides letters and digits.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b'/');

/// One upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    pub key: String,
    pub sequencer: String,
}

impl Upload {
    pub fn new(key: &str, number: u32) -> Self {
        Self {
            key: key.to_owned(),
            sequencer: format!("{number:018X}"),
        }
    }

    /// Returns the etag of its content, which no other upload has.
    pub fn etag(&self) -> String {
        format!("{:0>32}", self.sequencer.to_lowercase())
    }
}

/// Returns a key as S3 writes it in notifications and inventories.
pub(crate) fn encoded(key: &str) -> String {
    let encoded = utf8_percent_encode(key, ENCODED).to_string();
    encoded.replace("%20", "+")
}

/// Returns one record as S3 writes it.
pub fn record(upload: &Upload) -> Value {
    let key = encoded(&upload.key);
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-11-22T10:00:00.000Z", "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "A1"}, "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "status",
            "bucket": {"name": "uploads", "ownerIdentity": {"principalId": "A1"}, "arn": "arn:aws:s3:::uploads"},
            "object": {"key": key, "size": 67, "eTag": upload.etag(), "sequencer": upload.sequencer}
        }
    })
}

/// Returns the notification of one or more uploads.
pub fn notification(uploads: &[Upload]) -> String {
    let records: Vec<Value> = uploads.iter().map(record).collect();
    json!({ "Records": records }).to_string()
}

/// Returns Spillway's own message of an upload.
pub fn own_message(upload: &Upload) -> String {
    let reported = message::parse(&notification(std::slice::from_ref(upload)));
    let events = reported.expect("a notification").into_events();
    message::own::encode(events.first().expect("one record"))
}
