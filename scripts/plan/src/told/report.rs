//! The answer of a plan: its fields are those of `--json`, documented in
//! docs/reference/operator-json.md.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The answer of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub pipeline: String,
    pub region: String,
    /// The whole in one sentence.
    pub sentence: String,
    pub given: Given,
    pub uploads: u64,
    pub starts: u64,
    pub succeeded: u64,
    pub dead_letters: u64,
    /// By error, those there are.
    pub dead_letters_by_error: BTreeMap<String, u64>,
    /// Versions that a newer one came before.
    pub superseded: u64,
    /// Uploads that were not done before SQS would have deleted them.
    pub left: u64,
    /// From a wave's last upload until all of it is done, of the slowest; `null`: one is never
    /// done.
    pub drain_seconds: Option<f64>,
    pub first_start: Option<String>,
    pub last_start: Option<String>,
    pub done: Option<String>,
    pub backlog: Peak,
    pub running: Peak,
    /// Starts that Step Functions refused.
    pub throttled: u64,
    pub receives: u64,
    pub ticks: u64,
    pub lanes: Vec<LaneReport>,
    /// The tenant of the most uploads, all others, and uploads without a tenant, those there are;
    /// empty: no upload names its tenant.
    pub tenants: Vec<TenantReport>,
    /// Object events that waited for their tenants.
    pub deferred: u64,
    /// Executions that the target refused.
    pub refused: u64,
    /// Attempts that do not count, since the target took no more.
    pub uncounted: u64,
    /// `null`: the pace does not adapt.
    pub circuit: Option<CircuitReport>,
    /// The first of them.
    pub waves: Vec<WaveReport>,
    pub waves_in_all: u64,
    /// The reasons that kept waiting events, the longest first.
    pub held_by: Vec<HeldBy>,
    /// When it did, in the order of time.
    pub stretches: Vec<Stretch>,
    pub dollars: Dollars,
    pub warnings: Vec<Warning>,
    pub over_time: OverTime,
}

/// The numbers of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Given {
    pub from: String,
    pub max_concurrency: u32,
    pub starts_per_second: f64,
    pub burst: u32,
    pub starts_per_tick: Option<u32>,
    pub slot_partitions: u8,
    pub starts_per_day: Option<u32>,
    pub lanes: Vec<LaneGiven>,
    /// The bound of each tenant, if there is one.
    pub tenants: Option<TenantsGiven>,
    /// `null`: the pace does not adapt.
    pub adapt: Option<AdaptGiven>,
    /// The target, if it does not take everything.
    pub target: Option<TargetGiven>,
    pub windows: serde_json::Value,
    pub max_attempts: u32,
    pub backoff_seconds: Vec<u32>,
    pub order: String,
    pub events_per_execution: u32,
    pub via: String,
    pub fifo: bool,
    pub idle: String,
    pub schedule_seconds: f64,
    pub tick_seconds: f64,
    pub dispatch_memory_mb: f64,
    pub settle_memory_mb: f64,
    pub ingest_memory_mb: f64,
    pub architecture: String,
    /// In words: `20 s`.
    pub takes: String,
    pub fails: Vec<Fails>,
    pub transitions: u32,
    pub start_quota_per_second: f64,
    pub start_quota_at_once: f64,
    pub call_seconds: f64,
    pub delivery_seconds: f64,
    pub event_delay_seconds: f64,
    pub seed: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaneGiven {
    pub name: String,
    pub priority: u32,
    pub min_share: f64,
    pub max_concurrency: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TenantsGiven {
    pub by: String,
    pub max_concurrency: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdaptGiven {
    pub errors: Vec<String>,
    pub tolerated_share: f64,
    pub slowest_starts_per_second: f64,
    pub uncounted_max: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetGiven {
    /// `null`: no such limit.
    pub per_second: Option<f64>,
    pub outages: Vec<OutageGiven>,
    /// Of an execution that it refuses.
    pub error: String,
}

/// How long after the begin an outage begins, and how long it lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutageGiven {
    pub at_seconds: f64,
    pub for_seconds: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fails {
    pub error: String,
    pub share: f64,
    pub always: bool,
}

/// The circuit in front of the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CircuitReport {
    /// Starts in outages, to see whether the target takes some again.
    pub probes: u64,
    /// The first of its changes.
    pub changes: Vec<CircuitChange>,
    pub changes_in_all: u64,
}

/// A change of the circuit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CircuitChange {
    pub at: String,
    /// `closed`, `slowed`, `open` or `rising`.
    pub state: String,
    /// In force from then on; 0: nothing but probes starts.
    pub starts_per_second: f64,
}

/// The most of something, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    pub most: u64,
    pub at: String,
}

/// From upload to start, in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaneReport {
    pub name: String,
    pub starts: u64,
    pub p50_seconds: Option<f64>,
    pub p95_seconds: Option<f64>,
    pub p99_seconds: Option<f64>,
    pub worst_seconds: Option<f64>,
}

/// From upload to start, in seconds, of a tenant or of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TenantReport {
    /// `heaviest`, `others` or `none`: uploads without a tenant.
    pub code: String,
    /// The tenant's name, or how many they are.
    pub name: String,
    pub tenants: u64,
    /// When the last of their uploads that is done was done.
    pub done: Option<String>,
    pub starts: u64,
    pub p50_seconds: Option<f64>,
    pub p95_seconds: Option<f64>,
    pub p99_seconds: Option<f64>,
    pub worst_seconds: Option<f64>,
}

/// Uploads that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaveReport {
    pub name: String,
    pub lane: String,
    pub uploads: u64,
    pub first_upload: String,
    pub last_upload: String,
    pub done: Option<String>,
    pub drain_seconds: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldBy {
    pub code: String,
    pub what: String,
    pub seconds: f64,
    /// Of the time in which events waited.
    pub share: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    pub from: String,
    pub to: String,
    pub code: String,
    pub what: String,
}

/// US dollars, at list prices of us-east-1 without free tiers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dollars {
    /// The basis of the month, in words.
    pub basis: String,
    /// Of a month, by service; the workflow's own transitions among them.
    pub month: BTreeMap<String, f64>,
    pub month_total: f64,
    pub month_without_workflow: f64,
    /// Of a month in which nothing comes.
    pub idle_month: f64,
    /// Of a million events beside that, without the workflow's own.
    pub per_million: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    pub code: String,
    pub what: String,
    pub remedy: String,
}

/// The run, in samples of the same length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverTime {
    pub from: String,
    pub every_seconds: f64,
    /// The most that waited, and that ran, in each sample.
    pub waiting: Vec<u32>,
    pub running: Vec<u32>,
    pub starts: Vec<u32>,
    /// Of these, the executions that the target refused.
    pub refused: Vec<u32>,
    /// The code of the reason that kept events in most of the sample; empty: none waited.
    pub held_by: Vec<String>,
}
