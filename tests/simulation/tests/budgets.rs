//! The most that an event, a tick and a crash can cost: a change that makes them dearer fails here.
//!
//! The limits are the measured numbers, a little more; `docs/evidence/performance.md` has the
//! targets.

use std::time::Duration;

use fake_aws::{Ending, ExecutionResult};
use serde_json::Value;
use simulation::costs::{self, Bill, Way, prices};
use simulation::{LEDGER, Pipeline, Settings, recovery};
use spillway::rules::order::Order;

/// Units, calls and dollars per event, its key 200 characters long. Slot, claim, outcome, slot
/// freed: four writes.
#[tokio::test(start_paused = true)]
async fn an_event_uses_what_it_may() {
    let cases = [
        (1, 4.02, 1.15, 0.40, 0.31, 4.00),
        (10, 2.82, 2.3, 0.75, 0.45, 2.80),
    ];
    for (events_per_execution, writes, reads, dispatch, settle, dollars) in cases {
        let bill = costs::of_burst(Way::Sqs, events_per_execution, 200).await;
        let used = [
            (bill.write_units, writes),
            (bill.read_units, reads),
            (bill.calls_of("dispatch"), dispatch),
            (bill.calls_of("settle"), settle),
            (bill.times(1e6).total(), dollars),
        ];
        for (used, limit) in used {
            let text =
                format!("{used} of {limit}, {events_per_execution} per execution: {bill:#?}");
            assert!(used <= limit, "{text}");
            // A limit that is far off limits nothing.
            assert!(used > 0.85 * limit, "lower the limit: {text}");
        }
    }
}

/// The costs of a version until it waits, and of a turn, from the end of an execution to the start
/// of the next. With an order they are the same however many versions of an object wait.
#[tokio::test(start_paused = true)]
async fn a_version_that_waits_and_a_turn_use_what_they_may_whatever_waits() {
    for waiting in [10, 2_500] {
        let settings = Settings {
            order: Order::Each,
            ..Settings::default()
        };
        let pipeline = Pipeline::new(settings, |_| Ending::never());
        let upload = |number| pipeline.upload(&simulation::Upload::new("hot.json", number));
        let tick = async || pipeline.tick().await.well();
        upload(1);
        tick().await;
        pipeline.aws.forget_calls();
        (2..2 + waiting).for_each(upload);
        let mut waits = 0;
        while waits < waiting {
            waits += tick().await.waiting;
        }
        let used = written(&pipeline) / f64::from(waiting);
        assert!((2.0..3.2).contains(&used), "{used} units each of {waiting}");

        for _ in 0..2 {
            pipeline.aws.forget_calls();
            let running = pipeline.aws.sfn().running();
            pipeline
                .aws
                .sfn()
                .end(&running[0].arn, ExecutionResult::Succeeded("{}".into()));
            pipeline.settle_once().await;
            assert_eq!(tick().await.started, 1);
            let turns = pipeline.aws.calls_of("TransactWriteItems");
            assert_eq!(turns.len(), 1);
            assert_eq!(turns[0].facts.capacity, 4.0);
            // Outcome, head, slot; then lease, slot, turn, waiter, lease.
            let used = written(&pipeline);
            assert!(
                used <= 12.0,
                "{used} units for a turn with {waiting} waiting"
            );
        }
    }
}

fn written(pipeline: &Pipeline) -> f64 {
    Bill::of(pipeline, 0).write_units
}

/// A write of up to 1 KB is one unit.
#[tokio::test(start_paused = true)]
async fn no_item_is_longer_than_a_write_unit() {
    let pipeline = Pipeline::new(Settings::default(), |_| Ending::never());
    let upload = simulation::Upload::new(&format!("{:0>195}.json", 1), 1);
    pipeline.upload(&upload);
    pipeline.tick().await.well();
    let items = pipeline.aws.dynamodb().items(LEDGER);
    assert_eq!(items.len(), 3, "row, slot and lease: {items:?}");
    for item in items {
        assert!(bytes(&item) < 900, "{} bytes: {item}", bytes(&item));
    }
}

/// The numbers of docs/design/protocol.md for long keys: a row that failed has every attribute.
#[tokio::test(start_paused = true)]
async fn a_row_of_a_long_key_stays_below_a_write_unit() {
    for (key_bytes, below) in [(300, true), (1_024, false)] {
        let pipeline = Pipeline::new(Settings::default(), |_| {
            Ending::fail(Duration::from_secs(1), &"E".repeat(100), &"c".repeat(400))
        });
        let key = format!("{:0>1$}", 1, key_bytes);
        let mut record = simulation::record(&simulation::Upload::new(&key, 1));
        record["s3"]["object"]["versionId"] = "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY".into();
        let body = serde_json::json!({ "Records": [record] });
        pipeline.events.inject(&body.to_string());
        pipeline.drain(10).await;
        let items = pipeline.aws.dynamodb().items(LEDGER);
        let row = items
            .iter()
            .find(|item| item["state"]["S"] == "DEAD")
            .unwrap();
        assert_eq!(bytes(row) < 1_024, below, "{} bytes: {row}", bytes(row));
    }
}

/// Names and values; a number takes a byte for two digits, here one for each.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
fn bytes(item: &Value) -> usize {
    let attributes = item.as_object().into_iter().flatten();
    attributes
        .map(|(name, value)| {
            let values = value.as_object().into_iter().flatten();
            name.len() + values.map(|(_, it)| it.to_string().len()).sum::<usize>()
        })
        .sum()
}

/// A tick reads every slot: 4 KB of them a unit.
#[tokio::test(start_paused = true)]
async fn a_tick_reads_a_unit_for_every_seventeen_that_run() {
    let settings = Settings {
        pace: spillway::pace::Pace {
            max_concurrency: 1_000,
            burst: 500,
            ..Settings::default().pace
        },
        ..Settings::default()
    };
    let pipeline = Pipeline::new(settings, |_| Ending::never());
    pipeline.tick().await.well();
    let mut reads = Vec::new();
    for more in [0, 500] {
        pipeline.upload_many(more);
        pipeline.tick().await.well();
        pipeline.aws.forget_calls();
        pipeline.tick().await.well();
        let calls = pipeline.aws.calls();
        let of_reads = calls
            .iter()
            .filter(|call| ["GetItem", "Query"].contains(&call.operation.as_str()));
        reads.push(of_reads.map(|call| call.facts.capacity).sum::<f64>());
    }
    assert_eq!(pipeline.slots().len(), 500);
    let grown = reads[1] - reads[0];
    assert!(grown <= 500.0 / 17.0, "{reads:?}");
    assert!(grown > 500.0 / 40.0, "it reads them all: {reads:?}");
}

/// With a burst of five seconds the pause between two ticks costs nothing.
#[tokio::test(start_paused = true)]
async fn a_burst_drains_at_the_rate() {
    let (rate, burst, events) = (4.0, 20, 400);
    let mut settings = Settings::default();
    settings.pace.max_concurrency = 1_000;
    settings.pace.starts_per_second = rate;
    settings.pace.burst = burst;
    let pipeline = Pipeline::succeeding(settings, 1);
    pipeline.upload_many(events);
    pipeline.drain(10).await;
    let executions = pipeline.aws.sfn().executions();
    assert_eq!(executions.len(), events as usize);
    let first = executions.iter().map(|it| it.started_ms).min();
    let last = executions.iter().map(|it| it.started_ms).max();
    let took = (last.unwrap() - first.unwrap()) as f64 / 1_000.0;
    let ideal = f64::from(events - burst) / rate;
    assert!(took <= ideal * 1.05, "{took} s of {ideal} s");
    assert!(
        took >= ideal * 0.99,
        "above the rate: {took} s of {ideal} s"
    );
}

/// A dead tick's lease ends before the next tick; a dead settle's outcomes stay hidden for three
/// minutes.
#[tokio::test(start_paused = true)]
async fn a_crash_holds_things_up_for_a_tick_or_as_long_as_outcomes_stay_hidden() {
    let crashes = recovery::crashes().await;
    assert!(crashes.len() > 15, "{crashes:?}");
    let mut longest = Duration::ZERO;
    for crash in &crashes {
        let took = recovery::of(crash).await;
        let limit = match crash.handler {
            "dispatch" => 61,
            _ => 180,
        };
        assert!(took <= Duration::from_secs(limit), "{crash:?}: {took:?}");
        longest = longest.max(took);
    }
    assert!(
        longest > Duration::from_secs(30),
        "crashes do nothing: {longest:?}"
    );
}

/// The price of ticks that wait, in docs/guide/costs.md: with one lane, 128 MB and arm64.
#[tokio::test(start_paused = true)]
async fn a_pipeline_that_waits_for_events_costs_what_it_may() {
    for (lanes, most) in [(1, 6.0), (4, 8.0)] {
        let month = costs::of_waiting_month(lanes).await;
        let total = month.total_with(128.0, prices::LAMBDA_PER_GB_SECOND);
        assert!(total <= most, "{total} of {most}: {month:?}");
        assert!(total > 0.85 * most, "lower the limit: {total} of {most}");
    }
}
