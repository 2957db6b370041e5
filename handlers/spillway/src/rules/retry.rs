//! What an outcome leads to: another attempt after a backoff, or the dead-letter queue.

use crate::execution::outcome::Status;

/// When a failed attempt is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// At least 1.
    pub max_attempts: u32,
    /// Seconds before attempt 2, 3, …; the last one holds for all that follow. At most 900, SQS's longest delay.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-timers.html>
    pub backoff_seconds: Vec<u32>,
}

/// What an outcome leads to for one claimed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Settlement {
    Succeeded,
    /// Ask for `attempt` after `delay_seconds`.
    Retry {
        attempt: u32,
        delay_seconds: u32,
    },
    /// Dead-letter a message that asks for `attempt`, should it be redriven.
    Dead {
        attempt: u32,
    },
}

/// Decides what the outcome of a row's `attempt` leads to.
pub fn settlement(status: Status, attempt: u32, policy: &RetryPolicy) -> Settlement {
    let next = attempt + 1;
    match status {
        Status::Succeeded => Settlement::Succeeded,
        Status::Refused => Settlement::Dead { attempt: next },
        Status::Failed | Status::TimedOut | Status::Aborted if attempt < policy.max_attempts => {
            let failures = attempt.saturating_sub(1) as usize;
            let delays = &policy.backoff_seconds;
            let delay = delays
                .get(failures)
                .or(delays.last())
                .copied()
                .unwrap_or_default();
            Settlement::Retry {
                attempt: next,
                delay_seconds: delay,
            }
        }
        Status::Failed | Status::TimedOut | Status::Aborted => Settlement::Dead { attempt: next },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy() -> RetryPolicy {
        RetryPolicy {
            max_attempts: 3,
            backoff_seconds: vec![30, 300],
        }
    }

    #[test]
    fn failures_are_retried_after_their_backoff_then_dead_lettered() {
        let after = |attempt| settlement(Status::Failed, attempt, &policy());
        assert_eq!(
            after(1),
            Settlement::Retry {
                attempt: 2,
                delay_seconds: 30
            }
        );
        assert_eq!(
            after(2),
            Settlement::Retry {
                attempt: 3,
                delay_seconds: 300
            }
        );
        assert_eq!(after(3), Settlement::Dead { attempt: 4 });
        assert_eq!(after(4), Settlement::Dead { attempt: 5 });
    }

    #[test]
    fn the_last_backoff_holds_for_all_that_follow() {
        let policy = RetryPolicy {
            max_attempts: 9,
            backoff_seconds: vec![1, 2],
        };
        let expected = Settlement::Retry {
            attempt: 6,
            delay_seconds: 2,
        };
        assert_eq!(settlement(Status::TimedOut, 5, &policy), expected);
    }

    #[test]
    fn a_refused_start_is_not_retried() {
        assert_eq!(
            settlement(Status::Refused, 1, &policy()),
            Settlement::Dead { attempt: 2 }
        );
    }

    proptest! {
        #[test]
        fn every_outcome_that_is_not_a_success_asks_for_the_next_attempt(
            attempt in 1u32..10, max_attempts in 1u32..5, status in 0usize..4,
        ) {
            let status = [Status::Failed, Status::TimedOut, Status::Aborted, Status::Refused][status];
            let policy = RetryPolicy { max_attempts, backoff_seconds: vec![1] };
            match settlement(status, attempt, &policy) {
                Settlement::Retry { attempt: next, .. } => {
                    prop_assert_eq!(next, attempt + 1);
                    prop_assert!(attempt < max_attempts);
                }
                Settlement::Dead { attempt: next } => prop_assert_eq!(next, attempt + 1),
                Settlement::Succeeded => prop_assert!(false, "a failure settled as a success"),
            }
        }

    }
}
