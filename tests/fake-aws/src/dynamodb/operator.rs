//! DynamoDB from the operator's and the test's side.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::engine::Engine;
use super::partitions::PartitionLimits;
use super::replica::Replica;
use super::{create_table_body, keys::TableKeys};
use crate::{World, lock};

/// All tables of the account.
pub struct DynamoDb {
    world: Arc<World>,
}

impl DynamoDb {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Makes a table with keys that are strings. Returns its ARN.
    pub fn create_table(&self, name: &str, partition_key: &str, sort_key: Option<&str>) -> String {
        let body = create_table_body(name, partition_key, sort_key);
        let answer = lock(&self.world.dynamodb).run("CreateTable", &body);
        answer.expect("the table is new and its name valid");
        format!(
            "arn:aws:dynamodb:{}:{}:table/{name}",
            crate::REGION,
            crate::ACCOUNT
        )
    }

    /// Reads that do not ask for strong consistency see the tables as they were this long ago. Must
    /// be set before the first table is made.
    pub fn set_read_lag(&self, lag: Duration) {
        let mut dynamodb = lock(&self.world.dynamodb);
        assert!(
            dynamodb.tables.is_empty(),
            "set the lag before the first table is made"
        );
        let engine = Engine::new(dynamodb.clock);
        dynamodb.replica = Some(Replica::new(engine, lag.as_millis() as i64));
    }

    /// Ends the pages of queries and scans after this many items, as if the items were large. None:
    /// 1 MB, as in AWS.
    pub fn set_page_items(&self, items: Option<usize>) {
        lock(&self.world.dynamodb).page_items = items;
    }

    /// Gives each partition so many units a second; none: there is no limit. Requests above that
    /// are throttled.
    pub fn limit_partitions(&self, limits: Option<PartitionLimits>) {
        lock(&self.world.dynamodb).partitions.limit(limits);
    }

    /// Returns the requests, and entries of batches, that were throttled since a partition had no
    /// units left.
    pub fn throttled(&self) -> u64 {
        lock(&self.world.dynamodb).partitions.throttled()
    }

    /// Returns all items of a table in the API's JSON, by partition and sort key. Not an API call:
    /// not counted, no fault.
    pub fn items(&self, table: &str) -> Vec<Value> {
        let body = json!({"TableName": table, "ConsistentRead": true});
        let dynamodb = lock(&self.world.dynamodb);
        let mut items = all_pages(&dynamodb.primary, "Scan", body);
        let keys: Option<&TableKeys> = dynamodb.tables.get(table);
        items.sort_by_cached_key(|item| keys.map(|keys| keys.key_of(item)));
        items
    }

    /// Returns the items of a partition, by the attribute `pk`. Not an API call.
    pub fn partition(&self, table: &str, pk: &str) -> Vec<Value> {
        let body = json!({
            "TableName": table, "ConsistentRead": true, "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
        });
        all_pages(&lock(&self.world.dynamodb).primary, "Query", body)
    }

    /// Returns one item in the API's JSON, by the two attributes `pk` and `sk`.
    pub fn item(&self, table: &str, pk: &str, sk: &str) -> Option<Value> {
        let key = json!({"pk": {"S": pk}, "sk": {"S": sk}});
        lock(&self.world.dynamodb).primary.item(table, &key)
    }

    /// Writes an item in the API's JSON, as an operator would by hand. Not an API call.
    pub fn put(&self, table: &str, item: Value) {
        let body = json!({"TableName": table, "Item": item});
        let answer = lock(&self.world.dynamodb).run("PutItem", &body);
        answer.expect("the item fits its table");
    }

    /// Removes the item with this key in the API's JSON, as an operator would by hand. Not an API
    /// call.
    pub fn remove(&self, table: &str, key: &Value) {
        let body = json!({"TableName": table, "Key": key});
        let answer = lock(&self.world.dynamodb).run("DeleteItem", &body);
        answer.expect("the key is the table's");
    }

    /// Removes the items with a TTL attribute in the past, as DynamoDB does some time later.
    /// Returns how many.
    pub fn remove_expired(&self) -> usize {
        let mut dynamodb = lock(&self.world.dynamodb);
        if let Some(replica) = &mut dynamodb.replica {
            replica.sweep_ttl();
        }
        dynamodb.memory.forget(None);
        dynamodb.primary.sweep_ttl()
    }
}

/// Returns the items of every page of a scan or a query.
fn all_pages(engine: &Engine, operation: &str, mut body: Value) -> Vec<Value> {
    let mut items = Vec::new();
    loop {
        let page = engine.run(operation, body.clone());
        let mut page = page.expect("the table exists");
        let found = page["Items"].as_array_mut();
        items.append(found.expect("it answers with items"));
        match page["LastEvaluatedKey"].take() {
            Value::Null => return items,
            next => body["ExclusiveStartKey"] = next,
        }
    }
}
