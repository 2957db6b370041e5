//! One SQS queue.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry,
};
use tracing::warn;

use super::error::HandlerError;
use crate::fifo::Fifo;
use crate::message;
use crate::text::attribute_value;

/// Entries of one batch call, and messages of one receive.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub const BATCH: usize = 10;
/// Bytes of a text attribute.
const ATTRIBUTE_BYTES: usize = 512;
/// How often the entries of a batch that failed are tried.
const BATCH_ROUNDS: u32 = 3;

/// A received message.
#[derive(Debug, Clone)]
pub struct Message {
    /// As SQS gave it.
    pub id: String,
    pub body: String,
    pub receipt: String,
    /// The `attempt` attribute.
    pub attempt: Option<String>,
}

/// A message to send.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    pub body: String,
    /// Seconds before it may be received; at most 900.
    pub delay_seconds: u32,
    pub attempt: Option<String>,
    pub reason: Option<String>,
    pub execution: Option<String>,
    pub lane: Option<String>,
    /// For a FIFO queue, which needs it, and which keeps no delay.
    pub fifo: Option<Fifo>,
}

impl Outgoing {
    fn attributes(&self) -> Option<HashMap<String, MessageAttributeValue>> {
        let attribute = |kind: &str, value: String| {
            MessageAttributeValue::builder()
                .data_type(kind)
                .string_value(value)
                .build()
                .ok()
        };
        let mut attributes = HashMap::new();
        if let Some(attempt) = &self.attempt {
            // Numbers stay numbers; what a sender wrote wrongly is kept as it was.
            let kind = if attempt.parse::<u32>().is_ok() {
                "Number"
            } else {
                "String"
            };
            attributes.insert(message::ATTEMPT, attribute(kind, attempt.clone())?);
        }
        for (name, value) in [
            (message::REASON, &self.reason),
            (message::EXECUTION, &self.execution),
            (message::LANE, &self.lane),
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

    fn delay(&self) -> Option<i32> {
        // Absent rather than 0: the queue's own delay then holds.
        i32::try_from(self.delay_seconds)
            .ok()
            .filter(|delay| *delay > 0)
    }
}

/// What of a message only one kind of queue takes.
struct ByKind {
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

    /// The names of FIFO queues, and only theirs, end so.
    fn is_fifo(&self) -> bool {
        self.url.ends_with(".fifo")
    }

    fn by_kind(&self, message: &Outgoing) -> Result<ByKind, HandlerError> {
        match (&message.fifo, self.is_fifo()) {
            (_, false) => Ok(ByKind {
                delay: message.delay(),
                group: None,
                deduplication: None,
            }),
            (Some(fifo), true) => Ok(ByKind {
                delay: None,
                group: Some(fifo.group.clone()),
                deduplication: Some(fifo.deduplication.clone()),
            }),
            (None, true) => Err(HandlerError::Call {
                call: "sending a message",
                reason: "it has no group, which a FIFO queue needs".into(),
            }),
        }
    }

    /// Receives at most `most` messages (1 to 10), waiting up to `wait_seconds` (0 to 20) for the first. Only a
    /// wait above 0 asks all of SQS's servers, so only then does an empty answer mean an empty queue.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
    pub async fn receive(
        &self,
        most: u32,
        wait_seconds: u32,
    ) -> Result<Vec<Message>, HandlerError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(most.clamp(1, BATCH as u32) as i32)
            .wait_time_seconds(wait_seconds.min(20) as i32)
            .message_attribute_names(message::ATTEMPT)
            .send()
            .await
            .map_err(|error| HandlerError::call("receiving messages", &error))?;
        let messages = answer.messages.unwrap_or_default().into_iter();
        Ok(messages
            .map(|received| Message {
                attempt: received
                    .message_attributes
                    .and_then(|mut attributes| attributes.remove(message::ATTEMPT))
                    .and_then(|attempt| attempt.string_value),
                id: received.message_id.unwrap_or_default(),
                body: received.body.unwrap_or_default(),
                receipt: received.receipt_handle.unwrap_or_default(),
            })
            .collect())
    }

    /// Messages waiting to be received: an approximate number.
    pub async fn backlog(&self) -> Result<u64, HandlerError> {
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .send()
            .await
            .map_err(|error| HandlerError::call("asking for the backlog", &error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let waiting = attributes.get(&QueueAttributeName::ApproximateNumberOfMessages);
        Ok(waiting
            .and_then(|number| number.parse().ok())
            .unwrap_or_default())
    }

    /// Sends one message.
    pub async fn send(&self, message: &Outgoing) -> Result<(), HandlerError> {
        let by_kind = self.by_kind(message)?;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(&message.body)
            .set_delay_seconds(by_kind.delay)
            .set_message_group_id(by_kind.group)
            .set_message_deduplication_id(by_kind.deduplication)
            .set_message_attributes(message.attributes())
            .send()
            .await
            .map_err(|error| HandlerError::call("sending a message", &error))?;
        Ok(())
    }

    /// Sends messages of a few KiB each; an error if any could not be sent. Others may have been.
    pub async fn send_all(&self, messages: &[Outgoing]) -> Result<(), HandlerError> {
        for chunk in messages.chunks(BATCH) {
            let mut indexes: Vec<usize> = (0..chunk.len()).collect();
            for _ in 0..BATCH_ROUNDS {
                indexes = self.send_batch(chunk, &indexes).await?;
                if indexes.is_empty() {
                    break;
                }
            }
            if !indexes.is_empty() {
                let reason = format!(
                    "{} of {} were refused {BATCH_ROUNDS} times",
                    indexes.len(),
                    chunk.len()
                );
                return Err(HandlerError::Call {
                    call: "sending messages",
                    reason,
                });
            }
        }
        Ok(())
    }

    /// Sends those at `indexes` and returns the indexes of those refused.
    async fn send_batch(
        &self,
        messages: &[Outgoing],
        indexes: &[usize],
    ) -> Result<Vec<usize>, HandlerError> {
        const CALL: &str = "sending messages";
        let mut request = self.client.send_message_batch().queue_url(&self.url);
        for index in indexes {
            let Some(message) = messages.get(*index) else {
                continue;
            };
            let by_kind = self.by_kind(message)?;
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(&message.body)
                .set_delay_seconds(by_kind.delay)
                .set_message_group_id(by_kind.group)
                .set_message_deduplication_id(by_kind.deduplication)
                .set_message_attributes(message.attributes())
                .build()
                .map_err(|error| HandlerError::request(CALL, &error))?;
            request = request.entries(entry);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| HandlerError::call(CALL, &error))?;
        Ok(failed(answer.failed()))
    }

    /// Deletes messages. Those that could not be deleted come again and are found stale, so they are only logged.
    pub async fn delete(&self, receipts: &[String]) {
        for chunk in receipts.chunks(BATCH) {
            let mut indexes: Vec<usize> = (0..chunk.len()).collect();
            for _ in 0..BATCH_ROUNDS {
                match self.delete_batch(chunk, &indexes).await {
                    Ok(failed) => indexes = failed,
                    Err(error) => warn!("{error}"),
                }
                if indexes.is_empty() {
                    break;
                }
            }
            if !indexes.is_empty() {
                warn!(
                    messages = indexes.len(),
                    "messages could not be deleted; they come again and will be stale"
                );
            }
        }
    }

    async fn delete_batch(
        &self,
        receipts: &[String],
        indexes: &[usize],
    ) -> Result<Vec<usize>, HandlerError> {
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
                .map_err(|error| HandlerError::request(CALL, &error))?;
            request = request.entries(entry);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| HandlerError::call(CALL, &error))?;
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

    async fn hide_batch(&self, receipts: &[String], seconds: u32) -> Result<(), HandlerError> {
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
                .map_err(|error| HandlerError::request(CALL, &error))?;
            request = request.entries(entry);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| HandlerError::call(CALL, &error))?;
        if !answer.failed().is_empty() {
            warn!(
                messages = answer.failed().len(),
                "messages could not be handed back; they come back later"
            );
        }
        Ok(())
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
