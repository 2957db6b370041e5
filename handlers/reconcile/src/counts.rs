//! The counts of an invocation, as metrics, and added to its run's item in the ledger.

use serde::Serialize;
use serde_json::Value;

/// One number per thing worth an alarm or a question.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Counts {
    /// Objects looked at. Each is one of those down to `failed`.
    pub listed: u64,
    /// Objects that the ledger knows.
    pub known: u64,
    /// Objects queued that it did not know; in a dry run those that would be.
    pub queued: u64,
    /// Objects queued again that this very run had queued, or can have: its batch was tried before.
    pub queued_again: u64,
    /// Objects outside the range of times that was asked for.
    pub out_of_range: u64,
    /// Objects so young that their events can be on their way.
    pub too_young: u64,
    /// Objects so old that the ledger can have forgotten them.
    pub too_old: u64,
    /// Objects of no source.
    pub not_of_a_source: u64,
    /// Folder markers that their source does not want.
    pub folder_markers: u64,
    /// Versions in an inventory that are no longer their object's current ones, and marks of
    /// deletion.
    pub not_current: u64,
    /// Objects that were deleted since they were listed.
    pub gone: u64,
    /// Objects that cannot be compared; the log names each. S3 refuses to tell about them, or their
    /// entry in the list or the ledger cannot be read. Trying again would not help.
    pub uncompared: u64,
    /// Objects that could not be looked at or queued. Step Functions invokes again.
    pub failed: u64,
    /// Items of the ledger that were read for rows that nothing moves any more.
    pub scanned: u64,
    /// Rows that nothing moved any more, and were requeued.
    pub sent_again: u64,
    /// Versions that wait behind an execution that runs: their turn comes when it ends.
    pub waiting: u64,
    /// Slots that were gone although their rows are started, and were put back.
    pub slots_put_back: u64,
    /// Rows that are started and lost their slot, which cannot be put back: describe their
    /// executions.
    pub orphans: u64,
    /// Items of the ledger that this release cannot read.
    pub unreadable: u64,
    /// Read units of the ledger that were used.
    pub read_units: f64,
    /// Findings that only a person can settle: `Orphans` and `Unreadable`.
    pub needs_person: u64,
    /// How long the invocation took.
    pub duration_milliseconds: u64,
}

impl Counts {
    /// Returns the counts to add to the run's item: names as the ledger has them, and numbers that
    /// are not 0.
    pub(crate) fn for_run(&self) -> Vec<(String, String)> {
        let Ok(Value::Object(counts)) = serde_json::to_value(self) else {
            return Vec::new();
        };
        let counts = counts.into_iter();
        counts
            .filter(|(name, count)| !name.ends_with("Milliseconds") && count.as_f64() != Some(0.0))
            .map(|(name, count)| (ledger_name(&name), count.to_string()))
            .collect()
    }
}

/// Returns a metric's name in the ledger: `SentAgain` is `sent_again`.
fn ledger_name(metric: &str) -> String {
    let mut name = String::new();
    for letter in metric.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_told_what_is_not_nothing() {
        let counts = Counts {
            sent_again: 2,
            read_units: 0.5,
            duration_milliseconds: 7,
            ..Counts::default()
        };
        let pair = |name: &str, count: &str| (name.to_owned(), count.to_owned());
        let mut told = counts.for_run();
        told.sort();
        assert_eq!(told, [pair("read_units", "0.5"), pair("sent_again", "2")]);
    }
}
