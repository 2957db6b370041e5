//! The lease: one tick at a time.
//!
//! Before it starts anything a tick writes the worst case: no tokens left, every start of this
//! schedule used, slots of this tick suspect. A clean release writes the true numbers. So a tick
//! that dies leaves true or safer numbers.

use crate::Millis;
use crate::lane::share::Shares;
use crate::pace::Pace;
use crate::pace::adapt::circuit::{Allowed, Circuit};
use crate::pace::day::{DayLimit, DayStarts};
use crate::pace::gate::Gate;
use crate::pace::tokens::Carried;
use crate::record::layouts::Said;

/// The lease item as the last tick left it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Left {
    /// The bucket; `None` before the first tick.
    pub tokens: Option<Carried>,
    /// The lap of the sweep, so far.
    pub lap: Lap,
    /// A tick since then did not end cleanly: slots taken since then can lack their start.
    pub suspect_since: Option<Millis>,
    /// The schedule's time the last tick ran for.
    pub tick: Option<String>,
    /// Starts for that time so far.
    pub tick_starts: u32,
    /// Starts owed to each lane, by priority.
    pub owed: Vec<f64>,
    /// Starts of the day; `None` when no limit was ever set.
    pub day: Option<DayStarts>,
    /// Reconcile has found versions without a version id. A mark that lasts; only reconcile sets
    /// it.
    pub listed: bool,
    /// Events can wait for their tenants, also if no bound of tenants is configured any longer. A
    /// mark that lasts.
    pub defers: bool,
    /// In which layouts slots lie.
    pub layouts: Said,
    /// The circuit to the target; `None` without an adaptive pace.
    pub circuit: Option<Circuit>,
}

/// A lap of the sweep over all old slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lap {
    /// When it began, and the one before it.
    pub began: Millis,
    pub before: Millis,
    /// Slots taken before then are still to be looked at. `None`: it is over.
    pub down_to: Option<Millis>,
    /// The next page of the executions that run, if there are so many that they are listed; `None`:
    /// the first one.
    pub page: Option<String>,
}

/// A tick that waits for the lease, as it has announced itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// As it will hold the lease.
    pub holder: String,
    pub announced_at: Millis,
}

/// `tick_starts` while a tick runs: were it to die, a second tick of the same schedule starts
/// nothing.
pub const ALL_STARTS: u32 = u32::MAX;

/// A tick that begins.
#[derive(Debug)]
pub struct Begins<'a> {
    pub now: Millis,
    /// When its lease expires, unless it is renewed.
    pub until: Millis,
    /// The schedule's time; `None` for a tick invoked by hand.
    pub scheduled: Option<&'a str>,
    pub pace: &'a Pace,
    /// Starts of one UTC day, at most.
    pub starts_per_day: Option<u32>,
    /// The pace that the circuit allows.
    pub allowed: Allowed,
}

impl Left {
    /// Begins a tick with the numbers that the last one left. Returns its gate.
    pub fn begin(&self, tick: &Begins<'_>) -> Gate {
        let budget = self.starts_left(tick.scheduled, tick.pace.starts_per_tick);
        let mut gate = Gate::begin(tick.pace, self.tokens, budget, tick.allowed, tick.now);
        if let Some(limit) = tick.starts_per_day {
            let most = gate.most_until(tick.until, tick.now);
            let day = DayLimit::new(limit, self.day.as_ref(), tick.now, most);
            gate.set_day(day);
        }
        gate
    }

    /// Ends a tick whose own starts so far `tick_starts` leaves out.
    pub fn end(
        &mut self,
        gate: &mut Gate,
        shares: &Shares,
        suspect_since: Option<Millis>,
        now: Millis,
    ) {
        if let Some(day) = gate.day() {
            self.day = Some(day.carry(now));
        }
        self.suspect_since = suspect_since;
        self.tokens = Some(gate.tokens.carry());
        self.tick_starts = self.tick_starts.saturating_add(gate.spent());
        self.owed = shares.owed().collect();
    }

    /// Returns the starts of `starts_per_tick` that this tick has left; `tick` is `None` for one
    /// invoked by hand. Schedules fire at least once, and both ticks of one scheduled time share
    /// its starts.
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
