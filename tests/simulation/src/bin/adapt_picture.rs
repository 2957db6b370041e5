//! Draws how the pace adapts to a target, from a run in virtual time: an SVG on standard output.
//! `cargo run -p simulation --bin adapt_picture > docs/pictures/adapt.svg`

use std::fmt::Write;
use std::time::Duration;

use fake_aws::{Ending, Execution, Status};
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

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 44.0;
const RIGHT: f64 = 16.0;
const BOTTOM: f64 = 44.0;
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:15px;font-weight:600}\
    .axis{stroke:#999;stroke-width:1}.limit{fill:none;stroke:#c33;stroke-width:2;stroke-dasharray:6 4}\
    .starts{fill:none;stroke:#2a78b5;stroke-width:2}\
    @media(prefers-color-scheme:dark){text{fill:#ddd}.starts{stroke:#5aa5dd}.limit{stroke:#e66}}";

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
    let x = |ms: i64| LEFT + (WIDTH - LEFT - RIGHT) * ms as f64 / (MINUTES * MINUTE) as f64;
    let y = |rate: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * rate / PACE;
    let of_starts = starts.iter().enumerate().map(|(bin, starts)| {
        let rate = f64::from(*starts) / (BIN as f64 / 1_000.0);
        format!(
            "{:.1},{:.1}",
            x(bin as i64 * BIN + BIN / 2),
            y(rate.min(PACE))
        )
    });
    let of_limit = LIMITS
        .iter()
        .enumerate()
        .flat_map(|(index, (minute, limit))| {
            let until = LIMITS.get(index + 1).map_or(MINUTES, |(minute, _)| *minute);
            [*minute, until].map(|at| format!("{:.1},{:.1}", x(at * MINUTE), y(*limit)))
        });
    let failed = executions
        .iter()
        .filter(|it| it.status == Status::Failed)
        .count();
    let share = 100.0 * failed as f64 / executions.len().max(1) as f64;
    let title = format!(
        "Starts a second against what the target takes; {share:.1} % of {} executions failed",
        executions.len()
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\n\
         <title>{title}</title>\n\
         <style>{STYLE}</style><text class=\"title\" x=\"8\" y=\"24\">{title}</text>\n"
    );
    for rate in [0.0, 5.0, 10.0, 15.0, 20.0, 25.0] {
        let _ = writeln!(
            svg,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" opacity=\"0.3\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{rate}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            y(rate) + 4.0,
            y = y(rate),
        );
    }
    for minute in (0..=MINUTES).step_by(4) {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{minute} min</text>",
            x(minute * MINUTE),
            HEIGHT - BOTTOM + 20.0,
        );
    }
    let points = |points: &mut dyn Iterator<Item = String>| points.collect::<Vec<_>>().join(" ");
    let _ = writeln!(
        svg,
        "<polyline class=\"limit\" points=\"{}\"/>",
        points(&mut of_limit.into_iter())
    );
    let _ = writeln!(
        svg,
        "<polyline class=\"starts\" points=\"{}\"/>",
        points(&mut of_starts.into_iter())
    );
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"{}\">blue: starts; red: what the target takes; the pace allows {PACE} a second</text>\n</svg>",
        HEIGHT - 6.0
    );
    svg
}
