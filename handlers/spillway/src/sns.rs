//! Messages that a topic of SNS delivered without raw delivery: the message proper is a text within an envelope.
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html>

use serde_json::{Map, Value};
use thiserror::Error;

/// Why an envelope was not opened. The text is what its message carries into the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SnsError {
    #[error(
        "it is an SNS {0}: confirm the subscription with its SubscribeURL, or subscribe the queue from its own account"
    )]
    Confirmation(String),
    #[error("the SNS notification has no Message")]
    NoMessage,
    #[error("an SNS notification within an SNS notification: topics do not chain by way of SQS")]
    Nested,
}

/// Whether a body is an envelope of SNS.
pub fn is_one(fields: &Map<String, Value>) -> bool {
    let text = |name| fields.get(name).and_then(Value::as_str);
    text("Type").is_some() && text("TopicArn").is_some()
}

/// The message within.
pub fn message(fields: &Map<String, Value>) -> Result<&str, SnsError> {
    let text = |name| fields.get(name).and_then(Value::as_str);
    match text("Type") {
        Some("Notification") => text("Message").ok_or(SnsError::NoMessage),
        other => Err(SnsError::Confirmation(
            other.unwrap_or_default().chars().take(64).collect(),
        )),
    }
}
