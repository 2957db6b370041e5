//! Steps: what may happen next.

use super::faults::Fault;
use crate::world::{Event, Execution, Fate, Message};

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A tick begins: it takes the lease. The slots there are are old by now, or not.
    Begin {
        tick: u8,
        old: bool,
    },
    /// Its next call for a slot, or the count of the slots.
    LookAfter(u8),
    /// A message is received by a task.
    Receive(u8, u8, Message),
    /// Nothing more is received for a batch.
    Close(u8, u8),
    /// A task's next call.
    Work(u8, u8),
    /// Every slot is taken: they are counted again.
    Recount(u8),
    Release(u8),
    /// Settle receives the outcome of an execution.
    TakeOutcome(u8, Execution),
    Settle(u8),
    /// An execution ends, and one event says so.
    End(Execution, Fate),
    Ingest(Event),
    Redrive(Message),
    Fault(Fault),
}
