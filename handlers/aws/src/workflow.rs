//! The workflow's executions in Step Functions.

use std::fmt;
use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::retry::RetryConfig;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::ExecutionStatus;
use futures_util::future::{BoxFuture, FutureExt};
use tokio::time::Instant;

use super::error::{AwsError, reason};
use spillway::Millis;
use spillway::execution::answer::{Described, Refusal, Running, Start};
use spillway::execution::outcome::{Outcome, ended};

/// Starts without a clear answer are repeated this often, with this much time between and in all.
const START_TRIES: u32 = 3;
const START_PAUSE: Duration = Duration::from_millis(100);
const START_PATIENCE: Duration = Duration::from_secs(5);

/// Executions in one page of the list, at most.
const MOST_LISTED: i32 = 1_000;

/// Parts of a state machine's ARN; those of a version and an alias have one more.
const ARN_PARTS: usize = 7;

/// An earlier call started an execution whose start date is older than this at the answer.
const EARLIER: Millis = 2_000;

/// Starts executions. A trait, so that a function that starts none is built without the code for
/// it.
pub trait Starts: fmt::Debug + Send + Sync {
    /// Starts an execution: [`Workflow::start`].
    fn start<'a>(
        &'a self,
        state_machine_arn: &'a str,
        name: &'a str,
        input: &'a str,
        now: Millis,
    ) -> BoxFuture<'a, Start>;
}

/// Describes executions.
pub trait Describes: fmt::Debug + Send + Sync {
    /// Describes an execution: [`Workflow::describe`].
    fn describe<'a>(
        &'a self,
        state_machine_arn: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Described, AwsError>>;
}

/// Lists executions.
pub trait Lists: fmt::Debug + Send + Sync {
    /// Lists a page of the executions that run: [`Workflow::running`].
    fn running<'a>(
        &'a self,
        state_machine_arn: &'a str,
        page: Option<String>,
    ) -> BoxFuture<'a, Result<Running, AwsError>>;
}

impl Lists for Workflow {
    fn running<'a>(
        &'a self,
        state_machine_arn: &'a str,
        page: Option<String>,
    ) -> BoxFuture<'a, Result<Running, AwsError>> {
        self.running(state_machine_arn, page).boxed()
    }
}

impl Starts for Workflow {
    fn start<'a>(
        &'a self,
        state_machine_arn: &'a str,
        name: &'a str,
        input: &'a str,
        now: Millis,
    ) -> BoxFuture<'a, Start> {
        self.start(state_machine_arn, name, input, now).boxed()
    }
}

impl Describes for Workflow {
    fn describe<'a>(
        &'a self,
        state_machine_arn: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Described, AwsError>> {
        self.describe(state_machine_arn, name).boxed()
    }
}

/// Step Functions.
#[derive(Debug, Clone)]
pub struct Workflow {
    client: Client,
    /// Without the SDK's retries: a throttled start must slow the pace down, not be repeated past
    /// it.
    once: Client,
}

impl Workflow {
    pub fn new(client: Client) -> Self {
        let once = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client,
            once: Client::from_conf(once),
        }
    }

    /// Starts an execution. With the same name and input it is idempotent. Returns the first
    /// start's date.
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
    pub async fn start(
        &self,
        state_machine_arn: &str,
        name: &str,
        input: &str,
        now: Millis,
    ) -> Start {
        let began = Instant::now();
        let mut tries = 1;
        loop {
            match self.start_once(state_machine_arn, name, input, now).await {
                Start::Unclear(_) if tries < START_TRIES && began.elapsed() < START_PATIENCE => {
                    tokio::time::sleep(START_PAUSE * tries).await;
                    tries += 1;
                }
                answer => return answer,
            }
        }
    }

    async fn start_once(
        &self,
        state_machine_arn: &str,
        name: &str,
        input: &str,
        now: Millis,
    ) -> Start {
        let request = self
            .once
            .start_execution()
            .state_machine_arn(state_machine_arn);
        match request.name(name).input(input).send().await {
            Ok(answer) => match answer.start_date.to_millis() {
                Ok(started) if started < now - EARLIER => Start::Already,
                _ => Start::Started,
            },
            Err(failure) => {
                let code = failure.code().unwrap_or_default().to_owned();
                classify(&code, reason(&failure))
            }
        }
    }

    /// Describes an execution. The answer is eventually consistent.
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>
    pub async fn describe(
        &self,
        state_machine_arn: &str,
        name: &str,
    ) -> Result<Described, AwsError> {
        const CALL: &str = "DescribeExecution";
        let Some(arn) = execution_arn(state_machine_arn, name) else {
            let reason = format!(
                "{state_machine_arn:?} is not the ARN of a state machine: run terraform apply"
            );
            return Err(AwsError::Call { call: CALL, reason });
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
                return Ok(Described::NotFound);
            }
            Err(error) => return Err(AwsError::call(CALL, &error)),
        };
        let Some(status) = ended(answer.status.as_str()) else {
            return Ok(Described::Running);
        };
        let mut outcome = Outcome::new(name, status, answer.error(), answer.cause());
        outcome.redrive_count = answer
            .redrive_count()
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or_default();
        outcome.output = answer.output;
        Ok(Described::Closed(outcome))
    }

    /// Lists a page of the executions of a state machine that run, of all its versions. The answer
    /// is eventually consistent.
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html>
    pub async fn running(
        &self,
        state_machine_arn: &str,
        page: Option<String>,
    ) -> Result<Running, AwsError> {
        let parts: Vec<&str> = state_machine_arn.split(':').take(ARN_PARTS).collect();
        let list = |page| {
            let request = self.client.list_executions();
            let request = request.state_machine_arn(parts.join(":"));
            let request = request.status_filter(ExecutionStatus::Running);
            let request = request.max_results(MOST_LISTED).set_next_token(page);
            request.send()
        };
        let answer = match list(page).await {
            // Of a day before, or of another state machine: the list begins anew.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|it| it.is_invalid_token()) =>
            {
                list(None).await
            }
            answer => answer,
        };
        let answer = answer.map_err(|error| AwsError::call("ListExecutions", &error))?;
        let oldest = answer.executions.last();
        let oldest = oldest.and_then(|execution| execution.start_date.to_millis().ok());
        let names = answer.executions.into_iter();
        Ok(Running {
            executions: names.map(|execution| execution.name).collect(),
            oldest,
            next: answer.next_token,
        })
    }
}

fn classify(code: &str, reason: String) -> Start {
    match code {
        "ExecutionAlreadyExists" => Start::Already,
        "ThrottlingException"
        | "KmsThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "ExecutionLimitExceeded"
        | "RequestLimitExceeded" => Start::Throttled(reason),
        "InvalidExecutionInput" | "InvalidName" => Start::Refused(Refusal {
            error: code.to_owned(),
            cause: reason,
        }),
        "StateMachineDoesNotExist" | "StateMachineDeleting" => Start::NoStateMachine(reason),
        // A ValidationException is about the ARN: names and inputs are always well-formed here.
        "AccessDeniedException"
        | "InvalidArn"
        | "ValidationException"
        | "StateMachineTypeNotSupported"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "ExpiredTokenException"
        | "KmsAccessDeniedException"
        | "KmsInvalidStateException" => Start::Forbidden(reason),
        _ => Start::Unclear(reason),
    }
}

/// Returns the ARN of an execution, from its state machine's: a version's or alias' executions
/// carry the machine's name.
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
        let fate = |code| classify(code, "reason".into());
        let reason = || "reason".to_owned();
        assert_eq!(fate("ExecutionAlreadyExists"), Start::Already);
        assert_eq!(fate("ThrottlingException"), Start::Throttled(reason()));
        assert_eq!(fate("ExecutionLimitExceeded"), Start::Throttled(reason()));
        let refusal = Refusal {
            error: "InvalidExecutionInput".into(),
            cause: reason(),
        };
        assert_eq!(fate("InvalidExecutionInput"), Start::Refused(refusal));
        assert_eq!(fate("AccessDeniedException"), Start::Forbidden(reason()));
        assert_eq!(fate("ValidationException"), Start::Forbidden(reason()));
        assert_eq!(
            fate("StateMachineDoesNotExist"),
            Start::NoStateMachine(reason())
        );
        assert_eq!(fate("InternalServerError"), Start::Unclear(reason()));
        assert_eq!(fate(""), Start::Unclear(reason()));
    }
}
