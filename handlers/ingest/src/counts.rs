//! What an invocation did, as metrics.

use serde::Serialize;

/// One number per thing worth an alarm or a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Counts {
    /// Records received. Each is one of: queued, queued again, known, malformed, failed.
    pub events: u32,
    /// Object events queued for the first time.
    pub queued: u32,
    /// Object events queued although they had been, or may have been: nothing has been started for them yet.
    pub queued_again: u32,
    /// Object events that the pipeline works on or has worked on: nothing was done.
    pub known: u32,
    /// Records that were not understood.
    pub malformed: u32,
    /// S3's test events, which mean nothing.
    pub test_events: u32,
    /// Object events that could not be written or queued. Lambda invokes again.
    pub failed: u32,
}
