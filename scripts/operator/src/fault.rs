//! Why a command fails, and the exit status that tells scripts of it.

use std::error::Error as StdError;

use aws::error::{AwsError, reason};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use thiserror::Error;

use crate::permission;

/// The fault of a command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The arguments make no sense together.
    #[error("{0}")]
    Usage(String),
    /// Something failed.
    #[error("{0}")]
    Failed(String),
    /// A person stopped it.
    #[error("{0}")]
    Stopped(String),
}

impl Fault {
    pub fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }

    pub fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// Wraps the error of a call: AWS's words, and the missing permission, if that is the reason.
    pub fn call<E>(call: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        Self::Failed(permission::explained(&format!(
            "{call} failed: {}",
            reason(error)
        )))
    }

    /// Returns the exit status.
    pub fn status(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Stopped(_) => 130,
        }
    }
}

impl From<AwsError> for Fault {
    fn from(error: AwsError) -> Self {
        Self::Failed(permission::explained(&error.to_string()))
    }
}

/// Returns AWS's own code of an error; empty if there was no answer.
pub fn code<E>(error: &SdkError<E, HttpResponse>) -> &str
where
    E: ProvideErrorMetadata,
{
    error
        .as_service_error()
        .and_then(|error| error.meta().code())
        .unwrap_or_default()
}
