//! Messages of the events queue: the meaning of a body, and Spillway's own messages.

pub mod admission;
pub mod eventbridge;
pub mod fifo;
pub mod notification;
pub mod outgoing;
pub mod own;
pub mod sns;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::SCHEMA_VERSION;
use crate::event::{EventError, ObjectEvent, Reported};
use crate::message::eventbridge::EventBridgeError;
use crate::message::notification::NotificationError;
use crate::message::sns::SnsError;
use crate::text::{cut, json_body};

/// The message attribute that names the attempt a message asks for. S3's own messages have none:
/// attempt 1.
pub const ATTEMPT: &str = "attempt";
/// The message attribute that says why a message is in the dead-letter queue.
pub const REASON: &str = "reason";
/// The message attribute that names the lane a message came by. It only informs.
pub const LANE: &str = "lane";
/// The message attribute that names the execution after which an object event was dead-lettered.
pub const EXECUTION: &str = "execution";

/// The largest attempt a message can ask for; a bound for the length of execution names.
pub const MAX_ATTEMPT: u32 = 999_999;

/// A message as it was received.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Received {
    /// SQS's own: the same however often the message is received.
    pub id: String,
    pub body: String,
    /// The handle that deletes the message or hides it.
    pub receipt: String,
    /// The attribute [`ATTEMPT`].
    pub attempt: Option<String>,
    /// How often it was received, this time included: about.
    pub receives: u32,
}

/// The contents of a message's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Spillway's own message: one object event.
    Own(ObjectEvent),
    /// S3's records, at least one. One that is not understood says nothing about the others.
    Reported(Vec<Result<Reported, Refused>>),
    /// S3 sends `s3:TestEvent` when a notification is configured; there is nothing to do for it.
    TestEvent,
}

/// A record that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub error: MessageError,
    /// As it was sent, without the last digits of a fraction.
    record: Value,
}

impl Refused {
    /// Returns a message's body with this record alone.
    pub fn body(&self) -> String {
        json_body(notification::of_record(&self.record))
    }
}

impl Body {
    /// Returns the object events that were understood.
    pub fn into_events(self) -> Vec<ObjectEvent> {
        match self {
            Self::Own(event) => vec![event],
            Self::Reported(records) => {
                let created = |record| match record {
                    Ok(Reported::Created(event)) => Some(event),
                    _ => None,
                };
                records.into_iter().filter_map(created).collect()
            }
            Self::TestEvent => Vec::new(),
        }
    }
}

/// The reason why a message was not understood. The message carries the text into the dead-letter
/// queue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    #[error("the body is not JSON: {0}; find the sender, and discard the message")]
    Json(String),
    #[error(
        "the body is neither an S3 notification, nor an EventBridge event, nor one of Spillway's messages, nor an SNS \
         notification of one of them. Find the sender, and discard the message"
    )]
    Dialect,
    #[error(
        "the message has schema version {0}; this release reads {SCHEMA_VERSION} and its neighbours: apply the \
         release that sent it, then redrive"
    )]
    Schema(u32),
    #[error("the message's fields do not fit: {0}; find the sender, and discard the message")]
    Fields(String),
    #[error(
        "the attempt {0:?} is not a whole number from 1 to {MAX_ATTEMPT}: send the message again with one, then discard this one"
    )]
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

/// Understands a message's body, in any of the dialects. Returns its contents.
pub fn parse(body: &str) -> Result<Body, MessageError> {
    read(json(body)?)
}

/// Understands a body that is JSON. Returns its contents.
pub fn read(body: Value) -> Result<Body, MessageError> {
    let fields = object(body)?;
    if !sns::is_envelope(&fields) {
        return unwrapped(fields);
    }
    let inside = object(json(sns::inside(&fields)?)?)?;
    if sns::is_envelope(&inside) {
        return Err(sns::nested(&inside).into());
    }
    unwrapped(inside)
}

fn json(text: &str) -> Result<Value, MessageError> {
    serde_json::from_str(text).map_err(|error| MessageError::Json(quoted(&error)))
}

fn object(body: Value) -> Result<Map<String, Value>, MessageError> {
    match body {
        Value::Object(fields) => Ok(fields),
        _ => Err(MessageError::Dialect),
    }
}

fn unwrapped(mut fields: Map<String, Value>) -> Result<Body, MessageError> {
    if let Some(version) = fields.get("spillway").cloned() {
        return own::read(&version, Value::Object(fields)).map(Body::Own);
    }
    if let Some(records) = fields.remove("Records") {
        let Value::Array(records) = records else {
            return Err(MessageError::Fields("Records is not a list".into()));
        };
        let records = notification::records(records)?.into_iter();
        let refused = |(error, record): (NotificationError, Value)| Refused {
            error: error.into(),
            record,
        };
        return Ok(Body::Reported(
            records.map(|record| record.map_err(refused)).collect(),
        ));
    }
    if fields.contains_key("detail-type") {
        return Ok(Body::Reported(vec![Ok(eventbridge::reported(fields)?)]));
    }
    if fields.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Body::TestEvent);
    }
    Err(MessageError::Dialect)
}

impl Body {
    /// Returns the attempt that a message asks for: the first, unless it is Spillway's own. An
    /// attribute of the same name that somebody else put beside a report of S3 is not Spillway's.
    pub fn attempt(&self, attribute: Option<&str>) -> Result<u32, MessageError> {
        match self {
            Self::Own(_) => own::attempt(attribute),
            Self::Reported(_) | Self::TestEvent => Ok(1),
        }
    }
}

/// Returns the parser's words, which can quote the body: cut to the length that shows the fault.
pub(super) fn quoted(error: &serde_json::Error) -> String {
    cut(&error.to_string(), 120).to_owned()
}

#[cfg(test)]
mod tests;
