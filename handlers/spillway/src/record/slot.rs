//! The slot: the right to have one execution running.

use crate::Millis;
use crate::pace::layout::{Layout, Shard};
use crate::record::row::RowKey;

/// One item of the ledger's partitions of slots. A strongly consistent query of each counts the
/// running executions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The execution that can run.
    pub execution: String,
    /// In which it lies.
    pub layout: Layout,
    /// The lane of its events, if the pipeline had several when it was put. `None` is the first
    /// lane, as in rows and messages.
    pub lane: Option<String>,
    pub taken_at: Millis,
    pub work: Work,
    /// It has its object's turn, which goes on when it is settled.
    pub ordered: bool,
    /// The state machine, or alias, that the attempt was claimed for: a restart goes to the same
    /// one.
    pub state_machine_arn: String,
    /// The start was throttled or its answer lost: it comes first in the next tick.
    pub pending: bool,
    /// The circuit's number when its execution was started; `None` without an adaptive pace.
    pub generation: Option<u32>,
}

/// The rows of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Work {
    /// One object event.
    Row(RowKey),
    /// Several, listed in an item of their own, so that slots stay small: they are read at each
    /// count.
    Batch,
}

impl Slot {
    /// Returns the shard in which it lies.
    pub fn shard(&self) -> Shard {
        self.layout.shard_of(&self.execution)
    }

    /// Returns the row of its one object event; `None` for a batch.
    pub fn row(&self) -> Option<&RowKey> {
        match &self.work {
            Work::Row(row) => Some(row),
            Work::Batch => None,
        }
    }
}
