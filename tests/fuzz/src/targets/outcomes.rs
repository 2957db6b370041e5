//! Bodies of the outcomes queue's messages: Step Functions' status changes, and Spillway's own.

use serde_json::Value;
use spillway::execution::name::MAX_NAME_CHARS;
use spillway::execution::outcome::{self, MAX_ERROR_BYTES, Outcome, Report, Status};
use spillway::record::row::MAX_CAUSE_BYTES;

use super::outputs;
use crate::target::{Seen, Target, assert_reason};

pub(crate) const TARGET: Target = Target {
    name: "outcomes",
    corpus: "outcomes",
    read,
    check,
};

fn read(input: &[u8]) {
    let _ = outcome::parse(&String::from_utf8_lossy(input));
}

fn check(input: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(input);
    let parsed = outcome::parse(&text);
    let told = || serde_json::from_str::<Value>(&text).unwrap_or_default();
    match &parsed {
        Ok(Report::Ended(ended)) => {
            assert!(says(&told(), ended), "read as {ended:?}");
            bounded(ended);
            if let Some(output) = &ended.output {
                outputs::check(output.as_bytes());
            }
            Seen::Understood(ended.status.as_str().into())
        }
        // An end that is taken for none would leave its slot to the sweep.
        Ok(Report::NotEnded) => {
            let told = told();
            let status = told["detail"]["status"].as_str().unwrap_or_default();
            assert!(outcome::ended(status).is_none(), "{status:?} ends it");
            Seen::Understood("not ended".into())
        }
        Err(error) => {
            assert_reason(&error.to_string(), &text);
            Seen::of(&parsed)
        }
    }
}

/// Returns whether the document says so, by a second reading.
fn says(document: &Value, ended: &Outcome) -> bool {
    let (said, name) = match document.get("spillway") {
        Some(_) => (&document["outcome"], "execution"),
        None => (&document["detail"], "name"),
    };
    let foreign =
        name == "name" && (document["source"] != "aws.states" || ended.status == Status::Refused);
    said[name] == ended.execution.as_str() && said["status"] == ended.status.as_str() && !foreign
}

/// Checks that DynamoDB takes the name as a key, and that the row stays small.
fn bounded(ended: &Outcome) {
    let name = ended.execution.chars().count();
    assert!(
        (1..=MAX_NAME_CHARS).contains(&name),
        "a name of {name} characters"
    );
    let bytes = |text: &Option<String>| text.as_deref().unwrap_or_default().len();
    assert!(bytes(&ended.error) <= MAX_ERROR_BYTES);
    assert!(bytes(&ended.cause) <= MAX_CAUSE_BYTES);
    let again = Outcome {
        output: None,
        ..ended.clone()
    };
    let own = outcome::encode(&again);
    assert_eq!(outcome::parse(&own), Ok(Report::Ended(again)), "{own}");
}
