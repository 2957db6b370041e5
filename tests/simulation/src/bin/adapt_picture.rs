//! Draws how the pace adapts to a target, from a run in virtual time: an SVG on standard output.
//! `cargo run -p simulation --bin adapt_picture > docs/pictures/adapt.svg`

use std::time::Duration;

use fake_aws::{Ending, Execution, Status};
use simulation::picture::{Axis, Line, Look, Picture};
use simulation::target::{Takes, Target};
use simulation::{Background, Pipeline, Settings, Upload};
use spillway::pace::adapt::Adapt;
use spillway::pace::adapt::errors::Errors;

const MINUTE: i64 = 60_000;
/// The executions a second that the target takes, each from which minute on.
const LIMITS: [(i64, f64); 4] = [(0, 10.0), (6, 0.0), (11, 10.0), (16, 18.0)];
const MINUTES: i64 = 24;
const PACE: f64 = 25.0;
/// Starts are counted over so long, in milliseconds.
const BIN: i64 = 10_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime of this thread needs nothing");
    print!("{}", drawn(&runtime.block_on(run())));
}

/// Processes the backlog, as long as the picture is.
async fn run() -> Vec<Execution> {
    let mut settings = Settings {
        adapt: Some(Adapt {
            errors: Errors::new(vec!["*Throttl*".into()]).expect("errors"),
            tolerated_share: 0.05,
            slowest: 0.1,
            uncounted_max: 20,
        }),
        event_delay: Duration::from_millis(500),
        ..Settings::default()
    };
    settings.pace.max_concurrency = 1_000;
    settings.pace.starts_per_second = PACE;
    settings.pace.burst = 50;
    settings.retry.backoff_seconds = vec![30, 300];
    let pipeline = Pipeline::new(settings, target());
    pipeline.aws.count_calls_only();
    for number in 0..30_000 {
        pipeline.upload(&Upload::new(&format!("status/{number}.json"), number + 1));
    }
    let settling: Vec<Background> = (0..10).map(|_| pipeline.settle_in_background()).collect();
    for _ in 0..MINUTES {
        pipeline.scheduled_tick().await;
    }
    drop(settling);
    pipeline.aws.sfn().executions()
}

fn target() -> impl FnMut(&Execution) -> Ending + Send {
    let mut began = None;
    let mut targets: Vec<(i64, Target)> = Vec::new();
    move |execution| {
        let now = execution.started_ms;
        let began = *began.get_or_insert(now);
        let (from, limit) = limit(now - began);
        if targets.last().is_none_or(|(of, _)| *of != from) {
            targets.push((from, Target::new(Takes::PerSecond(limit), now)));
        }
        let (_, target) = targets.last_mut().expect("one was pushed");
        target.ending(Duration::from_secs(2), now)
    }
}

/// The limit at a time since the beginning, in milliseconds, and the minute from which it holds.
fn limit(at: i64) -> (i64, f64) {
    let mut limits = LIMITS.iter().rev();
    let found = limits.find(|(minute, _)| at >= minute * MINUTE);
    *found.unwrap_or(&LIMITS[0])
}

fn drawn(executions: &[Execution]) -> String {
    let began = executions.iter().map(|it| it.started_ms).min();
    let began = began.unwrap_or_default();
    let bins = MINUTES * MINUTE / BIN;
    let mut starts = vec![0u32; bins as usize];
    for execution in executions {
        let bin = (execution.started_ms - began) / BIN;
        if let Some(starts) = starts.get_mut(bin as usize) {
            *starts += 1;
        }
    }
    let of_starts = starts.iter().enumerate().map(|(bin, starts)| {
        let middle = (bin as i64 * BIN + BIN / 2) as f64 / MINUTE as f64;
        (middle, f64::from(*starts) / (BIN as f64 / 1_000.0))
    });
    let of_limit = LIMITS
        .iter()
        .enumerate()
        .flat_map(|(index, (minute, limit))| {
            let until = LIMITS.get(index + 1).map_or(MINUTES, |(minute, _)| *minute);
            [*minute, until].map(|at| (at as f64, *limit))
        });
    let failed = executions
        .iter()
        .filter(|it| it.status == Status::Failed)
        .count();
    let share = 100.0 * failed as f64 / executions.len().max(1) as f64;
    let limits = LIMITS.map(|(minute, limit)| format!("{limit} a second from minute {minute}"));
    Picture {
        title: format!(
            "Starts a second against what the target takes; {share:.1} % of {} executions failed",
            executions.len()
        ),
        description: format!(
            "A target takes {}. The starts follow it, and stop while it takes none.",
            limits.join(", ")
        ),
        legend: format!(
            "blue: starts; red: what the target takes; the pace allows {PACE} a second"
        ),
        minutes: Axis {
            end: MINUTES as u32,
            step: 4,
        },
        numbers: Axis {
            end: PACE as u32,
            step: 5,
        },
        lines: vec![
            Line {
                look: Look::Dashed,
                points: of_limit.collect(),
            },
            Line {
                look: Look::Solid,
                points: of_starts.collect(),
            },
        ],
    }
    .svg()
}
