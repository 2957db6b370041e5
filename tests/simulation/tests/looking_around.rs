//! The reports of a tick beside its own work: sizes of queues, ages, latencies.

use std::time::Duration;

use fake_aws::Fault;
use serde_json::{Value, json};
use simulation::{LEDGER, Pipeline, Settings, Upload};

fn settings() -> Settings {
    let mut settings = Settings {
        looks_around: true,
        ..Settings::default()
    };
    settings.pace.max_concurrency = 5;
    settings
}

#[tokio::test(start_paused = true)]
async fn a_tick_reports_what_lies_in_each_queue() {
    let pipeline = Pipeline::succeeding(settings(), 10_000);
    pipeline.upload_many(12);
    pipeline.dead_letters.inject("{}");
    pipeline.outcomes_dead_letters.inject("{}");
    pipeline.outcomes_dead_letters.inject("{}");
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.backlog, counts.backlog_hidden), (7, 0));
    assert_eq!(counts.events_dead_letters, 1);
    assert_eq!(counts.outcomes_dead_letters, 2);
    assert_eq!((counts.dead_letters, counts.queues_unread), (3, 0));
    // 5 of 12 in a minute: 84 seconds for the other 7.
    assert_eq!(counts.drain_seconds, 84);
    // Every slot is taken.
    assert_eq!(counts.stands_still, 0);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_cannot_be_read_fails_no_tick() {
    let pipeline = Pipeline::succeeding(settings(), 1);
    pipeline.upload(&Upload::new("k", 1));
    pipeline
        .aws
        .faults()
        .before(|call| match call.operation.as_str() {
            "GetQueueAttributes" => Fault::Hang,
            _ => Fault::None,
        });
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.started, counts.queues_unread), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn slots_and_overrides_have_an_age() {
    let pipeline = Pipeline::succeeding(settings(), 10_000);
    pipeline.upload(&Upload::new("k", 1));
    let counts = pipeline.tick().await.well();
    assert_eq!(
        (counts.oldest_slot_seconds, counts.override_seconds),
        (0, 0)
    );
    tokio::time::sleep(Duration::from_secs(600)).await;
    let item = json!({
        "pk": {"S": "control"}, "sk": {"S": "dispatch"}, "max_concurrency": {"N": "1"},
        "since": {"S": "1970-01-01T00:00:00Z"},
    });
    pipeline.aws.dynamodb().put(LEDGER, item);
    let counts = pipeline.tick().await.well();
    assert!(
        (590..700).contains(&counts.oldest_slot_seconds),
        "{counts:?}"
    );
    let now = pipeline.aws.clock().now_ms().unsigned_abs() / 1_000;
    assert!(counts.override_seconds.abs_diff(now) < 120, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn latencies_are_told_value_by_value() {
    let pipeline = Pipeline::succeeding(settings(), 10);
    pipeline.upload_many(5);
    pipeline.drain(5).await;
    let lines: Vec<Value> = (pipeline.lines().iter())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let values = |name: &str| -> Vec<u64> {
        let lists = lines.iter().filter_map(|line| line[name].as_array());
        lists.flatten().filter_map(Value::as_u64).collect()
    };
    assert_eq!(values("EventToStartMilliseconds").len(), 5);
    let took = values("StartToOutcomeMilliseconds");
    assert!(
        took.len() == 5 && took.iter().all(|took| (10_000..40_000).contains(took)),
        "{took:?}"
    );
    assert_eq!(values("Failures"), [0; 5]);
}
