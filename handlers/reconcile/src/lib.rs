//! `reconcile`: looks for what got lost. It compares the objects of a bucket with the ledger and queues those that were
//! never seen, and it goes over the ledger for rows that nothing moves any more and sends for them again.
//!
//! Both go the way of every other event: a row, then a message, and `dispatch` claims it or finds it stale. So whatever is
//! found twice, or comes late after all, is worked on once.

mod bucket;
pub mod config;
mod counts;
mod objects;
mod reconcile;
mod request;
mod rows;

use aws::clients::Clients;
use aws::error::HandlerError;
use aws::ledger::Ledger;
use aws::queue::{Outgoing, Queue};
use spillway::message::{self, fifo};
use spillway::record::row::Row;

pub use bucket::Bucket;
pub use config::Config;
pub use counts::Counts;
pub use reconcile::{Answer, Invocation, Reconciled};

/// The handler's state: built once, used by every invocation.
#[derive(Debug, Clone)]
pub struct Reconcile {
    config: Config,
    ledger: Ledger,
    bucket: Bucket,
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

impl Reconcile {
    pub fn new(config: Config, clients: Clients, bucket: Bucket) -> Self {
        let lanes = config.lanes.iter();
        Self {
            ledger: Ledger::new(clients.dynamodb, config.ledger_table.clone()),
            bucket,
            lanes: lanes
                .map(|lane| LaneQueue {
                    name: (config.lanes.len() > 1).then(|| lane.name.clone()),
                    events: Queue::new(clients.sqs.clone(), lane.queue_url.clone()),
                })
                .collect(),
            config,
        }
    }

    /// The message that asks for the attempt after a row's. In a FIFO queue a run asks once for it: only that it is
    /// another run makes it another message.
    fn asking(&self, row: &Row, run: &str) -> Outgoing {
        let attempt = row.attempt + 1;
        let cause = format!("reconcile {run}");
        let pipeline = &self.config.ledger_arn;
        Outgoing {
            body: message::encode(&row.event),
            attempt: Some(attempt.to_string()),
            lane: row.lane.clone(),
            fifo: Some(fifo::of(pipeline, &row.event, attempt, Some(&cause))),
            ..Outgoing::default()
        }
    }

    /// The place of the lane that a row came by. A lane that is gone, or not named: the first.
    fn lane(&self, row: &Row) -> usize {
        let name = row.lane.as_deref();
        let named = self
            .lanes
            .iter()
            .position(|lane| lane.name.as_deref() == name);
        named.unwrap_or_default()
    }

    /// Sends for each row, in its lane. How that went for each lane: if it failed, some of its rows may be sent for.
    async fn send(&self, rows: &[Row], run: &str) -> Vec<Result<(), HandlerError>> {
        let mut sent = Vec::new();
        for (place, lane) in self.lanes.iter().enumerate() {
            let messages: Vec<Outgoing> = rows
                .iter()
                .filter(|row| self.lane(row) == place)
                .map(|row| self.asking(row, run))
                .collect();
            sent.push(lane.events.send_all(&messages).await);
        }
        sent
    }
}
