//! Orphans: started rows without their slot. The bound does not count their execution, and the
//! sweep does not look at it. So an end is never found if its status event got lost.
//!
//! A slot goes only after its rows are finished, or when no claim can come any more. So an orphan
//! comes from outside: somebody removed the slot, or a claim took effect later than any call
//! should.

use thiserror::Error;

use crate::Millis;
use crate::execution::name;
use crate::pace::layout::Layout;
use crate::record::batch::Batch;
use crate::record::head::Head;
use crate::record::row::{Row, RowKey};
use crate::record::slot::{Slot, Work};

/// A row's slot is looked for when it was started this long ago.
pub const LOOKED_FOR_AFTER: Millis = 24 * 60 * 60 * 1_000;

/// A row that is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    pub row: Row,
    pub execution: String,
    /// When its attempt was claimed.
    pub at: Millis,
    /// The state machine, or alias, that the attempt was claimed for. `None`: the release before
    /// this one claimed it.
    pub state_machine_arn: Option<String>,
}

/// Why the slot of an orphan cannot be put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unknown {
    #[error("the item that lists the execution's events is gone, or does not list this one")]
    Batch,
    #[error("an earlier release claimed the event and did not record the state machine")]
    StateMachine,
}

impl Started {
    /// Returns whether its slot is looked for.
    pub fn is_old(&self, now: Millis) -> bool {
        now - self.at >= LOOKED_FOR_AFTER
    }

    /// Returns whether its execution has several object events. `pipeline`: the ARN of the ledger.
    pub fn is_of_batch(&self, pipeline: &str) -> bool {
        self.execution != name::of(pipeline, &self.row.event, self.row.attempt)
    }

    /// Returns the slot to put back, given that it is gone. `head`: of its object. `batch`: the
    /// batch of its execution, if it is one of several.
    ///
    /// It is as old as the attempt: an execution that is not found is started again only while Step
    /// Functions cannot have forgotten it ([`crate::rules::sweep::PARK_AFTER`]). The put starts
    /// nothing: the sweep finds the slot and describes the execution, as it does with every old
    /// slot.
    pub fn slot(
        &self,
        pipeline: &str,
        head: &Head,
        batch: Option<&Batch>,
        layout: Layout,
    ) -> Result<Slot, Unknown> {
        let key = RowKey::of(&self.row.event);
        let work = match self.is_of_batch(pipeline) {
            false => Work::Row(key),
            true if batch.is_some_and(|batch| batch.candidates.contains(&key)) => Work::Batch,
            true => return Err(Unknown::Batch),
        };
        let state_machine_arn = self.state_machine_arn.clone();
        Ok(Slot {
            execution: self.execution.clone(),
            layout,
            lane: self.row.lane.clone(),
            taken_at: self.at,
            work,
            // A turn that is another's by now is left alone by settle.
            ordered: head.revision > 0,
            state_machine_arn: state_machine_arn.ok_or(Unknown::StateMachine)?,
            pending: false,
            generation: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::event;
    use crate::record::row::State;

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
                uncounted: 0,
            },
            execution,
            at: 100,
            state_machine_arn: Some("arn:m".into()),
        }
    }

    #[test]
    fn a_slot_is_looked_for_a_day_after_its_attempt_was_claimed() {
        let old = 100 + LOOKED_FOR_AFTER;
        assert!(!started(None).is_old(old - 1));
        assert!(started(None).is_old(old));
    }

    #[test]
    fn the_slot_is_of_the_same_execution_and_as_old_as_the_attempt() {
        let orphan = started(None);
        let mut head = Head::default();
        let slot = orphan.slot(PIPELINE, &head, None, Layout::One).unwrap();
        let row = RowKey::of(&orphan.row.event);
        assert_eq!(slot.execution, orphan.execution);
        assert_eq!((slot.taken_at, slot.ordered), (100, false));
        assert_eq!(slot.work, Work::Row(row));
        assert_eq!(slot.state_machine_arn, "arn:m");
        head.revision = 1;
        assert!(
            orphan
                .slot(PIPELINE, &head, None, Layout::One)
                .unwrap()
                .ordered
        );
    }

    #[test]
    fn nothing_is_put_back_without_its_state_machine() {
        let orphan = Started {
            state_machine_arn: None,
            ..started(None)
        };
        let slot = orphan.slot(PIPELINE, &Head::default(), None, Layout::One);
        assert_eq!(slot, Err(Unknown::StateMachine));
    }

    #[test]
    fn a_batch_needs_its_item() {
        let orphan = started(Some("batch-of-2-x-1"));
        let of = |candidates: Vec<RowKey>| {
            let batch = Batch {
                candidates,
                // It was left out, and settle looks after it all the same.
                members: Some(Vec::new()),
            };
            orphan.slot(PIPELINE, &Head::default(), Some(&batch), Layout::One)
        };
        let key = RowKey::of(&orphan.row.event);
        assert_eq!(of(vec![key]).unwrap().work, Work::Batch);
        assert_eq!(of(Vec::new()), Err(Unknown::Batch));
        let without = orphan.slot(PIPELINE, &Head::default(), None, Layout::One);
        assert_eq!(without, Err(Unknown::Batch));
    }
}
