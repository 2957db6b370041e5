//! ReceiveMessage.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::time::sleep_until;

use super::handle::Handle;
use super::message::StoredMessage;
use super::queue::GoneHow;
use super::send::md5;
use super::{Request, SqsWorld, fifo, invalid, queue_name, strings};
use crate::calls::Call;
use crate::error::ApiError;
use crate::{World, lock};

const MAX_WAIT_S: i64 = 20;
const MAX_VISIBILITY_S: i64 = 43_200;

pub(super) async fn receive_message(
    world: &Arc<World>,
    call: &mut Call,
    body: &Value,
) -> Result<Value, ApiError> {
    let queue_name = queue_name(body);
    let most = within(body, "MaxNumberOfMessages", 1, 10)?.unwrap_or(1);
    let visibility_s = within(body, "VisibilityTimeout", 0, MAX_VISIBILITY_S)?;
    let wait_s = within(body, "WaitTimeSeconds", 0, MAX_WAIT_S)?;

    let now_ms = world.clock.now_ms();
    let (wait_ms, changed, misses) = {
        let mut guard = lock(&world.sqs);
        let sqs: &mut SqsWorld = &mut guard;
        let queue = sqs.queue(queue_name, now_ms)?;
        let queue_default_ms = queue.config.receive_wait.as_millis() as i64;
        let wait_ms = wait_s.map_or(queue_default_ms, |seconds| seconds * 1000);
        let (changed, odds) = (queue.changed.clone(), queue.config.possible());
        let misses = wait_ms > 0 && sqs.rng.chance(odds.long_poll_misses);
        (wait_ms, changed, misses)
    };
    let request = Request {
        queue: queue_name,
        most: most as usize,
        visibility_ms: visibility_s.map(|seconds| seconds * 1000),
        short_poll: wait_ms == 0,
        attempt: body["ReceiveRequestAttemptId"].as_str(),
    };
    let deadline_ms = now_ms + wait_ms;
    if misses {
        sleep_until(world.clock.instant(deadline_ms)).await;
        return Ok(json!({}));
    }
    loop {
        // Made before the look, so that a message that comes in between wakes it.
        let change = changed.notified();
        world.catch_up();
        let now_ms = world.clock.now_ms();
        let (messages, next_ms) = {
            let mut sqs = lock(&world.sqs);
            let messages = take(&mut sqs, &request, now_ms)?;
            let queue = sqs.queue(queue_name, now_ms)?;
            let next_ms = if messages.is_empty() {
                queue.next_visible_ms(now_ms)
            } else {
                None
            };
            (messages, next_ms)
        };
        if !messages.is_empty() {
            call.facts.message_ids = messages.iter().map(|message| message.id.clone()).collect();
            let shown: Vec<Value> = messages.iter().map(|message| show(message, body)).collect();
            return Ok(json!({"Messages": shown}));
        }
        if now_ms >= deadline_ms {
            return Ok(json!({}));
        }
        let wake_ms = next_ms.map_or(deadline_ms, |next_ms| next_ms.min(deadline_ms));
        tokio::select! {
            // Without it, tokio would toss its own coin.
            biased;
            () = change => {}
            () = sleep_until(world.clock.instant(wake_ms)) => {}
        }
    }
}

fn within(body: &Value, name: &str, least: i64, most: i64) -> Result<Option<i64>, ApiError> {
    match body[name].as_i64() {
        Some(value) if !(least..=most).contains(&value) => Err(invalid(format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be >= {least} and <= {most}, if provided."
        ))),
        value => Ok(value),
    }
}

/// Receives visible messages, in the order of the queue's settings; moves to the dead-letter queue
/// those received too often.
fn take(
    sqs: &mut SqsWorld,
    request: &Request,
    now_ms: i64,
) -> Result<Vec<StoredMessage>, ApiError> {
    sqs.queue(request.queue, now_ms)?;
    let SqsWorld { queues, rng } = sqs;
    let Some(queue) = queues.get_mut(request.queue) else {
        return Ok(Vec::new());
    };
    let is_fifo = queue.config.is_fifo();
    if is_fifo
        && let Some(again) = queue
            .fifo
            .again(&queue.config, &mut queue.messages, request, now_ms)
    {
        return Ok(again);
    }
    let odds = queue.config.possible();
    let misses = if request.short_poll {
        odds.short_poll_misses
    } else {
        0.0
    };
    let mut visible = Vec::new();
    let mut in_flight = 0;
    for (&place, message) in &queue.messages {
        if message.hidden_until_ms <= now_ms {
            visible.push(place);
        } else if message.received {
            in_flight += 1;
        }
    }
    if is_fifo {
        visible = fifo::deliverable(&queue.config, &queue.messages, now_ms, rng, misses);
    } else if queue.config.unordered {
        rng.shuffle(&mut visible);
    }
    let room = queue.config.in_flight_limit.saturating_sub(in_flight);
    if room == 0 && request.short_poll && !is_fifo {
        let message = "Too many messages in flight.";
        return Err(ApiError::new("OverLimit", message));
    }

    let visibility_ms = request.visibility_ms(&queue.config);
    let mut received = Vec::new();
    let mut receipts = Vec::new();
    let mut dead = Vec::new();
    for place in visible {
        if received.len() == request.most.min(room) {
            break;
        }
        // In a FIFO queue whole groups were missed, or the order would suffer.
        if !is_fifo && rng.chance(misses) {
            continue;
        }
        let Some(message) = queue.messages.get_mut(&place) else {
            continue;
        };
        let redrive = queue.config.redrive.as_ref();
        if let Some(redrive) = redrive.filter(|redrive| message.receives >= redrive.max_receives) {
            let target = redrive.dead_letter_queue.clone();
            if let Some(mut message) = queue.take_out(place, GoneHow::DeadLettered, now_ms) {
                message.dead_letter_source = Some(queue.arn.clone());
                message.hidden_until_ms = now_ms;
                message.received = false;
                if is_fifo {
                    message.enqueued_ms = now_ms;
                    message.deduplication_id = Some(message.id.clone());
                }
                dead.push((target, message));
            }
            continue;
        }
        message.receives += 1;
        message.handle += 1;
        message.received = true;
        message.first_received_ms.get_or_insert(now_ms);
        message.received_ms = Some(now_ms);
        let twice = rng.chance(odds.delivered_twice);
        message.hidden_until_ms = if twice {
            now_ms
        } else {
            now_ms + visibility_ms
        };
        receipts.push((place, message.handle, message.hidden_until_ms));
        received.push(message.clone());
    }
    if let Some(attempt) = request.attempt.filter(|_| is_fifo && !receipts.is_empty()) {
        queue.fifo.remember_receive(attempt, receipts, now_ms);
    }
    for (target, message) in dead {
        let target = queues.get_mut(&target);
        let target = target.expect("create_queue checked that the dead-letter queue exists");
        target.expire(now_ms);
        target.add(message);
    }
    Ok(received)
}

/// Returns a message as a consumer sees it: with the attributes it asked for.
fn show(message: &StoredMessage, request: &Value) -> Value {
    let mut shown = json!({
        "MessageId": &message.id,
        "ReceiptHandle": Handle::text(&message.id, message.handle),
        "Body": &message.body,
        "MD5OfBody": md5(&message.body),
    });
    let mut asked = strings(&request["MessageSystemAttributeNames"]);
    asked.extend(strings(&request["AttributeNames"]));
    let system: Map<String, Value> = system_attributes(message)
        .into_iter()
        .filter(|(name, _)| asked.contains(&"All") || asked.contains(name))
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    if !system.is_empty() {
        shown["Attributes"] = system.into();
    }
    let asked = strings(&request["MessageAttributeNames"]);
    let own: Map<String, Value> = message
        .attributes
        .iter()
        .filter(|(name, _)| asked.iter().any(|pattern| matches(pattern, name)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if !own.is_empty() {
        shown["MessageAttributes"] = own.into();
    }
    shown
}

fn system_attributes(message: &StoredMessage) -> Vec<(&'static str, String)> {
    let mut attributes = vec![
        ("SenderId", "AROAFAKE:fake-aws".to_owned()),
        ("SentTimestamp", message.enqueued_ms.to_string()),
        ("ApproximateReceiveCount", message.receives.to_string()),
    ];
    if let Some(first_ms) = message.first_received_ms {
        attributes.push(("ApproximateFirstReceiveTimestamp", first_ms.to_string()));
    }
    let optional = [
        ("DeadLetterQueueSourceArn", &message.dead_letter_source),
        ("MessageGroupId", &message.group),
        ("MessageDeduplicationId", &message.deduplication_id),
        ("SequenceNumber", &message.sequence_number),
    ];
    for (name, value) in optional {
        attributes.extend(value.clone().map(|value| (name, value)));
    }
    attributes
}

/// Returns whether a pattern matches: "All", ".*", "prefix.*" or the name itself.
fn matches(pattern: &str, name: &str) -> bool {
    pattern == "All"
        || pattern == name
        || pattern
            .strip_suffix(".*")
            .is_some_and(|prefix| name.starts_with(prefix))
}
