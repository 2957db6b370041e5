//! The report of an execution of several object events: which of them failed.

use std::collections::{BTreeSet, HashSet};

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::text::{cut, only_objects};

/// Which of a batch's items an execution's output reports as failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failures {
    None,
    /// These ids.
    Items(BTreeSet<String>),
}

/// An output that speaks of failed items and cannot be understood: every item counts as failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FailuresError {
    #[error(
        "batchItemFailures is not a list of {{\"itemIdentifier\": \"<id>\"}}: return such a list"
    )]
    Shape,
    #[error("the output has the word batchItemFailures and is not JSON: return JSON")]
    Unreadable,
    #[error(
        "batchItemFailures names {0:?}, which is the id of none of its objects: return ids of the input"
    )]
    Unknown(String),
    /// A report that nobody would read: as `lambda:invoke` wraps it, as a text, or in another
    /// spelling.
    #[error(
        "the output has its report at {0}: return it as batchItemFailures at the top level, by the last state's \
         OutputPath or Output"
    )]
    Elsewhere(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    item_identifier: String,
}

/// The field that Lambda looks at too.
const FIELD: &str = "batchItemFailures";
/// [`FIELD`] in any spelling: without case, hyphens and underscores, in the singular.
const SPELLING: &str = "batchitemfailure";
/// Bytes of a misplaced report's path that are shown.
const MAX_PATH_BYTES: usize = 64;

/// Reads an execution's output: Lambda's own convention,
/// `{"batchItemFailures":[{"itemIdentifier": "<id>"}]}`.
///
/// An output that has the field in another place or spelling is an error; one that does not have it
/// reports nothing.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
pub fn failures(output: Option<&str>, ids: &HashSet<String>) -> Result<Failures, FailuresError> {
    let Some(output) = output else {
        return Ok(Failures::None);
    };
    let read: Value = match serde_json::from_str(output) {
        Ok(read) => read,
        // JSON is more than serde reads: half of a surrogate pair, or 200 lists in each other.
        Err(_) if spelled(output).contains(SPELLING) => return Err(FailuresError::Unreadable),
        Err(_) => return Ok(Failures::None),
    };
    if let Some(path) = misplaced(&read) {
        return Err(FailuresError::Elsewhere(
            cut(&path, MAX_PATH_BYTES).to_owned(),
        ));
    }
    let items = match read.get(FIELD) {
        None | Some(Value::Null) => return Ok(Failures::None),
        Some(items) => items,
    };
    let items = items.as_array().ok_or(FailuresError::Shape)?;
    let mut failed = BTreeSet::new();
    for item in items {
        only_objects(item, &[]).map_err(|_| FailuresError::Shape)?;
        let item = Failed::deserialize(item).map_err(|_| FailuresError::Shape)?;
        let id = item.item_identifier;
        if !ids.contains(&id) {
            return Err(FailuresError::Unknown(id.chars().take(64).collect()));
        }
        failed.insert(id);
    }
    Ok(if failed.is_empty() {
        Failures::None
    } else {
        Failures::Items(failed)
    })
}

/// Returns the path of a report that is not [`FIELD`] at the output's top level.
fn misplaced(output: &Value) -> Option<String> {
    let Value::Object(fields) = output else {
        return report_in(output, "$".to_owned());
    };
    fields.iter().find_map(|(name, value)| {
        let path = format!("$.{name}");
        if name != FIELD && is_report(name) {
            return Some(path);
        }
        report_in(value, path)
    })
}

/// Returns the path of a report within a value, given the value's own path.
fn report_in(value: &Value, path: String) -> Option<String> {
    match value {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let path = format!("{path}.{name}");
            if is_report(name) {
                return Some(path);
            }
            report_in(value, path)
        }),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .find_map(|(index, value)| report_in(value, format!("{path}[{index}]"))),
        Value::String(text) => holds_report(text).then_some(path),
        _ => None,
    }
}

fn is_report(name: &str) -> bool {
    let spelled = spelled(name);
    spelled.strip_suffix('s').unwrap_or(&spelled) == SPELLING
}

/// Returns whether a text is the report of a batch, as JSON or in some language's form. It has the
/// field's name in quotes.
fn holds_report(text: &str) -> bool {
    // Only a text that has the name at all is looked at name by name.
    spelled(text).contains(SPELLING) && text.split(['"', '\'']).any(is_report)
}

/// Removes the characters that spellings differ in. A backslash goes too: a text in a text escapes
/// its quotes.
fn spelled(text: &str) -> String {
    let plain = text.chars().filter(|it| !matches!(it, '_' | '-' | '\\'));
    plain.map(|it| it.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn failed_items_are_those_named() {
        let ids = HashSet::from(["a".to_owned(), "b".to_owned()]);
        let read = |output| failures(output, &ids);
        let none = [
            None,
            Some("{}"),
            Some("[]"),
            Some("not JSON"),
            Some(r#"{"batchItemFailures": []}"#),
            Some(r#"{"batchItemFailures": null}"#),
        ];
        for output in none {
            assert_eq!(read(output), Ok(Failures::None), "{output:?}");
        }
        assert_eq!(
            read(Some(
                r#"{"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "b"}]}"#
            )),
            Ok(Failures::Items(["b".to_owned()].into()))
        );
    }

    #[test]
    fn failed_items_that_cannot_be_understood_are_an_error() {
        let ids = HashSet::from(["a".to_owned()]);
        let read = |output: &str| failures(Some(output), &ids).unwrap_err();
        for output in [
            r#"{"batchItemFailures": "a"}"#,
            r#"{"batchItemFailures": ["a"]}"#,
            r#"{"batchItemFailures": [{"id": "a"}]}"#,
        ] {
            assert_eq!(read(output), FailuresError::Shape, "{output}");
        }
        for output in [
            r#"{"batchItemFailures": [{"itemIdentifier": "a"}], "file": "\udcff"}"#.to_owned(),
            format!(
                r#"{{"batchItemFailures": [], "tree": {}}}"#,
                "[".repeat(200) + &"]".repeat(200)
            ),
        ] {
            assert_eq!(read(&output), FailuresError::Unreadable, "{output}");
        }
        let unknown = read(r#"{"batchItemFailures": [{"itemIdentifier": "c"}]}"#);
        assert_eq!(unknown, FailuresError::Unknown("c".into()));
    }

    #[test]
    fn a_report_that_nobody_would_read_fails_all() {
        let ids = HashSet::from(["a".to_owned()]);
        let items = r#"[{"itemIdentifier": "a"}]"#;
        let text = |json: &str| serde_json::to_string(json).unwrap();
        let report = format!(r#"{{"batchItemFailures": {items}}}"#);
        let as_text = text(&report);
        for (output, path) in [
            // The unfiltered answer of lambda:invoke.
            (
                format!(
                    r#"{{"ExecutedVersion": "$LATEST", "Payload": {report}, "StatusCode": 200}}"#
                ),
                "$.Payload.batchItemFailures",
            ),
            (format!("[{report}]"), "$[0].batchItemFailures"),
            (as_text.clone(), "$"),
            (text(&as_text), "$"),
            (
                format!(r#"{{"statusCode": 200, "body": {as_text}}}"#),
                "$.body",
            ),
            (
                format!(r#"{{"log": {}}}"#, text("{'batchItemFailures': ['a']}")),
                "$.log",
            ),
            (
                format!(r#"{{"BatchItemFailures": {items}}}"#),
                "$.BatchItemFailures",
            ),
            (
                format!(r#"{{"batch_item_failures": {items}}}"#),
                "$.batch_item_failures",
            ),
            (
                format!(r#"{{"batch-item-failure": {items}}}"#),
                "$.batch-item-failure",
            ),
            (
                format!(r#"{{"batchItemFailures": [], "Payload": [0, {report}]}}"#),
                "$.Payload[1].batchItemFailures",
            ),
        ] {
            let path = FailuresError::Elsewhere(path.to_owned());
            assert_eq!(failures(Some(&output), &ids), Err(path), "{output}");
        }
        let told = FailuresError::Elsewhere("x".repeat(MAX_PATH_BYTES)).to_string();
        assert!(
            told.len() <= crate::record::row::MAX_CAUSE_BYTES,
            "{}",
            told.len()
        );
        for output in [
            r#"{"log": "no batchItemFailures today", "batchItemFailuresSeen": 0}"#,
            r#"{"batchItemFailures": [], "note": "the 'batchItemFailures-free' mode"}"#,
        ] {
            assert_eq!(failures(Some(output), &ids), Ok(Failures::None), "{output}");
        }
    }

    proptest! {
        /// However deep a report is wrapped, its failures are not lost.
        #[test]
        fn a_wrapped_report_is_never_success(wraps in proptest::collection::vec(0u8..3, 1..6)) {
            let mut output = serde_json::json!({FIELD: [{"itemIdentifier": "a"}]});
            for wrap in wraps {
                output = match wrap {
                    0 => serde_json::json!({"Payload": output}),
                    1 => serde_json::json!([1, output]),
                    _ => Value::String(output.to_string()),
                };
            }
            let read = failures(Some(&output.to_string()), &HashSet::from(["a".to_owned()]));
            prop_assert!(matches!(read, Err(FailuresError::Elsewhere(_))), "{:?}", read);
        }
    }
}
