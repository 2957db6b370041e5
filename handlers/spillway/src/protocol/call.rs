//! The calls that machines ask for, and the answers to them.

use std::sync::Arc;

use crate::event::ObjectEvent;
use crate::execution::answer::{Described, Start};
use crate::execution::input::Load;
use crate::execution::outcome::Outcome;
use crate::message::outgoing::Outgoing;
use crate::pace::layout::Layout;
use crate::record::batch::Batch;
use crate::record::deferred::{Deferred, Place, TenantQueue};
use crate::record::head::Head;
use crate::record::row::{Row, RowKey, Seen, State};
use crate::record::slot::Slot;
use crate::record::waiter::{Waiter, Which};

/// One call to AWS. The shell makes alike ones that were submitted together in one request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Call {
    /// Reads a row, with `head` the head of its object, and the rows at `also`: [`Answer::Read`].
    Read {
        row: RowKey,
        head: bool,
        also: Vec<RowKey>,
    },
    /// Reads rows: [`Answer::Rows`].
    ReadRows(Vec<RowKey>),
    /// Reads all rows of an object, strongly: [`Answer::Rows`].
    ReadObject(String),
    /// Reads the head of an object: [`Answer::Head`].
    ReadHead(String),
    /// Reads the slot of an execution, in either layout: [`Answer::Slot`].
    ReadSlot(String),
    /// Reads a batch, by its execution: [`Answer::Batch`].
    ReadBatch(String),

    /// Writes the row of an event that is about to be queued, unless there is one:
    /// [`Answer::Written`].
    Enqueue {
        event: ObjectEvent,
        lane: Option<String>,
    },
    /// Claims an attempt, if the row is still as it was read: [`Answer::Written`].
    Claim(Claim),
    /// Claims an attempt and writes the head in one transaction, if row and head are still as they
    /// were read: [`Answer::Written`].
    TakeTurn { claim: Claim, head: Head },
    /// Writes that a version waits for its turn, or an event for this tenant, if the row is still
    /// as it was read: [`Answer::Written`].
    Wait {
        claim: Claim,
        tenant: Option<String>,
    },
    /// Writes that a newer version was taken instead, if the row is still as it was read:
    /// [`Answer::Written`].
    Supersede(Claim),
    /// Writes that a newer version was taken instead of one that waits. A row that no longer waits
    /// stays: [`Answer::Done`].
    SupersedeWaiting(RowKey),
    /// Removes a row that no event uses: [`Answer::Done`].
    Withdraw(RowKey),
    /// Writes how an execution ended into a row that is claimed for it: [`Answer::Written`].
    Finish {
        row: RowKey,
        state: State,
        outcome: Outcome,
        /// So many of its attempts do not count.
        uncounted: u32,
    },
    /// Writes a head, if nobody wrote it since it was read. With `expires`, it is forgotten with
    /// its object's rows: [`Answer::Written`].
    WriteHead {
        pk: String,
        head: Head,
        expires: bool,
    },

    /// Reads waiters of an object, strongly, and then their rows: [`Answer::Waiters`].
    ReadWaiters { pk: String, which: Which },
    /// Puts a waiter, over one of the same version, unless that is of a later attempt:
    /// [`Answer::Done`].
    PutWaiter {
        pk: String,
        version: String,
        attempt: u32,
    },
    /// Deletes a waiter, unless it is another attempt's by now: [`Answer::Done`].
    ForgetWaiter {
        pk: String,
        version: String,
        attempt: u32,
    },

    /// Writes into the directory that events of a tenant can wait, over an older token:
    /// [`Answer::Done`].
    NameQueue { queue: TenantQueue, token: String },
    /// Removes a queue from the directory, unless it was named by another token since:
    /// [`Answer::Done`].
    ForgetQueue { queue: TenantQueue, token: String },
    /// Reads events that wait for their tenant, so many of the oldest, strongly, and then their
    /// rows: [`Answer::Deferred`].
    ReadDeferred { queue: TenantQueue, most: u32 },
    /// Puts an event that waits for its tenant, over the same one, unless that is of a later
    /// attempt: [`Answer::Done`].
    PutDeferred {
        place: Place,
        row: RowKey,
        attempt: u32,
    },
    /// Deletes an event that waits, unless it is another attempt's by now: [`Answer::Done`].
    ForgetDeferred { place: Place, attempt: u32 },

    /// Puts a slot, unless there is one of its execution, in its layout or in the other one that is
    /// named: [`Answer::Written`].
    PutSlot {
        slot: Slot,
        unless_in: Option<Layout>,
    },
    /// Deletes a slot that nothing was claimed for, unless it was put anew since: [`Answer::Done`].
    FreeUnused(Slot),
    /// Deletes the slot of an execution that is settled: [`Answer::Done`].
    FreeSlot { execution: String, layout: Layout },
    /// Marks whether a slot's start is still to be made: [`Answer::Done`].
    MarkPending {
        execution: String,
        layout: Layout,
        pending: bool,
    },

    /// Writes at which generation of the circuit a slot's execution is started: [`Answer::Done`].
    RenewSlot {
        execution: String,
        layout: Layout,
        generation: u32,
    },

    /// Writes a batch, unless there is one: [`Answer::Batch`], with the one in force.
    PutBatch {
        execution: String,
        candidates: Vec<RowKey>,
    },
    /// Fixes the members of a batch, once and for all: [`Answer::Batch`], with those in force.
    FixBatch {
        execution: String,
        members: Vec<usize>,
    },
    /// Deletes a batch: [`Answer::Done`].
    ForgetBatch(String),

    /// Starts an execution: [`Answer::Start`].
    Start {
        state_machine_arn: String,
        execution: String,
        load: Arc<Load>,
    },
    /// Describes an execution: [`Answer::Described`].
    Describe {
        state_machine_arn: String,
        execution: String,
    },

    /// Sends a message: [`Answer::Done`].
    Send { to: Queue, message: Outgoing },
    /// Deletes a received message: [`Answer::Done`].
    Delete { lane: usize, receipt: String },
    /// Hides a received message for so many seconds; 0: it can be received again at once.
    /// [`Answer::Done`].
    Hide {
        lane: usize,
        receipt: String,
        seconds: u32,
    },
}

/// One of the pipeline's queues. A lane is named by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Queue {
    Events(usize),
    DeadLetters(usize),
    Outcomes,
    OutcomesDeadLetters,
}

/// A claim: the attempt of an object event that is assigned to an execution.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claim {
    pub event: ObjectEvent,
    pub attempt: u32,
    pub execution: String,
    /// The state machine, or alias, that the execution is started on: without its slot only the row
    /// tells.
    pub state_machine_arn: String,
    /// The lane of the event, in a pipeline of several.
    pub lane: Option<String>,
    /// The row as it was read; `None`: there was none.
    pub read: Option<Seen>,
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// There is no answer. A read tells nothing; whether a write took effect is not known.
    Unclear,
    /// There is an item that this release cannot read; why not.
    Unreadable(String),
    Done,
    Read(Box<Read>),
    /// In the order of the keys that were asked for; of an object in the order of their keys.
    Rows(Vec<Item<Row>>),
    Head(Head),
    /// In the order in which they were asked for.
    Waiters(Vec<Waiter>),
    /// The oldest first.
    Deferred(Vec<Deferred>),
    Slot(Option<Slot>),
    /// `None`: it is gone.
    Batch(Option<Batch>),
    Written(Written),
    Start(Start),
    Described(Described),
}

/// A row that was read, and the items that were read with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    pub row: Item<Row>,
    /// `None` as well if it was not asked for.
    pub head: Item<Head>,
    /// Those that are there and can be read.
    pub also: Vec<Row>,
}

/// An item that was read; `Err`: it is there and this release cannot read it.
pub type Item<T> = Result<Option<T>, String>;

/// How a conditional write went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    Now,
    /// The item is not as it was expected. The row as it is, if the item is a row.
    Lost(Option<Box<Row>>),
}
