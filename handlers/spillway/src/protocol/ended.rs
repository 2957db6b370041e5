//! The findings of a settlement.

use crate::Millis;
use crate::execution::outcome::Outcome;

/// Something that happened. Each is counted and logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The slot of its execution was put then.
    Held {
        taken_at: Millis,
    },
    /// An attempt ended because the target takes no more, and does not count.
    Uncounted,
    Succeeded,
    /// The next attempt was asked for, and the row says so.
    Retried,
    /// The event went to the dead-letter queue, and its row says so.
    Dead,
    /// The message for the next attempt was sent.
    RetrySent {
        outcome: Outcome,
        delay_seconds: u32,
    },
    /// The dead letter of the event was sent.
    DeadSent {
        outcome: Outcome,
    },
    /// The execution reported one of its object events as failed.
    EventFailed,
    /// The report of an execution was not understood: all of its events count as failed.
    ReportNotUnderstood {
        execution: String,
        reason: String,
    },
    /// So many versions were passed over because of a newer one.
    Superseded(u32),
    /// The next version of an object was asked for.
    TurnPassed {
        key: String,
    },
    /// It was settled before, or holds no slot of this pipeline.
    Stale,
    /// Somebody redrove the execution, past the pipeline.
    Redriven {
        execution: String,
    },
    /// A message that is no outcome went to the dead-letter queue.
    LetterSent {
        reason: String,
    },
    /// An item that this release cannot read.
    Unreadable {
        reason: String,
    },
    /// Its execution is not closed yet, says an answer that can be old.
    NotClosed,
    /// Others wrote the head of the object too often in between.
    Crowded,
    /// The outcome is not settled, and comes again. The reason is the call that failed, or a fact
    /// that was told before.
    Failed,
}
