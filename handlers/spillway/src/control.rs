//! The control item: what an operator wrote to override the pace, or to pause.

use crate::pace::{Pace, PaceError};

/// The control item's content. What it does not name stays as configured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Control {
    pub paused: bool,
    pub max_concurrency: Option<u32>,
    pub starts_per_second: Option<f64>,
    pub burst: Option<u32>,
    pub starts_per_tick: Option<u32>,
}

impl Control {
    /// The pace in force: the configured one with the operator's numbers over it.
    pub fn over(&self, configured: &Pace) -> Result<Pace, PaceError> {
        Pace {
            max_concurrency: self.max_concurrency.unwrap_or(configured.max_concurrency),
            starts_per_second: self
                .starts_per_second
                .unwrap_or(configured.starts_per_second),
            burst: self.burst.unwrap_or(configured.burst),
            starts_per_tick: self.starts_per_tick.or(configured.starts_per_tick),
        }
        .validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::tests::PACE;

    #[test]
    fn what_is_not_named_stays() {
        assert_eq!(Control::default().over(&PACE), Ok(PACE));
        let control = Control {
            max_concurrency: Some(5),
            ..Control::default()
        };
        assert_eq!(
            control.over(&PACE),
            Ok(Pace {
                max_concurrency: 5,
                ..PACE
            })
        );
    }

    #[test]
    fn an_operators_mistake_is_named() {
        let control = Control {
            starts_per_second: Some(0.0),
            ..Control::default()
        };
        assert_eq!(control.over(&PACE), Err(PaceError::StartsPerSecond(0.0)));
    }
}
