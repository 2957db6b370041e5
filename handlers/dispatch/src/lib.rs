//! `dispatch`: each tick releases object events from the events queue into Step Functions, at the pace and the
//! concurrency that the owner set. What comes after what is decided in `spillway::protocol`; here its machines are driven.

pub mod config;
mod control;
mod counts;
mod drain;
mod error;
mod facts;
mod failures;
mod fill;
mod guide;
mod look_after;
mod receive;
mod shared;
mod take_in;
mod tick;

use std::sync::Arc;

use aws::clients::Clients;
use aws::ledger::Ledger;
use aws::queue::Queue;
use aws::shell::{LaneQueues, Parts, Shell};
use aws::workflow::Workflow;
use spillway::protocol::terms::Pipeline;

pub use config::Config;
pub use counts::{Counts, LEVELS};
pub use error::TickError;
pub use tick::{Ended, Invocation};

/// The handler's state: built once, used by every tick.
#[derive(Debug, Clone)]
pub struct Dispatch {
    config: Config,
    shell: Shell,
}

impl Dispatch {
    pub fn new(config: Config, clients: Clients) -> Self {
        let lanes = config.lanes.iter();
        let lane = |lane: &spillway::lane::Lane| {
            LaneQueues::new(&clients, &lane.queue_url, &lane.dead_letter_queue_url)
        };
        let workflow = Workflow::new(clients.sfn.clone());
        let shell = Shell::new(Parts {
            pipeline: Pipeline {
                arn: config.ledger_arn.clone(),
                order: config.order,
                lanes: lanes.clone().map(|lane| lane.name.clone()).collect(),
            },
            lanes: lanes.map(lane).collect(),
            outcomes: Some(Queue::new(
                clients.sqs.clone(),
                config.outcomes_queue_url.clone(),
            )),
            outcomes_dead_letters: None,
            ledger: Ledger::new(clients.dynamodb, config.ledger_table.clone()),
            starts: Some(Arc::new(workflow.clone())),
            describes: Some(Arc::new(workflow)),
            input_format: config.input_format,
            retention_days: config.retention_days,
        });
        Self { config, shell }
    }
}
