//! The lease: one tick at a time.
//!
//! Before it starts anything a tick writes the worst case (no tokens left, every start of this schedule used, slots of this tick
//! suspect); a clean release writes what is true. So a tick that dies leaves the truth or something safer.

use crate::Millis;
use crate::pace::day::DayStarts;
use crate::pace::tokens::Carried;

/// The lease item as the last tick left it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Left {
    /// The bucket; `None` before the first tick.
    pub tokens: Option<Carried>,
    /// Where the last sweep stopped: the last slot's execution it looked at.
    pub cursor: Option<String>,
    /// A tick since then did not end cleanly: slots taken since then may lack their start.
    pub suspect_since: Option<Millis>,
    /// The schedule's time the last tick ran for.
    pub tick: Option<String>,
    /// Starts for that time so far.
    pub tick_starts: u32,
    /// Starts owed to each lane, by priority.
    pub owed: Vec<f64>,
    /// Starts of the day; `None` when no limit was ever set.
    pub day: Option<DayStarts>,
    /// Reconcile has found versions without a version id. A mark that lasts; only reconcile sets it.
    pub listed: bool,
}

/// `tick_starts` while a tick runs: were it to die, a second tick of the same schedule starts nothing.
pub const ALL_STARTS: u32 = u32::MAX;

impl Left {
    /// How many starts of `starts_per_tick` this tick has left: schedules fire at least once, and both ticks of one
    /// scheduled time share its starts. `tick` is `None` for a tick invoked by hand.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html>
    pub fn starts_left(&self, tick: Option<&str>, starts_per_tick: Option<u32>) -> Option<u32> {
        let budget = starts_per_tick?;
        Some(budget.saturating_sub(self.starts_before(tick)))
    }

    /// Starts that an earlier tick for the same scheduled time made.
    pub fn starts_before(&self, tick: Option<&str>) -> u32 {
        if tick.is_some() && tick == self.tick.as_deref() {
            self.tick_starts
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ticks_of_one_scheduled_time_share_its_starts() {
        let left = Left {
            tick: Some("10:00".into()),
            tick_starts: 3,
            ..Left::default()
        };
        assert_eq!(left.starts_left(Some("10:00"), Some(5)), Some(2));
        assert_eq!(left.starts_left(Some("10:01"), Some(5)), Some(5));
        assert_eq!(left.starts_left(Some("10:00"), None), None);
        assert_eq!(left.starts_left(None, Some(5)), Some(5));
    }

    #[test]
    fn a_tick_that_died_used_all_its_starts() {
        let left = Left {
            tick: Some("10:00".into()),
            tick_starts: ALL_STARTS,
            ..Left::default()
        };
        assert_eq!(left.starts_left(Some("10:00"), Some(5)), Some(0));
    }
}
