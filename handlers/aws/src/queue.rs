//! One SQS queue.

use std::collections::{HashMap, HashSet};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry,
};
use futures_util::future::join_all;
use tracing::warn;

use super::error::AwsError;
use spillway::message::outgoing::Outgoing;
use spillway::message::{ATTEMPT, EXECUTION, LANE, REASON, Received};
use spillway::text::attribute_value;

/// Entries of one batch call, and messages of one receive.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub const BATCH: usize = 10;
/// Bytes of a text attribute.
const ATTRIBUTE_BYTES: usize = 512;
/// How often an entry of a batch that failed is tried.
const BATCH_ROUNDS: u32 = 3;

/// The attributes of a message.
fn attributes(message: &Outgoing) -> Option<HashMap<String, MessageAttributeValue>> {
    let attribute = |kind: &str, value: String| {
        MessageAttributeValue::builder()
            .data_type(kind)
            .string_value(value)
            .build()
            .ok()
    };
    let mut attributes = HashMap::new();
    if let Some(attempt) = &message.attempt {
        // Numbers stay numbers; what a sender wrote wrongly is kept as it was.
        let kind = if attempt.parse::<u32>().is_ok() {
            "Number"
        } else {
            "String"
        };
        attributes.insert(ATTEMPT, attribute(kind, attempt.clone())?);
    }
    for (name, value) in [
        (REASON, &message.reason),
        (EXECUTION, &message.execution),
        (LANE, &message.lane),
    ] {
        if let Some(value) = value {
            attributes.insert(
                name,
                attribute("String", attribute_value(value, ATTRIBUTE_BYTES))?,
            );
        }
    }
    let attributes = attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Some(attributes).filter(|attributes: &HashMap<_, _>| !attributes.is_empty())
}

/// The delay of a message.
fn delay(message: &Outgoing) -> Option<i32> {
    // Absent rather than 0: the queue's own delay then holds.
    i32::try_from(message.delay_seconds)
        .ok()
        .filter(|delay| *delay > 0)
}

/// What depends on the kind of queue that a message goes to.
#[derive(Debug, Default)]
struct Sending {
    delay: Option<i32>,
    group: Option<String>,
    deduplication: Option<String>,
}

/// One queue.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Whether it is a FIFO queue: their names end so, and no others.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>
    pub fn is_fifo(&self) -> bool {
        self.url.ends_with(".fifo")
    }

    fn sending(&self, message: &Outgoing, call: &'static str) -> Result<Sending, AwsError> {
        if !self.is_fifo() {
            return Ok(Sending {
                delay: delay(message),
                ..Sending::default()
            });
        }
        let Some(fifo) = message.fifo.clone() else {
            return Err(AwsError::Call {
                call,
                reason:
                    "the queue is a FIFO queue, and the message has no group and deduplication id"
                        .into(),
            });
        };
        Ok(Sending {
            delay: None,
            group: Some(fifo.group),
            deduplication: Some(fifo.deduplication),
        })
    }

    /// Receives at most `most` messages (1 to 10), waiting up to `wait_seconds` (0 to 20) for the first. Only a
    /// wait above 0 asks all of SQS's servers, so only then does an empty answer mean an empty queue.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
    pub async fn receive(&self, most: u32, wait_seconds: u32) -> Result<Vec<Received>, AwsError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(most.clamp(1, BATCH as u32) as i32)
            .wait_time_seconds(wait_seconds.min(20) as i32)
            .message_attribute_names(ATTEMPT)
            .send()
            .await
            .map_err(|error| AwsError::call("receiving messages", &error))?;
        let messages = answer.messages.unwrap_or_default().into_iter();
        Ok(messages
            .map(|received| Received {
                id: received.message_id.unwrap_or_default(),
                attempt: received
                    .message_attributes
                    .and_then(|mut attributes| attributes.remove(ATTEMPT))
                    .and_then(|attempt| attempt.string_value),
                body: received.body.unwrap_or_default(),
                receipt: received.receipt_handle.unwrap_or_default(),
            })
            .collect())
    }

    /// Messages waiting to be received: an approximate number.
    pub async fn backlog(&self) -> Result<u64, AwsError> {
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .send()
            .await
            .map_err(|error| AwsError::call("asking for the backlog", &error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let waiting = attributes.get(&QueueAttributeName::ApproximateNumberOfMessages);
        Ok(waiting
            .and_then(|number| number.parse().ok())
            .unwrap_or_default())
    }

    /// Sends one message.
    pub async fn send(&self, message: &Outgoing) -> Result<(), AwsError> {
        const CALL: &str = "sending a message";
        let sending = self.sending(message, CALL)?;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(&message.body)
            .set_delay_seconds(sending.delay)
            .set_message_group_id(sending.group)
            .set_message_deduplication_id(sending.deduplication)
            .set_message_attributes(attributes(message))
            .send()
            .await
            .map_err(|error| AwsError::call(CALL, &error))?;
        Ok(())
    }

    /// Sends messages of a few KiB each, and returns how each went, after all were tried.
    ///
    /// In a FIFO queue those of one group arrive in the order given, even if some are refused at first. After one that
    /// is given up none of its group is sent.
    pub async fn send_all(&self, messages: &[Outgoing]) -> Vec<Result<(), AwsError>> {
        if let [message] = messages {
            return vec![self.send(message).await];
        }
        let mut results: Vec<Result<(), AwsError>> = messages.iter().map(|_| Ok(())).collect();
        let mut waiting: Vec<usize> = (0..messages.len()).collect();
        let mut tries = vec![0; messages.len()];
        while !waiting.is_empty() {
            let batch = self.next_batch(messages, &waiting);
            let sent = match self.send_batch(messages, &batch).await {
                Ok(sent) => sent,
                Err(problem) => {
                    set(&mut results, &waiting, &problem);
                    return results;
                }
            };
            waiting.retain(|index| !sent.contains(index));
            for index in batch.iter().filter(|index| !sent.contains(index)) {
                let Some(tries) = tries.get_mut(*index) else {
                    continue;
                };
                *tries += 1;
                if *tries == BATCH_ROUNDS {
                    let (unsent, rest): (Vec<usize>, Vec<usize>) = waiting
                        .into_iter()
                        .partition(|other| self.follows(messages, *index, *other));
                    waiting = rest;
                    set(&mut results, &unsent, &refused());
                }
            }
        }
        results
    }

    /// Whether a message cannot be sent when the one at `given_up` is not: itself, and the others of its group.
    fn follows(&self, messages: &[Outgoing], given_up: usize, other: usize) -> bool {
        let group = |index: usize| {
            let fifo = messages.get(index)?.fifo.as_ref()?;
            Some(fifo.group.as_str()).filter(|_| self.is_fifo())
        };
        other == given_up || (group(other).is_some() && group(other) == group(given_up))
    }

    /// Which of those `waiting` are sent in one call: the first ones, in a FIFO queue one of a group. Each entry of a
    /// batch may be refused alone, and whoever came after it in its group would have overtaken it.
    fn next_batch(&self, messages: &[Outgoing], waiting: &[usize]) -> Vec<usize> {
        let mut groups = HashSet::new();
        let first_of_group = |index: &usize| {
            let fifo = messages
                .get(*index)
                .and_then(|message| message.fifo.as_ref());
            !self.is_fifo() || fifo.is_none_or(|fifo| groups.insert(fifo.group.as_str()))
        };
        let waiting = waiting.iter().copied();
        waiting.filter(first_of_group).take(BATCH).collect()
    }

    /// Sends those at `indexes` and returns the indexes of those that the answer says are sent.
    async fn send_batch(
        &self,
        messages: &[Outgoing],
        indexes: &[usize],
    ) -> Result<Vec<usize>, AwsError> {
        const CALL: &str = "sending messages";
        let mut request = self.client.send_message_batch().queue_url(&self.url);
        for index in indexes {
            let Some(message) = messages.get(*index) else {
                continue;
            };
            let sending = self.sending(message, CALL)?;
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(&message.body)
                .set_delay_seconds(sending.delay)
                .set_message_group_id(sending.group)
                .set_message_deduplication_id(sending.deduplication)
                .set_message_attributes(attributes(message))
                .build()
                .map_err(|error| AwsError::request(CALL, &error))?;
            request = request.entries(entry);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| AwsError::call(CALL, &error))?;
        failed(answer.failed());
        // An entry that the answer does not speak of is not sent.
        let sent = answer.successful().iter();
        Ok(sent.filter_map(|entry| entry.id().parse().ok()).collect())
    }

    /// Deletes messages. Those that could not be deleted come again and are found stale, so they are only logged.
    pub async fn delete(&self, receipts: &[String]) {
        join_all(receipts.chunks(BATCH).map(|chunk| self.delete_some(chunk))).await;
    }

    async fn delete_some(&self, receipts: &[String]) {
        let mut indexes: Vec<usize> = (0..receipts.len()).collect();
        for _ in 0..BATCH_ROUNDS {
            match self.delete_batch(receipts, &indexes).await {
                Ok(failed) => indexes = failed,
                Err(error) => warn!("{error}"),
            }
            if indexes.is_empty() {
                return;
            }
        }
        warn!(
            messages = indexes.len(),
            "messages could not be deleted; they come again and will be stale"
        );
    }

    async fn delete_batch(
        &self,
        receipts: &[String],
        indexes: &[usize],
    ) -> Result<Vec<usize>, AwsError> {
        const CALL: &str = "deleting messages";
        let mut request = self.client.delete_message_batch().queue_url(&self.url);
        for index in indexes {
            let Some(receipt) = receipts.get(*index) else {
                continue;
            };
            let entry = DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(receipt)
                .build()
                .map_err(|error| AwsError::request(CALL, &error))?;
            request = request.entries(entry);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| AwsError::call(CALL, &error))?;
        Ok(failed(answer.failed()))
    }

    /// Makes messages visible again after `seconds` (0: at once). Those that fail come back when their visibility
    /// timeout ends, so failures are only logged.
    pub async fn hide(&self, receipts: &[String], seconds: u32) {
        for chunk in receipts.chunks(BATCH) {
            if let Err(error) = self.hide_batch(chunk, seconds).await {
                warn!("{error}");
            }
        }
    }

    async fn hide_batch(&self, receipts: &[String], seconds: u32) -> Result<(), AwsError> {
        const CALL: &str = "handing messages back";
        let mut request = self
            .client
            .change_message_visibility_batch()
            .queue_url(&self.url);
        for (index, receipt) in receipts.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(receipt)
                .visibility_timeout(seconds as i32)
                .build()
                .map_err(|error| AwsError::request(CALL, &error))?;
            request = request.entries(entry);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| AwsError::call(CALL, &error))?;
        if !answer.failed().is_empty() {
            warn!(
                messages = answer.failed().len(),
                "messages could not be handed back; they come back later"
            );
        }
        Ok(())
    }
}

/// The messages at these indexes were not sent, or nobody knows.
fn set(results: &mut [Result<(), AwsError>], indexes: &[usize], problem: &AwsError) {
    for index in indexes {
        if let Some(result) = results.get_mut(*index) {
            *result = Err(problem.clone());
        }
    }
}

fn refused() -> AwsError {
    AwsError::Call {
        call: "sending messages",
        reason: format!("it was refused {BATCH_ROUNDS} times, or came after one that was"),
    }
}

/// The indexes, used as ids, of a batch's failed entries.
fn failed(entries: &[aws_sdk_sqs::types::BatchResultErrorEntry]) -> Vec<usize> {
    entries
        .iter()
        .inspect(|entry| {
            warn!(
                code = entry.code(),
                message = entry.message(),
                "an entry of a batch failed"
            )
        })
        .filter_map(|entry| entry.id().parse().ok())
        .collect()
}
