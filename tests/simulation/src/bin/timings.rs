//! Prints in JSON how long something takes in virtual time: see [`USAGE`].

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use simulation::recovery;
use simulation::timings::{Arrivals, Burst, waits};
use spillway::protocol::holding::Idle;

const USAGE: &str = "give one of:
  drain-at-quota EVENTS   a burst, 300 starts a second, 1,000 at once
  drain-at-limit EVENTS MILLISECONDS [wait]
                          a burst, 20 executions of 5 s at once, whose ends EventBridge delivers so late
  upload-to-start SECONDS 300 uploads, on average so many seconds apart
  recovery                what a crash at each call of a small burst's run costs";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse().ok().filter(|number| *number > 0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime of this thread needs nothing");
    let answer = match arguments.as_slice() {
        ["drain-at-quota", events] => {
            number(events).map(|events| runtime.block_on(drain(Burst::at_the_quota(events))))
        }
        ["drain-at-limit", events, delay, idle @ ..] => {
            let idle = match idle {
                [] => Some(Idle::Stop),
                ["wait"] => Some(Idle::Wait),
                _ => None,
            };
            let delay = delay.parse().ok().map(Duration::from_millis);
            let burst = (number(events).zip(delay).zip(idle))
                .map(|((events, delay), idle)| Burst::at_the_limit(events, idle, delay));
            burst.map(|burst| runtime.block_on(drain(burst)))
        }
        ["upload-to-start", seconds] => {
            number(seconds).map(|seconds| runtime.block_on(upload_to_start(seconds)))
        }
        ["recovery"] => Some(runtime.block_on(recoveries())),
        _ => None,
    };
    match answer {
        Some(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("timings: {USAGE}");
            ExitCode::from(2)
        }
    }
}

async fn drain(burst: Burst) -> Value {
    burst.drain().await.to_json(&burst)
}

async fn upload_to_start(every: u32) -> Value {
    let arrivals = Arrivals {
        count: 300,
        every: Duration::from_secs(every.into()),
        seed: 1,
    };
    let waits = waits(arrivals).await;
    let at = |share: f64| {
        let place = (share * (waits.len() - 1) as f64).round() as usize;
        waits.get(place).map(Duration::as_secs_f64)
    };
    json!({
        "events": waits.len(), "every_s": every,
        "p50_s": at(0.5), "p90_s": at(0.9), "p99_s": at(0.99), "max_s": at(1.0),
    })
}

async fn recoveries() -> Value {
    let mut recoveries = Vec::new();
    for crash in recovery::crashes().await {
        let took = recovery::of(&crash).await;
        recoveries.push(json!({
            "handler": crash.handler, "operation": crash.operation, "after": crash.after, "took_s": took.as_secs_f64(),
        }));
    }
    json!({ "recoveries": recoveries })
}
