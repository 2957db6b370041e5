//! One invocation: its request, and its counts.

use aws::clock::Clock;
use serde::Serialize;
use serde_json::Value;
use spillway::Millis;

use crate::Reconcile;
use crate::counts::Counts;
use crate::error::ReconcileError;
use crate::request::Request;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// One invocation.
#[derive(Debug, Clone, Copy)]
pub struct Invocation {
    pub clock: Clock,
    /// When Lambda ends it.
    pub deadline: Millis,
}

/// How an invocation went.
#[derive(Debug)]
pub struct Reconciled {
    pub counts: Counts,
    pub result: Result<Answer, ReconcileError>,
}

/// The answer to the state machine: nothing of a batch of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Progress>,
}

/// How far the ledger was gone over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    pub done: bool,
    /// The place to go on from, unless it is done.
    pub cursor: Option<String>,
}

impl Reconcile {
    /// Serves a request, and adds the counts to the run, also when it fails. Returns the progress.
    pub async fn reconcile(&self, payload: Value, invocation: Invocation) -> Reconciled {
        let began = invocation.clock.now();
        let mut counts = Counts::default();
        let request = match Request::read(payload) {
            Ok(request) => request,
            Err(problem) => {
                let result = Err(problem);
                return Reconciled { counts, result };
            }
        };
        let run = request.run().to_owned();
        let result = match request {
            Request::Rows { run, from } => {
                let progress = self.rows(&run, from, invocation, &mut counts).await;
                let answer = progress.map(|progress| Answer {
                    rows: Some(progress),
                });
                answer.map_err(ReconcileError::from)
            }
            Request::Objects { .. } => {
                let reconciled = self.objects(&request, began, &mut counts).await;
                reconciled.map(|()| Answer::default())
            }
        };
        let retention = i64::from(self.config.retention_days) * SECONDS_PER_DAY;
        let told = self
            .ledger
            .count_for_run(&run, &counts.for_run(), began / 1_000 + retention)
            .await;
        // Not for the run, which has its parts.
        counts.needs_person = counts.orphans + counts.unreadable;
        let took = invocation.clock.now() - began;
        counts.duration_milliseconds = u64::try_from(took).unwrap_or_default();
        let result = result.and_then(|answer| Ok(told.map(|()| answer)?));
        Reconciled { counts, result }
    }
}
