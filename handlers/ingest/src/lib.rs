//! `ingest`: takes in the object events that S3 invokes it with. The ledger first, then the events queue.
//!
//! An invocation succeeds only if every one of its records is safe: queued, or known to the ledger. Otherwise it fails,
//! after everything else in it was queued: Lambda invokes it again, and keeps what it failed on to the end.

pub mod config;
mod counts;
mod ingest;

use aws::clients::Clients;
use aws::ledger::Ledger;
use aws::queue::Queue;

pub use config::Config;
pub use counts::Counts;
pub use ingest::Ingested;

/// The handler's state: built once, used by every invocation.
#[derive(Debug, Clone)]
pub struct Ingest {
    config: Config,
    ledger: Ledger,
    /// By priority; at least one.
    lanes: Vec<LaneQueue>,
}

/// A lane's events queue.
#[derive(Debug, Clone)]
struct LaneQueue {
    /// `None` in a pipeline of one lane: rows and messages need not name it.
    name: Option<String>,
    events: Queue,
}

impl Ingest {
    pub fn new(config: Config, clients: Clients) -> Self {
        let lanes = config.lanes.iter();
        Self {
            ledger: Ledger::new(clients.dynamodb, config.ledger_table.clone()),
            lanes: lanes
                .map(|lane| LaneQueue {
                    name: (config.lanes.len() > 1).then(|| lane.name.clone()),
                    events: Queue::new(clients.sqs.clone(), lane.queue_url.clone()),
                })
                .collect(),
            config,
        }
    }
}
