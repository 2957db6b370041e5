//! The pipeline of a plan: the module's defaults, the numbers of a Terraform plan, and the options
//! over them.

use std::time::Duration;

use serde_json::{Map, Value};
use spillway::lane::{MAX_LANES, MAX_SHARES};
use spillway::pace::Pace;
use spillway::pace::bound::Bound;
use spillway::pace::layout::Layout;
use spillway::pace::window::{self, Windows};
use spillway::protocol::holding::Idle;
use spillway::rules::batch::MAX_EVENTS;
use spillway::rules::order::Order;
use spillway::rules::retry::RetryPolicy;

use super::adapting::Adapting;
use super::fields::Fields;
use super::tenants::Tenants;
use super::wrong::Wrong;
use crate::costs::{Functions, Way};

/// The module refuses a larger burst.
const MAX_BURST: u32 = 1_000;

/// A pipeline, as the module's inputs say it.
#[derive(Debug, Clone)]
pub struct Pipeline {
    pub name: String,
    /// Its Region; `None`: nobody said.
    pub region: Option<String>,
    pub pace: Pace,
    /// `None`: the pace does not adapt to the target.
    pub adapt: Option<Adapting>,
    pub lanes: Vec<Lane>,
    /// As JSON, and read.
    pub windows_json: Value,
    pub windows: Windows,
    pub starts_per_day: Option<u32>,
    pub retry: RetryPolicy,
    pub order: Order,
    pub events_per_execution: u32,
    pub way: Way,
    /// The events queues are FIFO queues.
    pub fifo: bool,
    pub idle: Idle,
    /// The bound of each tenant; `None`: there is none.
    pub tenants: Option<Tenants>,
    /// How long a tick releases events; `None`: as the module has it.
    pub tick: Option<Duration>,
    /// From one tick to the next.
    pub schedule: Duration,
    /// Ticks come by the schedule; else nothing starts until it is switched on.
    pub enabled: bool,
    pub functions: Functions,
    /// The longest that an execution can take; `None`: as long as it takes.
    pub timeout: Option<Duration>,
}

/// A lane by its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    pub name: String,
    /// The lowest comes first.
    pub priority: u32,
    pub min_share: f64,
    /// Executions of the lane at once, at most; `None`: no bound of its own.
    pub max_concurrency: Option<u32>,
}

impl Default for Pipeline {
    /// Returns the module's defaults.
    fn default() -> Self {
        Self {
            name: "pipeline".to_owned(),
            region: None,
            pace: Pace {
                max_concurrency: 100,
                starts_per_second: 25.0,
                burst: 50,
                starts_per_tick: None,
                layout: Layout::One,
            },
            adapt: None,
            lanes: vec![Lane {
                name: "default".to_owned(),
                priority: 1,
                min_share: 0.0,
                max_concurrency: None,
            }],
            windows_json: Value::Array(Vec::new()),
            windows: Windows::default(),
            starts_per_day: None,
            retry: RetryPolicy {
                max_attempts: 3,
                backoff_seconds: vec![30, 300],
            },
            order: Order::None,
            events_per_execution: 1,
            way: Way::Sqs,
            fifo: false,
            idle: Idle::Stop,
            tenants: None,
            tick: None,
            schedule: Duration::from_secs(60),
            enabled: true,
            functions: Functions::default(),
            timeout: None,
        }
    }
}

impl Pipeline {
    /// Returns how long a tick releases events.
    pub fn tick(&self) -> Duration {
        match (self.idle, self.tick) {
            // Until the next one takes over.
            (Idle::Wait, _) => Duration::from_secs(120),
            (Idle::Stop, tick) => tick.unwrap_or(Duration::from_secs(56)),
        }
    }

    /// Returns the lanes' own bounds.
    pub fn bounds(&self) -> Vec<Bound> {
        let bound = |lane: &Lane| Bound {
            lane: lane.name.clone(),
            max: lane.max_concurrency,
        };
        self.lanes.iter().map(bound).collect()
    }

    /// Sets a number of the pace: `name=value`, by the module's names.
    pub fn set_pace(&mut self, given: &str) -> Result<(), Wrong> {
        let (name, value) = given.split_once('=').unwrap_or((given, ""));
        let wrong = |what: &str| Wrong::new(format!("--pace {name}={value}: give {what}"));
        let number = value.replace('_', "");
        let whole = || number.parse::<u32>().map_err(|_| wrong("a whole number"));
        let pace = &mut self.pace;
        match name {
            "max_concurrency" => {
                pace.max_concurrency = whole()?;
                if pace.max_concurrency == 0 {
                    return Err(wrong("1 or more; to start nothing, pause the pipeline"));
                }
            }
            "starts_per_second" => {
                pace.starts_per_second = number.parse().map_err(|_| wrong("a number above 0"))?;
            }
            "burst" => {
                let burst = whole()?;
                if !(1..=MAX_BURST).contains(&burst) {
                    return Err(wrong(&format!("1 to {MAX_BURST}")));
                }
                pace.burst = burst;
            }
            "starts_per_tick" => {
                let starts = whole()?;
                if starts == 0 {
                    return Err(wrong("1 or more"));
                }
                pace.starts_per_tick = Some(starts);
            }
            "slot_partitions" => {
                pace.layout = number.parse().map_err(|_| wrong("1 or 16"))?;
            }
            _ => {
                return Err(Wrong::new(format!(
                    "--pace {name}: there are max_concurrency, starts_per_second, burst, starts_per_tick and slot_partitions"
                )));
            }
        }
        Ok(())
    }

    /// Sets the lanes: `name,priority=1,min_share=0.1,max_concurrency=5` each.
    pub fn set_lanes(&mut self, given: &[String]) -> Result<(), Wrong> {
        let mut lanes = Vec::new();
        for (place, text) in given.iter().enumerate() {
            let wrong = |wrong: String| Wrong::new(format!("--lane {text}: {wrong}"));
            let names = ["priority", "min_share", "max_concurrency"];
            let fields = Fields::read(text, &names).map_err(wrong)?;
            let priority = fields.number("priority", "a whole number, the lowest comes first");
            let min_share = fields.number("min_share", "a number from 0 to 0.9");
            let max = fields.number("max_concurrency", "executions of the lane at once, at most");
            lanes.push(Lane {
                name: fields.first.clone(),
                priority: priority.map_err(wrong)?.unwrap_or(place as u32 + 1),
                min_share: min_share.map_err(wrong)?.unwrap_or_default(),
                max_concurrency: max.map_err(wrong)?,
            });
        }
        if !lanes.is_empty() {
            self.lanes = lanes;
        }
        Ok(())
    }

    /// Sets the windows: as Terraform's `windows`, by name, or as the list that the functions are
    /// given.
    pub fn set_windows(&mut self, json: &str, given: &str) -> Result<(), Wrong> {
        let wrong = |wrong: String| Wrong::new(format!("{given}: {wrong}"));
        let value: Value = serde_json::from_str(json).map_err(|error| {
            wrong(format!(
                "it is not JSON ({error}): give Terraform's windows as JSON"
            ))
        })?;
        let list = match value {
            Value::Object(windows) => Value::Array(windows.into_iter().map(named).collect()),
            list => list,
        };
        self.windows =
            window::parse(&list.to_string()).map_err(|error| wrong(error.to_string()))?;
        self.windows_json = list;
        Ok(())
    }

    /// Checks all numbers together, and sorts the lanes by priority.
    pub fn checked(mut self) -> Result<Self, Wrong> {
        let pace = self.pace.clone().validate();
        pace.map_err(|error| Wrong::new(format!("--pace: {error}")))?;
        let windows = self.windows.check(&self.pace);
        windows.map_err(|error| Wrong::new(format!("--windows: {error}")))?;
        self.lanes.sort_by_key(|lane| lane.priority);
        let lanes = &self.lanes;
        let pairs = || lanes.iter().zip(lanes.iter().skip(1));
        if let Some((one, other)) = pairs().find(|(one, other)| one.priority == other.priority) {
            return Err(Wrong::new(format!(
                "--lane: {} and {} have the priority {}: give each its own",
                one.name, other.name, one.priority
            )));
        }
        let mut names: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
        names.sort_unstable();
        if let Some([one, _]) = names.array_windows().find(|[one, other]| one == other) {
            return Err(Wrong::new(format!(
                "--lane: two lanes are named {one}: give each a name of its own"
            )));
        }
        let of_windows = self.windows.check_lanes(&self.bounds());
        of_windows.map_err(|error| Wrong::new(format!("--windows: {error}")))?;
        let shares: f64 = lanes.iter().map(|lane| lane.min_share).sum();
        let out = |lane: &Lane| !(0.0..=MAX_SHARES).contains(&lane.min_share);
        if lanes.iter().any(out) || shares > MAX_SHARES + 1e-9 {
            return Err(Wrong::new(format!(
                "--lane: the min_shares are {shares} together: give 0 to {MAX_SHARES} for all"
            )));
        }
        if lanes.len() > MAX_LANES {
            return Err(Wrong::new(format!(
                "--lane: there are {} lanes: give at most {MAX_LANES}",
                lanes.len()
            )));
        }
        if !(1..=MAX_EVENTS).contains(&self.events_per_execution) {
            return Err(Wrong::new(format!(
                "--events-per-execution {}: give 1 to {MAX_EVENTS}",
                self.events_per_execution
            )));
        }
        if self.events_per_execution > 1 && self.order != Order::None {
            return Err(Wrong::new(format!(
                "--order {} goes with one event per execution: leave out one of the two",
                self.order
            )));
        }
        let of_windows = self.windows.paces().filter_map(|pace| pace.burst).max();
        if let Some(burst) = of_windows.filter(|burst| *burst > MAX_BURST) {
            return Err(Wrong::new(format!(
                "--windows: a burst is {burst}: give 1 to {MAX_BURST}"
            )));
        }
        if let Some(adapting) = &self.adapt
            && adapting.numbers.slowest_starts_per_second > self.pace.starts_per_second
        {
            return Err(Wrong::new(format!(
                "--adapt slowest_starts_per_second={}: starts slow down to this rate; give at most starts_per_second, {}",
                adapting.numbers.slowest_starts_per_second, self.pace.starts_per_second
            )));
        }
        self.check_tenants()?;
        self.check_fifo()?;
        if self.retry.max_attempts == 0 || self.retry.max_attempts > 100 {
            return Err(Wrong::new(format!(
                "--attempts {}: give 1 to 100",
                self.retry.max_attempts
            )));
        }
        if self.retry.backoff_seconds.iter().any(|delay| *delay > 900) {
            return Err(Wrong::new(
                "--backoff: SQS delays a message by 900 seconds at most: give 0 to 900 each",
            ));
        }
        Ok(self)
    }
}

impl Pipeline {
    /// Checks the bound of each tenant, as the module does.
    fn check_tenants(&self) -> Result<(), Wrong> {
        let Some(tenants) = &self.tenants else {
            return Ok(());
        };
        let windows = self.windows.paces();
        let windows = windows.filter_map(|pace| pace.max_concurrency);
        let most = windows.fold(self.pace.max_concurrency, u32::max);
        let max_concurrency = tenants.bound.max_concurrency;
        if max_concurrency > most {
            return Err(Wrong::new(format!(
                "--tenants max_concurrency={max_concurrency}: give 1 to {most}, the most that the pipeline ever runs at once"
            )));
        }
        if self.order != Order::None {
            return Err(Wrong::new(format!(
                "--tenants does not go with --order {}: a version would wait for its object's turn and for its tenant; leave one of the two out",
                self.order
            )));
        }
        if self.events_per_execution > 1 {
            return Err(Wrong::new(format!(
                "--tenants does not go with --events-per-execution {}: one execution would count for several tenants; leave one of the two out",
                self.events_per_execution
            )));
        }
        Ok(())
    }

    /// Checks that all goes with a FIFO queue, as the module does.
    fn check_fifo(&self) -> Result<(), Wrong> {
        if !self.fifo {
            return Ok(());
        }
        if self.way != Way::Lambda {
            return Err(Wrong::new(format!(
                "--fifo does not go with --via {}: S3 cannot send to a FIFO queue; give --via lambda, or --fifo false",
                self.way
            )));
        }
        if self.events_per_execution > 1 {
            return Err(Wrong::new(format!(
                "--fifo does not go with --events-per-execution {}: an execution of several objects has no place in the order of one; give 1, or --fifo false",
                self.events_per_execution
            )));
        }
        if self.tenants.is_some() {
            return Err(Wrong::new(
                "--fifo does not go with --tenants: an event that waits for its tenant leaves the order of its object; give --tenants none, or --fifo false",
            ));
        }
        if self.retry.backoff_seconds.iter().any(|delay| *delay > 0) {
            return Err(Wrong::new(
                "--backoff: a message of a FIFO queue cannot be delayed: give 0, or --fifo false",
            ));
        }
        Ok(())
    }
}

/// Returns a window of Terraform's map, with its name in it and without its null fields.
fn named((name, window): (String, Value)) -> Value {
    fn without_null(value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
                Value::Object(
                    kept.map(|(name, value)| (name, without_null(value)))
                        .collect(),
                )
            }
            value => value,
        }
    }
    let mut fields = match without_null(window) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    fields.insert("name".to_owned(), name.into());
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_pace_go_by_the_modules_names() {
        let mut pipeline = Pipeline::default();
        pipeline.set_pace("max_concurrency=5_000").unwrap();
        pipeline.set_pace("starts_per_second=2.5").unwrap();
        assert_eq!(pipeline.pace.max_concurrency, 5_000);
        let told = pipeline.set_pace("concurrency=5").unwrap_err().to_string();
        assert!(
            told.starts_with("--pace concurrency: there are max_concurrency"),
            "{told}"
        );
        pipeline.set_pace("starts_per_second=900").unwrap();
        let told = pipeline.checked().unwrap_err().to_string();
        assert!(
            told.contains("at most 400, or more with pace.slot_partitions = 16"),
            "{told}"
        );
    }

    #[test]
    fn lanes_come_by_priority_and_are_checked() {
        let with = |lanes: &[&str]| {
            let lanes: Vec<String> = lanes.iter().map(|&lane| lane.to_owned()).collect();
            let mut pipeline = Pipeline::default();
            pipeline.set_lanes(&lanes)?;
            pipeline.checked()
        };
        let pipeline = with(&["bulk,priority=2,min_share=0.1", "urgent,priority=1"]).unwrap();
        assert_eq!(pipeline.lanes[0].name, "urgent");
        for (lanes, part) in [
            (["a,priority=1", "b,priority=1"], "the priority 1"),
            (["a", "a"], "two lanes are named a"),
            (["a,min_share=0.5", "b,min_share=0.5"], "0 to 0.9"),
            (["a,share=1", "b"], "'share' is no field of it"),
        ] {
            let told = with(&lanes).unwrap_err().to_string();
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn windows_are_read_as_terraform_has_them() {
        let mut pipeline = Pipeline::default();
        let night = r#"{"night": {"priority": 1, "from": "20:00", "days": null, "pace": {"max_concurrency": 5, "burst": null}}}"#;
        pipeline.set_windows(night, "--windows").unwrap();
        assert!(pipeline.windows.in_force(21 * 3_600_000).is_some());
        let told = pipeline.set_windows("{", "w.json").unwrap_err().to_string();
        assert!(told.starts_with("w.json: it is not JSON"), "{told}");
        let told = pipeline.set_windows(r#"{"a": {}}"#, "w.json").unwrap_err();
        assert!(told.to_string().contains("priority is missing"), "{told}");
    }
}
