//! `dispatch`: each tick releases object events from the events queue into Step Functions, at the pace and the
//! concurrency that the owner set.
//!
//! The order of every start is slot, claim, delete message, start: once slot and claim exist the ledger owns the
//! event, and whatever happens next, a later tick finds the slot and finishes the start.

pub mod config;
mod control;
mod counts;
mod day;
mod drain;
mod intake;
mod restart;
mod shared;
mod start;
mod sweep;
mod tick;

use spillway::aws::clients::Clients;
use spillway::aws::ledger::Ledger;
use spillway::aws::queue::Queue;
use spillway::aws::workflow::Workflow;

pub use config::Config;
pub use counts::Counts;
pub use tick::{Ended, Invocation};

/// The handler's state: built once, used by every tick.
#[derive(Debug, Clone)]
pub struct Dispatch {
    config: Config,
    ledger: Ledger,
    events: Queue,
    dead_letters: Queue,
    outcomes: Queue,
    workflow: Workflow,
}

impl Dispatch {
    pub fn new(config: Config, clients: Clients) -> Self {
        let queue = |url: &str| Queue::new(clients.sqs.clone(), url.to_owned());
        Self {
            ledger: Ledger::new(clients.dynamodb, config.ledger_table.clone()),
            events: queue(&config.events_queue_url),
            dead_letters: queue(&config.dead_letter_queue_url),
            outcomes: queue(&config.outcomes_queue_url),
            workflow: Workflow::new(clients.sfn),
            config,
        }
    }
}
