//! A case, run by the real handlers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fake_aws::{Call, Ending, Execution, Fault, StartQuota};
use plan::costs::Way;
use plan::engine::answers::ByTenant;
use plan::engine::setup::{Arrival, Attempt};
use plan::engine::target::{Calls, REFUSED_AFTER};
use plan::given::Given;
use serde_json::json;
use spillway::Millis;
use spillway::event::tenant::By;
use spillway::event::time;
use spillway::lane::source::Source;
use spillway::pace::tenants::TenantBound;
use tokio::task::JoinSet;

use super::measured::{Measured, tenants_of};
use crate::invariants::{failed_items, ids, objects};
use crate::invocation::Invocations;
use crate::pipeline::{Background, Pipeline, Settings};
use crate::upload::{Upload, record};

/// Invocations of `settle` at once, at most.
const SETTLES_AT_ONCE: u32 = 10;
/// How often the queues are looked at for the most that waits, beside each upload.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Virtual time after the last upload in which a case has to be done.
const MOST_AFTER: Duration = Duration::from_secs(48 * 3_600);

/// Runs the case. Panics if it is not done in the end, or if a tick fails.
pub async fn simulated(given: &Given) -> Measured {
    let given = &named(given);
    let arrivals: Arc<[Arrival]> = given.arrivals.all.clone().into();
    let workflow = workflow(arrivals.clone(), given);
    let pipeline = Pipeline::new(settings(given), workflow);
    pipeline.aws.count_calls_only();
    pipeline.aws.sfn().set_start_quota(Some(StartQuota {
        bucket: given.quota.bucket,
        refill_per_second: given.quota.refill_per_second,
    }));
    // As the plan assumes: SQS delivers the oldest message first.
    for (events, _) in &pipeline.lanes {
        events.reconfigure(|config| config.unordered = false);
    }
    let peak = Arc::new(Peak::default());
    let looking = looking(pipeline.clone(), peak.clone());
    let (sent, most) = (pipeline.clone(), peak.clone());
    pipeline.aws.faults().after(move |call| {
        if most.takes_in(call) || call.operation.starts_with("SendMessage") {
            most.look(&sent);
        }
        Fault::None
    });
    let uploading = tokio::spawn(upload(pipeline.clone(), given.clone(), peak.clone()));
    let settling: Vec<Background> = (0..SETTLES_AT_ONCE)
        .map(|_| pipeline.settle_in_background())
        .collect();
    ticks(&pipeline, given, &uploading).await;
    drop((looking, settling));
    let run = measured(&pipeline, &arrivals, peak.most.load(Ordering::Relaxed));
    Measured {
        refused: refused(&pipeline, given),
        ..run
    }
}

/// Returns how many executions the target refused.
fn refused(pipeline: &Pipeline, given: &Given) -> usize {
    let executions = pipeline.aws.sfn().executions();
    let error = Some(given.target.error.as_str());
    let refused = executions.iter().filter(|it| it.error.as_deref() == error);
    refused.count()
}

/// Names the lanes by their queues: those of FIFO queues end so.
fn named(given: &Given) -> Given {
    let mut given = given.clone();
    if given.pipeline.fifo {
        let lanes = given.pipeline.lanes.iter_mut();
        lanes.for_each(|lane| lane.name.push_str(".fifo"));
    }
    given
}

fn settings(given: &Given) -> Settings {
    let pipeline = &given.pipeline;
    let lanes = pipeline.lanes.iter();
    // The simulation names its lanes by the program's text.
    let names = lanes
        .clone()
        .map(|lane| (&*lane.name.clone().leak(), lane.min_share));
    Settings {
        begins_ms: Some(given.from),
        pace: pipeline.pace.clone(),
        adapt: pipeline.adapt.as_ref().map(|it| it.adapt.clone()),
        tenants: pipeline.tenants.as_ref().map(|tenants| TenantBound {
            by: By::Segment(2),
            max_concurrency: tenants.bound.max_concurrency,
        }),
        windows: pipeline.windows.clone(),
        starts_per_day: pipeline.starts_per_day,
        retry: pipeline.retry.clone(),
        order: pipeline.order,
        events_per_execution: pipeline.events_per_execution,
        lanes: names.collect(),
        lane_bounds: lanes.map(|lane| lane.max_concurrency).collect(),
        tick: pipeline.tick(),
        idle: pipeline.idle,
        schedule: pipeline.schedule,
        visibility: Duration::from_secs(match pipeline.events_per_execution {
            1 => 45,
            _ => 120,
        }),
        event_delay: given.calls.outcome,
        latency: (given.calls.each, given.calls.each),
        ..Settings::default()
    }
}

/// The upload's key and sequencer name its arrival. The second segment is its tenant.
fn name(place: usize, arrival: &Arrival, tenants: &[String]) -> Upload {
    let tenant = (arrival.tenant as usize).checked_sub(1);
    let tenant = tenant.and_then(|tenant| tenants.get(tenant));
    let tenant = tenant.map_or_else(String::new, |tenant| format!("{tenant}/"));
    let key = format!("lane{}/{tenant}{:0>170}.json", arrival.lane, arrival.object);
    Upload::new(&key, place as u32 + 1)
}

/// Returns S3's notification of an upload, with its time.
fn reported(upload: &Upload, at: Millis) -> String {
    let mut record = record(upload);
    record["eventTime"] = time::iso(at).into();
    json!({ "Records": [record] }).to_string()
}

fn place(upload: &Upload) -> usize {
    let number = usize::from_str_radix(&upload.sequencer, 16);
    number.expect("a sequencer is a number") - 1
}

fn attempt(place: usize, arrival: &Arrival, seed: u64, number: u32) -> Attempt {
    Attempt {
        seed,
        upload: place as u32,
        number: number as u16,
        doomed: arrival.doomed,
    }
}

/// Executions take as long and fail as the plan has them, and call the plan's target.
fn workflow(
    arrivals: Arc<[Arrival]>,
    given: &Given,
) -> impl FnMut(&Execution) -> Ending + Send + 'static {
    let (executions, seed) = (given.executions.clone(), given.seed);
    let refusal = given.target.error.clone();
    let mut target = Calls::new(&given.target, given.from);
    move |execution| {
        let (uploads, number) = objects(execution);
        let attempts: Vec<Attempt> = (uploads.iter())
            .map(place)
            .filter_map(|place| Some(attempt(place, arrivals.get(place)?, seed, number)))
            .collect();
        let takes = attempts.first().map_or(0, |first| first.takes(&executions));
        if !target.takes(execution.started_ms) {
            let takes = Duration::from_millis(takes.min(REFUSED_AFTER).unsigned_abs());
            return Ending::fail(takes, &refusal, "the target takes no more");
        }
        let takes = Duration::from_millis(takes.unsigned_abs());
        let fails = attempts.iter().map(|it| it.fails(&executions));
        let fails: Vec<Option<usize>> = fails.collect();
        let error = |failure: usize| executions.failures.get(failure).map(|it| it.error.as_str());
        match fails.as_slice() {
            [Some(failure)] => {
                let error = error(*failure).expect("it is one of them");
                Ending::fail(takes, error, "it is drawn so")
            }
            _ => {
                let ids = ids(execution).into_iter().zip(fails);
                let failed: Vec<String> = ids
                    .filter(|(_, fails)| fails.is_some())
                    .map(|(id, _)| id)
                    .collect();
                Ending::succeed(takes, &failed_items(&failed))
            }
        }
    }
}

/// Uploads by the clock.
async fn upload(pipeline: Pipeline, given: Given, peak: Arc<Peak>) {
    let source = |(place, lane): (usize, &plan::given::pipeline::Lane)| Source {
        bucket: None,
        prefix: Some(format!("lane{place}/")),
        suffix: None,
        lane: Some(lane.name.clone()),
        folder_markers: false,
    };
    let sources = given.pipeline.lanes.iter().enumerate().map(source);
    let ingest = Invocations::of(&pipeline, sources.collect());
    let begin = tokio::time::Instant::now();
    // `ingest` writes a row and sends a message: the last half of its second call is nobody's.
    let ingests = given.calls.each * 3 / 2;
    let is_lambda = given.pipeline.way == Way::Lambda;
    let delivery = match is_lambda {
        true => given.calls.way_in.saturating_sub(ingests),
        false => given.calls.way_in,
    };
    let mut under_way = JoinSet::new();
    // Events of a tenant start in the order of their times: a plan has no two at one time.
    let mut told_at = Millis::MIN;
    let mut all = given.arrivals.all.iter().enumerate().peekable();
    while let Some((number, arrival)) = all.next() {
        let at = Duration::from_millis((arrival.at - given.from).unsigned_abs()) + delivery;
        tokio::time::sleep_until(begin + at).await;
        let upload = name(number, arrival, &given.arrivals.tenants);
        told_at = arrival.at.max(told_at + 1);
        let body = reported(&upload, told_at);
        if is_lambda {
            let ingest = ingest.clone();
            under_way.spawn(async move { ingest.once(&body).await.well() });
        } else if let Some((events, _)) = pipeline.lanes.get(usize::from(arrival.lane)) {
            events.inject(&body);
        }
        // Many come at once.
        if all.peek().is_none_or(|(_, next)| next.at > arrival.at) {
            peak.look(&pipeline);
        }
    }
    under_way.join_all().await;
    peak.look(&pipeline);
}

/// The most events that waited at once.
#[derive(Default)]
struct Peak {
    most: AtomicUsize,
    /// Events that wait for their tenants now.
    deferred: AtomicUsize,
}

impl Peak {
    /// Takes in a call that was made. Returns whether an event waits for its tenant by it.
    fn takes_in(&self, call: &Call) -> bool {
        let of_tenant = |item: &str| {
            let pk = call.request[item]["pk"]["S"].as_str();
            pk.is_some_and(|pk| pk.starts_with("t/"))
        };
        match call.operation.as_str() {
            "PutItem" if of_tenant("Item") => {
                self.deferred.fetch_add(1, Ordering::Relaxed);
                true
            }
            "DeleteItem" if of_tenant("Key") => {
                self.deferred.fetch_sub(1, Ordering::Relaxed);
                false
            }
            _ => false,
        }
    }

    fn look(&self, pipeline: &Pipeline) {
        let waiting = pipeline.lanes.iter().map(|(events, _)| events.visible());
        let waiting = waiting.sum::<usize>() + self.deferred.load(Ordering::Relaxed);
        self.most.fetch_max(waiting, Ordering::Relaxed);
    }
}

fn looking(pipeline: Pipeline, peak: Arc<Peak>) -> Background {
    Background::run(async move {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            peak.look(&pipeline);
        }
    })
}

/// Runs the schedule until all is done.
async fn ticks(pipeline: &Pipeline, given: &Given, uploading: &tokio::task::JoinHandle<()>) {
    let last = given.arrivals.all.last().map_or(0, |it| it.at) - given.from;
    let mut next = tokio::time::Instant::now();
    let end = next + Duration::from_millis(last.unsigned_abs()) + MOST_AFTER;
    let mut under_way = JoinSet::new();
    while !(uploading.is_finished() && pipeline.is_quiet()) {
        assert!(next < end, "not done: {}", pipeline.describe());
        let ticking = pipeline.clone();
        under_way.spawn(async move { ticking.tick().await });
        next += given.pipeline.schedule;
        tokio::time::sleep_until(next).await;
        while let Some(ticked) = under_way.try_join_next() {
            ticked.expect("no tick panics").well();
        }
    }
}

fn measured(pipeline: &Pipeline, arrivals: &[Arrival], peak: usize) -> Measured {
    let mut executions = pipeline.aws.sfn().executions();
    executions.sort_by_key(|execution| execution.started_ms);
    let lanes = pipeline.lanes.len();
    let mut waits = vec![Vec::new(); lanes];
    let mut by_tenant = ByTenant::of(arrivals);
    let mut done: HashMap<usize, i64> = HashMap::new();
    for execution in &executions {
        let (uploads, attempt) = objects(execution);
        for place in uploads.iter().map(place) {
            let Some(arrival) = arrivals.get(place) else {
                continue;
            };
            if attempt == 1
                && let Some(waits) = waits.get_mut(usize::from(arrival.lane))
            {
                let wait = (execution.started_ms - arrival.at) as u32;
                waits.push(wait);
                by_tenant.waited(arrival.tenant, wait);
            }
            let stopped = execution.stopped_ms.expect("it is done");
            done.insert(place, stopped);
            by_tenant.done(arrival.tenant, stopped);
        }
    }
    waits.iter_mut().for_each(|waits| waits.sort_unstable());
    by_tenant.ended();
    Measured {
        by_tenant: tenants_of(&by_tenant),
        drained: drained(arrivals, &done),
        peak,
        waits,
        most_running: pipeline.aws.sfn().peak_running(),
        executions: executions.len(),
        refused: 0,
    }
}

/// From a wave's last upload to its end, of the slowest wave. A version that another superseded
/// ends no wave.
fn drained(arrivals: &[Arrival], done: &HashMap<usize, i64>) -> i64 {
    let mut waves: HashMap<u16, (i64, i64)> = HashMap::new();
    for (place, arrival) in arrivals.iter().enumerate() {
        let wave = waves.entry(arrival.wave).or_default();
        wave.0 = wave.0.max(arrival.at);
        wave.1 = wave.1.max(done.get(&place).copied().unwrap_or_default());
    }
    let each = waves.values().map(|(last, done)| (done - last).max(0));
    each.max().unwrap_or_default()
}
