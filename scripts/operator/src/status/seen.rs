//! The facts about a pipeline at one moment.

use std::collections::{BTreeMap, BTreeSet};

use aws::ledger::{LeaseSeen, SlotsSeen, Steering};
use dispatch::config::Config;
use spillway::Millis;
use spillway::lane;
use spillway::pace::PaceError;
use spillway::pace::bound::{Bound, ByLane};
use spillway::pace::control::Control;
use spillway::pace::in_force::{InForce, in_force};
use spillway::record::deferred::Named;

/// Minutes of starts that are looked at.
pub const MINUTES: usize = 15;
/// Minutes, with the present one, that CloudWatch can still lack numbers for.
const LATE_MINUTES: usize = 3;
/// Minutes of work that give the rate at which the lanes drain.
const RATED: usize = 5;

/// The state of a pipeline at one look. A part without permission is `None` and named in `unknown`.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub now: Millis,
    /// `Err`: the fault in the control item. A tick that reads it fails.
    pub steering: Option<Result<Steering, String>>,
    pub lease: LeaseSeen,
    pub slots: SlotsSeen,
    pub queues: Vec<QueueSeen>,
    /// `Some(None)`: there is no such rule.
    pub schedule: Option<Option<Schedule>>,
    /// Invocations of `dispatch` at once, if a number is reserved.
    pub reserved: Option<u32>,
    pub settle: SettleSeen,
    /// The tenants with events that wait, by lane. `None`: tenants are not bounded, and none has
    /// any.
    pub tenants: Option<Vec<Named>>,
    pub metrics: Option<Metrics>,
    /// The last line of `dispatch`'s log that tells of a problem.
    pub last_problem: Option<LogLine>,
    /// The things that could not be looked at, each with the reason.
    pub unknown: Vec<String>,
}

/// The facts about `settle`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettleSeen {
    /// Whether outcomes are handed to it.
    pub mapped: Option<bool>,
    /// Its invocations at once, if a number is reserved.
    pub reserved: Option<u32>,
    /// The last line of its log that tells of a problem.
    pub last_problem: Option<LogLine>,
}

/// The purpose of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Events,
    EventsDead,
    RulesDead,
    Outcomes,
    OutcomesDead,
    IngestFailures,
    ReconcileFailures,
}

impl Stage {
    /// Returns the word for a stage in `--stage`, and in the answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Events | Self::EventsDead => "events",
            Self::RulesDead => "rules",
            Self::Outcomes | Self::OutcomesDead => "outcomes",
            Self::IngestFailures => "ingest",
            Self::ReconcileFailures => "reconcile",
        }
    }

    /// Returns whether the messages in it have failed.
    pub fn is_of_failures(self) -> bool {
        !matches!(self, Self::Events | Self::Outcomes)
    }
}

/// A queue of the pipeline. SQS's numbers are approximate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSeen {
    pub stage: Stage,
    pub lane: Option<String>,
    pub name: String,
    pub url: String,
    pub waiting: u64,
    pub in_flight: u64,
    /// Retries with a backoff that is not over.
    pub delayed: u64,
}

/// The rule behind the tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub enabled: bool,
    pub expression: String,
}

impl Schedule {
    /// Returns the time between two ticks; `None` if the expression is no rate.
    pub fn period(&self) -> Option<Millis> {
        let inside = self.expression.strip_prefix("rate(")?.strip_suffix(')')?;
        let (number, unit) = inside.split_once(' ')?;
        let unit = match unit.trim_end_matches('s') {
            "second" => 1_000,
            "minute" => 60_000,
            "hour" => 3_600_000,
            "day" => 86_400_000,
            _ => return None,
        };
        Some(number.parse::<Millis>().ok()? * unit)
    }
}

/// CloudWatch's values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// Starts by minute, the oldest first; the last one is the minute that goes on.
    pub started: Vec<u32>,
    /// Messages that a tick of that minute left in the lanes, by minute as above.
    pub backlog: Vec<u64>,
    /// Failed ticks, and ticks that Lambda could not run, in the last five minutes.
    pub errors: u32,
    pub throttles: u32,
    /// The same of `settle`.
    pub settle_errors: u32,
    pub settle_throttles: u32,
    /// Age of the oldest message by queue, in seconds.
    pub oldest: BTreeMap<String, u64>,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub at: Millis,
    pub message: String,
}

impl Seen {
    pub fn of(&self, stage: Stage) -> impl Iterator<Item = &QueueSeen> {
        self.queues.iter().filter(move |queue| queue.stage == stage)
    }

    /// Returns the age of a queue's oldest message, in seconds, some minutes ago.
    pub fn oldest(&self, queue: &QueueSeen) -> Option<u64> {
        self.metrics.as_ref()?.oldest.get(&queue.name).copied()
    }

    /// Returns the pace in force, given the control item.
    pub fn in_force<'a>(
        &self,
        config: &'a Config,
        control: &Control,
    ) -> Result<InForce<'a>, PaceError> {
        let lanes = lane::bounds(&config.pipeline.lanes);
        in_force(&config.pace, &lanes, &config.windows, control, self.now)
    }

    /// Returns the slots that count for each lane, by its name, as `dispatch` counts them.
    pub fn running(&self, config: &Config) -> BTreeMap<String, u32> {
        let lanes = &config.pipeline.lanes;
        let readable = self.slots.slots.iter().map(|slot| slot.lane.as_deref());
        let unreadable = self.slots.unreadable.iter().map(|it| it.lane.as_deref());
        let slots: ByLane = readable.chain(unreadable).collect();
        let names: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
        let names = names.iter().zip(slots.of(&names));
        names
            .map(|(name, slots)| ((*name).to_owned(), slots))
            .collect()
    }

    /// Returns the messages that wait in the lanes.
    pub fn waiting(&self) -> u64 {
        self.of(Stage::Events).map(|queue| queue.waiting).sum()
    }

    /// Returns the number of tenants of which events wait.
    pub fn tenants_waiting(&self) -> usize {
        let named = self.tenants.iter().flatten();
        let names: BTreeSet<&str> = named.map(|named| named.queue.tenant.as_str()).collect();
        names.len()
    }

    /// Returns the messages that can start by their lanes' bounds: none in a closed lane can.
    pub fn waiting_in_open(&self, lanes: &[Bound]) -> u64 {
        let is_closed = |lane: &str| {
            let mut lanes = lanes.iter();
            lanes.any(|bound| bound.lane == lane && bound.max == Some(0))
        };
        self.of(Stage::Events)
            .filter(|queue| !queue.lane.as_deref().is_some_and(is_closed))
            .map(|queue| queue.waiting)
            .sum()
    }

    /// Returns the messages in the queues of failures.
    pub fn dead(&self) -> u64 {
        let dead = self
            .queues
            .iter()
            .filter(|queue| queue.stage.is_of_failures());
        dead.map(|queue| queue.waiting).sum()
    }

    /// Returns when a tick last took the lease or gave it back.
    pub fn last_tick(&self) -> Option<Millis> {
        let released = self.lease.left.tokens.map(|carried| carried.at);
        self.lease.held_since.max(released)
    }

    /// Returns the starts by minute: CloudWatch's, whose last minutes come late, or else, as a
    /// lower bound, those with a slot.
    pub fn started(&self) -> (Vec<u32>, bool) {
        let running = self.running_by_minute();
        let Some(metrics) = &self.metrics else {
            return (running, false);
        };
        let known = MINUTES - LATE_MINUTES;
        let any = |numbers: &[u32]| numbers.iter().any(|number| *number > 0);
        // An execution that CloudWatch has no start of: nobody hands it this metric.
        if !any(&metrics.started) && any(running.get(..known).unwrap_or_default()) {
            return (running, false);
        }
        let mut started = metrics.started.clone();
        for (counted, running) in started.iter_mut().zip(running).skip(known) {
            *counted = running.max(*counted);
        }
        (started, true)
    }

    /// Returns the starts that still have a slot, by minute. A start that is pending is none.
    fn running_by_minute(&self) -> Vec<u32> {
        let mut started = vec![0; MINUTES];
        for slot in self.slots.slots.iter().filter(|slot| !slot.pending) {
            let minutes = (self.now - slot.taken_at).max(0) / 60_000;
            let index = usize::try_from(minutes)
                .ok()
                .and_then(|back| (MINUTES - 1).checked_sub(back));
            if let Some(minute) = index.and_then(|index| started.get_mut(index)) {
                *minute += 1;
            }
        }
        started
    }

    /// Returns the starts a minute at which the lanes drain: over the last minutes with ticks that
    /// left messages. In others the pipeline is idle, or starts each event as it comes. `period`:
    /// the time between two ticks. `None`: no tick left anything of late, so nobody knows.
    pub fn drains_per_minute(&self, period: Millis) -> Option<f64> {
        let metrics = self.metrics.as_ref()?;
        let minutes = metrics.started.iter().zip(&metrics.backlog).rev().skip(1);
        let of_work = minutes.filter(|(_, left)| **left > 0).take(RATED);
        let (count, starts) = of_work.fold((0_u32, 0_u64), |(count, starts), (started, _)| {
            (count + 1, starts + u64::from(*started))
        });
        let minutes = f64::from(count) * (period.max(60_000) as f64 / 60_000.0);
        (starts > 0).then(|| starts as f64 / minutes)
    }

    /// Returns the starts a minute, over the last five whole minutes.
    pub fn per_minute(&self) -> f64 {
        let (started, _) = self.started();
        let whole = started.iter().rev().skip(1).take(5);
        whole.map(|number| f64::from(*number)).sum::<f64>() / 5.0
    }
}

#[cfg(test)]
mod tests {
    use spillway::pace::layout::Layout;
    use spillway::record::row::RowKey;
    use spillway::record::slot::{Slot, Work};

    use super::*;

    const NOW: Millis = 1_795_341_600_000;
    const MINUTE: Millis = 60_000;

    #[test]
    fn a_period_is_read_from_a_rate_and_from_nothing_else() {
        let period = |expression: &str| {
            Schedule {
                enabled: true,
                expression: expression.into(),
            }
            .period()
        };
        assert_eq!(period("rate(1 minute)"), Some(60_000));
        assert_eq!(period("rate(5 minutes)"), Some(300_000));
        assert_eq!(period("rate(2 hours)"), Some(7_200_000));
        assert_eq!(period("cron(0/5 * * * ? *)"), None);
        assert_eq!(period("rate(soon)"), None);
    }

    fn running(pending: bool, minutes: i64) -> Slot {
        Slot {
            execution: "run".into(),
            layout: Layout::default(),
            lane: None,
            taken_at: NOW - minutes * 60_000,
            work: Work::Row(RowKey {
                pk: "b/k".into(),
                sk: "s#1".into(),
            }),
            ordered: false,
            state_machine_arn: "x".into(),
            pending,
            generation: None,
        }
    }

    #[test]
    fn a_start_that_is_pending_is_none() {
        let mut seen = Seen {
            now: NOW,
            ..Seen::default()
        };
        seen.slots.slots = vec![running(true, 1), running(false, 4)];
        let (started, counted) = seen.started();
        assert_eq!(
            (started.iter().sum::<u32>(), started[MINUTES - 5], counted),
            (1, 1, false)
        );
    }

    #[test]
    fn cloudwatchs_zeros_count_but_for_the_last_minutes() {
        let mut seen = Seen {
            now: NOW,
            metrics: Some(Metrics {
                started: vec![0; MINUTES],
                ..Metrics::default()
            }),
            ..Seen::default()
        };
        assert_eq!(seen.started(), (vec![0; MINUTES], true));
        seen.slots.slots = vec![running(false, 1)];
        let (started, counted) = seen.started();
        assert_eq!((started[MINUTES - 2], counted), (1, true));
        // An older one that CloudWatch has nothing of.
        seen.slots.slots.push(running(false, 6));
        assert!(!seen.started().1);
        seen.metrics.as_mut().unwrap().started[0] = 9;
        let (started, counted) = seen.started();
        assert_eq!((started[0], started[MINUTES - 7], counted), (9, 0, true));
    }

    #[test]
    fn lanes_drain_at_the_rate_of_the_minutes_that_left_something() {
        let seen = |minutes: &[(usize, u32, u64)]| {
            let mut metrics = Metrics {
                started: vec![0; MINUTES],
                backlog: vec![0; MINUTES],
                ..Metrics::default()
            };
            for (back, started, backlog) in minutes {
                metrics.started[MINUTES - 1 - back] = *started;
                metrics.backlog[MINUTES - 1 - back] = *backlog;
            }
            Seen {
                metrics: Some(metrics),
                ..Seen::default()
            }
        };
        // The minute that goes on, and an idle time with an event now and then, tell nothing.
        let idle = seen(&[(0, 12, 988), (1, 1, 0), (3, 2, 0)]);
        assert_eq!(idle.drains_per_minute(MINUTE), None);
        // Right after it there is one minute of work.
        let begun = seen(&[(0, 12, 100), (1, 1_400, 800), (2, 1, 0)]);
        assert_eq!(begun.drains_per_minute(MINUTE), Some(1_400.0));
        // The burst before is the best guess.
        let before = seen(&[(0, 12, 100), (9, 100, 100), (10, 200, 200), (11, 30, 0)]);
        assert_eq!(before.drains_per_minute(MINUTE), Some(150.0));
        assert_eq!(before.drains_per_minute(5 * MINUTE), Some(30.0));
        let long = seen(&[
            (1, 5, 9),
            (2, 5, 9),
            (3, 5, 9),
            (4, 5, 9),
            (5, 5, 9),
            (6, 1_000, 9),
        ]);
        assert_eq!(long.drains_per_minute(MINUTE), Some(5.0));
        assert_eq!(seen(&[(1, 0, 9)]).drains_per_minute(MINUTE), None);
        assert_eq!(Seen::default().drains_per_minute(MINUTE), None);
    }

    #[test]
    fn the_rate_is_that_of_the_last_five_whole_minutes() {
        let mut started = vec![0; MINUTES];
        started[MINUTES - 1] = 1_000;
        started[MINUTES - 2] = 50;
        started[MINUTES - 6] = 50;
        started[MINUTES - 7] = 1_000;
        let seen = Seen {
            metrics: Some(Metrics {
                started,
                ..Metrics::default()
            }),
            ..Seen::default()
        };
        assert_eq!(seen.per_minute(), 20.0);
    }
}
