//! Draws the waits of other tenants during one tenant's burst, from two runs in virtual time: an
//! SVG on standard output. `cargo run -p simulation --bin tenants_picture >
//! docs/pictures/tenants.svg`

use std::collections::BTreeMap;
use std::time::Duration;

use simulation::picture::{Axis, Line, Look, Picture};
use simulation::{Background, Pipeline, Settings, Upload, objects};
use spillway::event::tenant::By;
use spillway::pace::tenants::TenantBound;

const MINUTE: i64 = 60_000;
/// The files of the burst.
const BURST: u32 = 10_000;
/// The other tenants. Each uploads a file a minute.
const OTHERS: u32 = 10;
/// How long an execution takes, in seconds.
const TAKES: u64 = 4;
const AT_ONCE: u32 = 100;
const PER_SECOND: f64 = 25.0;
const BOUND: u32 = 80;
/// A run that takes longer is a fault.
const MOST_MINUTES: i64 = 30;

/// The waits of one run, in milliseconds.
struct Waits {
    /// Of the other tenants' uploads, the longest one by the minute of the upload.
    others: BTreeMap<i64, i64>,
    /// From the burst until its last file started.
    burst: i64,
}

fn main() {
    let without = waits(None);
    let with = waits(Some(TenantBound {
        by: By::Segment(1),
        max_concurrency: BOUND,
    }));
    print!("{}", drawn(&without, &with));
}

fn waits(tenants: Option<TenantBound>) -> Waits {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime of this thread needs nothing");
    runtime.block_on(run(tenants))
}

/// Runs the burst, and the other tenants' uploads, until the burst has started.
async fn run(tenants: Option<TenantBound>) -> Waits {
    let mut settings = Settings {
        tenants,
        event_delay: Duration::from_millis(500),
        ..Settings::default()
    };
    settings.pace.max_concurrency = AT_ONCE;
    settings.pace.starts_per_second = PER_SECOND;
    settings.pace.burst = 50;
    let pipeline = Pipeline::succeeding(settings, TAKES);
    pipeline.aws.count_calls_only();
    let began = pipeline.aws.clock().now_ms();
    for number in 0..BURST {
        pipeline.upload(&Upload::new(&format!("acme/{number}"), number + 1));
    }
    let settling: Vec<Background> = (0..10).map(|_| pipeline.settle_in_background()).collect();
    let uploading = tokio::spawn(uploads(pipeline.clone()));
    let mut minutes = 0;
    // Few of the executions are the others', so the burst is not looked for among fewer.
    while pipeline.aws.sfn().executions().len() < BURST as usize
        || started(&pipeline, began).burst_files < BURST
    {
        assert!(minutes < MOST_MINUTES, "the burst does not end");
        pipeline.scheduled_tick().await;
        minutes += 1;
    }
    uploading.abort();
    // The uploads of the last minutes start, too.
    for _ in 0..3 {
        pipeline.scheduled_tick().await;
    }
    drop(settling);
    started(&pipeline, began).waits
}

/// Uploads a file of each other tenant a minute, evenly over the minute.
async fn uploads(pipeline: Pipeline) {
    let mut number = 0;
    loop {
        let tenant = number % OTHERS;
        // The time of the upload is the object's name.
        let now = pipeline.aws.clock().now_ms();
        let key = format!("tenant-{tenant}/{now}");
        pipeline.upload(&Upload::new(&key, BURST + number + 1));
        number += 1;
        tokio::time::sleep(Duration::from_millis(MINUTE as u64 / u64::from(OTHERS))).await;
    }
}

struct Started {
    burst_files: u32,
    waits: Waits,
}

fn started(pipeline: &Pipeline, began: i64) -> Started {
    let mut found = Started {
        burst_files: 0,
        waits: Waits {
            others: BTreeMap::new(),
            burst: 0,
        },
    };
    let mut others = Vec::new();
    for execution in pipeline.aws.sfn().executions() {
        let key = objects(&execution).0[0].key.clone();
        let (tenant, name) = key.split_once('/').expect("a key has its tenant");
        if tenant == "acme" {
            found.burst_files += 1;
            found.waits.burst = found.waits.burst.max(execution.started_ms - began);
        } else {
            let uploaded: i64 = name.parse().expect("the name is a time");
            others.push((uploaded - began, execution.started_ms - uploaded));
        }
    }
    // After the burst an upload waits for the next tick of an idle pipeline.
    others.retain(|(uploaded, _)| *uploaded < found.waits.burst);
    for (uploaded, wait) in others {
        let longest = found.waits.others.entry(uploaded / MINUTE).or_default();
        *longest = (*longest).max(wait);
    }
    found
}

fn drawn(without: &Waits, with: &Waits) -> String {
    let line = |look, waits: &Waits| Line {
        look,
        points: waits
            .others
            .iter()
            .map(|(minute, wait)| (*minute as f64 + 0.5, *wait as f64 / MINUTE as f64))
            .collect(),
    };
    let longest = |waits: &Waits| waits.others.values().copied().max().unwrap_or_default();
    let minutes = |millis: i64| format!("{:.1} min", millis as f64 / MINUTE as f64);
    let short = |millis: i64| match millis {
        ..MINUTE => format!("{:.0} s", millis as f64 / 1_000.0),
        _ => minutes(millis),
    };
    let end = without.burst.max(with.burst) / MINUTE + 1;
    let most = longest(without).max(longest(with)) / MINUTE + 1;
    Picture {
        title: format!(
            "Waits beside a burst of {BURST} files: {} without a bound, {} with it",
            short(longest(without)),
            short(longest(with))
        ),
        description: format!(
            "One tenant uploads {BURST} files at minute 0, and {OTHERS} others one file a minute each. An execution takes {TAKES} s, \
             {AT_ONCE} run at once and {PER_SECOND} start a second. Without a bound the others' longest wait is {}, and the burst's \
             last file starts after {}. With a bound of {BOUND} for each tenant they wait {} at most, and the burst's last file \
             starts after {}.",
            short(longest(without)),
            minutes(without.burst),
            short(longest(with)),
            minutes(with.burst)
        ),
        legend: format!(
            "longest wait (min) by the time of the upload; red: without; blue: {BOUND} of {AT_ONCE} for each tenant"
        ),
        minutes: Axis {
            end: end as u32,
            step: 1,
        },
        numbers: Axis {
            end: most as u32,
            step: 1,
        },
        lines: vec![line(Look::Dashed, without), line(Look::Solid, with)],
    }
    .svg()
}
