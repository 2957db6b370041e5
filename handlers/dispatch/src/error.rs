//! Why a tick fails.

use aws::error::{AwsError, diagnostic};
use lambda_runtime::Diagnostic;
use spillway::Millis;
use spillway::pace::PaceError;
use thiserror::Error;
use tracing::warn;

/// The errors that a tick reports to Lambda. The log alone tells the remedy of each.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TickError {
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// An operator's control item has an unknown attribute or value.
    #[error(
        "the ledger's control item is not usable: {0}. Lift every override with spillway unset --all, or correct the item \
         (pk = control, sk = dispatch)"
    )]
    Control(#[source] AwsError),
    /// An operator's control item is out of range.
    #[error(
        "the ledger's control item is not usable: {0}. Lift every override with spillway unset --all, or correct the item \
         (pk = control, sk = dispatch)"
    )]
    Pace(#[source] PaceError),
    /// Step Functions refuses every start: a permission or the state machine is missing.
    #[error(
        "no execution can be started: {0}. Fix the permission or the ARN that this names, and apply. Claimed events keep \
         their slots, and start then"
    )]
    StartForbidden(String),
    /// Starts without a clear answer are left.
    #[error("StartExecution gave no clear answer in time; the next tick makes these starts again")]
    StartUnclear,
    /// Some tasks did not end in time.
    #[error(
        "starting executions failed: some were still under way at the deadline; the next tick looks after them"
    )]
    UnderWay,
    /// Another tick has the lease.
    #[error("another tick took the lease meanwhile: run spillway status, which names its holder")]
    LeaseLost,
    /// The lease could not be renewed.
    #[error("the lease could not be renewed in time; the tick ends before it expires")]
    LeaseNotRenewed,
    /// Lambda's timeout leaves no time for a tick.
    #[error(
        "the function would be ended {0} ms after it began, before a tick can start anything: raise its timeout, or apply"
    )]
    Deadline(Millis),
}

impl From<TickError> for Diagnostic {
    fn from(error: TickError) -> Self {
        let kind = match &error {
            TickError::Aws(error) => error.kind(),
            TickError::Control(_) | TickError::Pace(_) => "Control",
            TickError::StartForbidden(_) => "StartForbidden",
            TickError::StartUnclear | TickError::UnderWay => "Call",
            TickError::LeaseLost | TickError::LeaseNotRenewed => "Lease",
            TickError::Deadline(_) => "Deadline",
        };
        diagnostic(kind, &error)
    }
}

/// The failures of a tick.
#[derive(Debug, Default)]
pub struct Failures {
    /// The tick ends with it.
    pub first: Option<TickError>,
    /// The cause that calls share is logged once.
    last: Option<TickError>,
}

impl Failures {
    /// Logs a failure. The tick ends with its first failure.
    pub fn note(&mut self, problem: impl Into<TickError>) {
        let problem = problem.into();
        if self.last.as_ref() != Some(&problem) {
            warn!("{problem}");
            self.last = Some(problem.clone());
        }
        self.first.get_or_insert(problem);
    }
}
