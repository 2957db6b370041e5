//! Makes the answer from the engine's run.

use std::collections::BTreeMap;
use std::time::Duration;

use spillway::Millis;
use spillway::event::time::millis;
use spillway::pace::adapt::circuit::State;
use spillway::protocol::holding::Idle;

use super::report::{
    AdaptGiven, CircuitChange, CircuitReport, Dollars, Fails, Given as GivenReport, HeldBy,
    LaneGiven, LaneReport, OutageGiven, OverTime, Peak, Report, Stretch, TargetGiven, TenantReport,
    TenantsGiven, WaveReport,
};
use super::warnings;
use crate::costs::{self, MONTH_MILLIS, prices};
use crate::engine::answers::{Answers, OfTenants, Wave, percentile};
use crate::engine::series::{Bound, Sample, Series};
use crate::engine::setup::Takes;
use crate::engine::target::Target;
use crate::given::Given;
use crate::given::arrivals::{Named, clock, grouped};
use crate::given::pipeline::Lane;
use crate::length::{exact, moment, span};

/// Waves in the answer, at most.
const WAVES: usize = 100;
/// Parts of the whole time of which each has one thing that kept events most.
const PARTS: usize = 120;
/// Stretches in the answer, at most.
const STRETCHES: usize = 12;
/// Changes of the circuit in the answer, at most.
const CHANGES: usize = 100;
/// As the workflow's own is called among the services.
pub const WORKFLOW: &str = "Step Functions (the workflow)";

/// Makes the answer.
pub fn report(given: &Given, answers: &Answers) -> Report {
    let dollars = dollars(given, answers);
    let drained = answers.drained_after().map(seconds);
    let stretches = stretches(&answers.series);
    let mut report = Report {
        pipeline: given.pipeline.name.clone(),
        region: given.region.clone(),
        sentence: String::new(),
        given: given_report(given),
        uploads: answers.uploads as u64,
        starts: answers.starts,
        succeeded: answers.succeeded as u64,
        dead_letters: answers.dead as u64,
        dead_letters_by_error: dead_by_error(given, answers),
        superseded: answers.superseded as u64,
        left: answers.left as u64,
        drain_seconds: drained,
        first_start: answers.first_start.map(moment),
        last_start: answers.last_start.map(moment),
        done: answers.drained.filter(|_| answers.left == 0).map(moment),
        backlog: peak(answers.most_waiting),
        running: peak(answers.most_running),
        throttled: answers.throttled,
        receives: answers.counted.receives,
        ticks: answers.counted.ticks,
        lanes: lanes(given, answers),
        tenants: tenants(given, answers),
        deferred: answers.deferred,
        refused: answers.refused,
        uncounted: answers.uncounted,
        circuit: given.pipeline.adapt.is_some().then(|| circuit(answers)),
        waves: waves(given, answers),
        waves_in_all: given.arrivals.waves.len() as u64,
        held_by: held_by(&answers.series),
        stretches,
        dollars,
        warnings: Vec::new(),
        over_time: over_time(&answers.series),
    };
    report.sentence = sentence(&report, answers);
    report.warnings = warnings::of(given, answers);
    report
}

fn seconds(millis: Millis) -> f64 {
    millis as f64 / 1_000.0
}

fn peak((most, at): (usize, Millis)) -> Peak {
    Peak {
        most: most as u64,
        at: moment(at),
    }
}

fn sentence(report: &Report, answers: &Answers) -> String {
    let uploads = grouped(report.uploads);
    let waves = answers.waves.iter().filter(|wave| wave.uploads > 0).count();
    let all = match (answers.drained_after(), waves) {
        (Some(drained), ..=1) => {
            format!(
                "{uploads} uploads, all done {} after the last one",
                exact(drained)
            )
        }
        (Some(drained), _) => format!(
            "{uploads} uploads in {} waves, the slowest done {} after its last upload",
            grouped(waves as u64),
            exact(drained)
        ),
        (None, _) => format!(
            "{uploads} uploads, of which {} are never done",
            grouped(report.left)
        ),
    };
    let dead = match report.dead_letters {
        0 => String::new(),
        dead if report.left > 0 => format!(", and {} are dead letters", grouped(dead)),
        dead => format!(", but {} are dead letters", grouped(dead)),
    };
    let most = grouped(report.backlog.most);
    let running = grouped(report.running.most);
    format!(
        "{all}{dead}; at most {most} wait and {running} run; ${:.2} a month",
        report.dollars.month_total
    )
}

fn circuit(answers: &Answers) -> CircuitReport {
    let changes = &answers.circuit;
    let change = |(at, state, rate): &(Millis, State, f64)| CircuitChange {
        at: moment(*at),
        state: state.as_str().to_owned(),
        starts_per_second: rounded(*rate),
    };
    CircuitReport {
        probes: changes.probes,
        changes: changes.first.iter().map(change).take(CHANGES).collect(),
        changes_in_all: changes.count,
    }
}

/// Rounds to hundredths, and a slower rate to two digits.
fn rounded(rate: f64) -> f64 {
    match rate < 0.1 {
        true => format!("{rate:.1e}").parse().unwrap_or(rate),
        false => (rate * 100.0).round() / 100.0,
    }
}

fn dead_by_error(given: &Given, answers: &Answers) -> BTreeMap<String, u64> {
    let errors = given.executions.failures.iter().map(|it| &it.error);
    // The target's refusals come behind them.
    let errors = errors.chain([&given.target.error]).cloned();
    let counts = answers.dead_by_failure.iter().map(|it| *it as u64);
    let mut by_error = BTreeMap::new();
    for (error, count) in errors.zip(counts).filter(|(_, count)| *count > 0) {
        *by_error.entry(error).or_default() += count;
    }
    by_error
}

fn lanes(given: &Given, answers: &Answers) -> Vec<LaneReport> {
    let lanes = given.pipeline.lanes.iter().enumerate();
    let lane = |(place, lane): (usize, &Lane)| {
        let at = |percent| {
            let wait = answers.percentile(place, percent);
            wait.map(|wait| f64::from(wait) / 1_000.0)
        };
        LaneReport {
            name: lane.name.clone(),
            starts: answers
                .waits
                .get(place)
                .map_or(0, |waits| waits.len() as u64),
            p50_seconds: at(50.0),
            p95_seconds: at(95.0),
            p99_seconds: at(99.0),
            worst_seconds: at(100.0),
        }
    };
    lanes.map(lane).collect()
}

fn tenants(given: &Given, answers: &Answers) -> Vec<TenantReport> {
    let by_tenant = &answers.by_tenant;
    let Some(heaviest) = by_tenant.heaviest else {
        return Vec::new();
    };
    let name = given.arrivals.tenants.get((heaviest as usize).max(1) - 1);
    let others = by_tenant.tenants as u64 - 1;
    let others_name = match others {
        1 => "1 other tenant".to_owned(),
        others => format!("{} other tenants", grouped(others)),
    };
    let rows = [
        (
            "heaviest",
            name.cloned().unwrap_or_default(),
            1,
            &by_tenant.of_heaviest,
        ),
        ("others", others_name, others, &by_tenant.of_others),
        ("none", "without a tenant".to_owned(), 0, &by_tenant.of_none),
    ];
    let row = |(code, name, tenants, of): (&str, String, u64, &OfTenants)| {
        let waits = &of.waits;
        let at = |percent| percentile(waits, percent).map(|wait| f64::from(wait) / 1_000.0);
        TenantReport {
            code: code.to_owned(),
            name,
            tenants,
            done: of.done.map(moment),
            starts: waits.len() as u64,
            p50_seconds: at(50.0),
            p95_seconds: at(95.0),
            p99_seconds: at(99.0),
            worst_seconds: at(100.0),
        }
    };
    let rows = rows.into_iter().map(row);
    rows.filter(|row| row.code == "heaviest" || row.starts > 0)
        .collect()
}

fn waves(given: &Given, answers: &Answers) -> Vec<WaveReport> {
    let named = given.arrivals.waves.iter().zip(&answers.waves);
    let wave = |(named, wave): (&Named, &Wave)| {
        let lane = given.pipeline.lanes.get(usize::from(named.lane));
        WaveReport {
            name: named.name.clone(),
            lane: lane.map(|lane| lane.name.clone()).unwrap_or_default(),
            uploads: wave.uploads.into(),
            first_upload: moment(wave.first_upload),
            last_upload: moment(wave.last_upload),
            done: wave.done.filter(|_| wave.left == 0).map(moment),
            drain_seconds: wave.drained_after().map(seconds),
        }
    };
    named.map(wave).take(WAVES).collect()
}

fn held_by(series: &Series) -> Vec<HeldBy> {
    let bounds = series.bounds();
    let all: u64 = bounds.iter().map(|(_, millis)| millis).sum();
    bounds
        .into_iter()
        .map(|(bound, millis)| HeldBy {
            code: bound.code().to_owned(),
            what: bound.name().to_owned(),
            seconds: millis as f64 / 1_000.0,
            share: millis as f64 / all.max(1) as f64,
        })
        .collect()
}

/// Returns the reason that kept events in most of a sample.
fn bound_of(sample: &Sample) -> Option<Bound> {
    let bounds = Bound::ALL.into_iter().zip(sample.bound);
    let bounds = bounds.filter(|(_, millis)| *millis > 0);
    bounds
        .max_by_key(|(_, millis)| *millis)
        .map(|(bound, _)| bound)
}

/// Returns the reasons that kept events, over time, in as many parts as a picture in a line has.
/// Short stretches go into those around them.
fn stretches(series: &Series) -> Vec<Stretch> {
    let each = series.samples.len().div_ceil(PARTS).max(1);
    let mut found: Vec<(usize, usize, Bound)> = Vec::new();
    for (place, samples) in series.samples.chunks(each).enumerate() {
        let sum = samples
            .iter()
            .fold(Sample::default(), |sum, it| sum.and(*it));
        let Some(bound) = bound_of(&sum) else {
            continue;
        };
        match found.last_mut() {
            Some((_, end, last)) if *last == bound && *end == place => *end = place + 1,
            _ => found.push((place, place + 1, bound)),
        }
    }
    let mut shortest = 1;
    while found.len() > STRETCHES {
        let mut kept: Vec<(usize, usize, Bound)> = Vec::new();
        for (from, to, bound) in found.drain(..) {
            let is_first = kept.is_empty();
            match kept.last_mut() {
                // The same goes on after something short.
                Some((_, end, last)) if *last == bound && from - *end <= shortest => *end = to,
                _ if to - from <= shortest && !is_first => {}
                _ => kept.push((from, to, bound)),
            }
        }
        found = kept;
        shortest += 1;
    }
    let at = |place: usize| moment(series.from + (place * each) as Millis * series.every);
    found
        .into_iter()
        .map(|(from, to, bound)| Stretch {
            from: at(from),
            to: at(to),
            code: bound.code().to_owned(),
            what: bound.name().to_owned(),
        })
        .collect()
}

fn over_time(series: &Series) -> OverTime {
    let samples = || series.samples.iter();
    let code = |sample: &Sample| bound_of(sample).map_or("", Bound::code).to_owned();
    OverTime {
        from: moment(series.from),
        every_seconds: seconds(series.every),
        waiting: samples().map(|sample| sample.waiting).collect(),
        running: samples().map(|sample| sample.running).collect(),
        starts: samples().map(|sample| sample.starts).collect(),
        refused: samples().map(|sample| sample.refused).collect(),
        held_by: samples().map(code).collect(),
    }
}

fn dollars(given: &Given, answers: &Answers) -> Dollars {
    let (setup, pipeline) = (given.setup(), &given.pipeline);
    let used = costs::used(&setup, pipeline.way, &pipeline.functions, answers);
    let (times, basis) = match given.arrivals.period {
        Some(period) => (
            MONTH_MILLIS / period.max(1) as f64,
            format!(
                "a month of 30 days that goes on like these {}",
                span(period)
            ),
        ),
        None => (1.0, "a month in which this comes once".to_owned()),
    };
    let price = match pipeline.functions.arm64 {
        true => prices::LAMBDA_PER_GB_SECOND,
        false => prices::LAMBDA_PER_GB_SECOND_X86,
    };
    let total = |used: &costs::Used| used.dollars_at(price).values().sum::<f64>();
    let month = used.events.times(times).and(&used.idle);
    let by_service = month.dollars_at(price).into_iter();
    let by_service = by_service.filter(|(_, dollars)| *dollars > 0.0);
    let mut by_service: BTreeMap<String, f64> = by_service
        .map(|(service, dollars)| (service.to_owned(), dollars))
        .collect();
    let transitions = answers.counted.executions as f64 * f64::from(given.transitions) * times;
    let workflow = transitions * prices::TRANSITIONS_PER_MILLION / 1e6;
    by_service.insert(WORKFLOW.to_owned(), workflow);
    let own = total(&month);
    Dollars {
        basis,
        month: by_service,
        month_total: own + workflow,
        month_without_workflow: own,
        idle_month: total(&used.idle),
        per_million: total(&used.events) / answers.uploads.max(1) as f64 * 1e6,
    }
}

fn given_report(given: &Given) -> GivenReport {
    let pipeline = &given.pipeline;
    let duration = |duration: Duration| duration.as_secs_f64();
    let lanes = pipeline.lanes.iter().map(|lane| LaneGiven {
        name: lane.name.clone(),
        priority: lane.priority,
        min_share: lane.min_share,
        max_concurrency: lane.max_concurrency,
    });
    let fails = given.executions.failures.iter().map(|failure| Fails {
        error: failure.error.clone(),
        share: failure.share,
        always: failure.always,
    });
    GivenReport {
        from: moment(given.from),
        max_concurrency: pipeline.pace.max_concurrency,
        starts_per_second: pipeline.pace.starts_per_second,
        burst: pipeline.pace.burst,
        starts_per_tick: pipeline.pace.starts_per_tick,
        slot_partitions: pipeline.pace.layout.partitions(),
        starts_per_day: pipeline.starts_per_day,
        lanes: lanes.collect(),
        tenants: pipeline.tenants.as_ref().map(|tenants| TenantsGiven {
            by: tenants.by.clone(),
            max_concurrency: tenants.bound.max_concurrency,
        }),
        adapt: pipeline.adapt.as_ref().map(|adapting| AdaptGiven {
            errors: adapting.numbers.errors.clone(),
            tolerated_share: adapting.numbers.tolerated_share,
            slowest_starts_per_second: adapting.numbers.slowest_starts_per_second,
            uncounted_max: adapting.numbers.uncounted_max,
        }),
        target: target(&given.target),
        windows: pipeline.windows_json.clone(),
        max_attempts: pipeline.retry.max_attempts,
        backoff_seconds: pipeline.retry.backoff_seconds.clone(),
        order: pipeline.order.to_string(),
        events_per_execution: pipeline.events_per_execution,
        via: pipeline.way.to_string(),
        fifo: pipeline.fifo,
        idle: match pipeline.idle {
            Idle::Stop => "stop".to_owned(),
            Idle::Wait => "wait".to_owned(),
        },
        schedule_seconds: duration(pipeline.schedule),
        tick_seconds: duration(pipeline.tick()),
        dispatch_memory_mb: pipeline.functions.dispatch_mb,
        settle_memory_mb: pipeline.functions.settle_mb,
        ingest_memory_mb: pipeline.functions.ingest_mb,
        architecture: if pipeline.functions.arm64 {
            "arm64"
        } else {
            "x86_64"
        }
        .to_owned(),
        takes: takes(&given.executions.takes),
        fails: fails.collect(),
        transitions: given.transitions,
        start_quota_per_second: given.quota.refill_per_second,
        start_quota_at_once: given.quota.bucket,
        call_seconds: duration(given.calls.each),
        delivery_seconds: duration(given.calls.way_in),
        event_delay_seconds: duration(given.calls.outcome),
        seed: given.seed,
    }
}

fn target(target: &Target) -> Option<TargetGiven> {
    let outages = target.outages.iter().map(|outage| OutageGiven {
        at_seconds: outage.at.as_secs_f64(),
        for_seconds: outage.lasts.as_secs_f64(),
    });
    let given = TargetGiven {
        per_second: target.per_second,
        outages: outages.collect(),
        error: target.error.clone(),
    };
    (!target.is_unlimited()).then_some(given)
}

fn takes(takes: &Takes) -> String {
    let length = |duration: &Duration| exact(duration.as_millis() as Millis);
    match takes {
        Takes::Always(always) => length(always),
        Takes::Spread { p50, p99 } => {
            format!(
                "{} for half of them, {} for 99 of 100",
                length(p50),
                length(p99)
            )
        }
        Takes::Measured(times) => format!("as {} measured ones", grouped(times.len() as u64)),
    }
}

/// Returns a moment as day and clock, for a person.
pub fn on_the_clock(moment: &str) -> String {
    millis(moment).map_or_else(String::new, clock)
}
