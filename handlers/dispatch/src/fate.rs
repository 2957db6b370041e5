//! What becomes of a message.

use spillway::record::slot::Slot;

/// How long a message is hidden whose attempt another message is claiming, whose last attempt still runs, or of which
/// something is unclear, in seconds.
pub(crate) const HIDE_SECONDS: u32 = 60;

/// What is to be done with a message.
#[derive(Debug)]
pub(crate) enum Fate {
    /// Nothing is left to do for it.
    Delete,
    /// The ledger owns the event: delete the message, then start the execution.
    Start(Slot),
    HandBack,
    /// Not yet: hide it for so many seconds.
    Hide(u32),
    DeadLetter(String),
}
