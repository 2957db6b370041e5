//! Answers to reads, kept until a write to a partition that they read. A drain that waits for a
//! free slot asks the same again and again.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::keys::Partition;

/// Enough for the reads of one round of a handler.
const MOST: usize = 256;

/// By operation and request. The engine's answers depend on nothing else between two writes.
#[derive(Default)]
pub(super) struct Memory {
    answers: HashMap<String, Kept>,
}

/// An answer.
struct Kept {
    /// The partitions that it was read from; `None`: not known, so every write counts.
    read: Option<BTreeSet<Partition>>,
    answer: Value,
}

impl Memory {
    /// Returns the key of a read; none for anything else.
    pub(super) fn key(operation: &str, body: &Value) -> Option<String> {
        let reads = matches!(operation, "GetItem" | "BatchGetItem" | "Query");
        reads.then(|| format!("{operation} {body}"))
    }

    pub(super) fn answer(&self, key: &str) -> Option<Value> {
        self.answers.get(key).map(|kept| kept.answer.clone())
    }

    pub(super) fn keep(&mut self, key: String, read: Option<BTreeSet<Partition>>, answer: &Value) {
        if self.answers.len() >= MOST {
            self.answers.clear();
        }
        let answer = answer.clone();
        self.answers.insert(key, Kept { read, answer });
    }

    /// Forgets the answers read from these partitions; `None`: everything.
    pub(super) fn forget(&mut self, written: Option<&BTreeSet<Partition>>) {
        self.answers.retain(|_, kept| match (&kept.read, written) {
            (Some(read), Some(written)) => read.is_disjoint(written),
            (None, _) | (_, None) => false,
        });
    }
}
