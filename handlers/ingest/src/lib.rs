//! `ingest`: takes in the object events that S3 invokes it with. The ledger first, then the events queue.
//!
//! An invocation succeeds only if every one of its records is safe: queued, or known to the ledger. Otherwise it fails,
//! after everything else in it was queued: Lambda invokes it again, and keeps what it failed on to the end. What comes after
//! what is decided in `spillway::protocol::ingesting`; here its machine is driven.

pub mod config;
mod counts;
mod error;
mod ingest;

use aws::clients::Clients;
use aws::ledger::Ledger;
use aws::shell::{LaneQueues, Parts, Shell};
use spillway::execution::input::InputFormat;
use spillway::protocol::terms::Pipeline;
use spillway::rules::order::Order;

pub use config::Config;
pub use counts::Counts;
pub use error::IngestError;
pub use ingest::Ingested;

/// The handler's state: built once, used by every invocation.
#[derive(Debug, Clone)]
pub struct Ingest {
    config: Config,
    shell: Shell,
}

impl Ingest {
    pub fn new(config: Config, clients: Clients) -> Self {
        let lanes = config.lanes.iter();
        let lane = |lane: &spillway::lane::Lane| {
            LaneQueues::new(&clients, &lane.queue_url, &lane.dead_letter_queue_url)
        };
        let shell = Shell::new(Parts {
            pipeline: Pipeline {
                arn: config.ledger_arn.clone(),
                // It only writes rows and asks for first attempts.
                order: Order::None,
                lanes: lanes.clone().map(|lane| lane.name.clone()).collect(),
            },
            lanes: lanes.map(lane).collect(),
            outcomes: None,
            outcomes_dead_letters: None,
            ledger: Ledger::new(clients.dynamodb, config.ledger_table.clone()),
            starts: None,
            describes: None,
            input_format: InputFormat::default(),
            retention_days: 0,
        });
        Self { config, shell }
    }
}
