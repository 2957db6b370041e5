//! `settle`: applies outcomes. Ledger, retry or dead-letter queue, release of the slot. What comes after what is decided in
//! `spillway::protocol::settling`; here its machines are driven.

pub mod config;
mod counts;
mod facts;
mod settle;

use std::sync::Arc;

use aws::clients::Clients;
use aws::ledger::Ledger;
use aws::queue::Queue;
use aws::shell::{LaneQueues, Parts, Shell};
use aws::workflow::Workflow;
use spillway::execution::input::InputFormat;
use spillway::protocol::terms::Pipeline;

pub use config::Config;
pub use counts::Counts;
pub use settle::{Settled, SqsRecord};

/// The handler's state: built once, used by every invocation.
#[derive(Debug, Clone)]
pub struct Settle {
    config: Config,
    shell: Shell,
}

impl Settle {
    pub fn new(config: Config, clients: Clients) -> Self {
        let lanes = config.lanes.iter();
        let lane = |lane: &spillway::lane::Lane| {
            LaneQueues::new(&clients, &lane.queue_url, &lane.dead_letter_queue_url)
        };
        let shell = Shell::new(Parts {
            pipeline: Pipeline {
                arn: config.ledger_arn.clone(),
                order: config.order,
                lanes: lanes.clone().map(|lane| lane.name.clone()).collect(),
            },
            lanes: lanes.map(lane).collect(),
            outcomes: None,
            outcomes_dead_letters: Some(Queue::new(
                clients.sqs.clone(),
                config.outcomes_dead_letter_queue_url.clone(),
            )),
            ledger: Ledger::new(clients.dynamodb, config.ledger_table.clone()),
            starts: None,
            describes: Some(Arc::new(Workflow::new(clients.sfn))),
            // It starts nothing.
            input_format: InputFormat::default(),
            retention_days: config.retention_days,
        });
        Self { config, shell }
    }
}
