//! Slots whose start can be missing, and a limit that was lowered meanwhile.

use std::time::Duration;

use fake_aws::{Call, Fault, Key};
use serde_json::json;
use simulation::{LEDGER, Pipeline, Settings, Ticked, Verdict};
use spillway::protocol::holding::Idle;

fn only_one_may_run(pipeline: &Pipeline) {
    let one =
        json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}, "max_concurrency": {"N": "1"}});
    pipeline.aws.dynamodb().put(LEDGER, one);
}

/// The tick died before the second start, the outcome of the first never came, and then only one
/// can run. The second waits for the slot of the first, whose end only Step Functions knows.
#[tokio::test(start_paused = true)]
async fn a_suspect_that_has_ended_gives_way_to_one_that_has_not_started() {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = 2;
    let pipeline = Pipeline::succeeding(settings, 1);
    pipeline
        .aws
        .sfn()
        .change_event_rules(|rule| rule.lost = 1.0);
    let mut starts = 0;
    pipeline.aws.faults().before(move |call| {
        starts += usize::from(call.operation == "StartExecution");
        match starts {
            2 => Fault::Crash,
            _ => Fault::None,
        }
    });
    let uploads = pipeline.upload_many(2);
    pipeline.tick().await;
    assert_eq!(pipeline.slots().len(), 2);
    assert_eq!(pipeline.aws.sfn().executions().len(), 1);
    pipeline.aws.faults().clear();

    only_one_may_run(&pipeline);
    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("suspects", 1);
    assert_eq!(verdict.succeeded, 2);
}

/// One start was throttled. The other's answer was lost: it runs, and Step Functions does not find
/// it yet. Then only one can run.
#[tokio::test(start_paused = true)]
async fn a_suspect_that_is_not_found_yet_may_run() {
    let mut settings = Settings {
        // The next one comes within the minute for which not found proves nothing.
        tick: Duration::from_secs(10),
        ..Settings::default()
    };
    settings.pace.max_concurrency = 2;
    let pipeline = Pipeline::succeeding(settings, 90);
    pipeline.aws.sfn().set_describe_lag(Duration::from_secs(25));
    let is = |call: &Call, key: &str| {
        let execution = call.facts.execution.as_deref().unwrap_or_default();
        call.operation == "StartExecution" && execution.starts_with(key)
    };
    pipeline.aws.faults().before(move |call| match call {
        call if is(call, "status-0") => Fault::Throttle,
        _ => Fault::None,
    });
    pipeline.aws.faults().after(move |call| match call {
        call if is(call, "status-1") => Fault::LoseAnswer,
        _ => Fault::None,
    });
    let uploads = pipeline.upload_many(2);
    pipeline.tick().await;
    assert_eq!(pipeline.slots().len(), 2);
    assert_eq!(pipeline.aws.sfn().running().len(), 1);
    pipeline.aws.faults().clear();

    only_one_may_run(&pipeline);
    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("not found yet", 1);
    assert_eq!(verdict.succeeded, 2);
}

/// A tick could not claim, and left its slot. The next one comes before it is certain that no claim
/// lands any more, and waits for events.
#[tokio::test(start_paused = true)]
async fn a_slot_that_nothing_is_claimed_for_is_freed_by_a_tick_that_goes_on() {
    let settings = Settings {
        idle: Idle::Wait,
        tick: Duration::from_secs(120),
        ..Settings::default()
    };
    let pipeline = Pipeline::succeeding(settings, 1);
    pipeline.aws.faults().before(|call| {
        let of_row = |it: &Key| it.pk.starts_with("uploads/");
        match call.operation == "UpdateItem" && call.facts.keys.iter().any(of_row) {
            true => Fault::Refuse("AccessDeniedException".into()),
            false => Fault::None,
        }
    });
    let uploads = pipeline.upload_many(1);
    assert!(matches!(pipeline.tick().await, Ticked::Ended(ended) if ended.failure.is_some()));
    assert_eq!(pipeline.slots().len(), 1);
    pipeline.aws.faults().clear();

    let _settling = pipeline.settle_in_background();
    let began = pipeline.aws.clock().now_ms();
    assert_eq!(pipeline.tick().await.well().started, 1);
    let started = pipeline.aws.sfn().executions()[0].started_ms - began;
    // Its slot is freed after 45 s, and its message is hidden for 20 s at most.
    assert!((40_000..66_000).contains(&started), "after {started} ms");
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("unclaimed", 1);
}

/// So many run for long, and the process dies at its first call after a while.
async fn dies_after(seconds: i64, starts_per_second: f64, uploads: u32) -> Pipeline {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = 1_000;
    settings.pace.starts_per_second = starts_per_second;
    settings.pace.burst = 10;
    let pipeline = Pipeline::succeeding(settings, 3_600);
    pipeline.upload_many(uploads);
    let dies_at = pipeline.aws.clock().now_ms() + seconds * 1_000;
    pipeline.aws.faults().before(move |call| {
        match call.sent_ms >= dies_at && call.caller.starts_with("dispatch") {
            true => Fault::Crash,
            false => Fault::None,
        }
    });
    assert!(matches!(pipeline.tick().await, Ticked::Crashed));
    pipeline.aws.faults().clear();
    // Until its lease has ended.
    tokio::time::sleep(Duration::from_secs(90)).await;
    pipeline
}

/// Of the executions that run already only those are started again of which the last checkpoint was
/// not certain.
#[tokio::test(start_paused = true)]
async fn a_tick_that_died_costs_the_next_one_a_few_seconds_of_starts() {
    let pipeline = dies_after(40, 10.0, 600).await;
    let ran = pipeline.aws.sfn().executions().len();
    assert!((350..=420).contains(&ran), "{ran}");
    pipeline.aws.forget_calls();
    let counts = pipeline.tick().await.well();
    assert!((1..=80).contains(&counts.restarted), "{counts:?}");
    let receive = &pipeline.aws.calls_of("ReceiveMessage")[0];
    let began = pipeline.aws.calls()[0].sent_ms;
    assert!(receive.sent_ms - began < 10_000);
    assert_eq!(pipeline.slots().len(), 600);
    assert_eq!(pipeline.aws.sfn().executions().len(), 600);
}

/// Hundreds can run, the limit is one, and Step Functions answers slowly. The tick looks at the
/// slots for which it has time, and ends in time.
#[tokio::test(start_paused = true)]
async fn a_tick_ends_in_time_however_much_is_open() {
    let pipeline = dies_after(4, 100.0, 400).await;
    assert!(pipeline.slots().len() > 300);
    only_one_may_run(&pipeline);
    pipeline
        .aws
        .faults()
        .before(|call| match call.operation == "DescribeExecution" {
            true => Fault::Delay(Duration::from_secs(2)),
            false => Fault::None,
        });
    let mut described = 0;
    for _ in 0..3 {
        pipeline.tick().await.well();
        let lease = pipeline
            .aws
            .dynamodb()
            .item(LEDGER, "lease", "dispatch")
            .unwrap();
        assert!(lease["holder"].is_null(), "the lease is released");
        let now = pipeline.aws.calls_of("DescribeExecution").len();
        assert!(now > described + 50, "each tick looks at others: {now}");
        described = now;
    }
}
