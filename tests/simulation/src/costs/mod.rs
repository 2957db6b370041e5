//! The costs: counted calls and units, at list prices.

mod bill;

use std::time::Duration;

use plan::costs::{IDLE_POLLS, METRICS, TICKS};
use spillway::protocol::holding::Idle;
use tokio::task::JoinSet;

use crate::invocation::Invocations;
use crate::pipeline::{Pipeline, Settings};
use crate::upload::{Upload, notification};

pub use bill::Bill;
pub use plan::costs::{Way, prices};

const MINUTE: Duration = Duration::from_secs(60);
/// Minutes that stand for a month.
const MINUTES: u32 = 60;

/// A pipeline that is never at its limit, at calls of 10 ms.
fn settings(events_per_execution: u32) -> Settings {
    let mut settings = Settings {
        events_per_execution,
        looks_around: true,
        latency: (Duration::from_millis(10), Duration::from_millis(10)),
        ..Settings::default()
    };
    settings.pace.max_concurrency = 10_000;
    settings.pace.starts_per_second = 300.0;
    settings.pace.burst = 1_000;
    settings
}

fn with_lanes(lanes: usize) -> Settings {
    let names = ["events", "b", "c", "d"].into_iter().take(lanes);
    Settings {
        lanes: names.map(|name| (name, 0.0)).collect(),
        ..settings(1)
    }
}

/// An upload with a key of 200 characters.
fn upload(number: u32) -> Upload {
    Upload::new(&format!("{number:0>195}.json"), number + 1)
}

/// Returns the costs of a burst of `events` for each event, from the upload until all is settled.
pub async fn of_burst(way: Way, events_per_execution: u32, events: u32) -> Bill {
    let pipeline = Pipeline::succeeding(settings(events_per_execution), 20);
    // A pipeline's first tick looks for slots once in all partitions. That is no event's cost.
    pipeline.tick().await.well();
    pipeline.aws.forget_calls();
    let mut sent = 0;
    match way {
        Way::Sqs | Way::Sns | Way::EventBridge => {
            (0..events).for_each(|number| pipeline.upload(&upload(number)));
            sent += events;
        }
        Way::Lambda => {
            let ingest = Invocations::of(&pipeline, Vec::new());
            for number in 0..events {
                let invoked = ingest.event(&notification(&[upload(number)])).await;
                assert!(invoked.len() == 1, "{invoked:?}");
            }
        }
    }
    pipeline.drain(30).await;
    let executions = pipeline.aws.sfn().executions().len();
    assert_eq!(executions, events.div_ceil(events_per_execution) as usize);
    let all = Bill::of(&pipeline, sent as usize + executions);
    let count = f64::from(events);
    let mut each = all.times(1.0 / count);
    each.eventbridge = f64::from(u8::from(way == Way::EventBridge));
    each.sns = f64::from(u8::from(way == Way::Sns));
    each
}

/// Returns the costs of a month without events, whose ticks wait for events in so many lanes.
pub async fn of_waiting_month(lanes: usize) -> Bill {
    let settings = Settings {
        idle: Idle::Wait,
        tick: 2 * MINUTE,
        ..with_lanes(lanes)
    };
    let pipeline = Pipeline::succeeding(settings, 1);
    let mut ticks = JoinSet::new();
    for minute in 0..=MINUTES {
        if minute == 1 {
            pipeline.aws.forget_calls();
        }
        let ticking = pipeline.clone();
        ticks.spawn(async move { ticking.tick().await });
        tokio::time::sleep(MINUTE).await;
    }
    let mut month = Bill::of(&pipeline, 0).times(TICKS / f64::from(MINUTES));
    month.sqs += IDLE_POLLS;
    month.metrics = METRICS;
    month
}

/// Returns the costs of a month without events.
pub async fn of_idle_month(lanes: usize) -> Bill {
    let pipeline = Pipeline::succeeding(with_lanes(lanes), 1);
    pipeline.tick().await.well();
    pipeline.aws.forget_calls();
    pipeline.tick().await.well();
    let mut month = Bill::of(&pipeline, 0).times(TICKS);
    month.sqs += IDLE_POLLS;
    month.metrics = METRICS;
    month
}
