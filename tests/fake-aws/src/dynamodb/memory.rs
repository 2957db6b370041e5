//! Answers to reads, kept until the next write: a drain that waits for a free slot asks the same again and again.

use std::collections::HashMap;

use serde_json::Value;

/// Enough for what one round of a handler reads.
const MOST: usize = 256;

/// By operation and request. The engine's answers depend on nothing else between two writes.
#[derive(Default)]
pub(super) struct Memory {
    answers: HashMap<String, Value>,
}

impl Memory {
    /// The key of a read; none for anything else.
    pub(super) fn key(operation: &str, body: &Value) -> Option<String> {
        let reads = matches!(operation, "GetItem" | "BatchGetItem" | "Query");
        reads.then(|| format!("{operation} {body}"))
    }

    pub(super) fn answer(&self, key: &str) -> Option<Value> {
        self.answers.get(key).cloned()
    }

    pub(super) fn keep(&mut self, key: String, answer: &Value) {
        if self.answers.len() >= MOST {
            self.answers.clear();
        }
        self.answers.insert(key, answer.clone());
    }

    pub(super) fn forget(&mut self) {
        self.answers.clear();
    }
}
