//! Draining a burst: how long it takes, beside the least that it could.

use std::time::Duration;

use fake_aws::Execution;
use serde_json::{Value, json};
use spillway::protocol::holding::Idle;
use spillway::record::row::State;
use tokio::task::JoinSet;

use super::settings;
use crate::invariants::Verdict;
use crate::pipeline::{Background, LEDGER, Pipeline, Settings};
use crate::upload::Upload;

/// Settles of Lambda's event source mapping that run at once, at most.
const SETTLES_AT_ONCE: u32 = 10;
/// Of a longer burst so many events wait, and the rest is uploaded as there is room. Dispatch does
/// not ask how many wait while some do, and the fake looks at all of them at each receive.
const WAITING: u32 = 20_000;
/// How often there can be room.
const ROOM_EVERY: Duration = Duration::from_secs(5);
/// Ticks after which a burst that has not drained never will, beyond those that the ideal takes.
const TICKS_BEYOND: u32 = 30;

/// A burst, and its limits.
#[derive(Debug, Clone)]
pub struct Burst {
    pub events: u32,
    pub starts_per_second: f64,
    /// Starts that can come at once.
    pub burst: u32,
    pub max_concurrency: u32,
    /// Seconds of every execution.
    pub seconds: u64,
    /// The time that EventBridge takes to deliver an execution's end.
    pub event_delay: Duration,
    pub idle: Idle,
}

/// How it drained.
#[derive(Debug, Clone)]
pub struct Drained {
    /// From the first start to the last.
    pub took: Duration,
    /// The least that the rate and the limit of running executions allow.
    pub ideal: Duration,
    pub ticks: u32,
    /// The most executions that ran at once.
    pub most_running: usize,
    pub lost: usize,
    pub started_twice: usize,
    /// API calls by operation, those of Lambda's mapping included.
    pub calls: Vec<(String, u64)>,
    pub read_units: f64,
    pub write_units: f64,
}

impl Burst {
    /// Returns a burst at the rate of Step Functions' quota in its largest Regions, with the most
    /// starts at once that a pipeline can have. The rate limits the burst.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
    pub fn at_the_quota(events: u32) -> Self {
        Self {
            events,
            starts_per_second: 300.0,
            burst: 1_000,
            max_concurrency: 10_000,
            seconds: 20,
            event_delay: Duration::ZERO,
            idle: Idle::Stop,
        }
    }

    /// Returns a burst with few executions at once. The executions that run limit it.
    pub fn at_the_limit(events: u32, idle: Idle, event_delay: Duration) -> Self {
        Self {
            events,
            starts_per_second: 100.0,
            burst: 100,
            max_concurrency: 20,
            seconds: 5,
            event_delay,
            idle,
        }
    }

    /// Returns the least time from the first start to the last.
    pub fn ideal(&self) -> Duration {
        let by_rate = f64::from(self.events.saturating_sub(self.burst)) / self.starts_per_second;
        // The last start is of the last round.
        let rounds = self.events.div_ceil(self.max_concurrency).saturating_sub(1);
        let round = Duration::from_secs(self.seconds) + self.event_delay;
        Duration::from_secs_f64(by_rate).max(rounds * round)
    }

    fn settings(&self) -> Settings {
        let mut settings = settings();
        settings.pace.starts_per_second = self.starts_per_second;
        settings.pace.burst = self.burst;
        settings.pace.max_concurrency = self.max_concurrency;
        settings.event_delay = self.event_delay;
        settings.idle = self.idle;
        if self.idle == Idle::Wait {
            settings.tick = 2 * settings.schedule;
        }
        settings
    }

    /// Uploads the burst and runs schedule and mapping until all is settled. Panics if that does
    /// not happen, or if a tick fails.
    pub async fn drain(&self) -> Drained {
        let pipeline = Pipeline::succeeding(self.settings(), self.seconds);
        pipeline.aws.count_calls_only();
        let uploads: Vec<Upload> = (0..self.events)
            .map(|number| Upload::new(&format!("status/{number}.json"), number + 1))
            .collect();
        let uploading = upload_in_background(pipeline.clone(), uploads.clone());
        let settling: Vec<Background> = (0..SETTLES_AT_ONCE)
            .map(|_| pipeline.settle_in_background())
            .collect();
        let schedule = pipeline.settings.schedule;
        let ideal = self.ideal();
        let most_ticks = TICKS_BEYOND + (ideal.as_secs() / schedule.as_secs()) as u32;
        let (mut ticks, mut started, mut under_way) = (0, 0, JoinSet::new());
        let mut next = tokio::time::Instant::now();
        while started < self.events {
            assert!(
                ticks < most_ticks,
                "{started} of {} after {ticks} ticks",
                self.events
            );
            // A tick that waits ends when the next one takes over.
            let ticking = pipeline.clone();
            under_way.spawn(async move { ticking.tick().await });
            ticks += 1;
            if self.events > WAITING {
                remove_finished(&pipeline);
            }
            next += schedule;
            tokio::time::sleep_until(next).await;
            while let Some(ticked) = under_way.try_join_next() {
                started += ticked.expect("no tick panics").well().started;
            }
        }
        for ticked in under_way.join_all().await {
            ticked.well();
        }
        tokio::time::sleep(Duration::from_secs(self.seconds) + schedule).await;
        drop((uploading, settling));
        assert!(pipeline.is_quiet(), "{}", pipeline.describe());

        let verdict = Verdict::of(&pipeline, &uploads);
        let capacity = pipeline.aws.consumed_capacity();
        let counts = pipeline.aws.call_counts();
        Drained {
            took: between(&pipeline.aws.sfn().executions()),
            ideal,
            ticks,
            most_running: verdict.peak,
            lost: verdict.lost.len() + verdict.dead,
            started_twice: verdict.duplicates.len(),
            calls: counts
                .into_iter()
                .map(|(operation, count)| (operation, count.sent))
                .collect(),
            read_units: capacity.read,
            write_units: capacity.write,
        }
    }
}

/// Keeps the queue filled: at least half of [`WAITING`], as long as there is more.
fn upload_in_background(pipeline: Pipeline, uploads: Vec<Upload>) -> Background {
    let fill = move |from: &mut std::vec::IntoIter<Upload>| {
        let waiting = pipeline.events.messages().len();
        if waiting <= WAITING as usize / 2 {
            let room = WAITING as usize - waiting;
            from.take(room).for_each(|upload| pipeline.upload(&upload));
        }
    };
    let mut from = uploads.into_iter();
    fill(&mut from);
    Background::run(async move {
        while from.len() > 0 {
            tokio::time::sleep(ROOM_EVERY).await;
            fill(&mut from);
        }
    })
}

/// As their time to live does in the end: nobody asks for the rows of finished events, and a long
/// table makes the fake slow.
fn remove_finished(pipeline: &Pipeline) {
    let dynamodb = pipeline.aws.dynamodb();
    for item in dynamodb.items(LEDGER) {
        if item["state"]["S"] == State::Succeeded.as_str() {
            dynamodb.remove(LEDGER, &json!({"pk": item["pk"], "sk": item["sk"]}));
        }
    }
}

/// From the first start to the last.
fn between(executions: &[Execution]) -> Duration {
    let times = || executions.iter().map(|it| it.started_ms);
    let milliseconds = times().max().unwrap_or_default() - times().min().unwrap_or_default();
    Duration::from_millis(milliseconds.unsigned_abs())
}

impl Drained {
    /// Returns the time by the ideal one. With 1 it could not have been faster.
    pub fn over_ideal(&self) -> f64 {
        self.took.as_secs_f64() / self.ideal.as_secs_f64()
    }

    /// Returns the result for other programs.
    pub fn to_json(&self, burst: &Burst) -> Value {
        let calls: serde_json::Map<String, Value> = (self.calls.iter())
            .map(|(operation, count)| (operation.clone(), json!(count)))
            .collect();
        json!({
            "events": burst.events, "starts_per_second": burst.starts_per_second, "burst": burst.burst,
            "max_concurrency": burst.max_concurrency, "execution_s": burst.seconds,
            "event_delay_s": burst.event_delay.as_secs_f64(),
            "took_s": self.took.as_secs_f64(), "ideal_s": self.ideal.as_secs_f64(), "over_ideal": self.over_ideal(),
            "ticks": self.ticks, "most_running": self.most_running, "lost": self.lost, "started_twice": self.started_twice,
            "calls": calls, "read_units": self.read_units, "write_units": self.write_units,
        })
    }
}
