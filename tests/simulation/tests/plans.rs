//! The answers of `spillway plan` agree with the real handlers, in cases drawn at random: within 5
//! % or a second.

use std::ops::Range;

use simulation::plans::{Case, drawn, simulated};

/// Each case that is checked.
const CASES: Range<u64> = 1..21;

/// Runs a case, and returns the numbers that are apart, in words.
fn apart(seed: u64) -> Vec<String> {
    let case = drawn(seed);
    let given = case.given().expect("drawn ones are right");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime of this thread needs nothing");
    let run = runtime.block_on(simulated(&given));
    let planned = Case::planned(&given);
    println!("{seed}: spillway plan {case}\n  planned:      {planned}\n  the handlers: {run}");
    let apart = planned.apart_from(&run).into_iter();
    apart.map(|it| format!("{seed}: {it}")).collect()
}

#[track_caller]
fn agree(seeds: Range<u64>) {
    let apart: Vec<String> = seeds.flat_map(apart).collect();
    assert!(apart.is_empty(), "{apart:#?}");
}

#[test]
fn the_first_five_cases_agree() {
    agree(CASES.start..CASES.start + 5);
}

#[test]
fn the_next_five_cases_agree() {
    agree(CASES.start + 5..CASES.start + 10);
}

#[test]
fn five_more_cases_agree() {
    agree(CASES.start + 10..CASES.start + 15);
}

/// Checks others in their place with `SEEDS=21..71 cargo nextest run -p simulation
/// last_five_cases`.
#[test]
fn the_last_five_cases_agree() {
    let seeds = std::env::var("SEEDS");
    agree(seeds.map_or(CASES.start + 15..CASES.end, |seeds| {
        let (from, to) = seeds.split_once("..").expect("SEEDS=from..to");
        from.parse().expect("a number")..to.parse().expect("a number")
    }));
}

/// Every option that changes a time is among them.
#[test]
fn the_cases_are_of_all_that_a_plan_can_be_given() {
    let lines: Vec<String> = CASES.map(|seed| format!("{} ", drawn(seed))).collect();
    for part in [
        "--burst ",
        ",over=",
        ",every=",
        ",random=",
        "--rate ",
        "--curve ",
        "--takes ",
        "--fails ",
        "%,always ",
        "--attempts ",
        "--backoff ",
        "--events-per-execution ",
        "--order latest ",
        "--order each ",
        "max_concurrency=",
        "starts_per_second=",
        "burst=",
        "starts_per_tick=",
        "slot_partitions=16 ",
        "--starts-per-day ",
        "min_share=",
        "--tenants max_concurrency=",
        ",tenant=heavy ",
        ",tenants=",
        "--windows ",
        "\"pause\":true",
        "\"pace\":",
        "--via sqs ",
        "--via lambda ",
        "--idle wait ",
        "--tick-seconds ",
        "--schedule ",
        "--call ",
        "--delivery ",
        "--event-delay ",
        "--start-quota ",
        "--target-limit ",
        "--target-outage ",
        "--adapt errors=*Throttl*",
        "--adapt errors=*Throttl*;Timeout",
        "--adapt errors=Target.*",
        ",uncounted_max=0 ",
        "--fifo ",
    ] {
        assert!(lines.iter().any(|line| line.contains(part)), "{part}");
    }
    let lanes = |line: &&String| line.contains("--lane ") && line.contains(",max_concurrency=");
    assert!(lines.iter().any(|line| lanes(&line)), "a lane's bound");
}
