//! The embedded DynamoDB (dynoxide), called with the JSON of the API.

use std::sync::Arc;

use dynoxide::storage_backend::Clock as EngineClock;
use dynoxide::types::{item_size, write_capacity_units};
use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::error::ApiError;

/// One in-memory database.
pub(super) struct Engine(Database);

impl EngineClock for Clock {
    fn now_unix_secs(&self) -> u64 {
        self.now_ms().unsigned_abs() / 1000
    }

    fn now_unix_secs_f64(&self) -> f64 {
        self.now_ms() as f64 / 1000.0
    }
}

/// Request and answer of each operation of the engine are types of their own, with the API's JSON.
macro_rules! run {
    ($database:expr, $method:ident, $body:expr) => {{
        let request = serde_json::from_value($body).map_err(malformed)?;
        let answer = $database.$method(request).map_err(refused)?;
        Ok(serde_json::to_value(answer).expect("the engine's answers are JSON"))
    }};
}

impl Engine {
    pub(super) fn new(clock: Clock) -> Self {
        let database = Database::memory_with_clock(Arc::new(clock));
        Self(database.expect("an in-memory database opens"))
    }

    pub(super) fn run(&self, operation: &str, body: Value) -> Result<Value, ApiError> {
        let database = &self.0;
        match operation {
            "CreateTable" => run!(database, create_table, body),
            "DeleteTable" => run!(database, delete_table, body),
            "DescribeTable" => run!(database, describe_table, body),
            "UpdateTimeToLive" => run!(database, update_time_to_live, body),
            "GetItem" => run!(database, get_item, body),
            "BatchGetItem" => run!(database, batch_get_item, body),
            "Query" => run!(database, query, body),
            "Scan" => run!(database, scan, body),
            "TransactGetItems" => run!(database, transact_get_items, body),
            "PutItem" => run!(database, put_item, body),
            "UpdateItem" => run!(database, update_item, body),
            "DeleteItem" => run!(database, delete_item, body),
            "BatchWriteItem" => run!(database, batch_write_item, body),
            "BatchExecuteStatement" => run!(database, batch_execute_statement, body),
            "TransactWriteItems" => run!(database, transact_write_items, body),
            other => Err(ApiError::not_modelled(&format!("DynamoDB {other}"))),
        }
    }

    /// Returns an item as it is now, in the API's JSON.
    pub(super) fn item(&self, table: &str, key: &Value) -> Option<Value> {
        let body = json!({"TableName": table, "Key": key, "ConsistentRead": true});
        let answer = self.run("GetItem", body);
        let mut answer = answer.expect("the key of a successful write is valid");
        Some(answer["Item"].take()).filter(Value::is_object)
    }

    /// Returns the cost of a write of this item as it is now, in write units; 1 if there is none.
    pub(super) fn write_units(&self, table: &str, key: &Value) -> f64 {
        let item = self.item(table, key).unwrap_or_default();
        let item: Option<dynoxide::Item> = serde_json::from_value(item).ok();
        let bytes = item.map_or(0, |item| item_size(&item));
        write_capacity_units(bytes).max(1.0)
    }

    /// Removes items that TTL lets expire now. Returns how many.
    pub(super) fn sweep_ttl(&self) -> usize {
        self.0.sweep_ttl().expect("an in-memory sweep succeeds")
    }
}

fn refused(error: DynoxideError) -> ApiError {
    // Such as "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException".
    let code = error.error_type().rsplit('#').next();
    ApiError {
        status: error.status_code(),
        code: code.unwrap_or_default().to_owned(),
        message: error.to_string(),
        body: Some(error.to_json()),
    }
}

/// Returns DynamoDB's error for a malformed request: the engine marks its kind with a prefix.
fn malformed(error: serde_json::Error) -> ApiError {
    let text = error.to_string();
    for marker in ["VALIDATION_REQUEST:", "VALIDATION_AS_READ:", "VALIDATION:"] {
        if let Some(message) = text.strip_prefix(marker) {
            return ApiError::new("ValidationException", message);
        }
    }
    let message = text.trim_start_matches("SERIALIZATION:");
    ApiError::new("SerializationException", message)
}
