//! Slots whose start may be missing, and a limit that was lowered meanwhile.

use fake_aws::Fault;
use serde_json::json;
use simulation::{LEDGER, Pipeline, Settings, Verdict};

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

    let one =
        json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}, "max_concurrency": {"N": "1"}});
    pipeline.aws.dynamodb().put(LEDGER, one);
    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("suspects", 1);
    assert_eq!(verdict.succeeded, 2);
}
