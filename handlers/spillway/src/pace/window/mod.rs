//! Windows: times at which the pipeline pauses or keeps another pace, by the clock on the wall of a
//! time zone.
//!
//! * A window holds from `from` inclusive to `to` exclusive; without them the whole day. `to` can
//!   be 24:00.
//! * `from` later than `to` goes over midnight; `days` and `dates` then mean the day on which it
//!   began.
//! * With both `days` and `dates`, both must hold.
//! * Of the windows that hold, the one with the lowest priority number is in force, alone.
//!
//! The local time that a clock there shows decides. Neither a day without 02:30 nor one with two of
//! them loses or repeats a window as a whole. A time that is skipped is skipped, and one that comes
//! twice counts twice. A window that lies within the hour skipped in spring does not come that day.
//! One within the hour repeated in autumn comes twice. Every other one begins and ends by the
//! clock, and is an hour shorter or longer if the change falls into it.

mod read;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::Millis;
use crate::pace::bound::{Bound, Bounds};
use crate::pace::{Pace, Partial};

pub use read::{MAX_WINDOWS, WindowError, parse};

/// Minutes since midnight; 24:00 is [`MINUTES_PER_DAY`].
type Minute = u16;

const MINUTES_PER_DAY: Minute = 24 * 60;

/// A window.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    pub name: String,
    /// The lowest wins.
    pub priority: u32,
    timezone: TimeZone,
    from: Minute,
    to: Minute,
    /// `None`: any.
    days: Option<Vec<Weekday>>,
    /// First and last day of each; `None`: any.
    dates: Option<Vec<(Date, Date)>>,
    /// Nothing starts.
    pub pause: bool,
    pub pace: Partial,
    /// By the lane's name.
    pub lanes: Bounds,
}

impl Window {
    /// Returns whether the window holds at that instant.
    pub fn holds_at(&self, now: Millis) -> bool {
        let Ok(now) = Timestamp::from_millisecond(now) else {
            return false;
        };
        let local = self.timezone.to_datetime(now);
        let (date, time) = (local.date(), local.time());
        // Neither is negative.
        let minute =
            time.hour().unsigned_abs() as Minute * 60 + Minute::from(time.minute().unsigned_abs());
        if self.from < self.to {
            return (self.from..self.to).contains(&minute) && self.begins_on(date);
        }
        let began = if minute >= self.from {
            Some(date)
        } else if minute < self.to {
            date.yesterday().ok()
        } else {
            None
        };
        began.is_some_and(|date| self.begins_on(date))
    }

    fn begins_on(&self, date: Date) -> bool {
        let day = self
            .days
            .as_ref()
            .is_none_or(|days| days.contains(&date.weekday()));
        let within = |(first, last): &(Date, Date)| *first <= date && date <= *last;
        day && self
            .dates
            .as_ref()
            .is_none_or(|dates| dates.iter().any(within))
    }
}

/// A pipeline's windows, by priority.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Windows(Vec<Window>);

impl Windows {
    /// Checks the ranges of each window's pace over the configured one.
    pub fn check(&self, configured: &Pace) -> Result<(), WindowError> {
        for window in &self.0 {
            let pace = window.pace.over(configured);
            pace.validate().map_err(|error| WindowError::Pace {
                window: window.name.clone(),
                error,
            })?;
        }
        Ok(())
    }

    /// Checks that each window bounds lanes that there are.
    pub fn check_lanes(&self, lanes: &[Bound]) -> Result<(), WindowError> {
        let known = |name: &String| lanes.iter().any(|bound| bound.lane == *name);
        for window in &self.0 {
            if let Some(lane) = window.lanes.keys().find(|lane| !known(lane)) {
                return Err(WindowError::Lane {
                    window: window.name.clone(),
                    lane: lane.clone(),
                });
            }
        }
        Ok(())
    }

    /// Returns the window in force.
    pub fn in_force(&self, now: Millis) -> Option<&Window> {
        self.0.iter().find(|window| window.holds_at(now))
    }

    /// Returns the pace of each window.
    pub fn paces(&self) -> impl Iterator<Item = &Partial> {
        self.0.iter().map(|window| &window.pace)
    }
}

#[cfg(test)]
mod tests;
