//! The time of a look at a large pipeline.

use std::time::{Duration, Instant};

use crate::support::pipeline;

const LATENCY: Duration = Duration::from_millis(20);

#[tokio::test]
async fn a_status_of_ten_thousand_that_run_takes_two_seconds_and_seven_hundred_units() {
    let pipeline = pipeline(&[("SPILLWAY_MAX_CONCURRENCY", "10000")]);
    pipeline.ticked(10);
    for number in 0..10_000 {
        // A name and a key as long as most are.
        let execution =
            format!("status-2026-11-22-device-{number:05}-json-0123456789abcdef0123456789abcdef-1");
        pipeline.slot(
            &execution,
            &format!("my-company-uploads/status/2026/11/22/device-{number:05}.json"),
            5,
        );
    }
    pipeline.events.inject(
        "one of a million: their number is an attribute of the queue, however many there are",
    );
    pipeline.aws.set_latency(LATENCY, LATENCY);
    let before = pipeline.aws.consumed_capacity();
    let began = Instant::now();
    let answer = pipeline.well(&["status"]).await;
    let took = began.elapsed();
    assert_eq!(answer.json["running"]["slots"], 10_000);
    let units = pipeline.aws.consumed_capacity().read - before.read;
    println!(
        "{took:?}, {units} read units, of which the slots {}",
        answer.json["read_units"]
    );
    assert!(units <= 700.0, "{units} read units");
    assert!(took <= Duration::from_secs(2), "{took:?}");
}

#[test]
fn the_program_starts_in_twenty_milliseconds() {
    let start = |_| {
        let began = Instant::now();
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_spillway"));
        let said = program.arg("--version").output().unwrap();
        assert!(said.status.success() && said.stdout.starts_with(b"spillway "));
        began.elapsed()
    };
    // The quickest of some: the others waited for a machine that had something else to do.
    let quickest = (0..20).map(start).min().unwrap();
    println!("{quickest:?}");
    assert!(quickest <= Duration::from_millis(20), "{quickest:?}");
}

#[test]
fn completions_and_the_manual_page_name_every_command() {
    let said = |arguments: &[&str]| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_spillway"));
        let output = program.args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let texts = [
        said(&["completions", "bash"]),
        said(&["completions", "zsh"]),
        said(&["man"]),
    ];
    for command in [
        "status", "explain", "redrive", "replay", "discard", "backfill", "history", "doctor",
    ] {
        assert!(texts.iter().all(|text| text.contains(command)), "{command}");
    }
}
