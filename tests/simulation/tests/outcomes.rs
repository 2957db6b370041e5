//! Status events that are lost, repeated, late, cut, or not ours.

use std::time::Duration;

use fake_aws::{Ending, ExecutionResult};
use simulation::{Pipeline, Settings, Upload, Verdict};

fn mixed(settings: Settings) -> Pipeline {
    Pipeline::new(settings, |execution| {
        let after = Duration::from_secs(3);
        let first = execution.input.contains(r#""attempt":1,"#);
        if first && execution.input.contains("7.json") {
            Ending::fail(after, "Broken", "the first time")
        } else {
            Ending::succeed(after, "{}")
        }
    })
}

#[tokio::test(start_paused = true)]
async fn lost_outcomes_are_found_by_the_sweep() {
    let pipeline = mixed(Settings::default());
    pipeline
        .aws
        .sfn()
        .change_event_rules(|rule| rule.lost = 1.0);
    let uploads = pipeline.upload_many(30);
    pipeline.drain(30).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!((verdict.succeeded, verdict.duplicates.len()), (30, 0));
    assert!(verdict.peak <= 20);
}

#[tokio::test(start_paused = true)]
async fn repeated_late_and_cut_outcomes_change_nothing() {
    let pipeline = mixed(Settings::default());
    pipeline.aws.sfn().change_event_rules(|rule| {
        rule.repeated = 0.8;
        rule.delay = (Duration::ZERO, Duration::from_secs(100));
        rule.without_input = true;
        rule.without_output = true;
    });
    let uploads = pipeline.upload_many(60);
    pipeline.drain(30).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!(
        (verdict.succeeded, verdict.duplicates.len(), verdict.dead),
        (60, 0, 0)
    );
    assert!(verdict.peak <= 20);
    assert!(pipeline.slots().is_empty());
}

#[tokio::test(start_paused = true)]
async fn executions_that_run_for_days_keep_their_slots() {
    let pipeline = Pipeline::new(Settings::default(), |_| Ending::never());
    pipeline.upload_many(25);
    pipeline.run(10).await;
    assert_eq!(pipeline.slots().len(), 20);
    tokio::time::sleep(Duration::from_secs(3 * 24 * 3600)).await;
    pipeline.run(3).await;
    assert_eq!(pipeline.slots().len(), 20);
    assert_eq!(pipeline.aws.sfn().executions().len(), 20);
    for execution in pipeline.aws.sfn().running() {
        pipeline
            .aws
            .sfn()
            .end(&execution.arn, ExecutionResult::Succeeded("{}".into()));
    }
    pipeline.run(2).await;
    assert_eq!(pipeline.aws.sfn().executions().len(), 25);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_or_timed_out_execution_is_retried() {
    let pipeline = Pipeline::new(Settings::default(), |execution| {
        if execution.input.contains(r#""attempt":1,"#) {
            Ending {
                after: Some(Duration::from_secs(1)),
                result: ExecutionResult::Aborted,
            }
        } else if execution.input.contains(r#""attempt":2,"#) {
            Ending::time_out(Duration::from_secs(1))
        } else {
            Ending::succeed(Duration::from_secs(1), "{}")
        }
    });
    let uploads = pipeline.upload_many(3);
    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!(
        (verdict.succeeded, pipeline.aws.sfn().executions().len()),
        (3, 9)
    );
}

#[tokio::test(start_paused = true)]
async fn retries_wait_for_their_backoff() {
    let pipeline = mixed(Settings::default());
    pipeline.upload(&Upload::new("7.json", 1));
    pipeline.drain(5).await;
    let executions = pipeline.aws.sfn().executions();
    let waited = executions[1].started_ms - executions[0].stopped_ms.unwrap();
    assert!(waited >= 5_000, "{waited} ms");
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_is_not_ours_is_dropped() {
    let pipeline = mixed(Settings::default());
    let operator = pipeline.aws.caller("operator").sfn_client();
    let start = operator
        .start_execution()
        .state_machine_arn(&pipeline.machine)
        .name("by-hand")
        .input("{}");
    start.send().await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(pipeline.outcomes.messages().len(), 1);
    pipeline.run(1).await;
    assert!(pipeline.outcomes.messages().is_empty());
    assert!(pipeline.outcomes_dead_letters.messages().is_empty());
    assert!(pipeline.events.messages().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_does_not_parse_goes_to_its_dlq_with_the_reason() {
    let pipeline = mixed(Settings::default());
    pipeline.outcomes.inject("{}");
    pipeline.run(1).await;
    let dead = pipeline.outcomes_dead_letters.messages();
    assert_eq!(dead.len(), 1);
    assert!(
        dead[0]
            .message
            .attribute("reason")
            .unwrap()
            .starts_with("the body is neither")
    );
    assert!(pipeline.outcomes.messages().is_empty());
}
