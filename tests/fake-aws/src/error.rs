//! A refusal by the fake AWS, as the SDK will read it.

use crate::calls::Service;

/// An error answer. `body` is set only if a service's error carries more than code and message.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) body: Option<String>,
}

impl ApiError {
    /// Returns an error by the caller's fault (HTTP 400).
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: code.to_owned(),
            message: message.into(),
            body: None,
        }
    }

    /// Returns the error of a broken service (HTTP 500).
    pub(crate) fn internal(service: Service) -> Self {
        let code = match service {
            Service::Sqs | Service::Sfn => "InternalFailure",
            Service::DynamoDb => "InternalServerError",
            Service::S3 => "InternalError",
        };
        Self {
            status: 500,
            ..Self::new(code, "an injected server error")
        }
    }

    /// Returns the service's own word for "too fast".
    pub(crate) fn throttled(service: Service) -> Self {
        let code = match service {
            Service::Sqs => "RequestThrottled",
            Service::Sfn => "ThrottlingException",
            Service::DynamoDb => "ProvisionedThroughputExceededException",
            Service::S3 => "SlowDown",
        };
        Self {
            status: if service == Service::S3 { 503 } else { 400 },
            ..Self::new(code, "Rate exceeded")
        }
    }

    /// Returns the error of an operation or service that this fake does not have. Loud: a test must
    /// not pass because of it.
    pub(crate) fn not_modelled(what: &str) -> Self {
        Self {
            status: 501,
            ..Self::new("NotModelled", format!("fake-aws does not model {what}"))
        }
    }
}
