use std::process::ExitCode;
use std::sync::Arc;

use aws::clients::Clients;
use aws::clock::Clock;
use aws::environment::EnvironmentError;
use aws::{invocation, metrics};
use dispatch::{Config, Counts, Dispatch, Invocation, LEVELS, TickError};
use lambda_runtime::LambdaEvent;
use serde::Deserialize;

/// EventBridge's scheduled event; by hand, `{}` will do.
#[derive(Deserialize)]
struct ScheduledEvent {
    time: Option<String>,
}

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    invocation::run(build, handle)
}

fn build(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Dispatch, EnvironmentError> {
    let clients = Clients::from_environment(lookup);
    let (config, clients) = EnvironmentError::both(Config::from_environment(lookup), clients)?;
    Ok(Dispatch::new(config, clients))
}

async fn handle(
    dispatch: Arc<Dispatch>,
    event: LambdaEvent<ScheduledEvent>,
) -> Result<Counts, TickError> {
    let clock = Clock::system();
    let invocation = Invocation {
        token: invocation::token()?,
        clock,
        deadline: i64::try_from(event.context.deadline).unwrap_or(i64::MAX),
        tick: event.payload.time,
    };
    let ended = dispatch.tick(invocation).await;
    metrics::emit(dispatch.pipeline(), &ended.counts, LEVELS, clock.now());
    metrics::emit_values(dispatch.pipeline(), &ended.values, clock.now());
    match ended.failure {
        Some(failure) => Err(failure),
        None => Ok(ended.counts),
    }
}
