//! The numbers that can be searched for.

use std::fmt::{self, Display};
use std::str::FromStr;

use super::pipeline::Pipeline;

/// A number of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    MaxConcurrency,
    StartsPerSecond,
    EventsPerExecution,
    ConcurrencyOfTenants,
}

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "max_concurrency" => Ok(Self::MaxConcurrency),
            "starts_per_second" => Ok(Self::StartsPerSecond),
            "events_per_execution" => Ok(Self::EventsPerExecution),
            "tenants.max_concurrency" => Ok(Self::ConcurrencyOfTenants),
            _ => Err(format!(
                "'{text}' cannot be searched for: give max_concurrency, starts_per_second, events_per_execution or tenants.max_concurrency"
            )),
        }
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MaxConcurrency => "max_concurrency",
            Self::StartsPerSecond => "starts_per_second",
            Self::EventsPerExecution => "events_per_execution",
            Self::ConcurrencyOfTenants => "tenants.max_concurrency",
        })
    }
}

impl Number {
    /// Returns the largest that the pipeline allows.
    pub fn most(self, pipeline: &Pipeline) -> u32 {
        let layout = pipeline.pace.layout;
        match self {
            Self::MaxConcurrency => layout.max_slots(),
            Self::StartsPerSecond => layout.max_starts_per_second() as u32,
            Self::EventsPerExecution => spillway::rules::batch::MAX_EVENTS,
            Self::ConcurrencyOfTenants => pipeline.pace.max_concurrency,
        }
    }

    pub fn set(self, pipeline: &mut Pipeline, number: u32) {
        match self {
            Self::MaxConcurrency => pipeline.pace.max_concurrency = number,
            Self::StartsPerSecond => pipeline.pace.starts_per_second = number.into(),
            Self::EventsPerExecution => pipeline.events_per_execution = number,
            Self::ConcurrencyOfTenants => {
                let tenants = pipeline.tenants.get_or_insert_default();
                tenants.bound.max_concurrency = number;
            }
        }
    }
}
