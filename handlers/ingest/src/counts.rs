//! The counts of an invocation, as metrics.

use serde::Serialize;
use spillway::message::admission::LeftOut;

/// One number per thing worth an alarm or a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Counts {
    /// Records received. Each is one of: queued, queued again, known, malformed, of another kind, a
    /// folder marker, failed.
    pub events: u32,
    /// Object events queued for the first time.
    pub queued: u32,
    /// Object events queued although they had been, or can have been: nothing has been started for
    /// them yet.
    pub queued_again: u32,
    /// Object events that the pipeline processes or has processed: nothing was done.
    pub known: u32,
    /// Of the known ones, those with another etag: two uploads with one identity. S3's own events
    /// never are.
    pub lookalikes: u32,
    /// Records that were not understood.
    pub malformed: u32,
    /// Events of S3 that create no object, dropped.
    pub other_kinds: u32,
    /// Uploads of folder markers, dropped because their source does not want them.
    pub folder_markers: u32,
    /// S3's test events, which mean nothing.
    pub test_events: u32,
    /// Object events that could not be written or queued. Lambda invokes again.
    pub failed: u32,
}

impl Counts {
    pub(crate) fn leave_out(&mut self, records: &LeftOut) {
        self.events += records.other_kinds + records.folder_markers;
        self.test_events += records.test_events;
        self.other_kinds += records.other_kinds;
        self.folder_markers += records.folder_markers;
    }

    pub(crate) fn refuse(&mut self, records: u32) {
        self.events += records;
        self.malformed += records;
    }
}
