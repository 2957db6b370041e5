//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use spillway::Millis;

use crate::time;

const AFTER: &str = "\
Examples:
  spillway list
  spillway -p device-status status
  spillway -p device-status explain s3://uploads/status/7.json
  spillway -p device-status pause --reason 'target is down' --for 2h
  spillway -p device-status redrive --error UnknownDevice --since 2h --dry-run
  spillway plan --burst 10000 --takes 20s --pace max_concurrency=200

Exit status: 0 fine; 1 failed; 2 the arguments are wrong; 3 not healthy (status --check, canary); 4 no verdict yet (canary);
130 stopped.
Credentials and Region are found as the AWS CLI finds them: environment, profile, SSO, container, instance.";

/// See, explain, steer and redrive a Spillway pipeline.
#[derive(Debug, Clone, Parser)]
#[command(name = "spillway", version, after_help = AFTER, max_term_width = 100, disable_help_subcommand = true)]
pub struct Options {
    #[command(flatten)]
    pub access: Access,
    #[command(flatten)]
    pub which: Which,
    /// Answer in JSON, in a documented and stable shape
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// How AWS is reached.
#[derive(Debug, Clone, Default, Args)]
pub struct Access {
    /// The profile of the AWS CLI's configuration [default: AWS_PROFILE]
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "NAME")]
    pub profile: Option<String>,
    /// The Region [default: AWS_REGION, or the profile's]
    #[arg(
        long,
        global = true,
        help_heading = "Everywhere",
        value_name = "REGION"
    )]
    pub region: Option<String>,
    /// Another address than AWS's own [default: AWS_ENDPOINT_URL]
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "URL")]
    pub endpoint_url: Option<String>,
}

/// Which pipeline.
#[derive(Debug, Clone, Default, Args)]
pub struct Which {
    /// The pipeline's name, as the module's `name` says [default: SPILLWAY_PIPELINE]
    // The variable is read only if nothing else names a pipeline or queues: an option of clap's
    // would contradict --from and --to.
    #[arg(
        short,
        long,
        global = true,
        help_heading = "Everywhere",
        value_name = "NAME"
    )]
    pub pipeline: Option<String>,
    /// Find the pipeline in the outputs of this Terraform root module.
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "DIR")]
    pub terraform_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Show every pipeline of the account and Region.
    List,
    /// Say whether the pipeline is healthy, and why nothing starts.
    Status(Status),
    /// Show each version and attempt of an object, and its next step.
    Explain(Explain),
    /// Show the slots with their executions, or stop one.
    Running(Running),
    /// Start nothing more. Outcomes are still settled.
    Pause(Pause),
    /// End the pause.
    Resume(Resume),
    /// Override numbers of the pace: max_concurrency, starts_per_second, burst, starts_per_tick. Or
    /// hold its circuit: circuit=open, circuit=closed.
    Set(Set),
    /// Remove overrides: the configured numbers hold again.
    Unset(Unset),
    /// Show the configured pace, its overrides, and the pace in force.
    Pace,
    /// Run a tick now, and show its counts.
    Tick,
    /// Switch the schedule of ticks on or off. `pause` holds starts back, and lets ticks go on.
    Schedule(Schedule),
    /// The lease, by which one tick runs at a time.
    #[command(subcommand)]
    Lease(Lease),
    /// Show failures, grouped by error, from a sample.
    Failed(Failed),
    /// Queue the objects of a bucket that the ledger does not know, such as those from before the
    /// pipeline.
    Backfill(Backfill),
    /// Requeue rows that have not moved for long, or compare one object with the ledger.
    Reconcile(Reconcile),
    /// Send the messages of a queue of failures again. Fix the cause first.
    ///
    /// Each object event then gets one more attempt, by the same bounded path as all others. A
    /// finished attempt is not repeated. There is no stage for ticks: the next tick makes up for
    /// one that is missing.
    Redrive(Redrive),
    /// Ask for finished object events once more: attempt k + 1 of each, in its lane's queue.
    ///
    /// --object reads that object's rows. Any other selection reads the whole ledger: half a read
    /// unit for each 4 KB. --dry-run says how many it used. Run twice, it asks for the same
    /// attempts; once those have ended, for the next ones.
    Replay(Replaying),
    /// Drop dead letters for good. The ledger keeps the person, the time and the reason.
    Discard(Discard),
    /// Compare the failures of the two versions behind the workflow's alias, and judge the newer
    /// one.
    ///
    /// Exit status: 0 the newer version can have all starts, or is alone; 3 it must go back; 4 too
    /// few executions ended.
    Canary(Canary),
    /// Check the installation. Each finding has its remedy; a fault is exit status 1.
    Doctor,
    /// Write the uploads of the past as a table for `plan --times`.
    ///
    /// CloudWatch keeps them by the minute for 15 days, by five minutes for 63 and by the hour for
    /// 455. Messages that the pipeline sent again are left out.
    History(History),
    /// Compute the time, the bottleneck and the costs of a burst from given numbers. Makes no call
    /// to AWS.
    Plan(Box<plan::given::options::Options>),
    /// Print the least policy for looking, or for steering.
    Iam(Iam),
    /// Print completions for a shell.
    Completions { shell: clap_complete::Shell },
    /// Print the manual page.
    Man,
}

#[derive(Debug, Clone, Args)]
pub struct Status {
    /// Show it live, until q is pressed.
    #[arg(long, conflicts_with_all = ["json", "check"])]
    pub watch: bool,
    /// Seconds between two looks of --watch.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub every: u64,
    /// End with status 3 if the pipeline is not healthy.
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Explain {
    /// s3://bucket/key, bucket/key or the object's ARN, with the key as its uploader wrote it.
    pub object: String,
}

#[derive(Debug, Clone, Args)]
pub struct Running {
    /// Show those that run longest, at most so many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub longest: Option<u32>,
    /// Stop this execution. Its attempt fails, and is retried like any other.
    #[arg(long, value_name = "EXECUTION", conflicts_with = "longest")]
    pub stop: Option<String>,
    /// Do not ask before it is stopped.
    #[arg(long, requires = "stop")]
    pub yes: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Pause {
    /// Why: it is shown by `status` and kept in the ledger.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Resume by itself after so long, such as 30m, 2h or 3d [default: never]
    #[arg(long = "for", value_name = "LENGTH", value_parser = length)]
    pub lasts: Option<Millis>,
}

#[derive(Debug, Clone, Args)]
pub struct Resume {
    /// Let starts go on in a window that pauses, too.
    #[arg(long)]
    pub through_windows: bool,
    #[command(flatten)]
    pub because: Because,
}

#[derive(Debug, Clone, Args)]
pub struct Set {
    /// Such as max_concurrency=5
    #[arg(required = true, value_name = "NAME=VALUE")]
    pub values: Vec<String>,
    #[command(flatten)]
    pub because: Because,
}

#[derive(Debug, Clone, Args)]
pub struct Unset {
    /// Such as max_concurrency
    #[arg(
        required_unless_present = "all",
        conflicts_with = "all",
        value_name = "NAME"
    )]
    pub names: Vec<String>,
    /// Every override, a pause too.
    #[arg(long)]
    pub all: bool,
    /// Why: it is kept in the ledger.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Whether a rule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

#[derive(Debug, Clone, Args)]
pub struct Schedule {
    /// Until the next apply, which switches it as the module block says.
    #[arg(value_enum)]
    pub switch: Switch,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Lease {
    /// Release a lease that lasts longer than a tick can hold it. It is watched for 50 s first: a
    /// tick that lives keeps it.
    Release(Release),
}

#[derive(Debug, Clone, Args)]
pub struct Release {
    /// Release it at once, even from a tick that is at work. Two ticks then start executions: more
    /// than max_concurrency can run.
    #[arg(long)]
    pub even_if_alive: bool,
    /// Do not ask before it is released.
    #[arg(long)]
    pub yes: bool,
}

/// Why something is changed, and for how long.
#[derive(Debug, Clone, Default, Args)]
pub struct Because {
    /// Why: it is shown by `status` and kept in the ledger.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// It ends by itself after so long, such as 30m, 2h or 3d [default: never]
    #[arg(long = "for", value_name = "LENGTH", value_parser = length)]
    pub lasts: Option<Millis>,
}

/// Returns a length above 0.
fn length(text: &str) -> Result<Millis, String> {
    match time::length(text)? {
        0 => Err(format!(
            "'{text}' is no time at all: give one such as 30m, 2h or 3d"
        )),
        length => Ok(length),
    }
}

/// The stage of the failures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// From the dead-letter queue of each lane, or of --lane, into its queue.
    #[default]
    Events,
    /// From the outcomes queue's dead-letter queue into the outcomes queue.
    Outcomes,
    /// Payloads that ingest failed on are handed to it again.
    Ingest,
    /// Events that EventBridge or SNS could not deliver, into the queue that they were for.
    Rules,
    /// Starts of reconcile that failed: the next run does their work, so they are only dropped.
    Reconcile,
}

/// A state of a finished row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum Finished {
    Succeeded,
    Dead,
    Superseded,
}

/// A selection: all that is given must hold.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Selection (all that is given must hold)")]
pub struct Chosen {
    /// All versions of an object; can be repeated.
    #[arg(long = "object", value_name = "BUCKET/KEY")]
    pub objects: Vec<String>,
    /// Objects whose keys begin with this prefix
    #[arg(long, value_name = "BUCKET/PREFIX")]
    pub prefix: Option<String>,
    /// Only failures or ends from then on: 2026-11-22T20:00:00Z, or 2h ago
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// And before then.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// This is a part of the reason in the queue, or of the row's error or cause.
    #[arg(long, value_name = "TEXT")]
    pub error: Option<String>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct Redrive {
    /// The stage to bring back
    #[arg(long, value_enum, default_value_t)]
    pub stage: Stage,
    /// Stages events and rules: this lane alone.
    #[arg(long, value_name = "NAME")]
    pub lane: Option<String>,
    /// The dead-letter queue: name, URL or ARN. Instead of a pipeline.
    #[arg(long = "from", value_name = "QUEUE", requires = "destination")]
    pub source: Option<String>,
    /// The destination: name, URL or ARN
    #[arg(long = "to", value_name = "QUEUE", requires = "source")]
    pub destination: Option<String>,
    #[command(flatten)]
    pub chosen: Chosen,
    /// At most so many messages a second [default: SQS decides]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub velocity: Option<u32>,
    /// Count the messages that would be moved, and move none.
    #[arg(long)]
    pub dry_run: bool,
    /// Let SQS move on and do not wait for its end (all of events or outcomes).
    #[arg(long)]
    pub detach: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Replaying {
    /// Rows of this state [default: DEAD]; can be repeated.
    #[arg(long = "state", value_enum, value_name = "STATE")]
    pub states: Vec<Finished>,
    /// This lane alone.
    #[arg(long, value_name = "NAME")]
    pub lane: Option<String>,
    /// Every row of those states.
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub chosen: Chosen,
    /// At most so many messages a second.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub velocity: Option<u32>,
    /// Count the attempts that would be asked for, and ask for none.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Discard {
    /// The stage of the failures
    #[arg(long, value_enum, default_value_t)]
    pub stage: Stage,
    /// Stages events and rules: this lane alone.
    #[arg(long, value_name = "NAME")]
    pub lane: Option<String>,
    /// Why: it is kept in the ledger.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Everything that lies there.
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub chosen: Chosen,
    /// Do not ask before.
    #[arg(long)]
    pub yes: bool,
    /// Count the messages that would be dropped, and drop none.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Failed {
    /// Only failures with this in their error.
    #[arg(long, value_name = "TEXT")]
    pub error: Option<String>,
    /// List them one by one, not grouped.
    #[arg(long)]
    pub list: bool,
    /// Receives of each queue, at most; each brings up to ten messages.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub receives: u32,
    /// Read units of the ledger, at most; a page of 1 MB takes 128.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub read_units: u32,
}

#[derive(Debug, Clone, Args)]
pub struct Canary {
    /// Print the version that most starts go to, and nothing else.
    #[arg(long)]
    pub serving: bool,
    /// Executions of the newer version that have ended, before it can be promoted.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub least: u64,
    /// How many percentage points more often the newer version is allowed to fail.
    #[arg(long, value_name = "POINTS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub margin: u32,
    /// Go on looking for so long, such as 30m, until there is a verdict.
    #[arg(long, value_name = "LENGTH", value_parser = time::length)]
    pub wait: Option<Millis>,
    /// Read units of the ledger, at most; a page of 1 MB takes 128.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub read_units: u32,
}

#[derive(Debug, Clone, Args)]
pub struct History {
    /// The uploads of so long a time, such as 1d or 30d.
    #[arg(long = "for", value_name = "LENGTH", default_value = "7d", value_parser = length)]
    pub lasts: Millis,
    /// The end of that time: 2026-11-22T20:00:00Z, or 2h ago [default: now]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// This lane alone.
    #[arg(long, value_name = "NAME")]
    pub lane: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct Backfill {
    /// s3://bucket or s3://bucket/prefix
    pub place: String,
    /// Objects that were last modified from then on: 2026-11-01T00:00:00Z, or 30d ago
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// And before then.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Leave out objects younger than that, such as 0m or 2h [default: the module's
    /// min_age_seconds]
    #[arg(long, value_name = "LENGTH", value_parser = time::length)]
    pub min_age: Option<Millis>,
    /// Take the objects from an S3 inventory: its manifest, as s3://bucket/path/manifest.json
    #[arg(long, value_name = "OBJECT")]
    pub inventory: Option<String>,
    /// Count and price it, and queue nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Reconcile {
    /// Compare this object with the ledger, and queue it if it is not known.
    #[arg(long, value_name = "BUCKET/KEY")]
    pub object: Option<String>,
    /// With --object: take it although it is younger than the module's min_age_seconds.
    #[arg(long, value_name = "LENGTH", value_parser = time::length, requires = "object")]
    pub min_age: Option<Millis>,
    /// With --object: count the objects that would be queued, and queue none.
    #[arg(long, requires = "object")]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Args)]
#[group(id = "for", required = true)]
pub struct Iam {
    /// For list, status, explain, running, failed, canary, pace, history and doctor.
    #[arg(long, group = "for")]
    pub read: bool,
    /// For every command.
    #[arg(long, group = "for")]
    pub operate: bool,
    /// A bucket in which `explain` and `reconcile --object` look for objects; can be repeated
    #[arg(long = "bucket", value_name = "NAME")]
    pub buckets: Vec<String>,
}
