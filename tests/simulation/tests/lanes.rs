//! Lanes share one capacity: by priority, with a guaranteed share.

use simulation::{Pipeline, Settings, Upload, Verdict, notification, objects};

fn lanes(share: f64) -> Settings {
    Settings {
        lanes: vec![("urgent", 0.0), ("bulk", share)],
        ..Settings::default()
    }
}

/// Uploads so many into a lane; the keys begin with its place.
fn upload(pipeline: &Pipeline, lane: usize, count: u32) -> Vec<Upload> {
    let new = |number| Upload::new(&format!("{lane}/{number}"), number + 1);
    let uploads: Vec<Upload> = (0..count).map(new).collect();
    for upload in &uploads {
        let body = notification(std::slice::from_ref(upload));
        pipeline.lanes[lane].0.inject(&body);
    }
    uploads
}

/// The lanes of the executions, in the order of their starts.
fn started(pipeline: &Pipeline) -> Vec<usize> {
    let mut executions = pipeline.aws.sfn().executions();
    executions.sort_by_key(|execution| execution.started_ms);
    let lane = |upload: &Upload| upload.key.split('/').next().unwrap().parse().unwrap();
    executions
        .iter()
        .map(|it| lane(&objects(it).0[0]))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_lane_goes_first() {
    let mut settings = lanes(0.0);
    settings.pace.max_concurrency = 5;
    let pipeline = Pipeline::succeeding(settings, 2);
    let mut uploads = upload(&pipeline, 1, 60);
    uploads.extend(upload(&pipeline, 0, 60));
    pipeline.drain(10).await;
    let started = started(&pipeline);
    assert!(started[..60].iter().all(|lane| *lane == 0), "{started:?}");
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("priority", 5);
    assert_eq!(verdict.succeeded, 120);
}

#[tokio::test(start_paused = true)]
async fn a_share_is_kept_while_both_lanes_have_events() {
    let mut settings = lanes(0.2);
    settings.pace.max_concurrency = 5;
    let pipeline = Pipeline::succeeding(settings, 2);
    upload(&pipeline, 1, 100);
    upload(&pipeline, 0, 200);
    pipeline.drain(20).await;
    let started = started(&pipeline);
    // As long as the first lane has some: 200 of it are 250 of both.
    let bulk = started[..240].iter().filter(|lane| **lane == 1).count();
    assert!((38..=58).contains(&bulk), "{bulk} of 240");
}

#[tokio::test(start_paused = true)]
async fn a_share_is_kept_across_ticks_of_a_few_starts() {
    let mut settings = lanes(0.1);
    settings.pace.starts_per_tick = Some(3);
    let pipeline = Pipeline::succeeding(settings, 1);
    upload(&pipeline, 1, 20);
    upload(&pipeline, 0, 60);
    pipeline.run(20).await;
    let started = started(&pipeline);
    assert_eq!(started.len(), 60);
    let bulk = started.iter().filter(|lane| **lane == 1).count();
    assert!((5..=7).contains(&bulk), "{bulk} of 60");
}

#[tokio::test(start_paused = true)]
async fn an_empty_lane_does_not_delay_another() {
    for (full, empty) in [(0, 1), (1, 0)] {
        let mut settings = lanes(0.5);
        settings.pace.max_concurrency = 100;
        let pipeline = Pipeline::succeeding(settings, 1);
        upload(&pipeline, full, 100);
        let began = pipeline.aws.clock().now_ms();
        pipeline.tick().await.well();
        let last = pipeline
            .aws
            .sfn()
            .executions()
            .iter()
            .map(|it| it.started_ms)
            .max();
        let seconds = (last.unwrap() - began) as f64 / 1_000.0;
        // A hundred starts a second are allowed, of which the bucket holds a hundred.
        assert!(seconds < 1.5, "{seconds} s with lane {empty} empty");
        assert_eq!(started(&pipeline).len(), 100);
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_and_a_dead_letter_stay_in_their_lane() {
    let mut settings = lanes(0.0);
    settings.retry.max_attempts = 2;
    let pipeline = Pipeline::new(settings, |_| {
        fake_aws::Ending::fail(std::time::Duration::from_secs(1), "Broken", "always")
    });
    upload(&pipeline, 1, 2);
    pipeline.drain(10).await;
    let sizes = |lane: usize| pipeline.lanes[lane].1.messages().len();
    assert_eq!((sizes(0), sizes(1)), (0, 2));
    let received = |lane: &str| {
        let calls = pipeline.aws.calls_of("SendMessage");
        calls
            .iter()
            .filter(|call| call.facts.queue.as_deref() == Some(lane))
            .count()
    };
    assert_eq!((received("urgent"), received("bulk")), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_parse_goes_to_its_lanes_dlq() {
    let pipeline = Pipeline::succeeding(lanes(0.0), 1);
    pipeline.lanes[1].0.inject("{}");
    pipeline.tick().await.well();
    assert_eq!(pipeline.lanes[1].1.messages().len(), 1);
    assert!(pipeline.lanes[0].1.messages().is_empty());
}
