//! `dispatch`: each tick releases object events from the events queue into Step Functions, at the
//! pace and the concurrency that the owner set. `spillway::protocol` decides the order of calls;
//! here its machines are driven.

mod circuit;
pub mod config;
mod control;
mod counts;
mod drain;
mod error;
mod facts;
mod fill;
mod guide;
mod look_after;
mod look_around;
mod receive;
mod renew;
mod shared;
mod take_in;
mod tenants;
mod tick;

use std::sync::Arc;

use aws::clients::Clients;
use aws::queue::Queue;
use aws::shell::{Parts, Shell};
use aws::workflow::Workflow;

use look_around::Watched;

pub use config::Config;
pub use counts::{Counts, LEVELS, Values};
pub use error::TickError;
pub use tick::{Ended, Invocation};

/// The handler's state: built once, used by every tick.
#[derive(Debug, Clone)]
pub struct Dispatch {
    config: Config,
    shell: Shell,
    queues: Vec<Watched>,
}

impl Dispatch {
    pub fn new(config: Config, clients: Clients) -> Self {
        let workflow = Workflow::new(clients.sfn.clone());
        let outcomes = Queue::new(clients.sqs.clone(), config.outcomes_queue_url.clone());
        let mut parts = Parts {
            outcomes: Some(outcomes),
            starts: Some(Arc::new(workflow.clone())),
            describes: Some(Arc::new(workflow.clone())),
            lists: Some(Arc::new(workflow)),
            input_format: config.input_format,
            retention_days: config.retention_days,
            ..Parts::new(&clients, &config.pipeline)
        };
        parts.pipeline.order = config.order;
        parts.pipeline.tenants = config.tenants.clone();
        let shell = Shell::new(parts);
        let queues = look_around::watched(&config, &clients);
        Self {
            config,
            shell,
            queues,
        }
    }

    /// Returns the pipeline's name.
    pub fn pipeline(&self) -> &str {
        &self.config.pipeline.name
    }
}
