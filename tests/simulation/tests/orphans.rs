//! Slots that somebody removed by hand while their rows are started.

use std::time::Duration;

use fake_aws::{Call, Ending, ExecutionResult, Fault, Refusal};
use serde_json::{Value, json};
use simulation::{LEDGER, Pipeline, Ran, Runs, Settings, Upload, Verdict, rows_of};
use spillway::pace::layout::Layout;
use spillway::rules::order::Order;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longer than a claim must be old, and a tick that looks at its slot after.
const A_DAY_LATER: Duration = Duration::from_secs(25 * 60 * 60);

/// The state of its execution when the slot is gone.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Execution {
    /// Its end comes days later.
    Runs,
    /// Its end came while the slot was gone.
    Closed,
    /// It was not started yet.
    NotStarted,
}

const EXECUTIONS: [Execution; 3] = [Execution::Runs, Execution::Closed, Execution::NotStarted];

fn settings(order: Order, events_per_execution: u32) -> Settings {
    let mut settings = Settings {
        order,
        events_per_execution,
        ..Settings::default()
    };
    settings.pace.max_concurrency = 1;
    settings
}

/// Two versions of one object, or the events of a batch.
fn uploads(settings: &Settings) -> Vec<Upload> {
    match settings.events_per_execution {
        1 => vec![Upload::new("a", 1), Upload::new("a", 2)],
        events => (1..=events)
            .map(|n| Upload::new(&format!("k{n}"), n))
            .collect(),
    }
}

fn row(pipeline: &Pipeline, state: &str) -> Option<Value> {
    let items = pipeline.aws.dynamodb().items(LEDGER);
    items.into_iter().find(|item| item["state"]["S"] == state)
}

fn remove_slots(pipeline: &Pipeline) {
    for slot in simulation::slots::all(&pipeline.aws.dynamodb(), LEDGER) {
        let key = json!({"pk": slot["pk"], "sk": slot["sk"]});
        pipeline.aws.dynamodb().remove(LEDGER, &key);
    }
}

/// A pipeline in which a row is started and its slot was removed.
async fn orphaned(settings: Settings, execution: Execution) -> (Pipeline, Runs, Vec<Upload>) {
    let pipeline = Pipeline::new(settings.clone(), |_| Ending::never());
    let runs = Runs::of(&pipeline, false);
    let uploads = uploads(&settings);
    let (first, second) = match settings.events_per_execution {
        1 => uploads.split_at(1),
        _ => (uploads.as_slice(), [].as_slice()),
    };
    if execution == Execution::NotStarted {
        let refusal = Refusal::Throttled;
        pipeline.aws.sfn().refuse_starts(Some(refusal));
    }
    first.iter().for_each(|upload| pipeline.upload(upload));
    pipeline.tick().await;
    assert_eq!(pipeline.slots().len(), 1);
    remove_slots(&pipeline);
    pipeline.aws.sfn().refuse_starts(None);
    if execution == Execution::Closed {
        end(&pipeline);
        pipeline.settle_once().await;
        assert!(pipeline.outcomes.messages().is_empty());
    }
    second.iter().for_each(|upload| pipeline.upload(upload));
    (pipeline, runs, uploads)
}

fn end(pipeline: &Pipeline) {
    for execution in pipeline.aws.sfn().running() {
        let succeeded = ExecutionResult::Succeeded("{}".into());
        pipeline.aws.sfn().end(&execution.arn, succeeded);
    }
}

/// Ticks until all is done; every execution ends after a while.
async fn drain(pipeline: &Pipeline) {
    let _settling = pipeline.settle_in_background();
    for _ in 0..20 {
        pipeline.scheduled_tick().await;
        end(pipeline);
        tokio::time::sleep(Duration::from_secs(1)).await;
        if pipeline.is_quiet() {
            return;
        }
    }
    panic!("not quiet: {}", pipeline.describe());
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_was_removed_is_put_back_whatever_its_execution_does() {
    for (order, events) in [
        (Order::None, 1),
        (Order::Each, 1),
        (Order::Latest, 1),
        (Order::None, 3),
    ] {
        for execution in EXECUTIONS {
            let when = format!("{order}, {events} an execution, {execution:?}");
            let (pipeline, runs, uploads) = orphaned(settings(order, events), execution).await;
            let started = row(&pipeline, "STARTED").expect("a started row");
            assert_eq!(runs.rows("young").await[0].slots_put_back, 0, "{when}");
            tokio::time::sleep(A_DAY_LATER).await;
            let counts = runs.rows("daily").await;
            assert_eq!(
                (counts[0].slots_put_back, counts[0].orphans),
                (1, 0),
                "{when}"
            );
            assert_eq!(runs.counted("daily", "slots_put_back"), 1.0, "{when}");
            let slots = pipeline.aws.dynamodb().partition(LEDGER, "slots");
            assert_eq!(slots[0]["taken_at"], started["started_at"], "{when}");
            assert_eq!(slots[0]["sk"], started["execution"], "{when}");
            // It is there now.
            assert_eq!(runs.rows("again").await[0].slots_put_back, 0, "{when}");

            drain(&pipeline).await;
            let verdict = Verdict::of(&pipeline, &uploads);
            verdict.expect_kept(&when, 1);
            assert_eq!(verdict.succeeded, uploads.len(), "{when}");
            assert!(row(&pipeline, "STARTED").is_none(), "{when}");
        }
    }
}

/// Sixteen partitions, and a change to them a moment ago. The slot is put back in the new layout,
/// unless it lies in the old one.
#[tokio::test(start_paused = true)]
async fn a_slot_is_put_back_in_the_layout_of_the_lease() {
    for changed in [false, true] {
        for events in [1, 3] {
            let mut settings = settings(Order::None, events);
            settings.pace.layout = match changed {
                true => Layout::One,
                false => Layout::Sixteen,
            };
            let (pipeline, runs, _) = orphaned(settings, Execution::Runs).await;
            let started = row(&pipeline, "STARTED").expect("a started row");
            tokio::time::sleep(A_DAY_LATER).await;
            if changed {
                pipeline.change_layout();
                pipeline
                    .events
                    .reconfigure(|queue| queue.odds.long_poll_misses = 1.0);
                pipeline.tick().await.well();
            }
            pipeline.aws.forget_calls();
            assert_eq!(runs.rows("daily").await[0].slots_put_back, 1);
            let execution = started["execution"]["S"].as_str().unwrap();
            let shard = Layout::Sixteen.shard_of(execution).key();
            let slots = pipeline.aws.dynamodb().partition(LEDGER, &shard);
            assert_eq!(slots[0]["sk"], started["execution"], "{changed} {events}");
            let puts = pipeline.aws.calls_of("TransactWriteItems").into_iter();
            let puts: Vec<Call> = puts.filter(simulation::takes_slots).collect();
            assert_eq!(puts.is_empty(), !changed);
            let checked = |put: &Call| put.facts.keys.iter().any(|key| key.pk == "slots");
            assert!(puts.iter().all(checked), "{puts:?}");
        }
    }
}

/// The next execution can run while the slot is gone; the start that is missing waits for its end
/// when the slot is back.
#[tokio::test(start_paused = true)]
async fn what_is_put_back_is_started_within_the_limit() {
    let settings = settings(Order::None, 1);
    let (pipeline, runs, uploads) = orphaned(settings, Execution::NotStarted).await;
    pipeline.tick().await.well();
    assert_eq!(pipeline.aws.sfn().running().len(), 1);
    tokio::time::sleep(A_DAY_LATER).await;
    assert_eq!(runs.rows("daily").await[0].slots_put_back, 1);
    assert_eq!(pipeline.slots().len(), 2);
    for _ in 0..5 {
        pipeline.scheduled_tick().await;
    }
    assert_eq!(pipeline.aws.sfn().executions().len(), 1);
    drain(&pipeline).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("one may run", 1);
    assert_eq!(verdict.succeeded, 2);
}

/// An execution can run for a year. One that is not found any more can have been forgotten, and is
/// not started again.
#[tokio::test(start_paused = true)]
async fn what_is_put_back_late_is_never_started_again() {
    for execution in EXECUTIONS {
        let (pipeline, runs, _) = orphaned(settings(Order::None, 1), execution).await;
        pipeline.events.purge();
        tokio::time::sleep(26 * DAY).await;
        assert_eq!(runs.rows("daily").await[0].slots_put_back, 1);
        if execution == Execution::NotStarted {
            let counts = pipeline.tick().await.well();
            assert_eq!((counts.parked, counts.started), (1, 0));
            assert_eq!(pipeline.slots().len(), 1);
            continue;
        }
        drain(&pipeline).await;
        assert_eq!(pipeline.aws.sfn().executions().len(), 1);
        assert!(row(&pipeline, "SUCCEEDED").is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_item_is_gone_is_only_told() {
    let (pipeline, runs, _) = orphaned(settings(Order::None, 3), Execution::Runs).await;
    let started = row(&pipeline, "STARTED").expect("a started row");
    let execution = started["execution"]["S"].as_str().expect("a name");
    let key = json!({"pk": {"S": format!("run/{execution}")}, "sk": {"S": "batch"}});
    pipeline.aws.dynamodb().remove(LEDGER, &key);
    tokio::time::sleep(A_DAY_LATER).await;
    let counts = runs.rows("daily").await;
    // Each of its rows.
    assert_eq!((counts[0].slots_put_back, counts[0].orphans), (0, 3));
    assert!(pipeline.slots().is_empty());
}

/// A row that the release before this one claimed lacks the state machine. It is told of when its
/// slot is gone, and only then.
#[tokio::test(start_paused = true)]
async fn a_row_without_its_state_machine_is_only_told() {
    let (pipeline, runs, _) = orphaned(settings(Order::None, 1), Execution::Runs).await;
    let mut started = row(&pipeline, "STARTED").expect("a started row");
    let arn = started["state_machine_arn"].take();
    started.as_object_mut().unwrap().remove("state_machine_arn");
    pipeline.aws.dynamodb().put(LEDGER, started.clone());
    let slot = json!({
        "pk": {"S": "slots"}, "sk": started["execution"], "taken_at": started["started_at"],
        "row_pk": started["pk"], "row_sk": started["sk"], "state_machine_arn": arn,
    });
    pipeline.aws.dynamodb().put(LEDGER, slot);
    tokio::time::sleep(A_DAY_LATER).await;
    let counts = runs.rows("with its slot").await;
    assert_eq!((counts[0].orphans, counts[0].unreadable), (0, 0));
    remove_slots(&pipeline);
    let counts = runs.rows("without").await;
    assert_eq!((counts[0].slots_put_back, counts[0].orphans), (0, 1));
}

/// One that cannot be looked at keeps no row from being requeued, and no other slot from being put
/// back.
#[tokio::test(start_paused = true)]
async fn one_orphan_that_fails_stops_nothing() {
    let mut settings = settings(Order::None, 1);
    settings.pace.max_concurrency = 5;
    let pipeline = Pipeline::new(settings, |_| Ending::never());
    let runs = Runs::of(&pipeline, false);
    let keys = ["a", "b", "c"];
    keys.iter()
        .for_each(|key| pipeline.upload(&Upload::new(key, 1)));
    pipeline.tick().await.well();
    remove_slots(&pipeline);
    let mut queued = row(&pipeline, "STARTED").expect("a started row");
    queued["pk"] = json!({"S": "uploads/q"});
    queued["state"] = json!({"S": "QUEUED"});
    queued["attempt"] = json!({"N": "0"});
    pipeline.aws.dynamodb().put(LEDGER, queued);
    tokio::time::sleep(A_DAY_LATER).await;
    pipeline.aws.faults().before(|call| {
        let reads_b =
            call.operation == "GetItem" && call.facts.keys.iter().any(|key| key.pk == "uploads/b");
        match call.caller.starts_with("reconcile") && reads_b {
            true => Fault::Throttle,
            false => Fault::None,
        }
    });
    let tries = runs.tries(&rows_of("daily", None)).await;
    assert!(!tries.last().is_some_and(Ran::is_well));
    assert_eq!(runs.counted("daily", "slots_put_back"), 2.0);
    assert!(runs.counted("daily", "sent_again") >= 1.0);
    pipeline.aws.faults().clear();
    assert_eq!(runs.rows("next").await[0].slots_put_back, 1);
}

/// The put of a run that died lands when another run has put the slot back and its row was settled:
/// the sweep frees it.
#[tokio::test(start_paused = true)]
async fn a_slot_that_lands_after_its_row_was_settled_is_freed() {
    for (order, events) in [(Order::None, 1), (Order::Each, 1), (Order::None, 3)] {
        let (pipeline, runs, uploads) = orphaned(settings(order, events), Execution::Runs).await;
        tokio::time::sleep(A_DAY_LATER).await;
        pipeline.aws.faults().before(|call| {
            match call.caller.starts_with("reconcile") && call.operation == "PutItem" {
                true => Fault::CrashOnTheWire(Duration::from_secs(90)),
                false => Fault::None,
            }
        });
        assert!(matches!(
            runs.once(rows_of("dies", None)).await,
            Ran::Crashed
        ));
        pipeline.aws.faults().clear();
        // Of the puts for a batch another one has landed.
        runs.rows("second").await;
        assert_eq!(pipeline.slots().len(), 1);
        end(&pipeline);
        pipeline.settle_once().await;
        let taken = pipeline.slots();
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(pipeline.slots().len(), taken.len() + 1, "it landed");
        drain(&pipeline).await;
        let verdict = Verdict::of(&pipeline, &uploads);
        verdict.expect_kept("a late put", 1);
        assert_eq!(verdict.succeeded, uploads.len());
    }
}

/// A row that is settled at any call of the run keeps no slot for longer than the sweep takes.
#[tokio::test(start_paused = true)]
async fn what_is_settled_meanwhile_is_left_alone() {
    for order in [Order::None, Order::Each] {
        for put_back in [false, true] {
            let mut n = 0;
            loop {
                n += 1;
                let (pipeline, runs, uploads) = orphaned(settings(order, 1), Execution::Runs).await;
                tokio::time::sleep(A_DAY_LATER).await;
                if put_back {
                    runs.rows("before").await;
                    assert_eq!(pipeline.slots().len(), 1);
                }
                let (ends, mut seen) = (pipeline.clone(), 0);
                let settling = pipeline.settle_in_background();
                pipeline.aws.faults().before(move |call| {
                    seen += usize::from(call.caller.starts_with("reconcile"));
                    if seen != n || !call.caller.starts_with("reconcile") {
                        return Fault::None;
                    }
                    end(&ends);
                    Fault::Delay(Duration::from_secs(3))
                });
                runs.rows("daily").await;
                let ended = pipeline.aws.sfn().running().is_empty();
                drop(settling);
                pipeline.aws.faults().clear();
                // The effect of its end was lost with the slot: the next run finds it.
                runs.rows("after").await;
                drain(&pipeline).await;
                let verdict = Verdict::of(&pipeline, &uploads);
                verdict.expect_kept("settled meanwhile", 1);
                assert_eq!(verdict.succeeded, 2, "{order} {put_back} {n}");
                if !ended {
                    assert!(n > 3, "{n}");
                    break;
                }
            }
        }
    }
}
