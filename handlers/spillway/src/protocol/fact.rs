//! The findings of a tick's machines.

use crate::Millis;
use crate::execution::answer::Refusal;
use crate::rules::attempt::Oddity;

/// Something that happened. Each is counted and logged, and some change the course of the tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The ledger owns the attempt: the message is deleted.
    Stale {
        key: String,
        attempt: u32,
        oddity: Option<Oddity>,
    },
    /// S3 reported a version that was found before: its event uses the row of the found version.
    Adopted {
        key: String,
    },
    /// An item that this release cannot read.
    Unreadable {
        reason: String,
    },
    /// A message goes to the dead-letter queue.
    DeadLettered {
        reason: String,
    },
    /// So many messages and records were not understood.
    Malformed(u32),
    /// A message of several records went on as one message each.
    Split,
    /// A message was hidden, or can be received again at once.
    HandedBack,
    /// A version waits for another execution of its object to end.
    Waiting,
    /// An event waits for its tenant.
    Deferred,
    /// So many versions were passed over because of a newer one.
    Superseded(u32),
    /// A slot that nothing was claimed for was freed.
    Freed,
    /// An execution of several object events was claimed.
    Batched,
    /// A slot taken then can lack its start: the next tick looks after it.
    Suspect(Millis),
    /// The call failed whose answer was told.
    Failed(Scope),

    Started {
        execution: String,
        /// When the oldest of its events happened; `None`: it is no first attempt, or reconcile
        /// found it.
        event_time: Option<Millis>,
    },
    AlreadyStarted,
    Throttled {
        execution: String,
        reason: String,
    },
    /// A start was refused for good: its outcome is reported.
    Refused {
        execution: String,
        refusal: Refusal,
    },
    /// There is no clear answer to a start.
    StartUnclear {
        execution: String,
        reason: String,
    },
    /// No execution can be started, or none of this slot's state machine.
    StartForbidden {
        reason: String,
        scope: Scope,
    },

    /// The sweep described the execution of a slot.
    Swept,
    /// An execution could not be described. It is described again later.
    NotDescribed,
    /// The outcome of an execution that has ended and holds its slot is reported.
    OutcomeFound {
        execution: String,
    },
    /// A slot is too old to be started safely.
    Parked {
        execution: String,
    },
}

/// The scope of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything: nothing more is received, and the tick ends with the failure.
    Tick,
    /// One slot or message: the tick goes on, and ends with its first failure.
    One,
    /// Nothing that matters: it is logged.
    Nothing,
}
