//! Windows and the day's limit, with the clock on the wall.
//!
//! Every simulation begins at 2026-01-01T00:00:00Z, a Thursday; in Seoul it is 09:00.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use fake_aws::{Call, Fault, Refusal};
use serde_json::json;
use simulation::{LEDGER, Pipeline, Settings, Ticked, Verdict};
use spillway::pace::window;
use spillway::rules::order::Order;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
/// A window holds after so long: the control item is read every 2 s, and a call can be under way.
const SOON: i64 = 3 * SECOND;

fn settings(max_concurrency: u32, windows: &str) -> Settings {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = max_concurrency;
    settings.windows = window::parse(windows).unwrap();
    settings
}

fn control(pipeline: &Pipeline, attributes: serde_json::Value) {
    let mut item = json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}});
    item.as_object_mut()
        .unwrap()
        .extend(attributes.as_object().unwrap().clone());
    pipeline.aws.dynamodb().put(LEDGER, item);
}

async fn wait(milliseconds: i64) {
    tokio::time::sleep(Duration::from_millis(milliseconds.unsigned_abs())).await;
}

/// When executions started, since the beginning.
fn starts(pipeline: &Pipeline, began: i64) -> Vec<i64> {
    let executions = pipeline.aws.sfn().executions();
    executions
        .iter()
        .map(|execution| execution.started_ms - began)
        .collect()
}

/// The most executions that ran at once between two times since the beginning.
fn peak(pipeline: &Pipeline, began: i64, from: i64, to: i64) -> usize {
    let executions = pipeline.aws.sfn().executions();
    let running = |at: i64| {
        let at = began + at;
        let of_then = |it: &&fake_aws::Execution| {
            it.started_ms <= at && it.stopped_ms.is_none_or(|stop| stop > at)
        };
        executions.iter().filter(of_then).count()
    };
    (from..to)
        .step_by(500)
        .map(running)
        .max()
        .unwrap_or_default()
}

#[track_caller]
fn assert_none_between(starts: &[i64], from: i64, to: i64) {
    let within = starts.iter().find(|at| (from..to).contains(*at));
    assert_eq!(within, None, "a start between {from} and {to}");
}

#[track_caller]
fn assert_some_between(starts: &[i64], from: i64, to: i64) {
    let within = starts.iter().any(|at| (from..to).contains(at));
    assert!(within, "no start between {from} and {to}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_window_that_begins_and_ends_during_the_run() {
    // 00:01 to 00:05 in UTC; ticks come at half past each minute.
    let windows = r#"[{"name": "freeze", "priority": 0, "timezone": "Asia/Seoul", "from": "09:01", "to": "09:05",
        "dates": ["2026-01-01"], "pause": true}]"#;
    let pipeline = Pipeline::succeeding(settings(5, windows), 2);
    let began = pipeline.aws.clock().now_ms();
    let uploads = pipeline.upload_many(400);
    let settling = pipeline.settle_in_background();
    wait(30 * SECOND).await;
    // The first tick sees it begin.
    assert_eq!(pipeline.tick().await.well().paused, 1);
    drop(settling);
    pipeline.run(7).await;

    let starts = starts(&pipeline, began);
    assert_some_between(&starts, 30 * SECOND, 40 * SECOND);
    assert_some_between(&starts, 50 * SECOND, MINUTE);
    assert_none_between(&starts, MINUTE + SOON, 5 * MINUTE);
    assert_some_between(&starts, 5 * MINUTE, 6 * MINUTE);
    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!((verdict.succeeded, verdict.duplicates.len()), (400, 0));
}

#[tokio::test(start_paused = true)]
async fn a_night_window_raises_the_limit_and_takes_it_back() {
    let windows = r#"[{"name": "night", "priority": 1, "timezone": "Asia/Seoul", "from": "09:02", "to": "09:04",
        "pace": {"max_concurrency": 12}}]"#;
    let pipeline = Pipeline::succeeding(settings(2, windows), 10);
    let began = pipeline.aws.clock().now_ms();
    pipeline.upload_many(1_000);
    let settling = pipeline.settle_in_background();
    wait(30 * SECOND).await;
    let mut limits = Vec::new();
    for _ in 0..6 {
        limits.push(pipeline.tick().await.well().max_concurrency);
        wait(2 * SECOND).await;
    }
    drop(settling);
    assert_eq!(limits.first(), Some(&Some(2)));
    assert!(limits.contains(&Some(12)));
    assert_eq!(limits.last(), Some(&Some(2)));
    assert_eq!(peak(&pipeline, began, 0, 2 * MINUTE), 2);
    assert_eq!(peak(&pipeline, began, 2 * MINUTE + SOON, 4 * MINUTE), 12);
    assert_eq!(
        peak(
            &pipeline,
            began,
            4 * MINUTE + SOON + 10 * SECOND,
            6 * MINUTE
        ),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn a_window_over_midnight_means_the_day_on_which_it_began() {
    let windows = r#"[{"name": "late", "priority": 1, "from": "23:58", "to": "00:02", "days": ["THU"], "pause": true}]"#;
    let pipeline = Pipeline::succeeding(settings(2, windows), 5);
    let began = pipeline.aws.clock().now_ms();
    pipeline.upload_many(800);
    // Thursday, two minutes past midnight: it would have begun on Wednesday.
    pipeline.run(2).await;
    wait(DAY - 5 * MINUTE).await;
    // And on until Friday, seven past.
    pipeline.run(10).await;

    let starts = starts(&pipeline, began);
    assert_some_between(&starts, 0, 2 * MINUTE);
    assert_some_between(&starts, DAY - 3 * MINUTE, DAY - 2 * MINUTE);
    assert_none_between(&starts, DAY - 2 * MINUTE + SOON, DAY + 2 * MINUTE);
    assert_some_between(&starts, DAY + 2 * MINUTE, DAY + 3 * MINUTE);
}

#[tokio::test(start_paused = true)]
async fn the_control_item_is_over_the_window() {
    let windows =
        r#"[{"name": "freeze", "priority": 0, "pause": true, "pace": {"max_concurrency": 7}}]"#;
    let pipeline = Pipeline::new(settings(20, windows), |_| fake_aws::Ending::never());
    pipeline.upload_many(100);
    let paused_at =
        |counts: &dispatch::Counts| (counts.paused, counts.started, counts.max_concurrency);
    assert_eq!(paused_at(&pipeline.tick().await.well()), (1, 0, Some(7)));
    // A number says nothing of the pause.
    control(&pipeline, json!({"max_concurrency": {"N": "3"}}));
    assert_eq!(paused_at(&pipeline.tick().await.well()), (1, 0, Some(3)));
    control(
        &pipeline,
        json!({"max_concurrency": {"N": "3"}, "paused": {"BOOL": false}}),
    );
    assert_eq!(paused_at(&pipeline.tick().await.well()), (0, 3, Some(3)));
    // Without a number the window's holds.
    control(&pipeline, json!({"paused": {"BOOL": false}}));
    assert_eq!(paused_at(&pipeline.tick().await.well()), (0, 4, Some(7)));
    // In the middle of a tick.
    control(
        &pipeline,
        json!({"max_concurrency": {"N": "20"}, "paused": {"BOOL": false}}),
    );
    let stop = async {
        wait(100).await;
        control(&pipeline, json!({}));
    };
    let (ticked, ()) = tokio::join!(pipeline.tick(), stop);
    assert_eq!(ticked.well().paused, 1);
}

/// Executions by day since the beginning.
fn by_day(pipeline: &Pipeline, began: i64) -> BTreeMap<i64, u32> {
    let mut days = BTreeMap::new();
    for at in starts(pipeline, began) {
        *days.entry(at / DAY).or_default() += 1;
    }
    days
}

fn limited(starts_per_day: u32) -> Settings {
    let mut settings = settings(10, "[]");
    settings.starts_per_day = Some(starts_per_day);
    settings
}

/// Kills `dispatch` at its `n`th call from now on.
fn crash_at(pipeline: &Pipeline, n: usize) {
    let seen = Mutex::new(0);
    pipeline.aws.faults().before(move |call: &Call| {
        let mut seen = seen.lock().unwrap();
        *seen += usize::from(call.caller.starts_with("dispatch"));
        if *seen == n && call.caller.starts_with("dispatch") {
            *seen += 1;
            return Fault::Crash;
        }
        Fault::None
    });
}

/// Waits for the day's first moment.
async fn next_day(pipeline: &Pipeline, began: i64) {
    let now = pipeline.aws.clock().now_ms() - began;
    wait(DAY - now % DAY).await;
}

#[tokio::test(start_paused = true)]
async fn the_days_starts_hold_through_a_crash_and_go_on_the_next_day() {
    for dies_at in [5, 20, 60] {
        let mut settings = limited(50);
        settings.pace.starts_per_tick = Some(20);
        let pipeline = Pipeline::succeeding(settings, 2);
        let began = pipeline.aws.clock().now_ms();
        let uploads = pipeline.upload_many(120);
        let settling = pipeline.settle_in_background();
        let first = pipeline.tick().await.well();
        assert_eq!(
            (first.started, first.starts_today, first.day_limit_reached),
            (20, Some(20), 0)
        );

        crash_at(&pipeline, dies_at);
        assert!(matches!(pipeline.tick().await, Ticked::Crashed));
        wait(2 * MINUTE).await;
        let mut ended = None;
        for _ in 0..4 {
            ended = Some(pipeline.tick().await.well());
            wait(MINUTE).await;
        }
        let ended = ended.unwrap();
        assert_eq!((ended.received, ended.started), (0, 0), "died at {dies_at}");
        assert_eq!((ended.starts_today, ended.day_limit_reached), (Some(50), 1));
        let today = by_day(&pipeline, began)[&0];
        assert!(
            (30..=50).contains(&today),
            "{today} started, died at {dies_at}"
        );

        drop(settling);
        next_day(&pipeline, began).await;
        pipeline.run(5).await;
        assert_eq!(by_day(&pipeline, began)[&1], 50, "died at {dies_at}");
        next_day(&pipeline, began).await;
        pipeline.drain(10).await;
        let verdict = Verdict::of(&pipeline, &uploads);
        assert_eq!(
            (verdict.succeeded, verdict.duplicates.len()),
            (120, 0),
            "died at {dies_at}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_day_that_begins_during_a_tick_has_starts_of_its_own() {
    let mut settings = limited(100);
    settings.pace.starts_per_second = 2.0;
    settings.pace.burst = 1;
    let pipeline = Pipeline::succeeding(settings, 1);
    let began = pipeline.aws.clock().now_ms();
    pipeline.upload_many(300);
    wait(DAY - 30 * SECOND).await;
    let settling = pipeline.settle_in_background();
    let counts = pipeline.tick().await.well();
    drop(settling);
    let days = by_day(&pipeline, began);
    assert!(days[&0] > 50 && days[&1] > 40, "{days:?}");
    let today = counts.starts_today.unwrap();
    // Two could have been under way at midnight.
    assert!(
        (days[&1]..=days[&1] + 2).contains(&today),
        "{today} counted, {days:?}"
    );
    let lease = pipeline
        .aws
        .dynamodb()
        .item(LEDGER, "lease", "dispatch")
        .unwrap();
    assert_eq!(lease["day"]["S"], "2026-01-02");
    assert_eq!(lease["day_starts"]["N"], today.to_string());

    // The rest of this day's.
    pipeline.run(3).await;
    assert!((98..=100).contains(&by_day(&pipeline, began)[&1]));
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_dies_over_midnight_leaves_both_days_safe() {
    let mut settings = limited(60);
    settings.pace.starts_per_second = 0.5;
    settings.pace.burst = 10;
    let pipeline = Pipeline::succeeding(settings, 1);
    let began = pipeline.aws.clock().now_ms();
    pipeline.upload_many(300);
    wait(DAY - 20 * SECOND).await;
    let settling = pipeline.settle_in_background();
    let dies = async {
        wait(40 * SECOND).await;
        crash_at(&pipeline, 1);
    };
    let (ticked, ()) = tokio::join!(pipeline.tick(), dies);
    assert!(matches!(ticked, Ticked::Crashed));
    drop(settling);
    let at_once = by_day(&pipeline, began)[&1];
    assert!(at_once > 5, "{at_once}");
    pipeline.run(10).await;
    let days = by_day(&pipeline, began);
    // The most that it can have started that day: a burst of 10 and 28 more.
    assert!((60 - 38..=60).contains(&days[&1]), "{days:?}");
    assert_eq!(pipeline.tick().await.well().day_limit_reached, 1);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_made_again_counts_once() {
    let pipeline = Pipeline::succeeding(limited(30), 1);
    let began = pipeline.aws.clock().now_ms();
    pipeline.upload_many(100);
    pipeline.aws.sfn().refuse_starts(Some(Refusal::Throttled));
    let throttled = pipeline.tick().await.well();
    assert!(throttled.throttled >= 10);
    assert_eq!(throttled.starts_today, Some(10));
    for _ in 0..3 {
        let again = pipeline.tick().await.well();
        assert_eq!((again.started, again.starts_today), (0, Some(10)));
    }
    pipeline.aws.sfn().refuse_starts(None);
    pipeline.run(4).await;
    assert_eq!(by_day(&pipeline, began), BTreeMap::from([(0, 30)]));

    // On the next day those of this one count there.
    next_day(&pipeline, began).await;
    pipeline.aws.sfn().refuse_starts(Some(Refusal::Throttled));
    assert_eq!(pipeline.tick().await.well().starts_today, Some(10));
    next_day(&pipeline, began).await;
    assert_eq!(pipeline.tick().await.well().starts_today, Some(0));
    pipeline.aws.sfn().refuse_starts(None);
    pipeline.run(4).await;
    assert_eq!(by_day(&pipeline, began), BTreeMap::from([(0, 30), (2, 30)]));
}

/// The answers to all claims of a tick are lost: the next one makes their starts, and they count
/// once.
#[tokio::test(start_paused = true)]
async fn claims_without_an_answer_count_for_the_day() {
    for (order, events_per_execution) in [
        (Order::None, 1),
        (Order::Latest, 1),
        (Order::Each, 1),
        (Order::None, 3),
    ] {
        let mut settings = limited(4);
        settings.pace.max_concurrency = 4;
        settings.order = order;
        settings.events_per_execution = events_per_execution;
        let pipeline = Pipeline::succeeding(settings, 2);
        let began = pipeline.aws.clock().now_ms();
        pipeline.upload_many(40);
        pipeline.aws.faults().after(|call: &Call| {
            if simulation::claims(call) {
                Fault::LoseAnswer
            } else {
                Fault::None
            }
        });
        let Ticked::Ended(ended) = pipeline.tick().await else {
            panic!("it ends")
        };
        let when = format!(
            "order {order}, {events_per_execution} per execution: {:?}",
            ended.counts
        );
        assert!(
            ended.failure.is_some() && ended.counts.started == 0,
            "{when}"
        );
        assert!(!pipeline.slots().is_empty(), "{when}");
        pipeline.aws.faults().after(|_: &Call| Fault::None);
        pipeline.run(4).await;
        assert_eq!(by_day(&pipeline, began), BTreeMap::from([(0, 4)]), "{when}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_nothing_is_written_for_the_day() {
    let pipeline = Pipeline::succeeding(settings(5, "[]"), 1);
    pipeline.upload_many(10);
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.starts_today, counts.day_limit_reached), (None, 0));
    let lease = pipeline
        .aws
        .dynamodb()
        .item(LEDGER, "lease", "dispatch")
        .unwrap();
    assert!(lease.get("day").is_none(), "{lease}");
}
