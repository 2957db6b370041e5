//! One SQS queue.

mod send;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, QueueAttributeName,
};
use futures_util::future::join_all;
use spillway::message::{ATTEMPT, Received};
use tracing::warn;

use crate::error::AwsError;

/// Entries of one batch call, and messages of one receive.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub const ENTRIES: usize = 10;
/// How often an entry of a batch that failed is tried.
const ENTRY_ROUNDS: u32 = 3;

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

    /// Receives at most `most` messages (1 to 10), waiting up to `wait_seconds` (0 to 20) for the first. Only a
    /// wait above 0 asks all of SQS's servers, so only then does an empty answer mean an empty queue.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
    pub async fn receive(&self, most: u32, wait_seconds: u32) -> Result<Vec<Received>, AwsError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(most.clamp(1, ENTRIES as u32) as i32)
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

    /// Receives side by side, each as [`Self::receive`] does. Returns what was received, and the failure of one that failed.
    pub async fn receive_side_by_side(
        &self,
        most: &[u32],
        wait_seconds: u32,
    ) -> (Vec<Received>, Result<(), AwsError>) {
        let receives = most.iter().map(|most| self.receive(*most, wait_seconds));
        let (mut messages, mut failure) = (Vec::new(), Ok(()));
        for answer in join_all(receives).await {
            match answer {
                Ok(more) => messages.extend(more),
                Err(problem) => failure = Err(problem),
            }
        }
        (messages, failure)
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

    /// Deletes messages. Those that could not be deleted come again and are found stale, so they are only logged.
    pub async fn delete(&self, receipts: &[String]) {
        join_all(
            receipts
                .chunks(ENTRIES)
                .map(|chunk| self.delete_some(chunk)),
        )
        .await;
    }

    async fn delete_some(&self, receipts: &[String]) {
        let mut indexes: Vec<usize> = (0..receipts.len()).collect();
        for _ in 0..ENTRY_ROUNDS {
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
        for chunk in receipts.chunks(ENTRIES) {
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
