//! The handler's configuration: environment variables that Terraform sets.

use std::time::Duration;

use aws::environment::{Environment, EnvironmentError, PipelineVariables};
use spillway::lane::source::Source;

/// The settings in the environment.
#[derive(Debug, Clone)]
pub struct Config {
    pub pipeline: PipelineVariables,
    /// The sources of the objects to look at, each with its lane.
    pub sources: Vec<Source>,
    /// How long the ledger keeps finished rows.
    pub retention_days: u32,
    /// A row that did not move for so long is requeued.
    pub stale_after: Duration,
    /// An object must be so old to be looked at: the events of younger ones can be on their way.
    pub min_age: Duration,
}

impl Config {
    /// Reads every variable, and fails with one error that names all that are missing or wrong.
    pub fn from_environment(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, EnvironmentError> {
        let mut environment = Environment::new(lookup);
        let pipeline = environment.pipeline();
        let config = Self {
            sources: environment.sources(&pipeline.lanes),
            pipeline,
            retention_days: environment.days("SPILLWAY_RETENTION_DAYS"),
            stale_after: environment.seconds("SPILLWAY_STALE_AFTER_SECONDS", 0),
            min_age: environment.seconds("SPILLWAY_RECONCILE_MIN_AGE_SECONDS", 0),
        };
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
            "SPILLWAY_SOURCES" => {
                r#"[{"bucket": "uploads", "prefix": "status/", "lane": "default"}]"#
            }
            "SPILLWAY_RETENTION_DAYS" => "90",
            "SPILLWAY_STALE_AFTER_SECONDS" | "SPILLWAY_RECONCILE_MIN_AGE_SECONDS" => "86400",
            _ => "something",
        };
        Some(value.to_owned())
    }

    #[test]
    fn a_whole_environment_is_read() {
        let config = Config::from_environment(&good).unwrap();
        assert_eq!((config.pipeline.lanes.len(), config.sources.len()), (1, 1));
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!((config.stale_after, config.min_age), (day, day));
        assert_eq!(config.retention_days, 90);
    }

    #[test]
    fn an_empty_environment_is_one_error_with_every_variable() {
        let error = Config::from_environment(&|_| None).unwrap_err();
        assert_eq!(error.problems.len(), 8);
        let text = error.to_string();
        assert!(text.contains(
            "SPILLWAY_STALE_AFTER_SECONDS is missing: set it to a whole number of seconds"
        ));
    }
}
