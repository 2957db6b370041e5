use std::process::ExitCode;
use std::sync::Arc;

use aws::clients::Clients;
use aws::clock::Clock;
use aws::environment::EnvironmentError;
use aws::error::AwsError;
use aws::{invocation, metrics};
use dispatch::{Config, Counts, Dispatch, Invocation, LEVELS, TickError};
use lambda_runtime::LambdaEvent;
use serde::Deserialize;

/// EventBridge's scheduled event; by hand, `{}` will do.
#[derive(Deserialize)]
struct ScheduledEvent {
    time: Option<String>,
}

fn main() -> ExitCode {
    invocation::run(build, handle)
}

fn build(
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<(Config, Arc<Dispatch>), EnvironmentError> {
    let config = Config::from_environment(lookup);
    let clients = Clients::from_environment(lookup);
    let (config, clients) = EnvironmentError::both(config, clients)?;
    Ok((config.clone(), Arc::new(Dispatch::new(config, clients))))
}

async fn handle(
    state: Arc<(Config, Arc<Dispatch>)>,
    event: LambdaEvent<ScheduledEvent>,
) -> Result<Counts, TickError> {
    let (config, dispatch) = state.as_ref();
    let clock = Clock::system();
    let invocation = Invocation {
        token: token()?,
        clock,
        deadline: i64::try_from(event.context.deadline).unwrap_or(i64::MAX),
        tick: event.payload.time,
    };
    let ended = dispatch.tick(invocation).await;
    metrics::emit(&config.pipeline, &ended.counts, LEVELS, clock.now());
    match ended.failure {
        Some(failure) => Err(failure),
        None => Ok(ended.counts),
    }
}

/// 128 random bits: no two invocations hold the lease under one name, a repeated one included.
fn token() -> Result<String, AwsError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| AwsError::Call {
        call: "drawing a random token",
        reason: error.to_string(),
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
