//! What a handler reports to Lambda.

use std::error::Error as StdError;

use aws_smithy_types::error::display::DisplayErrorContext;
use lambda_runtime::Diagnostic;
use thiserror::Error;

/// A failed call or an unusable item, said so that the log alone tells what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HandlerError {
    /// A call to AWS failed, its retries included.
    #[error("{call} failed: {reason}")]
    Call { call: &'static str, reason: String },
    /// Something in the ledger is not as this release can read it.
    #[error("the ledger's {item} cannot be read: {reason}")]
    Ledger { item: String, reason: String },
    /// An operator's control item is out of range.
    #[error(
        "the ledger's control item is not usable: {0}. Correct or delete the item (pk = control, sk = dispatch)"
    )]
    Control(String),
    /// Step Functions refuses every start: a permission or the state machine is missing.
    #[error(
        "no execution can be started: {0}. Claimed events keep their slots and start once this is mended"
    )]
    StartForbidden(String),
    /// The event that invoked the function is not what it takes.
    #[error("the event is not usable: {0}")]
    Event(String),
}

impl HandlerError {
    /// Wraps an SDK error with the cause that its `Display` leaves out.
    pub fn call(call: &'static str, error: &dyn StdError) -> Self {
        let reason = DisplayErrorContext(error).to_string();
        // The context ends with a debug print of the whole response; the sentence before it is what a person reads.
        let reason = reason.split(" (").next().unwrap_or(&reason).to_owned();
        Self::Call { call, reason }
    }

    /// A stable name for alarms and retries, which must not depend on a Rust type's name.
    fn kind(&self) -> &'static str {
        match self {
            Self::Call { .. } => "Call",
            Self::Ledger { .. } => "Ledger",
            Self::Control(_) => "Control",
            Self::StartForbidden(_) => "StartForbidden",
            Self::Event(_) => "Event",
        }
    }
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        Diagnostic {
            error_type: error.kind().to_owned(),
            error_message: error.to_string(),
        }
    }
}
