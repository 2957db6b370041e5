//! The pace: the numbers that bound a tick.

pub mod adapt;
pub mod bound;
pub mod capacity;
pub mod control;
pub mod day;
pub mod gate;
pub mod in_force;
pub mod layout;
pub mod overridden;
pub mod permit;
pub mod recount;
pub mod tenants;
pub mod tokens;
pub mod window;

use thiserror::Error;

use crate::pace::layout::Layout;

/// The numbers that bound a tick.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Executions running at once, at most [`Layout::max_slots`]; 0 starts nothing.
    pub max_concurrency: u32,
    /// Above 0, at most [`Layout::max_starts_per_second`].
    pub starts_per_second: f64,
    /// Starts allowed at once after a quiet time; at least 1.
    pub burst: u32,
    /// Starts of one tick; `None`: until its deadline.
    pub starts_per_tick: Option<u32>,
    /// How slots are spread. Neither a window nor an operator changes it.
    pub layout: Layout,
}

/// A number of the pace that is out of its range.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PaceError {
    #[error("starts_per_second is {0}: give a number above 0, at most {most}{more}", most = .1.max_starts_per_second(), more = more_with_sixteen(*.1))]
    StartsPerSecond(f64, Layout),
    #[error("max_concurrency is {0}: give at most {most}{more}", most = .1.max_slots(), more = more_with_sixteen(*.1))]
    MaxConcurrency(u32, Layout),
    #[error("burst is 0: give at least 1")]
    Burst,
    #[error("starts_per_tick is 0: give at least 1, or pause the pipeline")]
    StartsPerTick,
    #[error("{} is of no lane: give one of {}", bound::named(.0), .1.join(", "))]
    Lane(String, Vec<String>),
}

/// Returns the remedy of the module's owner who needs more.
fn more_with_sixteen(layout: Layout) -> &'static str {
    match layout {
        Layout::One => ", or more with pace.slot_partitions = 16 in the module",
        Layout::Sixteen => "",
    }
}

impl Pace {
    /// Checks the ranges.
    pub fn validate(self) -> Result<Self, PaceError> {
        let (rate, layout) = (self.starts_per_second, self.layout);
        // Written so that NaN is refused too.
        if !(rate > 0.0 && rate <= layout.max_starts_per_second()) {
            return Err(PaceError::StartsPerSecond(rate, layout));
        }
        if self.max_concurrency > layout.max_slots() {
            return Err(PaceError::MaxConcurrency(self.max_concurrency, layout));
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

impl Pace {
    /// Checks the ranges. A number that only another layout allows is lowered to this one's limit:
    /// it was in range when it was set. Returns the pace.
    pub fn lowered(self) -> Result<Self, PaceError> {
        let wider = Self {
            layout: Layout::Sixteen,
            ..self.clone()
        };
        if wider.validate().is_err() {
            return self.validate();
        }
        let (most, slots) = (self.layout.max_starts_per_second(), self.layout.max_slots());
        Self {
            starts_per_second: self.starts_per_second.min(most),
            max_concurrency: self.max_concurrency.min(slots),
            ..self
        }
        .validate()
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
    /// Returns `pace` with these numbers instead; the others stay.
    pub fn over(&self, pace: &Pace) -> Pace {
        Pace {
            max_concurrency: self.max_concurrency.unwrap_or(pace.max_concurrency),
            starts_per_second: self.starts_per_second.unwrap_or(pace.starts_per_second),
            burst: self.burst.unwrap_or(pace.burst),
            starts_per_tick: self.starts_per_tick.or(pace.starts_per_tick),
            layout: pace.layout,
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
        layout: Layout::One,
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
        let sixteen = Pace {
            max_concurrency: 100_000,
            starts_per_second: 4_000.0,
            layout: Layout::Sixteen,
            ..PACE
        };
        assert_eq!(sixteen.clone().validate(), Ok(sixteen.clone()));
        let told = |pace: Pace| pace.validate().unwrap_err().to_string();
        for (pace, remedy) in [
            (
                Pace {
                    layout: Layout::One,
                    ..sixteen.clone()
                },
                "starts_per_second is 4000: give a number above 0, at most 400, or more with pace.slot_partitions = 16 in the module",
            ),
            (
                Pace {
                    layout: Layout::One,
                    starts_per_second: 400.0,
                    ..sixteen.clone()
                },
                "max_concurrency is 100000: give at most 10000, or more with pace.slot_partitions = 16 in the module",
            ),
            (
                Pace {
                    max_concurrency: 100_001,
                    ..sixteen.clone()
                },
                "max_concurrency is 100001: give at most 100000",
            ),
        ] {
            assert_eq!(told(pace), remedy);
        }
        let lowered = Pace {
            max_concurrency: 10_000,
            starts_per_second: 400.0,
            ..PACE
        };
        let too_wide = Pace {
            layout: Layout::One,
            ..sixteen
        };
        assert_eq!(too_wide.clone().lowered(), Ok(lowered));
        let never = Pace {
            max_concurrency: 100_001,
            ..too_wide
        };
        assert!(never.lowered().is_err());
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
