//! The workflow's executions in Step Functions.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};

use super::error::HandlerError;
use crate::outcome::{Outcome, ended};
use crate::sweep::Found;

/// How a start went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    Started,
    /// The name is taken, and names are ours alone: this attempt was started before.
    Already,
    /// Over a quota: it may be tried again, slower.
    Throttled(String),
    /// Refused, and it always will be: the input or the name.
    Refused {
        error: String,
        cause: String,
    },
    /// Refused whatever the event: a permission or the state machine is missing.
    Forbidden(String),
    /// No clear answer: it may have started.
    Unknown(String),
}

/// Step Functions.
#[derive(Debug, Clone)]
pub struct Workflow {
    client: Client,
}

impl Workflow {
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Starts an execution. With the same name and input it is idempotent.
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
    pub async fn start(&self, state_machine_arn: &str, name: &str, input: &str) -> Start {
        let answer = self
            .client
            .start_execution()
            .state_machine_arn(state_machine_arn)
            .name(name)
            .input(input)
            .send()
            .await;
        let Err(failure) = answer else {
            return Start::Started;
        };
        let reason = HandlerError::call("StartExecution", &failure).to_string();
        let SdkError::ServiceError(service) = &failure else {
            return Start::Unknown(reason);
        };
        classify(
            service.err().meta().code().unwrap_or_default(),
            reason,
            service.err().message(),
        )
    }

    /// Asks what became of an execution. The answer is eventually consistent.
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>
    pub async fn find(&self, state_machine_arn: &str, name: &str) -> Result<Found, HandlerError> {
        const CALL: &str = "DescribeExecution";
        let Some(arn) = execution_arn(state_machine_arn, name) else {
            let reason = format!("{state_machine_arn:?} is not the ARN of a state machine");
            return Err(HandlerError::Call { call: CALL, reason });
        };
        let answer = match self
            .client
            .describe_execution()
            .execution_arn(arn)
            .send()
            .await
        {
            Ok(answer) => answer,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_execution_does_not_exist()) =>
            {
                return Ok(Found::Nothing);
            }
            Err(error) => return Err(HandlerError::call(CALL, &error)),
        };
        let Some(status) = ended(answer.status.as_str()) else {
            return Ok(Found::Running);
        };
        let mut outcome = Outcome::new(name, status, answer.error(), answer.cause());
        outcome.redrive_count = answer
            .redrive_count()
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or_default();
        Ok(Found::Closed(outcome))
    }
}

fn classify(code: &str, reason: String, message: Option<&str>) -> Start {
    match code {
        "ExecutionAlreadyExists" => Start::Already,
        "ThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "ExecutionLimitExceeded"
        | "RequestLimitExceeded" => Start::Throttled(reason),
        "InvalidExecutionInput" | "InvalidName" | "ValidationException" => Start::Refused {
            error: code.to_owned(),
            cause: message.unwrap_or(&reason).to_owned(),
        },
        "AccessDeniedException"
        | "StateMachineDoesNotExist"
        | "StateMachineDeleting"
        | "InvalidArn"
        | "StateMachineTypeNotSupported"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "ExpiredTokenException"
        | "KmsAccessDeniedException"
        | "KmsInvalidStateException" => Start::Forbidden(reason),
        _ => Start::Unknown(reason),
    }
}

/// The ARN of an execution, from its state machine's: a version's or alias' executions carry the machine's name.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html>
fn execution_arn(state_machine_arn: &str, name: &str) -> Option<String> {
    let parts: Vec<&str> = state_machine_arn.split(':').collect();
    match parts.as_slice() {
        [
            arn,
            partition,
            states,
            region,
            account,
            "stateMachine",
            machine,
            ..,
        ] => Some(format!(
            "{arn}:{partition}:{states}:{region}:{account}:execution:{machine}:{name}"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aliass_executions_carry_the_machines_name() {
        let machine = "arn:aws:states:us-east-1:111122223333:stateMachine:device-status";
        let expected = "arn:aws:states:us-east-1:111122223333:execution:device-status:name-1";
        assert_eq!(execution_arn(machine, "name-1").unwrap(), expected);
        assert_eq!(
            execution_arn(&format!("{machine}:live"), "name-1").unwrap(),
            expected
        );
        assert_eq!(
            execution_arn("arn:aws:sqs:us-east-1:1:queue", "name-1"),
            None
        );
    }

    #[test]
    fn every_refusal_has_its_fate() {
        let fate = |code| classify(code, "reason".into(), Some("message"));
        assert_eq!(fate("ExecutionAlreadyExists"), Start::Already);
        assert_eq!(
            fate("ThrottlingException"),
            Start::Throttled("reason".into())
        );
        assert_eq!(
            fate("ExecutionLimitExceeded"),
            Start::Throttled("reason".into())
        );
        let refused = Start::Refused {
            error: "InvalidExecutionInput".into(),
            cause: "message".into(),
        };
        assert_eq!(fate("InvalidExecutionInput"), refused);
        assert_eq!(
            fate("AccessDeniedException"),
            Start::Forbidden("reason".into())
        );
        assert_eq!(
            fate("StateMachineDoesNotExist"),
            Start::Forbidden("reason".into())
        );
        assert_eq!(fate("InternalServerError"), Start::Unknown("reason".into()));
    }
}
