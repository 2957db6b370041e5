//! A second copy of all tables that lags behind: eventually consistent reads see it.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::engine::Engine;
use crate::error::ApiError;

/// The copy and the writes still on their way to it.
pub(super) struct Replica {
    engine: Engine,
    lag_ms: i64,
    /// In the order of the writes, and so of the times at which they are due.
    pending: VecDeque<Write>,
}

struct Write {
    due_ms: i64,
    table: String,
    key: Value,
    /// The item after the write; none: it is gone.
    image: Option<Value>,
}

impl Replica {
    pub(super) fn new(engine: Engine, lag_ms: i64) -> Self {
        Self {
            engine,
            lag_ms,
            pending: VecDeque::new(),
        }
    }

    pub(super) fn write_later(
        &mut self,
        table: String,
        key: Value,
        image: Option<Value>,
        now_ms: i64,
    ) {
        self.pending.push_back(Write {
            due_ms: now_ms + self.lag_ms,
            table,
            key,
            image,
        });
    }

    pub(super) fn apply_at_once(&mut self, operation: &str, body: &Value) {
        let done = self.engine.run(operation, body.clone());
        done.expect("what the primary took, its copy takes too");
    }

    pub(super) fn read(
        &mut self,
        operation: &str,
        body: &Value,
        now_ms: i64,
    ) -> Result<Value, ApiError> {
        while self
            .pending
            .front()
            .is_some_and(|write| write.due_ms <= now_ms)
        {
            let Some(write) = self.pending.pop_front() else {
                break;
            };
            let (operation, body) = match write.image {
                Some(item) => ("PutItem", json!({"TableName": write.table, "Item": item})),
                None => (
                    "DeleteItem",
                    json!({"TableName": write.table, "Key": write.key}),
                ),
            };
            self.apply_at_once(operation, &body);
        }
        self.engine.run(operation, body.clone())
    }

    pub(super) fn sweep_ttl(&mut self) {
        self.engine.sweep_ttl();
    }
}
