//! The bounds of a tick: slots, rate, budget, and an operator's overrides.

use std::time::Duration;

use serde_json::json;
use simulation::{LEDGER, Pipeline, Settings, Verdict};

fn settings(max_concurrency: u32) -> Settings {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = max_concurrency;
    settings
}

fn control(pipeline: &Pipeline, attributes: serde_json::Value) {
    let mut item = json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}});
    item.as_object_mut()
        .unwrap()
        .extend(attributes.as_object().unwrap().clone());
    pipeline.aws.dynamodb().put(LEDGER, item);
}

/// A thousand ticks with every slot taken: the messages that wait are never even received.
#[tokio::test(start_paused = true)]
async fn waiting_does_not_use_up_a_messages_receive_count() {
    let mut settings = settings(5);
    settings.tick = Duration::from_secs(4);
    let pipeline = Pipeline::new(settings, |_| fake_aws::Ending::never());
    pipeline.upload_many(20);
    assert_eq!(pipeline.tick().await.well().started, 5);
    let waiting = |pipeline: &Pipeline| {
        pipeline
            .events
            .messages()
            .iter()
            .map(|message| message.message.receives)
            .collect::<Vec<_>>()
    };
    let before = waiting(&pipeline);
    assert_eq!(before.len(), 15);
    for _ in 0..1_000 {
        let counts = pipeline.tick().await.well();
        assert_eq!(
            (counts.received, counts.started, counts.saturated),
            (0, 0, 1)
        );
    }
    assert_eq!(waiting(&pipeline), before);
    assert!(before.iter().all(|receives| *receives == 0), "{before:?}");
    assert_eq!(pipeline.slots().len(), 5);
}

/// 20 slots, jobs of 2 seconds: close to 10 starts per second, minute after minute.
#[tokio::test(start_paused = true)]
async fn slots_freed_during_a_tick_are_used_in_it() {
    let pipeline = Pipeline::succeeding(settings(20), 2);
    let uploads = pipeline.upload_many(2_000);
    pipeline.run(3).await;
    let started = pipeline.aws.sfn().executions().len();
    assert!(started >= 3 * 60 * 8, "{started} starts in three minutes");
    let verdict = Verdict::of(&pipeline, &uploads);
    assert!(verdict.peak <= 20, "{} ran at once", verdict.peak);
    assert!(verdict.duplicates.is_empty());
}

#[tokio::test(start_paused = true)]
async fn exactly_the_wanted_number_starts_per_schedule() {
    let mut settings = settings(100);
    settings.pace.starts_per_tick = Some(5);
    let pipeline = Pipeline::succeeding(settings, 1);
    pipeline.upload_many(20);
    let _settling = pipeline.settle_in_background();
    for minute in 1..=3 {
        let time = format!("2026-11-22T10:0{minute}:00Z");
        assert_eq!(pipeline.tick_for(Some(&time)).await.well().started, 5);
        // The same schedule fires once more.
        assert_eq!(pipeline.tick_for(Some(&time)).await.well().started, 0);
        assert_eq!(pipeline.aws.sfn().executions().len(), 5 * minute);
    }
}

#[tokio::test(start_paused = true)]
async fn starts_keep_to_the_rate_across_ticks() {
    let mut settings = settings(1_000);
    settings.pace.starts_per_second = 4.0;
    settings.pace.burst = 10;
    let pipeline = Pipeline::succeeding(settings, 1);
    pipeline.upload_many(1_000);
    pipeline.run(3).await;
    let mut starts: Vec<i64> = pipeline
        .aws
        .sfn()
        .executions()
        .iter()
        .map(|execution| execution.started_ms)
        .collect();
    starts.sort_unstable();
    assert!(starts.len() > 600, "{}", starts.len());
    for (index, from) in starts.iter().enumerate() {
        for window in [1_000, 5_000, 60_000] {
            let within = starts[index..]
                .iter()
                .take_while(|at| **at < from + window)
                .count();
            // Latency can bring two starts up to 40 ms closer together than their tokens were.
            let allowed = 10 + (4.0 * (window + 40) as f64 / 1_000.0).ceil() as usize;
            assert!(within <= allowed, "{within} starts within {window} ms");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_lowered_at_run_time_holds_at_once() {
    let pipeline = Pipeline::succeeding(settings(20), 10);
    pipeline.upload_many(500);
    // One that goes on: messages that it has in hand when it is stopped come again only after
    // minutes.
    let _settling = pipeline.settle_in_background();
    pipeline.scheduled_tick().await;
    control(&pipeline, json!({"max_concurrency": {"N": "3"}}));
    pipeline.scheduled_tick().await;
    let changed = pipeline.aws.clock().now_ms() - 60_000;
    let running_at = |at: i64| {
        let executions = pipeline.aws.sfn().executions();
        executions
            .iter()
            .filter(|execution| {
                execution.started_ms <= at && execution.stopped_ms.is_none_or(|stop| stop > at)
            })
            .count()
    };
    for second in 11..60 {
        let running = running_at(changed + second * 1_000);
        assert!(
            running <= 3,
            "{running} ran {second} s after the limit was lowered to 3"
        );
    }
    assert!(
        running_at(changed + 30_000) > 0,
        "it goes on at the lower limit"
    );
}

#[tokio::test(start_paused = true)]
async fn a_limit_raised_in_the_middle_of_a_tick_is_used_in_it() {
    let pipeline = Pipeline::new(settings(2), |_| fake_aws::Ending::never());
    pipeline.upload_many(50);
    let raise = async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        control(&pipeline, json!({"max_concurrency": {"N": "30"}}));
    };
    let (ticked, ()) = tokio::join!(pipeline.tick(), raise);
    assert_eq!(ticked.well().started, 30);
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_within_seconds_and_loses_nothing() {
    let pipeline = Pipeline::succeeding(settings(20), 2);
    let uploads = pipeline.upload_many(400);
    let pause = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        control(&pipeline, json!({"paused": {"BOOL": true}}));
        pipeline.aws.clock().now_ms()
    };
    let settling = pipeline.settle_in_background();
    let (ticked, paused_at) = tokio::join!(pipeline.tick(), pause);
    assert_eq!(ticked.well().paused, 1);
    drop(settling);
    let last = pipeline
        .aws
        .sfn()
        .executions()
        .iter()
        .map(|execution| execution.started_ms)
        .max();
    assert!(last.unwrap() <= paused_at + 3_000);

    pipeline.run(3).await;
    let started = pipeline.aws.sfn().executions().len();
    assert!(started < 400, "{started}");
    assert_eq!(
        pipeline.slots().len(),
        0,
        "outcomes are settled while paused"
    );

    control(&pipeline, json!({"paused": {"BOOL": false}}));
    pipeline.drain(5).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!((verdict.succeeded, verdict.duplicates.len()), (400, 0));
}

#[tokio::test(start_paused = true)]
async fn a_control_item_out_of_range_fails_loudly_and_touches_nothing() {
    let pipeline = Pipeline::succeeding(settings(20), 2);
    pipeline.upload_many(3);
    for (wrong, reason) in [
        (json!({"burst": {"N": "0"}}), "burst is 0"),
        (
            json!({"paused": {"S": "yes"}}),
            "paused is not true or false",
        ),
        (
            json!({"max_concurrency": {"N": "-1"}}),
            "max_concurrency is -1",
        ),
    ] {
        control(&pipeline, wrong);
        let simulation::Ticked::Ended(ended) = pipeline.tick().await else {
            panic!("it ends")
        };
        let failure = ended.failure.expect(reason).to_string();
        assert!(
            failure.contains(reason) && failure.contains("control item"),
            "{failure}"
        );
        assert!(
            pipeline
                .events
                .messages()
                .iter()
                .all(|message| message.message.receives == 0)
        );
    }
    control(&pipeline, json!({}));
    assert_eq!(pipeline.tick().await.well().started, 3);
}

#[tokio::test(start_paused = true)]
async fn ticks_never_overlap() {
    let pipeline = Pipeline::new(settings(5), |_| fake_aws::Ending::never());
    pipeline.upload_many(20);
    let (one, other) = tokio::join!(pipeline.tick(), pipeline.tick());
    let (one, other) = (one.well(), other.well());
    assert_eq!(one.lease_busy + other.lease_busy, 1);
    assert_eq!(one.started + other.started, 5);
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_comes_a_little_early_waits_for_the_last_one() {
    let mut settings = settings(5);
    settings.pace.starts_per_second = 1.0;
    settings.pace.burst = 1;
    let pipeline = Pipeline::succeeding(settings, 1);
    pipeline.upload_many(500);
    let early = async {
        tokio::time::sleep(Duration::from_secs(54)).await;
        pipeline.tick().await.well()
    };
    let (first, second) = tokio::join!(pipeline.tick(), early);
    assert_eq!(first.well().lease_busy, 0);
    assert_eq!(second.lease_busy, 0, "the first ends after 56 seconds");
}

/// A tick can be shorter than the wait for the lease: it is over when it gets it, and nothing is
/// wrong.
#[tokio::test(start_paused = true)]
async fn a_short_tick_that_waited_for_the_lease_is_no_failure() {
    let mut settings = settings(5);
    settings.tick = Duration::from_secs(1);
    let pipeline = Pipeline::succeeding(settings, 1);
    pipeline.upload_many(500);
    let (first, second) = tokio::join!(pipeline.tick(), pipeline.tick());
    let ended = [first.well(), second.well()];
    assert_eq!(ended.iter().map(|it| it.lease_busy).sum::<u32>(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_tick_makes_five_calls() {
    let pipeline = Pipeline::succeeding(settings(5), 1);
    pipeline.tick().await.well();
    pipeline.aws.forget_calls();
    pipeline.tick().await.well();
    let calls: Vec<_> = pipeline
        .aws
        .calls()
        .iter()
        .map(|call| call.operation.clone())
        .collect();
    assert_eq!(
        calls,
        [
            "UpdateItem",
            "Query",
            "Query",
            "ReceiveMessage",
            "UpdateItem"
        ]
    );
}
