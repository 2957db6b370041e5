//! What a FIFO queue asks of a message: its group, in which order is kept, and an id by which SQS drops repetitions for
//! five minutes.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html>

use crate::event::ObjectEvent;
use crate::execution::{digest, id};

/// Group and deduplication id: letters, digits and hyphens, at most 128 characters each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fifo {
    pub group: String,
    pub deduplication: String,
}

/// Those of a message that asks for an attempt of an object event: one group for an object. A repetition of the same
/// request is one message, so a request that is made anew needs its own `cause`: the execution that made it necessary.
pub fn of(pipeline: &str, event: &ObjectEvent, attempt: u32, cause: Option<&str>) -> Fifo {
    let mut deduplication = format!("{}-{attempt}", id(pipeline, event));
    if let Some(cause) = cause {
        deduplication.push('-');
        deduplication.push_str(&digest([cause]));
    }
    Fifo {
        group: digest([pipeline, &event.bucket, &event.key]),
        deduplication,
    }
}

/// Those of a message that was not understood, from the id that SQS gave it: on its way to the dead-letter queue it is
/// one message, however often it is sent.
pub fn of_message(message_id: &str) -> Fifo {
    let group = digest([message_id]);
    Fifo {
        deduplication: group.clone(),
        group,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::event;

    const PIPELINE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/device-status-ledger";

    #[test]
    fn versions_of_one_object_share_a_group_and_attempts_do_not_drop_each_other() {
        let first = of(PIPELINE, &event("k", "1"), 1, None);
        let version = of(PIPELINE, &event("k", "2"), 1, None);
        let attempt = of(PIPELINE, &event("k", "1"), 2, None);
        assert_eq!(first.group, version.group);
        assert_ne!(first.deduplication, version.deduplication);
        assert_ne!(first.deduplication, attempt.deduplication);
        assert_ne!(first.group, of(PIPELINE, &event("l", "1"), 1, None).group);
        assert_eq!(first, of(PIPELINE, &event("k", "1"), 1, None));
    }

    #[test]
    fn the_same_attempt_for_another_cause_is_another_message() {
        let asks = |cause| of(PIPELINE, &event("k", "1"), 2, cause).deduplication;
        assert_ne!(asks(Some("e1")), asks(Some("e2")));
        assert_ne!(asks(Some("e1")), asks(None));
        assert!(asks(Some("e1")).len() <= 128);
    }

    #[test]
    fn what_was_not_understood_is_one_message_by_its_id() {
        assert_eq!(of_message("a"), of_message("a"));
        assert_ne!(of_message("a"), of_message("b"));
    }
}
