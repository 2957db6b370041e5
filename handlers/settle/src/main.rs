use std::process::ExitCode;
use std::sync::Arc;

use aws::clients::Clients;
use aws::clock::Clock;
use aws::environment::EnvironmentError;
use aws::error::AwsError;
use aws::{invocation, metrics};
use lambda_runtime::LambdaEvent;
use serde::{Deserialize, Serialize};
use settle::{Config, Settle, SqsRecord};

/// Lambda's SQS event.
#[derive(Deserialize)]
struct SqsEvent {
    #[serde(rename = "Records")]
    records: Vec<SqsRecord>,
}

/// Lambda's answer to it: only these messages come again.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchResponse {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

fn main() -> ExitCode {
    invocation::run(build, handle)
}

fn build(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Settle, EnvironmentError> {
    let clients = Clients::from_environment(lookup);
    let (config, clients) = EnvironmentError::both(Config::from_environment(lookup), clients)?;
    Ok(Settle::new(config, clients))
}

async fn handle(
    settle: Arc<Settle>,
    event: LambdaEvent<SqsEvent>,
) -> Result<BatchResponse, AwsError> {
    let clock = Clock::system();
    let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
    let settled = settle.settle(&event.payload.records, clock, deadline).await;
    metrics::emit(settle.pipeline(), &settled.counts, &[], clock.now());
    metrics::emit_values(settle.pipeline(), &settled.values, clock.now());
    let failures = settled.failed.into_iter();
    Ok(BatchResponse {
        batch_item_failures: failures
            .map(|item_identifier| BatchItemFailure { item_identifier })
            .collect(),
    })
}
