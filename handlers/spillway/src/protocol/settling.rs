//! Settling an outcome, in this order: the message for the next attempt, the row, the turn of the
//! object, the slot. So every crash leaves work to do again, and none is lost. While the slot is
//! there the outcome is not settled, and doing it again does no harm.

use super::call::{Answer, Call, Item};
use super::ended::Ended;
use super::execution_rows::{Rows, Terms};
use super::passing::{Passed, Passing};
use super::settled_row::SettledRow;
use super::{CallId, Machine, ONLY};
use crate::execution::answer::Described;
use crate::execution::outcome::{Outcome, Status};
use crate::pace::adapt::Adapt;
use crate::pace::adapt::health::Health;
use crate::pace::layout::Layout;
use crate::record::batch::Batch;
use crate::record::row::{Row, State};
use crate::record::slot::{Slot, Work};
use crate::rules::report::{Failures, failures};

/// The error in the rows of an execution whose report was not understood.
const REPORT: &str = "BatchItemFailures";

/// An outcome that is being settled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Settling {
    outcome: Outcome,
    /// By which its slot lies.
    layout: Layout,
    /// At which generation of the circuit the execution was started, as its slot says.
    generation: Option<u32>,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    ReadSlot,
    /// Writes a success that asks for nothing that only the row tells.
    Finish(Slot),
    ReadRow(Slot),
    ReadBatch(Slot),
    ReadRows {
        slot: Slot,
        batch: Batch,
    },
    /// Asks for the execution's output, since its status event left it out.
    Describe {
        slot: Slot,
        rows: Rows,
    },
    Rows {
        slot: Slot,
        rows: Vec<SettledRow>,
    },
    PassTurn {
        slot: Slot,
        passing: Box<Passing>,
    },
    ForgetBatch,
    FreeSlot,
    Done,
    Failed,
}

impl Settling {
    pub fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            layout: Layout::default(),
            generation: None,
            at: At::ReadSlot,
        }
    }

    /// Returns whether it did not come to its end: the outcome must come again.
    pub fn has_failed(&self) -> bool {
        self.at == At::Failed
    }

    /// Returns a settled end's answer about the target, if it has one.
    pub fn health(&self, adapt: &Adapt) -> Option<Health> {
        let generation = self.generation.filter(|_| self.at == At::Done)?;
        let (succeeded, failed) = match self.outcome.status {
            Status::Succeeded => (1, 0),
            _ if adapt.is_failure(self.outcome.error_name()) => (0, 1),
            _ => return None,
        };
        Some(Health {
            generation,
            succeeded,
            failed,
        })
    }

    fn done(&self, facts: &mut Vec<Ended>) -> At {
        if self.outcome.redrive_count > 0 {
            let execution = self.outcome.execution.clone();
            facts.push(Ended::Redriven { execution });
        }
        At::Done
    }

    fn fail(&self, facts: &mut Vec<Ended>) -> At {
        facts.push(Ended::Failed);
        At::Failed
    }

    fn unreadable(&self, reason: String, facts: &mut Vec<Ended>) -> At {
        facts.push(Ended::Unreadable { reason });
        self.fail(facts)
    }

    fn slot_read(&mut self, slot: Option<Slot>, terms: &Terms<'_>, facts: &mut Vec<Ended>) -> At {
        let Some(slot) = slot else {
            facts.push(Ended::Stale);
            return self.done(facts);
        };
        self.layout = slot.layout;
        self.generation = slot.generation;
        facts.push(Ended::Held {
            taken_at: slot.taken_at,
        });
        match &slot.work {
            Work::Batch => At::ReadBatch(slot),
            Work::Row(_) if self.outcome.status == Status::Succeeded && !terms.reports => {
                At::Finish(slot)
            }
            Work::Row(_) => At::ReadRow(slot),
        }
    }

    /// The rows of a batch, by whether they are in the input.
    fn rows_read(
        &self,
        slot: Slot,
        batch: &Batch,
        items: Vec<Item<Row>>,
        terms: &Terms<'_>,
        facts: &mut Vec<Ended>,
    ) -> At {
        match Rows::of(batch, items) {
            Ok(rows) => self.known(slot, rows, terms, facts),
            Err(reason) => self.unreadable(reason, facts),
        }
    }

    /// It is known which rows it had.
    fn known(&self, slot: Slot, rows: Rows, terms: &Terms<'_>, facts: &mut Vec<Ended>) -> At {
        let reports = terms.reports || slot.work == Work::Batch;
        if self.outcome.status != Status::Succeeded || !reports || rows.is_empty() {
            return self.settle(slot, rows, Ok(Failures::None), terms, facts);
        }
        match &self.outcome.output {
            Some(output) => {
                let output = output.clone();
                self.reported(slot, rows, Some(&output), terms, facts)
            }
            None => At::Describe { slot, rows },
        }
    }

    /// Goes on with the execution's output. A report that cannot be understood is an outcome that
    /// all events share.
    fn reported(
        &self,
        slot: Slot,
        rows: Rows,
        output: Option<&str>,
        terms: &Terms<'_>,
        facts: &mut Vec<Ended>,
    ) -> At {
        let ids = rows.ids(&terms.pipeline.arn);
        let execution = &self.outcome.execution;
        let failures = failures(output, &ids).map_err(|problem| {
            let reason = problem.to_string();
            let outcome = Outcome::new(execution, Status::Failed, Some(REPORT), Some(&reason));
            facts.push(Ended::ReportNotUnderstood {
                execution: execution.clone(),
                reason,
            });
            outcome
        });
        self.settle(slot, rows, failures, terms, facts)
    }

    /// Settles each row that is claimed for the execution.
    fn settle(
        &self,
        slot: Slot,
        rows: Rows,
        failures: Result<Failures, Outcome>,
        terms: &Terms<'_>,
        facts: &mut Vec<Ended>,
    ) -> At {
        let settled = rows.settled(&self.outcome, &failures, terms);
        if settled.is_empty() {
            // Settled before, up to the slot; or claimed for a later attempt.
            facts.push(Ended::Stale);
            return self.after_rows(slot);
        }
        At::Rows {
            slot,
            rows: settled,
        }
    }

    fn after_rows(&self, slot: Slot) -> At {
        match (&slot.work, slot.ordered) {
            (Work::Row(row), true) => {
                let passing = Passing::new(row.pk.clone(), self.outcome.execution.clone());
                At::PassTurn {
                    slot,
                    passing: Box::new(passing),
                }
            }
            (Work::Row(_), false) => At::FreeSlot,
            (Work::Batch, _) => At::ForgetBatch,
        }
    }

    fn row_answered(
        &self,
        slot: Slot,
        mut rows: Vec<SettledRow>,
        id: CallId,
        answer: Answer,
        facts: &mut Vec<Ended>,
    ) -> At {
        if let Some(row) = rows.get_mut(usize::from(id)) {
            row.answered(&answer, facts);
        }
        if let Answer::Unreadable(reason) = answer {
            facts.push(Ended::Unreadable { reason });
        }
        if rows.iter().any(SettledRow::is_under_way) {
            return At::Rows { slot, rows };
        }
        if rows.iter().any(SettledRow::has_failed) {
            At::Failed
        } else {
            self.after_rows(slot)
        }
    }

    fn passed(
        &self,
        slot: Slot,
        mut passing: Box<Passing>,
        answer: Answer,
        terms: &Terms<'_>,
        facts: &mut Vec<Ended>,
    ) -> At {
        match passing.answered(answer, terms.pipeline, facts) {
            None => At::PassTurn { slot, passing },
            Some(Passed::Done) => At::FreeSlot,
            Some(Passed::Failed) => self.fail(facts),
            Some(Passed::Crowded) => {
                facts.push(Ended::Crowded);
                self.fail(facts)
            }
        }
    }
}

impl Machine for Settling {
    type Terms<'a> = Terms<'a>;
    type Fact = Ended;

    fn outstanding(&self) -> impl Iterator<Item = CallId> {
        let rows: &[SettledRow] = match &self.at {
            At::Rows { rows, .. } => rows,
            _ => &[],
        };
        let only = !matches!(self.at, At::Rows { .. } | At::Done | At::Failed);
        let calls = |(index, row): (usize, &SettledRow)| {
            row.is_under_way().then(|| CallId::try_from(index).ok())?
        };
        let rows = rows.iter().enumerate().filter_map(calls);
        only.then_some(ONLY).into_iter().chain(rows)
    }

    fn call(&self, id: CallId, terms: &Terms<'_>) -> Option<Call> {
        let execution = || self.outcome.execution.clone();
        match &self.at {
            At::ReadSlot => Some(Call::ReadSlot(execution())),
            At::Finish(slot) => Some(Call::Finish {
                row: slot.row()?.clone(),
                state: State::Succeeded,
                outcome: self.outcome.without_output(),
                uncounted: 0,
            }),
            At::ReadRow(slot) => Some(Call::ReadRows(slot.row().cloned().into_iter().collect())),
            At::ReadBatch(_) => Some(Call::ReadBatch(execution())),
            At::ReadRows { batch, .. } => Some(Call::ReadRows(batch.candidates.clone())),
            At::Describe { slot, .. } => Some(Call::Describe {
                state_machine_arn: slot.state_machine_arn.clone(),
                execution: execution(),
            }),
            At::Rows { rows, .. } => rows.get(usize::from(id))?.call(terms.pipeline),
            At::PassTurn { passing, .. } => passing.call(terms.pipeline),
            At::ForgetBatch => Some(Call::ForgetBatch(execution())),
            At::FreeSlot => Some(Call::FreeSlot {
                execution: execution(),
                layout: self.layout,
            }),
            At::Done | At::Failed => None,
        }
    }

    fn answered(&mut self, id: CallId, answer: Answer, terms: &Terms<'_>, facts: &mut Vec<Ended>) {
        self.at = match (std::mem::replace(&mut self.at, At::Done), answer) {
            (At::Rows { slot, rows }, answer) => self.row_answered(slot, rows, id, answer, facts),
            (_, Answer::Unreadable(reason)) => self.unreadable(reason, facts),
            (At::ReadSlot, Answer::Slot(slot)) => self.slot_read(slot, terms, facts),
            (At::Finish(slot), Answer::Written(written)) => {
                facts.push(SettledRow::fact(State::Succeeded, &written));
                self.after_rows(slot)
            }
            (At::ReadRow(slot), Answer::Rows(rows)) => {
                let batch = Batch {
                    candidates: Vec::new(),
                    members: None,
                };
                self.rows_read(slot, &batch, rows, terms, facts)
            }
            (At::ReadBatch(slot), Answer::Batch(Some(batch))) => At::ReadRows { slot, batch },
            // Gone: settled before, up to the slot.
            (At::ReadBatch(_), Answer::Batch(None)) => {
                facts.push(Ended::Stale);
                At::ForgetBatch
            }
            (At::ReadRows { slot, batch }, Answer::Rows(rows)) => {
                self.rows_read(slot, &batch, rows, terms, facts)
            }
            (At::Describe { slot, rows }, Answer::Described(Described::Closed(outcome))) => {
                self.reported(slot, rows, outcome.output.as_deref(), terms, facts)
            }
            (At::PassTurn { slot, passing }, answer) => {
                self.passed(slot, passing, answer, terms, facts)
            }
            (At::ForgetBatch, Answer::Done) => At::FreeSlot,
            (At::FreeSlot, Answer::Done) => self.done(facts),
            (At::Describe { .. }, Answer::Described(_)) => {
                facts.push(Ended::NotClosed);
                self.fail(facts)
            }
            _ => self.fail(facts),
        };
    }
}

#[cfg(test)]
mod tests;
