//! The same event twice, or two events that look like one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fake_aws::{Ending, Fault};
use simulation::{Mapped, Pipeline, Settings, Upload, Verdict};
use spillway::execution::outcome::{Outcome, Status, encode};

use crate::{assert_all_succeeded_once, states};

/// 4,384 uploads became 14,727 executions. Two thirds of the invocations ended in the middle of a
/// batch, and the messages that they had started came again. Here a tenth of the uploads, and two
/// of three ticks die in the middle.
#[tokio::test(start_paused = true)]
async fn a_handler_that_times_out_in_the_middle_of_a_batch() {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = 100;
    settings.pace.starts_per_tick = Some(30);
    let pipeline = Pipeline::succeeding(settings, 5);
    let crashes = Arc::new(AtomicU32::new(0));
    let crashed = Arc::clone(&crashes);
    let mut starts: Vec<(String, u32)> = Vec::new();
    pipeline.aws.faults().after(move |call| {
        if call.operation != "StartExecution" {
            return Fault::None;
        }
        if starts.last().is_none_or(|(tick, _)| **tick != *call.caller) {
            starts.push((call.caller.to_string(), 0));
        }
        let ticks = starts.len();
        let (_, started) = &mut starts[ticks - 1];
        *started += 1;
        if !ticks.is_multiple_of(3) && *started == 20 {
            crashed.fetch_add(1, Ordering::Relaxed);
            Fault::Crash
        } else {
            Fault::None
        }
    });
    let uploads = pipeline.upload_many(438);
    pipeline.drain(60).await;
    assert_all_succeeded_once(&pipeline, &uploads, 100);
    let crashes = crashes.load(Ordering::Relaxed);
    assert!(crashes >= 10, "only {crashes} ticks died in the middle");
}

/// With a name made of the key, a key could not be processed again for 90 days. Here it is uploaded
/// thrice: at once, after an hour and after a month.
#[tokio::test(start_paused = true)]
async fn a_key_that_is_uploaded_again() {
    let pipeline = Pipeline::succeeding(Settings::default(), 5);
    let uploads: Vec<Upload> = (1..=4)
        .map(|number| Upload::new("status.json", number))
        .collect();
    pipeline.upload(&uploads[0]);
    pipeline.upload(&uploads[1]);
    pipeline.drain(5).await;
    for (upload, hours) in uploads[2..].iter().zip([1, 30 * 24]) {
        tokio::time::sleep(Duration::from_secs(hours * 3600)).await;
        pipeline.upload(upload);
        pipeline.drain(5).await;
    }
    assert_all_succeeded_once(&pipeline, &uploads, 20);
}

/// A duplicate that came late marked a finished document as failed. Here both do: the message, and
/// the outcome of an attempt that failed before another succeeded.
#[tokio::test(start_paused = true)]
async fn a_stale_duplicate_that_overwrites_a_finished_result() {
    let pipeline = Pipeline::new(Settings::default(), |execution| {
        let after = Duration::from_secs(2);
        if execution.input.contains(r#""attempt":1,"#) {
            Ending::fail(after, "Broken", "the first time")
        } else {
            Ending::succeed(after, "{}")
        }
    });
    let upload = Upload::new("status.json", 1);
    pipeline.upload(&upload);
    pipeline.drain(10).await;
    assert_eq!(states(&pipeline), ["SUCCEEDED"]);
    let first = pipeline
        .aws
        .sfn()
        .executions()
        .into_iter()
        .find(|execution| execution.name.ends_with("-1"));
    let failed = Outcome::new(&first.unwrap().name, Status::Failed, Some("Broken"), None);
    for message in pipeline.events.gone() {
        pipeline.events.repeat(&message.message.id);
    }
    pipeline.outcomes.inject(&encode(&failed));
    pipeline.tick().await.well();
    // The duplicates are gone, and nothing was claimed for them.
    assert!(pipeline.events.messages().is_empty());
    assert_eq!(states(&pipeline), ["SUCCEEDED"]);
    while pipeline.settle_once().await != Mapped::Nothing {}
    assert_eq!(states(&pipeline), ["SUCCEEDED"]);
    let verdict = Verdict::of(&pipeline, &[upload]);
    verdict.expect_kept("stale duplicates", 20);
    assert_eq!((verdict.succeeded, verdict.dead), (1, 0));
    assert_eq!(pipeline.aws.sfn().executions().len(), 2);
    assert!(pipeline.slots().is_empty());
}
