//! SendMessage.

use serde_json::{Map, Value, json};

use super::fifo::Ordering;
use super::message::StoredMessage;
use super::{invalid, no_such_queue, queue_name};
use crate::calls::Call;
use crate::error::ApiError;
use crate::{World, lock};

/// The longest delay: 15 minutes, in seconds.
const MAX_DELAY_S: u64 = 900;
const MAX_ATTRIBUTES: usize = 10;

pub(super) fn send_message(
    world: &World,
    call: &mut Call,
    body: &Value,
) -> Result<Value, ApiError> {
    send(world, call, queue_name(body), body)
}

/// Returns one message, of a SendMessage or of an entry of its batch.
pub(super) fn send(
    world: &World,
    call: &mut Call,
    queue: &str,
    message: &Value,
) -> Result<Value, ApiError> {
    let now_ms = world.clock.now_ms();
    let mut sqs = lock(&world.sqs);
    let id = sqs.rng.uuid();
    let queue = sqs.queues.get_mut(queue).ok_or_else(no_such_queue)?;
    let body = message["MessageBody"].as_str().unwrap_or_default();
    let attributes = message["MessageAttributes"].as_object();
    let attributes = attributes.cloned().unwrap_or_default();
    check(body, &attributes)?;
    if size(message) > queue.config.max_message_bytes {
        return Err(invalid(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
            queue.config.max_message_bytes
        )));
    }
    let ordering = Ordering::of(&queue.config, message)?;
    let delay_s = match message["DelaySeconds"].as_u64() {
        Some(seconds) if seconds > MAX_DELAY_S => {
            return Err(invalid(format!(
                "Value {seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
            )));
        }
        Some(seconds) if !queue.config.is_fifo() => seconds,
        _ => queue.config.delay.as_secs(),
    };
    let mut answer = json!({"MessageId": &id, "MD5OfMessageBody": md5(body)});
    if let Some((known, sequence)) = queue.fifo.known(&queue.config, &ordering, now_ms) {
        call.facts.message_ids.push(known.to_owned());
        answer["MessageId"] = known.into();
        answer["SequenceNumber"] = sequence.into();
        return Ok(answer);
    }
    call.facts.message_ids.push(id.clone());
    let mut message = new_message(id, body, attributes, now_ms, delay_s);
    message.group = ordering.group;
    message.deduplication_id = ordering.deduplication;
    let message = queue.send(message, now_ms);
    if let Some(sequence) = &message.sequence_number {
        answer["SequenceNumber"] = sequence.as_str().into();
    }
    Ok(answer)
}

/// Returns a message as it is right after its send.
pub(super) fn new_message(
    id: String,
    body: &str,
    attributes: Map<String, Value>,
    now_ms: i64,
    delay_s: u64,
) -> StoredMessage {
    StoredMessage {
        id,
        body: body.to_owned(),
        group: None,
        deduplication_id: None,
        sequence_number: None,
        attributes,
        enqueued_ms: now_ms,
        first_received_ms: None,
        received_ms: None,
        receives: 0,
        dead_letter_source: None,
        hidden_until_ms: now_ms + delay_s as i64 * 1000,
        received: false,
        handle: 0,
    }
}

fn check(body: &str, attributes: &Map<String, Value>) -> Result<(), ApiError> {
    if body.is_empty() {
        let message = "The request must contain the parameter MessageBody.";
        return Err(ApiError::new("MissingParameter", message));
    }
    if !body.chars().all(is_allowed) {
        let message = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | \
                       #xE000 to #xFFFD | #x10000 to #x10FFFF";
        return Err(ApiError::new("InvalidMessageContents", message));
    }
    if attributes.len() > MAX_ATTRIBUTES {
        let count = attributes.len();
        return Err(invalid(format!(
            "Number of message attributes [{count}] exceeds the allowed maximum [10]."
        )));
    }
    for (name, attribute) in attributes {
        let kind = attribute["DataType"].as_str().unwrap_or_default();
        let text = attribute["StringValue"].as_str();
        let fits = match kind.split('.').next() {
            Some("String") => text.is_some_and(|text| !text.is_empty()),
            Some("Number") => text.is_some_and(|text| text.parse::<f64>().is_ok()),
            Some("Binary") => attribute["BinaryValue"].is_string(),
            _ => false,
        };
        if !fits {
            return Err(invalid(format!(
                "The message attribute '{name}' must contain a non-empty value that fits its type '{kind}'."
            )));
        }
    }
    Ok(())
}

fn is_allowed(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// Returns the bytes that count against the size limits: the body, and names, types and values of
/// the attributes.
pub(super) fn size(message: &Value) -> usize {
    let text = |value: &Value| value.as_str().map_or(0, str::len);
    let attributes = message["MessageAttributes"].as_object();
    let of_attributes: usize = attributes
        .into_iter()
        .flatten()
        .map(|(name, attribute)| {
            let value = text(&attribute["StringValue"]) + text(&attribute["BinaryValue"]);
            name.len() + text(&attribute["DataType"]) + value
        })
        .sum();
    text(&message["MessageBody"]) + of_attributes
}

pub(super) fn md5(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}
