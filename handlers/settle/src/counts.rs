//! The counts of an invocation, as metrics.

use serde::Serialize;

/// One number per thing worth an alarm or a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Counts {
    /// Outcomes received.
    pub outcomes: u32,
    /// Object events that succeeded.
    pub succeeded: u32,
    /// Object events whose next attempt was queued.
    pub retried: u32,
    /// Object events that went to the dead-letter queue.
    pub dead: u32,
    /// Attempts that ended with an error of `pace.adapt`, and do not count: each of them retried as
    /// well.
    pub uncounted: u32,
    /// Items that executions of several reported as failed, each of them retried or dead as well.
    pub batch_items_failed: u32,
    /// Versions passed over because a newer one of their object was taken.
    pub superseded: u32,
    /// Versions whose turn came, since the execution that they waited for ended.
    pub woken: u32,
    /// Outcomes of executions that hold no slot: settled before, or not this pipeline's.
    pub stale_outcomes: u32,
    /// Outcomes that were not understood, now in the outcomes queue's dead-letter queue.
    pub malformed_outcomes: u32,
    /// Executions that somebody redrove, past the pipeline: look at them.
    pub redriven: u32,
    /// Outcomes that could not be settled and come again.
    pub unsettled_outcomes: u32,
    /// Findings that only a person can settle: `Redriven`.
    pub needs_person: u32,
}

/// Numbers that are reported value by value, so that CloudWatch has percentiles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Values {
    /// From the slot, which is put right before the start, until the outcome is settled.
    pub start_to_outcome_milliseconds: Vec<u64>,
    /// 1 for each object event whose attempt failed and 0 for each that succeeded: the average is
    /// the share of failures. An attempt that does not count is neither.
    pub failures: Vec<u8>,
}

impl Values {
    pub(crate) fn of(counts: &Counts, start_to_outcome_milliseconds: Vec<u64>) -> Self {
        let ended = |value, events| std::iter::repeat_n(value, events as usize);
        let succeeded = ended(0, counts.succeeded);
        let failed = (counts.retried + counts.dead).saturating_sub(counts.uncounted);
        let failed = ended(1, failed);
        Self {
            start_to_outcome_milliseconds,
            failures: succeeded.chain(failed).collect(),
        }
    }
}
