//! Which items a request names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::calls::Key;

/// The names of a table's key attributes.
pub(super) struct TableKeys {
    partition: String,
    sort: Option<String>,
}

impl TableKeys {
    pub(super) fn of_create(body: &Value) -> Self {
        let schema = body["KeySchema"].as_array();
        let name_of = |kind: &str| {
            let mut elements = schema.into_iter().flatten();
            let element = elements.find(|element| element["KeyType"] == kind)?;
            element["AttributeName"].as_str().map(str::to_owned)
        };
        Self {
            partition: name_of("HASH").unwrap_or_default(),
            sort: name_of("RANGE"),
        }
    }

    /// Returns the key attributes of an item, in the API's JSON.
    fn pick(&self, item: &Value) -> Value {
        let names = [Some(&self.partition), self.sort.as_ref()];
        let key: Map<String, Value> = names
            .into_iter()
            .flatten()
            .map(|name| (name.clone(), item[name].clone()))
            .collect();
        key.into()
    }

    /// Returns the two key values of an item, or of a key alone, as text.
    pub(super) fn key_of(&self, item: &Value) -> Key {
        let sort = self.sort.as_ref().map(|name| text(&item[name]));
        Key {
            pk: text(&item[&self.partition]),
            sk: sort.unwrap_or_default(),
        }
    }
}

/// Returns the value of a string, number or binary attribute.
fn text(attribute: &Value) -> String {
    let values = attribute.as_object().into_iter().flatten();
    let value = values.map(|(_, value)| value).next();
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Returns table and key (in the API's JSON) of every item that a request names, in its order.
pub(super) fn items(
    tables: &BTreeMap<String, TableKeys>,
    operation: &str,
    body: &Value,
) -> Vec<(String, Value)> {
    let mut items = Vec::new();
    let mut name = |table: &str, key: &Value, whole_item: bool| {
        if let Some(keys) = tables.get(table) {
            let key = if whole_item {
                keys.pick(key)
            } else {
                key.clone()
            };
            items.push((table.to_owned(), key));
        }
    };
    let table = body["TableName"].as_str().unwrap_or_default();
    match operation {
        "GetItem" | "UpdateItem" | "DeleteItem" => name(table, &body["Key"], false),
        "PutItem" => name(table, &body["Item"], true),
        "BatchGetItem" => {
            for (table, request) in entries(&body["RequestItems"]) {
                for key in elements(&request["Keys"]) {
                    name(table, key, false);
                }
            }
        }
        "BatchWriteItem" => {
            for (table, requests) in entries(&body["RequestItems"]) {
                for request in elements(requests) {
                    match request.get("PutRequest") {
                        Some(put) => name(table, &put["Item"], true),
                        None => name(table, &request["DeleteRequest"]["Key"], false),
                    }
                }
            }
        }
        "TransactWriteItems" | "TransactGetItems" => {
            for action in elements(&body["TransactItems"]) {
                for (kind, action) in entries(action) {
                    let table = action["TableName"].as_str().unwrap_or_default();
                    match kind.as_str() {
                        "Put" => name(table, &action["Item"], true),
                        _ => name(table, &action["Key"], false),
                    }
                }
            }
        }
        "BatchExecuteStatement" => {
            for statement in elements(&body["Statements"]) {
                if let Some((table, key)) = of_statement(statement) {
                    name(table, &key, true);
                }
            }
        }
        _ => {}
    }
    items
}

/// A table, and the value of a partition key in it.
pub(super) type Partition = (String, String);

/// Returns the partitions that a request reads or writes; `None`: it does not say which.
pub(super) fn partitions(
    tables: &BTreeMap<String, TableKeys>,
    operation: &str,
    body: &Value,
) -> Option<BTreeSet<Partition>> {
    if operation == "Query" {
        let table = body["TableName"].as_str()?.to_owned();
        let key = of_query(operation, body).filter(|_| body["IndexName"].is_null())?;
        return Some(BTreeSet::from([(table, key.pk)]));
    }
    let items = items(tables, operation, body);
    let statements = body["Statements"].as_array().map_or(0, Vec::len);
    let named = items.iter().map(|(table, key)| {
        let key = tables.get(table)?.key_of(key);
        Some((table.clone(), key.pk))
    });
    let named: BTreeSet<Partition> = named.collect::<Option<_>>()?;
    (!named.is_empty() && items.len() >= statements).then_some(named)
}

/// Returns table and key attributes of one of the handlers' statements:
/// `INSERT INTO "table" VALUE {'pk': ?, …}`, and `UPDATE "table" … WHERE pk = ? …` or
/// `DELETE FROM "table" WHERE pk = ? …`.
pub(super) fn of_statement(statement: &Value) -> Option<(&str, Value)> {
    let text = statement["Statement"].as_str()?;
    let (_, rest) = text.split_once('"')?;
    let (table, rest) = rest.split_once('"')?;
    let (before, names): (&str, Vec<&str>) = match rest.split_once("WHERE ") {
        Some((changes, conditions)) => {
            let conditions = conditions.split(" AND ");
            let names = conditions.filter_map(|it| it.split_once(" = ").map(|(name, _)| name));
            (changes, names.collect())
        }
        None => ("", rest.split('\'').skip(1).step_by(2).collect()),
    };
    let values = elements(&statement["Parameters"]).skip(before.matches('?').count());
    let attributes: Map<String, Value> = names
        .into_iter()
        .zip(values)
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
    Some((table, attributes.into()))
}

/// Returns the partition a Query asks for: the value in the `name = :value` of its key condition.
pub(super) fn of_query(operation: &str, body: &Value) -> Option<Key> {
    let condition = body["KeyConditionExpression"].as_str();
    let condition = condition.filter(|_| operation == "Query")?;
    let (_, after) = condition.split_once('=')?;
    let placeholder = after.split_whitespace().next()?.trim_end_matches(')');
    Some(Key {
        pk: text(&body["ExpressionAttributeValues"][placeholder]),
        sk: String::new(),
    })
}

fn entries(map: &Value) -> impl Iterator<Item = (&String, &Value)> {
    map.as_object().into_iter().flatten()
}

fn elements(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
