//! One execution, and how it ends.

use std::time::Duration;

/// An execution, as Step Functions knows it: the truth, not Describe's view of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// Execution ARN.
    pub arn: String,
    /// Execution name.
    pub name: String,
    /// State machine ARN, without an alias.
    pub machine_arn: String,
    /// The alias ARN it was started by, if any.
    pub alias_arn: Option<String>,
    /// The version ARN it was started by, itself or through the alias.
    pub version_arn: Option<String>,
    /// Input, as it was given.
    pub input: String,
    /// Start, in milliseconds since the epoch.
    pub started_ms: i64,
    /// End, in milliseconds since the epoch.
    pub stopped_ms: Option<i64>,
    /// Its state, and its result once it has ended.
    pub status: Status,
    /// Output, after success.
    pub output: Option<String>,
    /// Error code, after a failure.
    pub error: Option<String>,
    /// Cause, after a failure.
    pub cause: Option<String>,
    /// Raised only by [`crate::Sfn::mark_redriven`].
    pub redrive_count: u32,
}

/// The status of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not ended yet.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended by its timeout.
    TimedOut,
    /// Stopped by someone.
    Aborted,
}

impl Status {
    /// Returns the status as the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }
}

/// The end of an execution and its time: the answer of a test's workflow.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Time from the start to the end; none: it runs until [`crate::Sfn::end`].
    pub after: Option<Duration>,
    /// Its result.
    pub result: ExecutionResult,
}

/// The result of an execution.
#[derive(Clone, Debug)]
pub enum ExecutionResult {
    /// Success, with an output in JSON.
    Succeeded(String),
    /// Failure.
    Failed {
        /// Error code, such as "States.TaskFailed".
        error: String,
        /// Cause.
        cause: String,
    },
    /// The workflow's own timeout.
    TimedOut,
    /// Stopped.
    Aborted,
}

impl Ending {
    /// Succeeds with this output.
    pub fn succeed(after: Duration, output: &str) -> Self {
        Self {
            after: Some(after),
            result: ExecutionResult::Succeeded(output.to_owned()),
        }
    }

    /// Fails with this error.
    pub fn fail(after: Duration, error: &str, cause: &str) -> Self {
        let (error, cause) = (error.to_owned(), cause.to_owned());
        Self {
            after: Some(after),
            result: ExecutionResult::Failed { error, cause },
        }
    }

    /// Times out.
    pub fn time_out(after: Duration) -> Self {
        Self {
            after: Some(after),
            result: ExecutionResult::TimedOut,
        }
    }

    /// Returns the end of an execution that is stopped by someone.
    pub fn abort(after: Duration) -> Self {
        Self {
            after: Some(after),
            result: ExecutionResult::Aborted,
        }
    }

    /// Runs on until the test ends it.
    pub fn never() -> Self {
        Self {
            after: None,
            result: ExecutionResult::Aborted,
        }
    }
}

impl Execution {
    pub(super) fn close(&mut self, result: ExecutionResult, at_ms: i64) {
        self.stopped_ms = Some(at_ms);
        match result {
            ExecutionResult::Succeeded(output) => {
                self.status = Status::Succeeded;
                self.output = Some(output);
            }
            ExecutionResult::Failed { error, cause } => {
                self.status = Status::Failed;
                self.error = Some(error);
                self.cause = Some(cause);
            }
            ExecutionResult::TimedOut => {
                self.status = Status::TimedOut;
                self.error = Some("States.Timeout".to_owned());
            }
            ExecutionResult::Aborted => self.status = Status::Aborted,
        }
    }
}
