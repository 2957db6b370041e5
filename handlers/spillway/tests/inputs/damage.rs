//! What chance does to a message: to its JSON, and to its text.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// One change somewhere in a document.
#[derive(Debug, Clone)]
pub enum Damage {
    /// The field is gone.
    Remove,
    /// The field has another value.
    Replace(Value),
    /// The field has another name.
    Rename(String),
    /// The field's text is cut, or has more.
    Cut(usize),
    Append(String),
    /// A list has an entry twice, or none.
    Repeat,
    Empty,
    /// The value is inside another one.
    Nest(String),
    /// The document is the text of another document's field.
    Quote,
}

/// A change, and the place of it: the n-th value of the document.
pub type At = (usize, Damage);

/// Words that mean something somewhere.
const WORDS: &[&str] = &[
    "Records",
    "s3",
    "object",
    "bucket",
    "key",
    "name",
    "detail",
    "detail-type",
    "source",
    "aws.s3",
    "aws:s3",
    "aws.states",
    "spillway",
    "Type",
    "TopicArn",
    "Message",
    "Notification",
    "Event",
    "s3:TestEvent",
    "2.1",
    "3.0",
    "1",
    "Object Created",
    "Object Deleted",
    "ObjectCreated:Put",
    "ObjectRemoved:Delete",
    "SUCCEEDED",
    "FAILED",
    "RUNNING",
    "sequencer",
    "versionId",
    "version-id",
    "eTag",
    "etag",
    "null",
    "%",
    "%2",
    "%zz",
    "%C3%28",
    "+",
    "..",
    "/",
    "#",
    "\u{0}",
    "batchItemFailures",
    "itemIdentifier",
    "eventName",
    "status",
    "attempt",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => ".{0,12}",
        1 => "[0-9a-fA-F]{0,40}",
    ]
}

/// Any JSON, not deep.
pub fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

pub fn damages() -> impl Strategy<Value = Vec<At>> {
    let damage = prop_oneof![
        3 => Just(Damage::Remove),
        4 => any_json().prop_map(Damage::Replace),
        2 => word().prop_map(Damage::Rename),
        1 => (0..40_usize).prop_map(Damage::Cut),
        2 => word().prop_map(Damage::Append),
        1 => Just(Damage::Repeat),
        1 => Just(Damage::Empty),
        1 => word().prop_map(Damage::Nest),
        1 => Just(Damage::Quote),
    ];
    prop::collection::vec((0..60_usize, damage), 0..4)
}

/// The document after these changes.
pub fn damaged(mut document: Value, damages: &[At]) -> Value {
    for (place, damage) in damages {
        let count = values(&document).max(1);
        change(&mut document, &mut (place % count), damage);
    }
    document
}

fn values(value: &Value) -> usize {
    1 + match value {
        Value::Array(entries) => entries.iter().map(values).sum::<usize>(),
        Value::Object(fields) => fields.values().map(values).sum(),
        _ => 0,
    }
}

/// Changes the value that is `rest` values further on. `true`: it was here.
fn change(value: &mut Value, rest: &mut usize, damage: &Damage) -> bool {
    if *rest == 0 {
        apply(value, damage);
        return true;
    }
    *rest -= 1;
    match value {
        Value::Array(entries) => entries.iter_mut().any(|entry| change(entry, rest, damage)),
        Value::Object(fields) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            names
                .into_iter()
                .any(|name| change_field(fields, &name, rest, damage))
        }
        _ => false,
    }
}

fn change_field(
    fields: &mut Map<String, Value>,
    name: &str,
    rest: &mut usize,
    damage: &Damage,
) -> bool {
    match damage {
        Damage::Remove if *rest == 0 => {
            fields.remove(name);
            true
        }
        Damage::Rename(other) if *rest == 0 => {
            if let Some(value) = fields.remove(name) {
                fields.insert(other.clone(), value);
            }
            true
        }
        _ => fields
            .get_mut(name)
            .is_some_and(|value| change(value, rest, damage)),
    }
}

fn apply(value: &mut Value, damage: &Damage) {
    match (damage, &mut *value) {
        (Damage::Replace(other), _) => *value = other.clone(),
        (Damage::Cut(length), Value::String(text)) => *text = text.chars().take(*length).collect(),
        (Damage::Append(more), Value::String(text)) => text.push_str(more),
        (Damage::Repeat, Value::Array(entries)) => {
            let first = entries.first().cloned();
            entries.extend(first);
        }
        (Damage::Empty, Value::Array(entries)) => entries.clear(),
        (Damage::Empty, Value::Object(fields)) => fields.clear(),
        (Damage::Empty, Value::String(text)) => text.clear(),
        (Damage::Nest(name), _) => *value = json!({ name.as_str(): value.take() }),
        (Damage::Quote, _) => *value = Value::from(value.to_string()),
        _ => *value = Value::Null,
    }
}

/// What happens to a text on its way.
#[derive(Debug, Clone)]
pub enum Scratch {
    None,
    Cut(usize),
    Put(usize, String),
    Drop(usize),
}

pub fn scratches() -> impl Strategy<Value = Scratch> {
    prop_oneof![
        12 => Just(Scratch::None),
        1 => any::<usize>().prop_map(Scratch::Cut),
        2 => (any::<usize>(), "[\"{}:,\\\\0-9a-z\u{0}é ]{1,3}").prop_map(|(at, text)| Scratch::Put(at, text)),
        1 => any::<usize>().prop_map(Scratch::Drop),
    ]
}

pub fn scratched(text: &str, scratch: &Scratch) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let length = characters.len().max(1);
    match scratch {
        Scratch::None => {}
        Scratch::Cut(at) => characters.truncate(at % length),
        Scratch::Put(at, more) => {
            let at = (at % length).min(characters.len());
            characters.splice(at..at, more.chars());
        }
        Scratch::Drop(at) => {
            if !characters.is_empty() {
                characters.remove(at % length);
            }
        }
    }
    characters.into_iter().collect()
}
