//! The module's `pace.adapt`, and the target that executions call.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use spillway::pace::adapt::{self, Adapt};

use super::arriving::Rate;
use super::fields::Fields;
use super::wrong::Wrong;
use crate::engine::target::{Outage, Target};

/// The error of a refused execution, unless another one is named.
const ERROR: &str = "TargetBusy";

/// The numbers of `pace.adapt`, by the module's names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    pub errors: Vec<String>,
    pub tolerated_share: f64,
    pub slowest_starts_per_second: f64,
    pub uncounted_max: u32,
}

/// `pace.adapt`: its numbers, and as the core has them.
#[derive(Debug, Clone)]
pub struct Adapting {
    pub numbers: Numbers,
    pub adapt: Adapt,
}

impl Adapting {
    /// Reads the module's numbers. `name`: of the input that gives them.
    pub fn new(numbers: Numbers, name: &str) -> Result<Self, Wrong> {
        let wrong = |error: &dyn std::fmt::Display| Wrong::new(format!("{name}: {error}"));
        let json = serde_json::to_string(&numbers).map_err(|error| wrong(&error))?;
        let adapt = adapt::parse(&json).map_err(|error| wrong(&error))?;
        Ok(Self { numbers, adapt })
    }
}

/// Sets `pace.adapt` of a pipeline: `errors=A;B`, with the module's other numbers behind it, or
/// `none`.
pub fn set(adapting: &mut Option<Adapting>, given: &str) -> Result<(), Wrong> {
    const NAME: &str = "--adapt";
    if given == "none" {
        *adapting = None;
        return Ok(());
    }
    let wrong = |wrong: String| Wrong::new(format!("{NAME} {given}: {wrong}"));
    let known = [
        "errors",
        "tolerated_share",
        "slowest_starts_per_second",
        "uncounted_max",
    ];
    let several = |said| wrong(format!("{said}; write ; between two errors"));
    let fields = Fields::read(&format!(",{given}"), &known).map_err(several)?;
    let before = adapting.as_ref().map(|it| it.numbers.clone());
    let mut numbers = before.unwrap_or(Numbers {
        errors: Vec::new(),
        tolerated_share: 0.05,
        slowest_starts_per_second: 0.1,
        uncounted_max: 20,
    });
    if let Some(errors) = fields.text("errors") {
        let errors = errors.split(';').map(str::trim);
        let errors = errors.filter(|error| !error.is_empty());
        numbers.errors = errors.map(str::to_owned).collect();
    }
    let share = fields.number(known[1], "a number above 0 and below 1");
    numbers.tolerated_share = share.map_err(wrong)?.unwrap_or(numbers.tolerated_share);
    let slowest = fields.number(known[2], "a number above 0").map_err(wrong)?;
    numbers.slowest_starts_per_second = slowest.unwrap_or(numbers.slowest_starts_per_second);
    let uncounted = fields.number(known[3], "a whole number").map_err(wrong)?;
    numbers.uncounted_max = uncounted.unwrap_or(numbers.uncounted_max);
    *adapting = Some(Adapting::new(numbers, &format!("{NAME} {given}"))?);
    Ok(())
}

/// So many executions a second, as it is given: `10/s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit(pub f64);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is no limit of a target: give one such as 10/s, 300/m or 5000/h");
        // A rate without an uploader.
        let rate: Rate = match text.contains(',') {
            true => return Err(wrong()),
            false => text.parse().map_err(|_| wrong())?,
        };
        Ok(Self(rate.count / (rate.per as f64 / 1_000.0)))
    }
}

/// A time in which the target takes nothing, as it is given: `at=10m,for=5m`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Out(pub Outage);

impl FromStr for Out {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fields = Fields::read(&format!(",{text}"), &["at", "for"])?;
        let length = |name| -> Result<Option<Duration>, String> {
            let length = fields.length(name)?;
            Ok(length.map(|millis| Duration::from_millis(millis.unsigned_abs())))
        };
        let lasts = length("for")?.filter(|lasts| !lasts.is_zero());
        Ok(Self(Outage {
            at: length("at")?.unwrap_or_default(),
            lasts: lasts.ok_or(format!(
                "'{text}': say how long it lasts, such as at=10m,for=5m"
            ))?,
        }))
    }
}

/// Returns the target that executions call. `error`: of those that it refuses; `None`: the first
/// that `pace.adapt` names.
pub fn target(
    limit: Option<Limit>,
    outages: &[Out],
    error: Option<&str>,
    adapting: Option<&Adapting>,
) -> Target {
    let named = adapting.and_then(|it| it.numbers.errors.first());
    let error = error.map(str::to_owned);
    // A star stands for no text, too.
    let error = error.or_else(|| named.map(|named| named.replace('*', "")));
    Target {
        per_second: limit.map(|limit| limit.0),
        outages: outages.iter().map(|out| out.0).collect(),
        error: error.unwrap_or_else(|| ERROR.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_all(given: &[&str]) -> Result<Option<Numbers>, String> {
        let mut adapting = None;
        for text in given {
            set(&mut adapting, text).map_err(|wrong| wrong.to_string())?;
        }
        Ok(adapting.map(|it| it.numbers))
    }

    #[test]
    fn numbers_go_by_the_modules_names() {
        let numbers = set_all(&["errors=*Throttl*;States.Timeout,uncounted_max=3"]);
        let numbers = numbers.unwrap().unwrap();
        assert_eq!(numbers.errors, ["*Throttl*", "States.Timeout"]);
        assert_eq!((numbers.tolerated_share, numbers.uncounted_max), (0.05, 3));
        let over = set_all(&["errors=A", "tolerated_share=0.2"]).unwrap();
        assert_eq!(over.unwrap().errors, ["A"]);
        assert_eq!(set_all(&["errors=A", "none"]), Ok(None));
        for (given, part) in [
            ("uncounted_max=3", "errors is empty"),
            ("errors=*", "only of *"),
            ("errors=A,tolerated_share=1", "above 0 and below 1"),
            ("errors=A,share=1", "'share' is no field of it"),
            ("errors=A,uncounted_max=few", "a whole number"),
        ] {
            let told = set_all(&[given]).unwrap_err();
            assert!(told.contains(part), "{given}: {told}");
        }
    }

    #[test]
    fn a_target_has_a_limit_and_outages() {
        assert_eq!("600/m".parse(), Ok(Limit(10.0)));
        for wrong in ["10", "0/s", "10/s,lane=a", ""] {
            assert!(wrong.parse::<Limit>().is_err(), "{wrong}");
        }
        let out: Out = "at=10m,for=5m".parse().unwrap();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert_eq!((out.0.at, out.0.lasts), (minutes(10), minutes(5)));
        assert_eq!("for=5m".parse::<Out>().unwrap().0.at, Duration::ZERO);
        for wrong in ["10m", "at=10m", "at=10m,for=0s"] {
            assert!(wrong.parse::<Out>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_refusal_has_an_error_that_adapt_names() {
        let mut adapting = None;
        set(&mut adapting, "errors=Glue.*Exceeded*").unwrap();
        let adapting = adapting.as_ref();
        let error = |given: Option<&str>, adapting| target(None, &[], given, adapting).error;
        let named = error(None, adapting);
        assert_eq!(named, "Glue.Exceeded");
        assert!(adapting.unwrap().adapt.is_failure(Some(&named)));
        assert_eq!(error(Some("Own"), adapting), "Own");
        assert_eq!(error(None, None), ERROR);
    }
}
