//! How executions go, as it is given: how long they take, and how they fail.

use std::str::FromStr;
use std::time::Duration;

use spillway::Millis;

use super::fields::{Fields, fine, share};
use crate::engine::setup::{Failure, Takes};

/// Reads the executions' time: `20s`, `5s..60s` (half at most the first, 99 of 100 at most the
/// second), or a file of seconds, one a line.
pub fn takes(text: &str) -> Result<Takes, String> {
    let duration = |millis: Millis| Duration::from_millis(millis.unsigned_abs());
    if let Some((p50, p99)) = text.split_once("..") {
        let (p50, p99) = (fine(p50)?, fine(p99)?);
        if p50 <= 0 || p99 < p50 {
            return Err(format!(
                "'{text}': give the times that half of them and 99 of 100 take at most, such as 5s..60s"
            ));
        }
        return Ok(Takes::Spread {
            p50: duration(p50),
            p99: duration(p99),
        });
    }
    if let Ok(always) = fine(text) {
        return Ok(Takes::Always(duration(always)));
    }
    let file = std::fs::read_to_string(text).map_err(|error| {
        format!("'{text}' is neither a length such as 20s, nor 5s..60s, nor a file ({error})")
    })?;
    let lines = file.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut times = Vec::new();
    for (number, line) in lines.enumerate() {
        let cell = line.split([',', ';', '\t']).next_back().unwrap_or(line);
        match cell.trim().parse::<f64>() {
            Ok(seconds) if (0.0..1e8).contains(&seconds) => {
                times.push(Duration::from_secs_f64(seconds));
            }
            // The columns' names.
            _ if number == 0 => {}
            _ => {
                return Err(format!(
                    "{text}, line {}: the last column is no number of seconds: {line:.60}",
                    number + 1
                ));
            }
        }
    }
    match times.is_empty() {
        true => Err(format!("{text} has no times: give seconds, one a line")),
        false => Ok(Takes::Measured(times)),
    }
}

/// An error, as it is given: `2%`, `Timeout=2%`, or `UnknownDevice=1%,always`.
#[derive(Debug, Clone, PartialEq)]
pub struct Fails(pub Failure);

impl FromStr for Fails {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fields = Fields::read(text, &["always"])?;
        let (error, of) = fields
            .first
            .split_once('=')
            .unwrap_or(("States.TaskFailed", &fields.first));
        Ok(Self(Failure {
            error: error.trim().to_owned(),
            share: share(of)?,
            always: fields.flag("always")?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_take_a_time_or_times() {
        assert_eq!(takes("20s"), Ok(Takes::Always(Duration::from_secs(20))));
        let spread = Takes::Spread {
            p50: Duration::from_millis(2_500),
            p99: Duration::from_secs(60),
        };
        assert_eq!(takes("2.5s..1m"), Ok(spread));
        for wrong in ["60s..5s", "soon", "5s..", "0s..5s"] {
            assert!(takes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_error_has_a_name_and_a_share() {
        let fails = |text: &str| text.parse::<Fails>().map(|it| it.0);
        let unknown = fails("UnknownDevice=1%,always").unwrap();
        assert_eq!(
            (unknown.error.as_str(), unknown.share, unknown.always),
            ("UnknownDevice", 0.01, true)
        );
        assert_eq!(fails("2%").unwrap().error, "States.TaskFailed");
        assert!(fails("Timeout").is_err() && fails("2%,ever").is_err());
    }
}
