use std::process::ExitCode;
use std::sync::Arc;

use aws::clients::Connection;
use aws::clock::Clock;
use aws::environment::EnvironmentError;
use aws::{invocation, metrics};
use lambda_runtime::LambdaEvent;
use reconcile::{Answer, Bucket, Config, Invocation, Reconcile, ReconcileError};
use serde_json::Value;
use spillway::Millis;

fn main() -> ExitCode {
    invocation::run(build, handle)
}

fn build(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Reconcile, EnvironmentError> {
    let connection = Connection::from_environment(lookup);
    let (config, connection) =
        EnvironmentError::both(Config::from_environment(lookup), connection)?;
    let bucket = Bucket::new(&connection);
    Ok(Reconcile::new(config, connection.clients(), bucket))
}

/// Takes any JSON: an unknown event must fail with words of ours.
async fn handle(
    reconcile: Arc<Reconcile>,
    event: LambdaEvent<Value>,
) -> Result<Answer, ReconcileError> {
    let invocation = Invocation {
        clock: Clock::system(),
        deadline: Millis::try_from(event.context.deadline).unwrap_or(Millis::MAX),
    };
    let reconciled = reconcile.reconcile(event.payload, invocation).await;
    metrics::emit(
        reconcile.pipeline(),
        &reconciled.counts,
        &[],
        invocation.clock.now(),
    );
    reconciled.result
}
