//! A lane with a bound of its own: never more of it at once, and the others go on.

use std::time::Duration;

use fake_aws::{Call, Fault};
use serde_json::{Value, json};
use simulation::{LEDGER, Pipeline, Settings, Upload, Verdict, notification, objects};
use spillway::pace::window;

/// `urgent` without a bound, `bulk` with this one.
fn bounded(bound: Option<u32>) -> Settings {
    let mut settings = Settings {
        lanes: vec![("urgent", 0.0), ("bulk", 0.0)],
        lane_bounds: vec![None, bound],
        ..Settings::default()
    };
    settings.pace.max_concurrency = 20;
    settings
}

/// Uploads so many into a lane; the keys begin with its place.
fn upload(pipeline: &Pipeline, lane: usize, count: u32) -> Vec<Upload> {
    let new = |number| Upload::new(&format!("{lane}/{number}"), number + 1);
    let uploads: Vec<Upload> = (0..count).map(new).collect();
    for upload in &uploads {
        let body = notification(std::slice::from_ref(upload));
        pipeline.lanes[lane].0.inject(&body);
    }
    uploads
}

/// When the executions of a lane started and stopped, in milliseconds.
fn ran(pipeline: &Pipeline, lane: usize) -> Vec<(i64, i64)> {
    let executions = pipeline.aws.sfn().executions().into_iter();
    let of_lane = |key: &str| key.split('/').next() == Some(lane.to_string().as_str());
    executions
        .filter(|it| of_lane(&objects(it).0[0].key))
        .map(|it| (it.started_ms, it.stopped_ms.unwrap_or(i64::MAX)))
        .collect()
}

/// The most executions of a lane that ever ran at once, from a time on.
fn most_at_once(pipeline: &Pipeline, lane: usize, from: i64) -> usize {
    let ran = ran(pipeline, lane);
    let at_once = |at: i64| {
        ran.iter()
            .filter(|(start, stop)| *start <= at && at < *stop)
            .count()
    };
    let starts = ran.iter().map(|(start, _)| *start);
    starts
        .filter(|at| *at >= from)
        .map(at_once)
        .max()
        .unwrap_or_default()
}

fn control(pipeline: &Pipeline, bound: u32) {
    let item = json!({
        "pk": {"S": "control"}, "sk": {"S": "dispatch"},
        "lanes.bulk.max_concurrency": {"N": bound.to_string()},
    });
    pipeline.aws.dynamodb().put(LEDGER, item);
}

fn counts(pipeline: &Pipeline) -> Vec<Call> {
    let queries = pipeline.aws.calls_of("Query").into_iter();
    let is_count = |call: &Call| {
        let by_lane = call.request["ProjectionExpression"] == "#lane";
        by_lane || call.request["Select"] == "COUNT"
    };
    queries.filter(is_count).collect()
}

#[tokio::test(start_paused = true)]
async fn never_more_of_a_lane_than_its_bound_and_the_others_go_on() {
    let pipeline = Pipeline::succeeding(bounded(Some(3)), 4);
    let mut uploads = upload(&pipeline, 1, 40);
    uploads.extend(upload(&pipeline, 0, 100));
    let began = pipeline.aws.clock().now_ms();
    pipeline.drain(10).await;
    assert_eq!(most_at_once(&pipeline, 1, 0), 3);
    let last = |lane| ran(&pipeline, lane).iter().map(|it| it.0).max().unwrap() - began;
    // 17 at once, of 4 s each: six rounds. The bounded lane takes 14 rounds, with the pause between
    // two ticks.
    assert!(last(0) < 35_000, "{} ms", last(0));
    assert!(last(1) < 85_000, "{} ms", last(1));
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("bounded", 20);
    assert_eq!(verdict.succeeded, 140);
    // No receive is burnt.
    let receives = |gone: &fake_aws::Gone| gone.message.receives;
    let most = pipeline.lanes[1].0.gone().iter().map(receives).max();
    assert_eq!(most, Some(1));
}

#[tokio::test(start_paused = true)]
async fn what_is_freed_within_a_tick_is_used_in_it() {
    let pipeline = Pipeline::succeeding(bounded(Some(2)), 5);
    upload(&pipeline, 1, 16);
    let _settling = pipeline.settle_in_background();
    let counts = pipeline.tick().await.well();
    // The other lane is empty all the time.
    assert!(counts.started >= 14, "{counts:?}");
    assert_eq!(most_at_once(&pipeline, 1, 0), 2);
}

#[tokio::test(start_paused = true)]
async fn a_tick_waits_for_a_full_lane_only_while_its_events_wait() {
    let mut settings = bounded(Some(2));
    settings.looks_around = true;
    let pipeline = Pipeline::succeeding(settings, 3_600);
    upload(&pipeline, 1, 2);
    let began = pipeline.aws.clock().now_ms();
    pipeline.tick().await.well();
    let took = pipeline.aws.clock().now_ms() - began;
    assert!(took < 10_000, "{took} ms with nothing left");
    upload(&pipeline, 1, 1);
    pipeline.aws.forget_calls();
    let began = pipeline.aws.clock().now_ms();
    let counts = pipeline.tick().await.well();
    let took = pipeline.aws.clock().now_ms() - began;
    assert!(took > 50_000, "{took} ms with one event left");
    // The lane is full: that is no standstill, and nothing of it is received.
    assert_eq!(
        (counts.saturated, counts.stands_still),
        (1, 0),
        "{counts:?}"
    );
    let received = pipeline.aws.calls_of("ReceiveMessage").into_iter();
    let of = |call: &Call| call.facts.queue.clone().unwrap_or_default();
    let queues: Vec<String> = received.map(|call| of(&call)).collect();
    assert!(queues.iter().all(|queue| queue == "urgent"), "{queues:?}");
    // Two seconds each.
    assert!(queues.len() < 40, "{} receives", queues.len());
    // Events that come to the other lane meanwhile start at once.
    let later = pipeline.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        upload(&later, 0, 1);
    });
    let began = pipeline.aws.clock().now_ms();
    assert_eq!(pipeline.tick().await.well().started, 1);
    let started = ran(&pipeline, 0)[0].0 - began;
    assert!((20_000..20_500).contains(&started), "{started} ms");
}

#[tokio::test(start_paused = true)]
async fn a_bound_changes_within_seconds_and_stops_nothing() {
    let pipeline = Pipeline::succeeding(bounded(Some(8)), 3);
    upload(&pipeline, 1, 120);
    let operator = pipeline.clone();
    let changed = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(15)).await;
        control(&operator, 2);
        let lowered = operator.aws.clock().now_ms();
        tokio::time::sleep(Duration::from_secs(15)).await;
        control(&operator, 12);
        lowered
    });
    let _settling = pipeline.settle_in_background();
    pipeline.tick().await.well();
    let lowered = changed.await.unwrap();
    assert_eq!(most_at_once(&pipeline, 1, 0), 12);
    let between = |from: i64, to: i64| {
        let ran = ran(&pipeline, 1);
        let starts: Vec<i64> = ran.iter().map(|it| it.0).collect();
        let at_once = |at: i64| ran.iter().filter(|it| it.0 <= at && at < it.1).count();
        let within = starts.into_iter().filter(|at| (from..to).contains(at));
        within.map(at_once).max().unwrap_or_default()
    };
    assert_eq!(between(0, lowered), 8);
    // The control item is read every two seconds.
    assert_eq!(between(lowered + 2_500, lowered + 15_000), 2);
    let aborted = pipeline.aws.calls_of("StopExecution");
    assert!(aborted.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_bound_that_comes_at_run_time_counts_what_runs() {
    let pipeline = Pipeline::succeeding(bounded(None), 20);
    upload(&pipeline, 1, 60);
    let operator = pipeline.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        control(&operator, 4);
    });
    let _settling = pipeline.settle_in_background();
    let began = pipeline.aws.clock().now_ms();
    pipeline.tick().await.well();
    assert_eq!(most_at_once(&pipeline, 1, 0), 20);
    assert_eq!(most_at_once(&pipeline, 1, began + 10_000), 4);
}

#[tokio::test(start_paused = true)]
async fn a_closed_lane_waits_and_holds_up_nobody() {
    let mut settings = bounded(Some(0));
    settings.looks_around = true;
    let pipeline = Pipeline::succeeding(settings, 1);
    let mut uploads = upload(&pipeline, 1, 5);
    uploads.extend(upload(&pipeline, 0, 5));
    let _settling = pipeline.settle_in_background();
    let began = pipeline.aws.clock().now_ms();
    let counts = pipeline.tick().await.well();
    let took = pipeline.aws.clock().now_ms() - began;
    assert_eq!((counts.started, counts.stands_still), (5, 0));
    assert!(took < 15_000, "{took} ms");
    assert_eq!(pipeline.tick().await.well().stands_still, 0);
    control(&pipeline, 1);
    pipeline.drain(5).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 10);
}

/// The other lane is full and empty, so the tick would wait for events that wait.
#[tokio::test(start_paused = true)]
async fn no_tick_waits_for_the_events_of_a_closed_lane() {
    let mut settings = bounded(Some(0));
    settings.lane_bounds = vec![Some(1), Some(0)];
    settings.looks_around = true;
    let pipeline = Pipeline::succeeding(settings, 3_600);
    upload(&pipeline, 0, 1);
    assert_eq!(pipeline.tick().await.well().started, 1);
    upload(&pipeline, 1, 5);
    let began = pipeline.aws.clock().now_ms();
    let counts = pipeline.tick().await.well();
    let took = pipeline.aws.clock().now_ms() - began;
    assert!(took < 15_000, "{took} ms");
    // Nobody knows when they drain.
    assert_eq!((counts.backlog, counts.drain_seconds), (5, 0));
    assert_eq!((counts.saturated, counts.stands_still), (0, 0));
}

/// A start that was throttled, of a lane that was closed since: the slot stays, and no tick waits
/// for it.
#[tokio::test(start_paused = true)]
async fn no_tick_waits_for_a_start_of_a_closed_lane() {
    let pipeline = Pipeline::succeeding(bounded(Some(2)), 1);
    let uploads = upload(&pipeline, 1, 1);
    pipeline
        .aws
        .faults()
        .before(|call| match call.operation.as_str() {
            "StartExecution" => Fault::Throttle,
            _ => Fault::None,
        });
    let closes = pipeline.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        control(&closes, 0);
    });
    let began = pipeline.aws.clock().now_ms();
    pipeline.tick().await.well();
    let took = pipeline.aws.clock().now_ms() - began;
    assert!(took < 20_000, "{took} ms");
    pipeline.aws.faults().clear();
    // An execution that is not found by then does not run.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let began = pipeline.aws.clock().now_ms();
    pipeline.tick().await.well();
    let took = pipeline.aws.clock().now_ms() - began;
    assert!(took < 20_000, "{took} ms");
    assert!(pipeline.aws.sfn().executions().is_empty());
    assert_eq!(suspect_since(&pipeline), None);
    control(&pipeline, 1);
    pipeline.drain(5).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 1);
}

fn suspect_since(pipeline: &Pipeline) -> Option<Value> {
    let lease = pipeline.aws.dynamodb().item(LEDGER, "lease", "dispatch");
    lease.unwrap().get("suspect_since").cloned()
}

/// The slot of a tick that died, of a lane that was closed since: it is marked, and no other slot
/// is suspect for long.
#[tokio::test(start_paused = true)]
async fn the_slot_of_a_dead_tick_in_a_closed_lane_makes_no_other_suspect() {
    let pipeline = Pipeline::succeeding(bounded(Some(2)), 1);
    let uploads = upload(&pipeline, 1, 1);
    pipeline
        .aws
        .faults()
        .before(|call| match call.operation.as_str() {
            "StartExecution" => Fault::Crash,
            _ => Fault::None,
        });
    pipeline.tick().await;
    pipeline.aws.faults().clear();
    assert!(suspect_since(&pipeline).is_some());
    control(&pipeline, 0);
    // An execution that is not found by then does not run.
    tokio::time::sleep(Duration::from_secs(60)).await;
    pipeline.tick().await.well();
    assert_eq!(suspect_since(&pipeline), None);
    assert_eq!(pipeline.slots().len(), 1);
    control(&pipeline, 1);
    pipeline.drain(5).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 1);
}

#[tokio::test(start_paused = true)]
async fn a_window_bounds_a_lane() {
    let mut settings = bounded(Some(2));
    // From the second minute on.
    let json = r#"[{"name": "night", "priority": 1, "from": "00:01", "to": "24:00", "lanes": {"bulk": {"max_concurrency": 6}}}]"#;
    settings.windows = window::parse(json).unwrap();
    let pipeline = Pipeline::succeeding(settings, 10);
    upload(&pipeline, 1, 60);
    let began = pipeline.aws.clock().now_ms();
    let into_the_day = began.rem_euclid(86_400_000);
    pipeline.run(2).await;
    let most = most_at_once(&pipeline, 1, 0);
    assert_eq!(most, 6, "it began {into_the_day} ms into the day");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_lane_in_the_control_item_fails_the_tick() {
    let pipeline = Pipeline::succeeding(bounded(Some(2)), 1);
    upload(&pipeline, 1, 1);
    let item = json!({
        "pk": {"S": "control"}, "sk": {"S": "dispatch"},
        "lanes.bluk.max_concurrency": {"N": "1"},
    });
    pipeline.aws.dynamodb().put(LEDGER, item);
    let ended = pipeline.tick().await;
    let told = format!("{ended:?}");
    assert!(told.contains("bluk"), "{told}");
    assert!(pipeline.aws.sfn().executions().is_empty());
}

/// Slots of an earlier release name no lane: each can be of the bounded one.
#[tokio::test(start_paused = true)]
async fn slots_that_name_no_lane_count_for_every_bound() {
    let pipeline = Pipeline::succeeding(bounded(Some(3)), 3_600);
    upload(&pipeline, 1, 2);
    pipeline.tick().await.well();
    for execution in pipeline.slots() {
        let mut slot = pipeline
            .aws
            .dynamodb()
            .item(LEDGER, "slots", &execution)
            .unwrap();
        slot.as_object_mut().unwrap().remove("lane");
        pipeline.aws.dynamodb().put(LEDGER, slot);
    }
    upload(&pipeline, 1, 4);
    upload(&pipeline, 0, 4);
    let counts = pipeline.tick().await.well();
    assert_eq!(counts.started, 5);
    assert_eq!(most_at_once(&pipeline, 1, 0), 3);
}

/// The one strong read tells the lanes apart for the same read units; without a bound nothing
/// changes.
#[tokio::test(start_paused = true)]
async fn counts_cost_the_same_with_a_bound_and_change_nothing_without() {
    let mut units = Vec::new();
    for bound in [None, Some(15)] {
        let mut settings = bounded(bound);
        settings.pace.max_concurrency = 300;
        let pipeline = Pipeline::succeeding(settings, 3_600);
        upload(&pipeline, 0, 285);
        upload(&pipeline, 1, 16);
        pipeline.tick().await.well();
        pipeline.aws.forget_calls();
        pipeline.tick().await.well();
        let counts = counts(&pipeline);
        assert!(!counts.is_empty());
        for call in &counts {
            let expected = match bound {
                None => ("COUNT", Value::Null),
                Some(_) => ("", json!("#lane")),
            };
            let request = &call.request;
            let select = request["Select"].as_str().unwrap_or_default();
            assert_eq!((select, request["ProjectionExpression"].clone()), expected);
        }
        units.push(counts[0].facts.capacity);
    }
    assert!(units[0] > 10.0, "{units:?}");
    assert_eq!(units[0], units[1]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_of_one_lane_and_counts_for_its_bound() {
    let mut settings = bounded(Some(2));
    settings.events_per_execution = 5;
    let pipeline = Pipeline::succeeding(settings, 4);
    let mut uploads = upload(&pipeline, 1, 60);
    uploads.extend(upload(&pipeline, 0, 60));
    pipeline.drain(10).await;
    assert_eq!(most_at_once(&pipeline, 1, 0), 2);
    for execution in pipeline.aws.sfn().executions() {
        let lanes = objects(&execution).0;
        let lanes = lanes.iter().map(|upload| &upload.key[..1]);
        let lanes: std::collections::BTreeSet<&str> = lanes.collect();
        assert_eq!(lanes.len(), 1, "{lanes:?}");
    }
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 120);
}

/// Every lane is bounded: the pipeline's own limit is never reached, and the tick waits for slots
/// all the same.
#[tokio::test(start_paused = true)]
async fn every_lane_can_be_bounded() {
    let mut settings = bounded(Some(2));
    settings.lane_bounds = vec![Some(1), Some(2)];
    let pipeline = Pipeline::succeeding(settings, 2);
    let mut uploads = upload(&pipeline, 1, 20);
    uploads.extend(upload(&pipeline, 0, 10));
    pipeline.drain(4).await;
    let most = [0, 1].map(|lane| most_at_once(&pipeline, lane, 0));
    assert_eq!(most, [1, 2]);
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 30);
}
