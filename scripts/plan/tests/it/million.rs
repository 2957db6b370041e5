//! A million uploads are planned in at most 200 MB, also with tenants. A release build takes at
//! most 5 seconds.

use std::time::{Duration, Instant};

use crate::support::report;

/// The tests' build is slower, and their machine can be busy.
const MOST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 5 });
const MOST_KB: u64 = 200 * 1_024;

/// The most memory that this process has had, if the system tells.
fn most_memory_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// A hundred tenants upload as many, and nearly each event waits for its tenant.
#[test]
fn a_million_uploads_of_tenants_are_planned_in_seconds() {
    let began = Instant::now();
    let report = report(
        "--burst 1000000,tenants=100 --takes 20s --pace max_concurrency=10000,starts_per_second=300,burst=1000 \
         --tenants max_concurrency=50",
    );
    let took = began.elapsed();
    eprintln!(
        "a million uploads of tenants: {took:?}, {} deferred",
        report.deferred
    );
    assert_eq!((report.starts, report.left), (1_000_000, 0));
    assert!(report.deferred > 500_000, "{}", report.deferred);
    assert!(took < MOST, "{took:?}");
    if let Some(memory) = most_memory_kb() {
        assert!(memory < MOST_KB, "{memory} kB");
    }
}

#[test]
fn a_million_uploads_are_planned_in_seconds() {
    let began = Instant::now();
    let report = report(
        "--burst 1000000 --takes 20s --pace max_concurrency=10000,starts_per_second=300,burst=1000",
    );
    let took = began.elapsed();
    eprintln!("a million uploads: {took:?}");
    assert_eq!(
        (report.uploads, report.starts, report.left),
        (1_000_000, 1_000_000, 0)
    );
    assert!(took < MOST, "{took:?}");
    if let Some(memory) = most_memory_kb() {
        assert!(memory < MOST_KB, "{memory} kB");
    }
    // The rate holds them up: a million at 300 a second.
    let drained = report.drain_seconds.unwrap();
    assert!((3_300.0..3_600.0).contains(&drained), "{drained}");
    assert_eq!(report.held_by[0].code, "rate");
}
