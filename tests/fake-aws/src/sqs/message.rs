//! A message in a queue.

use serde_json::{Map, Value};

/// A message as the queue holds it.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    /// Given at the send; kept in the move to a dead-letter queue, new after a redrive by an
    /// operator.
    pub id: String,
    /// The body.
    pub body: String,
    /// `MessageGroupId`, if the sender gave one.
    pub group: Option<String>,
    /// `MessageDeduplicationId`, in a FIFO queue.
    pub deduplication_id: Option<String>,
    /// `SequenceNumber`, in a FIFO queue.
    pub sequence_number: Option<String>,
    /// Message attributes, each as in the API: `{"DataType": …, "StringValue": …}`.
    pub attributes: Map<String, Value>,
    /// The clock that retention runs by, in milliseconds since the epoch.
    pub enqueued_ms: i64,
    /// First receive, in milliseconds since the epoch.
    pub first_received_ms: Option<i64>,
    /// Newest receive, in milliseconds since the epoch.
    pub received_ms: Option<i64>,
    /// Receives so far, over all queues it was in.
    pub receives: u32,
    /// The queue it came from, if SQS itself moved it to a dead-letter queue: an ARN.
    pub dead_letter_source: Option<String>,
    /// Hidden until then, in milliseconds since the epoch.
    pub(super) hidden_until_ms: i64,
    /// Whether it is hidden because of a receive (and not of a delay).
    pub(super) received: bool,
    /// Counts receives, to tell the newest receipt handle from older ones.
    pub(super) handle: u64,
}

impl StoredMessage {
    /// Returns the string value of a message attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?["StringValue"].as_str()
    }

    pub(super) fn in_flight(&self, now_ms: i64) -> bool {
        self.received && self.hidden_until_ms > now_ms
    }
}
