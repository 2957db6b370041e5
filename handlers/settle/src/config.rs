//! The handler's configuration: environment variables that Terraform sets.

use aws::environment::{Environment, EnvironmentError, PipelineVariables};
use spillway::lane::Lane;
use spillway::pace::adapt::Adapt;
use spillway::rules::order::Order;
use spillway::rules::retry::RetryPolicy;

/// SQS's longest delay of a message, in seconds.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-timers.html>
const MAX_DELAY_SECONDS: u32 = 900;

/// The settings in the environment.
#[derive(Debug, Clone)]
pub struct Config {
    pub pipeline: PipelineVariables,
    pub order: Order,
    /// Object events of one execution, at most: above 1 an execution can report items as failed.
    pub events_per_execution: u32,
    pub outcomes_dead_letter_queue_url: String,
    pub retry: RetryPolicy,
    /// The sign that the target takes no more; `None`: the pace does not adapt.
    pub adapt: Option<Adapt>,
    /// Days that finished rows are kept.
    pub retention_days: u32,
}

impl Config {
    /// Reads every variable, and fails with one error that names all that are missing or wrong.
    pub fn from_environment(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, EnvironmentError> {
        const BACKOFF: &str = "SPILLWAY_BACKOFF_SECONDS";
        const BACKOFF_IS: &str = "seconds from 0 to 900, with commas between";

        let mut environment = Environment::new(lookup);
        let order = environment.order();
        let config = Self {
            pipeline: environment.pipeline(),
            order,
            events_per_execution: environment.events_per_execution(order),
            outcomes_dead_letter_queue_url: environment.text(
                "SPILLWAY_OUTCOMES_DEAD_LETTER_QUEUE_URL",
                "the URL of the outcomes queue's dead-letter queue",
            ),
            retry: RetryPolicy {
                max_attempts: environment.within(
                    "SPILLWAY_MAX_ATTEMPTS",
                    1..=u32::MAX,
                    "a whole number, at least 1",
                ),
                backoff_seconds: environment.list(BACKOFF, BACKOFF_IS),
            },
            adapt: environment.adapt(),
            retention_days: environment.days("SPILLWAY_RETENTION_DAYS"),
        };
        for delay in &config.retry.backoff_seconds {
            if *delay > MAX_DELAY_SECONDS {
                environment.problem(BACKOFF, &format!("has {delay}"), BACKOFF_IS);
            }
        }
        // A FIFO queue has no delay of a message's own.
        let fifo = config.pipeline.lanes.iter().any(Lane::is_fifo);
        if fifo && config.retry.backoff_seconds.iter().any(|delay| *delay > 0) {
            environment.problem(BACKOFF, "has a delay, which FIFO queues cannot keep", "0");
        }
        environment.finish()?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANES: &str = r#"[{"name": "default", "queue_url": "https://sqs/events",
        "dead_letter_queue_url": "https://sqs/events-dlq", "priority": 1, "min_share": 0}]"#;

    fn good(name: &str) -> Option<String> {
        let value = match name {
            "SPILLWAY_LANES" => LANES,
            "SPILLWAY_ORDER" | "SPILLWAY_EVENTS_PER_EXECUTION" | "SPILLWAY_ADAPT" => return None,
            "SPILLWAY_MAX_ATTEMPTS" => "3",
            "SPILLWAY_BACKOFF_SECONDS" => "30,300",
            "SPILLWAY_RETENTION_DAYS" => "90",
            _ => "something",
        };
        Some(value.to_owned())
    }

    #[test]
    fn a_whole_environment_is_read() {
        let config = Config::from_environment(&good).unwrap();
        assert_eq!(
            config.retry,
            RetryPolicy {
                max_attempts: 3,
                backoff_seconds: vec![30, 300]
            }
        );
    }

    #[test]
    fn an_empty_environment_is_one_error_with_every_variable() {
        let error = Config::from_environment(&|_| None).unwrap_err();
        assert_eq!(error.problems.len(), 8);
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let lookup = |name: &str| match name {
            "SPILLWAY_MAX_ATTEMPTS" => Some("0".to_owned()),
            "SPILLWAY_BACKOFF_SECONDS" => Some("30,901".to_owned()),
            _ => good(name),
        };
        let problems = Config::from_environment(&lookup).unwrap_err().problems;
        assert_eq!(
            problems,
            [
                "SPILLWAY_MAX_ATTEMPTS is 0: set it to a whole number, at least 1",
                "SPILLWAY_BACKOFF_SECONDS has 901: set it to seconds from 0 to 900, with commas between",
            ]
        );
    }

    #[test]
    fn a_backoff_that_fifo_queues_cannot_keep_is_refused() {
        let lookup = |name: &str| match name {
            "SPILLWAY_LANES" => Some(
                LANES
                    .replace("events\"", "events.fifo\"")
                    .replace("dlq\"", "dlq.fifo\""),
            ),
            _ => good(name),
        };
        let problems = Config::from_environment(&lookup).unwrap_err().problems;
        assert_eq!(
            problems,
            ["SPILLWAY_BACKOFF_SECONDS has a delay, which FIFO queues cannot keep: set it to 0"]
        );
    }
}
