//! Slots in the ledger, in every partition.

use fake_aws::DynamoDb;
use serde_json::Value;
use spillway::pace::layout::{Layout, Shard};

/// Returns whether a partition is one of slots.
pub fn is_partition(pk: &str) -> bool {
    Shard::parse(pk).is_some()
}

/// Returns all of them.
pub fn all(dynamodb: &DynamoDb, ledger: &str) -> Vec<Value> {
    let shards = Layout::ALL.into_iter().flat_map(Layout::shards);
    let partitions = shards.map(|shard| dynamodb.partition(ledger, &shard.key()));
    partitions.flatten().collect()
}

/// Returns the slot of an execution.
pub fn of(dynamodb: &DynamoDb, ledger: &str, execution: &str) -> Option<Value> {
    let key = |layout: Layout| layout.shard_of(execution).key();
    Layout::ALL
        .into_iter()
        .find_map(|layout| dynamodb.item(ledger, &key(layout), execution))
}
