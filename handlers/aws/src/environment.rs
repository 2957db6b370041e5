//! Reading the configuration from environment variables, so that one error names every variable
//! that is missing or wrong, with the remedy.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use spillway::lane::source::{self, Source};
use spillway::lane::{self, Lane};
use spillway::pace::adapt::{self, Adapt};
use spillway::pace::tenants::{self, TenantBound};
use spillway::pace::{Pace, PaceError};
use spillway::rules::batch::MAX_EVENTS;
use spillway::rules::order::Order;

const LANES: &str = "SPILLWAY_LANES";
const MAX_CONCURRENCY: &str = "SPILLWAY_MAX_CONCURRENCY";
const STARTS_PER_SECOND: &str = "SPILLWAY_STARTS_PER_SECOND";
const BURST: &str = "SPILLWAY_BURST";
const STARTS_PER_TICK: &str = "SPILLWAY_STARTS_PER_TICK";
const SLOT_PARTITIONS: &str = "SPILLWAY_SLOT_PARTITIONS";

/// All that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the function's environment is not usable:\n- {}", .problems.join("\n- "))]
pub struct EnvironmentError {
    pub problems: Vec<String>,
}

impl EnvironmentError {
    /// Returns both values, or one error with the problems of both.
    pub fn both<A, B>(one: Result<A, Self>, other: Result<B, Self>) -> Result<(A, B), Self> {
        match (one, other) {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
            (Err(mut error), Err(other)) => {
                error.problems.extend(other.problems);
                Err(error)
            }
        }
    }
}

/// The settings of the pipeline that every handler has.
#[derive(Debug, Clone)]
pub struct PipelineVariables {
    pub name: String,
    pub ledger_table: String,
    pub ledger_arn: String,
    /// By priority.
    pub lanes: Vec<Lane>,
}

/// Reads variables, and collects their faults.
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl<'a> Environment<'a> {
    /// Reads by `lookup`, which answers a variable's value; tests give their own.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            problems: Vec::new(),
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// Returns a variable that must be set. `what` names the value to set it to.
    pub fn text(&mut self, name: &str, what: &str) -> String {
        match self.value(name) {
            Some(value) => value,
            None => {
                self.problem(name, "is missing", what);
                String::new()
            }
        }
    }

    /// Returns a variable that must be there and parse. On a problem a default is returned;
    /// [`Self::finish`] then fails.
    pub fn parsed<T>(&mut self, name: &str, what: &str) -> T
    where
        T: FromStr + Default,
        T::Err: Display,
    {
        match self.value(name) {
            Some(value) => self.parse(name, &value, what).unwrap_or_default(),
            None => {
                self.problem(name, "is missing", what);
                T::default()
            }
        }
    }

    /// Returns a variable that can be absent.
    pub fn optional<T>(&mut self, name: &str, what: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let value = self.value(name)?;
        self.parse(name, &value, what)
    }

    /// Returns a whole number within a range. On a problem the range's start is returned;
    /// [`Self::finish`] then fails.
    pub fn within(&mut self, name: &str, range: RangeInclusive<u32>, what: &str) -> u32 {
        if self.value(name).is_none() {
            self.problem(name, "is missing", what);
        }
        let start = *range.start();
        self.optional_within(name, range, what).unwrap_or(start)
    }

    /// Returns a whole number within a range, which can be absent.
    pub fn optional_within(
        &mut self,
        name: &str,
        range: RangeInclusive<u32>,
        what: &str,
    ) -> Option<u32> {
        let number: u32 = self.optional(name, what)?;
        if !range.contains(&number) {
            self.problem(name, &format!("is {number}"), what);
        }
        Some(number)
    }

    /// Returns a whole number of days, at least 1.
    pub fn days(&mut self, name: &str) -> u32 {
        self.within(name, 1..=u32::MAX, "a whole number of days, at least 1")
    }

    /// Returns a whole number of seconds, at least `least`.
    pub fn seconds(&mut self, name: &str, least: u32) -> Duration {
        let what = format!("a whole number of seconds, at least {least}");
        Duration::from_secs(self.within(name, least..=u32::MAX, &what).into())
    }

    /// Returns a variable with JSON that can be absent: then, and on a problem, the default.
    pub fn json_or_default<T: Default, E: Display>(
        &mut self,
        name: &str,
        what: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> T {
        let Some(value) = self.value(name) else {
            return T::default();
        };
        parse(&value).unwrap_or_else(|error| {
            self.problem(name, &format!("is wrong ({error})"), what);
            T::default()
        })
    }

    /// Returns a variable with values between commas.
    pub fn list<T>(&mut self, name: &str, what: &str) -> Vec<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(name, what);
        text.split(',')
            .filter(|part| !part.is_empty())
            .filter_map(|part| self.parse(name, part.trim(), what))
            .collect()
    }

    /// Returns the settings of the pipeline that every handler has.
    pub fn pipeline(&mut self) -> PipelineVariables {
        PipelineVariables {
            name: self.text("SPILLWAY_PIPELINE", "the pipeline's name"),
            ledger_table: self.text("SPILLWAY_LEDGER_TABLE", "the ledger table's name"),
            ledger_arn: self.text("SPILLWAY_LEDGER_ARN", "the ledger table's ARN"),
            lanes: self.lanes(),
        }
    }

    /// Returns the lanes, by priority.
    pub fn lanes(&mut self) -> Vec<Lane> {
        const LANES_ARE: &str = "the JSON list of the lanes and their queues";
        let text = self.text(LANES, LANES_ARE);
        if text.is_empty() {
            return Vec::new();
        }
        lane::parse(&text).unwrap_or_else(|error| {
            self.problem(LANES, &format!("is wrong ({error})"), LANES_ARE);
            Vec::new()
        })
    }

    /// Returns the order in which the versions of one object are processed.
    pub fn order(&mut self) -> Order {
        let order = self.optional("SPILLWAY_ORDER", "none, latest or each");
        order.unwrap_or_default()
    }

    /// Returns the number of object events of one execution, at most.
    pub fn events_per_execution(&mut self, order: Order) -> u32 {
        const NAME: &str = "SPILLWAY_EVENTS_PER_EXECUTION";
        let what = "a whole number of object events, 1 to 100";
        let events = self.optional_within(NAME, 1..=MAX_EVENTS, what);
        let events = events.unwrap_or(1);
        if events > 1 && order != Order::None {
            let given = format!("is {events} with the order {order}");
            self.problem(NAME, &given, "1, or SPILLWAY_ORDER to none");
        }
        events
    }

    /// Returns how many executions of each tenant run at once.
    pub fn tenants(&mut self, order: Order, events: u32, lanes: &[Lane]) -> Option<TenantBound> {
        const NAME: &str = "SPILLWAY_TENANTS";
        let what = "the JSON object of tenants, or remove it";
        let tenants = self.json_or_default(NAME, what, |text| tenants::parse(text).map(Some));
        let fifo = lanes.iter().any(|lane| lane.queue_url.ends_with(".fifo"));
        let hinders = match (order, events, fifo) {
            (Order::None, ..=1, false) => return tenants,
            (Order::None, ..=1, true) => "a FIFO queue",
            (Order::None, _, _) => "executions of several events",
            (order, _, _) => &format!("the order {order}"),
        };
        if tenants.is_some() {
            let given = format!("is set with {hinders}");
            self.problem(NAME, &given, &format!("nothing, or remove {hinders}"));
        }
        tenants
    }

    /// Returns the sources, each of which can name one of `lanes`.
    pub fn sources(&mut self, lanes: &[Lane]) -> Vec<Source> {
        const SOURCES: &str = "SPILLWAY_SOURCES";
        const SOURCES_ARE: &str = "the JSON list of the sources and their lanes";
        let text = self.text(SOURCES, SOURCES_ARE);
        if text.is_empty() {
            return Vec::new();
        }
        let sources = source::parse(&text).and_then(|sources| {
            // Lanes that are wrong are a problem of their own.
            if !lanes.is_empty() {
                source::check(&sources, lanes)?;
            }
            Ok(sources)
        });
        sources.unwrap_or_else(|error| {
            self.problem(SOURCES, &format!("is wrong ({error})"), SOURCES_ARE);
            Vec::new()
        })
    }

    /// Returns the pace, as configured, and whether all of its numbers are numbers. Their ranges
    /// are checked only then.
    pub fn pace(&mut self) -> (Pace, bool) {
        let problems = self.problems.len();
        let pace = Pace {
            max_concurrency: self.parsed(MAX_CONCURRENCY, "a whole number of executions"),
            starts_per_second: self.parsed(STARTS_PER_SECOND, "a number above 0"),
            burst: self.parsed(BURST, "a whole number, at least 1"),
            starts_per_tick: self
                .optional(STARTS_PER_TICK, "a whole number, at least 1, or remove it"),
            layout: self
                .optional(SLOT_PARTITIONS, "1 or 16, or remove it")
                .unwrap_or_default(),
        };
        let is_read = self.problems.len() == problems;
        if is_read && let Err(error) = pace.clone().validate() {
            let name = match error {
                PaceError::StartsPerSecond(..) => STARTS_PER_SECOND,
                PaceError::MaxConcurrency(..) => MAX_CONCURRENCY,
                PaceError::Burst => BURST,
                PaceError::StartsPerTick => STARTS_PER_TICK,
                PaceError::Lane(..) => LANES,
            };
            self.problems
                .push(format!("{name} is out of range: {error}"));
        }
        (pace, is_read)
    }

    /// Returns the sign that the target takes no more; `None`: the pace does not adapt.
    pub fn adapt(&mut self) -> Option<Adapt> {
        self.json_or_default(
            "SPILLWAY_ADAPT",
            "the JSON object of pace.adapt, or remove it",
            |text| adapt::parse(text).map(Some),
        )
    }

    fn parse<T>(&mut self, name: &str, value: &str, what: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        match value.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.problem(name, &format!("is {value:?} ({error})"), what);
                None
            }
        }
    }

    /// Notes that a variable is wrong. `what` names the value to set it to.
    pub fn problem(&mut self, name: &str, wrong: &str, what: &str) {
        self.problems
            .push(format!("{name} {wrong}: set it to {what}"));
    }

    /// Fails if anything was wrong.
    pub fn finish(self) -> Result<(), EnvironmentError> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(EnvironmentError {
                problems: self.problems,
            })
        }
    }
}

#[cfg(test)]
mod tests;
