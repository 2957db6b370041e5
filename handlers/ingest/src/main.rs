use std::process::ExitCode;
use std::sync::Arc;

use aws::clients::Clients;
use aws::clock::Clock;
use aws::environment::EnvironmentError;
use aws::{invocation, metrics};
use ingest::{Config, Counts, Ingest, IngestError};
use lambda_runtime::LambdaEvent;
use serde_json::Value;

fn main() -> ExitCode {
    invocation::run(build, handle)
}

fn build(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Ingest, EnvironmentError> {
    let clients = Clients::from_environment(lookup);
    let (config, clients) = EnvironmentError::both(Config::from_environment(lookup), clients)?;
    Ok(Ingest::new(config, clients))
}

/// Takes any JSON: an unknown event must fail with words of ours, and be kept.
async fn handle(ingest: Arc<Ingest>, event: LambdaEvent<Value>) -> Result<Counts, IngestError> {
    let clock = Clock::system();
    let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
    let ingested = ingest.ingest(event.payload, clock, deadline).await;
    metrics::emit(ingest.pipeline(), &ingested.counts, &[], clock.now());
    match ingested.failure {
        Some(failure) => Err(failure),
        None => Ok(ingested.counts),
    }
}
