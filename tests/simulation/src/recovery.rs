//! How long a crash holds things up: the time until all is settled, beyond that of a run without
//! one.

use std::collections::BTreeSet;
use std::time::Duration;

use fake_aws::{Call, Fault};

use crate::pipeline::{Pipeline, Settings};

/// A process that dies at its first call of a kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crash {
    pub handler: &'static str,
    pub operation: String,
    /// After the call took effect, or before it.
    pub after: bool,
}

/// Returns every kind of crash of a small burst's run.
pub async fn crashes() -> Vec<Crash> {
    let pipeline = pipeline();
    pipeline.drain(10).await;
    let mut crashes = BTreeSet::new();
    for call in pipeline.aws.calls() {
        for handler in ["dispatch", "settle"] {
            if call.caller.starts_with(handler) {
                crashes.extend([true, false].map(|after| Crash {
                    handler,
                    operation: call.operation.clone(),
                    after,
                }));
            }
        }
    }
    crashes.into_iter().collect()
}

/// Returns how much longer it takes with this crash.
pub async fn of(crash: &Crash) -> Duration {
    let without = pipeline();
    without.drain(10).await;
    let with = pipeline();
    let Crash {
        handler, operation, ..
    } = crash.clone();
    let mut struck = false;
    let hook = move |call: &Call| {
        if !struck && call.caller.starts_with(handler) && call.operation == operation {
            struck = true;
            return Fault::Crash;
        }
        Fault::None
    };
    match crash.after {
        true => with.aws.faults().after(hook),
        false => with.aws.faults().before(hook),
    }
    with.drain(20).await;
    took(&with).saturating_sub(took(&without))
}

/// Ten events, five at a time, of 5 seconds each.
fn pipeline() -> Pipeline {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = 5;
    let pipeline = Pipeline::succeeding(settings, 5);
    pipeline.upload_many(10);
    pipeline
}

/// From the first call to the last slot that was freed.
fn took(pipeline: &Pipeline) -> Duration {
    let calls = pipeline.aws.calls();
    let began = calls.iter().map(|call| call.sent_ms).min();
    let freed = calls.iter().filter(|call| call.operation == "DeleteItem");
    let ended = freed.filter_map(|call| call.applied_ms).max();
    let milliseconds = ended.unwrap_or_default() - began.unwrap_or_default();
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}
