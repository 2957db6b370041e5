//! `reconcile`: finds lost events. It compares the objects of a bucket with the ledger and queues
//! those that were never seen. It scans the ledger for rows that have not moved for long and
//! requeues them. It puts back slots that rows have lost.
//!
//! Events take the path of every other event: a row, then a message, and `dispatch` claims it or
//! finds it stale. So an event that is found twice, or comes late after all, is processed once.

mod bucket;
pub mod config;
mod counts;
mod error;
mod objects;
mod orphans;
mod reconcile;
mod request;
mod rows;

use aws::clients::Clients;
use aws::error::AwsError;
use aws::ledger::Ledger;
use aws::queue::Queue;
use spillway::message::outgoing::{Asking, Cause, Outgoing};
use spillway::record::row::Row;

pub use bucket::Bucket;
pub use config::Config;
pub use counts::Counts;
pub use error::ReconcileError;
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
        let lanes = config.pipeline.lanes.iter();
        Self {
            ledger: Ledger::new(clients.dynamodb, config.pipeline.ledger_table.clone()),
            bucket,
            lanes: lanes
                .map(|lane| LaneQueue {
                    name: (config.pipeline.lanes.len() > 1).then(|| lane.name.clone()),
                    events: Queue::new(clients.sqs.clone(), lane.queue_url.clone()),
                })
                .collect(),
            config,
        }
    }

    /// Returns the pipeline's name.
    pub fn pipeline(&self) -> &str {
        &self.config.pipeline.name
    }

    /// Returns the message that asks for the attempt after a row's. In a FIFO queue a run asks once
    /// for it: only that it is another run makes it another message.
    fn asking(&self, row: &Row, run: &str) -> Outgoing {
        let asking = Asking {
            event: &row.event,
            attempt: row.attempt + 1,
            lane: row.lane.as_deref(),
            cause: Cause::Run(run),
        };
        asking.message(&self.config.pipeline.ledger_arn)
    }

    /// Returns the index of the lane that a row came by. A lane that is gone, or not named: the
    /// first.
    fn lane(&self, row: &Row) -> usize {
        let name = row.lane.as_deref();
        let named = self
            .lanes
            .iter()
            .position(|lane| lane.name.as_deref() == name);
        named.unwrap_or_default()
    }

    /// Asks for the next attempt of each row, in its lane, and returns how that went for each.
    async fn ask(&self, rows: &[Row], run: &str) -> Vec<Result<(), AwsError>> {
        let mut sent: Vec<Result<(), AwsError>> = rows.iter().map(|_| Ok(())).collect();
        for (index, lane) in self.lanes.iter().enumerate() {
            let of_lane: Vec<usize> = (0..rows.len())
                .filter(|&row| rows.get(row).is_some_and(|row| self.lane(row) == index))
                .collect();
            let asking = of_lane.iter().filter_map(|&row| rows.get(row));
            let messages: Vec<Outgoing> = asking.map(|row| self.asking(row, run)).collect();
            let results = lane.events.send_all(&messages).await;
            for (row, result) in of_lane.into_iter().zip(results) {
                if let Some(sent) = sent.get_mut(row) {
                    *sent = result;
                }
            }
        }
        sent
    }
}
