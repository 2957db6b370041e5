//! The rows of an execution that has ended, and the settlement of each.

use std::collections::HashSet;

use super::call::Item;
use super::settled_row::SettledRow;
use super::terms::Pipeline;
use crate::execution::name;
use crate::execution::outcome::{Outcome, Status};
use crate::pace::adapt::Adapt;
use crate::record::batch::Batch;
use crate::record::row::{Row, Tried};
use crate::rules::report::Failures;
use crate::rules::retry::{RetryPolicy, Settlement, settlement};

/// The error in the row of an event that its execution reported as failed.
const EVENT_FAILED: &str = "BatchItemFailure";
/// The error in the row of an event that was claimed for an execution and is not in its input.
const LEFT_OUT: &str = "LeftOut";

/// The settings for outcomes.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    pub pipeline: &'a Pipeline,
    pub retry: &'a RetryPolicy,
    /// Executions have several events each, and can report which of them failed.
    pub reports: bool,
    /// The errors by which the target says that it takes no more; `None` without an adaptive pace.
    pub adapt: Option<&'a Adapt>,
}

/// The rows of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rows {
    /// Those of its input.
    given: Vec<Row>,
    /// Those that were claimed for it and are not in its input.
    left_out: Vec<Row>,
}

impl Rows {
    /// Sorts the rows of a batch by whether they are in the input. `Err`: one cannot be read.
    pub fn of(batch: &Batch, items: Vec<Item<Row>>) -> Result<Self, String> {
        let (mut given, mut left_out) = (Vec::new(), Vec::new());
        for (index, item) in items.into_iter().enumerate() {
            let members = batch.members.as_ref();
            let rows = match members.is_none_or(|members| members.contains(&index)) {
                true => &mut given,
                false => &mut left_out,
            };
            rows.extend(item?);
        }
        Ok(Self { given, left_out })
    }

    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.left_out.is_empty()
    }

    /// Returns the ids that the execution can report. A restart can have left out a row that was
    /// settled and claimed again since: its id was in the input all the same.
    pub fn ids(&self, pipeline: &str) -> HashSet<String> {
        let rows = self.given.iter().chain(&self.left_out);
        rows.map(|row| name::id(pipeline, &row.event)).collect()
    }

    /// Returns the settlement of each row that is claimed for the execution.
    pub fn settled(
        self,
        outcome: &Outcome,
        failures: &Result<Failures, Outcome>,
        terms: &Terms<'_>,
    ) -> Vec<SettledRow> {
        let execution = outcome.execution.as_str();
        let mut settled = Vec::new();
        for row in self.given {
            if !row.is_started_by(execution) {
                continue;
            }
            let id = || name::id(&terms.pipeline.arn, &row.event);
            let reported =
                matches!(failures, Ok(Failures::Items(failed)) if failed.contains(&id()));
            let own = match failures {
                Ok(_) if reported => {
                    Outcome::new(execution, Status::Failed, Some(EVENT_FAILED), None)
                }
                Ok(_) => outcome.without_output(),
                Err(failed) => failed.clone(),
            };
            // Only the execution's own end says something of the target.
            let is_own = failures.is_ok() && !reported;
            let adapt = terms
                .adapt
                .filter(|adapt| is_own && adapt.is_failure(own.error_name()));
            let uncounted_max = adapt.map(|adapt| adapt.uncounted_max);
            let settlement = settlement(own.status, Tried::of(&row), uncounted_max, terms.retry);
            settled.push(SettledRow::new(row, own, settlement, reported));
        }
        // Never processed: its next attempt is its first.
        for row in self.left_out {
            if row.is_started_by(execution) {
                let settlement = Settlement::Retry {
                    attempt: row.attempt + 1,
                    delay_seconds: 0,
                    uncounted: row.uncounted,
                };
                let outcome = Outcome::new(execution, Status::Aborted, Some(LEFT_OUT), None);
                settled.push(SettledRow::new(row, outcome, settlement, false));
            }
        }
        settled
    }
}
