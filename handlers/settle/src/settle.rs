//! Settling a batch of outcomes.

use futures_util::future::join_all;
use serde::Deserialize;
use spillway::Millis;
use spillway::aws::error::HandlerError;
use spillway::aws::queue::Outgoing;
use spillway::outcome::{self, Outcome, Report, Status};
use spillway::row::State;
use spillway::slot::{Slot, Work};
use tracing::{debug, error, warn};

use crate::Settle;
use crate::counts::Counts;

/// What settle needs of a message in Lambda's SQS event.
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsRecord {
    pub message_id: String,
    pub body: String,
}

/// How a batch went.
#[derive(Debug, Default)]
pub struct Settled {
    pub counts: Counts,
    /// The ids of messages that must come again.
    pub failed: Vec<String>,
}

impl Settle {
    /// Settles every outcome of a batch; one that fails does not hold up the others.
    pub async fn settle(&self, records: &[SqsRecord], now: Millis) -> Settled {
        let mut settled = Settled::default();
        let results = join_all(
            records
                .iter()
                .map(|record| self.settle_message(record, now)),
        )
        .await;
        for (record, result) in records.iter().zip(results) {
            let counts = result.unwrap_or_else(|problem| {
                error!(message_id = record.message_id, "{problem}");
                settled.failed.push(record.message_id.clone());
                Counts {
                    unsettled_outcomes: 1,
                    ..Counts::default()
                }
            });
            settled.counts.add(&counts);
            settled.counts.outcomes += 1;
        }
        settled
    }

    async fn settle_message(
        &self,
        record: &SqsRecord,
        now: Millis,
    ) -> Result<Counts, HandlerError> {
        let mut counts = Counts::default();
        match outcome::parse(&record.body) {
            Ok(Report::Ended(outcome)) => self.settle_outcome(&outcome, now, &mut counts).await?,
            Ok(Report::NotEnded) => counts.stale_outcomes += 1,
            Err(problem) => {
                warn!(message_id = record.message_id, reason = %problem, "an outcome goes to the dead-letter queue");
                self.outcomes_dead_letters
                    .send(&Outgoing {
                        body: record.body.clone(),
                        reason: Some(problem.to_string()),
                        ..Outgoing::default()
                    })
                    .await?;
                counts.malformed_outcomes += 1;
            }
        }
        Ok(counts)
    }

    async fn settle_outcome(
        &self,
        outcome: &Outcome,
        now: Millis,
        counts: &mut Counts,
    ) -> Result<(), HandlerError> {
        if outcome.redrive_count > 0 {
            error!(
                execution = outcome.execution,
                "the execution was redriven, past the pipeline and without a slot: replay the event instead"
            );
            counts.redriven += 1;
        }
        let Some(slot) = self.ledger.slot(&outcome.execution).await? else {
            debug!(execution = outcome.execution, "holds no slot");
            counts.stale_outcomes += 1;
            return Ok(());
        };
        match &slot.work {
            // Its success asks for nothing that only the row tells.
            Work::Row(key) if outcome.status == Status::Succeeded && !self.reports(&slot) => {
                let row = self.finish(key, outcome, State::Succeeded, now).await?;
                counts.add(&row);
            }
            _ => self.settle_items(&slot, outcome, now, counts).await?,
        }
        match (&slot.work, slot.ordered) {
            (Work::Row(key), true) => {
                self.free_turn(&key.pk, &outcome.execution, now, counts)
                    .await?;
            }
            (Work::Row(_), false) => {}
            (Work::Batch, _) => self.ledger.forget_batch(&outcome.execution).await?,
        }
        self.ledger.free_slot(&outcome.execution).await
    }

    async fn settle_items(
        &self,
        slot: &Slot,
        outcome: &Outcome,
        now: Millis,
        counts: &mut Counts,
    ) -> Result<(), HandlerError> {
        let items = self.items(slot, outcome, counts).await?;
        if items.is_empty() {
            // Settled before, up to the slot; or claimed for a later attempt.
            counts.stale_outcomes += 1;
        }
        let settled = join_all(
            items
                .iter()
                .map(|item| self.settle_row(&item.row, &item.outcome, item.settlement, now)),
        )
        .await;
        for row in settled {
            counts.add(&row?);
        }
        Ok(())
    }
}
