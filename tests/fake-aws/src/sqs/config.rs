//! What a queue is set to.

use std::time::Duration;

use serde_json::json;

use crate::{ACCOUNT, REGION};

/// A queue's attributes, with AWS's defaults, and the odds of what AWS does only sometimes.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// Name, and with it URL and ARN.
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
    /// Where messages go that were received too often. Default: nowhere.
    pub redrive: Option<Redrive>,
    /// Messages in flight at which receives stop. Default 120,000.
    pub in_flight_limit: usize,
    /// Deliver in random order, as a standard queue may; false: oldest first. Default true.
    pub unordered: bool,
    /// What happens only sometimes. Default: never.
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

/// Probabilities, 0 to 1, of what a standard queue does "on rare occasions".
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
    /// A queue with AWS's defaults.
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
            odds: Odds::NEVER,
        }
    }

    /// As GetQueueAttributes shows them.
    pub(super) fn attributes(&self) -> Vec<(&'static str, String)> {
        let seconds = |time: Duration| time.as_secs().to_string();
        let mut attributes = vec![
            ("VisibilityTimeout", seconds(self.visibility_timeout)),
            ("MessageRetentionPeriod", seconds(self.retention)),
            ("DelaySeconds", seconds(self.delay)),
            ("ReceiveMessageWaitTimeSeconds", seconds(self.receive_wait)),
            ("MaximumMessageSize", self.max_message_bytes.to_string()),
        ];
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
