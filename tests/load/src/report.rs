//! The measurement: one result, as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// One run of one program.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub events: u32,
    pub invocations: u32,
    /// Invocations that the program answered with an error.
    pub invocations_failed: u32,
    /// Executions that began.
    pub starts: u32,
    /// Calls of StartExecution that were throttled.
    pub throttled: u64,
    /// Requests of the ledger, and entries of its batches, that were throttled since a partition
    /// gave no more.
    pub ledger_throttled: u64,
    /// Events that more than one execution was started for.
    pub started_twice: u32,
    /// Events without an end of their work.
    pub lost: u32,
    /// From handing out the first invocation to the answer of the last, in seconds.
    pub wall_s: f64,
    /// From handing out the first invocation to the last start, in seconds: an empty queue is
    /// waited for afterwards.
    pub last_start_s: f64,
    pub cpu_s: Split,
    /// From the program's start to its first request for work.
    pub start_up: Spent,
    /// From handing out the first invocation to its answer.
    pub first_invocation: Spent,
    pub peak_rss_bytes: Peak,
    /// API calls, by operation.
    pub calls: BTreeMap<String, u64>,
    pub read_units: f64,
    pub write_units: f64,
    /// Bytes of the bodies of all API calls, and of their answers.
    pub bytes: Bytes,
    /// The server's part, during the same time.
    pub server: Server,
}

/// CPU time, in seconds.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Split {
    pub user: f64,
    pub system: f64,
}

/// Time, in milliseconds.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Spent {
    pub wall_ms: f64,
    pub cpu_ms: f64,
}

impl Spent {
    pub fn of(wall: Duration, cpu: Duration) -> Self {
        Self {
            wall_ms: wall.as_secs_f64() * 1e3,
            cpu_ms: cpu.as_secs_f64() * 1e3,
        }
    }
}

/// The most memory that was in use until then.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Peak {
    pub at_first_poll: u64,
    pub at_end: u64,
}

/// Bytes on the wire without headers.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Bytes {
    pub sent: u64,
    pub received: u64,
}

/// The server's share of the time: near 1, it is the bottleneck, not the program.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Server {
    pub cpu_s: f64,
    /// Of one CPU.
    pub busy: f64,
}
