//! The task: one scenario, as JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use spillway::pace::layout::Layout;
use spillway::rules::batch::MAX_EVENTS;

use crate::Failure;

/// One run of one program.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The program and its arguments.
    pub program: Vec<String>,
    /// Added to the variables that are set anyway, and stronger.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    pub work: Work,
    /// Object events to process.
    #[serde(default)]
    pub events: u32,
    /// Events of one execution; for `ingest`, records of one notification.
    #[serde(default = "one")]
    pub per_execution: u32,
    /// Executions that run already, and hold their slots.
    #[serde(default)]
    pub slots_taken: u32,
    /// The time of every API call, besides the server's own time.
    #[serde(default)]
    pub latency_ms: u64,
    #[serde(default)]
    pub tls: bool,
    /// Of slots: 1 or 16.
    #[serde(default = "one_partition")]
    pub slot_partitions: u8,
    /// A partition of the ledger gives 1,000 write and 3,000 read units a second, as AWS's do,
    /// while the program is measured.
    #[serde(default)]
    pub partition_limits: bool,
    /// `None`: no start is throttled.
    #[serde(default)]
    pub start_quota: Option<StartQuota>,
    /// Of all API calls, how many are answered with HTTP 500 and have no effect: 0 to 1.
    #[serde(default)]
    pub error_rate: f64,
    /// Of one CPU. `None`: no quota.
    #[serde(default)]
    pub cpu_share: Option<f64>,
    #[serde(default = "seed")]
    pub seed: u64,
    /// For `messages`: the queue's messages, instead of S3's notifications. {bucket}, {key} and {n}
    /// are an object's own; the rest is replaced as in `program`.
    #[serde(default)]
    pub message_template: Option<String>,
    /// Lambda's timeout of the function, in seconds; `dispatch` has its tick and 20 s more.
    #[serde(default = "timeout")]
    pub timeout_s: u64,
}

fn one() -> u32 {
    1
}

fn one_partition() -> u8 {
    1
}

fn seed() -> u64 {
    1
}

fn timeout() -> u64 {
    76
}

/// The kinds of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    Dispatch,
    Messages,
    Settle,
    Ingest,
    StartUp,
}

/// The token bucket of StartExecution.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartQuota {
    pub per_second: f64,
    pub burst: f64,
}

impl Scenario {
    pub fn parse(json: &str) -> Result<Self, Failure> {
        let scenario: Self =
            serde_json::from_str(json).map_err(|error| Failure::Scenario(error.to_string()))?;
        scenario.check().map_err(Failure::Scenario)?;
        Ok(scenario)
    }

    /// Returns the executions that the events make.
    pub fn executions(&self) -> u32 {
        self.events.div_ceil(self.per_execution)
    }

    /// Returns how slots are spread.
    pub fn layout(&self) -> Layout {
        Layout::parse(self.slot_partitions).unwrap_or_default()
    }

    fn check(&self) -> Result<(), String> {
        let wrong = |problem: &str| Err(problem.to_owned());
        if self.program.is_empty() {
            return wrong("program is empty");
        }
        if !(1..=MAX_EVENTS).contains(&self.per_execution) {
            return Err(format!("per_execution is not 1 to {MAX_EVENTS}"));
        }
        if Layout::parse(self.slot_partitions).is_none() {
            return wrong("slot_partitions is neither 1 nor 16");
        }
        let slots = self.slots_taken + self.executions();
        let most = self.layout().max_slots();
        if matches!(self.work, Work::Dispatch | Work::Settle) && slots > most {
            return Err(format!(
                "slots_taken and the events' executions are {slots} together: no pipeline of this many slot_partitions has \
                 more than {most}, and nothing frees one here"
            ));
        }
        if self.work == Work::Ingest && !self.events.is_multiple_of(self.per_execution) {
            return wrong("events is not a multiple of per_execution");
        }
        if self
            .message_template
            .as_ref()
            .is_some_and(|text| !text.contains("{key}"))
        {
            return wrong("message_template has no {key}: nothing would tell what was started");
        }
        if self.message_template.is_some() && self.work != Work::Messages {
            return wrong("message_template is for messages");
        }
        if !(0.0..=1.0).contains(&self.error_rate) {
            return wrong("error_rate is not 0 to 1");
        }
        if self
            .cpu_share
            .is_some_and(|share| !(0.05..=1.0).contains(&share))
        {
            return wrong("cpu_share is not 0.05 to 1");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_a_default() {
        let scenario = Scenario::parse(r#"{"program": ["p"], "work": "start_up"}"#).unwrap();
        assert_eq!((scenario.events, scenario.per_execution), (0, 1));
        assert!(scenario.start_quota.is_none());
    }

    #[test]
    fn what_cannot_be_is_named() {
        let problem = |json: &str| Scenario::parse(json).unwrap_err().to_string();
        assert!(problem(r#"{"program": [], "work": "dispatch"}"#).contains("program is empty"));
        assert!(problem(r#"{"program": ["p"], "work": "sleep"}"#).contains("sleep"));
        assert!(problem(r#"{"program": ["p"], "work": "dispatch", "event": 1}"#).contains("event"));
        let many = r#"{"program": ["p"], "work": "dispatch", "events": 9000, "slots_taken": 1001}"#;
        assert!(problem(many).contains("10001"));
        let partitions = r#"{"program": ["p"], "work": "dispatch", "slot_partitions": 4}"#;
        assert!(problem(partitions).contains("neither 1 nor 16"));
        let sixteen = many.replace('}', r#", "slot_partitions": 16}"#);
        assert!(Scenario::parse(&sixteen).is_ok());
        let keyless = r#"{"program": ["p"], "work": "messages", "message_template": "{n}"}"#;
        assert!(problem(keyless).contains("{key}"));
        let elsewhere = r#"{"program": ["p"], "work": "settle", "message_template": "{key}"}"#;
        assert!(problem(elsewhere).contains("is for messages"));
        let share = r#"{"program": ["p"], "work": "dispatch", "cpu_share": 1.5}"#;
        assert!(problem(share).contains("cpu_share"));
    }
}
