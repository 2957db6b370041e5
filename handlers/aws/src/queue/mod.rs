//! One SQS queue.

mod send;
mod size;

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    MessageSystemAttributeName, QueueAttributeName,
};
use futures_util::future::join_all;
use spillway::message::{ATTEMPT, Received};
use tracing::warn;

use crate::error::AwsError;

pub use size::Size;

/// Entries of one batch call, and messages of one receive.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub const ENTRIES: usize = 10;
/// How often a message was received.
const RECEIVES: MessageSystemAttributeName = MessageSystemAttributeName::ApproximateReceiveCount;
/// How often an entry of a batch that failed is tried.
const ENTRY_ROUNDS: u32 = 3;
/// How often a deletion or a hiding is tried, and the first pause before it is tried again, which
/// doubles each time. A message that stays hidden keeps its FIFO group from being received until
/// its visibility timeout ends.
const RECEIPT_ROUNDS: u32 = 6;
const RECEIPT_PAUSE: Duration = Duration::from_millis(100);

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

    /// Returns whether it is a FIFO queue: their names end so, and no others.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>
    pub fn is_fifo(&self) -> bool {
        self.url.ends_with(".fifo")
    }

    /// Receives at most `most` messages (1 to 10), waiting up to `wait_seconds` (0 to 20) for the
    /// first. Only a wait above 0 asks all of SQS's servers, and even then an empty answer is no
    /// promise that the queue is empty.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
    pub async fn receive(&self, most: u32, wait_seconds: u32) -> Result<Vec<Received>, AwsError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(most.clamp(1, ENTRIES as u32) as i32)
            .wait_time_seconds(wait_seconds.min(20) as i32)
            .message_attribute_names(ATTEMPT)
            .message_system_attribute_names(RECEIVES)
            .send()
            .await
            .map_err(|error| AwsError::call("receiving messages", &error))?;
        let messages = answer.messages.unwrap_or_default().into_iter();
        Ok(messages
            .map(|received| Received {
                id: received.message_id.unwrap_or_default(),
                receives: received
                    .attributes
                    .and_then(|attributes| attributes.get(&RECEIVES)?.parse().ok())
                    .unwrap_or_default(),
                attempt: received
                    .message_attributes
                    .and_then(|mut attributes| attributes.remove(ATTEMPT))
                    .and_then(|attempt| attempt.string_value),
                body: received.body.unwrap_or_default(),
                receipt: received.receipt_handle.unwrap_or_default(),
            })
            .collect())
    }

    /// Receives side by side, each as [`Self::receive`] does, but only the first one waits: no
    /// message that is there waits for more. A receive that fails loses no message of the others:
    /// it is only logged.
    pub async fn receive_side_by_side(
        &self,
        most: &[u32],
        wait_seconds: u32,
    ) -> Result<Vec<Received>, AwsError> {
        let waits = std::iter::once(wait_seconds).chain(std::iter::repeat(0));
        let receives = most.iter().zip(waits);
        let receives = receives.map(|(most, wait)| self.receive(*most, wait));
        let (mut messages, mut failure) = (Vec::new(), None);
        for answer in join_all(receives).await {
            match answer {
                Ok(more) => messages.extend(more),
                Err(problem) => failure = Some(problem),
            }
        }
        match failure {
            Some(problem) if messages.is_empty() => Err(problem),
            Some(problem) => {
                warn!(queue = self.url, "{problem}");
                Ok(messages)
            }
            None => Ok(messages),
        }
    }

    /// Returns the number of messages that wait to be received, approximately.
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

    /// Deletes messages. Those that could not be deleted come again and are found stale, so they
    /// are only logged.
    pub async fn delete(&self, receipts: &[String]) {
        let left = self
            .in_batches(receipts, |some| self.delete_batch(some))
            .await;
        if left > 0 {
            warn!(
                queue = self.url,
                messages = left,
                "messages could not be deleted; they come again and are dropped as stale"
            );
        }
    }

    async fn delete_batch(&self, receipts: Vec<(String, &String)>) -> Result<Vec<usize>, AwsError> {
        const CALL: &str = "deleting messages";
        let mut request = self.client.delete_message_batch().queue_url(&self.url);
        for (id, receipt) in receipts {
            let entry = DeleteMessageBatchRequestEntry::builder()
                .id(id)
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

    /// Makes messages visible again after `seconds` (0: at once). Those that could not be hidden
    /// come back when their visibility timeout ends, so they are only logged.
    pub async fn hide(&self, receipts: &[String], seconds: u32) {
        let hide = |some| self.hide_batch(some, seconds);
        let left = self.in_batches(receipts, hide).await;
        if left > 0 {
            warn!(
                queue = self.url,
                messages = left,
                "messages could not be handed back; they come back when their visibility timeout ends"
            );
        }
    }

    async fn hide_batch(
        &self,
        receipts: Vec<(String, &String)>,
        seconds: u32,
    ) -> Result<Vec<usize>, AwsError> {
        const CALL: &str = "handing messages back";
        let mut request = self
            .client
            .change_message_visibility_batch()
            .queue_url(&self.url);
        for (id, receipt) in receipts {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(id)
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
        Ok(failed(answer.failed()))
    }

    /// Does something with messages, ten by ten side by side, and again with those that it failed
    /// for. `batch` takes ids and receipts, and tells the indexes of those that failed. Returns how
    /// many failed each time.
    async fn in_batches<'a, F>(
        &self,
        receipts: &'a [String],
        batch: impl Fn(Vec<(String, &'a String)>) -> F,
    ) -> usize
    where
        F: Future<Output = Result<Vec<usize>, AwsError>>,
    {
        let batch = &batch;
        let chunks = receipts.chunks(ENTRIES).map(|chunk| async move {
            let mut indexes: Vec<usize> = (0..chunk.len()).collect();
            for round in 0..RECEIPT_ROUNDS {
                if round > 0 {
                    tokio::time::sleep(RECEIPT_PAUSE * (1 << (round - 1))).await;
                }
                let entry = |index: &usize| Some((index.to_string(), chunk.get(*index)?));
                match batch(indexes.iter().filter_map(entry).collect()).await {
                    Ok(failed) if failed.is_empty() => return 0,
                    Ok(failed) => indexes = failed,
                    Err(problem) => warn!(queue = self.url, "{problem}"),
                }
            }
            indexes.len()
        });
        join_all(chunks).await.into_iter().sum()
    }
}

/// Returns the indexes, used as ids, of a batch's failed entries.
fn failed(entries: &[aws_sdk_sqs::types::BatchResultErrorEntry]) -> Vec<usize> {
    entries
        .iter()
        .inspect(|entry| {
            warn!(
                code = entry.code(),
                message = entry.message(),
                "SQS refused one message of a batch"
            )
        })
        .filter_map(|entry| entry.id().parse().ok())
        .collect()
}
