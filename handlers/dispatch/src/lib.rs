//! `dispatch`: each tick releases object events from the events queue into Step Functions, at the pace and the
//! concurrency that the owner set.
//!
//! The order of every start is slot, claim, delete message, start: once slot and claim exist the ledger owns the
//! event, and whatever happens next, a later tick finds the slot and finishes the start.

mod candidate;
mod claim;
pub mod config;
mod control;
mod counts;
mod day;
mod drain;
mod fate;
mod fill;
mod intake;
mod load;
mod overridden;
mod receive;
mod recognise;
mod reservation;
mod reserve;
mod restart;
mod shared;
mod start;
mod sweep;
mod tick;
mod turn;
mod under_way;

use aws::clients::Clients;
use aws::ledger::Ledger;
use aws::queue::Queue;
use aws::workflow::Workflow;

pub use config::Config;
pub use counts::{Counts, LEVELS};
pub use tick::{Ended, Invocation};

/// The handler's state: built once, used by every tick.
#[derive(Debug, Clone)]
pub struct Dispatch {
    config: Config,
    ledger: Ledger,
    /// By priority; at least one.
    lanes: Vec<LaneQueues>,
    outcomes: Queue,
    workflow: Workflow,
}

/// A lane's two queues.
#[derive(Debug, Clone)]
struct LaneQueues {
    /// `None` in a pipeline of one lane: rows need not name it.
    name: Option<String>,
    events: Queue,
    dead_letters: Queue,
}

impl Dispatch {
    pub fn new(config: Config, clients: Clients) -> Self {
        let queue = |url: &str| Queue::new(clients.sqs.clone(), url.to_owned());
        Self {
            ledger: Ledger::new(clients.dynamodb, config.ledger_table.clone()),
            lanes: config
                .lanes
                .iter()
                .map(|lane| LaneQueues {
                    name: (config.lanes.len() > 1).then(|| lane.name.clone()),
                    events: queue(&lane.queue_url),
                    dead_letters: queue(&lane.dead_letter_queue_url),
                })
                .collect(),
            outcomes: queue(&config.outcomes_queue_url),
            workflow: Workflow::new(clients.sfn),
            config,
        }
    }
}
