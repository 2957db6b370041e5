//! The calls of dispatch that write: one item by itself, or several in a call.

use fake_aws::Call;

use crate::slots;

/// Returns whether the call puts slots.
pub fn takes_slots(call: &Call) -> bool {
    const WRITES: [&str; 3] = ["PutItem", "BatchExecuteStatement", "TransactWriteItems"];
    let writes = WRITES.contains(&call.operation.as_str());
    writes
        && call
            .facts
            .keys
            .iter()
            .any(|key| slots::is_partition(&key.pk))
}

/// Returns whether the call claims attempts.
pub fn claims(call: &Call) -> bool {
    const WRITES: [&str; 3] = ["UpdateItem", "BatchExecuteStatement", "TransactWriteItems"];
    let rows = |pk: &str| pk.starts_with("uploads/");
    call.caller.starts_with("dispatch")
        && WRITES.contains(&call.operation.as_str())
        && call.facts.keys.iter().any(|key| rows(&key.pk))
}
