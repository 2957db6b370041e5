//! The settings of a queue.

use std::time::Duration;

use serde_json::json;

use crate::{ACCOUNT, REGION};

/// A name that ends so is that of a FIFO queue, and no other queue's.
pub(super) const FIFO_SUFFIX: &str = ".fifo";

/// A queue's attributes, with AWS's defaults, and the odds of AWS's rare acts.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// Name, and with it URL and ARN. One that ends in ".fifo" makes a FIFO queue.
    pub name: String,
    /// How long a received message stays hidden. Default 30 s.
    pub visibility_timeout: Duration,
    /// How long a message is kept from its enqueue time on. Default 4 days.
    pub retention: Duration,
    /// How long a new message stays hidden. Default 0.
    pub delay: Duration,
    /// How long a receive waits that does not say. Default 0: short polling.
    pub receive_wait: Duration,
    /// Largest body plus attributes, in bytes. Default 1 MiB.
    pub max_message_bytes: usize,
    /// The queue for messages that were received too often. Default: none.
    pub redrive: Option<Redrive>,
    /// Messages in flight at which receives stop. Default 120,000.
    pub in_flight_limit: usize,
    /// Deliver in random order, as a standard queue can; false: oldest first. In a FIFO queue it is
    /// only the order of the groups. Default true.
    pub unordered: bool,
    /// FIFO: a message without a deduplication id gets one from its body. Default false.
    pub content_based_deduplication: bool,
    /// FIFO: a deduplication id counts in its group only (`DeduplicationScope` is `messageGroup`).
    /// Default false.
    pub deduplicate_within_groups: bool,
    /// FIFO: how many of the oldest messages are looked at for groups. Default 120,000.
    pub fifo_scan: usize,
    /// The odds of rare acts. Default: never.
    pub odds: Odds,
}

/// A redrive policy.
#[derive(Clone, Debug)]
pub struct Redrive {
    /// Name of the dead-letter queue.
    pub dead_letter_queue: String,
    /// `maxReceiveCount`: the receive after this many moves the message.
    pub max_receives: u32,
}

/// Probabilities, 0 to 1, of a queue's acts "on rare occasions". Of a FIFO queue only the first two
/// hold.
#[derive(Clone, Copy, Debug)]
pub struct Odds {
    /// A short poll does not see a visible message.
    pub short_poll_misses: f64,
    /// A long poll comes back empty, after its full wait, although there are messages.
    pub long_poll_misses: f64,
    /// A received message stays visible to others as well.
    pub delivered_twice: f64,
    /// A delete with the newest handle is answered with success, but the message comes back.
    pub back_after_delete: f64,
    /// A delete with an old handle does delete.
    pub old_handle_deletes: f64,
}

impl Odds {
    /// None of it ever happens.
    pub const NEVER: Self = Self {
        short_poll_misses: 0.0,
        long_poll_misses: 0.0,
        delivered_twice: 0.0,
        back_after_delete: 0.0,
        old_handle_deletes: 0.0,
    };
}

impl QueueConfig {
    /// Returns a queue with AWS's defaults.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            visibility_timeout: Duration::from_secs(30),
            retention: Duration::from_secs(4 * 24 * 3600),
            delay: Duration::ZERO,
            receive_wait: Duration::ZERO,
            max_message_bytes: 1_048_576,
            redrive: None,
            in_flight_limit: 120_000,
            unordered: true,
            content_based_deduplication: false,
            deduplicate_within_groups: false,
            fifo_scan: 120_000,
            odds: Odds::NEVER,
        }
    }

    /// Returns whether the name says that it is a FIFO queue.
    pub fn is_fifo(&self) -> bool {
        self.name.ends_with(FIFO_SUFFIX)
    }

    /// Returns the rare acts that a queue of this kind can have.
    pub(super) fn possible(&self) -> Odds {
        if !self.is_fifo() {
            return self.odds;
        }
        Odds {
            short_poll_misses: self.odds.short_poll_misses,
            long_poll_misses: self.odds.long_poll_misses,
            ..Odds::NEVER
        }
    }

    /// Returns the attributes as GetQueueAttributes shows them.
    pub(super) fn attributes(&self) -> Vec<(&'static str, String)> {
        let seconds = |time: Duration| time.as_secs().to_string();
        let mut attributes = vec![
            ("VisibilityTimeout", seconds(self.visibility_timeout)),
            ("MessageRetentionPeriod", seconds(self.retention)),
            ("DelaySeconds", seconds(self.delay)),
            ("ReceiveMessageWaitTimeSeconds", seconds(self.receive_wait)),
            ("MaximumMessageSize", self.max_message_bytes.to_string()),
        ];
        if self.is_fifo() {
            let scope = if self.deduplicate_within_groups {
                "messageGroup"
            } else {
                "queue"
            };
            let by_content = self.content_based_deduplication.to_string();
            attributes.extend([
                ("FifoQueue", "true".to_owned()),
                ("ContentBasedDeduplication", by_content),
                ("DeduplicationScope", scope.to_owned()),
            ]);
        }
        if let Some(redrive) = &self.redrive {
            let policy = json!({
                "deadLetterTargetArn": arn(&redrive.dead_letter_queue),
                "maxReceiveCount": redrive.max_receives,
            });
            attributes.push(("RedrivePolicy", policy.to_string()));
        }
        attributes
    }
}

pub(super) fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")
}

pub(super) fn url(queue: &str) -> String {
    format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{queue}")
}
