//! Damage to a document: one value of it, anywhere.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::words::{number, word};

/// A text that holds a document is damaged inside in so many of ten cases.
const INSIDE: u8 = 6;

/// Changes one value somewhere in the document. `other`: a document to take values from.
pub(super) fn damage(rng: &mut Rng, document: &mut Value, other: &Value) {
    let mut rest = rng.usize(..values(document));
    change(rng, document, &mut rest, other);
}

fn values(value: &Value) -> usize {
    1 + match value {
        Value::Array(entries) => entries.iter().map(values).sum::<usize>(),
        Value::Object(fields) => fields.values().map(values).sum(),
        _ => 0,
    }
}

/// Changes the value that is `rest` values further on. `true`: it was here.
fn change(rng: &mut Rng, value: &mut Value, rest: &mut usize, other: &Value) -> bool {
    if *rest == 0 {
        apply(rng, value, other);
        return true;
    }
    *rest -= 1;
    match value {
        Value::Array(entries) => entries
            .iter_mut()
            .any(|entry| change(rng, entry, rest, other)),
        Value::Object(fields) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            names
                .iter()
                .any(|name| change_field(rng, fields, name, rest, other))
        }
        _ => false,
    }
}

fn change_field(
    rng: &mut Rng,
    fields: &mut Map<String, Value>,
    name: &str,
    rest: &mut usize,
    other: &Value,
) -> bool {
    match rng.u8(..) {
        0..50 if *rest == 0 => {
            fields.remove(name);
            true
        }
        50..80 if *rest == 0 => {
            if let Some(value) = fields.remove(name) {
                fields.insert(word(rng), value);
            }
            true
        }
        _ => match fields.get_mut(name) {
            Some(value) => change(rng, value, rest, other),
            None => false,
        },
    }
}

fn apply(rng: &mut Rng, value: &mut Value, other: &Value) {
    match (rng.u8(..10), &mut *value) {
        (..INSIDE, Value::String(text)) if text.starts_with(['{', '[']) => {
            if let Ok(mut document) = serde_json::from_str(text) {
                damage(rng, &mut document, other);
                *text = document.to_string();
            }
        }
        (0..2, _) => *value = any(rng, 3),
        (2, _) => *value = part(rng, other).clone(),
        (3, _) => *value = Value::from(value.to_string()),
        (4, Value::String(text)) => {
            if let Ok(document) = serde_json::from_str(text) {
                *value = document;
            }
        }
        // The derived `Deserialize` of a struct and of an enum takes these too.
        (4, Value::Object(fields)) => *value = fields.values().cloned().collect(),
        (5, Value::String(text)) => *value = json!({ text.as_str(): null }),
        (4, _) => {
            for _ in 0..rng.usize(1..=140) {
                *value = json!([value.take()]);
            }
        }
        (5, _) => *value = json!({ word(rng): value.take() }),
        (_, Value::String(text)) => damage_text(rng, text),
        (_, Value::Number(_)) => *value = number(rng),
        (_, Value::Array(entries)) => damage_list(rng, entries, other),
        (_, Value::Object(fields)) => {
            fields.insert(word(rng), any(rng, 2));
        }
        _ => *value = Value::Bool(rng.bool()),
    }
}

fn damage_text(rng: &mut Rng, text: &mut String) {
    let characters: Vec<char> = text.chars().collect();
    let at = rng.usize(..=characters.len());
    let (before, after) = characters.split_at(at);
    let before = String::from_iter(before);
    let rest = String::from_iter(after);
    *text = match (rng.u8(..8), after.first()) {
        (0, _) => before,
        (1, _) => rest,
        (2, _) => word(rng),
        (3, _) => text.repeat(rng.usize(2..30)),
        // More of one character, such as a digit; or another one instead.
        (4, Some(again)) => before + &again.to_string().repeat(rng.usize(1..20)) + &rest,
        (5, Some(_)) => before + &rng.char(' '..'~').to_string() + &String::from_iter(&after[1..]),
        (6, Some(_)) => before + &String::from_iter(&after[1..]),
        _ => before + &word(rng) + &rest,
    };
}

fn damage_list(rng: &mut Rng, entries: &mut Vec<Value>, other: &Value) {
    match (rng.u8(..4), entries.first().cloned()) {
        (0, _) => entries.clear(),
        (1, Some(first)) => {
            let more = rng.usize(1..20);
            entries.extend(std::iter::repeat_n(first, more));
        }
        (2, Some(_)) => entries.reverse(),
        _ => entries.push(part(rng, other).clone()),
    }
}

/// Returns any value within a document.
fn part<'a>(rng: &mut Rng, document: &'a Value) -> &'a Value {
    let mut part = document;
    loop {
        let within: Vec<&Value> = match part {
            Value::Array(entries) => entries.iter().collect(),
            Value::Object(fields) => fields.values().collect(),
            _ => Vec::new(),
        };
        if within.is_empty() || rng.u8(..4) == 0 {
            return part;
        }
        part = within[rng.usize(..within.len())];
    }
}

/// Returns any JSON, not deep.
fn any(rng: &mut Rng, depth: u8) -> Value {
    match rng.u8(..if depth == 0 { 8 } else { 10 }) {
        0 => Value::Null,
        1 => Value::Bool(rng.bool()),
        2..4 => number(rng),
        4..8 => Value::String(word(rng)),
        8 => (0..rng.usize(..4)).map(|_| any(rng, depth - 1)).collect(),
        _ => (0..rng.usize(..4))
            .map(|_| (word(rng), any(rng, depth - 1)))
            .collect(),
    }
}
