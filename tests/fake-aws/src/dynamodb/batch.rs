//! Partial batches: entries that a test makes fail come back unprocessed.

use serde_json::{Map, Value, json};

use super::keys::{self, TableKeys};
use crate::calls::{Call, Key, Service};
use crate::error::ApiError;
use crate::{World, lock};

/// Takes the entries that are to fail out of a BatchGetItem or BatchWriteItem. Answers with the
/// name and the content of the response's field for it; none for other operations.
pub(super) fn hold_back(
    world: &World,
    call: &Call,
    body: &mut Value,
) -> Result<Option<(&'static str, Value)>, ApiError> {
    let (field, list) = match call.operation.as_str() {
        "BatchGetItem" => ("UnprocessedKeys", Some("Keys")),
        "BatchWriteItem" => ("UnprocessedItems", None),
        _ => return Ok(None),
    };
    let mut unprocessed = Map::new();
    let mut processed = 0;
    let requests = body["RequestItems"].as_object_mut();
    for (table, request) in requests.into_iter().flatten() {
        let entries = match list {
            Some(list) => &mut request[list],
            None => &mut *request,
        };
        let all = entries.as_array().cloned().unwrap_or_default();
        let (failing, kept): (Vec<Value>, Vec<Value>) = all.into_iter().partition(|entry| {
            let key = key_of(world, &call.operation, table, entry);
            world.entry_fails(call, &format!("{}|{}", key.pk, key.sk))
                || !lock(&world.dynamodb).admits(&call.operation, &key.pk)
        });
        processed += kept.len();
        *entries = kept.into();
        if failing.is_empty() {
            continue;
        }
        let left = match list {
            // The other options of the table (projection, consistency) come back with the keys.
            Some(list) => {
                let mut left = request.clone();
                left[list] = failing.into();
                left
            }
            None => failing.into(),
        };
        unprocessed.insert(table.clone(), left);
    }
    if processed == 0 && !unprocessed.is_empty() {
        return Err(ApiError::throttled(Service::DynamoDb));
    }
    if let Some(requests) = body["RequestItems"].as_object_mut() {
        requests.retain(|_, request| {
            let entries = list.map_or(&*request, |list| &request[list]);
            entries.as_array().is_none_or(|entries| !entries.is_empty())
        });
    }
    Ok(Some((field, unprocessed.into())))
}

/// Takes out of a BatchExecuteStatement the statements that are to fail. Answers with their places.
pub(super) fn take_failing(world: &World, call: &Call, body: &mut Value) -> Vec<usize> {
    let Some(statements) = body["Statements"].as_array_mut() else {
        return Vec::new();
    };
    let mut failing = Vec::new();
    let mut kept = Vec::new();
    for (place, statement) in std::mem::take(statements).into_iter().enumerate() {
        let key = keys::of_statement(&statement).and_then(|(table, item)| {
            let dynamodb = lock(&world.dynamodb);
            Some(dynamodb.tables.get(table)?.key_of(&item))
        });
        let key = key.unwrap_or_default();
        if world.entry_fails(call, &format!("{}|{}", key.pk, key.sk))
            || !lock(&world.dynamodb).admits(&call.operation, &key.pk)
        {
            failing.push(place);
        } else {
            kept.push(statement);
        }
    }
    *statements = kept;
    failing
}

/// Puts the errors of statements that failed among the answers of the others.
pub(super) fn put_failing(answer: &mut Value, failing: &[usize]) {
    const FAILED: &str = "Throughput exceeds the current capacity of your table or index.";
    if let Some(answers) = answer["Responses"].as_array_mut() {
        for place in failing {
            let error = json!({"Error": {"Code": "ThrottlingError", "Message": FAILED}});
            answers.insert(*place, error);
        }
    }
}

/// Returns the key of one entry, found the same way as that of a whole request.
fn key_of(world: &World, operation: &str, table: &str, entry: &Value) -> Key {
    let request = match operation {
        "BatchGetItem" => json!({"Keys": [entry]}),
        _ => json!([entry]),
    };
    let body = json!({"RequestItems": {table: request}});
    let dynamodb = lock(&world.dynamodb);
    let items = keys::items(&dynamodb.tables, operation, &body);
    let tables = &dynamodb.tables;
    let key = items.first().and_then(|(table, key)| {
        let keys: &TableKeys = tables.get(table)?;
        Some(keys.key_of(key))
    });
    key.unwrap_or_default()
}
