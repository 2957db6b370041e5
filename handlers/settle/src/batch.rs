//! The rows an execution worked on, and how it ended for each.

use std::collections::HashSet;

use aws::error::HandlerError;
use spillway::execution;
use spillway::execution::outcome::{Outcome, Status};
use spillway::record::row::{Row, RowKey};
use spillway::record::slot::{Slot, Work};
use spillway::rules::batch::{self, Failures};
use spillway::rules::retry::{Settlement, settlement};
use spillway::rules::sweep::Found;
use tracing::{trace, warn};

use crate::Settle;
use crate::counts::Counts;

/// The error in the row of an item that its execution reported as failed.
const ITEM_FAILED: &str = "BatchItemFailure";
/// The error in the rows of an execution whose report was not understood.
const REPORT: &str = "BatchItemFailures";
/// The error in the row of an item that was claimed for an execution and is not in its input.
const LEFT_OUT: &str = "LeftOut";

/// A row that is still to be settled, and how.
pub(crate) struct Item {
    pub row: Row,
    pub outcome: Outcome,
    pub settlement: Settlement,
}

impl Settle {
    /// The rows that are claimed for the slot's execution, with what its end means for each.
    pub(crate) async fn items(
        &self,
        slot: &Slot,
        outcome: &Outcome,
        counts: &mut Counts,
    ) -> Result<Vec<Item>, HandlerError> {
        let (rows, left_out) = self.rows(slot).await?;
        // A restart can have left out a row that was settled and claimed again since: its id was in the input all the same.
        let given = rows.iter().chain(&left_out);
        let ids: HashSet<String> = given.map(|row| self.id(row)).collect();
        let failures = self.failures(slot, outcome, &ids).await?;
        let mut items = Vec::new();
        for row in rows {
            if !row.is_started_by(&outcome.execution) {
                continue;
            }
            let outcome = match &failures {
                Ok(Failures::None) => outcome.clone(),
                Ok(Failures::Items(failed)) if !failed.contains(&self.id(&row)) => outcome.clone(),
                Ok(Failures::Items(_)) => {
                    counts.batch_items_failed += 1;
                    let execution = &outcome.execution;
                    Outcome::new(execution, Status::Failed, Some(ITEM_FAILED), None)
                }
                Err(failed) => failed.clone(),
            };
            items.push(Item {
                settlement: settlement(outcome.status, row.attempt, &self.config.retry),
                row,
                outcome,
            });
        }
        // Never worked on: its next attempt is its first.
        let left_out = left_out
            .into_iter()
            .filter(|row| row.is_started_by(&outcome.execution));
        items.extend(left_out.map(|row| Item {
            settlement: Settlement::Retry {
                attempt: row.attempt + 1,
                delay_seconds: 0,
            },
            outcome: Outcome::new(&outcome.execution, Status::Aborted, Some(LEFT_OUT), None),
            row,
        }));
        Ok(items)
    }

    fn id(&self, row: &Row) -> String {
        execution::name::id(&self.config.ledger_arn, &row.event)
    }

    /// The rows in the execution's input, and those that were claimed for it and are not in it.
    async fn rows(&self, slot: &Slot) -> Result<(Vec<Row>, Vec<Row>), HandlerError> {
        match &slot.work {
            Work::Row(key) => {
                let row = self.ledger.row(key).await?;
                Ok((row.into_iter().collect(), Vec::new()))
            }
            Work::Batch => {
                // Gone: settled before, up to the slot.
                let Some(batch) = self.ledger.batch(&slot.execution).await? else {
                    return Ok((Vec::new(), Vec::new()));
                };
                let mut found = self.ledger.rows(&batch.candidates).await?;
                let mut take = |keys: &[RowKey]| -> Result<Vec<Row>, HandlerError> {
                    keys.iter().filter_map(|key| found.remove(key)).collect()
                };
                let input = take(&batch.rows())?;
                Ok((input, take(&batch.candidates)?))
            }
        }
    }

    /// Whether a success may name items that failed.
    pub(crate) fn reports(&self, slot: &Slot) -> bool {
        self.config.events_per_execution > 1 || slot.work == Work::Batch
    }

    /// Which items the execution reports as failed. A report that cannot be understood: the outcome that all share.
    async fn failures(
        &self,
        slot: &Slot,
        outcome: &Outcome,
        ids: &HashSet<String>,
    ) -> Result<Result<Failures, Outcome>, HandlerError> {
        if outcome.status != Status::Succeeded || !self.reports(slot) || ids.is_empty() {
            return Ok(Ok(Failures::None));
        }
        let output = match &outcome.output {
            Some(output) => Some(output.clone()),
            None => self.output(slot).await?,
        };
        let failures = batch::failures(output.as_deref(), ids);
        trace!(decision = ?failures, execution = outcome.execution, "items");
        Ok(failures.map_err(|problem| {
            warn!(execution = outcome.execution, "{problem}");
            let cause = problem.to_string();
            Outcome::new(
                &outcome.execution,
                Status::Failed,
                Some(REPORT),
                Some(&cause),
            )
        }))
    }

    /// What an execution returned, when its status event left it out.
    async fn output(&self, slot: &Slot) -> Result<Option<String>, HandlerError> {
        let found = self
            .workflow
            .find(&slot.state_machine_arn, &slot.execution)
            .await?;
        match found {
            Found::Closed(outcome) => Ok(outcome.output),
            // The answer is eventually consistent: the outcome comes again.
            Found::Running | Found::Nothing => Err(HandlerError::Call {
                call: "DescribeExecution",
                reason: "the execution is not closed yet, says an answer that may be old".into(),
            }),
        }
    }
}
