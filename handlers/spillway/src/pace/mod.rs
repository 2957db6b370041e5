//! The pace: the numbers that bound a tick.

pub mod capacity;
pub mod control;
pub mod day;
pub mod gate;
pub mod in_force;
pub mod overridden;
pub mod permit;
pub mod recount;
pub mod tokens;
pub mod window;

use thiserror::Error;

/// The highest rate, in starts per second: a start writes the slots partition twice, and a partition takes 1,000
/// writes per second.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html>
pub const MAX_STARTS_PER_SECOND: f64 = 400.0;

/// The highest limit of running executions: every count of the slots reads all of them, and a partition gives 3,000
/// read units per second.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html>
pub const MAX_CONCURRENCY: u32 = 10_000;

/// The numbers that bound a tick.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Executions running at once, at most [`MAX_CONCURRENCY`]; 0 starts nothing.
    pub max_concurrency: u32,
    /// Above 0, at most [`MAX_STARTS_PER_SECOND`].
    pub starts_per_second: f64,
    /// Starts that may come at once after a quiet time; at least 1.
    pub burst: u32,
    /// Starts of one tick; `None`: until its deadline.
    pub starts_per_tick: Option<u32>,
}

/// A number of the pace that is out of its range.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PaceError {
    #[error("starts_per_second is {0}: give a number above 0, at most {MAX_STARTS_PER_SECOND}")]
    StartsPerSecond(f64),
    #[error("max_concurrency is {0}: give at most {MAX_CONCURRENCY}")]
    MaxConcurrency(u32),
    #[error("burst is 0: give at least 1")]
    Burst,
    #[error("starts_per_tick is 0: give at least 1, or pause the pipeline")]
    StartsPerTick,
}

impl Pace {
    /// Checks the ranges.
    pub fn validate(self) -> Result<Self, PaceError> {
        // Written so that NaN is refused too.
        let in_range =
            self.starts_per_second > 0.0 && self.starts_per_second <= MAX_STARTS_PER_SECOND;
        if !in_range {
            return Err(PaceError::StartsPerSecond(self.starts_per_second));
        }
        if self.max_concurrency > MAX_CONCURRENCY {
            return Err(PaceError::MaxConcurrency(self.max_concurrency));
        }
        if self.burst == 0 {
            return Err(PaceError::Burst);
        }
        if self.starts_per_tick == Some(0) {
            return Err(PaceError::StartsPerTick);
        }
        Ok(self)
    }
}

/// Some of a pace's numbers, to override others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Partial {
    pub max_concurrency: Option<u32>,
    pub starts_per_second: Option<f64>,
    pub burst: Option<u32>,
    pub starts_per_tick: Option<u32>,
}

impl Partial {
    /// `pace` with these numbers instead; what is not named stays.
    pub fn over(&self, pace: &Pace) -> Pace {
        Pace {
            max_concurrency: self.max_concurrency.unwrap_or(pace.max_concurrency),
            starts_per_second: self.starts_per_second.unwrap_or(pace.starts_per_second),
            burst: self.burst.unwrap_or(pace.burst),
            starts_per_tick: self.starts_per_tick.or(pace.starts_per_tick),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const PACE: Pace = Pace {
        max_concurrency: 100,
        starts_per_second: 25.0,
        burst: 50,
        starts_per_tick: None,
    };

    #[test]
    fn what_is_not_named_stays() {
        assert_eq!(Partial::default().over(&PACE), PACE);
        let five = Partial {
            max_concurrency: Some(5),
            ..Partial::default()
        };
        assert_eq!(
            five.over(&PACE),
            Pace {
                max_concurrency: 5,
                ..PACE
            }
        );
    }

    #[test]
    fn ranges_are_checked() {
        assert_eq!(PACE.validate(), Ok(PACE));
        for wrong in [0.0, -1.0, 400.1, f64::NAN, f64::INFINITY] {
            assert!(
                Pace {
                    starts_per_second: wrong,
                    ..PACE
                }
                .validate()
                .is_err(),
                "{wrong}"
            );
        }
        assert_eq!(Pace { burst: 0, ..PACE }.validate(), Err(PaceError::Burst));
        let none = Pace {
            starts_per_tick: Some(0),
            ..PACE
        };
        assert_eq!(none.validate(), Err(PaceError::StartsPerTick));
        assert!(
            Pace {
                max_concurrency: 0,
                ..PACE
            }
            .validate()
            .is_ok()
        );
    }
}
