//! The protocol: which call comes next, for a message, a slot, an outcome and a tick. Machines
//! without I/O.
//!
//! A machine says which calls are to be under way ([`Machine::outstanding`], [`Machine::call`]),
//! and is told each answer ([`Machine::answered`]). It tells its findings as facts, which are
//! counted, logged and obeyed elsewhere. It holds no clock, no tokens and no metrics, and is
//! `Clone`, `Eq` and `Hash`. `tests/model` makes any outstanding call, drops a machine for a crash,
//! and answers [`call::Answer::Unclear`] for a loss.
//!
//! One message goes through these files, in one direction: `recognising`, `claiming` (with an order
//! `turn`), `starting`. With bounds for tenants it can wait between the two: `deferring`.

pub mod batching;
pub mod call;
pub mod candidate;
pub mod claim;
pub mod claiming;
pub mod deferring;
pub mod ended;
pub mod execution_rows;
pub mod fact;
pub mod fate;
pub mod filling;
pub mod freeing;
pub mod holding;
pub mod ingesting;
pub mod kept;
pub mod lap;
pub mod loading;
pub mod locks;
pub mod member;
pub mod opening;
pub mod outstanding;
pub mod passing;
pub mod patience;
pub mod receiving;
pub mod recognising;
pub mod reporting;
pub mod rounds;
pub mod settled_row;
pub mod settling;
pub mod splitting;
pub mod starting;
pub mod sweeping;
pub mod tenant_queues;
pub mod tenant_turn;
pub mod terms;
pub mod tick;
pub mod turn;
pub mod unclaimed;
pub mod understanding;
pub mod waiting;

use call::{Answer, Call};

/// Which of a machine's calls an answer is to.
pub type CallId = u16;

/// The call of a machine that has one at a time.
pub const ONLY: CallId = 0;

/// Something that goes on call by call.
pub trait Machine {
    /// The terms of a machine while it runs: the pipeline's configuration, and the tick's
    /// knowledge.
    type Terms<'a>;
    /// Its findings.
    type Fact;

    /// Returns the calls that are to be under way now. None: the machine is done.
    fn outstanding(&self) -> impl Iterator<Item = CallId>;

    /// Returns a call that is outstanding.
    fn call(&self, id: CallId, terms: &Self::Terms<'_>) -> Option<Call>;

    /// Goes on with the answer to a call.
    fn answered(
        &mut self,
        id: CallId,
        answer: Answer,
        terms: &Self::Terms<'_>,
        facts: &mut Vec<Self::Fact>,
    );
}
