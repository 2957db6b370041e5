//! Running a handler under Lambda's runtime API.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::error;

use super::log;
use crate::condition::Condition;
use crate::error::AwsError;

/// Sets up logging, builds the handler's state once, and serves invocations until Lambda ends the
/// process. The runtime puts each invocation into a span that carries its request id.
///
/// An unusable environment is logged as one error and ends the process, which Lambda shows as a
/// failed start.
pub fn run<S, E, B, H, F, I, O, P>(build: B, handle: H) -> ExitCode
where
    S: Send + Sync + 'static,
    E: std::fmt::Display,
    B: FnOnce(&dyn Fn(&str) -> Option<String>) -> Result<S, E>,
    H: Fn(Arc<S>, LambdaEvent<I>) -> F,
    F: Future<Output = Result<O, P>>,
    P: std::fmt::Display + Into<Diagnostic>,
    I: DeserializeOwned,
    O: Serialize,
{
    log::init();
    let state = match build(&|name| std::env::var(name).ok()) {
        Ok(state) => Arc::new(state),
        Err(problem) => {
            error!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    // One thread: a Lambda below 1,769 MB has less than one CPU.
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(problem) => {
            error!("the asynchronous runtime cannot start: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let lookup = |name: &str| std::env::var(name).ok();
    let condition = Condition::from_environment(&lookup, env!("CARGO_PKG_VERSION"));
    let (handle, condition) = (&handle, &condition);
    let service = service_fn(move |event: LambdaEvent<I>| {
        let state = Arc::clone(&state);
        let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        async move {
            let handled = condition.watch(deadline, handle(state, event)).await;
            handled.map_err(|problem| {
                error!("{problem}");
                problem.into()
            })
        }
    });
    match runtime.block_on(lambda_runtime::run(service)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            error!("Lambda's runtime API failed, and Lambda starts the function again: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Draws 128 random bits: no two invocations have one name, a repeated one included.
pub fn token() -> Result<String, AwsError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| AwsError::Call {
        call: "drawing a random token",
        reason: error.to_string(),
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
