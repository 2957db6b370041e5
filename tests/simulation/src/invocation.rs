//! A bucket that invokes `ingest`, and Lambda's part: timeouts, and the retries of an asynchronous
//! event.

use std::time::Duration;

use aws::clients::Clients;
use ingest::{Counts, Ingest, Ingested};
use serde_json::Value;
use spillway::lane::source::Source;

use crate::pipeline::Pipeline;

/// How long Lambda waits before each retry of an event that its function failed on.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const RETRIES_AFTER: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// How an invocation of `ingest` went.
#[derive(Debug)]
pub enum Invoked {
    Ended(Ingested),
    /// The process died.
    Crashed,
    TimedOut,
}

impl Invoked {
    /// Returns whether Lambda takes the event for done.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Ended(Ingested { failure: None, .. }))
    }

    /// Returns the counts of an invocation that went well.
    #[track_caller]
    pub fn well(self) -> Counts {
        match self {
            Self::Ended(Ingested {
                counts,
                failure: None,
            }) => counts,
            other => panic!("the invocation did not go well: {other:?}"),
        }
    }

    /// Returns the counts of an invocation that failed, and its message.
    #[track_caller]
    pub fn failed(self) -> (Counts, String) {
        match self {
            Self::Ended(Ingested {
                counts,
                failure: Some(failure),
            }) => (counts, failure.to_string()),
            other => panic!("the invocation did not fail: {other:?}"),
        }
    }
}

/// The bucket's invocations.
#[derive(Clone)]
pub struct Invocations {
    pipeline: Pipeline,
    sources: Vec<Source>,
}

impl Invocations {
    pub fn of(pipeline: &Pipeline, sources: Vec<Source>) -> Self {
        Self {
            pipeline: pipeline.clone(),
            sources,
        }
    }

    /// Invokes `ingest` once.
    pub async fn once(&self, payload: &str) -> Invoked {
        let caller = self.pipeline.caller("ingest");
        let config = ingest::Config {
            pipeline: self.pipeline.variables(),
            sources: self.sources.clone(),
        };
        let ingest = Ingest::new(config, Clients::with_http_client(caller.http_client()));
        let payload: Value = serde_json::from_str(payload).expect("S3 sends JSON");
        let clock = self.pipeline.clock();
        let timeout = self.pipeline.settings.handler_timeout;
        let deadline = clock.now() + timeout.as_millis() as i64;
        let invoked = tokio::select! {
            biased;
            () = caller.crashed() => Invoked::Crashed,
            ingested = ingest.ingest(payload, clock, deadline) => Invoked::Ended(ingested),
            () = tokio::time::sleep(timeout) => Invoked::TimedOut,
        };
        if !matches!(invoked, Invoked::Ended(_)) {
            caller.crash();
        }
        invoked
    }

    /// Invokes `ingest` as Lambda does for an asynchronous event: up to three times. If the last is
    /// not done, the event lies in the failure queue.
    pub async fn event(&self, payload: &str) -> Vec<Invoked> {
        let mut invoked = vec![self.once(payload).await];
        for wait in RETRIES_AFTER {
            if invoked.last().is_some_and(Invoked::is_done) {
                break;
            }
            tokio::time::sleep(wait).await;
            invoked.push(self.once(payload).await);
        }
        invoked
    }
}
