//! The process dies at every single API call, before and after its effect: the result is the same.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake_aws::{Call, Ending, Execution, Fault};
use simulation::{Pipeline, Settings, Upload, Verdict};

/// One upload fails its first attempt, one fails always.
fn workflow(execution: &Execution) -> Ending {
    let after = Duration::from_secs(2);
    let first = execution.input.contains(r#""attempt":1,"#);
    if execution.input.contains("broken") || (execution.input.contains("late") && first) {
        Ending::fail(after, "Broken", "it was to be")
    } else {
        Ending::succeed(after, "{}")
    }
}

fn uploads() -> Vec<Upload> {
    let keys = ["good", "late", "broken", "good"];
    keys.iter()
        .zip(1..)
        .map(|(key, number)| Upload::new(key, number))
        .collect()
}

fn pipeline() -> (Pipeline, Vec<Upload>) {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = 2;
    settings.retry.max_attempts = 2;
    let pipeline = Pipeline::new(settings, workflow);
    let uploads = uploads();
    for upload in &uploads {
        pipeline.upload(upload);
    }
    // And one of them delivered twice.
    pipeline.upload(&uploads[0]);
    (pipeline, uploads)
}

#[track_caller]
fn assert_good(pipeline: &Pipeline, uploads: &[Upload], when: &str) {
    let verdict = Verdict::of(pipeline, uploads);
    assert!(verdict.lost.is_empty(), "{when}: lost {:?}", verdict.lost);
    assert!(
        verdict.duplicates.is_empty(),
        "{when}: twice {:?}",
        verdict.duplicates
    );
    assert_eq!((verdict.succeeded, verdict.dead), (3, 1), "{when}");
    assert!(verdict.peak <= 2, "{when}: {} ran at once", verdict.peak);
}

/// The API calls that `function` makes in a run without faults.
async fn calls(function: &str) -> usize {
    let (pipeline, uploads) = pipeline();
    pipeline.drain(20).await;
    assert_good(&pipeline, &uploads, "without faults");
    let of_function = |call: &Call| call.caller.starts_with(function);
    pipeline
        .aws
        .calls()
        .iter()
        .filter(|call| of_function(call))
        .count()
}

/// Kills `function` at its `n`th call, before or after the effect.
async fn crash_at(function: &'static str, n: usize, after: bool) {
    let (pipeline, uploads) = pipeline();
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let hook = move |call: &Call| {
        if !call.caller.starts_with(function) {
            return Fault::None;
        }
        let mut seen = seen.lock().unwrap();
        let before = seen.len();
        seen.insert(call.sequence);
        if before < n && seen.len() == n {
            Fault::Crash
        } else {
            Fault::None
        }
    };
    if after {
        pipeline.aws.faults().after(hook)
    } else {
        pipeline.aws.faults().before(hook)
    }
    pipeline.drain(30).await;
    let when = format!(
        "{function} died {} call {n}",
        if after { "after" } else { "before" }
    );
    assert_good(&pipeline, &uploads, &when);
}

#[tokio::test(start_paused = true)]
async fn dispatch_may_die_at_any_call() {
    let calls = calls("dispatch").await;
    assert!(calls > 40, "only {calls} calls: the run is not what it was");
    for n in 1..=calls {
        crash_at("dispatch", n, false).await;
        crash_at("dispatch", n, true).await;
    }
}

#[tokio::test(start_paused = true)]
async fn settle_may_die_at_any_call() {
    let calls = calls("settle").await;
    assert!(calls > 15, "only {calls} calls: the run is not what it was");
    for n in 1..=calls {
        crash_at("settle", n, false).await;
        crash_at("settle", n, true).await;
    }
}

/// The answer to any single call is lost, so the SDK repeats it or gives up.
#[tokio::test(start_paused = true)]
async fn any_answer_may_be_lost() {
    for function in ["dispatch", "settle"] {
        for n in 1..=calls(function).await {
            let (pipeline, uploads) = pipeline();
            let mut seen = 0;
            pipeline.aws.faults().after(move |call| {
                if call.caller.starts_with(function) {
                    seen += 1;
                }
                if seen == n && call.caller.starts_with(function) {
                    Fault::LoseAnswer
                } else {
                    Fault::None
                }
            });
            pipeline.drain(30).await;
            assert_good(
                &pipeline,
                &uploads,
                &format!("the answer to {function}'s call {n} was lost"),
            );
        }
    }
}

/// The tick after the dead one's lease ends makes the start that it left open; the sweep would come much later.
#[tokio::test(start_paused = true)]
async fn a_start_left_open_by_a_dead_tick_is_made_within_two_ticks() {
    for after in [false, true] {
        let settings = Settings {
            sweep_after: Duration::from_secs(24 * 3600),
            ..Settings::default()
        };
        let pipeline = Pipeline::succeeding(settings, 1);
        let uploads = pipeline.upload_many(30);
        let mut crashed = false;
        let hook = move |call: &Call| {
            let dies = !crashed && call.operation == "StartExecution";
            crashed |= dies;
            if dies { Fault::Crash } else { Fault::None }
        };
        if after {
            pipeline.aws.faults().after(hook);
        } else {
            pipeline.aws.faults().before(hook);
        }
        pipeline.run(1).await;
        assert!(
            pipeline.aws.sfn().executions().len() < 30,
            "the tick did not die"
        );
        // The lease ends 81 seconds after it was taken: one tick finds it busy.
        pipeline.run(2).await;
        let verdict = Verdict::of(&pipeline, &uploads);
        assert_eq!((verdict.succeeded, verdict.duplicates.len()), (30, 0));
        assert!(pipeline.slots().is_empty(), "{}", pipeline.describe());
    }
}
