//! Five pipelines of one account that share its quota of `StartExecution`, each by its
//! `pace.account_share`.
//!
//! Each has an AWS of its own, and all ask one bucket before a start: nothing else of an account is
//! shared.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake_aws::{Fault, StartQuota};
use simulation::{Pipeline, Settings, Verdict};
use tokio::task::JoinSet;

const SHARES: [f64; 5] = [0.05, 0.1, 0.2, 0.25, 0.4];
/// A sixth of a smaller Region's quota, so that the test is quick.
const QUOTA: StartQuota = StartQuota {
    bucket: StartQuota::OTHER_REGION.bucket / 6.0,
    refill_per_second: StartQuota::OTHER_REGION.refill_per_second / 6.0,
};
const MINUTES: u32 = 5;
const MINUTE_MS: i64 = 60_000;

/// The account's bucket: tokens, and when they were counted.
#[derive(Clone)]
struct Account(Arc<Mutex<(f64, i64)>>);

impl Account {
    fn full(now_ms: i64) -> Self {
        Self(Arc::new(Mutex::new((QUOTA.bucket, now_ms))))
    }

    fn take(&self, now_ms: i64, wanted: f64) -> bool {
        let mut bucket = self.0.lock().unwrap();
        let refilled = (now_ms - bucket.1) as f64 / 1_000.0 * QUOTA.refill_per_second;
        *bucket = ((bucket.0 + refilled).min(QUOTA.bucket), now_ms);
        let has = bucket.0 >= wanted;
        if has {
            bucket.0 -= wanted;
        }
        has
    }
}

/// The work of one pipeline: its starts in each minute, and how many were throttled.
#[derive(Debug)]
struct Did {
    share: f64,
    starts: Vec<usize>,
    throttled: usize,
}

impl Did {
    /// The starts of the minutes after the first, in which bursts were used up, beside those of its
    /// share.
    fn of_its_share(&self) -> f64 {
        let later: usize = self.starts.iter().skip(1).sum();
        let seconds = f64::from(MINUTES - 1) * 60.0;
        later as f64 / (self.share * QUOTA.refill_per_second * seconds)
    }
}

/// A pipeline as the module sets it up for a share, with more events than it can start. Its ticks
/// begin at a second of its own.
async fn neighbour(number: usize, share: f64, account: Account) -> Did {
    let mut settings = Settings {
        seed: number as u64 + 1,
        ..Settings::default()
    };
    settings.pace.starts_per_second = share * QUOTA.refill_per_second;
    settings.pace.burst = (share * QUOTA.bucket) as u32;
    settings.pace.max_concurrency = 1_000;
    let pipeline = Pipeline::succeeding(settings, 5);
    let refused = Arc::new(Mutex::new(0));
    let (clock, counted) = (pipeline.aws.clock(), Arc::clone(&refused));
    pipeline.aws.faults().before(move |call| {
        if call.operation != "StartExecution" || account.take(clock.now_ms(), 1.0) {
            return Fault::None;
        }
        *counted.lock().unwrap() += 1;
        Fault::Throttle
    });
    let began = clock.now_ms();
    let most = QUOTA.bucket + f64::from(MINUTES + 1) * 60.0 * QUOTA.refill_per_second;
    let uploads = pipeline.upload_many((share.min(0.4) * most) as u32);
    tokio::time::sleep(Duration::from_secs(12 * number as u64)).await;
    pipeline.run(MINUTES).await;

    let verdict = Verdict::of(&pipeline, &uploads);
    assert!(verdict.duplicates.is_empty(), "{:?}", verdict.duplicates);
    assert!(!pipeline.events.messages().is_empty(), "too few events");
    let executions = pipeline.aws.sfn().executions();
    let starts = (0..i64::from(MINUTES)).map(|minute| {
        let within = |at: &i64| (at - began) / MINUTE_MS == minute;
        let times = executions.iter().map(|execution| execution.started_ms);
        times.filter(within).count()
    });
    let throttled = *refused.lock().unwrap();
    Did {
        share,
        starts: starts.collect(),
        throttled,
    }
}

/// Runs one pipeline for each share. `foreign`: so many starts a second that something else makes.
async fn account(shares: [f64; 5], foreign: f64) -> Vec<Did> {
    let now_ms = fake_aws::FakeAws::new(1).clock().now_ms();
    let account = Account::full(now_ms);
    let mut pipelines = JoinSet::new();
    for (number, share) in shares.into_iter().enumerate() {
        pipelines.spawn(neighbour(number, share, account.clone()));
    }
    let others = tokio::spawn(async move {
        let clock = fake_aws::FakeAws::new(2).clock();
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            account.take(clock.now_ms(), foreign / 10.0);
        }
    });
    let mut did = pipelines.join_all().await;
    others.abort();
    did.sort_by(|one, other| one.share.total_cmp(&other.share));
    did
}

#[tokio::test(start_paused = true)]
async fn each_of_five_pipelines_gets_its_share_within_a_tenth_and_none_starves() {
    let did = account(SHARES, 0.0).await;
    for one in &did {
        println!("{one:?}: {:.3} of its share", one.of_its_share());
    }
    for one in &did {
        let part = one.of_its_share();
        assert!((0.9..=1.1).contains(&part), "{part:.3}: {did:?}");
        assert_eq!(one.throttled, 0, "{did:?}");
        // In each minute, not only over all of them.
        let least = 0.9 * one.share * QUOTA.refill_per_second * 60.0;
        assert!(
            one.starts[1..].iter().all(|starts| *starts as f64 >= least),
            "{did:?}"
        );
    }
}

/// Four tenths of the quota are somebody else's, though the shares add up to all of it. Every
/// pipeline is slowed down, the small ones no more than the large ones, and none stands still.
#[tokio::test(start_paused = true)]
async fn where_something_else_uses_the_quota_too_none_starves() {
    let did = account(SHARES, 0.4 * QUOTA.refill_per_second).await;
    for one in &did {
        println!("{one:?}: {:.3} of its share", one.of_its_share());
    }
    assert!(did.iter().any(|one| one.throttled > 0), "{did:?}");
    for one in &did {
        let part = one.of_its_share();
        assert!((0.3..=1.0).contains(&part), "{part:.3}: {did:?}");
        assert!(
            one.starts.iter().skip(1).all(|starts| *starts > 0),
            "{did:?}"
        );
    }
}

/// The reason for shares: pipelines that each start at the whole quota are throttled, and the
/// test's bucket notices.
#[tokio::test(start_paused = true)]
async fn pipelines_without_shares_are_throttled() {
    let did = account([1.0; 5], 0.0).await;
    assert!(did.iter().all(|one| one.throttled > 0), "{did:?}");
    let all: f64 = did.iter().map(Did::of_its_share).sum();
    // The minutes of the five begin 12 s apart, so that a start in the one's time can be outside
    // the other's.
    assert!(
        (0.5..=1.02).contains(&all),
        "{all:.3} of the quota: {did:?}"
    );
}
