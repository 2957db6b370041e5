//! The differences of a FIFO queue: groups, deduplication, sequence numbers, attempt ids of
//! receives.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::config::QueueConfig;
use super::message::StoredMessage;
use super::{Request, invalid};
use crate::error::ApiError;
use crate::rng::Rng;

/// How long a deduplication id and a receive's attempt id are remembered: 5 minutes, in
/// milliseconds.
const INTERVAL_MS: i64 = 5 * 60 * 1000;
/// Sequence numbers have 20 digits; they grow, but not by one.
const FIRST_SEQUENCE: u128 = 18_850_000_000_000_000_000;
const SEQUENCE_STEP: u128 = 256;
const MAX_ID_CHARS: usize = 128;

/// The memory of a FIFO queue besides its messages.
#[derive(Default)]
pub(super) struct Fifo {
    /// By scope (a group, or empty for the queue) and deduplication id.
    sent: BTreeMap<(String, String), Sent>,
    receives: BTreeMap<String, Receive>,
    sequence: u128,
}

struct Sent {
    message_id: String,
    sequence: String,
    at_ms: i64,
}

struct Receive {
    at_ms: i64,
    /// Each message's place, its receipt's number and until when it was hidden.
    messages: Vec<(u64, u64, i64)>,
}

/// The fields of a send that concern order.
#[derive(Clone, Debug, Default)]
pub(super) struct Ordering {
    pub(super) group: Option<String>,
    pub(super) deduplication: Option<String>,
}

impl Ordering {
    /// Reads the order of a message as the API takes it, checked against the kind of the queue.
    pub(super) fn of(config: &QueueConfig, message: &Value) -> Result<Self, ApiError> {
        let group = token(message, "MessageGroupId")?;
        let deduplication = token(message, "MessageDeduplicationId")?;
        if !config.is_fifo() {
            return match deduplication {
                Some(id) => Err(invalid(format!(
                    "Value {id} for parameter MessageDeduplicationId is invalid. Reason: The request includes a \
                     parameter that is not valid for this queue type."
                ))),
                None => Ok(Self {
                    group,
                    deduplication: None,
                }),
            };
        }
        // AWS takes a delay of 0.
        if let Some(seconds @ 1..) = message["DelaySeconds"].as_u64() {
            return Err(invalid(format!(
                "Value {seconds} for parameter DelaySeconds is invalid. Reason: The request include parameter that is \
                 not valid for this queue type."
            )));
        }
        if group.is_none() {
            let message = "The request must contain the parameter MessageGroupId.";
            return Err(ApiError::new("MissingParameter", message));
        }
        let body = message["MessageBody"].as_str().unwrap_or_default();
        let of_content = || {
            config
                .content_based_deduplication
                .then(|| format!("{:x}", Sha256::digest(body)))
        };
        match deduplication.or_else(of_content) {
            None => Err(invalid(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                 explicitly",
            )),
            deduplication => Ok(Self {
                group,
                deduplication,
            }),
        }
    }
}

fn token(message: &Value, name: &str) -> Result<Option<String>, ApiError> {
    let Some(text) = message[name].as_str() else {
        return Ok(None);
    };
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte.is_ascii_punctuation();
    if text.is_empty() || text.len() > MAX_ID_CHARS || !text.bytes().all(known) {
        return Err(invalid(format!(
            "Value {text} for parameter {name} is invalid. Reason: {name} can only include alphanumeric and \
             punctuation characters. 1 to 128 in length."
        )));
    }
    Ok(Some(text.to_owned()))
}

impl Fifo {
    /// Returns message id and sequence number of the message that took this deduplication id, if it
    /// still holds it.
    pub(super) fn known(
        &self,
        config: &QueueConfig,
        ordering: &Ordering,
        now_ms: i64,
    ) -> Option<(&str, &str)> {
        let sent = self.sent.get(&scope(config, ordering)?)?;
        (now_ms - sent.at_ms < INTERVAL_MS).then_some((&sent.message_id, &sent.sequence))
    }

    /// Gives a message its sequence number.
    pub(super) fn number(&mut self, message: &mut StoredMessage) {
        self.sequence += 1;
        message.sequence_number =
            Some((FIRST_SEQUENCE + self.sequence * SEQUENCE_STEP).to_string());
    }

    /// Remembers the deduplication id of a message at its send.
    pub(super) fn remember(&mut self, config: &QueueConfig, message: &StoredMessage, now_ms: i64) {
        let ordering = Ordering {
            group: message.group.clone(),
            deduplication: message.deduplication_id.clone(),
        };
        if let Some(scope) = scope(config, &ordering) {
            let sent = Sent {
                message_id: message.id.clone(),
                sequence: message.sequence_number.clone().unwrap_or_default(),
                at_ms: now_ms,
            };
            self.sent.insert(scope, sent);
        }
    }

    /// Returns the answer to a receive that is repeated with its attempt id: the same messages and
    /// receipt handles, hidden anew. None: it is no repetition, or one of the messages has changed
    /// since.
    pub(super) fn again(
        &mut self,
        config: &QueueConfig,
        messages: &mut BTreeMap<u64, StoredMessage>,
        request: &Request,
        now_ms: i64,
    ) -> Option<Vec<StoredMessage>> {
        let receive = self.receives.get_mut(request.attempt?)?;
        if now_ms - receive.at_ms >= INTERVAL_MS || receive.messages.is_empty() {
            return None;
        }
        let same = |&(place, handle, until_ms): &(u64, u64, i64)| {
            messages.get(&place).is_some_and(|message| {
                message.handle == handle
                    && message.hidden_until_ms == until_ms
                    && message.in_flight(now_ms)
            })
        };
        if !receive.messages.iter().all(same) {
            return None;
        }
        let hidden_until_ms = now_ms + request.visibility_ms(config);
        let mut received = Vec::new();
        for (place, _, until_ms) in &mut receive.messages {
            *until_ms = hidden_until_ms;
            if let Some(message) = messages.get_mut(place) {
                message.hidden_until_ms = hidden_until_ms;
                received.push(message.clone());
            }
        }
        Some(received)
    }

    /// Remembers a receive for [`Self::again`].
    pub(super) fn remember_receive(
        &mut self,
        attempt: &str,
        messages: Vec<(u64, u64, i64)>,
        now_ms: i64,
    ) {
        let receive = Receive {
            at_ms: now_ms,
            messages,
        };
        self.receives.insert(attempt.to_owned(), receive);
    }
}

fn scope(config: &QueueConfig, ordering: &Ordering) -> Option<(String, String)> {
    let group = ordering.group.clone();
    let group = group.filter(|_| config.deduplicate_within_groups);
    Some((group.unwrap_or_default(), ordering.deduplication.clone()?))
}

/// Returns the messages that can be received now: in each group that has nothing in flight, the
/// messages up to the first hidden one. Groups come one after the other, each as a whole, in any
/// order.
pub(super) fn deliverable(
    config: &QueueConfig,
    messages: &BTreeMap<u64, StoredMessage>,
    now_ms: i64,
    rng: &mut Rng,
    misses: f64,
) -> Vec<u64> {
    struct Group {
        places: Vec<u64>,
        ended: bool,
    }
    let mut order: Vec<&str> = Vec::new();
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for (&place, message) in messages.iter().take(config.fifo_scan) {
        let name = message.group.as_deref().unwrap_or_default();
        let group = groups.entry(name).or_insert_with(|| {
            order.push(name);
            Group {
                places: Vec::new(),
                ended: false,
            }
        });
        if message.in_flight(now_ms) {
            group.places.clear();
            group.ended = true;
        } else if message.hidden_until_ms > now_ms {
            group.ended = true;
        } else if !group.ended {
            group.places.push(place);
        }
    }
    if config.unordered {
        rng.shuffle(&mut order);
    }
    order.retain(|_| !rng.chance(misses));
    let places = order.iter().flat_map(|name| &groups[name].places);
    places.copied().collect()
}
