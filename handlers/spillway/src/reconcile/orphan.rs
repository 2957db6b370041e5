//! Orphans: rows that are started and whose slot is gone. The bound does not count their execution, and the sweep does not
//! look at it, so an end whose status event got lost is never found.
//!
//! A slot goes only after its rows are finished, or when no claim can come any more. So an orphan comes from outside:
//! somebody removed the slot, or a claim took effect later than any call should.

use thiserror::Error;

use crate::Millis;
use crate::execution::name;
use crate::record::batch::Batch;
use crate::record::head::Head;
use crate::record::row::{Row, RowKey, State};
use crate::record::slot::{Slot, Work};
use crate::rules::sweep::PARK_AFTER;

/// A row is looked at when it was started this long ago.
pub const LOOKED_AT_AFTER: Millis = 24 * 60 * 60 * 1_000;

/// A row that is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    pub row: Row,
    pub execution: String,
    /// When its attempt was claimed.
    pub at: Millis,
    /// The state machine, or alias, that the attempt was claimed for.
    pub state_machine_arn: String,
}

/// Why the slot of an orphan is not put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Lost {
    #[error(
        "it was started so long ago that Step Functions may have forgotten its execution, whose name could then be started twice"
    )]
    TooOld,
    #[error(
        "it is claimed for a batch, and the item that lists the batch is gone or does not name it"
    )]
    NoBatch,
}

impl Started {
    /// Whether it was started so long ago that its slot is looked for.
    pub fn is_due(&self, now: Millis) -> bool {
        self.row.state == State::Started && now - self.at >= LOOKED_AT_AFTER
    }

    /// Whether its execution works on several object events. `pipeline`: the ARN of the ledger.
    pub fn is_of_batch(&self, pipeline: &str) -> bool {
        self.execution != name::of(pipeline, &self.row.event, self.row.attempt)
    }

    /// Returns the slot to put back, given that it is gone. `head`: of its object. `batch`: the batch of its execution, if
    /// it is one of several.
    ///
    /// It is as old as the attempt, since its age says whether Step Functions can have forgotten the execution. Nothing is
    /// started by that: the sweep finds the slot and describes the execution, as it does with every old slot.
    pub fn slot(
        &self,
        pipeline: &str,
        head: &Head,
        batch: Option<&Batch>,
        now: Millis,
    ) -> Result<Slot, Lost> {
        if now - self.at >= PARK_AFTER {
            return Err(Lost::TooOld);
        }
        let key = RowKey::of(&self.row.event);
        let work = match self.is_of_batch(pipeline) {
            false => Work::Row(key),
            true if batch.is_some_and(|batch| batch.rows().contains(&key)) => Work::Batch,
            true => return Err(Lost::NoBatch),
        };
        Ok(Slot {
            execution: self.execution.clone(),
            taken_at: self.at,
            work,
            ordered: head.running.as_deref() == Some(self.execution.as_str()),
            state_machine_arn: self.state_machine_arn.clone(),
            pending: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::event;

    const PIPELINE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/device-status-ledger";

    fn started(execution: Option<&str>) -> Started {
        let event = event("k", "1");
        let own = name::of(PIPELINE, &event, 2);
        let execution = execution.map_or(own, str::to_owned);
        Started {
            row: Row {
                event,
                state: State::Started,
                attempt: 2,
                execution: Some(execution.clone()),
                lane: None,
            },
            execution,
            at: 100,
            state_machine_arn: "arn:m".into(),
        }
    }

    #[test]
    fn a_row_is_looked_at_a_day_after_it_was_started() {
        let due = 100 + LOOKED_AT_AFTER;
        assert!(!started(None).is_due(due - 1));
        assert!(started(None).is_due(due));
        let mut ended = started(None);
        ended.row.state = State::Retry;
        assert!(!ended.is_due(due));
    }

    #[test]
    fn the_slot_is_of_the_same_execution_and_as_old_as_the_attempt() {
        let orphan = started(None);
        let mut head = Head::default();
        let slot = orphan.slot(PIPELINE, &head, None, 200).unwrap();
        let row = RowKey::of(&orphan.row.event);
        assert_eq!(slot.execution, orphan.execution);
        assert_eq!((slot.taken_at, slot.ordered), (100, false));
        assert_eq!(slot.work, Work::Row(row));
        assert_eq!(slot.state_machine_arn, "arn:m");
        head.running = Some("another".into());
        assert!(!orphan.slot(PIPELINE, &head, None, 200).unwrap().ordered);
        head.running = Some(orphan.execution.clone());
        assert!(orphan.slot(PIPELINE, &head, None, 200).unwrap().ordered);
    }

    #[test]
    fn what_could_be_started_twice_is_only_reported() {
        let slot = |now| started(None).slot(PIPELINE, &Head::default(), None, now);
        assert!(slot(99 + PARK_AFTER).is_ok());
        assert_eq!(slot(100 + PARK_AFTER), Err(Lost::TooOld));
    }

    #[test]
    fn a_batch_needs_its_item() {
        let orphan = started(Some("batch-of-2-x-1"));
        let of = |candidates: Vec<RowKey>| {
            let batch = Batch {
                candidates,
                members: None,
            };
            orphan.slot(PIPELINE, &Head::default(), Some(&batch), 200)
        };
        let key = RowKey::of(&orphan.row.event);
        assert_eq!(of(vec![key]).unwrap().work, Work::Batch);
        assert_eq!(of(Vec::new()), Err(Lost::NoBatch));
        let without = orphan.slot(PIPELINE, &Head::default(), None, 200);
        assert_eq!(without, Err(Lost::NoBatch));
    }
}
