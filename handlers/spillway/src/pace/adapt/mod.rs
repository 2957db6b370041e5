//! The adaptive pace: errors that executions report about their target slow starts down, or stop
//! them.
//!
//! A target that takes less than the pace allows makes executions fail with errors that its owner
//! names. [`circuit::Circuit`] finds the rate that the target takes, and stops all starts but
//! probes while it takes none. A target that is well is never slowed.

pub mod circuit;
pub mod errors;
pub mod health;

use serde::Deserialize;
use thiserror::Error;

use crate::pace::adapt::errors::{Errors, ErrorsError};

/// The most ends of an event that do not count: each can cost an execution.
const MAX_UNCOUNTED: u32 = 1_000;
/// The fastest slowest rate, in starts per second: one above the pace would bound nothing.
const MAX_SLOWEST: f64 = 4_000.0;

/// The settings of a pipeline's owner about its target.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapt {
    /// Errors by which an execution says that its target takes no more.
    pub errors: Errors,
    /// The share of executions that can end with such an error before starts are slowed down.
    /// Above 0 and below 1.
    pub tolerated_share: f64,
    /// The slowest rate, in starts per second. Above 0.
    pub slowest: f64,
    /// So many ends with such an error do not count as attempts of an event.
    pub uncounted_max: u32,
}

/// The fault in the numbers.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AdaptError {
    #[error(transparent)]
    Errors(#[from] ErrorsError),
    #[error("tolerated_share is {0}: give a number above 0 and below 1")]
    ToleratedShare(f64),
    #[error("slowest_starts_per_second is {0}: give a number above 0, at most 4000")]
    Slowest(f64),
    #[error("uncounted_max is {0}: give at most {MAX_UNCOUNTED}")]
    UncountedMax(u32),
    #[error("{0}")]
    Json(String),
}

/// As it is configured.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    errors: Vec<String>,
    tolerated_share: f64,
    slowest_starts_per_second: f64,
    uncounted_max: u32,
}

/// Reads the JSON object that the module writes.
pub fn parse(text: &str) -> Result<Adapt, AdaptError> {
    let written: Written =
        serde_json::from_str(text).map_err(|error| AdaptError::Json(error.to_string()))?;
    let (share, slowest) = (written.tolerated_share, written.slowest_starts_per_second);
    // Written so that NaN is refused too.
    if !(share > 0.0 && share < 1.0) {
        return Err(AdaptError::ToleratedShare(share));
    }
    if !(slowest > 0.0 && slowest <= MAX_SLOWEST) {
        return Err(AdaptError::Slowest(slowest));
    }
    if written.uncounted_max > MAX_UNCOUNTED {
        return Err(AdaptError::UncountedMax(written.uncounted_max));
    }
    Ok(Adapt {
        errors: Errors::new(written.errors)?,
        tolerated_share: share,
        slowest,
        uncounted_max: written.uncounted_max,
    })
}

impl Adapt {
    /// Returns whether an execution that ended with this error says that the target takes no more.
    pub fn is_failure(&self, error: Option<&str>) -> bool {
        error.is_some_and(|error| self.errors.name(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_refused() {
        let with = |name: &str, value: &str| {
            let mut written = serde_json::json!({
                "errors": ["*Throttl*"], "tolerated_share": 0.05, "slowest_starts_per_second": 0.1, "uncounted_max": 20
            });
            written[name] = serde_json::from_str(value).unwrap();
            parse(&written.to_string()).map_err(|error| error.to_string())
        };
        assert_eq!(with("uncounted_max", "0").unwrap().uncounted_max, 0);
        for (name, value, told) in [
            ("errors", "[]", "errors is empty"),
            ("tolerated_share", "0", "tolerated_share is 0"),
            ("tolerated_share", "1", "tolerated_share is 1"),
            (
                "slowest_starts_per_second",
                "0",
                "slowest_starts_per_second is 0",
            ),
            ("slowest_starts_per_second", "4001", "at most 4000"),
            ("uncounted_max", "1001", "at most 1000"),
            ("share", "1", "unknown field `share`"),
        ] {
            let error = with(name, value).unwrap_err();
            assert!(error.contains(told), "{name} = {value}: {error}");
        }
    }
}
