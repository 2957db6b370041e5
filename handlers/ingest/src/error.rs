//! Why an invocation of ingest fails.

use aws::error::diagnostic;
use lambda_runtime::Diagnostic;
use thiserror::Error;

/// A part of the payload is not safe yet. Lambda invokes it again, and keeps it in the end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{unsafe_records} of {records} records are not queued, and all others are: {problems}. Lambda tries again and then \
     keeps the event in the queue of ingest's failures: run spillway redrive --stage ingest"
)]
pub struct IngestError {
    pub unsafe_records: u32,
    pub records: u32,
    pub problems: String,
}

impl From<IngestError> for Diagnostic {
    fn from(error: IngestError) -> Self {
        diagnostic("Ingest", &error)
    }
}
