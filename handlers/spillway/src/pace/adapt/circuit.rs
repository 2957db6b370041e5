//! The circuit: how fast executions are started, going by how the ones before ended.
//!
//! Cuts are multiplicative and growth is additive, as in [TCP's congestion
//! control](https://www.rfc-editor.org/rfc/rfc5681). Executions that were started before a cut say
//! nothing about the rate after it: each carries the circuit's generation, which counts the cuts.

use std::fmt;

use crate::Millis;
use crate::pace::adapt::Adapt;
use crate::pace::adapt::health::Health;

/// So many failures are needed to cut the rate: one or two are chance.
const FEWEST_FAILURES: u64 = 3;
/// So many failures in a row, without a success, and so large a share of the starts, are an outage.
const OUTAGE_FAILURES: u64 = 10;
const OUTAGE_SHARE: f64 = 0.6;

/// A share counts at most so many ends, of at most so long: old ends say nothing about now.
const WINDOW_ENDS: u64 = 100;
const WINDOW: Millis = 60_000;

/// The least time between two cuts, in milliseconds: executions started after a cut have to end
/// first.
const CUT_AGAIN_AFTER: Millis = 4_000;
/// While no execution has succeeded, at least this share counts as failed.
const FAILED_WITHOUT_SUCCESS: f64 = 0.5;
/// A cut leaves this share of the rate that the target took.
const CUT_TO: f64 = 0.9;
/// A cut leaves at least this share of the rate.
const DEEPEST_CUT: f64 = 0.3;
/// The growth of a rate near the one that the target took, as a share of that: for each success,
/// and each second at most.
const GROWTH: Growth = Growth {
    each_success: 0.0003,
    each_second: 0.002,
};
/// Beyond this multiple of the rate that the target took, the growth is a share of the present
/// rate: the target takes more by now.
const BEYOND: f64 = 1.1;
const GROWTH_BEYOND: Growth = Growth {
    each_success: 0.005,
    each_second: 0.01,
};
/// Growth of so long at most from one look to the next, in milliseconds.
const LONGEST_STEP: Millis = 5_000;

/// After an outage starts begin at this rate, or at a tenth of the rate before, and double in this
/// time.
const RISES_FROM: f64 = 1.0;
const RISES_FROM_SHARE: f64 = 0.1;
const DOUBLES_IN: Millis = 5_000;

/// From one probe to the next in an outage, at first and at most, in milliseconds.
const PROBE_AFTER: Millis = 5_000;
const PROBE_AFTER_MOST: Millis = 20_000;
/// How much longer each pause is than the one before.
const PROBE_LATER_BY: f64 = 1.5;

/// The rate that the target takes, as far as is known. Carried by the lease.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circuit {
    /// Counts the changes after which older executions say nothing more. Each execution's slot
    /// carries it.
    pub generation: u32,
    pub state: State,
    /// Since when it has been in this state.
    pub since: Millis,
    /// The rate that the target took when it last failed, in starts per second. `None`: it never
    /// did.
    pub ceiling: Option<f64>,
    /// The rate in force when the target was last well, in starts per second.
    pub good: Option<f64>,
    pub window: Window,
    /// The counts that the last look saw.
    pub looked: Looked,
}

/// How a target is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum State {
    /// The target takes the whole pace.
    Closed,
    /// It takes so many starts per second.
    Slowed { rate: f64 },
    /// It takes none: nothing but probes starts.
    Open {
        /// When the next probe can start.
        probe_at: Millis,
        /// From that one to the one after it.
        probe_after: Millis,
    },
    /// It takes some again: so many starts per second, and soon up to `to`.
    Rising { rate: f64, to: f64 },
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Slowed { .. } => "slowed",
            Self::Open { .. } => "open",
            Self::Rising { .. } => "rising",
        }
    }

    /// Returns how little it takes, as a metric: 0 all, 1 less than the pace allows, 2 nothing.
    pub fn level(self) -> u32 {
        match self {
            Self::Closed => 0,
            Self::Slowed { .. } | Self::Rising { .. } => 1,
            Self::Open { .. } => 2,
        }
    }
}

/// The counts since one time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Window {
    pub began: Millis,
    /// Ends when it began.
    pub health: Health,
    /// Starts since.
    pub starts: u32,
}

/// A look at how executions ended.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Looked {
    pub at: Millis,
    /// Ends then, of this generation.
    pub health: Health,
    /// Failures up to then without a success between them.
    pub failures: u64,
}

/// An operator's order, which wins over all ends of executions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Nothing starts, no probe either.
    Open,
    /// The pace alone bounds starts.
    Closed,
}

impl Hold {
    pub const ALL: [Self; 2] = [Self::Open, Self::Closed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hold| hold.as_str() == text)
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The starts that the circuit allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Allowed {
    /// As many as the pace allows.
    Everything,
    /// So many starts per second.
    Rate(f64),
    /// One start at this time.
    Probe(Millis),
    Nothing,
}

/// A change of the circuit, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    pub from: State,
    pub to: State,
    /// The ends that it goes by.
    pub ends: u64,
    pub failed: u64,
}

/// How fast a rate grows.
struct Growth {
    each_success: f64,
    each_second: f64,
}

impl Growth {
    fn of(&self, successes: u64, seconds: f64) -> f64 {
        (self.each_success * successes as f64).min(self.each_second * seconds)
    }
}

impl Circuit {
    /// Returns the circuit of a pipeline that has none yet.
    pub fn new(now: Millis) -> Self {
        Self {
            generation: 0,
            state: State::Closed,
            since: now,
            ceiling: None,
            good: None,
            window: Window {
                began: now,
                ..Window::default()
            },
            looked: Looked {
                at: now,
                ..Looked::default()
            },
        }
    }

    /// Returns the starts that are allowed now.
    pub fn allowed(&self, hold: Option<Hold>) -> Allowed {
        match (hold, self.state) {
            (Some(Hold::Open), _) => Allowed::Nothing,
            (Some(Hold::Closed), _) | (None, State::Closed) => Allowed::Everything,
            (None, State::Slowed { rate } | State::Rising { rate, .. }) => Allowed::Rate(rate),
            (None, State::Open { probe_at, .. }) => Allowed::Probe(probe_at),
        }
    }

    /// Counts so many started executions.
    pub fn started(&mut self, executions: u32, now: Millis) {
        if self.window.starts == 0 && self.looked.health == self.window.health {
            // Time before the first start was no use of the target.
            self.window.began = now;
        }
        self.window.starts = self.window.starts.saturating_add(executions);
        // One that was under way when it opened is no probe.
        if let State::Open {
            probe_at,
            probe_after,
        } = &mut self.state
            && now >= *probe_at
        {
            *probe_at = now + *probe_after;
            let later = (*probe_after as f64 * PROBE_LATER_BY) as Millis;
            *probe_after = later.min(PROBE_AFTER_MOST);
        }
    }

    /// Looks at how executions ended. `pace`: the starts per second without the circuit. Returns
    /// the change, if it is worth telling: a rate that grows is not.
    pub fn look(
        &mut self,
        adapt: &Adapt,
        pace: f64,
        health: Health,
        now: Millis,
    ) -> Option<Change> {
        let now = now.max(self.looked.at);
        let health = self.of_this_generation(health);
        self.count_failures(health);
        let seen = health.since(self.window.health);
        let before = self.state;
        match self.state {
            State::Open { .. } if seen.succeeded > 0 => self.rise(adapt, pace, now),
            State::Open { .. } => {}
            _ if self.is_outage(seen) => self.open(pace, now),
            _ if self.is_too_much(adapt, seen) => {
                if self.generation == 0 || now - self.since >= CUT_AGAIN_AFTER {
                    self.cut(adapt, pace, seen, now);
                }
            }
            State::Closed => {}
            State::Slowed { rate } => self.grow(rate, pace, health, now),
            State::Rising { rate, to } => self.climb((rate, to), pace, health, now),
        }
        let generation = self.generation;
        if health.generation == generation {
            self.looked.health = health;
            if seen.ends() >= WINDOW_ENDS || now - self.window.began >= WINDOW {
                self.renew_window(adapt, pace, seen, now);
            }
        }
        self.looked.at = now;
        let is_news = health.generation != generation || kind(before) != kind(self.state);
        is_news.then(|| {
            self.since = now;
            Change {
                from: before,
                to: self.state,
                ends: seen.ends(),
                failed: seen.failed,
            }
        })
    }

    /// Returns the counts of executions that were started since the last change: others come too
    /// late.
    fn of_this_generation(&self, health: Health) -> Health {
        match health.generation == self.generation {
            true => health,
            false => Health {
                generation: self.generation,
                ..Health::default()
            },
        }
    }

    fn count_failures(&mut self, health: Health) {
        let new = health.since(self.looked.health);
        match new.succeeded {
            0 => self.looked.failures += new.failed,
            _ => self.looked.failures = 0,
        }
    }

    /// Returns the share of executions that failed, as far as is known. Failures come sooner than
    /// successes: one that has not ended counts as a success.
    fn failed_share(&self, seen: Health) -> f64 {
        let starts = u64::from(self.window.starts).max(seen.ends());
        match starts {
            0 => 0.0,
            starts => seen.failed as f64 / starts as f64,
        }
    }

    fn is_outage(&self, seen: Health) -> bool {
        self.looked.failures >= OUTAGE_FAILURES && self.failed_share(seen) >= OUTAGE_SHARE
    }

    fn is_too_much(&self, adapt: &Adapt, seen: Health) -> bool {
        seen.failed >= FEWEST_FAILURES && self.failed_share(seen) > adapt.tolerated_share
    }

    /// Returns the rate in force, in starts per second; 0 while nothing but probes starts.
    pub fn rate(&self, pace: f64) -> f64 {
        match self.state {
            State::Closed => pace,
            State::Slowed { rate } | State::Rising { rate, .. } => rate.min(pace),
            State::Open { .. } => 0.0,
        }
    }

    /// Returns how many starts a second there were since the window began, at most the rate in
    /// force.
    fn used(&self, pace: f64, now: Millis) -> f64 {
        let seconds = (now - self.window.began) as f64 / 1_000.0;
        let used = f64::from(self.window.starts) / seconds.max(1.0);
        used.min(self.rate(pace))
    }

    /// Lowers the rate to somewhat less than the target took.
    fn cut(&mut self, adapt: &Adapt, pace: f64, seen: Health, now: Millis) {
        let used = self.used(pace, now);
        let failed = match seen.succeeded {
            0 => self.failed_share(seen).max(FAILED_WITHOUT_SUCCESS),
            _ => self.failed_share(seen),
        };
        let took = used * (1.0 - failed);
        let ceiling = took.clamp(used * DEEPEST_CUT, used);
        self.ceiling = Some(ceiling);
        let rate = (ceiling * CUT_TO).max(adapt.slowest).min(pace);
        self.turn(State::Slowed { rate }, now);
    }

    fn open(&mut self, pace: f64, now: Millis) {
        self.good = Some(self.good.unwrap_or(pace).min(pace));
        let open = State::Open {
            probe_at: now + PROBE_AFTER,
            probe_after: PROBE_AFTER,
        };
        self.turn(open, now);
    }

    /// Raises the rate after a probe succeeded.
    fn rise(&mut self, adapt: &Adapt, pace: f64, now: Millis) {
        let to = self
            .good
            .unwrap_or(pace)
            .clamp(adapt.slowest.min(pace), pace);
        self.looked.failures = 0;
        self.ceiling = Some(to);
        let rate = (to * RISES_FROM_SHARE).min(RISES_FROM);
        let rate = rate.max(adapt.slowest).min(to);
        self.turn(State::Rising { rate, to }, now);
    }

    /// Doubles the rate by and by, while executions succeed.
    fn climb(&mut self, (rate, to): (f64, f64), pace: f64, health: Health, now: Millis) {
        if health.since(self.looked.health).succeeded == 0 {
            return;
        }
        let doubled = self.step(now) / (DOUBLES_IN as f64 / 1_000.0);
        let rate = rate * doubled.exp2();
        self.state = match rate >= to.min(pace) * CUT_TO {
            false => State::Rising { rate, to },
            true => State::Slowed {
                rate: to.min(pace) * CUT_TO,
            },
        };
    }

    /// Lets the rate grow, as executions succeed.
    fn grow(&mut self, rate: f64, pace: f64, health: Health, now: Millis) {
        let successes = health.since(self.looked.health).succeeded;
        let grown = match self.ceiling {
            Some(ceiling) if rate < ceiling * BEYOND => {
                rate + ceiling * GROWTH.of(successes, self.step(now))
            }
            _ => rate * (1.0 + GROWTH_BEYOND.of(successes, self.step(now))),
        };
        self.state = match grown >= pace {
            false => State::Slowed { rate: grown },
            true => State::Closed,
        };
    }

    /// Returns the seconds since the last look, a few at the most.
    fn step(&self, now: Millis) -> f64 {
        (now - self.looked.at).min(LONGEST_STEP) as f64 / 1_000.0
    }

    /// Changes the state. Executions started from now on count anew.
    fn turn(&mut self, state: State, now: Millis) {
        self.state = state;
        self.generation = self.generation.wrapping_add(1);
        self.looked.health = Health {
            generation: self.generation,
            ..Health::default()
        };
        self.window = Window {
            began: now,
            health: self.looked.health,
            starts: 0,
        };
    }

    fn renew_window(&mut self, adapt: &Adapt, pace: f64, seen: Health, now: Millis) {
        let is_rising = matches!(self.state, State::Rising { .. } | State::Open { .. });
        if seen.succeeded > 0 && !self.is_too_much(adapt, seen) && !is_rising {
            self.good = Some(self.rate(pace));
        }
        self.window = Window {
            began: now,
            health: self.looked.health,
            starts: 0,
        };
    }
}

fn kind(state: State) -> std::mem::Discriminant<State> {
    std::mem::discriminant(&state)
}

#[cfg(test)]
mod tests;
