//! Reading the configuration from environment variables, so that one error names every variable that is missing or
//! wrong, with the remedy.

use std::fmt::Display;
use std::str::FromStr;

use thiserror::Error;

use spillway::lane::source::{self, Source};
use spillway::lane::{self, Lane};
use spillway::pace::{Pace, PaceError};

const MAX_CONCURRENCY: &str = "SPILLWAY_MAX_CONCURRENCY";
const STARTS_PER_SECOND: &str = "SPILLWAY_STARTS_PER_SECOND";
const BURST: &str = "SPILLWAY_BURST";
const STARTS_PER_TICK: &str = "SPILLWAY_STARTS_PER_TICK";

/// All that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the function's environment is not usable:\n- {}", .problems.join("\n- "))]
pub struct EnvironmentError {
    pub problems: Vec<String>,
}

impl EnvironmentError {
    /// Both values, or one error with the problems of both.
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

/// Reads variables and collects what is wrong with them.
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl<'a> Environment<'a> {
    /// `lookup` answers a variable's value; tests give their own.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            problems: Vec::new(),
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// A variable that must be there. `what` says what to set it to.
    pub fn text(&mut self, name: &str, what: &str) -> String {
        match self.value(name) {
            Some(value) => value,
            None => {
                self.problem(name, "is missing", what);
                String::new()
            }
        }
    }

    /// A variable that must be there and parse. On a problem a default is returned; [`Self::finish`] then fails.
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

    /// A variable that may be absent.
    pub fn optional<T>(&mut self, name: &str, what: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let value = self.value(name)?;
        self.parse(name, &value, what)
    }

    /// A variable with JSON that may be absent: then, and on a problem, the default.
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

    /// A variable with values between commas.
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

    /// The lanes, by priority.
    pub fn lanes(&mut self) -> Vec<Lane> {
        const LANES: &str = "SPILLWAY_LANES";
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

    /// The sources, each of which may name one of `lanes`.
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

    /// The pace, as configured.
    pub fn pace(&mut self) -> Pace {
        Pace {
            max_concurrency: self.parsed(MAX_CONCURRENCY, "a whole number of executions"),
            starts_per_second: self.parsed(STARTS_PER_SECOND, "a number above 0, at most 400"),
            burst: self.parsed(BURST, "a whole number, at least 1"),
            starts_per_tick: self
                .optional(STARTS_PER_TICK, "a whole number, at least 1, or remove it"),
        }
    }

    /// Notes what of a pace is out of range.
    pub fn pace_in_range(&mut self, pace: &Pace) {
        if let Err(error) = pace.clone().validate() {
            let name = match error {
                PaceError::StartsPerSecond(_) => STARTS_PER_SECOND,
                PaceError::MaxConcurrency(_) => MAX_CONCURRENCY,
                PaceError::Burst => BURST,
                PaceError::StartsPerTick => STARTS_PER_TICK,
            };
            self.problems
                .push(format!("{name} is out of range: {error}"));
        }
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

    /// Notes that a variable is wrong. `what` says what to set it to.
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
mod tests {
    use super::*;

    #[test]
    fn one_error_names_everything() {
        let lookup = |name: &str| match name {
            "GOOD" => Some("7".to_owned()),
            "BAD" => Some("seven".to_owned()),
            "EMPTY" => Some(String::new()),
            "LIST" => Some("1, 2,x".to_owned()),
            _ => None,
        };
        let mut environment = Environment::new(&lookup);
        assert_eq!(environment.parsed::<u32>("GOOD", "a number"), 7);
        assert_eq!(environment.optional::<u32>("ABSENT", "a number"), None);
        environment.parsed::<u32>("BAD", "a whole number");
        environment.text("EMPTY", "the queue's URL");
        assert_eq!(environment.list::<u32>("LIST", "numbers"), [1, 2]);
        let error = environment.finish().unwrap_err();
        assert_eq!(error.problems.len(), 3);
        let text = error.to_string();
        assert!(text.contains(
            "BAD is \"seven\" (invalid digit found in string): set it to a whole number"
        ));
        assert!(text.contains("EMPTY is missing: set it to the queue's URL"));
        assert!(text.contains("LIST is \"x\""));
    }
}
