//! Messages of a queue of failures: receiving, giving back and deleting them, and sending them on
//! as they are.

use std::collections::{HashMap, HashSet};

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageAttributeValue, MessageSystemAttributeName, SendMessageBatchRequestEntry,
};
use serde_json::Value;

use super::contents::{Contents, Letter, of};
use super::queue::Found;
use crate::answer::count;
use crate::connect::Connected;
use crate::fault::Fault;

/// Messages of one call.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub const BATCH: usize = 10;
/// Long enough for ten invocations of ingest in turn, in seconds.
pub const HIDDEN_SECONDS: i32 = 330;
/// For a look, which a person can leave in the middle, in seconds.
pub const LOOK_SECONDS: i32 = 30;
/// Bytes of bodies and attributes in one call, well below SQS's 1 MiB.
const BATCH_BYTES: usize = 512 * 1024;

/// Receives up to ten messages with all that is known of them. A long poll asks every one of SQS's
/// servers.
pub async fn receive(
    connected: &Connected,
    url: &str,
    hidden_seconds: i32,
) -> Result<Vec<Message>, Fault> {
    let answer = connected
        .sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(BATCH as i32)
        .visibility_timeout(hidden_seconds)
        .wait_time_seconds(1)
        .message_attribute_names("All")
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await
        .map_err(|error| Fault::call("receiving dead letters", &error))?;
    Ok(answer.messages.unwrap_or_default())
}

/// Makes them visible again at once; the others become visible by themselves.
pub async fn give_back(connected: &Connected, url: &str, receipts: &[String]) {
    for batch in receipts.chunks(BATCH) {
        let entries = batch.iter().enumerate().filter_map(|(index, receipt)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(receipt);
            entry.visibility_timeout(0).build().ok()
        });
        let request = connected
            .sqs
            .change_message_visibility_batch()
            .queue_url(url);
        drop(request.set_entries(Some(entries.collect())).send().await);
    }
}

/// Deletes messages that have arrived at their destination.
pub async fn delete(
    connected: &Connected,
    source: &Found,
    messages: &[Message],
) -> Result<(), Fault> {
    let entries = messages.iter().enumerate().filter_map(|(index, message)| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
        entry
            .set_receipt_handle(message.receipt_handle.clone())
            .build()
            .ok()
    });
    let request = connected
        .sqs
        .delete_message_batch()
        .queue_url(&source.url)
        .set_entries(Some(entries.collect()));
    let answer = request
        .send()
        .await
        .map_err(|error| Fault::call("deleting moved messages", &error))?;
    match answer.failed.first() {
        None => Ok(()),
        Some(first) => Err(Fault::failed(format!(
            "{} were delivered and could not be deleted from {} ({}): they will be moved once more, which does no harm",
            count(answer.failed.len() as u64, "message"),
            source.name(),
            first.code
        ))),
    }
}

pub fn system(message: &Message, name: &MessageSystemAttributeName) -> Option<String> {
    message.attributes.as_ref()?.get(name).cloned()
}

pub fn id(message: &Message) -> &str {
    message.message_id.as_deref().unwrap_or_default()
}

/// Returns the subject of a message.
pub fn contents(message: &Message) -> Contents {
    let attribute = |name: &str| {
        message
            .message_attributes
            .as_ref()?
            .get(name)?
            .string_value
            .clone()
    };
    of(Letter {
        body: message.body.as_deref().unwrap_or_default(),
        attribute: &attribute,
        sent_at: system(message, &MessageSystemAttributeName::SentTimestamp)
            .and_then(|at| at.parse().ok())
            .unwrap_or_default(),
        by_sqs: system(
            message,
            &MessageSystemAttributeName::DeadLetterQueueSourceArn,
        )
        .is_some(),
    })
}

/// The destination of messages. A delivery returns the failures' reasons, by message id; an error
/// of its own ends the run.
#[derive(Debug, Clone)]
pub enum Destination {
    Queue {
        queue: Found,
        /// The attributes are the message's own, and not EventBridge's about its failure.
        keep_attributes: bool,
    },
    Function(String),
}

impl Destination {
    pub fn name(&self) -> &str {
        match self {
            Self::Queue { queue, .. } => queue.name(),
            Self::Function(function) => function,
        }
    }

    pub async fn deliver(
        &self,
        connected: &Connected,
        messages: &[Message],
    ) -> Result<HashMap<String, String>, Fault> {
        let mut failed = HashMap::new();
        match self {
            Self::Queue {
                queue,
                keep_attributes,
            } => {
                let mut refused = HashSet::new();
                for batch in batches(messages, queue.is_fifo()) {
                    // In a FIFO queue a batch is one message: nothing overtakes an earlier message
                    // of its group that was refused.
                    let groups: HashSet<String> = batch
                        .iter()
                        .filter(|_| queue.is_fifo())
                        .filter_map(|message| {
                            system(message, &MessageSystemAttributeName::MessageGroupId)
                        })
                        .collect();
                    if !refused.is_disjoint(&groups) {
                        let why = "one before it in its group was refused".to_owned();
                        failed.extend(batch.iter().map(|one| (id(one).to_owned(), why.clone())));
                        continue;
                    }
                    let before = failed.len();
                    send(connected, queue, batch, *keep_attributes, &mut failed).await?;
                    if failed.len() > before {
                        refused.extend(groups);
                    }
                }
            }
            Self::Function(function) => {
                for message in messages {
                    if let Some(failure) = invoke(connected, function, message).await {
                        failed.insert(id(message).to_owned(), failure);
                    }
                }
            }
        }
        Ok(failed)
    }
}

/// Calls of one queue. In a FIFO queue one by one: an entry that is refused alone would be
/// overtaken by the next of its group.
fn batches(messages: &[Message], fifo: bool) -> Vec<&[Message]> {
    let (mut made, mut rest) = (Vec::new(), messages);
    while !rest.is_empty() {
        let mut size = 0;
        let most = if fifo { 1 } else { BATCH };
        let fits = rest.iter().take(most).take_while(|message| {
            size += bytes(message);
            size <= BATCH_BYTES
        });
        let (batch, later) = rest.split_at(fits.count().max(1));
        made.push(batch);
        rest = later;
    }
    made
}

/// Returns the bytes of a message's body, and of the name, type and value of each of its
/// attributes.
fn bytes(message: &Message) -> usize {
    let value = |value: &MessageAttributeValue| {
        let text = value.string_value.as_ref().map_or(0, String::len);
        value.data_type.len()
            + text
            + value
                .binary_value
                .as_ref()
                .map_or(0, |blob| blob.as_ref().len())
    };
    let attributes = message
        .message_attributes
        .iter()
        .flatten()
        .map(|(name, of)| name.len() + value(of));
    message.body.as_ref().map_or(0, String::len) + attributes.sum::<usize>()
}

async fn send(
    connected: &Connected,
    queue: &Found,
    batch: &[Message],
    keep_attributes: bool,
    failed: &mut HashMap<String, String>,
) -> Result<(), Fault> {
    let entries = batch.iter().enumerate().filter_map(|(index, message)| {
        let mut entry = SendMessageBatchRequestEntry::builder()
            .id(index.to_string())
            .set_message_body(message.body.clone());
        if keep_attributes {
            entry = entry.set_message_attributes(message.message_attributes.clone());
        }
        if queue.is_fifo() {
            // Its own id: a message that was sent and not deleted is dropped the next time, within
            // five minutes.
            entry = entry
                .set_message_group_id(system(message, &MessageSystemAttributeName::MessageGroupId))
                .message_deduplication_id(format!("redrive-{}", id(message)));
        }
        entry.build().ok()
    });
    let request = connected
        .sqs
        .send_message_batch()
        .queue_url(&queue.url)
        .set_entries(Some(entries.collect()));
    let answer = request
        .send()
        .await
        .map_err(|error| Fault::call(&format!("sending to {}", queue.name()), &error))?;
    let sent: Vec<&str> = answer
        .successful
        .iter()
        .map(|entry| entry.id.as_str())
        .collect();
    for (index, message) in batch.iter().enumerate() {
        let index = index.to_string();
        if !sent.contains(&index.as_str()) {
            let said = answer.failed.iter().find(|entry| entry.id == index);
            let said = said.map(|entry| {
                format!(
                    "{}: {}",
                    entry.code,
                    entry.message.as_deref().unwrap_or_default()
                )
            });
            failed.insert(
                id(message).to_owned(),
                said.unwrap_or_else(|| "SQS's answer does not name it".to_owned()),
            );
        }
    }
    Ok(())
}

/// Invokes the function again with the same payload, and waits for its end. Returns the reason if
/// it failed.
async fn invoke(connected: &Connected, function: &str, message: &Message) -> Option<String> {
    let body: Value =
        serde_json::from_str(message.body.as_deref().unwrap_or_default()).unwrap_or_default();
    let Some(payload) = body.get("requestPayload") else {
        return Some(
            "no message of a Lambda destination: there is no requestPayload in it".to_owned(),
        );
    };
    let failure = match connected.api.invoke(function, &payload.to_string()).await {
        Err(error) => error.to_string(),
        Ok(answer) if !answer.failed => return None,
        Ok(answer) => answer.payload,
    };
    Some(format!("{function} failed again: {failure}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> Message {
        Message::builder().body("x".repeat(bytes)).build()
    }

    #[test]
    fn a_call_holds_ten_messages_or_as_many_bytes_as_fit() {
        let sizes = |messages: &[Message], fifo| {
            batches(messages, fifo)
                .iter()
                .map(|batch| batch.len())
                .collect::<Vec<_>>()
        };
        let small: Vec<Message> = (0..12).map(|_| message(10)).collect();
        assert_eq!(sizes(&small, false), [10, 2]);
        assert_eq!(sizes(&small[..3], true), [1, 1, 1]);
        let large: Vec<Message> = [300 * 1024, 200 * 1024, 300 * 1024, 600 * 1024]
            .map(message)
            .to_vec();
        assert_eq!(sizes(&large, false), [2, 1, 1]);
    }
}
