//! The slot: the right to have one execution running.

use crate::Millis;
use crate::row::RowKey;

/// One item of the ledger's `slots` partition. A strongly consistent query of that partition counts the running
/// executions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The execution that may run.
    pub execution: String,
    pub taken_at: Millis,
    /// The event row the execution works on.
    pub row: RowKey,
    /// The state machine, or alias, that the attempt was claimed for: a restart goes to the same one.
    pub state_machine_arn: String,
    /// The start was throttled or its answer lost: it comes first in the next tick.
    pub pending: bool,
}
