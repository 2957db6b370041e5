//! Why an invocation of reconcile fails.

use aws::error::{AwsError, diagnostic};
use lambda_runtime::Diagnostic;
use spillway::event::EventError;
use thiserror::Error;

/// The error that reconcile reports to Lambda, in words that give the remedy in the log alone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReconcileError {
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// It was invoked with something that it does not understand.
    #[error("reconcile does not understand its input: {0}")]
    Request(String),
    /// An object of which no object event can be made.
    #[error("reconcile does not understand its input: {0}")]
    Event(#[from] EventError),
    /// Of a batch of objects, not everything is looked at, or safe. Step Functions tries again.
    #[error(
        "{failed} of {objects} objects are not reconciled, and all others are: {problems}. Step Functions tries again"
    )]
    Objects {
        failed: u64,
        objects: usize,
        problems: String,
    },
}

impl From<ReconcileError> for Diagnostic {
    fn from(error: ReconcileError) -> Self {
        let kind = match &error {
            ReconcileError::Aws(error) => error.kind(),
            ReconcileError::Request(_) | ReconcileError::Event(_) => "Request",
            ReconcileError::Objects { .. } => "Reconcile",
        };
        diagnostic(kind, &error)
    }
}
