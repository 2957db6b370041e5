//! `settle`: applies outcomes. Ledger, retry or dead-letter queue, release of the slot.
//!
//! For every outcome, in this order: the message for the next attempt, the row, the slot. So every crash leaves work
//! to redo and none lost: while the slot is there the outcome is not settled, and doing it again does no harm. With an
//! order, the object's turn goes on between the row and the slot.

mod batch;
pub mod config;
mod counts;
mod row;
mod settle;
mod turn;

use aws::clients::Clients;
use aws::ledger::Ledger;
use aws::queue::Queue;
use aws::workflow::Workflow;

pub use config::Config;
pub use counts::Counts;
pub use settle::{Settled, SqsRecord};

/// The handler's state: built once, used by every invocation.
#[derive(Debug, Clone)]
pub struct Settle {
    config: Config,
    ledger: Ledger,
    lanes: Vec<LaneQueues>,
    outcomes_dead_letters: Queue,
    workflow: Workflow,
}

/// A lane's two queues.
#[derive(Debug, Clone)]
struct LaneQueues {
    name: String,
    events: Queue,
    dead_letters: Queue,
}

impl Settle {
    pub fn new(config: Config, clients: Clients) -> Self {
        let queue = |url: &str| Queue::new(clients.sqs.clone(), url.to_owned());
        Self {
            ledger: Ledger::new(clients.dynamodb, config.ledger_table.clone()),
            lanes: config
                .lanes
                .iter()
                .map(|lane| LaneQueues {
                    name: lane.name.clone(),
                    events: queue(&lane.queue_url),
                    dead_letters: queue(&lane.dead_letter_queue_url),
                })
                .collect(),
            workflow: Workflow::new(clients.sfn),
            outcomes_dead_letters: queue(&config.outcomes_dead_letter_queue_url),
            config,
        }
    }
}
