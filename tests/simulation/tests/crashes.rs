//! The process dies at every single API call, before and after its effect: the result is the same.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake_aws::{Call, Ending, Execution, Fault};
use simulation::{LEDGER, Pipeline, Settings, Upload, Verdict, failed_items, ids, objects};
use spillway::rules::order::Order;

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

/// The pipelines that die.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Case {
    Plain,
    Ordered(Order),
    Fifo,
    Batches,
}

const CASES: [Case; 5] = [
    Case::Fifo,
    Case::Plain,
    Case::Ordered(Order::Latest),
    Case::Ordered(Order::Each),
    Case::Batches,
];

impl Case {
    fn pipeline(self) -> (Pipeline, Vec<Upload>) {
        let mut settings = Settings::default();
        settings.pace.max_concurrency = 2;
        settings.retry.max_attempts = 2;
        match self {
            Self::Plain => {}
            Self::Ordered(order) => settings.order = order,
            Self::Fifo => {
                settings.order = Order::Each;
                settings.lanes = vec![("events.fifo", 0.0)];
                settings.retry.backoff_seconds = vec![0];
            }
            Self::Batches => settings.events_per_execution = 3,
        }
        let pipeline = match self {
            Self::Plain | Self::Ordered(_) | Self::Fifo => Pipeline::new(settings, workflow),
            Self::Batches => Pipeline::new(settings, workflow_of_batches),
        };
        // Two versions of one object among them.
        let uploads: Vec<_> = ["good", "late", "broken", "good"]
            .iter()
            .zip(1..)
            .map(|(key, number)| Upload::new(key, number))
            .collect();
        for upload in &uploads {
            pipeline.upload(upload);
        }
        // And one of them delivered twice.
        pipeline.upload(&uploads[0]);
        (pipeline, uploads)
    }

    #[track_caller]
    fn assert_good(self, pipeline: &Pipeline, uploads: &[Upload], when: &str) {
        let verdict = Verdict::of(pipeline, uploads);
        verdict.expect_kept(&format!("{self:?}: {when}"), 2);
        // With `latest` the older of two versions could have been passed over.
        let done = verdict.succeeded + verdict.superseded;
        assert_eq!((done, verdict.dead), (3, 1), "{self:?}: {when}");
        let heads = pipeline.aws.dynamodb().items(LEDGER);
        for head in heads.iter().filter(|item| item["sk"]["S"] == "head") {
            assert!(head["running"].is_null(), "{self:?}: {when}: {head}");
            assert!(head["waits"].is_null(), "{self:?}: {when}: {head}");
        }
    }

    /// The API calls that `function` makes in a run without faults.
    async fn calls(self, function: &str) -> usize {
        let (pipeline, uploads) = self.pipeline();
        pipeline.drain(20).await;
        self.assert_good(&pipeline, &uploads, "without faults");
        let of_function = |call: &Call| call.caller.starts_with(function);
        let calls = pipeline.aws.calls();
        calls.iter().filter(|call| of_function(call)).count()
    }

    /// Kills `function` at its `n`th call, before or after the effect.
    async fn crash_at(self, function: &'static str, n: usize, after: bool) {
        let (pipeline, uploads) = self.pipeline();
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
        let side = if after { "after" } else { "before" };
        self.assert_good(
            &pipeline,
            &uploads,
            &format!("{function} died {side} call {n}"),
        );
    }

    async fn crash_everywhere(self, function: &'static str, at_least: usize) {
        let calls = self.calls(function).await;
        assert!(
            calls > at_least,
            "{self:?}: only {calls} calls: the run is not what it was"
        );
        for n in 1..=calls {
            self.crash_at(function, n, false).await;
            self.crash_at(function, n, true).await;
        }
    }
}

/// Every object whose key says so fails: alone in its execution, or reported by it.
fn workflow_of_batches(execution: &Execution) -> Ending {
    let (uploads, attempt) = objects(execution);
    let fails = |upload: &Upload| upload.key == "broken" || (upload.key == "late" && attempt == 1);
    let ids = ids(execution).into_iter().zip(&uploads);
    let failed: Vec<String> = ids
        .filter(|(_, upload)| fails(upload))
        .map(|(id, _)| id)
        .collect();
    Ending::succeed(Duration::from_secs(2), &failed_items(&failed))
}

#[tokio::test(start_paused = true)]
async fn dispatch_may_die_at_any_call() {
    Case::Plain.crash_everywhere("dispatch", 40).await;
}

#[tokio::test(start_paused = true)]
async fn dispatch_may_die_at_any_call_of_an_ordered_pipeline() {
    Case::Ordered(Order::Latest)
        .crash_everywhere("dispatch", 40)
        .await;
    Case::Ordered(Order::Each)
        .crash_everywhere("dispatch", 40)
        .await;
}

#[tokio::test(start_paused = true)]
async fn dispatch_may_die_at_any_call_of_a_fifo_pipeline() {
    Case::Fifo.crash_everywhere("dispatch", 40).await;
}

#[tokio::test(start_paused = true)]
async fn dispatch_may_die_at_any_call_of_a_pipeline_of_batches() {
    Case::Batches.crash_everywhere("dispatch", 40).await;
}

#[tokio::test(start_paused = true)]
async fn settle_may_die_at_any_call() {
    for case in CASES {
        case.crash_everywhere("settle", 15).await;
    }
}

/// The answer to any single call is lost, so the SDK repeats it or gives up.
#[tokio::test(start_paused = true)]
async fn any_answer_may_be_lost() {
    for (case, function) in CASES
        .into_iter()
        .flat_map(|case| [(case, "dispatch"), (case, "settle")])
    {
        for n in 1..=case.calls(function).await {
            let (pipeline, uploads) = case.pipeline();
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
            let when = format!("the answer to {function}'s call {n} was lost");
            case.assert_good(&pipeline, &uploads, &when);
        }
    }
}

/// The next tick makes the start that a dead one left open; the sweep would come much later.
#[tokio::test(start_paused = true)]
async fn a_start_left_open_by_a_dead_tick_is_made_by_the_next() {
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
        let _settling = pipeline.settle_in_background();
        pipeline.scheduled_tick().await;
        assert!(
            pipeline.aws.sfn().executions().len() < 30,
            "the tick did not die"
        );
        // The lease has ended 45 seconds after it was taken. Messages that the dead tick had in
        // hand are hidden for longer.
        pipeline.scheduled_tick().await;
        let left = pipeline.slots();
        assert!(left.is_empty(), "{left:?}");
        pipeline.scheduled_tick().await;
        let verdict = Verdict::of(&pipeline, &uploads);
        assert_eq!((verdict.succeeded, verdict.duplicates.len()), (30, 0));
        assert!(pipeline.slots().is_empty(), "{}", pipeline.describe());
    }
}
