//! `settle`: applies outcomes. Ledger, retry or dead-letter queue, release of the slot. The order
//! of calls is decided in `spillway::protocol::settling`; here its machines are driven.

pub mod config;
mod counts;
mod facts;
mod settle;

use std::sync::Arc;

use aws::clients::Clients;
use aws::queue::Queue;
use aws::shell::{Parts, Shell};
use aws::workflow::Workflow;

pub use config::Config;
pub use counts::{Counts, Values};
pub use settle::{Settled, SqsRecord};

/// The handler's state: built once, used by every invocation.
#[derive(Debug, Clone)]
pub struct Settle {
    config: Config,
    shell: Shell,
}

impl Settle {
    pub fn new(config: Config, clients: Clients) -> Self {
        let dead_letters = config.outcomes_dead_letter_queue_url.clone();
        let mut parts = Parts {
            outcomes_dead_letters: Some(Queue::new(clients.sqs.clone(), dead_letters)),
            describes: Some(Arc::new(Workflow::new(clients.sfn.clone()))),
            retention_days: config.retention_days,
            ..Parts::new(&clients, &config.pipeline)
        };
        parts.pipeline.order = config.order;
        let shell = Shell::new(parts);
        Self { config, shell }
    }

    /// Returns the pipeline's name.
    pub fn pipeline(&self) -> &str {
        &self.config.pipeline.name
    }
}
