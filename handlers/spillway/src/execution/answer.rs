//! Step Functions' answers about an execution.

use super::outcome::Outcome;
use crate::Millis;

/// Why an execution can never start.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Refusal {
    pub error: String,
    pub cause: String,
}

/// How a start went.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Start {
    Started,
    /// The name is taken, and names are ours alone: this attempt was started before.
    Already,
    /// Over a quota: the start can be tried again, slower.
    Throttled(String),
    /// Refused, and always will be: the input or the name.
    Refused(Refusal),
    /// There is no such state machine, or not for long.
    NoStateMachine(String),
    /// Refused for every event: a permission is missing, or the configuration is wrong.
    Forbidden(String),
    /// No clear answer: the execution can have started.
    Unclear(String),
}

/// The state of an execution. The answer is eventually consistent.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Described {
    Running,
    Closed(Outcome),
    /// There is no such execution, or it is not to be seen yet.
    NotFound,
}

/// A page of the executions that run, the one that started last first. The list is eventually
/// consistent.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Their names.
    pub executions: Vec<String>,
    /// When the last of them started.
    pub oldest: Option<Millis>,
    /// The token that asks for the next page; `None`: this is the last one.
    pub next: Option<String>,
}
