//! Receipt handles, and their uses: delete, change of visibility.

use serde_json::{Value, json};

use super::queue::GoneHow;
use super::{SqsWorld, invalid};
use crate::error::ApiError;
use crate::{World, lock};

/// The longest time a message can be hidden, counted from its receive: 12 hours, in seconds.
const MAX_VISIBILITY_S: i64 = 43_200;

/// A receipt handle names the message and the receive.
pub(super) struct Handle {
    pub(super) message_id: String,
    pub(super) receive: u64,
}

impl Handle {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (message_id, receive) = text.strip_prefix("fake:")?.split_once(':')?;
        Some(Self {
            message_id: message_id.to_owned(),
            receive: receive.parse().ok()?,
        })
    }

    pub(super) fn text(message_id: &str, receive: u64) -> String {
        format!("fake:{message_id}:{receive}")
    }

    fn of(body: &Value) -> Result<Self, ApiError> {
        let text = body["ReceiptHandle"].as_str().unwrap_or_default();
        Self::parse(text).ok_or_else(|| {
            let message =
                format!("The input receipt handle \"{text}\" is not a valid receipt handle.");
            ApiError::new("ReceiptHandleIsInvalid", message)
        })
    }
}

/// Does DeleteMessage, or one entry of its batch. Succeeds for all text that once was a receipt
/// handle.
pub(super) fn delete_message(world: &World, queue: &str, body: &Value) -> Result<Value, ApiError> {
    let now_ms = world.clock.now_ms();
    let mut guard = lock(&world.sqs);
    let sqs: &mut SqsWorld = &mut guard;
    sqs.queue(queue, now_ms)?;
    let handle = Handle::of(body)?;
    let SqsWorld { queues, rng } = sqs;
    let Some(queue) = queues.get_mut(queue) else {
        return Ok(json!({}));
    };
    let odds = queue.config.possible();
    let fifo = queue.config.is_fifo();
    if let Some((place, message)) = queue.find(&handle.message_id) {
        // A consumer of a standard queue is not told that it was too late.
        if fifo && !(handle.receive == message.handle && message.in_flight(now_ms)) {
            let text = body["ReceiptHandle"].as_str().unwrap_or_default();
            return Err(invalid(format!(
                "Value {text} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
            )));
        }
        let deletes = if handle.receive == message.handle {
            !rng.chance(odds.back_after_delete)
        } else {
            rng.chance(odds.old_handle_deletes)
        };
        if deletes {
            queue.take_out(place, GoneHow::Deleted, now_ms);
            // The rest of its group can come now.
            queue.changed.notify_waiters();
        }
    }
    Ok(json!({}))
}

/// Does ChangeMessageVisibility, or one entry of its batch.
pub(super) fn change_visibility(
    world: &World,
    queue: &str,
    body: &Value,
) -> Result<Value, ApiError> {
    let now_ms = world.clock.now_ms();
    let mut sqs = lock(&world.sqs);
    let queue = sqs.queue(queue, now_ms)?;
    let handle = Handle::of(body)?;
    let seconds = body["VisibilityTimeout"].as_i64().unwrap_or(-1);
    if !(0..=MAX_VISIBILITY_S).contains(&seconds) {
        return Err(invalid(format!(
            "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200."
        )));
    }
    let Some((_, message)) = queue.find(&handle.message_id) else {
        return Err(invalid(
            "Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for \
             visibility timeout change.",
        ));
    };
    if !message.in_flight(now_ms) {
        let code = "AWS.SimpleQueueService.MessageNotInflight";
        return Err(ApiError::new(
            code,
            "The message referred to isn't in flight.",
        ));
    }
    let until_ms = now_ms + seconds * 1000;
    if until_ms > message.received_ms.unwrap_or(now_ms) + MAX_VISIBILITY_S * 1000 {
        return Err(invalid(format!(
            "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the \
             message is beyond the limit [43200 seconds]."
        )));
    }
    // Nothing is documented for an older handle of a message that someone else now has: it changes
    // nothing here.
    if handle.receive == message.handle {
        message.hidden_until_ms = until_ms;
        queue.changed.notify_waiters();
    }
    Ok(json!({}))
}
