//! The outcome: how an execution ended.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::execution::name::MAX_NAME_CHARS;
use crate::record::row::MAX_CAUSE_BYTES;
use crate::text::{cut, json_body, only_objects};
use crate::{SCHEMA_VERSION, readable};

/// Bytes kept of an error's name: Step Functions' have at most so many characters. A row keeps
/// less.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>
pub const MAX_ERROR_BYTES: usize = 256;

/// The error of an execution that ran for longer than its state machine allows. Its status can come
/// without it.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
const TIMED_OUT: &str = "States.Timeout";

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Status {
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
    /// Step Functions refused to start it, and always will.
    Refused,
}

impl Status {
    /// Returns the status as Step Functions spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
            Self::Refused => "REFUSED",
        }
    }
}

// Not derived from the variants' names: that would take an object for a status too.
impl TryFrom<String> for Status {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "REFUSED" => Ok(Self::Refused),
            other => {
                ended(other).ok_or_else(|| format!("the status {:?} ends nothing", cut(other, 64)))
            }
        }
    }
}

impl From<Status> for &'static str {
    fn from(status: Status) -> &'static str {
        status.as_str()
    }
}

/// The end of one execution.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Outcome {
    /// The execution's name.
    pub execution: String,
    pub status: Status,
    pub error: Option<String>,
    pub cause: Option<String>,
    /// Spillway never redrives an execution: above 0, somebody else did.
    #[serde(default)]
    pub redrive_count: u32,
    /// The execution's output, if it is known: a status event leaves it out when it is large.
    #[serde(skip)]
    pub output: Option<String>,
}

impl Outcome {
    /// Returns an outcome, its error and cause cut to the lengths that the ledger keeps.
    pub fn new(execution: &str, status: Status, error: Option<&str>, cause: Option<&str>) -> Self {
        Self {
            execution: execution.to_owned(),
            status,
            error: kept(error, MAX_ERROR_BYTES),
            cause: kept(cause, MAX_CAUSE_BYTES),
            redrive_count: 0,
            output: None,
        }
    }

    /// Returns the outcome as a row keeps it.
    pub fn without_output(&self) -> Self {
        Self {
            execution: self.execution.clone(),
            status: self.status,
            error: self.error.clone(),
            cause: self.cause.clone(),
            redrive_count: self.redrive_count,
            output: None,
        }
    }

    /// Returns the error's name, if the execution failed.
    pub fn error_name(&self) -> Option<&str> {
        let implied = (self.status == Status::TimedOut).then_some(TIMED_OUT);
        match self.status {
            Status::Failed | Status::TimedOut | Status::Aborted => {
                self.error.as_deref().or(implied)
            }
            Status::Succeeded | Status::Refused => None,
        }
    }

    /// Returns why the execution did not succeed, in one line.
    pub fn reason(&self) -> String {
        let mut reason = self.status.as_str().to_owned();
        for part in [&self.error, &self.cause].into_iter().flatten() {
            reason.push_str(": ");
            reason.push_str(part);
        }
        reason
    }
}

/// The contents of a message in the outcomes queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    Ended(Outcome),
    /// A status that ends nothing, such as `RUNNING`.
    NotEnded,
}

/// Why a message of the outcomes queue was not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OutcomeError {
    #[error("the body is not JSON: {0}; find the sender, and discard the message")]
    Json(String),
    #[error(
        "the body is neither a status change of an execution nor one of Spillway's outcomes: find the sender, and discard the message"
    )]
    Dialect,
    #[error(
        "the outcome has schema version {0}; this release reads {SCHEMA_VERSION} and its neighbours: apply the \
         release that sent it, then redrive"
    )]
    Schema(u32),
    #[error("the outcome's fields do not fit: {0}; find the sender, and discard the message")]
    Fields(String),
    #[error(
        "the execution's name has {0} characters, and Step Functions' have 1 to {MAX_NAME_CHARS}: \
         find the sender, and discard the message"
    )]
    Name(usize),
}

/// Spillway's own message: the sweep and refused starts send it.
#[derive(Serialize, Deserialize)]
struct Own {
    spillway: u32,
    outcome: Outcome,
}

/// The `detail` of EventBridge's event. Its input and output can be missing; the input is never
/// read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    name: String,
    status: String,
    error: Option<String>,
    cause: Option<String>,
    redrive_count: Option<u32>,
    output: Option<String>,
}

/// Understands a message of the outcomes queue.
pub fn parse(body: &str) -> Result<Report, OutcomeError> {
    let mut value: Value =
        serde_json::from_str(body).map_err(|error| OutcomeError::Json(quoted(&error)))?;
    let fields = |error: serde_json::Error| OutcomeError::Fields(quoted(&error));
    if let Some(version) = value.get("spillway") {
        let version = version
            .as_u64()
            .and_then(|version| u32::try_from(version).ok());
        let version = version.ok_or(OutcomeError::Dialect)?;
        if !readable(version) {
            return Err(OutcomeError::Schema(version));
        }
        only_objects(&value, &["outcome"]).map_err(OutcomeError::Fields)?;
        let own: Own = serde_json::from_value(value).map_err(fields)?;
        return of_an_execution(own.outcome);
    }
    if value.get("source").and_then(Value::as_str) != Some("aws.states") {
        return Err(OutcomeError::Dialect);
    }
    let detail = value
        .get_mut("detail")
        .map(Value::take)
        .ok_or(OutcomeError::Dialect)?;
    only_objects(&detail, &[]).map_err(OutcomeError::Fields)?;
    let detail: Detail = serde_json::from_value(detail).map_err(fields)?;
    let Some(status) = ended(&detail.status) else {
        return Ok(Report::NotEnded);
    };
    of_an_execution(Outcome {
        execution: detail.name,
        status,
        error: detail.error,
        cause: detail.cause,
        redrive_count: detail.redrive_count.unwrap_or_default(),
        output: detail.output,
    })
}

/// Returns an outcome that fits into the ledger, whose key the name is: another would fail the
/// calls that it shares with others.
fn of_an_execution(outcome: Outcome) -> Result<Report, OutcomeError> {
    let chars = outcome.execution.chars().count();
    if !(1..=MAX_NAME_CHARS).contains(&chars) {
        return Err(OutcomeError::Name(chars));
    }
    let (error, cause) = (outcome.error.as_deref(), outcome.cause.as_deref());
    Ok(Report::Ended(Outcome {
        error: kept(error, MAX_ERROR_BYTES),
        cause: kept(cause, MAX_CAUSE_BYTES),
        ..outcome
    }))
}

fn kept(text: Option<&str>, most: usize) -> Option<String> {
    text.map(|text| cut(text, most).to_owned())
}

/// Returns the parser's words, which can quote the body: not more of it than names the fault.
fn quoted(error: &serde_json::Error) -> String {
    cut(&error.to_string(), 120).to_owned()
}

/// Returns the status that ends an execution; `None` while it goes on.
pub fn ended(status: &str) -> Option<Status> {
    match status {
        "SUCCEEDED" => Some(Status::Succeeded),
        "FAILED" => Some(Status::Failed),
        "TIMED_OUT" => Some(Status::TimedOut),
        "ABORTED" => Some(Status::Aborted),
        _ => None,
    }
}

/// Returns the body of Spillway's own message for an outcome.
pub fn encode(outcome: &Outcome) -> String {
    let own = Own {
        spillway: SCHEMA_VERSION,
        outcome: outcome.clone(),
    };
    // Strings, numbers and options only: serializing them cannot fail.
    json_body(serde_json::to_string(&own).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn change(status: &str) -> Value {
        json!({
            "version": "0", "id": "315c1398", "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states", "account": "111122223333", "region": "us-east-1",
            "detail": {
                "executionArn": "arn:aws:states:us-east-1:111122223333:execution:machine:name-1",
                "stateMachineArn": "arn:aws:states:us-east-1:111122223333:stateMachine:machine",
                "name": "name-1", "status": status, "startDate": 1, "stopDate": 2,
                "error": "BrokenReport", "cause": "no device id"
            }
        })
    }

    #[test]
    fn a_status_change_without_input_is_enough() {
        let report = parse(&change("FAILED").to_string()).unwrap();
        let expected = Outcome::new(
            "name-1",
            Status::Failed,
            Some("BrokenReport"),
            Some("no device id"),
        );
        assert_eq!(report, Report::Ended(expected.clone()));
        assert_eq!(expected.reason(), "FAILED: BrokenReport: no device id");
    }

    #[test]
    fn an_error_is_told_by_its_whole_name() {
        let name = "E".repeat(MAX_ERROR_BYTES);
        let mut failed = change("FAILED");
        failed["detail"]["error"] = json!(name);
        let error = |body: Value| match parse(&body.to_string()).unwrap() {
            Report::Ended(outcome) => outcome.error_name().map(str::to_owned),
            Report::NotEnded => None,
        };
        assert_eq!(error(failed), Some(name));
        let mut timed_out = change("TIMED_OUT");
        timed_out["detail"]["error"] = Value::Null;
        assert_eq!(error(timed_out), Some("States.Timeout".into()));
        assert_eq!(error(change("SUCCEEDED")), None);
    }

    #[test]
    fn what_ends_nothing_is_told_apart() {
        for status in ["RUNNING", "PENDING_REDRIVE", "SOMETHING_NEW"] {
            assert_eq!(parse(&change(status).to_string()), Ok(Report::NotEnded));
        }
    }

    #[test]
    fn a_redriven_execution_is_noticed() {
        let mut redriven = change("SUCCEEDED");
        redriven["detail"]["redriveCount"] = json!(1);
        match parse(&redriven.to_string()).unwrap() {
            Report::Ended(outcome) => assert_eq!(outcome.redrive_count, 1),
            Report::NotEnded => panic!("it ended"),
        }
    }

    #[test]
    fn what_is_not_an_outcome_is_refused_with_a_reason() {
        for (body, reason) in [
            ("", "not JSON"),
            ("[]", "neither"),
            ("{}", "neither"),
            (r#"{"source": "aws.s3", "detail": {}}"#, "neither"),
            (r#"{"source": "aws.states"}"#, "neither"),
            (r#"{"source": "aws.states", "detail": {}}"#, "do not fit"),
            (r#"{"spillway": 7}"#, "schema version 7"),
            (r#"{"spillway": 1}"#, "do not fit"),
            (
                r#"{"source": "aws.states", "detail": {"name": "", "status": "FAILED"}}"#,
                "name has 0 characters",
            ),
        ] {
            let error = parse(body).unwrap_err().to_string();
            assert!(error.contains(reason), "{body}: {error}");
        }
    }

    #[test]
    fn outcomes_of_the_neighbouring_releases_are_understood() {
        let outcome = Outcome::new("name-1", Status::TimedOut, None, None);
        let mut body: Value = serde_json::from_str(&encode(&outcome)).unwrap();
        body["spillway"] = json!(SCHEMA_VERSION + 1);
        body["outcome"]["somethingNew"] = json!([]);
        assert_eq!(parse(&body.to_string()), Ok(Report::Ended(outcome)));
    }

    proptest! {
        #[test]
        fn no_body_makes_the_parser_panic(body in ".{0,200}") {
            let _ = parse(&body);
        }
    }
}
