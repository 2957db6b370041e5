//! The day's limit: how many executions can start on one UTC day.
//!
//! Before its first start a tick writes into the lease the most that it could start. When it ends
//! well, it writes the number that it did start. A tick that dies leaves the higher number, so the
//! day ends sooner than it might, and never later.
//!
//! A start counts on the day on which it is made. A slot that is taken counts then, whether its
//! start succeeds at once, is throttled, or has no clear answer. Another start of it on the same
//! day counts no second time. On a later day it counts there, unless it comes to nothing. Starts
//! under way at midnight count on both days.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::Millis;

/// The numbers that the lease keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayStarts {
    pub day: Date,
    /// Starts that were made on that day, or could have been.
    pub starts: u32,
    /// Starts that could have been made on the day after.
    pub next_day: u32,
}

impl DayStarts {
    fn on(&self, day: Date) -> u32 {
        if day == self.day {
            self.starts
        } else if self.day.tomorrow().ok() == Some(day) {
            self.next_day
        } else {
            0
        }
    }
}

/// The limit during a tick.
#[derive(Debug, Clone)]
pub struct DayLimit {
    limit: u32,
    day: Date,
    starts: u32,
    /// The highest number for `starts`: the write before the first start covers it.
    bound: u32,
    /// The same for the day after, which the tick can see begin.
    next_bound: u32,
    /// Starts left to the tick, on either day.
    allowance: u32,
    /// Starts granted of which nothing was heard since.
    open: u32,
}

/// Returns the UTC day of a time.
fn day_of(time: Millis) -> Date {
    let time = Timestamp::from_millisecond(time).unwrap_or_default();
    TimeZone::UTC.to_datetime(time).date()
}

impl DayLimit {
    /// Goes on from the last tick's numbers. `most` starts are granted, unless more are
    /// [`Self::reserved`].
    pub fn new(limit: u32, left: Option<&DayStarts>, now: Millis, most: u32) -> Self {
        // A clock that steps back does not bring a day back.
        let day = left.map_or_else(|| day_of(now), |left| left.day.max(day_of(now)));
        let starts = left.map_or(0, |left| left.on(day));
        Self {
            limit,
            day,
            starts,
            bound: limit.min(starts.saturating_add(most)),
            // The write before the first start also covers the day after.
            next_bound: limit.min(most),
            allowance: most,
            open: 0,
        }
    }

    /// Returns the worst case until then, for the first write and every renewal of the lease:
    /// `most` starts beside those that are granted.
    pub fn worst(&mut self, now: Millis, until: Millis, most: u32) -> DayStarts {
        self.roll(now);
        let next_day = match day_of(until) > self.day {
            true => self.limit.min(self.open.saturating_add(most)),
            false => 0,
        };
        let bound = self.limit.min(self.starts.saturating_add(most));
        DayStarts {
            day: self.day,
            starts: self.starts.max(bound),
            next_day,
        }
    }

    /// Notes that a worst case is written.
    pub fn reserved(&mut self, worst: &DayStarts, most: u32) {
        if worst.day == self.day {
            self.bound = worst.starts;
            self.next_bound = worst.next_day;
        } else {
            self.bound = worst.on(self.day);
        }
        self.allowance = most;
    }

    /// Returns the truth, to be written when the tick ended well.
    pub fn carry(&mut self, now: Millis) -> DayStarts {
        self.roll(now);
        DayStarts {
            day: self.day,
            starts: self.starts,
            // Without an answer, so Step Functions can make them after midnight.
            next_day: self.open,
        }
    }

    /// Begins a new day, with the starts under way.
    fn roll(&mut self, now: Millis) {
        let today = day_of(now);
        if today > self.day {
            self.day = today;
            self.starts = self.open;
            self.bound = std::mem::take(&mut self.next_bound);
        }
    }

    /// Returns the starts left for new slots.
    pub fn left(&mut self, now: Millis) -> u32 {
        self.roll(now);
        let today = self.bound.saturating_sub(self.starts);
        today.min(self.allowance)
    }

    /// Returns the starts left for a slot taken then.
    pub fn left_for(&mut self, taken_at: Millis, now: Millis) -> u32 {
        let left = self.left(now);
        if self.counted(taken_at) {
            self.allowance
        } else {
            left
        }
    }

    /// Returns whether a slot taken then has been counted today.
    fn counted(&self, taken_at: Millis) -> bool {
        day_of(taken_at) == self.day
    }

    /// Counts granted starts with new slots.
    pub fn take(&mut self, granted: u32) {
        self.starts += granted;
        self.under_way(granted);
    }

    /// Counts a granted start with a slot taken then.
    pub fn take_for(&mut self, taken_at: Millis) {
        if !self.counted(taken_at) {
            self.starts += 1;
        }
        self.under_way(1);
    }

    fn under_way(&mut self, granted: u32) {
        self.open += granted;
        self.allowance = self.allowance.saturating_sub(granted);
    }

    fn over(&mut self, starts: u32) {
        self.open = self.open.saturating_sub(starts);
        self.allowance = self.allowance.saturating_add(starts);
    }

    /// Gives back granted starts for which nothing was claimed.
    pub fn give_back(&mut self, unused: u32) {
        self.starts = self.starts.saturating_sub(unused);
        self.over(unused);
    }

    /// Counts a started execution.
    pub fn started(&mut self, now: Millis) {
        self.roll(now);
        self.open = self.open.saturating_sub(1);
    }

    /// Gives back the start of a slot taken then: it certainly started nothing.
    pub fn came_to_nothing(&mut self, taken_at: Millis, now: Millis) {
        self.roll(now);
        if !self.counted(taken_at) {
            self.starts = self.starts.saturating_sub(1);
        }
        self.over(1);
    }

    /// Returns the starts of the day, so far.
    pub fn starts(&self) -> u32 {
        self.starts
    }

    /// Returns the day on which starts go on, if those of this one are used up.
    pub fn resumes(&self) -> Option<Date> {
        if self.starts < self.limit {
            return None;
        }
        self.day.tomorrow().ok()
    }
}

#[cfg(test)]
mod tests;
