//! Steps: what may happen next.

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

/// What may go wrong. Each counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    TickDies(u8),
    SettleDies(u8),
    /// A message comes again although it was received, or deleted since.
    Repeat(Message),
    OutcomeLost(Execution, Fate),
    OutcomeRepeated(Execution),
    /// The next start of a task, or of restart and sweep, is throttled.
    Throttle(u8, Option<u8>),
    /// DescribeExecution does not know yet of an execution that runs.
    OldAnswer(u8),
    LeaseEnds,
}
