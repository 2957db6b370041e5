//! The outputs of executions: which items of a batch failed.

use std::collections::HashSet;

use serde_json::{Value, json};
use spillway::rules::report::{self, Failures};

use crate::target::{Seen, Target, assert_reason};

pub(crate) const TARGET: Target = Target {
    name: "outputs",
    corpus: "outputs",
    read,
    check,
};

/// The ids of the batch's items; the corpus names them.
const IDS: [&str; 3] = [
    "0123456789abcdef0123456789abcdef",
    "89abcdef0123456789abcdef01234567",
    "fedcba9876543210fedcba9876543210",
];

fn ids() -> HashSet<String> {
    IDS.iter().map(|&id| id.to_owned()).collect()
}

fn read(input: &[u8]) {
    let _ = report::failures(Some(&String::from_utf8_lossy(input)), &ids());
}

/// Returns the names of all fields, however deep.
fn names(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| std::iter::once(name.clone()).chain(names(value)))
            .collect(),
        Value::Array(values) => values.iter().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

fn is_the_lists(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).collect();
    let plain = letters.len() == name.chars().filter(|it| !"_-\\".contains(*it)).count();
    plain && ["batchitemfailures", "batchitemfailure"].contains(&letters.to_lowercase().as_str())
}

pub(super) fn check(input: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(input);
    let ids = ids();
    let read = report::failures(Some(&text), &ids);
    match &read {
        Ok(Failures::Items(failed)) => {
            assert!(!failed.is_empty() && failed.is_subset(&ids.into_iter().collect()));
            // An id can be written with escapes.
            let told: Value = serde_json::from_str(&text).expect("it names items");
            let told = told["batchItemFailures"].to_string();
            assert!(failed.iter().all(|id| told.contains(id)), "{failed:?}");
            Seen::Understood("some failed".into())
        }
        Ok(Failures::None) => {
            // Everything counts as done: only if there is no such list, or an empty one.
            match serde_json::from_str::<Value>(&text) {
                Ok(told) => {
                    let list = told.get("batchItemFailures");
                    let none = list.is_none_or(|list| list.is_null() || list == &json!([]));
                    assert!(none, "the list counts as done");
                    let named = names(&told)
                        .iter()
                        .filter(|name| is_the_lists(name))
                        .count();
                    let own = usize::from(list.is_some());
                    assert_eq!(named, own, "a list in another place counts as done");
                }
                Err(_) => assert!(
                    !text.contains("batchItemFailures"),
                    "a list that cannot be read counts as done"
                ),
            }
            Seen::Understood("none failed".into())
        }
        Err(error) => {
            assert_reason(&error.to_string(), &text);
            Seen::of(&read)
        }
    }
}
