//! Events to which nothing happened but that they had to wait.

use std::time::Duration;

use fake_aws::StartQuota;
use simulation::{Pipeline, Settings};

use crate::{assert_all_succeeded_once, receives};

/// While all places were taken, messages were received and put back, until they had been received
/// too often. Here one execution at a time runs for ten minutes, and thirty wait, of which the
/// queue allows twenty receives.
#[tokio::test(start_paused = true)]
async fn healthy_messages_dead_lettered_by_receive_count() {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = 1;
    let pipeline = Pipeline::succeeding(settings, 600);
    let uploads = pipeline.upload_many(30);
    pipeline.drain(400).await;
    assert_all_succeeded_once(&pipeline, &uploads, 1);
    assert_eq!(receives(&pipeline), vec![1; 30]);
}

/// Starts above the quota were refused, and their messages ended in the dead-letter queue. Here the
/// quota is a tenth of the pace.
#[tokio::test(start_paused = true)]
async fn throttling_that_dead_letters() {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = 500;
    let pipeline = Pipeline::succeeding(settings, 1);
    let quota = StartQuota {
        bucket: 10.0,
        refill_per_second: 10.0,
    };
    pipeline.aws.sfn().set_start_quota(Some(quota));
    let uploads = pipeline.upload_many(400);
    pipeline.drain(15).await;
    assert_all_succeeded_once(&pipeline, &uploads, 500);
    assert_eq!(receives(&pipeline), vec![1; 400]);
}

/// A scheduled function that took longer than its schedule ran twice at once. Here three ticks
/// begin together, and one more a second later.
#[tokio::test(start_paused = true)]
async fn ticks_that_overlap() {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = 5;
    settings.pace.starts_per_tick = Some(12);
    let pipeline = Pipeline::succeeding(settings, 4);
    let uploads = pipeline.upload_many(40);
    let settling = pipeline.settle_in_background();
    let time = Some("2026-11-22T10:00:00Z");
    let later = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        pipeline.tick_for(time).await
    };
    let ticks = tokio::join!(
        pipeline.tick_for(time),
        pipeline.tick_for(time),
        pipeline.tick_for(time),
        later
    );
    let counts = [ticks.0, ticks.1, ticks.2, ticks.3].map(simulation::Ticked::well);
    assert_eq!(counts.iter().map(|counts| counts.started).sum::<u32>(), 12);
    assert_eq!(
        counts.iter().map(|counts| counts.lease_busy).sum::<u32>(),
        3
    );
    drop(settling);
    pipeline.drain(20).await;
    assert_all_succeeded_once(&pipeline, &uploads, 5);
}
