//! Whether a pipeline is healthy, why nothing starts, and the remedy: decided from the facts seen.

mod settle;

use dispatch::config::Config;
use serde::Serialize;
use spillway::Millis;
use spillway::pace::adapt::circuit::State;
use spillway::pace::bound::{self, Bound};
use spillway::pace::in_force::{InForce, PausedBy};
use spillway::protocol::holding::{BEYOND_DEADLINE, Idle, LEASE, RENEW_AFTER};

use super::seen::{Seen, Stage};
use crate::answer::count;
use crate::lease;
use crate::time::{ago, moment, span};

const MINUTE: Millis = 60_000;
/// A tick is missed when none has begun or ended for so many periods.
const MISSED_PERIODS: Millis = 3;
/// A renewal comes 5 s late at most: nobody renews a lease that has less left than this.
const RENEWED_WITHIN: Millis = LEASE - RENEW_AFTER - 5_000;
/// Lambda ends a tick so long after the time that it drains for: `dispatch`'s timeout in
/// `terraform/dispatch.tf`. The lease can outlive it.
const AFTER_DRAIN: Millis = 20_000 + BEYOND_DEADLINE;
/// The longest time between two ticks without a fault, for a schedule that is no rate. The period
/// of a cron expression is not worked out here.
const MISSED_OTHERWISE: Millis = 60 * MINUTE;
/// For how long the end of a window is looked for.
const WINDOW_SEARCHED: Millis = 8 * 24 * 60 * MINUTE;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing starts, and nobody wants it so.
    Stopped,
    /// Something needs a person.
    Degraded,
    /// It is as somebody wants it.
    Notice,
}

/// One thing that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable word.
    pub code: &'static str,
    pub level: Level,
    pub what: String,
    /// The command that comes next.
    pub next: Option<String>,
    /// With it nothing starts.
    #[serde(skip)]
    pub blocks: bool,
}

/// The first words about a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub healthy: bool,
    pub sentence: String,
    /// Messages wait, and nothing starts.
    pub nothing_starts: bool,
    pub drain: Drain,
    /// The worst first.
    pub findings: Vec<Finding>,
}

/// Judges a pipeline.
pub fn verdict(name: &str, config: &Config, seen: &Seen) -> Verdict {
    let mut findings = Vec::new();
    let steering = seen
        .steering
        .as_ref()
        .and_then(|steering| steering.as_ref().ok());
    let control = steering
        .map(|steering| steering.control.clone())
        .unwrap_or_default();
    let in_force = seen.in_force(config, &control);
    let nothing_starts = seen.waiting() > 0 && !starts(config, seen);

    steered(
        name,
        config,
        seen,
        in_force.as_ref().map_err(ToString::to_string),
        &mut findings,
    );
    ticks(name, config, seen, nothing_starts, &mut findings);
    let limit = in_force
        .as_ref()
        .map_or(config.pace.max_concurrency, |now| now.pace.max_concurrency);
    settle::settles(name, seen, limit, nothing_starts, &mut findings);
    if let Ok(now) = &in_force {
        bounds(name, config, seen, now, nothing_starts, &mut findings);
    }
    failures(name, seen, &mut findings);
    if let Some(first) = seen.unknown.first() {
        findings.push(not_known(name, seen.unknown.len(), first));
    }
    if nothing_starts && !findings.iter().any(|finding| finding.blocks) {
        findings.push(Finding {
            code: "standing-still",
            level: Level::Degraded,
            what: format!(
                "{} and nothing starts, for no reason that shows here",
                waits(seen.waiting())
            ),
            next: Some(format!("spillway -p {name} tick")),
            blocks: true,
        });
    }
    findings.sort_by_key(|finding| (finding.level, finding.code == "not-known"));
    let drain = match nothing_starts {
        true => Drain::Unknown,
        false => drain(config, seen, in_force.as_ref().ok()),
    };
    let healthy = findings
        .iter()
        .all(|finding| finding.level == Level::Notice);
    Verdict {
        sentence: sentence(seen, drain, limit, healthy, nothing_starts, &findings),
        healthy,
        nothing_starts,
        drain,
        findings,
    }
}

/// Returns the finding that something could not be looked at: it can be the fault.
fn not_known(name: &str, number: usize, first: &str) -> Finding {
    let more = match number {
        1 => String::new(),
        number => format!(" (and {} more)", number - 1),
    };
    Finding {
        code: "not-known",
        level: Level::Degraded,
        what: format!("parts that could not be read can be wrong: {first}{more}"),
        next: Some(format!("spillway -p {name} iam --read")),
        blocks: false,
    }
}

fn waits(number: u64) -> String {
    match number {
        1 => "1 message waits".to_owned(),
        number => format!("{number} messages wait"),
    }
}

fn sentence(
    seen: &Seen,
    drain: Drain,
    limit: u32,
    healthy: bool,
    nothing_starts: bool,
    findings: &[Finding],
) -> String {
    let running = seen.slots.slots.len() + seen.slots.unreadable.len();
    let waiting = seen.waiting();
    // No call counts the events in the ledger, so the sentence has their tenants.
    let tenants = match seen.tenants_waiting() {
        0 => String::new(),
        tenants => format!(
            " in the queues, and events of {} in the ledger",
            count(tenants as u64, "tenant")
        ),
    };
    let state = format!("{running} of {limit} run, {waiting} wait{tenants}");
    let first = findings.first();
    let drained = match drain {
        _ if waiting == 0 => String::new(),
        Drain::In(Draining { millis, .. }) => {
            format!(", drained in about {} at the present rate", span(millis))
        }
        Drain::NotBefore(Draining { millis, .. }) => {
            format!(", drained in {} at the earliest", span(millis))
        }
        Drain::Unknown => String::new(),
    };
    match (healthy, first) {
        (true, None) => format!("Healthy: {state}{drained}."),
        (true, Some(first)) if nothing_starts => {
            let blocks = findings
                .iter()
                .find(|finding| finding.blocks)
                .unwrap_or(first);
            format!("Nothing starts, on purpose: {}. {state}.", blocks.what)
        }
        (true, Some(first)) => format!("Healthy: {state}{drained}. Note: {}.", first.what),
        // The worst fault of all is a thing that could not be seen.
        (false, Some(first)) if first.code == "not-known" => {
            format!(
                "Healthy as far as could be seen, which is not all: {state}{drained}. {}.",
                first.what
            )
        }
        (false, Some(first)) => {
            let more = match findings
                .iter()
                .filter(|finding| finding.level != Level::Notice)
                .count()
            {
                0 | 1 => String::new(),
                more => format!(" ({} more below)", more - 1),
            };
            format!("Not healthy: {}{more}. {state}.", first.what)
        }
        (false, None) => format!("Not healthy. {state}."),
    }
}

/// How long the lanes take to drain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Drain {
    /// At the present rate.
    In(Draining),
    /// At the pace in force, if executions are short enough: the present rate is not known yet.
    NotBefore(Draining),
    Unknown,
}

/// How fast the lanes drain, and how long that takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draining {
    pub millis: Millis,
    /// Starts a minute.
    pub per_minute: f64,
}

/// Returns how long the open lanes take to drain at the pace in force.
pub fn drain(config: &Config, seen: &Seen, in_force: Option<&InForce<'_>>) -> Drain {
    let Some(InForce { pace, lanes, .. }) = in_force else {
        return Drain::Unknown;
    };
    let fastest = pace.starts_per_second * 60.0;
    let waiting = seen.waiting_in_open(lanes);
    if waiting == 0 {
        return Drain::Unknown;
    }
    let at = |per_minute: f64| Draining {
        millis: (waiting as f64 / per_minute * MINUTE as f64) as Millis,
        per_minute,
    };
    let rate = period(config, seen).and_then(|period| seen.drains_per_minute(period));
    match rate {
        Some(rate) => Drain::In(at(rate.min(fastest))),
        None => Drain::NotBefore(at(fastest)),
    }
}

/// Returns whether anything has started of late.
fn starts(config: &Config, seen: &Seen) -> bool {
    let window = MISSED_PERIODS * period(config, seen).unwrap_or(MINUTE);
    let (started, _) = seen.started();
    let minutes = usize::try_from((window + MINUTE - 1) / MINUTE)
        .unwrap_or(3)
        .clamp(3, started.len().max(3));
    started.iter().rev().take(minutes).any(|number| *number > 0)
        || seen
            .slots
            .slots
            .iter()
            .any(|slot| seen.now - slot.taken_at < window && !slot.pending)
}

fn period(config: &Config, seen: &Seen) -> Option<Millis> {
    let schedule = seen.schedule.as_ref()?.as_ref()?;
    let drains = config.tick.as_millis() as Millis;
    Some(schedule.period()?.max(drains.min(MINUTE)))
}

/// Finds pauses, overrides, and a control item that cannot be read, each with its author.
fn steered(
    name: &str,
    config: &Config,
    seen: &Seen,
    in_force: Result<&InForce<'_>, String>,
    findings: &mut Vec<Finding>,
) {
    let unusable = match (&seen.steering, &in_force) {
        (Some(Err(problem)), _) => Some(problem.clone()),
        (_, Err(problem)) => Some(problem.clone()),
        _ => None,
    };
    if let Some(problem) = unusable {
        findings.push(Finding {
            code: "control-unusable",
            level: Level::Stopped,
            what: format!("every tick fails over the control item: {problem}"),
            next: Some(format!("spillway -p {name} unset --all")),
            blocks: true,
        });
    }
    let Ok(now) = in_force else { return };
    let steering = seen
        .steering
        .as_ref()
        .and_then(|steering| steering.as_ref().ok());
    match now.paused {
        Some(PausedBy::Operator) => {
            let about = steering
                .and_then(|steering| steering.about.get("paused"))
                .cloned()
                .unwrap_or_default();
            let by = about.by.map(|by| format!(" by {by}")).unwrap_or_default();
            let since = about.since.or_else(|| now.since.clone());
            let since = since
                .map(|since| format!(" since {since}"))
                .unwrap_or_default();
            let note = about.note.or_else(|| now.note.clone());
            let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
            let until = match about.until {
                Some(until) => format!(" until {}", moment(until)),
                None => " until somebody resumes it".to_owned(),
            };
            findings.push(Finding {
                code: "paused",
                level: Level::Notice,
                what: format!("paused{by}{since}{note}{until}"),
                next: Some(format!("spillway -p {name} resume")),
                blocks: true,
            });
        }
        Some(PausedBy::Circuit) => {
            let about = steering.and_then(|steering| steering.about.get("circuit"));
            let by = about.and_then(|about| about.by.clone());
            let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
            let until = about.and_then(|about| about.until);
            let until = until.map_or_else(|| "somebody unsets it".to_owned(), moment);
            findings.push(Finding {
                code: "circuit-held-open",
                level: Level::Notice,
                what: format!("the circuit is held open{by} until {until}"),
                next: Some(format!("spillway -p {name} unset circuit")),
                blocks: true,
            });
        }
        Some(PausedBy::Window) => {
            let window = now.window.unwrap_or("?");
            let until = window_ends(config, seen.now);
            let until = until
                .map(|until| format!(" until {}", moment(until)))
                .unwrap_or_default();
            findings.push(Finding {
                code: "paused-by-window",
                level: Level::Notice,
                what: format!("the window {window} pauses{until}"),
                next: Some(format!(
                    "spillway -p {name} resume --through-windows --for 1h"
                )),
                blocks: true,
            });
        }
        None => {}
    }
    if now.circuit.is_none() {
        findings.extend(circuit(name, config, seen, now));
    }
    if now.pace.max_concurrency == 0 {
        findings.push(Finding {
            code: "limit-is-zero",
            level: Level::Notice,
            what: "max_concurrency is 0, so nothing starts".to_owned(),
            next: Some(format!("spillway -p {name} pace")),
            blocks: true,
        });
    }
}

/// Returns when the window in force gives way to another one, or to none, to the minute.
pub fn window_ends(config: &Config, now: Millis) -> Option<Millis> {
    let name = |at: Millis| {
        config
            .windows
            .in_force(at)
            .map(|window| window.name.as_str())
    };
    let window = name(now)?;
    let minutes =
        (1..WINDOW_SEARCHED / MINUTE).map(|minute| now - now.rem_euclid(MINUTE) + minute * MINUTE);
    minutes.into_iter().find(|at| name(*at) != Some(window))
}

/// Finds whether ticks run.
fn ticks(
    name: &str,
    config: &Config,
    seen: &Seen,
    nothing_starts: bool,
    findings: &mut Vec<Finding>,
) {
    let stopped = |code, what: String, next: String| Finding {
        code,
        level: Level::Stopped,
        what,
        next: Some(next),
        blocks: true,
    };
    let tick = format!("spillway -p {name} tick");
    let mut explained = false;
    match &seen.schedule {
        Some(None) => {
            explained = true;
            findings.push(stopped(
                "no-rule",
                format!("there is no rule {name}_tick, so no tick runs"),
                format!("spillway -p {name} doctor"),
            ));
        }
        Some(Some(schedule)) if !schedule.enabled => {
            explained = true;
            let what = format!("the rule {name}_tick is disabled, so no tick runs");
            findings.push(stopped(
                "rule-disabled",
                what,
                format!("spillway -p {name} schedule on"),
            ));
        }
        _ => {}
    }
    if seen.reserved == Some(0) {
        explained = true;
        let what = format!(
            "the function {name}_dispatch has a reserved concurrency of 0, so Lambda runs no tick"
        );
        findings.push(stopped(
            "function-throttled",
            what,
            format!("aws lambda delete-function-concurrency --function-name {name}_dispatch"),
        ));
    }
    let errors = seen.metrics.as_ref().map_or(0, |metrics| metrics.errors);
    let last = seen.last_problem.as_ref().filter(|_| errors > 0);
    if errors > 0 {
        let (code, said) = match last {
            Some(line) if line.message.contains("no execution can be started") => {
                ("start-forbidden", format!(": {}", line.message))
            }
            Some(line) => ("ticks-fail", format!(": {}", line.message)),
            None => ("ticks-fail", String::new()),
        };
        let what = format!(
            "{} failed in the last 5 minutes{said}",
            count(errors.into(), "tick")
        );
        // One that fails among many is no standstill.
        findings.push(Finding {
            level: if nothing_starts {
                Level::Stopped
            } else {
                Level::Degraded
            },
            blocks: nothing_starts,
            ..stopped(code, what, tick.clone())
        });
    }
    let throttles = seen.metrics.as_ref().map_or(0, |metrics| metrics.throttles);
    if throttles > 0 && seen.reserved != Some(0) {
        findings.push(Finding {
            code: "function-throttled",
            level: Level::Degraded,
            what: format!(
                "Lambda throttled {} in the last 5 minutes: the account has no concurrency left",
                count(throttles.into(), "tick")
            ),
            next: Some(format!("spillway -p {name} doctor")),
            blocks: false,
        });
    }
    let period = period(config, seen);
    let missed = period.map_or(MISSED_OTHERWISE, |period| {
        MISSED_PERIODS * period.max(MINUTE)
    });
    match seen.last_tick() {
        Some(last) if !explained && seen.now - last > missed => {
            let schedule = seen.schedule.as_ref().and_then(Option::as_ref);
            let how = match (period, schedule) {
                (Some(_), _) => String::new(),
                (None, Some(schedule)) => format!(
                    " (its schedule is {}: this is said after {})",
                    schedule.expression,
                    span(MISSED_OTHERWISE)
                ),
                (None, None) => format!(
                    " (its schedule is not known: this is said after {})",
                    span(MISSED_OTHERWISE)
                ),
            };
            let what = format!(
                "no tick for {}: the last one was at {}{how}",
                span(seen.now - last),
                moment(last)
            );
            findings.push(stopped("no-tick", what, tick.clone()));
        }
        None if !explained && seen.waiting() > 0 => {
            findings.push(stopped(
                "no-tick",
                "no tick has run yet".to_owned(),
                tick.clone(),
            ));
        }
        _ => {}
    }
    if let Some(until) = lease::stuck(&seen.lease, seen.now) {
        let until = until.map(|until| format!(" until {}", ago(until, seen.now)));
        findings.push(stopped(
            "lease-stuck",
            format!(
                "the lease is held{}, longer than a tick can hold it",
                until.unwrap_or_default()
            ),
            format!("spillway -p {name} lease release"),
        ));
    }
    if let Some(until) = dead_holder(config, seen) {
        findings.push(Finding {
            code: "lease-held",
            level: Level::Degraded,
            what: format!(
                "a tick that died holds the lease until {}; the next one takes over",
                ago(until, seen.now)
            ),
            next: None,
            blocks: true,
        });
    }
}

/// Returns the end of a lease whose tick does not renew it.
pub fn dead_holder(config: &Config, seen: &Seen) -> Option<Millis> {
    seen.lease.holder.as_ref()?;
    let (since, until) = (seen.lease.held_since?, seen.lease.expires_at?);
    let drains = config.tick.as_millis() as Millis;
    // Near the end of a tick the lease ends with it.
    let by_deadline = config.idle == Idle::Stop && until >= since + drains + AFTER_DRAIN - 1_000;
    let left = until - seen.now;
    (left > 0 && left < RENEWED_WITHIN && !by_deadline && seen.now - since > RENEWED_WITHIN / 2)
        .then_some(until)
}

/// Finds the target's state, as the lease has it from the ends of executions.
fn circuit(name: &str, config: &Config, seen: &Seen, now: &InForce<'_>) -> Option<Finding> {
    config.adapt.as_ref()?;
    let circuit = seen.lease.left.circuit?;
    let since = moment(circuit.since);
    let pace = now.pace.starts_per_second;
    match circuit.state {
        State::Closed => None,
        State::Open { probe_at, .. } => Some(Finding {
            code: "circuit-open",
            level: Level::Degraded,
            what: format!(
                "the circuit is open since {since}: nearly all executions fail with errors of their target, and only probes \
                 start, the next one at {}",
                moment(probe_at)
            ),
            next: Some(format!("spillway -p {name} status --watch")),
            blocks: true,
        }),
        State::Slowed { .. } | State::Rising { .. } => Some(Finding {
            code: "slowed",
            level: Level::Notice,
            what: format!(
                "starts are slowed down to {:.1} a second since {since}, of {pace}: the target takes no more",
                circuit.rate(pace)
            ),
            next: None,
            blocks: false,
        }),
    }
}

/// Finds the bounds of the starts.
fn bounds(
    name: &str,
    config: &Config,
    seen: &Seen,
    now: &InForce<'_>,
    nothing_starts: bool,
    findings: &mut Vec<Finding>,
) {
    let taken = seen.slots.slots.len() + seen.slots.unreadable.len();
    let limit = now.pace.max_concurrency;
    let oldest = seen.slots.slots.iter().min_by_key(|slot| slot.taken_at);
    let pending = seen.slots.slots.iter().filter(|slot| slot.pending).count();
    if limit > 0 && taken as u64 >= u64::from(limit) {
        let by = oldest.map(|slot| {
            format!(
                "; the oldest by {} since {}",
                slot.execution,
                ago(slot.taken_at, seen.now)
            )
        });
        findings.push(Finding {
            code: "slots-taken",
            level: if nothing_starts {
                Level::Degraded
            } else {
                Level::Notice
            },
            what: format!(
                "every slot is taken ({taken} of {limit}){}",
                by.unwrap_or_default()
            ),
            next: Some(format!("spillway -p {name} running --longest 10")),
            blocks: true,
        });
    }
    findings.extend(lanes(name, config, seen, now, nothing_starts));
    if pending > 0 {
        findings.push(Finding {
            code: "starts-pending",
            level: if nothing_starts { Level::Degraded } else { Level::Notice },
            what: format!("{} of slots that are taken could not be made yet: throttled, forbidden or without an answer", count(pending as u64, "start")),
            next: Some(format!("spillway -p {name} tick")),
            blocks: false,
        });
    }
    if let (Some(timeout), Some(oldest)) = (config.execution_timeout, oldest) {
        let allowed = (timeout + config.sweep_after).as_millis() as Millis + 10 * MINUTE;
        if seen.now - oldest.taken_at > allowed {
            findings.push(Finding {
                code: "overdue",
                level: Level::Degraded,
                what: format!(
                    "the slot of {} is older than the workflow's timeout allows: {}",
                    oldest.execution,
                    span(seen.now - oldest.taken_at)
                ),
                next: Some(format!("spillway -p {name} running --longest 10")),
                blocks: false,
            });
        }
    }
    let at_most = seen.lease.holder.is_some();
    if let Some((limit, starts)) = day(config, seen)
        && starts >= limit
        && (nothing_starts || !at_most)
    {
        findings.push(Finding {
            code: "day-limit",
            level: Level::Notice,
            what: match at_most {
                // If starts go on, the tick has only written ahead.
                true => format!("the day's limit is perhaps reached (at most {starts} of {limit} starts: a tick is at work)"),
                false => format!("the day's limit is reached ({starts} of {limit} starts); starts go on at midnight UTC"),
            },
            next: None,
            blocks: nothing_starts || !at_most,
        });
    }
    if !seen.slots.unreadable.is_empty() {
        let first = seen.slots.unreadable.first();
        let first = first.map(|it| it.problem.to_string()).unwrap_or_default();
        findings.push(Finding {
            code: "unreadable",
            level: Level::Degraded,
            what: format!(
                "{} cannot be read: {first}",
                count(seen.slots.unreadable.len() as u64, "slot")
            ),
            next: Some(format!("spillway -p {name} doctor")),
            blocks: false,
        });
    }
}

/// Lanes in which events wait because of their own bounds.
fn lanes(
    name: &str,
    config: &Config,
    seen: &Seen,
    now: &InForce<'_>,
    nothing_starts: bool,
) -> Vec<Finding> {
    let running = seen.running(config);
    let waits = |lane: &str| {
        seen.of(Stage::Events)
            .any(|queue| queue.waiting > 0 && queue.lane.as_deref() == Some(lane))
    };
    let reached = |bound: &Bound| {
        let running = running.get(&bound.lane).copied().unwrap_or_default();
        bound.max.is_some_and(|max| running >= max)
    };
    let waiting: Vec<&Bound> = now.lanes.iter().filter(|it| waits(&it.lane)).collect();
    // If another lane waits, these do not say why.
    let blocks = waiting.iter().all(|bound| reached(bound));
    let full = waiting.into_iter().filter(|bound| reached(bound));
    full.map(|Bound { lane, max }| {
        let running = running.get(lane).copied().unwrap_or_default();
        let max = max.unwrap_or_default();
        Finding {
            code: "lane-full",
            level: match nothing_starts && max > 0 {
                true => Level::Degraded,
                false => Level::Notice,
            },
            what: match max {
                0 => format!(
                    "{} is 0, so nothing of that lane starts",
                    bound::named(lane)
                ),
                max => {
                    format!("the lane {lane} has all the slots of its bound ({running} of {max})")
                }
            },
            next: Some(format!("spillway -p {name} pace")),
            blocks,
        }
    })
    .collect()
}

/// Returns the day's limit, and the starts of the day as far as the lease has them. While a tick
/// has the lease, that is the most that there can be: it records its most starts in advance.
pub fn day(config: &Config, seen: &Seen) -> Option<(u32, u32)> {
    let limit = config.starts_per_day?;
    let today = moment(seen.now);
    let today = today.get(..10).unwrap_or_default();
    let starts = seen
        .lease
        .left
        .day
        .as_ref()
        .filter(|day| day.day.to_string() == today)
        .map_or(0, |day| day.starts);
    Some((limit, starts))
}

/// Finds the messages in the queues of failures.
fn failures(name: &str, seen: &Seen, findings: &mut Vec<Finding>) {
    for queue in seen
        .queues
        .iter()
        .filter(|queue| queue.stage.is_of_failures() && queue.waiting > 0)
    {
        let lane = queue
            .lane
            .as_ref()
            .filter(|_| seen.of(Stage::Events).count() > 1);
        let lane = lane
            .map(|lane| format!(" of lane {lane}"))
            .unwrap_or_default();
        let stage = queue.stage.word();
        let letters = count(queue.waiting, "dead letter");
        findings.push(Finding {
            code: "dead-letters",
            level: Level::Degraded,
            what: format!("{letters} of stage {stage}{lane}, in {}", queue.name),
            next: Some(match queue.stage {
                Stage::ReconcileFailures => format!(
                    "spillway -p {name} reconcile; then spillway -p {name} discard --stage reconcile --all --reason done"
                ),
                _ => format!("spillway -p {name} failed"),
            }),
            blocks: false,
        });
    }
}

#[cfg(test)]
mod tests;
