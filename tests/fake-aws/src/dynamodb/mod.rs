//! Amazon DynamoDB: an embedded engine does the work, this adds the parts that it leaves out (lag,
//! partial batches, counting).

mod batch;
mod engine;
mod keys;
mod memory;
mod operator;
mod partitions;
mod replica;
mod transaction;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

pub use operator::DynamoDb;
pub use partitions::PartitionLimits;
pub(crate) use transaction::conflict;

use crate::calls::{Call, Facts, Service};
use crate::clock::Clock;
use crate::error::ApiError;
use crate::{World, lock};
use engine::Engine;
use keys::TableKeys;
use memory::Memory;
use partitions::{Kind, Partitions};
use replica::Replica;
use transaction::Tokens;

/// All tables.
pub(crate) struct DynamoWorld {
    primary: Engine,
    /// The copy that eventually consistent reads see; none: they see the primary.
    replica: Option<Replica>,
    tables: BTreeMap<String, TableKeys>,
    memory: Memory,
    tokens: Tokens,
    /// Items of a page of a Query or Scan that names no limit; none: as many as fit.
    page_items: Option<usize>,
    partitions: Partitions,
    clock: Clock,
}

impl DynamoWorld {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            primary: Engine::new(clock),
            replica: None,
            tables: BTreeMap::new(),
            memory: Memory::default(),
            tokens: Tokens::default(),
            page_items: None,
            partitions: Partitions::default(),
            clock,
        }
    }

    /// Takes a unit of a partition, unless it has none left.
    fn admits(&mut self, operation: &str, pk: &str) -> bool {
        let (kind, units) = match operation {
            "TransactWriteItems" => (Kind::Write, 2.0),
            _ if is_write(operation) => (Kind::Write, 1.0),
            _ => (Kind::Read, 1.0),
        };
        let now_ms = self.clock.now_ms();
        self.partitions.take(kind, pk, units, now_ms)
    }

    /// Runs one operation on the primary, or on the replica if it lags and the read allows it.
    fn run(&mut self, operation: &str, body: &Value) -> Result<Value, ApiError> {
        let now_ms = self.clock.now_ms();
        if let Some(replica) = &mut self.replica
            && is_eventual_read(operation, body)
        {
            return replica.read(operation, body, now_ms);
        }
        let read = Memory::key(operation, body);
        if let Some(answer) = read.as_ref().and_then(|key| self.memory.answer(key)) {
            return Ok(answer);
        }
        let result = self.primary.run(operation, body.clone());
        match (read, &result) {
            (Some(key), Ok(answer)) => {
                let read = keys::partitions(&self.tables, operation, body);
                self.memory.keep(key, read, answer);
            }
            (Some(_), Err(_)) => {}
            // It changed nothing.
            (None, Err(error)) if error.code == "ConditionalCheckFailedException" => {}
            (None, _) if matches!(operation, "Scan" | "TransactGetItems" | "DescribeTable") => {}
            (None, _) => {
                let written = keys::partitions(&self.tables, operation, body);
                self.memory.forget(written.as_ref());
            }
        }
        let answer = result?;
        if operation == "CreateTable" {
            let name = body["TableName"].as_str().unwrap_or_default();
            self.tables
                .insert(name.to_owned(), TableKeys::of_create(body));
        }
        if let Some(replica) = &mut self.replica {
            if matches!(
                operation,
                "CreateTable" | "DeleteTable" | "UpdateTimeToLive"
            ) {
                replica.apply_at_once(operation, body);
            } else if is_write(operation) {
                for (table, key) in keys::items(&self.tables, operation, body) {
                    let image = self.primary.item(&table, &key);
                    replica.write_later(table, key, image, now_ms);
                }
            }
        }
        Ok(answer)
    }
}

fn is_write(operation: &str) -> bool {
    matches!(
        operation,
        "PutItem"
            | "UpdateItem"
            | "DeleteItem"
            | "BatchWriteItem"
            | "BatchExecuteStatement"
            | "TransactWriteItems"
    )
}

fn is_transaction(operation: &str) -> bool {
    matches!(operation, "TransactWriteItems" | "TransactGetItems")
}

fn is_eventual_read(operation: &str, body: &Value) -> bool {
    let consistent = |value: &Value| value["ConsistentRead"].as_bool().unwrap_or(false);
    match operation {
        "GetItem" | "Query" | "Scan" => !consistent(body),
        // The option is per table; one table is the only case that matters here.
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object();
            !tables
                .into_iter()
                .flatten()
                .any(|(_, table)| consistent(table))
        }
        _ => false,
    }
}

/// Returns the subject of a request.
pub(crate) fn facts(world: &World, call: &Call) -> Facts {
    let dynamodb = lock(&world.dynamodb);
    let body = &call.request;
    let items = keys::items(&dynamodb.tables, &call.operation, body);
    let named = body["TableName"].as_str();
    let table = named.or(items.first().map(|(table, _)| table.as_str()));
    let tables = &dynamodb.tables;
    let mut keys: Vec<_> = items
        .iter()
        .filter_map(|(table, key)| Some(tables.get(table)?.key_of(key)))
        .collect();
    keys.extend(keys::of_query(&call.operation, body));
    Facts {
        table: table.map(str::to_owned),
        keys,
        ..Facts::default()
    }
}

pub(crate) fn perform(world: &Arc<World>, call: &mut Call) -> Result<Value, ApiError> {
    let operation = call.operation.clone();
    let mut body = (*call.request).clone();
    let unprocessed = batch::hold_back(world, call, &mut body)?;
    let failing = batch::take_failing(world, call, &mut body);
    if body["Statements"] == json!([]) && !failing.is_empty() {
        let mut answer = json!({"Responses": []});
        batch::put_failing(&mut answer, &failing);
        return Ok(answer);
    }
    admit(world, call)?;
    let asked_capacity = body["ReturnConsumedCapacity"].as_str().is_some();
    if counts_capacity(&operation) && !asked_capacity {
        body["ReturnConsumedCapacity"] = "TOTAL".into();
    }
    if operation == "TransactWriteItems" {
        let now_ms = world.clock.now_ms();
        lock(&world.dynamodb).tokens.translate(&mut body, now_ms);
    }
    if matches!(operation.as_str(), "Query" | "Scan")
        && body["Limit"].is_null()
        && let Some(items) = lock(&world.dynamodb).page_items
    {
        body["Limit"] = items.into();
    }
    let result = lock(&world.dynamodb).run(&operation, &body);
    let units = match &result {
        Ok(answer) => consumed(&answer["ConsumedCapacity"]),
        Err(ApiError { code, .. })
            if code == "ConditionalCheckFailedException"
                || code == "TransactionCanceledException" =>
        {
            let each = if is_transaction(&operation) { 2.0 } else { 1.0 };
            let dynamodb = lock(&world.dynamodb);
            let items = keys::items(&dynamodb.tables, &operation, &body);
            let units = |(table, key): &(String, Value)| dynamodb.primary.write_units(table, key);
            items.iter().map(units).sum::<f64>() * each
        }
        Err(_) => 0.0,
    };
    if operation == "Query"
        && let Some(key) = call.facts.keys.first()
    {
        let mut dynamodb = lock(&world.dynamodb);
        let now_ms = dynamodb.clock.now_ms();
        let rest = (units - 1.0).max(0.0);
        dynamodb.partitions.owe(Kind::Read, &key.pk, rest, now_ms);
    }
    call.facts.capacity = units;
    lock(&world.calls).consume(units, is_write(&operation));
    let mut answer = result?;
    if !asked_capacity && let Some(answer) = answer.as_object_mut() {
        answer.remove("ConsumedCapacity");
    }
    batch::put_failing(&mut answer, &failing);
    if let Some((name, unprocessed)) = unprocessed {
        answer[name] = unprocessed;
    }
    Ok(answer)
}

/// Throttles a request if its partition has no units left. Batches get the result of each of their
/// entries.
fn admit(world: &World, call: &Call) -> Result<(), ApiError> {
    if call.operation.starts_with("Batch") {
        return Ok(());
    }
    let mut dynamodb = lock(&world.dynamodb);
    let mut keys = call.facts.keys.iter();
    match keys.all(|key| dynamodb.admits(&call.operation, &key.pk)) {
        true => Ok(()),
        false => Err(ApiError::throttled(Service::DynamoDb)),
    }
}

fn counts_capacity(operation: &str) -> bool {
    is_write(operation)
        || matches!(
            operation,
            "GetItem" | "BatchGetItem" | "Query" | "Scan" | "TransactGetItems"
        )
}

/// Returns one table's consumption, or a list of several.
fn consumed(capacity: &Value) -> f64 {
    let units = |capacity: &Value| capacity["CapacityUnits"].as_f64().unwrap_or(0.0);
    match capacity.as_array() {
        Some(tables) => tables.iter().map(units).sum(),
        None => units(capacity),
    }
}

/// Returns the body of a CreateTable with string keys, on demand.
fn create_table_body(name: &str, partition_key: &str, sort_key: Option<&str>) -> Value {
    let mut definitions = vec![json!({"AttributeName": partition_key, "AttributeType": "S"})];
    let mut schema = vec![json!({"AttributeName": partition_key, "KeyType": "HASH"})];
    if let Some(sort_key) = sort_key {
        definitions.push(json!({"AttributeName": sort_key, "AttributeType": "S"}));
        schema.push(json!({"AttributeName": sort_key, "KeyType": "RANGE"}));
    }
    json!({
        "TableName": name,
        "AttributeDefinitions": definitions,
        "KeySchema": schema,
        "BillingMode": "PAY_PER_REQUEST",
    })
}
