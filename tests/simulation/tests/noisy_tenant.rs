//! Many tenants, of which one uploads nine tenths of all objects at once. The waits of the others
//! grow by the time in which its burst passes the queue, and are at most twice as long besides.
//! `TENANTS=10000` runs it with so many.

use std::env;
use std::time::Duration;

use simulation::{Background, Pipeline, Settings, Upload, objects};
use spillway::event::tenant::By;
use spillway::pace::tenants::TenantBound;
use spillway::protocol::holding::Idle;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Uploads of the others in a second: each uploads one object.
const RATE: u32 = 16;
/// Executions of one tenant that run at once.
const BOUND: u32 = 5;
const NOISY: &str = "noisy";

fn settings() -> Settings {
    let mut settings = Settings {
        tenants: Some(TenantBound {
            by: By::Segment(1),
            max_concurrency: BOUND,
        }),
        idle: Idle::Wait,
        // A tick that waits for events ends when the next one takes over.
        tick: Duration::from_secs(120),
        ..Settings::default()
    };
    settings.pace.max_concurrency = 200;
    settings.pace.starts_per_second = 50.0;
    settings.pace.burst = 100;
    settings
}

fn tenants() -> u32 {
    match env::var("TENANTS") {
        Err(_) => 1_000,
        Ok(tenants) => tenants.parse().expect("TENANTS is a number"),
    }
}

fn tenant_of(key: &str) -> &str {
    key.split_once('/').expect("a tenant and a name").0
}

/// The result of a run.
struct Ran {
    /// How long each of the others waited from upload to start, in milliseconds, the shortest
    /// first.
    waits: Vec<i64>,
    /// How long it took to receive the burst.
    burst_passed: i64,
    /// Executions of the noisy tenant, most of them at once, and its events that wait.
    noisy: (usize, usize, usize),
}

impl Ran {
    fn percentile(&self, percent: usize) -> i64 {
        self.waits[(self.waits.len() - 1) * percent / 100]
    }
}

/// Uploads the objects of the others evenly, and the burst after a fifth of them. Returns when.
async fn upload(pipeline: Pipeline, others: u32, burst: u32) -> Vec<i64> {
    let mut uploaded_at = Vec::new();
    for number in 0..others {
        uploaded_at.push(pipeline.aws.clock().now_ms());
        pipeline.upload(&Upload::new(&format!("t{number}/a"), 1));
        if number == others / 5 {
            for number in 0..burst {
                pipeline.upload(&Upload::new(&format!("{NOISY}/{number}"), 1));
            }
        }
        tokio::time::sleep(Duration::from_secs(1) / RATE).await;
    }
    uploaded_at
}

/// Returns how long the queue held the burst.
async fn burst_passed(pipeline: Pipeline, burst: u32) -> i64 {
    let few = RATE as usize;
    let mut since = None;
    if burst == 0 {
        return 0;
    }
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (now, visible) = (pipeline.aws.clock().now_ms(), pipeline.events.visible());
        match since {
            None if visible > few => since = Some(now),
            Some(since) if visible <= few => return now - since,
            _ => {}
        }
    }
}

async fn run(others: u32, burst: u32) -> Ran {
    let pipeline = Pipeline::succeeding(settings(), 2);
    pipeline.aws.count_calls_only();
    let uploading = tokio::spawn(upload(pipeline.clone(), others, burst));
    let passing = tokio::spawn(burst_passed(pipeline.clone(), burst));
    let settling: Vec<Background> = (0..10).map(|_| pipeline.settle_in_background()).collect();
    let mut under_way = JoinSet::new();
    for _ in 0..others / RATE / 60 + 3 {
        let next = tokio::time::Instant::now() + pipeline.settings.schedule;
        let ticking = pipeline.clone();
        under_way.spawn(async move { ticking.tick().await.well() });
        tokio::time::sleep_until(next).await;
    }
    let uploaded_at = uploading.await.expect("all are uploaded");
    under_way.join_all().await;
    drop(settling);
    let (mut waits, mut of_noisy) = (Vec::new(), Vec::new());
    for execution in pipeline.aws.sfn().executions() {
        let key = &objects(&execution).0[0].key;
        match tenant_of(key).strip_prefix('t') {
            Some(number) => {
                let number: usize = number.parse().expect("a number");
                waits.push(execution.started_ms - uploaded_at[number]);
            }
            None => {
                let stopped = execution.stopped_ms.unwrap_or(i64::MAX);
                of_noisy.push((execution.started_ms, stopped));
            }
        }
    }
    waits.sort_unstable();
    let at_once = of_noisy.iter().map(|(start, _)| {
        let runs = of_noisy
            .iter()
            .filter(|(from, to)| from <= start && start < to);
        runs.count()
    });
    let deferred = pipeline.deferred();
    let deferred = deferred.iter().filter(|pk| pk.starts_with("t/"));
    Ran {
        waits,
        burst_passed: timeout(Duration::from_secs(600), passing)
            .await
            .expect("the burst passes in ten minutes")
            .expect("it ends"),
        noisy: (
            of_noisy.len(),
            at_once.max().unwrap_or_default(),
            deferred.count(),
        ),
    }
}

#[tokio::test(start_paused = true)]
async fn the_burst_of_one_tenant_holds_up_the_others_for_as_long_as_it_is_received() {
    let others = tenants() - 1;
    let burst = tenants() * 9;
    let (without, with) = (run(others, 0).await, run(others, burst).await);
    for (name, ran) in [("without", &without), ("with", &with)] {
        let at = |percent| ran.percentile(percent);
        println!(
            "{name}: p50 {} ms, p95 {} ms, p99 {} ms, worst {} ms; the burst took {} ms; {:?}",
            at(50),
            at(95),
            at(99),
            at(100),
            ran.burst_passed,
            ran.noisy,
        );
        assert_eq!(ran.waits.len(), others as usize, "{name}");
    }
    assert!(with.percentile(99) <= 2 * without.percentile(99) + with.burst_passed);
    assert!(with.percentile(50) <= 2 * without.percentile(50));
    // More than a thousand messages a second are received and deferred.
    assert!(with.burst_passed < i64::from(burst));
    let (started, at_once, deferred) = with.noisy;
    assert_eq!(at_once, BOUND as usize);
    assert_eq!(started + deferred, burst as usize);
}
