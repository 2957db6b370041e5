//! Settling a batch of outcomes.

use futures_util::future::join_all;
use serde::Deserialize;
use spillway::Millis;
use spillway::aws::error::HandlerError;
use spillway::aws::ledger::{Finish, Written};
use spillway::aws::queue::Outgoing;
use spillway::message;
use spillway::outcome::{self, Outcome, Report, Settlement, settlement};
use spillway::row::{Row, RowKey, State};
use tracing::{debug, error, info, warn};

use crate::Settle;
use crate::counts::Counts;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

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
        match self.ledger.row(&slot.row).await? {
            Some(row) if row.is_started_by(&outcome.execution) => {
                self.settle_row(&row, outcome, now, counts).await?;
            }
            // Settled before, up to the slot; or claimed for a later attempt.
            _ => counts.stale_outcomes += 1,
        }
        self.ledger.free_slot(&outcome.execution).await
    }

    /// The message first, then the row.
    async fn settle_row(
        &self,
        row: &Row,
        outcome: &Outcome,
        now: Millis,
        counts: &mut Counts,
    ) -> Result<(), HandlerError> {
        let retention = i64::from(self.config.retention_days) * SECONDS_PER_DAY;
        let settlement = settlement(outcome.status, row.attempt, &self.config.retry);
        let state = match settlement {
            Settlement::Succeeded => State::Succeeded,
            Settlement::Retry {
                attempt,
                delay_seconds,
            } => {
                let delayed = Outgoing {
                    delay_seconds,
                    ..next_attempt(row, attempt)
                };
                self.events.send(&delayed).await?;
                info!(
                    execution = outcome.execution,
                    status = outcome.status.as_str(),
                    error = outcome.error,
                    delay_seconds,
                    "to be retried"
                );
                State::Retry
            }
            Settlement::Dead { attempt } => {
                error!(
                    execution = outcome.execution,
                    status = outcome.status.as_str(),
                    error = outcome.error,
                    "to the dead-letter queue"
                );
                let dead = Outgoing {
                    reason: Some(outcome.reason()),
                    execution: Some(outcome.execution.clone()),
                    ..next_attempt(row, attempt)
                };
                self.dead_letters.send(&dead).await?;
                State::Dead
            }
        };
        let finish = Finish {
            state,
            outcome,
            now,
            expires_at: state.is_finished().then_some(now / 1_000 + retention),
        };
        match self.ledger.finish(&RowKey::of(&row.event), finish).await? {
            Written::Done => match state {
                State::Succeeded => counts.succeeded += 1,
                State::Retry => counts.retried += 1,
                _ => counts.dead += 1,
            },
            // The same outcome, delivered twice and settled by the other one.
            Written::Lost(_) => counts.stale_outcomes += 1,
        }
        Ok(())
    }
}

/// The message that asks for a row's next attempt.
fn next_attempt(row: &Row, attempt: u32) -> Outgoing {
    Outgoing {
        body: message::encode(&row.event),
        attempt: Some(attempt.to_string()),
        ..Outgoing::default()
    }
}
