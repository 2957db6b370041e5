//! The run over time, in as many samples as a picture has room for.

use spillway::Millis;

/// So many samples are kept at the most; then two become one.
const MOST: usize = 1_024;

/// The reason that keeps events from starting while some wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bound {
    /// `starts_per_second`, or its burst.
    Rate,
    /// `max_concurrency`: every slot is taken.
    Concurrency,
    /// `tenants.max_concurrency`: nearly all that wait are of tenants whose bound is reached.
    Tenants,
    /// The circuit: the target takes less than the pace allows.
    Target,
    /// Step Functions throttles starts: the rate is lower than the pace for a while.
    Quota,
    /// `starts_per_tick`, or the day's starts.
    Budget,
    /// A window that pauses.
    Window,
    /// No tick is at work: it is over, and the next one comes with the schedule.
    Tick,
    /// Calls to AWS are under way.
    Calls,
}

impl Bound {
    pub const ALL: [Self; 9] = [
        Self::Rate,
        Self::Concurrency,
        Self::Tenants,
        Self::Target,
        Self::Quota,
        Self::Budget,
        Self::Window,
        Self::Tick,
        Self::Calls,
    ];

    /// Returns its code for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Concurrency => "concurrency",
            Self::Tenants => "tenants",
            Self::Target => "target",
            Self::Quota => "quota",
            Self::Budget => "budget",
            Self::Window => "window",
            Self::Tick => "tick",
            Self::Calls => "calls",
        }
    }

    /// Returns its name for a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rate => "starts_per_second",
            Self::Concurrency => "max_concurrency",
            Self::Tenants => "tenants.max_concurrency",
            Self::Target => "the target",
            Self::Quota => "the quota of StartExecution",
            Self::Budget => "starts of the tick or the day",
            Self::Window => "a window that pauses",
            Self::Tick => "the wait for the next tick",
            Self::Calls => "the time of AWS's calls",
        }
    }
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sample {
    /// The most messages that waited at once in it.
    pub waiting: u32,
    /// The most executions that ran at once in it.
    pub running: u32,
    pub starts: u32,
    /// Of these, the executions that the target refused.
    pub refused: u32,
    /// Messages that wait and executions that run when it ends.
    at_its_end: (u32, u32),
    /// Milliseconds in which events waited, by their reason.
    pub bound: [u32; Bound::ALL.len()],
}

impl Sample {
    /// Returns both as one, the other after it.
    pub fn and(self, other: Self) -> Self {
        let mut bound = self.bound;
        bound
            .iter_mut()
            .zip(other.bound)
            .for_each(|(sum, more)| *sum += more);
        Self {
            waiting: self.waiting.max(other.waiting),
            running: self.running.max(other.running),
            starts: self.starts + other.starts,
            refused: self.refused + other.refused,
            at_its_end: other.at_its_end,
            bound,
        }
    }
}

/// Samples, one after another.
#[derive(Debug, Clone)]
pub struct Series {
    pub from: Millis,
    /// How long one sample is, in milliseconds.
    pub every: Millis,
    pub samples: Vec<Sample>,
}

impl Series {
    pub fn new(from: Millis) -> Self {
        Self {
            from,
            every: 1_000,
            samples: Vec::new(),
        }
    }

    /// Takes in that so many messages wait and so many executions run.
    pub fn at(&mut self, now: Millis, waiting: usize, running: usize) {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.change(now, |sample| {
            sample.waiting = sample.waiting.max(number(waiting));
            sample.running = sample.running.max(number(running));
            sample.at_its_end = (number(waiting), number(running));
        });
    }

    /// Takes in starts.
    pub fn started(&mut self, now: Millis, starts: u32) {
        self.change(now, |sample| sample.starts += starts);
    }

    /// Takes in that the target refused an execution.
    pub fn refused(&mut self, now: Millis) {
        self.change(now, |sample| sample.refused += 1);
    }

    /// Takes in that events were kept from one time to another.
    pub fn bound(&mut self, from: Millis, to: Millis, bound: Bound) {
        let mut from = from;
        while from < to {
            // Samples can become longer by it.
            self.change(from, |_| {});
            let place = (from - self.from) / self.every;
            let end = (self.from + (place + 1) * self.every).min(to);
            let millis = u32::try_from(end - from).unwrap_or(u32::MAX);
            self.change(from, |sample| {
                if let Some(sum) = sample.bound.get_mut(bound as usize) {
                    *sum += millis;
                }
            });
            from = end;
        }
    }

    /// Returns when the last sample ends.
    pub fn end(&self) -> Millis {
        self.from + self.samples.len() as Millis * self.every
    }

    /// Changes the sample of a time.
    fn change(&mut self, now: Millis, change: impl FnOnce(&mut Sample)) {
        let place = |every: Millis, from: Millis| ((now - from).max(0) / every) as usize;
        while place(self.every, self.from) >= MOST {
            let pairs = self.samples.chunks(2);
            self.samples = pairs
                .map(|pair| pair.iter().fold(Sample::default(), |sum, it| sum.and(*it)))
                .collect();
            self.every *= 2;
        }
        let place = place(self.every, self.from);
        if self.samples.len() <= place {
            let last = self.samples.last().copied().unwrap_or_default();
            // The waiting messages and the running executions are still there.
            let goes_on = Sample {
                waiting: last.at_its_end.0,
                running: last.at_its_end.1,
                at_its_end: last.at_its_end,
                ..Sample::default()
            };
            self.samples.resize(place + 1, goes_on);
        }
        if let Some(sample) = self.samples.get_mut(place) {
            change(sample);
        }
    }

    /// Returns the milliseconds in which events waited, by their reason, the longest first.
    pub fn bounds(&self) -> Vec<(Bound, u64)> {
        let sum = |bound: Bound| {
            let of = self
                .samples
                .iter()
                .filter_map(|sample| sample.bound.get(bound as usize));
            (bound, of.map(|millis| u64::from(*millis)).sum::<u64>())
        };
        let mut all: Vec<_> = Bound::ALL
            .into_iter()
            .map(sum)
            .filter(|(_, sum)| *sum > 0)
            .collect();
        all.sort_by_key(|(bound, sum)| (std::cmp::Reverse(*sum), *bound));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_fit_into_as_many_samples() {
        let mut series = Series::new(0);
        for minute in 0..10_000 {
            series.started(minute * 60_000, 1);
            series.at(minute * 60_000, 5, minute as usize);
        }
        assert!(series.samples.len() <= MOST && series.samples.len() > MOST / 2);
        let starts: u32 = series.samples.iter().map(|sample| sample.starts).sum();
        assert_eq!(starts, 10_000);
        assert_eq!(series.samples.last().map(|it| it.running), Some(9_999));
    }

    #[test]
    fn what_keeps_events_is_summed_across_samples() {
        let mut series = Series::new(0);
        series.bound(500, 3_700, Bound::Rate);
        series.bound(3_700, 4_000, Bound::Tick);
        assert_eq!(series.bounds(), [(Bound::Rate, 3_200), (Bound::Tick, 300)]);
        let of = series
            .samples
            .iter()
            .map(|it| it.bound[Bound::Rate as usize]);
        assert_eq!(of.collect::<Vec<_>>(), [500, 1_000, 1_000, 700]);
    }
}
