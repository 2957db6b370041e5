//! A pipeline's status, as a program reads it and as one screen.

use std::collections::BTreeMap;

use dispatch::config::Config;
use serde::Serialize;
use spillway::Millis;
use spillway::pace::Pace;
use spillway::pace::adapt::circuit::State;
use spillway::pace::in_force::{InForce, PausedBy};
use spillway::record::deferred::Named;
use spillway::record::layouts::Said;

use super::seen::{QueueSeen, Seen, Stage};
use super::verdict::{self, Drain, Finding, Level, verdict};
use crate::answer::{sparkline, table};
use crate::pipeline::Pipeline;
use crate::shown::plain;
use crate::time::{moment, span};

/// Tenants that are named, those that have waited longest.
const TENANTS: usize = 10;

/// The answer of `spillway status --json`. Its fields are a public interface.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub pipeline: String,
    pub region: String,
    pub account: String,
    pub at: String,
    pub healthy: bool,
    pub sentence: String,
    /// Messages wait and nothing starts: `findings` has the reason.
    pub nothing_starts: bool,
    pub findings: Vec<Finding>,
    pub running: Running,
    pub lanes: Vec<LaneReport>,
    pub failures: Vec<FailuresReport>,
    pub settle: Settle,
    pub starts: Starts,
    /// At the present rate.
    pub drain_seconds: Option<i64>,
    /// While the present rate is not known.
    pub drain_seconds_at_least: Option<i64>,
    /// Starts a minute by which the lanes drain in that time.
    pub drains_per_minute: Option<f64>,
    pub tick: Tick,
    pub circuit: Option<CircuitReport>,
    pub tenants: Option<TenantsReport>,
    pub in_force: InForceReport,
    pub day: Option<Day>,
    /// Parts that could not be read, each with its reason.
    pub unknown: Vec<String>,
    /// The units that DynamoDB charged for the slots; everything else is below 3 units.
    pub read_units: f64,
}

#[derive(Debug, Clone, Serialize)]
pub struct Running {
    pub slots: usize,
    pub limit: Option<u32>,
    pub configured_limit: u32,
    /// Slots that still wait for their start.
    pub pending: usize,
    pub oldest: Option<OldestSlot>,
    /// Since `pace.slot_partitions` was changed; `None`: nothing is left of the last change.
    pub change: Option<PartitionsChange>,
}

/// A change of `pace.slot_partitions` that has not come to its end.
#[derive(Debug, Clone, Serialize)]
pub struct PartitionsChange {
    pub since: String,
    /// As it was before.
    pub slot_partitions: u8,
    /// Slots that were put before, and are still taken.
    pub slots: usize,
}

#[derive(Debug, Clone, Serialize)]
pub struct OldestSlot {
    pub execution: String,
    pub since: String,
    pub seconds: i64,
}

#[derive(Debug, Clone, Serialize)]
pub struct LaneReport {
    pub name: String,
    /// Slots that count for it.
    pub running: u32,
    /// How many of its executions can run at once; `None`: as many as of all.
    pub limit: Option<u32>,
    pub waiting: u64,
    pub in_flight: u64,
    /// Retries with a backoff that is not over.
    pub delayed: u64,
    pub oldest_seconds: Option<u64>,
    pub dead: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct FailuresReport {
    pub stage: &'static str,
    pub lane: Option<String>,
    pub queue: String,
    pub waiting: u64,
    pub in_flight: u64,
}

/// `settle` and the outcomes queue.
#[derive(Debug, Clone, Serialize)]
pub struct Settle {
    pub waiting: u64,
    pub in_flight: u64,
    pub oldest_seconds: Option<u64>,
    /// Calls in the last five minutes; `None`: CloudWatch was not asked.
    pub errors: Option<u32>,
    pub throttles: Option<u32>,
    pub mapping_enabled: Option<bool>,
    pub reserved_concurrency: Option<u32>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Starts {
    /// The oldest minute first; the last one goes on.
    pub by_minute: Vec<u32>,
    /// Over the last five whole minutes.
    pub per_minute: f64,
    /// `false`: CloudWatch has none, so these are the starts of executions that still run.
    pub counted: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct Tick {
    /// When one last took the lease or gave it back.
    pub last: Option<String>,
    pub last_seconds: Option<i64>,
    pub period_seconds: Option<i64>,
    pub rule_enabled: Option<bool>,
    /// `free`, `held`, `dead` or `expired`.
    pub lease: &'static str,
    pub lease_until: Option<String>,
}

/// The rate that the target takes, as far as is known. Of a tick that runs, as of its last change.
#[derive(Debug, Clone, Serialize)]
pub struct CircuitReport {
    /// `closed`, `slowed`, `open` or `rising`.
    pub state: &'static str,
    pub since: String,
    pub starts_per_second: f64,
    pub next_probe: Option<String>,
}

impl CircuitReport {
    fn text(&self) -> String {
        let Self {
            state,
            since,
            starts_per_second,
            next_probe,
        } = self;
        let takes = match next_probe {
            Some(probe) => format!("the next probe at {probe}"),
            None => format!("{starts_per_second:.1} starts a second"),
        };
        format!("{state} since {since}, {takes}")
    }
}

/// The tenants of which events wait.
#[derive(Debug, Clone, Serialize)]
pub struct TenantsReport {
    /// The bound of each; `None`: it was removed.
    pub max_concurrency: Option<u32>,
    pub waiting: usize,
    /// Those that have waited longest.
    pub first: Vec<TenantReport>,
}

#[derive(Debug, Clone, Serialize)]
pub struct TenantReport {
    pub tenant: String,
    /// `None`: the pipeline has one.
    pub lane: Option<String>,
    pub since: String,
}

impl TenantsReport {
    fn text(&self) -> String {
        let Self {
            max_concurrency,
            waiting,
            first,
        } = self;
        let first = first.first().map(|first| {
            let lane = first.lane.as_ref().map(|lane| format!(" in lane {lane}"));
            let (tenant, since) = (plain(&first.tenant), &first.since);
            format!(", {tenant}{} since {since}", lane.unwrap_or_default())
        });
        let bound = match max_concurrency {
            Some(bound) => format!("the bound of each is {bound}"),
            None => "no bound holds any more".to_owned(),
        };
        let first = first.unwrap_or_default();
        let waiting = match waiting {
            0 => "none".to_owned(),
            waiting => format!("{waiting}"),
        };
        format!("{waiting} with events that wait{first}; {bound}")
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct InForceReport {
    /// `operator`, `window`, or `circuit`, which an operator holds open.
    pub paused_by: Option<&'static str>,
    pub window: Option<String>,
    pub window_until: Option<String>,
    pub pace: Option<PaceReport>,
    /// How many executions of a lane run at once, by its name; of a lane that is missing as many as
    /// of all.
    pub lanes: BTreeMap<String, u32>,
    pub overrides: Vec<Override>,
    /// `None`: the control item cannot be read.
    pub revision: Option<u64>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PaceReport {
    pub max_concurrency: u32,
    pub starts_per_second: f64,
    pub burst: u32,
    pub starts_per_tick: Option<u32>,
}

impl From<&Pace> for PaceReport {
    fn from(pace: &Pace) -> Self {
        Self {
            max_concurrency: pace.max_concurrency,
            starts_per_second: pace.starts_per_second,
            burst: pace.burst,
            starts_per_tick: pace.starts_per_tick,
        }
    }
}

/// An override by an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Override {
    /// Such as `max_concurrency = 5 instead of 100`.
    pub what: String,
    pub by: Option<String>,
    pub since: Option<String>,
    pub note: Option<String>,
    pub until: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Day {
    pub limit: u32,
    pub starts: u32,
    /// A tick is at work, and has recorded in advance the most starts that it can make.
    pub at_most: bool,
}

fn change(seen: &Seen) -> Option<PartitionsChange> {
    let layouts = seen.lease.left.layouts.for_a_put(seen.now);
    let (old, since) = (layouts.old()?, layouts.old_since?);
    // Before the first tick there was no change.
    let said = seen.lease.left.layouts != Said::Nothing;
    said.then(|| PartitionsChange {
        since: moment(since),
        slot_partitions: old.partitions(),
        slots: seen
            .slots
            .slots
            .iter()
            .filter(|slot| slot.layout == old)
            .count(),
    })
}

impl Report {
    /// Puts together the facts about a pipeline. Returns the report.
    pub fn of(pipeline: &Pipeline, seen: &Seen) -> Self {
        let config = &pipeline.config;
        let verdict = verdict(pipeline.name(), config, seen);
        let (by_minute, counted) = seen.started();
        let slots = &seen.slots.slots;
        Self {
            pipeline: pipeline.name().to_owned(),
            region: pipeline.region.clone(),
            account: pipeline.account.clone(),
            at: moment(seen.now),
            healthy: verdict.healthy,
            sentence: verdict.sentence,
            nothing_starts: verdict.nothing_starts,
            findings: verdict.findings,
            running: Running {
                slots: slots.len() + seen.slots.unreadable.len(),
                limit: pace(config, seen).map(|pace| pace.max_concurrency),
                configured_limit: config.pace.max_concurrency,
                pending: slots.iter().filter(|slot| slot.pending).count(),
                oldest: slots
                    .iter()
                    .min_by_key(|slot| slot.taken_at)
                    .map(|slot| OldestSlot {
                        execution: slot.execution.clone(),
                        since: moment(slot.taken_at),
                        seconds: (seen.now - slot.taken_at) / 1_000,
                    }),
                change: change(seen),
            },
            lanes: lanes(config, seen),
            failures: failures(seen),
            settle: settle(seen),
            starts: Starts {
                by_minute,
                per_minute: seen.per_minute(),
                counted,
            },
            drain_seconds: match verdict.drain {
                Drain::In(drains) => Some(drains.millis / 1_000),
                _ => None,
            },
            drain_seconds_at_least: match verdict.drain {
                Drain::NotBefore(drains) => Some(drains.millis / 1_000),
                _ => None,
            },
            drains_per_minute: match verdict.drain {
                Drain::In(drains) | Drain::NotBefore(drains) => Some(drains.per_minute),
                Drain::Unknown => None,
            },
            tick: tick(config, seen),
            in_force: in_force_report(config, seen),
            circuit: circuit(config, seen),
            tenants: tenants(config, seen),
            day: verdict::day(config, seen).map(|(limit, starts)| Day {
                limit,
                starts,
                at_most: seen.lease.holder.is_some(),
            }),
            unknown: seen.unknown.clone(),
            read_units: seen.slots.units,
        }
    }

    /// Returns the same on one screen, the sentence first.
    pub fn text(&self) -> String {
        let mut text = format!("{} ({}): {}\n", self.pipeline, self.region, self.sentence);
        if self.nothing_starts {
            text.push_str("\nWhy nothing starts:\n");
            for finding in self.findings.iter().filter(|finding| finding.blocks) {
                text.push_str(&finding_line(finding));
            }
        }
        let others = self
            .findings
            .iter()
            .filter(|finding| !(self.nothing_starts && finding.blocks));
        let others: Vec<String> = others.map(finding_line).collect();
        if !others.is_empty() {
            text.push_str("\nFindings:\n");
            text.push_str(&others.concat());
        }
        text.push('\n');
        text.push_str(&table(&self.facts()));
        text.push('\n');
        text.push_str(&self.lanes_table());
        if !self.failures.is_empty() {
            text.push('\n');
            text.push_str(&self.failures_table());
        }
        for unknown in &self.unknown {
            text.push_str(&format!("\nNot known: {unknown}\n"));
        }
        text
    }

    /// Names and values, one line each.
    pub fn facts(&self) -> Vec<Vec<String>> {
        let mut facts = vec![
            ("running", self.running_text()),
            ("starts", self.starts_text()),
        ];
        facts.push(("tick", self.tick_text()));
        facts.push(("outcomes", self.outcomes_text()));
        facts.push(("pace", self.pace_text()));
        if let Some(circuit) = &self.circuit {
            facts.push(("circuit", circuit.text()));
        }
        if let Some(tenants) = &self.tenants {
            facts.push(("tenants", tenants.text()));
        }
        for one in &self.in_force.overrides {
            facts.push(("override", override_text(one)));
        }
        if let Some(Day {
            limit,
            starts,
            at_most,
        }) = self.day
        {
            let most = if at_most { "at most " } else { "" };
            facts.push((
                "day",
                format!("{most}{starts} of {limit} starts of this UTC day"),
            ));
        }
        facts
            .into_iter()
            .map(|(name, value)| vec![name.to_owned(), value])
            .collect()
    }

    fn running_text(&self) -> String {
        let Running {
            slots,
            limit,
            configured_limit,
            pending,
            oldest,
            change,
        } = &self.running;
        let limit = match limit {
            Some(limit) if limit == configured_limit => format!("{limit}"),
            Some(limit) => format!("{limit} (configured: {configured_limit})"),
            None => format!("{configured_limit}"),
        };
        let pending = match pending {
            0 => String::new(),
            pending => format!(", {pending} of them not started yet"),
        };
        let oldest = oldest.as_ref().map(|oldest| {
            format!(
                "; the oldest for {}: {}",
                span(oldest.seconds * 1_000),
                oldest.execution
            )
        });
        let change = change.as_ref().map(|change| {
            let PartitionsChange {
                since,
                slot_partitions,
                slots,
            } = change;
            format!("; {slots} with slot_partitions = {slot_partitions}, changed at {since}")
        });
        let (oldest, change) = (oldest.unwrap_or_default(), change.unwrap_or_default());
        format!("{slots} of {limit}{pending}{oldest}{change}")
    }

    fn starts_text(&self) -> String {
        let Starts {
            by_minute,
            per_minute,
            counted,
        } = &self.starts;
        let of = if *counted {
            ""
        } else {
            " (of executions that still run: CloudWatch has no metric)"
        };
        let drain = match (self.drain_seconds, self.drain_seconds_at_least) {
            (Some(seconds), _) => format!(", drained in about {}", span(seconds * 1_000)),
            (None, Some(seconds)) => {
                format!(", drained in {} at the earliest", span(seconds * 1_000))
            }
            (None, None) => String::new(),
        };
        let at = self.drains_per_minute;
        let at = at.map_or_else(String::new, |rate| format!(" at {rate:.1} a minute"));
        format!(
            "{}  {} in 15 min, {per_minute:.1} a minute over the last 5{of}{drain}{at}",
            sparkline(by_minute),
            by_minute.iter().sum::<u32>()
        )
    }

    fn tick_text(&self) -> String {
        let Tick {
            last,
            last_seconds,
            period_seconds,
            rule_enabled,
            lease,
            lease_until,
        } = &self.tick;
        let every = period_seconds
            .map(|seconds| format!(", every {}", span(seconds * 1_000)))
            .unwrap_or_default();
        let rule = match rule_enabled {
            Some(false) => ", rule disabled",
            _ => "",
        };
        let until = lease_until
            .as_ref()
            .map(|until| format!(" until {until}"))
            .unwrap_or_default();
        let last = match (last, last_seconds) {
            (Some(last), Some(seconds @ ..0)) => {
                format!("last at {last} (in {})", span(-seconds * 1_000))
            }
            (Some(last), Some(seconds)) => {
                format!("last at {last} ({} ago)", span(seconds * 1_000))
            }
            _ => "none yet".to_owned(),
        };
        format!("{last}{every}{rule}; lease {lease}{until}")
    }

    fn outcomes_text(&self) -> String {
        let Settle {
            waiting, in_flight, ..
        } = &self.settle;
        let oldest = self.settle.oldest_seconds;
        let oldest =
            oldest.map(|seconds| format!(", the oldest for {}", span(seconds as Millis * 1_000)));
        format!(
            "{waiting} wait, {in_flight} in flight{}",
            oldest.unwrap_or_default()
        )
    }

    fn pace_text(&self) -> String {
        let Some(pace) = &self.in_force.pace else {
            return "not known: the control item cannot be read".to_owned();
        };
        let window = match (&self.in_force.window, &self.in_force.window_until) {
            (Some(window), Some(until)) => format!(", window {window} until {until}"),
            (Some(window), None) => format!(", window {window}"),
            (None, _) => String::new(),
        };
        let paused = match self.in_force.paused_by {
            Some(by) => format!("paused by the {by}; "),
            None => String::new(),
        };
        let tick = pace
            .starts_per_tick
            .map(|starts| format!(", {starts} a tick"))
            .unwrap_or_default();
        format!(
            "{paused}{} at once, {} a second, burst {}{tick}{window}",
            pace.max_concurrency, pace.starts_per_second, pace.burst
        )
    }

    pub fn lanes_table(&self) -> String {
        let heading = [
            "lane",
            "running",
            "waiting",
            "in flight",
            "retries delayed",
            "oldest",
            "dead",
        ];
        let mut rows = vec![heading.map(str::to_owned).to_vec()];
        rows.extend(self.lanes.iter().map(|lane| {
            vec![
                lane.name.clone(),
                match lane.limit {
                    Some(limit) => format!("{} of {limit}", lane.running),
                    None => lane.running.to_string(),
                },
                lane.waiting.to_string(),
                lane.in_flight.to_string(),
                lane.delayed.to_string(),
                lane.oldest_seconds
                    .map_or_else(|| "-".to_owned(), |seconds| span(seconds as Millis * 1_000)),
                lane.dead.to_string(),
            ]
        }));
        table(&rows)
    }

    fn failures_table(&self) -> String {
        let heading = ["failures of", "waiting", "queue"];
        let mut rows = vec![heading.map(str::to_owned).to_vec()];
        rows.extend(self.failures.iter().map(|queue| {
            vec![
                queue.stage.to_owned(),
                queue.waiting.to_string(),
                queue.queue.clone(),
            ]
        }));
        table(&rows)
    }
}

/// Returns one line of a finding, with the command that comes next.
pub fn finding_line(finding: &Finding) -> String {
    let mark = match finding.level {
        Level::Stopped => "✗",
        Level::Degraded => "!",
        Level::Notice => "·",
    };
    let next = finding
        .next
        .as_ref()
        .map(|next| format!("\n      next: {next}"))
        .unwrap_or_default();
    format!("  {mark} {}{next}\n", finding.what)
}

/// Returns an override as one line.
pub fn override_text(one: &Override) -> String {
    let mut text = one.what.clone();
    for (word, value) in [("by", &one.by), ("since", &one.since)] {
        if let Some(value) = value {
            text.push_str(&format!(" {word} {value}"));
        }
    }
    if let Some(note) = &one.note {
        text.push_str(&format!(" ({note})"));
    }
    match &one.until {
        Some(until) => text.push_str(&format!(", until {until}")),
        None => text.push_str(", until somebody unsets it"),
    }
    text
}

fn pace(config: &Config, seen: &Seen) -> Option<Pace> {
    let steering = seen.steering.as_ref()?.as_ref().ok()?;
    let now = seen.in_force(config, &steering.control);
    now.ok().map(|now| now.pace)
}

fn lanes(config: &Config, seen: &Seen) -> Vec<LaneReport> {
    let steering = seen.steering.as_ref().and_then(|it| it.as_ref().ok());
    let control = steering.map(|steering| &steering.control);
    let now = control.and_then(|control| seen.in_force(config, control).ok());
    let bounds = now.map(|now| bounds(&now)).unwrap_or_default();
    let running = seen.running(config);
    let of = |queue: &QueueSeen| queue.lane.clone().unwrap_or_default();
    seen.of(Stage::Events)
        .map(|queue| LaneReport {
            name: of(queue),
            running: running.get(&of(queue)).copied().unwrap_or_default(),
            limit: bounds.get(&of(queue)).copied(),
            waiting: queue.waiting,
            in_flight: queue.in_flight,
            delayed: queue.delayed,
            oldest_seconds: seen.oldest(queue).filter(|_| queue.waiting > 0),
            dead: seen
                .of(Stage::EventsDead)
                .filter(|dead| dead.lane == queue.lane)
                .map(|dead| dead.waiting)
                .sum(),
        })
        .collect()
}

fn failures(seen: &Seen) -> Vec<FailuresReport> {
    let queues = seen
        .queues
        .iter()
        .filter(|queue| queue.stage.is_of_failures());
    let queues = queues.map(|queue| FailuresReport {
        stage: queue.stage.word(),
        lane: queue.lane.clone(),
        queue: queue.name.clone(),
        waiting: queue.waiting,
        in_flight: queue.in_flight,
    });
    queues.collect()
}

fn settle(seen: &Seen) -> Settle {
    let queue = seen.of(Stage::Outcomes).next();
    let metrics = seen.metrics.as_ref();
    Settle {
        waiting: queue.map_or(0, |queue| queue.waiting),
        in_flight: queue.map_or(0, |queue| queue.in_flight),
        oldest_seconds: queue
            .filter(|queue| queue.waiting > 0)
            .and_then(|queue| seen.oldest(queue)),
        errors: metrics.map(|metrics| metrics.settle_errors),
        throttles: metrics.map(|metrics| metrics.settle_throttles),
        mapping_enabled: seen.settle.mapped,
        reserved_concurrency: seen.settle.reserved,
    }
}

fn tick(config: &Config, seen: &Seen) -> Tick {
    let schedule = seen.schedule.as_ref().and_then(Option::as_ref);
    let lease = &seen.lease;
    let (state, until) = match (&lease.holder, lease.expires_at) {
        (Some(_), Some(until)) if verdict::dead_holder(config, seen).is_some() => {
            ("dead", Some(until))
        }
        (Some(_), Some(until)) if until > seen.now => ("held", Some(until)),
        // A tick never finds that it has expired.
        (Some(_), None) => ("held", None),
        (Some(_), until) => ("expired", until),
        (None, _) => ("free", None),
    };
    Tick {
        last: seen.last_tick().map(moment),
        last_seconds: seen.last_tick().map(|last| (seen.now - last) / 1_000),
        period_seconds: schedule.and_then(|schedule| Some(schedule.period()? / 1_000)),
        rule_enabled: seen
            .schedule
            .as_ref()
            .map(|schedule| schedule.as_ref().is_some_and(|schedule| schedule.enabled)),
        lease: state,
        lease_until: until.map(moment),
    }
}

fn circuit(config: &Config, seen: &Seen) -> Option<CircuitReport> {
    config.adapt.as_ref()?;
    let circuit = seen.lease.left.circuit?;
    let starts_per_second = pace(config, seen)?.starts_per_second;
    let next_probe = match circuit.state {
        State::Open { probe_at, .. } => Some(moment(probe_at)),
        State::Closed | State::Slowed { .. } | State::Rising { .. } => None,
    };
    Some(CircuitReport {
        state: circuit.state.as_str(),
        since: moment(circuit.since),
        starts_per_second: circuit.rate(starts_per_second),
        next_probe,
    })
}

fn tenants(config: &Config, seen: &Seen) -> Option<TenantsReport> {
    let max_concurrency = config.tenants.as_ref().map(|it| it.max_concurrency);
    let mut named: Vec<&Named> = seen.tenants.as_ref()?.iter().collect();
    named.sort_by_key(|named| named.since);
    let first = named.into_iter().take(TENANTS).map(|named| TenantReport {
        tenant: named.queue.tenant.clone(),
        lane: Some(named.queue.lane.clone()).filter(|lane| !lane.is_empty()),
        since: moment(named.since),
    });
    Some(TenantsReport {
        max_concurrency,
        waiting: seen.tenants_waiting(),
        first: first.collect(),
    })
}

fn bounds(now: &InForce<'_>) -> BTreeMap<String, u32> {
    let bounds = now.lanes.iter();
    let bounds = bounds.filter_map(|bound| Some((bound.lane.clone(), bound.max?)));
    bounds.collect()
}

/// Returns the pace in force, and the authors of its overrides.
pub fn in_force_report(config: &Config, seen: &Seen) -> InForceReport {
    let window = config
        .windows
        .in_force(seen.now)
        .map(|window| window.name.clone());
    let mut report = InForceReport {
        paused_by: None,
        window_until: window
            .as_ref()
            .and_then(|_| verdict::window_ends(config, seen.now))
            .map(moment),
        window,
        pace: None,
        lanes: BTreeMap::new(),
        overrides: Vec::new(),
        revision: None,
    };
    let Some(Ok(steering)) = &seen.steering else {
        return report;
    };
    report.revision = Some(steering.revision);
    let Ok(now) = seen.in_force(config, &steering.control) else {
        return report;
    };
    report.paused_by = now.paused.map(|by| match by {
        PausedBy::Operator => "operator",
        PausedBy::Circuit => "circuit",
        PausedBy::Window => "window",
    });
    report.pace = Some(PaceReport::from(&now.pace));
    report.lanes = bounds(&now);
    report.overrides = now
        .overrides
        .iter()
        .map(|what| {
            let name = what.split(' ').next().unwrap_or_default();
            let about = steering.about.get(name).cloned().unwrap_or_default();
            Override {
                what: what.clone(),
                by: about.by,
                since: about.since.or_else(|| now.since.clone()),
                note: about.note.or_else(|| now.note.clone()),
                until: about.until.map(moment),
            }
        })
        .collect();
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_says_who_why_and_until_when() {
        let mut one = Override {
            what: "max_concurrency = 5 instead of 100".into(),
            by: Some("alice".into()),
            since: Some("2026-11-22T10:00:00Z".into()),
            note: Some("deploy".into()),
            until: Some("2026-11-22T12:00:00Z".into()),
        };
        let expected = "max_concurrency = 5 instead of 100 by alice since 2026-11-22T10:00:00Z (deploy), until 2026-11-22T12:00:00Z";
        assert_eq!(override_text(&one), expected);
        one.until = None;
        assert!(override_text(&one).ends_with(", until somebody unsets it"));
    }
}
