//! Steps: the events that can come next.

use spillway::protocol::CallId;

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
    /// A start that it keeps is made.
    Again(u8),
    /// The lease says which slots the next tick has to look at.
    Checkpoint(u8),
    /// A message is received by a task.
    Receive(u8, u8, Message),
    /// A tenant whose events wait has its turn, by a task.
    Turn(u8, u8),
    /// Nothing more is received for a batch.
    Close(u8, u8),
    /// A call of a task.
    Work(u8, u8, CallId),
    /// Every slot is taken: they are counted again.
    Recount(u8),
    Release(u8),
    /// Settle receives the outcome of an execution.
    TakeOutcome(u8, Execution),
    /// A call of an invocation of settle.
    Settle(u8, CallId),
    /// An execution ends, and one event says so.
    End(Execution, Fate),
    Ingest(Event),
    Redrive(Message),
    /// The owner has slots put in another number of partitions: from the next tick on.
    ChangeLayout,
    Fault(Fault),
}

/// The faults. Each counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    TickDies(u8),
    SettleDies(u8),
    /// A message comes again although it was received, or deleted since.
    Repeat(Message),
    OutcomeLost(Execution, Fate),
    OutcomeRepeated(Execution),
    /// A call of a task goes wrong.
    Work(u8, u8, CallId, Wrong),
    /// The next call for a slot goes wrong.
    LookAfter(u8, Wrong),
    /// A call of settle goes wrong.
    Settle(u8, CallId, Wrong),
    LeaseEnds,
    /// A tick can renew its lease no more.
    RunsOut(u8),
    /// That lease ends.
    RanOut,
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// There is no answer, and the call had no effect.
    Lost,
    /// There is no answer, and the call had its effect.
    Unclear,
    /// The start is throttled.
    Throttled,
    /// DescribeExecution does not know yet of an execution that runs.
    OldAnswer,
}
