//! One queue: its messages and their fates.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::Notify;

use super::config::{self, QueueConfig};
use super::fifo::Fifo;
use super::message::StoredMessage;

/// A message that is no longer in its queue.
#[derive(Clone, Debug)]
pub struct Gone {
    /// The message at its end.
    pub message: StoredMessage,
    /// How it left.
    pub how: GoneHow,
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
}

/// How a message left its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoneHow {
    /// By DeleteMessage.
    Deleted,
    /// By the end of the retention period: lost.
    Expired,
    /// To the dead-letter queue, after too many receives.
    DeadLettered,
    /// By an operator's redrive.
    Moved,
    /// By an operator's purge.
    Purged,
}

pub(super) struct QueueState {
    pub(super) config: QueueConfig,
    pub(super) url: String,
    pub(super) arn: String,
    /// By order of arrival.
    pub(super) messages: BTreeMap<u64, StoredMessage>,
    /// The place of each message, by its id.
    places: HashMap<String, u64>,
    /// No message was enqueued before this, in milliseconds since the epoch: most looks for expired
    /// messages find nothing, and need not look at every message.
    none_before_ms: i64,
    pub(super) gone: Vec<Gone>,
    /// Unused in a standard queue.
    pub(super) fifo: Fifo,
    /// Wakes long polls when something could have become visible.
    pub(super) changed: Arc<Notify>,
    next: u64,
}

/// The numbers GetQueueAttributes gives.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) visible: usize,
    pub(super) in_flight: usize,
    pub(super) delayed: usize,
}

impl QueueState {
    pub(super) fn new(config: QueueConfig) -> Self {
        Self {
            url: config::url(&config.name),
            arn: config::arn(&config.name),
            config,
            messages: BTreeMap::new(),
            places: HashMap::new(),
            none_before_ms: i64::MAX,
            gone: Vec::new(),
            fifo: Fifo::default(),
            changed: Arc::default(),
            next: 0,
        }
    }

    pub(super) fn add(&mut self, mut message: StoredMessage) {
        if self.config.is_fifo() {
            self.fifo.number(&mut message);
        }
        self.none_before_ms = self.none_before_ms.min(message.enqueued_ms);
        self.places.insert(message.id.clone(), self.next);
        self.messages.insert(self.next, message);
        self.next += 1;
        self.changed.notify_waiters();
    }

    /// Adds a message that a producer sent, and remembers its deduplication id.
    pub(super) fn send(&mut self, message: StoredMessage, now_ms: i64) -> &StoredMessage {
        self.add(message);
        let (_, message) = self.messages.last_key_value().expect("it was just added");
        self.fifo.remember(&self.config, message, now_ms);
        message
    }

    pub(super) fn find(&mut self, id: &str) -> Option<(u64, &mut StoredMessage)> {
        let place = *self.places.get(id)?;
        Some((place, self.messages.get_mut(&place)?))
    }

    /// Refuses other services: S3, and EventBridge as it is modelled, name no group.
    pub(super) fn refuse_outsiders(&self) {
        let name = &self.config.name;
        assert!(
            !self.config.is_fifo(),
            "{name} is a FIFO queue: S3 cannot send to it; use Queue::send"
        );
    }

    /// Takes a message out and remembers why.
    pub(super) fn take_out(
        &mut self,
        place: u64,
        how: GoneHow,
        at_ms: i64,
    ) -> Option<StoredMessage> {
        let message = self.messages.remove(&place)?;
        self.places.remove(&message.id);
        self.gone.push(Gone {
            message: message.clone(),
            how,
            at_ms,
        });
        Some(message)
    }

    /// Deletes messages older than the retention period, in flight or not.
    pub(super) fn expire(&mut self, now_ms: i64) {
        let oldest_ms = now_ms - self.config.retention.as_millis() as i64;
        if self.none_before_ms > oldest_ms {
            return;
        }
        let expired: Vec<u64> = self
            .messages
            .iter()
            .filter(|(_, message)| message.enqueued_ms <= oldest_ms)
            .map(|(&place, _)| place)
            .collect();
        for place in expired {
            self.take_out(place, GoneHow::Expired, now_ms);
        }
        let enqueued = self.messages.values().map(|message| message.enqueued_ms);
        self.none_before_ms = enqueued.min().unwrap_or(i64::MAX);
    }

    pub(super) fn counts(&self, now_ms: i64) -> Counts {
        let mut counts = Counts::default();
        for message in self.messages.values() {
            if message.hidden_until_ms <= now_ms {
                counts.visible += 1;
            } else if message.received {
                counts.in_flight += 1;
            } else {
                counts.delayed += 1;
            }
        }
        counts
    }

    /// Returns when the next hidden message becomes visible.
    pub(super) fn next_visible_ms(&self, now_ms: i64) -> Option<i64> {
        let times = self
            .messages
            .values()
            .map(|message| message.hidden_until_ms);
        times.filter(|&at_ms| at_ms > now_ms).min()
    }
}
