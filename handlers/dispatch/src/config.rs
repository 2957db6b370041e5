//! The handler's configuration: environment variables that Terraform sets.

use std::time::Duration;

use aws::environment::{Environment, EnvironmentError, PipelineVariables};
use serde::Deserialize;
use spillway::execution::input::InputFormat;
use spillway::lane;
use spillway::lane::source::{self, Source};
use spillway::pace::Pace;
use spillway::pace::adapt::Adapt;
use spillway::pace::tenants::TenantBound;
use spillway::pace::window::{self, Windows};
use spillway::protocol::holding::Idle;
use spillway::protocol::lap::LISTED_ABOVE;
use spillway::rules::order::Order;

/// The settings in the environment.
#[derive(Debug, Clone)]
pub struct Config {
    pub pipeline: PipelineVariables,
    /// The sources whose folder markers are processed.
    pub folder_markers: Vec<Source>,
    pub outcomes_queue_url: String,
    /// Whose sizes each tick reads, beside those of the queues that it works with; `None`: it reads
    /// none.
    pub failure_queues: Option<FailureQueues>,
    pub state_machine_arn: String,
    pub order: Order,
    /// Object events of one execution, at most.
    pub events_per_execution: u32,
    pub input_format: InputFormat,
    /// Days that finished rows are kept.
    pub retention_days: u32,
    pub pace: Pace,
    /// The errors by which the target says that it takes no more; `None`: the pace does not adapt.
    pub adapt: Option<Adapt>,
    /// `None`: tenants are not bounded.
    pub tenants: Option<TenantBound>,
    pub windows: Windows,
    /// Starts of one UTC day, at most.
    pub starts_per_day: Option<u32>,
    /// How long a tick can start events; Lambda's timeout is longer.
    pub tick: Duration,
    /// The behaviour of a tick when no event waits.
    pub idle: Idle,
    /// How old a slot is before the sweep describes its execution.
    pub sweep_after: Duration,
    /// Executions that one tick describes.
    pub sweep_per_tick: usize,
    /// With more slots than this the running executions are listed.
    pub listed_above: usize,
    /// The longest that an execution can take, if it is known.
    pub execution_timeout: Option<Duration>,
}

/// URLs of the queues of failures, by stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FailureQueues {
    pub outcomes: Vec<String>,
    pub ingest: Vec<String>,
    pub rules: Vec<String>,
    pub reconcile: Vec<String>,
}

impl Config {
    /// Reads every variable, and fails with one error that names all that are missing or wrong.
    pub fn from_environment(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, EnvironmentError> {
        let mut environment = Environment::new(lookup);
        let order = environment.order();
        let (pace, is_read) = environment.pace();
        let windows: Windows = environment.json_or_default(
            "SPILLWAY_WINDOWS",
            "the JSON list of the windows, or remove it",
            window::parse,
        );
        // Over a pace that could not be read every window would look wrong.
        if is_read && let Err(error) = windows.check(&pace) {
            let wrong = format!("is wrong ({error})");
            environment.problem("SPILLWAY_WINDOWS", &wrong, "paces within these ranges");
        }
        let pipeline = environment.pipeline();
        if !pipeline.lanes.is_empty()
            && let Err(error) = windows.check_lanes(&lane::bounds(&pipeline.lanes))
        {
            let wrong = format!("is wrong ({error})");
            environment.problem("SPILLWAY_WINDOWS", &wrong, "bounds of the pipeline's lanes");
        }
        let events_per_execution = environment.events_per_execution(order);
        let tenants = environment.tenants(order, events_per_execution, &pipeline.lanes);
        let config = Self {
            pipeline,
            folder_markers: environment.json_or_default(
                "SPILLWAY_FOLDER_MARKERS",
                "the JSON list of the sources whose folder markers are processed, or remove it",
                source::parse,
            ),
            outcomes_queue_url: environment
                .text("SPILLWAY_OUTCOMES_QUEUE_URL", "the outcomes queue's URL"),
            failure_queues: environment.json_or_default(
                "SPILLWAY_FAILURE_QUEUES",
                "the JSON object of the failure queues' URLs by stage, or remove it",
                |text| serde_json::from_str(text).map(Some),
            ),
            state_machine_arn: environment.text(
                "SPILLWAY_STATE_MACHINE_ARN",
                "the ARN of the state machine or of its alias",
            ),
            order,
            events_per_execution,
            input_format: environment
                .optional("SPILLWAY_INPUT_FORMAT", "objects or s3-notification")
                .unwrap_or_default(),
            retention_days: environment.days("SPILLWAY_RETENTION_DAYS"),
            pace,
            adapt: environment.adapt(),
            tenants,
            windows,
            starts_per_day: environment.optional_within(
                "SPILLWAY_STARTS_PER_DAY",
                1..=u32::MAX,
                "a whole number, at least 1, or remove it",
            ),
            tick: environment.seconds("SPILLWAY_TICK_SECONDS", 1),
            idle: environment
                .optional("SPILLWAY_IDLE", "stop or wait")
                .unwrap_or_default(),
            sweep_after: environment.seconds("SPILLWAY_SWEEP_AFTER_SECONDS", 0),
            sweep_per_tick: environment.within(
                "SPILLWAY_SWEEP_PER_TICK",
                1..=100,
                "a whole number of slots, 1 to 100",
            ) as usize,
            listed_above: LISTED_ABOVE,
            execution_timeout: Some(environment.seconds("SPILLWAY_EXECUTION_TIMEOUT_SECONDS", 0))
                .filter(|timeout| !timeout.is_zero()),
        };
        environment.finish()?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway::pace::layout::Layout;

    const LANES: &str = r#"[{"name": "default", "queue_url": "https://sqs/events",
        "dead_letter_queue_url": "https://sqs/events-dlq", "priority": 1, "min_share": 0}]"#;

    fn good(name: &str) -> Option<String> {
        let value = match name {
            "SPILLWAY_STARTS_PER_TICK"
            | "SPILLWAY_ADAPT"
            | "SPILLWAY_TENANTS"
            | "SPILLWAY_SLOT_PARTITIONS"
            | "SPILLWAY_WINDOWS"
            | "SPILLWAY_FOLDER_MARKERS"
            | "SPILLWAY_FAILURE_QUEUES"
            | "SPILLWAY_STARTS_PER_DAY"
            | "SPILLWAY_ORDER"
            | "SPILLWAY_EVENTS_PER_EXECUTION"
            | "SPILLWAY_INPUT_FORMAT" => return None,
            "SPILLWAY_LANES" => LANES,
            "SPILLWAY_RETENTION_DAYS" => "90",
            "SPILLWAY_MAX_CONCURRENCY" => "100",
            "SPILLWAY_STARTS_PER_SECOND" => "2.5",
            "SPILLWAY_BURST" => "50",
            "SPILLWAY_TICK_SECONDS" => "56",
            "SPILLWAY_EXECUTION_TIMEOUT_SECONDS" => "0",
            "SPILLWAY_IDLE" => "wait",
            "SPILLWAY_SWEEP_AFTER_SECONDS" => "300",
            "SPILLWAY_SWEEP_PER_TICK" => "50",
            _ => "something",
        };
        Some(value.to_owned())
    }

    #[test]
    fn a_whole_environment_is_read() {
        let config = Config::from_environment(&good).unwrap();
        assert_eq!(config.tick, Duration::from_secs(56));
        assert_eq!(config.pace.starts_per_second, 2.5);
        assert_eq!(config.pace.starts_per_tick, None);
        assert_eq!(config.windows, Windows::default());
        assert_eq!(config.starts_per_day, None);
        assert_eq!(config.execution_timeout, None);
    }

    #[test]
    fn a_pace_and_windows_that_need_sixteen_partitions_say_so() {
        let windows = r#"[{"name": "night", "priority": 1, "from": "01:00", "to": "02:00", "pace": {"starts_per_second": 900}}]"#;
        let with = |partitions: &'static str| {
            Config::from_environment(&|name| match name {
                "SPILLWAY_MAX_CONCURRENCY" => Some("50000".to_owned()),
                "SPILLWAY_WINDOWS" => Some(windows.to_owned()),
                "SPILLWAY_SLOT_PARTITIONS" => Some(partitions.to_owned()),
                _ => good(name),
            })
        };
        assert_eq!(with("16").unwrap().pace.layout, Layout::Sixteen);
        let told = with("1").unwrap_err().to_string();
        for problem in [
            "SPILLWAY_MAX_CONCURRENCY is out of range: max_concurrency is 50000: give at most 10000, or more with pace.slot_partitions = 16",
            "the window \"night\": pace: starts_per_second is 900",
        ] {
            assert!(told.contains(problem), "{told}");
        }
        let told = with("2").unwrap_err().to_string();
        assert!(told.contains("SPILLWAY_SLOT_PARTITIONS is \"2\""), "{told}");
        assert!(!told.contains("night"), "{told}");
    }

    #[test]
    fn bounds_of_lanes_are_read_and_those_of_windows_checked() {
        const LANES: &str = r#"[{"name": "bulk", "queue_url": "https://sqs/bulk", "dead_letter_queue_url": "https://sqs/bulk-dlq",
            "priority": 1, "max_concurrency": 5}]"#;
        let with = |lane: &'static str| {
            Config::from_environment(&|name| match name {
                "SPILLWAY_LANES" => Some(LANES.to_owned()),
                "SPILLWAY_WINDOWS" => Some(format!(
                    r#"[{{"name": "night", "priority": 1, "lanes": {{"{lane}": {{"max_concurrency": 9}}}}}}]"#
                )),
                _ => good(name),
            })
        };
        let config = with("bulk").unwrap();
        assert_eq!(config.pipeline.lanes[0].max_concurrency, Some(5));
        assert_eq!(config.windows.in_force(0).unwrap().lanes["bulk"], 9);
        let problems = with("bluk").unwrap_err().problems;
        assert_eq!(
            problems,
            [
                "SPILLWAY_WINDOWS is wrong (the window \"night\": it bounds the lane \"bluk\", which there is not): set it to bounds of \
                 the pipeline's lanes"
            ]
        );
    }

    #[test]
    fn an_empty_environment_is_one_error_with_every_variable() {
        let error = Config::from_environment(&|_| None).unwrap_err();
        assert_eq!(error.problems.len(), 14);
        assert!(
            error
                .to_string()
                .contains("SPILLWAY_LEDGER_ARN is missing: set it to the ledger")
        );
    }

    #[test]
    fn tenants_are_read_and_refused_beside_an_order_a_batch_and_a_fifo_queue() {
        let tenants = r#"{"by": "2", "max_concurrency": 5}"#;
        let read = |name: &'static str, value: &'static str| {
            Config::from_environment(&move |asked: &str| match asked {
                "SPILLWAY_TENANTS" => Some(tenants.into()),
                asked if asked == name => Some(value.into()),
                asked => good(asked),
            })
        };
        let config = read("SPILLWAY_ORDER", "none").unwrap();
        assert_eq!(config.tenants.unwrap().max_concurrency, 5);
        let fifo = r#"[{"name": "default", "queue_url": "https://sqs/events.fifo",
            "dead_letter_queue_url": "https://sqs/events-dlq.fifo", "priority": 1, "min_share": 0}]"#;
        for (name, value, hinders) in [
            ("SPILLWAY_ORDER", "latest", "the order latest"),
            (
                "SPILLWAY_EVENTS_PER_EXECUTION",
                "2",
                "executions of several events",
            ),
            ("SPILLWAY_LANES", fifo, "a FIFO queue"),
        ] {
            let problems = read(name, value).unwrap_err().problems;
            let told = format!("SPILLWAY_TENANTS is set with {hinders}");
            assert!(
                problems.iter().any(|it| it.starts_with(&told)),
                "{problems:?}"
            );
        }
    }

    #[test]
    fn failure_queues_are_read_by_stage() {
        let read = |queues: &'static str| {
            Config::from_environment(&|name| match name {
                "SPILLWAY_FAILURE_QUEUES" => Some(queues.to_owned()),
                _ => good(name),
            })
        };
        let queues = read(r#"{"outcomes": ["a"], "rules": ["b", "c"]}"#).unwrap();
        let expected = FailureQueues {
            outcomes: vec!["a".into()],
            rules: vec!["b".into(), "c".into()],
            ..FailureQueues::default()
        };
        assert_eq!(queues.failure_queues, Some(expected));
        assert_eq!(read("").unwrap().failure_queues, None);
        let problems = read(r#"{"rule": []}"#).unwrap_err().problems;
        assert!(problems[0].contains("unknown field `rule`"), "{problems:?}");
    }

    #[test]
    fn a_number_out_of_range_is_named() {
        let lookup = |name: &str| match name {
            "SPILLWAY_BURST" => Some("0".to_owned()),
            _ => good(name),
        };
        let error = Config::from_environment(&lookup).unwrap_err();
        assert_eq!(
            error.problems,
            ["SPILLWAY_BURST is out of range: burst is 0: give at least 1"]
        );
    }

    #[test]
    fn windows_and_the_days_limit_are_read_and_checked() {
        let read = |windows: &'static str, per_day: &'static str| {
            Config::from_environment(&|name| match name {
                "SPILLWAY_WINDOWS" => Some(windows.to_owned()),
                "SPILLWAY_STARTS_PER_DAY" => Some(per_day.to_owned()),
                _ => good(name),
            })
        };
        let night = r#"[{"name": "night", "priority": 1, "from": "20:00", "to": "24:00", "pace": {"burst": 5}}]"#;
        let config = read(night, "1000").unwrap();
        assert_eq!(config.starts_per_day, Some(1_000));
        assert!(config.windows.in_force(21 * 3_600_000).is_some());
        assert!(config.windows.in_force(3_600_000).is_none());

        assert_eq!(
            read(r#"[{"name": "night", "priority": 1}]"#, "1")
                .unwrap_err()
                .problems,
            [
                "SPILLWAY_WINDOWS is wrong (the window \"night\": pace is empty: give pause = true, or a pace with at \
                least one number): set it to the JSON list of the windows, or remove it"
            ]
        );
        let markers = Config::from_environment(&|name| match name {
            "SPILLWAY_FOLDER_MARKERS" => Some(r#"[{"buckets": "uploads"}]"#.to_owned()),
            _ => good(name),
        });
        let problems = markers.unwrap_err().problems;
        assert!(
            problems[0].starts_with("SPILLWAY_FOLDER_MARKERS is wrong"),
            "{problems:?}"
        );
        assert_eq!(
            read("[]", "0").unwrap_err().problems,
            ["SPILLWAY_STARTS_PER_DAY is 0: set it to a whole number, at least 1, or remove it"]
        );
    }
}
