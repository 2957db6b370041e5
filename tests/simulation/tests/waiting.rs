//! Ticks that wait for events until the next one takes over: an upload starts at once, under every
//! schedule.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use fake_aws::{Call, Fault, Rng};
use serde_json::json;
use simulation::{LEDGER, Pipeline, Settings, Ticked, Upload, Verdict};
use spillway::protocol::holding::{Idle, LEASE};
use tokio::task::JoinSet;

const MINUTE: Duration = Duration::from_secs(60);

fn settings() -> Settings {
    Settings {
        idle: Idle::Wait,
        // Two periods: until then a tick waits for the next.
        tick: 2 * MINUTE,
        latency: (Duration::from_millis(10), Duration::from_millis(10)),
        ..Settings::default()
    }
}

fn with_lanes(lanes: usize) -> Settings {
    let names = [("events", 0.0), ("b", 0.1), ("c", 0.0), ("d", 0.0)];
    Settings {
        lanes: names.into_iter().take(lanes).collect(),
        ..settings()
    }
}

/// A schedule that comes late by up to six seconds; `fires`: how often each minute.
fn schedule(
    pipeline: &Pipeline,
    minutes: u32,
    fires: impl Fn(u32) -> u32,
) -> JoinSet<(u32, Ticked)> {
    let mut rng = Rng::new(pipeline.settings.seed).fork("schedule");
    let mut ticks = JoinSet::new();
    for minute in 0..minutes {
        for _ in 0..fires(minute) {
            let jitter = rng.duration(Duration::ZERO, Duration::from_secs(6));
            let (pipeline, at) = (pipeline.clone(), minute * MINUTE + jitter);
            ticks.spawn(async move {
                tokio::time::sleep(at).await;
                let ticked = pipeline.tick_for(Some(&minute.to_string())).await;
                (minute, ticked)
            });
        }
    }
    ticks
}

/// From uploads to their starts.
struct Latencies(Vec<Duration>);

impl Latencies {
    /// Uploads one object now and then, into any lane.
    async fn of_uploads(pipeline: &Pipeline, count: u32) -> Self {
        let mut rng = Rng::new(pipeline.settings.seed).fork("uploads");
        let mut uploads = Vec::new();
        for number in 0..count {
            let wait = rng.duration(Duration::from_millis(100), Duration::from_secs(3));
            tokio::time::sleep(wait).await;
            let upload = Upload::new(&format!("{number}.json"), 1);
            let lane = rng.below(pipeline.lanes.len() as u64) as usize;
            let body = json!({ "Records": [simulation::record(&upload)] });
            pipeline.lanes[lane].0.inject(&body.to_string());
            uploads.push((upload, pipeline.aws.clock().now_ms()));
        }
        tokio::time::sleep(2 * MINUTE).await;
        let only: Vec<Upload> = uploads.iter().map(|(upload, _)| upload.clone()).collect();
        let verdict = Verdict::of(pipeline, &only);
        verdict.expect_kept("waiting", pipeline.settings.pace.max_concurrency as usize);
        assert_eq!(verdict.succeeded, count as usize);
        let executions = pipeline.aws.sfn().executions();
        let latency = |(upload, at): &(Upload, i64)| {
            let name = upload.key.replace('.', "-");
            let started = executions.iter().find(|it| it.name.starts_with(&name));
            let started = started.expect("every upload is started").started_ms;
            Duration::from_millis((started - at).unsigned_abs())
        };
        let mut latencies: Vec<Duration> = uploads.iter().map(latency).collect();
        latencies.sort();
        Self(latencies)
    }

    fn share(&self, share: f64) -> Duration {
        self.0[((self.0.len() - 1) as f64 * share) as usize]
    }

    #[track_caller]
    fn assert_at_most(&self, when: &str, p50: u64, p99: u64, worst: u64) {
        let millis = Duration::from_millis;
        for (name, share, most) in [("p50", 0.5, p50), ("p99", 0.99, p99), ("worst", 1.0, worst)] {
            let is = self.share(share);
            println!("{when}: {name} {is:?}");
            assert!(is <= millis(most), "{when}: {name} is {is:?}");
        }
    }
}

async fn latencies(settings: Settings, uploads: u32, fires: impl Fn(u32) -> u32) -> Latencies {
    let pipeline = Pipeline::succeeding(settings, 1);
    let minutes = uploads / 35 + 5;
    let _ticks = schedule(&pipeline, minutes, fires);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let _settling = pipeline.settle_in_background();
    Latencies::of_uploads(&pipeline, uploads).await
}

#[tokio::test(start_paused = true)]
async fn an_upload_starts_at_once() {
    for lanes in [1, 4] {
        let latencies = latencies(with_lanes(lanes), 1_500, |_| 1).await;
        latencies.assert_at_most(&format!("{lanes} lanes"), 50, 1_000, 5_000);
    }
}

/// The schedule fires twice, and leaves out a minute.
#[tokio::test(start_paused = true)]
async fn a_schedule_that_stumbles_costs_moments() {
    let fires = |minute| [1, 2, 1, 0, 1, 2, 0][minute as usize % 7];
    let latencies = latencies(settings(), 1_000, fires).await;
    latencies.assert_at_most("a schedule that stumbles", 50, 1_000, 5_000);
}

/// One start is allowed at a time, and four lanes want polling: they take turns.
#[tokio::test(start_paused = true)]
async fn with_fewer_permits_than_lanes_each_lane_has_its_turn() {
    let mut settings = with_lanes(4);
    settings.pace.max_concurrency = 1;
    let pipeline = Pipeline::succeeding(settings, 0);
    let _ticks = schedule(&pipeline, 20, |_| 1);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let _settling = pipeline.settle_in_background();
    let latencies = Latencies::of_uploads(&pipeline, 300).await;
    latencies.assert_at_most("one permit and four lanes", 3_000, 5_500, 9_000);
}

/// A tick that dies is followed within a minute, whenever that is.
#[tokio::test(start_paused = true)]
async fn a_tick_that_dies_costs_a_minute_at_the_most() {
    for dies_after in [3, 20, 31, 44, 58] {
        let pipeline = Pipeline::succeeding(settings(), 1);
        let ticks = schedule(&pipeline, 6, |_| 1);
        let _settling = pipeline.settle_in_background();
        let dies_at = pipeline.aws.clock().now_ms() + 60_000 + dies_after * 1_000;
        let died = Arc::new(AtomicI64::new(0));
        let (told, clock) = (died.clone(), pipeline.aws.clock());
        pipeline.aws.faults().before(move |call: &Call| {
            let now = clock.now_ms();
            let dies = now >= dies_at && call.caller.starts_with("dispatch");
            if dies && told.load(Ordering::SeqCst) == 0 {
                told.store(now, Ordering::SeqCst);
                return Fault::Crash;
            }
            Fault::None
        });
        let wait = Duration::from_millis(60_500 + dies_after.unsigned_abs() * 1_000);
        tokio::time::sleep(wait).await;
        let upload = Upload::new("a.json", 1);
        pipeline.upload(&upload);
        let uploaded = pipeline.aws.clock().now_ms();
        tokio::time::sleep(3 * MINUTE).await;
        drop(ticks);
        assert!(died.load(Ordering::SeqCst) > 0, "no tick died");
        let verdict = Verdict::of(&pipeline, &[upload]);
        verdict.expect_kept("a tick that died", 20);
        let executions = pipeline.aws.sfn().executions();
        let waited = executions[0].started_ms - uploaded;
        println!("died {dies_after} s after the minute: {waited} ms");
        // Also if the poll of the dead tick took it: it is hidden no longer than its lease lasts.
        // The schedule comes late by up to six seconds.
        assert!(waited <= 66_000, "{waited} ms, died after {dies_after} s");
    }
}

/// A tick that cannot renew its lease starts nothing more when the next tick can have it.
#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_renewed_is_left_in_time() {
    let pipeline = Pipeline::succeeding(settings(), 1);
    let mut ticks = schedule(&pipeline, 1, |_| 1);
    let began = pipeline.aws.clock().now_ms();
    let clock = pipeline.aws.clock();
    pipeline.aws.faults().before(move |call: &Call| {
        let renews = call.operation == "UpdateItem"
            && call.facts.keys.iter().any(|key| key.pk == "lease")
            && clock.now_ms() > began + 8_000;
        if renews { Fault::Throttle } else { Fault::None }
    });
    let _settling = pipeline.settle_in_background();
    let uploads = Pipeline::clone(&pipeline);
    let uploading = tokio::spawn(async move {
        for number in 0..200 {
            uploads.upload(&Upload::new(&format!("{number}.json"), 1));
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let (_, ticked) = ticks.join_next().await.expect("a tick").expect("no panic");
    let ended = pipeline.aws.clock().now_ms();
    uploading.abort();
    let Ticked::Ended(ended_well) = ticked else {
        panic!("{ticked:?}");
    };
    let failure = ended_well.failure.expect("a failure").to_string();
    assert!(failure.contains("lease"), "{failure}");
    let lease = pipeline.aws.dynamodb().item(LEDGER, "lease", "dispatch");
    let held_since: i64 = lease.expect("a lease")["held_since"]["N"]
        .as_str()
        .and_then(|digits| digits.parse().ok())
        .expect("a number");
    let calls = pipeline.aws.calls();
    let starts = calls
        .iter()
        .filter(|call| call.operation == "StartExecution");
    let last = starts.map(|call| call.sent_ms).max().expect("starts");
    assert!(last > held_since + 20_000, "it works on what it may");
    assert!(
        last < held_since + LEASE - 11_000,
        "{} ms",
        last - held_since
    );
    assert!(ended <= held_since + LEASE + 10_000);
}

/// A pause holds within seconds, and nothing is polled then.
#[tokio::test(start_paused = true)]
async fn a_pause_polls_nothing() {
    let pipeline = Pipeline::succeeding(settings(), 1);
    let _ticks = schedule(&pipeline, 8, |_| 1);
    tokio::time::sleep(MINUTE + Duration::from_secs(20)).await;
    let control = |paused: bool| {
        let item =
            json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}, "paused": {"BOOL": paused}});
        pipeline.aws.dynamodb().put(LEDGER, item);
    };
    control(true);
    tokio::time::sleep(Duration::from_secs(5)).await;
    pipeline.aws.forget_calls();
    pipeline.upload_many(3);
    tokio::time::sleep(2 * MINUTE).await;
    assert_eq!(pipeline.aws.calls_of("ReceiveMessage").len(), 0);
    assert_eq!(pipeline.aws.sfn().executions().len(), 0);
    control(false);
    tokio::time::sleep(MINUTE + Duration::from_secs(10)).await;
    assert_eq!(pipeline.aws.sfn().executions().len(), 3);
}

/// A tick hands over to each that waits, and every one that took its turn says so.
#[tokio::test(start_paused = true)]
async fn every_tick_has_its_turn() {
    let pipeline = Pipeline::succeeding(settings(), 1);
    let mut ticks = schedule(&pipeline, 10, |_| 1);
    let mut ended = 0;
    while let Some(ticked) = ticks.join_next().await {
        let (minute, ticked) = ticked.expect("no panic");
        let counts = ticked.well();
        assert_eq!(counts.lease_busy, 0, "minute {minute}");
        let seconds = counts.duration_milliseconds / 1_000;
        let last = minute == 9;
        assert!(
            last || (50..75).contains(&seconds),
            "minute {minute}: {seconds} s"
        );
        ended += 1;
    }
    assert_eq!(ended, 10);
}

/// With a limit for the day, a tick that has started nothing waits on when the next day begins.
#[tokio::test(start_paused = true)]
async fn a_new_day_ends_no_tick_that_waits() {
    let settings = Settings {
        starts_per_day: Some(100),
        ..settings()
    };
    let pipeline = Pipeline::succeeding(settings, 1);
    let began = pipeline.aws.clock().now_ms();
    let day = Duration::from_secs(24 * 60 * 60);
    assert_eq!(
        began % day.as_millis() as i64,
        0,
        "virtual time begins at midnight"
    );
    tokio::time::sleep(day - Duration::from_secs(40)).await;
    let _ticks = schedule(&pipeline, 1, |_| 1);
    tokio::time::sleep(Duration::from_secs(50)).await;
    pipeline.upload(&Upload::new("a.json", 1));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(pipeline.aws.sfn().executions().len(), 1);
}
