//! Errors of calls to AWS.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use lambda_runtime::Diagnostic;
use thiserror::Error;

use spillway::text::cut;

/// Errors with a status below 500, for calls that AWS would take a moment later.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
const PASSING: [&str; 16] = [
    "AWS.SimpleQueueService.OverLimit",
    "KMS.ThrottlingException",
    "KmsThrottled",
    "OverLimit",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Bytes of AWS's message that are passed on.
const MAX_MESSAGE_BYTES: usize = 500;

/// A failed call or an unusable item, in words that give the remedy in the log alone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AwsError {
    /// A call to AWS failed, its retries included.
    #[error("{call} failed: {reason}")]
    Call { call: &'static str, reason: String },
    /// The same, of something that passes by itself: it was throttled, AWS was at fault, or there
    /// was no answer.
    #[error("{call} failed: {reason}")]
    Passing { call: &'static str, reason: String },
    /// Something in the ledger is not as this release can read it.
    #[error("the ledger's {item} cannot be read: {reason}")]
    Ledger { item: String, reason: String },
}

impl AwsError {
    /// Wraps the error of an AWS call: AWS's own code, message and request id if it answered, else
    /// why it did not.
    pub fn call<E>(call: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let reason = reason(error);
        match passes(error) {
            true => Self::Passing { call, reason },
            false => Self::Call { call, reason },
        }
    }

    /// Returns whether the call can be made again in a moment.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Passing { .. })
    }

    /// Wraps the error of a request that could not be put together.
    pub fn request(call: &'static str, error: &dyn StdError) -> Self {
        Self::Call {
            call,
            reason: chain(error),
        }
    }

    /// Returns a stable name for alarms and retries, which must not depend on a Rust type's name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Call { .. } | Self::Passing { .. } => "Call",
            Self::Ledger { .. } => "Ledger",
        }
    }
}

/// Returns the failure that Lambda receives.
pub fn diagnostic(kind: &str, error: &impl ToString) -> Diagnostic {
    Diagnostic {
        error_type: kind.to_owned(),
        error_message: error.to_string(),
    }
}

impl From<AwsError> for Diagnostic {
    fn from(error: AwsError) -> Self {
        diagnostic(error.kind(), &error)
    }
}

/// Returns whether a call failed for something that passes by itself.
fn passes<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(service) => {
            let code = service.err().meta().code();
            service.raw().status().is_server_error()
                || code.is_some_and(|code| PASSING.contains(&code))
        }
        // There was no answer, or none that could be read.
        _ => true,
    }
}

/// Returns AWS's words, or the reason why there are none.
pub fn reason<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let SdkError::ServiceError(service) = error else {
        return chain(error);
    };
    let meta = service.err().meta();
    // An answer without a body, as to HEAD, has no code and no message.
    let status = || format!("HTTP {}", service.raw().status().as_u16());
    let mut reason = meta.code().map_or_else(status, str::to_owned);
    if let Some(message) = meta.message() {
        reason.push_str(": ");
        reason.push_str(cut(message, MAX_MESSAGE_BYTES));
    }
    if let Some(id) = meta.extra("aws_request_id") {
        reason.push_str(&format!(" (request {id})"));
    }
    reason
}

/// Returns an error's words with those of its causes.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    cut(&text, MAX_MESSAGE_BYTES).to_owned()
}
