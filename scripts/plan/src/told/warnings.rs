//! Warnings in words, each with its remedy.

use std::time::Duration;

use spillway::Millis;
use spillway::protocol::holding::Idle;
use spillway::rules::order::Order;

use super::report::Warning;
use crate::engine::answers::Answers;
use crate::engine::series::Bound;
use crate::engine::setup::Takes;
use crate::given::Given;
use crate::given::arrivals::{clock, grouped};
use crate::length::{MINUTE, span};

/// Returns all that there are.
pub fn of(given: &Given, answers: &Answers) -> Vec<Warning> {
    [
        disabled(given),
        never_done(given, answers),
        overlap(given, answers),
        above_quota(given),
        throttled(answers),
        transitions(given, answers),
        refused(given, answers),
        dead_letters(given, answers),
        timeout(given),
        order(given),
        tenants(given, answers),
        waits_for_ticks(given, answers),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn warning(code: &str, what: String, remedy: impl Into<String>) -> Option<Warning> {
    Some(Warning {
        code: code.to_owned(),
        what,
        remedy: remedy.into(),
    })
}

/// A schedule that is switched off.
fn disabled(given: &Given) -> Option<Warning> {
    if given.pipeline.enabled {
        return None;
    }
    warning(
        "disabled",
        "schedule.enabled is false: nothing starts, and the plan is of a schedule that is switched on"
            .to_owned(),
        "set schedule.enabled = true",
    )
}

fn never_done(given: &Given, answers: &Answers) -> Option<Warning> {
    if answers.left == 0 {
        return None;
    }
    warning(
        "never-done",
        format!(
            "{} uploads are not done 14 days after the last one: SQS deletes events that wait longer",
            grouped(answers.left as u64)
        ),
        bound_up(given, answers, ", or send fewer"),
    )
}

/// Waves that are not done before the next one of their lane comes. Of those that come with every
/// tick or two nothing else is to be expected.
fn overlap(given: &Given, answers: &Answers) -> Option<Warning> {
    let waves = || given.arrivals.waves.iter().zip(&answers.waves);
    let seldom = 2 * given.pipeline.schedule.as_millis() as Millis;
    let late = waves().enumerate().filter_map(|(place, (named, wave))| {
        let next = waves().skip(place + 1).find(|(next, it)| {
            next.repeats && next.lane == named.lane && it.first_upload > wave.last_upload
        })?;
        let next = next.1.first_upload;
        let late = wave.done.is_none_or(|done| wave.left > 0 || done > next);
        let counts = named.repeats && next - wave.first_upload > seldom;
        (counts && late).then_some((named, wave, next))
    });
    let late: Vec<_> = late.collect();
    let (named, wave, next) = late.first()?;
    let done = match wave.done.filter(|_| wave.left == 0) {
        Some(done) => format!("it is done at {}", clock(done)),
        None => "it never is".to_owned(),
    };
    let more = match late.len() {
        1 => String::new(),
        all => format!("; so are {} more", all - 1),
    };
    warning(
        "overlap",
        format!(
            "The burst of {} is not drained before that of {}: {done}{more}",
            named.name,
            clock(*next)
        ),
        bound_up(
            given,
            answers,
            "; `--find max_concurrency --drain-within …` searches for it",
        ),
    )
}

/// Returns the remedy for a bound that holds events up for too long. `else_`: behind it, if there
/// is such a number.
fn bound_up(given: &Given, answers: &Answers, else_: &str) -> String {
    match answers.series.bounds().first() {
        Some((Bound::Target, _)) if given.target.is_unlimited() => {
            "raise pace.adapt.tolerated_share, or send fewer".to_owned()
        }
        Some((Bound::Target, _)) => {
            "let the target take more, send fewer, or put more events into one execution".to_owned()
        }
        _ => format!("raise the bound that holds them up{else_}"),
    }
}

fn above_quota(given: &Given) -> Option<Warning> {
    let quota = given.quota;
    let windows = given.pipeline.windows.paces();
    let windows = windows.filter_map(|pace| pace.starts_per_second);
    let rate = windows.fold(given.pipeline.pace.starts_per_second, f64::max);
    if rate <= quota.refill_per_second {
        return None;
    }
    warning(
        "above-quota",
        format!(
            "starts_per_second is {rate}, and the account can start {} a second in {}, with all else that starts there",
            quota.refill_per_second, given.region
        ),
        "lower it, or ask AWS for a higher quota of StartExecution",
    )
}

fn throttled(answers: &Answers) -> Option<Warning> {
    if answers.throttled == 0 {
        return None;
    }
    warning(
        "throttled",
        format!(
            "Step Functions refuses {} calls: their executions start later, and the rate halves each time",
            grouped(answers.throttled)
        ),
        "keep burst and starts_per_second below the quota",
    )
}

fn transitions(given: &Given, answers: &Answers) -> Option<Warning> {
    let series = &answers.series;
    let most = series.samples.iter().map(|it| it.starts).max()?;
    let a_second = f64::from(most) / (series.every as f64 / 1_000.0);
    let transitions = a_second * f64::from(given.transitions);
    if transitions <= given.quota.transitions_per_second {
        return None;
    }
    warning(
        "transitions",
        format!(
            "Up to {a_second:.0} starts a second make {transitions:.0} state transitions a second, and {} allows {}",
            given.region, given.quota.transitions_per_second
        ),
        "lower starts_per_second and burst, or ask AWS for a higher quota",
    )
}

/// Executions that the target refuses.
fn refused(given: &Given, answers: &Answers) -> Option<Warning> {
    let (target, refused) = (&given.target, answers.refused);
    if refused == 0 {
        return None;
    }
    let executions = grouped(refused);
    let slower = slower(given);
    let Some(adapting) = &given.pipeline.adapt else {
        let slower = slower.map_or_else(String::new, |slower| format!(", or {slower}"));
        return warning(
            "refused",
            format!(
                "The target refuses {executions} executions: each costs an execution and an attempt"
            ),
            format!("set pace.adapt{slower}"),
        );
    };
    if !adapting.adapt.is_failure(Some(&target.error)) {
        return warning(
            "refused",
            format!(
                "The target refuses {executions} executions with {}, which pace.adapt does not name: nothing is slowed down",
                target.error
            ),
            "add the error to pace.adapt.errors",
        );
    }
    // One in ten: chance, and the first seconds of each overload, are less.
    if refused * 10 <= answers.starts {
        return None;
    }
    let slowest = adapting.numbers.slowest_starts_per_second;
    let too_fast = target.per_second.is_some_and(|limit| limit < slowest);
    let remedies = [
        slower.map(|slower| format!("set {slower}")),
        too_fast.then(|| "lower pace.adapt.slowest_starts_per_second".to_owned()),
        (!target.outages.is_empty())
            .then(|| "for an outage that is planned, pause in a window".to_owned()),
    ];
    let remedies: Vec<String> = remedies.into_iter().flatten().collect();
    warning(
        "refused",
        format!(
            "The target refuses {executions} executions, though the pace adapts: more than one in ten"
        ),
        match remedies.is_empty() {
            true => "let the target take more, or send fewer".to_owned(),
            false => remedies.join("; "),
        },
    )
}

/// Returns the pace that the target takes. `None`: it takes the pace, or hardly anything.
fn slower(given: &Given) -> Option<String> {
    let limit = given.target.per_second?;
    // Rates have two digits behind the point, and slow ones four.
    let digits = if limit < 1.0 { 10_000.0 } else { 100.0 };
    let rate = (limit * digits).floor() / digits;
    let burst = limit.floor().max(1.0);
    let windows = given.pipeline.windows.paces();
    let (mut fastest, mut largest) = (
        given.pipeline.pace.starts_per_second,
        given.pipeline.pace.burst,
    );
    for pace in windows {
        fastest = pace.starts_per_second.map_or(fastest, |it| fastest.max(it));
        largest = pace.burst.map_or(largest, |it| largest.max(it));
    }
    let numbers = [
        (limit < fastest && rate > 0.0).then(|| format!("starts_per_second = {rate}")),
        (burst < f64::from(largest)).then(|| format!("burst = {burst}")),
    ];
    let numbers: Vec<String> = numbers.into_iter().flatten().collect();
    (!numbers.is_empty()).then(|| numbers.join(" and "))
}

fn dead_letters(given: &Given, answers: &Answers) -> Option<Warning> {
    if answers.dead == 0 {
        return None;
    }
    let attempts = given.pipeline.retry.max_attempts;
    let adapting = given.pipeline.adapt.as_ref();
    let uncounted = match adapting.map(|it| it.numbers.uncounted_max) {
        Some(most) if answers.uncounted > 0 => {
            format!(" that count, and up to {most} that do not")
        }
        _ => String::new(),
    };
    warning(
        "dead-letters",
        format!(
            "{} object events are dead letters after {attempts} attempts{uncounted}",
            grouped(answers.dead as u64)
        ),
        "`spillway redrive` brings them back, when the cause is repaired",
    )
}

fn timeout(given: &Given) -> Option<Warning> {
    let timeout = given.pipeline.timeout?;
    let longest = match &given.executions.takes {
        Takes::Always(_) => return None,
        Takes::Spread { p99, .. } => *p99,
        Takes::Measured(times) => times.iter().copied().max().unwrap_or(Duration::ZERO),
    };
    if longest <= timeout {
        return None;
    }
    warning(
        "timeout",
        format!(
            "Some executions take {}, and the workflow's timeout ends them after {}: here they run to their end",
            span(longest.as_millis() as Millis),
            span(timeout.as_millis() as Millis)
        ),
        "raise workflow.timeout_seconds, or count them by --fails",
    )
}

fn order(given: &Given) -> Option<Warning> {
    let same = |given: &Given| {
        let mut objects: Vec<u32> = given.arrivals.all.iter().map(|it| it.object).collect();
        objects.sort_unstable();
        objects.array_windows().any(|[one, other]| one == other)
    };
    if given.pipeline.order == Order::None || same(given) {
        return None;
    }
    warning(
        "order",
        "Each upload is of another object, so the order holds nothing up".to_owned(),
        "say by --objects how many objects there are",
    )
}

/// A bound of tenants of which nothing is seen.
fn tenants(given: &Given, answers: &Answers) -> Option<Warning> {
    if given.pipeline.tenants.is_none() || answers.by_tenant.heaviest.is_some() {
        return None;
    }
    warning(
        "tenants",
        "No upload names its tenant, so the bound of each tenant holds nothing up".to_owned(),
        "name tenants behind the arrivals: `tenant=acme`, or `tenants=50` for as many in turn",
    )
}

/// Uploads that would start at once if a function were there.
fn waits_for_ticks(given: &Given, answers: &Answers) -> Option<Warning> {
    let bounds = answers.series.bounds();
    let all: u64 = bounds.iter().map(|(_, millis)| millis).sum();
    let ticks = bounds.iter().find(|(bound, _)| *bound == Bound::Tick)?.1;
    let lanes = 0..answers.waits.len();
    let waits = lanes.filter_map(|lane| answers.percentile(lane, 99.0));
    let short = Millis::from(waits.min()?) <= 2 * MINUTE;
    if given.pipeline.idle == Idle::Wait || ticks * 2 < all || !short {
        return None;
    }
    warning(
        "waits-for-ticks",
        "Most of the time from upload to start is the wait for the next tick".to_owned(),
        "`--idle wait` starts uploads at once: compare the dollars",
    )
}
