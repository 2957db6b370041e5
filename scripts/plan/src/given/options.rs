//! The command line of `spillway plan`.

use std::path::PathBuf;

use clap::Args;
use spillway::Millis;
use spillway::protocol::holding::Idle;
use spillway::rules::order::Order;

use super::adapting::{Limit, Out};
use super::arriving::{Burst, Curve, Rate, Times};
use super::executing::{Fails, takes};
use super::fields::fine;
use super::finding::Number;
use crate::costs::Way;
use crate::engine::setup::Takes;

const AFTER: &str = "\
Examples:
  spillway plan --burst 10000 --takes 20s --pace max_concurrency=200
  spillway plan --burst 1000,every=1m --takes 2s..20s --fails 1% --terraform plan.json
  spillway plan --burst 200000,at=2h,every=1d --takes 30s --find max_concurrency --drain-within 4h
  spillway plan --burst 10000 --takes 2s --target-limit 10/s --adapt 'errors=*Throttl*'
  spillway plan --rate 50000/d --takes 5s --json > before.json
  spillway plan --rate 50000/d --takes 9s --compare before.json

Nothing is asked of AWS. The same options and the same --seed give the same answer.";

/// The parts of a plan.
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER)]
pub struct Options {
    /// N uploads at once; with ,at=2h after the begin; ,every=1d; ,random=3 times; ,over=10m;
    /// ,lane=NAME; ,tenant=NAME, or ,tenants=N in turn. Can be repeated.
    #[arg(long = "burst", value_name = "N[,FIELD…]", help_heading = "Arrivals")]
    pub bursts: Vec<Burst>,
    /// Uploads at any time, such as 20/s, 1000/m or 50000/d; lane and tenants as of a burst. Can be
    /// repeated.
    #[arg(long = "rate", value_name = "N/TIME", help_heading = "Arrivals")]
    pub rates: Vec<Rate>,
    /// Uploads of each hour: 24 numbers of a day or 168 of a week from Monday, or a file of them.
    /// Lane and tenants as of a burst. Can be repeated.
    #[arg(long = "curve", value_name = "NUMBERS", help_heading = "Arrivals")]
    pub curves: Vec<Curve>,
    /// Uploads at the times of a file: a table with a column of times, an S3 inventory or an S3
    /// access log. Lane and tenants as of a burst. They can be in the file: in columns named lane
    /// and tenant, tenants also in the keys. A row can have many uploads: columns named count and
    /// seconds.
    #[arg(long = "times", value_name = "FILE", help_heading = "Arrivals")]
    pub times: Vec<Times>,
    /// How long uploads come that have no end [default: 1d, a week with a curve of a week].
    #[arg(long = "for", value_name = "LENGTH", value_parser = positive, help_heading = "Arrivals")]
    pub lasts: Option<Millis>,
    /// When it begins, in UTC [default: 2026-11-30T00:00:00Z, a Monday, or the first time of
    /// --times]
    #[arg(long, value_name = "TIME", help_heading = "Arrivals")]
    pub from: Option<String>,
    /// Uploads of a lane are of so many objects, each as likely [default: each is of another one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Arrivals")]
    pub objects: Option<u32>,

    /// How long an execution takes: 20s; 5s..60s (half of them at most, 99 of 100 at most); or a
    /// file of seconds.
    #[arg(long, value_name = "LENGTH", value_parser = takes, help_heading = "Executions")]
    pub takes: Takes,
    /// The share that fails, and its error: 2%, Timeout=2%, or UnknownDevice=1%,always (at every
    /// attempt). Can be repeated.
    #[arg(
        long = "fails",
        value_name = "[ERROR=]SHARE",
        help_heading = "Executions"
    )]
    pub fails: Vec<Fails>,
    /// State transitions of an execution.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=25_000), help_heading = "Executions")]
    pub transitions: u32,

    /// The target that executions call takes so many, such as 10/s: it refuses the others, which
    /// end with --target-error after a second.
    #[arg(long, value_name = "N/TIME", help_heading = "Target")]
    pub target_limit: Option<Limit>,
    /// The target takes nothing for so long: at=10m,for=5m, counted from the plan's begin. Can be
    /// repeated.
    #[arg(long = "target-outage", value_name = "FIELDS", help_heading = "Target")]
    pub target_outages: Vec<Out>,
    /// The error of an execution that the target refuses [default: the first of --adapt, or
    /// TargetBusy]
    #[arg(long, value_name = "ERROR", help_heading = "Target")]
    pub target_error: Option<String>,

    /// The pipeline of a Terraform plan, written by `terraform show -json PLAN`. Options beside it
    /// win over it.
    #[arg(long, value_name = "FILE", help_heading = "Pipeline")]
    pub terraform: Option<PathBuf>,
    /// max_concurrency, starts_per_second, burst, starts_per_tick or slot_partitions, as in the
    /// module. Can be repeated.
    #[arg(long, value_name = "NAME=NUMBER", help_heading = "Pipeline")]
    pub pace: Vec<String>,
    /// The module's pace.adapt: 'errors=*Throttl*;States.Timeout', with ,tolerated_share=0.05
    /// ,slowest_starts_per_second=0.1 and ,uncounted_max=20 behind it; none: without that of the
    /// plan.
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Pipeline")]
    pub adapt: Vec<String>,
    /// A lane: NAME,priority=1,min_share=0.1,max_concurrency=5. Can be repeated; the first one
    /// takes uploads without a lane.
    #[arg(long = "lane", value_name = "NAME[,FIELD…]", help_heading = "Pipeline")]
    pub lanes: Vec<String>,
    /// The bound of each tenant, as in the module: max_concurrency=5, or max_concurrency=5,by=2;
    /// none: without that of the plan.
    #[arg(long = "tenants", value_name = "NAME=VALUE", help_heading = "Pipeline")]
    pub tenants: Vec<String>,
    /// Terraform's `windows` as JSON, or a file with it.
    #[arg(long, value_name = "JSON", help_heading = "Pipeline")]
    pub windows: Option<String>,
    /// Starts of a UTC day, at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Pipeline")]
    pub starts_per_day: Option<u32>,
    /// Attempts in all [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100), help_heading = "Pipeline")]
    pub attempts: Option<u32>,
    /// Seconds before the second attempt, the third and so on [default: 30,300]
    #[arg(
        long,
        value_name = "SECONDS",
        value_delimiter = ',',
        help_heading = "Pipeline"
    )]
    pub backoff: Vec<u32>,
    /// none, latest or each [default: none]
    #[arg(long, value_name = "ORDER", help_heading = "Pipeline")]
    pub order: Option<Order>,
    /// Objects of one execution, at most [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100), help_heading = "Pipeline")]
    pub events_per_execution: Option<u32>,
    /// How object events come in: sqs, sns, eventbridge or lambda [default: sqs]
    #[arg(long, value_name = "WAY", help_heading = "Pipeline")]
    pub via: Option<Way>,
    /// The events queues are FIFO queues [default: false]. They go with --via lambda, and each
    /// upload is of another object.
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        default_missing_value = "true",
        help_heading = "Pipeline"
    )]
    pub fifo: Option<bool>,
    /// The act of a tick when nothing waits: stop or wait [default: stop]
    #[arg(long, value_name = "IDLE", help_heading = "Pipeline")]
    pub idle: Option<Idle>,
    /// From one tick to the next [default: 1m]
    #[arg(long, value_name = "LENGTH", value_parser = positive, help_heading = "Pipeline")]
    pub schedule: Option<Millis>,
    /// Seconds in which a tick starts executions [default: 56]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100), help_heading = "Pipeline")]
    pub tick_seconds: Option<u32>,
    /// Memory of dispatch, of settle and of ingest [default: 256]
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u32).range(128..=10_240), help_heading = "Pipeline")]
    pub memory_mb: Option<u32>,
    /// arm64 or x86_64 [default: arm64]
    #[arg(long, value_name = "NAME", value_parser = ["arm64", "x86_64"], help_heading = "Pipeline")]
    pub architecture: Option<String>,

    /// StartExecution's quota of the account, starts a second and at once [default: the Region's,
    /// such as 300,1300]
    #[arg(long, value_name = "RATE,BUCKET", help_heading = "Account")]
    pub start_quota: Option<String>,
    /// How long a call to AWS takes.
    #[arg(long, value_name = "LENGTH", default_value = "20ms", value_parser = fine, help_heading = "Account")]
    pub call: Millis,
    /// From an upload to its message in the queue.
    #[arg(long, value_name = "LENGTH", default_value = "1s", value_parser = fine, help_heading = "Account")]
    pub delivery: Millis,
    /// From an execution's end to its event in the outcomes queue.
    #[arg(long, value_name = "LENGTH", default_value = "500ms", value_parser = fine, help_heading = "Account")]
    pub event_delay: Millis,

    /// Show the answer beside that of a file, which --json wrote.
    #[arg(long, value_name = "FILE", help_heading = "Answer")]
    pub compare: Option<PathBuf>,
    /// Search for the smallest max_concurrency, starts_per_second, events_per_execution or
    /// tenants.max_concurrency that does.
    #[arg(
        long,
        value_name = "NUMBER",
        requires = "drain_within",
        help_heading = "Answer"
    )]
    pub find: Option<Number>,
    /// With --find: all is done so long after the last upload of a wave.
    #[arg(long, value_name = "LENGTH", value_parser = positive, requires = "find", help_heading = "Answer")]
    pub drain_within: Option<Millis>,
    /// With --find: a month costs at most so many dollars.
    #[arg(
        long,
        value_name = "DOLLARS",
        requires = "find",
        help_heading = "Answer"
    )]
    pub cost_below: Option<f64>,
    /// Write the answer as a page that needs nothing else.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "find",
        help_heading = "Answer"
    )]
    pub html: Option<PathBuf>,
    /// Seed of all random numbers
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Answer")]
    pub seed: u64,
}

/// Returns a length above 0.
fn positive(text: &str) -> Result<Millis, String> {
    match fine(text)? {
        0 => Err(format!(
            "'{text}' is no time at all: give one such as 30m, 2h or 3d"
        )),
        length => Ok(length),
    }
}
