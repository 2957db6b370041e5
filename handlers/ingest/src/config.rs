//! The handler's configuration: environment variables that Terraform sets.

use aws::environment::{Environment, EnvironmentError, PipelineVariables};
use spillway::lane::source::Source;

/// The settings in the environment.
#[derive(Debug, Clone)]
pub struct Config {
    pub pipeline: PipelineVariables,
    /// Which lane an object's events belong to.
    pub sources: Vec<Source>,
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
                r#"[{"bucket": "uploads", "prefix": "status/", "suffix": "", "lane": "default"}]"#
            }
            _ => "something",
        };
        Some(value.to_owned())
    }

    #[test]
    fn a_whole_environment_is_read() {
        let config = Config::from_environment(&good).unwrap();
        assert_eq!(config.pipeline.lanes.len(), 1);
        assert_eq!(config.sources.len(), 1);
    }

    #[test]
    fn an_empty_environment_is_one_error_with_every_variable() {
        let error = Config::from_environment(&|_| None).unwrap_err();
        assert_eq!(error.problems.len(), 5);
        let text = error.to_string();
        assert!(
            text.contains("SPILLWAY_SOURCES is missing: set it to the JSON list of the sources")
        );
    }

    #[test]
    fn what_is_wrong_is_named_once() {
        let problems = |wrong: &'static str, value: &'static str| {
            let lookup = |name: &str| {
                if name == wrong {
                    Some(value.to_owned())
                } else {
                    good(name)
                }
            };
            Config::from_environment(&lookup).unwrap_err().problems
        };
        assert_eq!(
            problems(
                "SPILLWAY_SOURCES",
                r#"[{"bucket": "uploads", "lane": "fast"}]"#
            ),
            [
                "SPILLWAY_SOURCES is wrong (the source of the bucket \"uploads\" names the lane \"fast\", and there \
                 is none: give the name of a lane): set it to the JSON list of the sources and their lanes"
            ]
        );
        let lanes = problems("SPILLWAY_LANES", "[]");
        assert_eq!(lanes.len(), 1);
        assert!(lanes[0].starts_with("SPILLWAY_LANES is wrong"), "{lanes:?}");
    }
}
