//! The input: options, files, a Terraform plan, and the plan's parts made from them.

pub mod adapting;
pub mod arrivals;
pub mod arriving;
mod executing;
mod fields;
pub mod finding;
pub mod options;
pub mod pipeline;
pub mod tenants;
mod terraform;
mod times;
pub mod wrong;

use std::path::Path;
use std::time::Duration;

use spillway::Millis;
use spillway::event::time::millis;
use spillway::protocol::holding::Idle;
use spillway::rules::retry::RetryPolicy;

use crate::costs::Way;
use crate::engine::quota::Quota;
use crate::engine::setup::{self, Calls, Executions, Setup, Takes};
use crate::engine::target::Target;
use crate::length::{DAY, HOUR};
use arrivals::{Arrivals, Arriving, OfFile};
use options::Options;
use pipeline::Pipeline;
use wrong::Wrong;

/// The begin of a plan that has none: a Monday.
const MONDAY: &str = "2026-11-30T00:00:00Z";
/// The Region of a plan that has none.
const REGION: &str = "us-east-1";
/// Messages are kept so long: an event without a start then is lost.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub const RETENTION: Millis = 14 * DAY;

/// A plan, ready to be run.
#[derive(Debug, Clone)]
pub struct Given {
    pub pipeline: Pipeline,
    pub region: String,
    pub quota: Quota,
    pub executions: Executions,
    /// The target that they call.
    pub target: Target,
    pub transitions: u32,
    pub calls: Calls,
    pub arrivals: Arrivals,
    pub from: Millis,
    pub seed: u64,
}

/// Reads files, and checks all together. `region`, `name`: from the options of every command.
pub fn read(options: &Options, region: Option<&str>, name: Option<&str>) -> Result<Given, Wrong> {
    let mut pipeline = match &options.terraform {
        Some(file) => terraform::read(&text(file)?, &file.display().to_string(), name)?,
        None => Pipeline::default(),
    };
    over(&mut pipeline, options)?;
    let pipeline = pipeline.checked()?;
    if pipeline.fifo && options.objects.is_some() {
        return Err(Wrong::new(
            "--objects does not go with a FIFO queue: a version of an object waits for the one before it. A plan does not follow that: leave out --objects, or give --fifo false",
        ));
    }
    if let Some(error) = &options.target_error
        && options.target_limit.is_none()
        && options.target_outages.is_empty()
    {
        return Err(Wrong::new(format!(
            "--target-error {error}: this target refuses nothing: give --target-limit or --target-outage"
        )));
    }
    let region = region
        .or(pipeline.region.as_deref())
        .unwrap_or(REGION)
        .to_owned();
    let mut arriving = Arriving {
        bursts: options.bursts.clone(),
        rates: options.rates.clone(),
        curves: options.curves.clone(),
        times: Vec::new(),
        lasts: options.lasts,
        objects: options.objects,
    };
    for times in &options.times {
        let name = times.file.display().to_string();
        let by = pipeline.tenants.as_ref().map(|it| &it.bound.by);
        let uploads = times::read(&text(&times.file)?, &name, by)?;
        arriving.times.push(OfFile {
            name,
            uploads,
            lane: times.lane.clone(),
            whose: times.whose.clone(),
        });
    }
    let from = from(options, &arriving)?;
    let lanes: Vec<String> = pipeline
        .lanes
        .iter()
        .map(|lane| lane.name.clone())
        .collect();
    let millis = |millis: Millis| Duration::from_millis(millis.unsigned_abs());
    let executions = executions(options, &pipeline)?;
    let arrivals = arriving.make(from, &lanes, &executions, options.seed)?;
    Ok(Given {
        quota: quota(options, &region)?,
        executions,
        target: adapting::target(
            options.target_limit,
            &options.target_outages,
            options.target_error.as_deref(),
            pipeline.adapt.as_ref(),
        ),
        transitions: options.transitions,
        calls: Calls {
            each: millis(options.call.max(1)),
            way_in: millis(options.delivery),
            outcome: millis(options.event_delay),
        },
        arrivals,
        pipeline,
        region,
        from,
        seed: options.seed,
    })
}

fn text(file: &Path) -> Result<String, Wrong> {
    let read = std::fs::read_to_string(file);
    read.map_err(|error| {
        Wrong::new(format!(
            "{} cannot be read ({error}): give a file that is there",
            file.display()
        ))
    })
}

/// Puts the options over the numbers of the plan or the module.
fn over(pipeline: &mut Pipeline, options: &Options) -> Result<(), Wrong> {
    for pace in options.pace.iter().flat_map(|pace| pace.split(',')) {
        pipeline.set_pace(pace)?;
    }
    for given in &options.adapt {
        adapting::set(&mut pipeline.adapt, given)?;
    }
    pipeline.set_lanes(&options.lanes)?;
    for given in &options.tenants {
        tenants::set(&mut pipeline.tenants, given)?;
    }
    match options.windows.as_deref() {
        Some(json) if json.trim_start().starts_with(['{', '[']) => {
            pipeline.set_windows(json, "--windows")?;
        }
        Some(file) => pipeline.set_windows(&text(Path::new(file))?, file)?,
        None => {}
    }
    if options.starts_per_day.is_some() {
        pipeline.starts_per_day = options.starts_per_day;
    }
    pipeline.fifo = options.fifo.unwrap_or(pipeline.fifo);
    let fifo_anew = options.fifo == Some(true);
    pipeline.retry = RetryPolicy {
        max_attempts: options.attempts.unwrap_or(pipeline.retry.max_attempts),
        backoff_seconds: match options.backoff.as_slice() {
            // The module's own.
            [] if fifo_anew => vec![0],
            [] => pipeline.retry.backoff_seconds.clone(),
            given => given.to_vec(),
        },
    };
    pipeline.order = options.order.unwrap_or(pipeline.order);
    let events = options.events_per_execution;
    pipeline.events_per_execution = events.unwrap_or(pipeline.events_per_execution);
    pipeline.way = options.via.unwrap_or(match fifo_anew {
        true => Way::Lambda,
        false => pipeline.way,
    });
    pipeline.idle = options.idle.unwrap_or(pipeline.idle);
    if let Some(schedule) = options.schedule {
        pipeline.schedule = Duration::from_millis(schedule.unsigned_abs());
    }
    if let Some(seconds) = options.tick_seconds {
        if pipeline.idle == Idle::Wait {
            return Err(Wrong::new(
                "--tick-seconds does not go with --idle wait: a tick lasts until the next one takes over",
            ));
        }
        pipeline.tick = Some(Duration::from_secs(seconds.into()));
    }
    if let Some(memory) = options.memory_mb {
        pipeline.functions.dispatch_mb = memory.into();
        pipeline.functions.settle_mb = memory.into();
        pipeline.functions.ingest_mb = memory.into();
    }
    if let Some(architecture) = &options.architecture {
        pipeline.functions.arm64 = architecture == "arm64";
    }
    Ok(())
}

fn from(options: &Options, arriving: &Arriving) -> Result<Millis, Wrong> {
    if let Some(text) = &options.from {
        let whole = match text.len() {
            10 => format!("{text}T00:00:00Z"),
            _ => text.clone(),
        };
        return millis(&whole).ok_or_else(|| {
            Wrong::new(format!(
                "--from {text}: give a time such as 2026-11-30T00:00:00Z"
            ))
        });
    }
    let files = arriving.times.iter();
    let first = files.flat_map(|file| &file.uploads.rows);
    Ok(match first.map(|row| row.at).min() {
        Some(first) => first - first.rem_euclid(HOUR),
        None => millis(MONDAY).unwrap_or_default(),
    })
}

fn quota(options: &Options, region: &str) -> Result<Quota, Wrong> {
    let of_region = Quota::of_region(region);
    let Some(text) = &options.start_quota else {
        return Ok(of_region);
    };
    let numbers = text.split_once(',').unwrap_or((text, text));
    match (numbers.0.trim().parse(), numbers.1.trim().parse()) {
        (Ok(refill_per_second), Ok(bucket)) if refill_per_second > 0.0 && bucket >= 1.0 => {
            Ok(Quota {
                bucket,
                refill_per_second,
                ..of_region
            })
        }
        _ => Err(Wrong::new(format!(
            "--start-quota {text}: give starts a second and at once, such as 300,1300"
        ))),
    }
}

fn executions(options: &Options, pipeline: &Pipeline) -> Result<Executions, Wrong> {
    let failures: Vec<_> = options.fails.iter().map(|fails| fails.0.clone()).collect();
    let shares: f64 = failures.iter().map(|failure| failure.share).sum();
    if shares > 1.0 {
        return Err(Wrong::new(format!(
            "--fails: the shares are {:.0} % together: give at most 100 %",
            shares * 100.0
        )));
    }
    let takes = options.takes.clone();
    if let (Some(timeout), Takes::Always(takes)) = (pipeline.timeout, &takes)
        && *takes > timeout
    {
        return Err(Wrong::new(format!(
            "--takes: executions take {} s, and the workflow's timeout ends them after {} s: give less, or raise workflow.timeout_seconds",
            takes.as_secs(),
            timeout.as_secs()
        )));
    }
    Ok(Executions { takes, failures })
}

impl Given {
    fn bounded_tenants(&self) -> Option<setup::Tenants> {
        let tenants = self.pipeline.tenants.as_ref()?;
        Some(setup::Tenants {
            max_concurrency: tenants.bound.max_concurrency,
            names: self.arrivals.tenants.clone(),
        })
    }

    /// Returns the engine's input.
    pub fn setup(&self) -> Setup {
        let Pipeline {
            pace,
            windows,
            starts_per_day,
            retry,
            lanes,
            events_per_execution,
            order,
            idle,
            schedule,
            ..
        } = self.pipeline.clone();
        let last = self.arrivals.all.last().map_or(self.from, |it| it.at);
        Setup {
            pace,
            windows,
            starts_per_day,
            retry,
            lanes: lanes.iter().map(|lane| lane.min_share).collect(),
            bounds: self.pipeline.bounds(),
            tenants: self.bounded_tenants(),
            adapt: self.pipeline.adapt.as_ref().map(|it| it.adapt.clone()),
            target: self.target.clone(),
            events_per_execution,
            order,
            has_rows: self.pipeline.way == Way::Lambda,
            fifo: self.pipeline.fifo,
            idle,
            schedule,
            tick: self.pipeline.tick(),
            executions: self.executions.clone(),
            calls: self.calls,
            quota: Some(self.quota),
            from: self.from,
            until: last + RETENTION,
            seed: self.seed,
        }
    }
}
