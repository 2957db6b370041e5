//! Sending to a queue, of either kind.

use std::collections::{HashMap, HashSet};

use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use spillway::message::outgoing::Outgoing;
use spillway::message::{ATTEMPT, EXECUTION, LANE, REASON};
use spillway::text::attribute_value;

use super::{ENTRIES, ENTRY_ROUNDS, Queue, failed};
use crate::error::AwsError;

/// Bytes of the bodies of one batch, at most: far below SQS's limit, since it counts the attributes
/// too.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
const BATCH_BYTES: usize = 128 * 1024;
/// Bytes of a text attribute.
const ATTRIBUTE_BYTES: usize = 512;

/// Returns the attributes of a message.
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
        // Numbers stay numbers; a sender's wrong value is kept as it was.
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

/// Returns the delay of a message.
fn delay(message: &Outgoing) -> Option<i32> {
    // Absent rather than 0: the queue's own delay then holds.
    i32::try_from(message.delay_seconds)
        .ok()
        .filter(|delay| *delay > 0)
}

/// The properties that depend on the kind of the queue that a message goes to.
#[derive(Debug, Default)]
struct Sending {
    delay: Option<i32>,
    group: Option<String>,
    deduplication: Option<String>,
}

impl Queue {
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

    /// Sends messages, and returns how each went. After a call without an answer no more is sent.
    ///
    /// In a FIFO queue those of one group arrive in the order given, even if some are refused at
    /// first. After one that is given up none of its group is sent.
    pub async fn send_all(&self, messages: &[Outgoing]) -> Vec<Result<(), AwsError>> {
        if let [message] = messages {
            return vec![self.send(message).await];
        }
        let mut results: Vec<Result<(), AwsError>> = messages.iter().map(|_| Ok(())).collect();
        let mut waiting: Vec<usize> = (0..messages.len()).collect();
        let mut tries = vec![0; messages.len()];
        while !waiting.is_empty() {
            let batch = self.next_batch(messages, &waiting);
            let Sent { sent, refused } = match self.send_batch(messages, &batch).await {
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
                if *tries == ENTRY_ROUNDS {
                    let (unsent, rest): (Vec<usize>, Vec<usize>) = waiting
                        .into_iter()
                        .partition(|other| self.follows(messages, *index, *other));
                    waiting = rest;
                    set(&mut results, &unsent, &given_up(refused.contains(index)));
                }
            }
        }
        results
    }

    /// Returns whether a message cannot be sent when the one at `given_up` is not: itself, and the
    /// others of its group.
    fn follows(&self, messages: &[Outgoing], given_up: usize, other: usize) -> bool {
        let group = |index: usize| {
            let fifo = messages.get(index)?.fifo.as_ref()?;
            Some(fifo.group.as_str()).filter(|_| self.is_fifo())
        };
        other == given_up || (group(other).is_some() && group(other) == group(given_up))
    }

    /// Returns which of those `waiting` are sent in one call: the first ones, in a FIFO queue one
    /// of a group. Each entry of a batch can be refused alone, and a later one of its group would
    /// have overtaken it.
    fn next_batch(&self, messages: &[Outgoing], waiting: &[usize]) -> Vec<usize> {
        let mut groups = HashSet::new();
        let first_of_group = |index: &usize| {
            let fifo = messages
                .get(*index)
                .and_then(|message| message.fifo.as_ref());
            !self.is_fifo() || fifo.is_none_or(|fifo| groups.insert(fifo.group.as_str()))
        };
        let mut bytes = 0;
        let fits = |index: &usize| {
            let first = bytes == 0;
            bytes += messages.get(*index).map_or(0, |message| message.body.len());
            first || bytes <= BATCH_BYTES
        };
        let waiting = waiting.iter().copied().filter(first_of_group);
        waiting.take(ENTRIES).take_while(fits).collect()
    }

    /// Sends those at `indexes` and returns the indexes of those that the answer says are sent.
    async fn send_batch(&self, messages: &[Outgoing], indexes: &[usize]) -> Result<Sent, AwsError> {
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
        let refused = answer.failed().iter().filter(|entry| entry.sender_fault());
        Ok(Sent {
            sent: sent.filter_map(|entry| entry.id().parse().ok()).collect(),
            refused: refused
                .filter_map(|entry| entry.id().parse().ok())
                .collect(),
        })
    }
}

/// The fates of the messages of one call, by their indexes.
struct Sent {
    sent: Vec<usize>,
    /// Those that SQS will never take.
    refused: Vec<usize>,
}

/// Notes that the messages at these indexes were not sent, or that it is not known.
fn set(results: &mut [Result<(), AwsError>], indexes: &[usize], problem: &AwsError) {
    for index in indexes {
        if let Some(result) = results.get_mut(*index) {
            *result = Err(problem.clone());
        }
    }
}

/// Returns the error of a message that is not sent. `refused`: the message is at fault, not SQS.
fn given_up(refused: bool) -> AwsError {
    let call = "sending messages";
    let reason = format!("it was refused {ENTRY_ROUNDS} times, or came after one that was");
    match refused {
        true => AwsError::Call { call, reason },
        false => AwsError::Passing { call, reason },
    }
}
