//! Ends of executions that are not told, told twice, or told without a field that was counted on.

use std::time::Duration;

use fake_aws::{Ending, Fault};
use simulation::{Pipeline, Settings, Upload, Verdict, failed_items, ids, objects};

use crate::assert_all_succeeded_once;

/// 71 of 100 counted executions had ended long ago, and nothing was started for hours. Here: most
/// ends are never told, and a dispatcher dies between slot and start.
#[tokio::test(start_paused = true)]
async fn a_counter_stuck_at_its_maximum() {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = 10;
    let pipeline = Pipeline::succeeding(settings, 20);
    pipeline
        .aws
        .sfn()
        .change_event_rules(|rule| rule.lost = 0.71);
    let mut starts = 0;
    pipeline.aws.faults().before(move |call| {
        starts += u32::from(call.operation == "StartExecution");
        if starts == 5 && call.operation == "StartExecution" {
            Fault::Crash
        } else {
            Fault::None
        }
    });
    let uploads = pipeline.upload_many(60);
    pipeline.drain(60).await;
    assert_all_succeeded_once(&pipeline, &uploads, 10);
    // Never as long as two sweeps without a start.
    let mut started: Vec<i64> = pipeline
        .aws
        .sfn()
        .executions()
        .iter()
        .map(|execution| execution.started_ms)
        .collect();
    started.sort_unstable();
    let longest = started
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .max()
        .unwrap();
    assert!(longest < 300_000, "nothing started for {longest} ms");
}

/// Each end was subtracted up to four times, and a counter below zero let everything start. Here:
/// every end is told twice, late and early.
#[tokio::test(start_paused = true)]
async fn a_counter_driven_negative() {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = 5;
    let pipeline = Pipeline::succeeding(settings, 30);
    pipeline.aws.sfn().change_event_rules(|rule| {
        rule.repeated = 1.0;
        rule.delay = (Duration::ZERO, Duration::from_secs(45));
    });
    let uploads = pipeline.upload_many(40);
    pipeline.drain(60).await;
    assert_all_succeeded_once(&pipeline, &uploads, 5);
    assert_eq!(pipeline.aws.sfn().peak_running(), 5);
}

/// An event without its execution's input could not be applied, and the item was never finished.
/// Here neither input nor output comes, and the output matters: it says which item of a batch
/// failed.
#[tokio::test(start_paused = true)]
async fn an_end_without_its_input() {
    let settings = Settings {
        events_per_execution: 5,
        ..Settings::default()
    };
    let pipeline = Pipeline::new(settings, |execution| {
        let (uploads, attempt) = objects(execution);
        let fails = |upload: &Upload| upload.key.ends_with("/3.json") && attempt == 1;
        let failed = ids(execution)
            .into_iter()
            .zip(&uploads)
            .filter(|(_, upload)| fails(upload));
        let failed: Vec<String> = failed.map(|(id, _)| id).collect();
        Ending::succeed(Duration::from_secs(2), &failed_items(&failed))
    });
    pipeline.aws.sfn().change_event_rules(|rule| {
        rule.without_input = true;
        rule.without_output = true;
    });
    let uploads = pipeline.upload_many(20);
    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("no input", 20);
    assert_eq!((verdict.succeeded, verdict.dead), (20, 0));
    // Four batches, and the one that failed again.
    assert_eq!(pipeline.aws.sfn().executions().len(), 5);
}
