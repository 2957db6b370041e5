//! Slots whose start may be missing, and a limit that was lowered meanwhile.

use std::time::Duration;

use fake_aws::{Call, Fault};
use serde_json::json;
use simulation::{LEDGER, Pipeline, Settings, Verdict};

fn only_one_may_run(pipeline: &Pipeline) {
    let one =
        json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}, "max_concurrency": {"N": "1"}});
    pipeline.aws.dynamodb().put(LEDGER, one);
}

/// The tick died before the second start; the outcome of the first never came; and then only one may run. The second
/// waits for the slot of the first, whose end only Step Functions knows.
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

/// One start was throttled; the other's answer was lost, it runs, and Step Functions does not find it yet. Then only one may run.
#[tokio::test(start_paused = true)]
async fn a_suspect_that_is_not_found_yet_may_run() {
    let mut settings = Settings::default();
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
