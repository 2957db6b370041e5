//! The circuit against targets in virtual time: a queue, a pace, executions that take a while, and
//! their ends, counted late.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::pace::adapt::errors::Errors;
use crate::pace::tokens::Tokens;

const LOOK_EVERY: Millis = 2_000;
/// From an execution's end until its outcome is counted.
const COUNTED_AFTER: Millis = 700;
/// From a failure until the event can start again.
const RETRIED_AFTER: Millis = 30_000;
const STEP: Millis = 20;

fn adapt() -> Adapt {
    Adapt {
        errors: Errors::new(vec!["*Throttl*".into()]).unwrap(),
        tolerated_share: 0.05,
        slowest: 0.1,
        uncounted_max: 20,
    }
}

/// A target: whether an execution that begins at a time, when so many run, succeeds.
type Target<'a> = dyn FnMut(Millis, usize) -> bool + 'a;

/// A pipeline that works off events.
struct Pipeline {
    circuit: Circuit,
    pace: f64,
    burst: u32,
    max_concurrency: usize,
    /// How long an execution takes.
    takes: Millis,
}

/// How it went.
#[derive(Debug, Default)]
struct Ran {
    /// When the last event had succeeded.
    ended: Millis,
    attempts: u32,
    failed: u32,
    /// Executions that succeeded, by the second in which they ended.
    succeeded: BTreeMap<Millis, u32>,
    changes: Vec<(Millis, Change)>,
}

impl Ran {
    fn failed_share(&self) -> f64 {
        f64::from(self.failed) / f64::from(self.attempts)
    }

    /// Successes a second in a span of time, in milliseconds.
    fn rate(&self, from: Millis, to: Millis) -> f64 {
        let sum: u32 = self
            .succeeded
            .range(from / 1_000..to / 1_000)
            .map(|(_, n)| n)
            .sum();
        f64::from(sum) / ((to - from) as f64 / 1_000.0)
    }
}

impl Pipeline {
    fn new(pace: f64, takes: Millis) -> Self {
        Self {
            circuit: Circuit::new(0),
            pace,
            burst: 50,
            max_concurrency: 1_000,
            takes,
        }
    }

    /// Works off so many events, `until` then at the latest.
    fn work_off(&mut self, events: u32, target: &mut Target<'_>, until: Millis) -> Ran {
        let mut ran = Ran::default();
        let (mut waiting, mut left) = (events, events);
        let mut tokens = Tokens::new(self.pace, self.burst, None, 0);
        let mut running: BTreeMap<(Millis, u32), (u32, bool)> = BTreeMap::new();
        let mut counted: BTreeMap<(Millis, u32), (u32, bool)> = BTreeMap::new();
        let mut again: BTreeMap<(Millis, u32), ()> = BTreeMap::new();
        let mut health: BTreeMap<u32, Health> = BTreeMap::new();
        let (mut now, mut number) = (0, 0);
        while left > 0 && now < until {
            if now % LOOK_EVERY == 0 {
                let generation = self.circuit.generation;
                let of = health.get(&generation).copied().unwrap_or_default();
                let change = self.circuit.look(&adapt(), self.pace, of, now);
                ran.changes.extend(change.map(|change| (now, change)));
                match self.circuit.allowed(None) {
                    Allowed::Everything => tokens.set(self.pace, self.burst),
                    Allowed::Rate(rate) => {
                        tokens.set(rate, (rate.ceil() as u32).clamp(1, self.burst));
                    }
                    Allowed::Probe(_) | Allowed::Nothing => {}
                }
            }
            while let Some(((at, number), (generation, succeeds))) = running.pop_first() {
                if at > now {
                    running.insert((at, number), (generation, succeeds));
                    break;
                }
                counted.insert((at + COUNTED_AFTER, number), (generation, succeeds));
                if succeeds {
                    left -= 1;
                    *ran.succeeded.entry(at / 1_000).or_default() += 1;
                    ran.ended = at;
                } else {
                    ran.failed += 1;
                    again.insert((at + RETRIED_AFTER, number), ());
                }
            }
            while let Some(((at, number), (generation, succeeds))) = counted.pop_first() {
                if at > now {
                    counted.insert((at, number), (generation, succeeds));
                    break;
                }
                let of = health.entry(generation).or_default();
                of.generation = generation;
                of.succeeded += u64::from(succeeds);
                of.failed += u64::from(!succeeds);
            }
            while again
                .first_key_value()
                .is_some_and(|((at, _), ())| *at <= now)
            {
                again.pop_first();
                waiting += 1;
            }
            let room = self.max_concurrency.saturating_sub(running.len());
            let most = u32::try_from(room).unwrap_or(u32::MAX).min(waiting);
            let starts = match self.circuit.allowed(None) {
                Allowed::Probe(at) => u32::from(now >= at).min(most),
                Allowed::Nothing => 0,
                Allowed::Everything | Allowed::Rate(_) => tokens.take(most, now),
            };
            if starts > 0 {
                tokens.used(starts, now);
                waiting -= starts;
                ran.attempts += starts;
                self.circuit.started(starts, now);
            }
            for _ in 0..starts {
                number += 1;
                let succeeds = target(now, running.len());
                // Refused executions end soon.
                let takes = if succeeds {
                    self.takes
                } else {
                    self.takes.min(1_000)
                };
                let end = (now + takes, number);
                running.insert(end, (self.circuit.generation, succeeds));
            }
            now += STEP;
        }
        ran
    }
}

/// A target that takes so many a second, as a bucket of one second.
fn takes(per_second: f64) -> impl FnMut(Millis, usize) -> bool {
    let mut tokens = Tokens::new(per_second, per_second.ceil() as u32, None, 0);
    move |now, _| {
        let taken = tokens.take(1, now);
        tokens.used(taken, now);
        taken == 1
    }
}

#[test]
fn a_target_that_takes_less_is_found_out_and_hardly_fails() {
    for (takes_ms, most_failed, least_of_ideal) in [(2_000, 0.02, 0.95), (10_000, 0.02, 0.85)] {
        let mut pipeline = Pipeline::new(25.0, takes_ms);
        let ran = pipeline.work_off(10_000, &mut takes(10.0), 3_600_000);
        let of_ideal = 1_000_000.0 / ran.ended as f64;
        let failed = ran.failed_share();
        assert!(failed < most_failed, "{takes_ms}: {failed} failed");
        assert!(
            of_ideal >= least_of_ideal,
            "{takes_ms}: {of_ideal} of the ideal"
        );
    }
}

#[test]
fn a_pace_forty_times_too_fast_is_cut_within_seconds() {
    let mut pipeline = Pipeline::new(400.0, 2_000);
    let ran = pipeline.work_off(10_000, &mut takes(10.0), 3_600_000);
    assert!(ran.failed_share() < 0.2, "{}", ran.failed_share());
    assert!(ran.ended < 1_100_000, "{}", ran.ended);
}

#[test]
fn a_target_that_takes_so_many_at_once_is_kept_busy() {
    let mut pipeline = Pipeline::new(25.0, 2_000);
    let ran = pipeline.work_off(10_000, &mut |_, running| running < 20, 3_600_000);
    assert!(ran.failed_share() < 0.03, "{}", ran.failed_share());
    assert!(ran.ended < 1_400_000, "{}", ran.ended);
}

#[test]
fn an_outage_costs_a_few_attempts_and_the_pace_is_back_soon() {
    let (from, to) = (300_000, 1_500_000);
    for takes_ms in [2_000, 20_000] {
        let mut pipeline = Pipeline::new(25.0, takes_ms);
        let mut target = |now: Millis, _: usize| !(from..to).contains(&now);
        let ran = pipeline.work_off(50_000, &mut target, 7_200_000);
        assert!(ran.failed < 250, "{takes_ms}: {} failed", ran.failed);
        let opened = ran
            .changes
            .iter()
            .find(|(_, it)| matches!(it.to, State::Open { .. }));
        let (opened, _) = opened.expect("an outage");
        assert!(opened - from < 30_000, "{takes_ms}: open at {opened}");
        let again = to + 110_000;
        let rate = ran.rate(again, again + 10_000);
        assert!(
            rate >= 22.5,
            "{takes_ms}: {rate} a second two minutes after the end"
        );
    }
}

#[test]
fn a_target_that_grows_is_given_more() {
    let (mut small, mut big) = (takes(5.0), takes(50.0));
    let mut target = |now: Millis, running: usize| match now < 300_000 {
        true => small(now, running),
        false => big(now, running),
    };
    let ran = Pipeline::new(100.0, 2_000).work_off(30_000, &mut target, 7_200_000);
    let (before, after) = (ran.rate(200_000, 290_000), ran.rate(600_000, 700_000));
    assert!(
        before > 4.25 && after > 42.5,
        "{before}, then {after} a second"
    );
}

#[test]
fn chance_failures_slow_nothing() {
    let mut number = 0;
    let mut target = |_, _| {
        number += 1;
        number % 50 != 0
    };
    let ran = Pipeline::new(25.0, 2_000).work_off(10_000, &mut target, 3_600_000);
    assert_eq!(ran.changes, []);
}

#[test]
fn what_was_started_before_a_cut_cuts_no_second_time() {
    let mut circuit = Circuit::new(0);
    circuit.started(100, 0);
    let failing = Health {
        generation: 0,
        succeeded: 40,
        failed: 20,
    };
    assert!(circuit.look(&adapt(), 25.0, failing, 4_000).is_some());
    let rate = circuit.allowed(None);
    let more = Health {
        failed: 60,
        ..failing
    };
    assert_eq!(circuit.look(&adapt(), 25.0, more, 20_000), None);
    assert_eq!(circuit.allowed(None), rate);
}

#[test]
fn probes_start_one_by_one_and_later_each_time_until_one_succeeds() {
    let mut circuit = Circuit::new(0);
    circuit.started(20, 0);
    let failed = |circuit: &Circuit, failed| Health {
        generation: circuit.generation,
        succeeded: 0,
        failed,
    };
    let all = failed(&circuit, 20);
    assert!(circuit.look(&adapt(), 25.0, all, 2_000).is_some());
    let mut probes = Vec::new();
    let mut now = 2_000;
    for number in 0..7 {
        let Allowed::Probe(at) = circuit.allowed(None) else {
            panic!("{:?}", circuit.state);
        };
        probes.push(at - now);
        now = at;
        circuit.started(1, now);
        let all = failed(&circuit, number);
        assert_eq!(circuit.look(&adapt(), 25.0, all, now), None);
    }
    assert_eq!(
        probes,
        [5_000, 5_000, 7_500, 11_250, 16_875, 20_000, 20_000]
    );
    let one = Health {
        succeeded: 1,
        ..failed(&circuit, 7)
    };
    let change = circuit.look(&adapt(), 25.0, one, now).expect("news");
    assert_eq!(
        change.to,
        State::Rising {
            rate: 1.0,
            to: 25.0
        }
    );
}

#[test]
fn an_operator_has_the_last_word() {
    let mut circuit = Circuit::new(0);
    assert_eq!(circuit.allowed(Some(Hold::Open)), Allowed::Nothing);
    circuit.state = State::Open {
        probe_at: 1,
        probe_after: 1,
    };
    assert_eq!(circuit.allowed(Some(Hold::Closed)), Allowed::Everything);
    assert_eq!(circuit.allowed(Some(Hold::Open)), Allowed::Nothing);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A target that is well is never slowed, however fast and however long its executions.
    #[test]
    fn a_target_that_is_well_is_never_slowed(pace in 0.5f64..400.0, takes_ms in 100i64..600_000, events in 1u32..3_000) {
        let mut pipeline = Pipeline::new(pace, takes_ms);
        let ran = pipeline.work_off(events, &mut |_, _| true, 1_800_000);
        prop_assert_eq!(ran.changes, vec![]);
        prop_assert_eq!(ran.failed, 0);
    }

    /// The rate stays within its bounds, for all counts and any order of looks.
    #[test]
    fn the_rate_is_within_its_bounds(
        pace in 0.05f64..400.0,
        looks in proptest::collection::vec((0i64..70_000, 0u32..100, 0u64..100, 0u64..100, 0u32..3), 1..100),
    ) {
        let mut circuit = Circuit::new(0);
        let mut health = Health::default();
        let mut now = 0;
        for (wait, starts, succeeded, failed, back) in looks {
            now += wait;
            circuit.started(starts, now);
            if health.generation != circuit.generation {
                health = Health { generation: circuit.generation, ..Health::default() };
            }
            health.succeeded += succeeded;
            health.failed += failed;
            let generation = health.generation.saturating_sub(back);
            let change = circuit.look(&adapt(), pace, Health { generation, ..health }, now);
            if let Allowed::Rate(rate) = circuit.allowed(None) {
                prop_assert!(rate <= pace && rate >= adapt().slowest.min(pace), "{rate}");
            }
            if let Allowed::Probe(at) = circuit.allowed(None) {
                prop_assert!(at <= now + PROBE_AFTER_MOST, "{at}");
            }
            if let Some(change) = change {
                prop_assert!(change.to == circuit.state && circuit.since == now);
            }
        }
    }
}
