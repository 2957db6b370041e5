//! Amazon SQS, standard and FIFO queues.

mod batch;
mod config;
mod fifo;
mod handle;
mod message;
mod operator;
mod queue;
mod receive;
mod send;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use config::{Odds, QueueConfig, Redrive};
pub use message::StoredMessage;
pub use operator::{MessageView, Queue, Sqs};
pub use queue::{Gone, GoneHow};

use crate::calls::{Call, Facts};
use crate::error::ApiError;
use crate::rng::Rng;
use crate::{World, lock};
use handle::Handle;
use queue::QueueState;

/// All queues.
pub(crate) struct SqsWorld {
    queues: BTreeMap<String, QueueState>,
    rng: Rng,
}

impl SqsWorld {
    pub(crate) fn new(rng: Rng) -> Self {
        Self {
            queues: BTreeMap::new(),
            rng,
        }
    }

    /// Returns the queue of this name, without expired messages.
    fn queue(&mut self, name: &str, now_ms: i64) -> Result<&mut QueueState, ApiError> {
        let queue = self.queues.get_mut(name).ok_or_else(no_such_queue)?;
        queue.expire(now_ms);
        Ok(queue)
    }
}

/// The parameters of one receive.
struct Request<'a> {
    queue: &'a str,
    most: usize,
    visibility_ms: Option<i64>,
    short_poll: bool,
    attempt: Option<&'a str>,
}

impl Request<'_> {
    fn visibility_ms(&self, config: &QueueConfig) -> i64 {
        let of_queue = config.visibility_timeout.as_millis() as i64;
        self.visibility_ms.unwrap_or(of_queue)
    }
}

fn no_such_queue() -> ApiError {
    ApiError::new(
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
    )
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterValue", message)
}

/// Returns the subject of a request, as far as it says.
pub(crate) fn facts(body: &Value) -> Facts {
    let single = body["ReceiptHandle"].as_str();
    let entries = body["Entries"].as_array().into_iter().flatten();
    let of_entries = entries.filter_map(|entry| entry["ReceiptHandle"].as_str());
    let handles = single.into_iter().chain(of_entries);
    Facts {
        queue: Some(queue_name(body).to_owned()),
        message_ids: handles
            .filter_map(|handle| Some(Handle::parse(handle)?.message_id))
            .collect(),
        ..Facts::default()
    }
}

fn queue_name(body: &Value) -> &str {
    let url = body["QueueUrl"].as_str().unwrap_or_default();
    let url = url.trim_end_matches('/');
    url.rsplit_once('/').map_or("", |(_, name)| name)
}

pub(crate) async fn perform(world: &Arc<World>, call: &mut Call) -> Result<Value, ApiError> {
    let body = call.request.clone();
    let operation = call.operation.clone();
    match operation.as_str() {
        "SendMessage" => send::send_message(world, call, &body),
        "ReceiveMessage" => receive::receive_message(world, call, &body).await,
        "DeleteMessage" => handle::delete_message(world, queue_name(&body), &body),
        "ChangeMessageVisibility" => handle::change_visibility(world, queue_name(&body), &body),
        "SendMessageBatch" | "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" => {
            batch::perform(world, call, &body)
        }
        "GetQueueAttributes" => get_queue_attributes(world, &body),
        "GetQueueUrl" => {
            let name = body["QueueName"].as_str().unwrap_or_default();
            let mut sqs = lock(&world.sqs);
            let queue = sqs.queue(name, world.clock.now_ms())?;
            Ok(json!({"QueueUrl": queue.url}))
        }
        other => Err(ApiError::not_modelled(&format!("SQS {other}"))),
    }
}

/// Delivers a message from another AWS service. Nothing happens if the queue is not there.
pub(crate) fn deliver(world: &World, queue: &str, body: &str, at_ms: i64) {
    let known = lock(&world.sqs).queues.contains_key(queue);
    if known {
        put_in(world, queue, body, Map::new(), at_ms);
    }
}

/// Puts a message into a queue that is there. Returns its id.
fn put_in(
    world: &World,
    queue: &str,
    body: &str,
    attributes: Map<String, Value>,
    now_ms: i64,
) -> String {
    let mut sqs = lock(&world.sqs);
    let id = sqs.rng.uuid();
    let queue = sqs.queues.get_mut(queue).expect("queues are never deleted");
    queue.refuse_outsiders();
    let delay_s = queue.config.delay.as_secs();
    queue.add(send::new_message(
        id.clone(),
        body,
        attributes,
        now_ms,
        delay_s,
    ));
    id
}

fn get_queue_attributes(world: &World, body: &Value) -> Result<Value, ApiError> {
    let now_ms = world.clock.now_ms();
    let mut sqs = lock(&world.sqs);
    let queue = sqs.queue(queue_name(body), now_ms)?;
    let mut all = queue.config.attributes();
    let counts = queue.counts(now_ms);
    all.extend([
        ("QueueArn", queue.arn.clone()),
        ("ApproximateNumberOfMessages", counts.visible.to_string()),
        (
            "ApproximateNumberOfMessagesNotVisible",
            counts.in_flight.to_string(),
        ),
        (
            "ApproximateNumberOfMessagesDelayed",
            counts.delayed.to_string(),
        ),
    ]);
    let asked: Vec<&str> = strings(&body["AttributeNames"]);
    let answer: Map<String, Value> = all
        .into_iter()
        .filter(|(name, _)| asked.contains(&"All") || asked.contains(name))
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    Ok(json!({"Attributes": answer}))
}

fn strings(list: &Value) -> Vec<&str> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}
