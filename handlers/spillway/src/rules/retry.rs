//! The result of an outcome: another attempt after a backoff, or the dead-letter queue.

use crate::execution::outcome::Status;
use crate::record::row::Tried;

/// When a failed attempt is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// At least 1.
    pub max_attempts: u32,
    /// Seconds before attempt 2, 3, …; the last one holds for all that follow. At most 900, SQS's
    /// longest delay.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-timers.html>
    pub backoff_seconds: Vec<u32>,
}

/// The result of an outcome for one claimed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Settlement {
    Succeeded,
    /// Ask for `attempt` after `delay_seconds`. So many attempts do not count, with this one.
    Retry {
        attempt: u32,
        delay_seconds: u32,
        uncounted: u32,
    },
    /// Dead-letter a message that asks for `attempt`, should it be redriven.
    Dead {
        attempt: u32,
        uncounted: u32,
    },
}

/// Decides the result of the outcome of a row's last attempt, and returns it. `uncounted_max`: it
/// says that the target takes no more, and so many such attempts of an event do not count. `None`:
/// it says something else.
pub fn settlement(
    status: Status,
    tried: Tried,
    uncounted_max: Option<u32>,
    policy: &RetryPolicy,
) -> Settlement {
    let attempt = tried.attempt + 1;
    let uncounted = tried.uncounted;
    match status {
        Status::Succeeded => Settlement::Succeeded,
        Status::Refused => Settlement::Dead { attempt, uncounted },
        // However often it was tried before: an operator can have asked for this attempt.
        _ if uncounted_max.is_some_and(|most| uncounted < most) => {
            let uncounted = uncounted + 1;
            Settlement::Retry {
                attempt,
                delay_seconds: backoff(Tried { uncounted, ..tried }, policy),
                uncounted,
            }
        }
        Status::Failed | Status::TimedOut | Status::Aborted
            if tried.counted() < policy.max_attempts =>
        {
            Settlement::Retry {
                attempt,
                delay_seconds: backoff(tried, policy),
                uncounted,
            }
        }
        Status::Failed | Status::TimedOut | Status::Aborted => {
            Settlement::Dead { attempt, uncounted }
        }
    }
}

/// Returns how long to wait before the next attempt, in seconds: by the attempts that count, the
/// first one's at least.
fn backoff(tried: Tried, policy: &RetryPolicy) -> u32 {
    let failures = tried.counted().saturating_sub(1) as usize;
    let delays = &policy.backoff_seconds;
    let delay = delays.get(failures).or(delays.last());
    delay.copied().unwrap_or_default()
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

    fn tried(attempt: u32, uncounted: u32) -> Tried {
        Tried { attempt, uncounted }
    }

    fn retry(attempt: u32, delay_seconds: u32, uncounted: u32) -> Settlement {
        Settlement::Retry {
            attempt,
            delay_seconds,
            uncounted,
        }
    }

    fn dead(attempt: u32, uncounted: u32) -> Settlement {
        Settlement::Dead { attempt, uncounted }
    }

    #[test]
    fn failures_are_retried_after_their_backoff_then_dead_lettered() {
        let after = |attempt| settlement(Status::Failed, tried(attempt, 0), None, &policy());
        assert_eq!(after(1), retry(2, 30, 0));
        assert_eq!(after(2), retry(3, 300, 0));
        assert_eq!(after(3), dead(4, 0));
        assert_eq!(after(4), dead(5, 0));
    }

    #[test]
    fn the_last_backoff_holds_for_all_that_follow() {
        let policy = RetryPolicy {
            max_attempts: 9,
            backoff_seconds: vec![1, 2],
        };
        let after = settlement(Status::TimedOut, tried(5, 0), None, &policy);
        assert_eq!(after, retry(6, 2, 0));
    }

    #[test]
    fn a_refused_start_is_not_retried() {
        for uncounted_max in [None, Some(20)] {
            let refused = settlement(Status::Refused, tried(1, 0), uncounted_max, &policy());
            assert_eq!(refused, dead(2, 0));
        }
    }

    #[test]
    fn what_the_target_says_does_not_count_as_an_attempt() {
        let after =
            |tried, uncounted_max| settlement(Status::Failed, tried, uncounted_max, &policy());
        // The first one waits as long as a first failure does.
        assert_eq!(after(tried(1, 0), Some(20)), retry(2, 30, 1));
        assert_eq!(after(tried(20, 19), Some(20)), retry(21, 30, 20));
        // Both count as they do without any.
        assert_eq!(after(tried(21, 20), Some(20)), retry(22, 30, 20));
        assert_eq!(after(tried(22, 20), Some(20)), retry(23, 300, 20));
        assert_eq!(after(tried(23, 20), Some(20)), dead(24, 20));
        assert_eq!(after(tried(5, 2), None), dead(6, 2));
        assert_eq!(after(tried(4, 2), None), retry(5, 300, 2));
        // An operator asked for this attempt after the last one that counts.
        assert_eq!(after(tried(4, 0), Some(20)), retry(5, 300, 1));
        assert_eq!(after(tried(1, 0), Some(0)), retry(2, 30, 0));
    }

    proptest! {
        #[test]
        fn every_outcome_that_is_not_a_success_asks_for_the_next_attempt(
            attempt in 1u32..10, uncounted in 0u32..10, uncounted_max in proptest::option::of(0u32..5),
            max_attempts in 1u32..5, status in 0usize..4,
        ) {
            let status = [Status::Failed, Status::TimedOut, Status::Aborted, Status::Refused][status];
            let policy = RetryPolicy { max_attempts, backoff_seconds: vec![1] };
            let uncounted = uncounted.min(attempt - 1);
            match settlement(status, tried(attempt, uncounted), uncounted_max, &policy) {
                Settlement::Retry { attempt: next, uncounted: after, .. } => {
                    prop_assert_eq!(next, attempt + 1);
                    prop_assert!(attempt - uncounted < max_attempts || after == uncounted + 1);
                    prop_assert!(after == uncounted || after <= uncounted_max.unwrap_or_default());
                }
                Settlement::Dead { attempt: next, uncounted: after } => {
                    prop_assert_eq!((next, after), (attempt + 1, uncounted));
                }
                Settlement::Succeeded => prop_assert!(false, "a failure settled as a success"),
            }
        }

        /// An event that nothing but its target's limit stops is tried so often, and no more.
        #[test]
        fn attempts_are_bounded(named in proptest::collection::vec(any::<bool>(), 60), uncounted_max in 0u32..20, max_attempts in 1u32..5) {
            let policy = RetryPolicy { max_attempts, backoff_seconds: vec![1] };
            let mut last = tried(1, 0);
            for is_named in named {
                let most = is_named.then_some(uncounted_max);
                match settlement(Status::Failed, last, most, &policy) {
                    Settlement::Retry { attempt, uncounted, .. } => last = tried(attempt, uncounted),
                    _ => break,
                }
                prop_assert!(last.attempt <= max_attempts + uncounted_max);
            }
        }
    }
}
