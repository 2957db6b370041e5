//! Settling a batch of outcomes.

use std::collections::BTreeSet;

use aws::error::HandlerError;
use aws::queue::Outgoing;
use futures_util::future::join_all;
use serde::Deserialize;
use spillway::Millis;
use spillway::execution::outcome::{self, Outcome, OutcomeError, Report, Status};
use spillway::record::row::{RowKey, State};
use spillway::record::slot::{Slot, Work};
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

/// A message, understood or not.
type Reported = Result<Report, OutcomeError>;

/// The execution that a report tells the end of.
fn execution(report: &Reported) -> Option<&str> {
    match report {
        Ok(Report::Ended(outcome)) => Some(&outcome.execution),
        _ => None,
    }
}

/// What became of an outcome.
#[derive(Default)]
struct Done {
    counts: Counts,
    /// The execution whose slot is to be freed, which is the last step.
    free: Option<String>,
}

impl Settle {
    /// Settles every outcome of a batch; one that fails does not hold up the others. Slots are read and freed, and
    /// successes are written, in calls that they share.
    pub async fn settle(&self, records: &[SqsRecord], now: Millis) -> Settled {
        let reports: Vec<_> = records
            .iter()
            .map(|record| outcome::parse(&record.body))
            .collect();
        let slots = self.slots(&reports).await;
        let successes = self.finish_successes(&reports, &slots, now).await;
        let done = records.iter().zip(&reports).zip(&slots).zip(successes).map(
            |(((record, report), slot), success)| async move {
                let slot = slot.as_ref().map_err(Clone::clone)?.as_ref();
                self.settle_report(record, report, slot, success, now).await
            },
        );
        let done = self.free(join_all(done).await).await;
        let mut settled = Settled::default();
        for (record, done) in records.iter().zip(done) {
            let counts = done.unwrap_or_else(|problem| {
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

    /// The slot of each report's execution; `None`: it holds none, or nothing ended.
    async fn slots(&self, reports: &[Reported]) -> Vec<Result<Option<Slot>, HandlerError>> {
        let names: BTreeSet<&str> = reports.iter().filter_map(execution).collect();
        let slots = self.ledger.slots_of(&names).await;
        let slot = |report| match (&slots, execution(report)) {
            (_, None) => Ok(None),
            (Ok(slots), Some(name)) => slots.get(name).cloned().transpose(),
            (Err(problem), Some(_)) => Err(problem.clone()),
        };
        reports.iter().map(slot).collect()
    }

    /// Writes those successes that ask for nothing that only the row tells.
    async fn finish_successes(
        &self,
        reports: &[Reported],
        slots: &[Result<Option<Slot>, HandlerError>],
        now: Millis,
    ) -> Vec<Option<Result<Counts, HandlerError>>> {
        let rows: Vec<_> = reports
            .iter()
            .zip(slots)
            .map(|pair| match pair {
                (Ok(Report::Ended(outcome)), Ok(Some(slot))) => {
                    let plain = outcome.status == Status::Succeeded && !self.reports(slot);
                    let at = slot.row().filter(|_| plain)?;
                    Some((at.clone(), outcome, State::Succeeded))
                }
                _ => None,
            })
            .collect();
        let plain: Vec<bool> = rows.iter().map(Option::is_some).collect();
        let rows: Vec<_> = rows.into_iter().flatten().collect();
        let mut finished = self.finish(&rows, now).await.into_iter();
        let finished = plain.iter().map(|plain| plain.then(|| finished.next()));
        finished.map(Option::flatten).collect()
    }

    async fn settle_report(
        &self,
        record: &SqsRecord,
        report: &Reported,
        slot: Option<&Slot>,
        success: Option<Result<Counts, HandlerError>>,
        now: Millis,
    ) -> Result<Done, HandlerError> {
        let mut done = Done::default();
        match report {
            Ok(Report::Ended(outcome)) => {
                if let Some(success) = success {
                    done.counts.add(&success?);
                } else if let Some(slot) = slot {
                    self.settle_items(slot, outcome, now, &mut done.counts)
                        .await?;
                }
                self.after_rows(outcome, slot, now, &mut done).await?;
            }
            Ok(Report::NotEnded) => done.counts.stale_outcomes += 1,
            Err(problem) => {
                warn!(message_id = record.message_id, reason = %problem, "an outcome goes to the dead-letter queue");
                self.outcomes_dead_letters
                    .send(&Outgoing {
                        body: record.body.clone(),
                        reason: Some(problem.to_string()),
                        ..Outgoing::default()
                    })
                    .await?;
                done.counts.malformed_outcomes += 1;
            }
        }
        Ok(done)
    }

    /// What is left to do for an outcome whose rows are settled.
    async fn after_rows(
        &self,
        outcome: &Outcome,
        slot: Option<&Slot>,
        now: Millis,
        done: &mut Done,
    ) -> Result<(), HandlerError> {
        if outcome.redrive_count > 0 {
            error!(
                execution = outcome.execution,
                "the execution was redriven, past the pipeline and without a slot: replay the event instead"
            );
            done.counts.redriven += 1;
        }
        let Some(slot) = slot else {
            debug!(execution = outcome.execution, "holds no slot");
            done.counts.stale_outcomes += 1;
            return Ok(());
        };
        match (&slot.work, slot.ordered) {
            (Work::Row(key), true) => {
                self.free_turn(&key.pk, &outcome.execution, now, &mut done.counts)
                    .await?;
            }
            (Work::Row(_), false) => {}
            (Work::Batch, _) => self.ledger.forget_batch(&outcome.execution).await?,
        }
        done.free = Some(outcome.execution.clone());
        Ok(())
    }

    /// Frees the slots of all that came so far.
    async fn free(
        &self,
        done: Vec<Result<Done, HandlerError>>,
    ) -> Vec<Result<Counts, HandlerError>> {
        let free = |done: &Result<Done, HandlerError>| done.as_ref().ok()?.free.clone();
        let executions: Vec<String> = done.iter().filter_map(free).collect();
        let executions = executions.iter().map(String::as_str).collect();
        let mut freed = self.ledger.free_slots(executions).await.into_iter();
        let counts = done.into_iter().map(|done| {
            let Done { counts, free } = done?;
            match free.and_then(|_| freed.next()) {
                Some(freed) => freed.map(|()| counts),
                None => Ok(counts),
            }
        });
        counts.collect()
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
        let passed_on = items
            .iter()
            .map(|item| self.pass_on(&item.row, &item.outcome, item.settlement));
        let mut failure = Ok(());
        let mut rows = Vec::new();
        for (item, state) in items.iter().zip(join_all(passed_on).await) {
            match state {
                Ok(state) => rows.push((RowKey::of(&item.row.event), &item.outcome, state)),
                Err(problem) => failure = Err(problem),
            }
        }
        for row in self.finish(&rows, now).await {
            counts.add(&row?);
        }
        failure
    }
}
