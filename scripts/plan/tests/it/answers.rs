//! The answers of a plan.

use plan::told::report::Report;
use serde_json::Value;

use crate::support::{codes, report, told, wrong};

#[test]
fn the_limit_of_what_runs_holds_a_burst_up() {
    let report =
        report("--burst 2000 --takes 10s --pace max_concurrency=20 --pace starts_per_second=100");
    assert_eq!(report.held_by[0].code, "concurrency");
    assert_eq!(report.running.most, 20);
    // All are there when a poll looks that waits for them.
    assert_eq!(report.backlog.most, 2_000);
    // A hundred rounds of ten seconds, and the time to see that a slot is free.
    let drained = report.drain_seconds.unwrap();
    assert!((1_000.0..1_300.0).contains(&drained), "{drained}");
    let lane = &report.lanes[0];
    assert!(lane.p50_seconds < lane.p95_seconds && lane.p99_seconds <= lane.worst_seconds);
    assert_eq!(report.over_time.waiting.iter().max(), Some(&2_000));
}

#[test]
fn more_at_once_is_faster_and_compared_side_by_side() {
    let arrives = "--burst 2000 --takes 10s --pace starts_per_second=100";
    let before = told(&format!("{arrives} --pace max_concurrency=20"));
    let file = std::env::temp_dir().join(format!("spillway-plan-{}.json", std::process::id()));
    std::fs::write(&file, before.json.to_string()).unwrap();
    let now = told(&format!(
        "{arrives} --pace max_concurrency=40 --compare {}",
        file.display()
    ));
    std::fs::remove_file(&file).unwrap();
    let drained = |of: &str| now.json[of]["drain_seconds"].as_f64().unwrap();
    assert!(drained("now") < 0.6 * drained("before"));
    let line = now
        .text
        .lines()
        .find(|line| line.starts_with("max_concurrency"));
    let cells: Vec<&str> = line.unwrap().split_whitespace().collect();
    assert_eq!(cells, ["max_concurrency", "20", "40"]);
    assert!(
        !now.text.contains("starts_per_second  "),
        "what is the same is left out: {}",
        now.text
    );
}

#[test]
fn the_smallest_number_that_does_is_found() {
    let arrives = "--burst 2000 --takes 10s --pace starts_per_second=100";
    let found = told(&format!(
        "{arrives} --find max_concurrency --drain-within 5m"
    ));
    let number = found.json["found"].as_u64().unwrap();
    let drained = |number: u64| {
        let report = report(&format!("{arrives} --pace max_concurrency={number}"));
        report.drain_seconds.unwrap()
    };
    assert!(
        drained(number) <= 300.0 && drained(number - 1) > 300.0,
        "{number}"
    );
    assert!(
        found
            .text
            .starts_with(&format!("max_concurrency = {number} is the smallest"))
    );
}

#[test]
fn what_nothing_does_is_told_with_what_holds_it_up() {
    let arrives = "--burst 5000 --takes 1s --pace starts_per_second=10";
    let none = told(&format!(
        "{arrives} --find max_concurrency --drain-within 1m"
    ));
    assert!(!none.found);
    assert_eq!(none.json["found"], Value::Null);
    assert!(
        none.text.contains("starts_per_second holds it up most"),
        "{}",
        none.text
    );
    let cheap = told(&format!(
        "{arrives} --find max_concurrency --drain-within 1h --cost-below 0.01"
    ));
    assert!(!cheap.found, "{}", cheap.text);
}

#[test]
fn a_burst_that_is_not_drained_before_the_next_is_told() {
    let report = report("--burst 1000,every=10m --for 1h --takes 30s --pace max_concurrency=20");
    assert!(codes(&report).contains(&"overlap"), "{:?}", report.warnings);
    let overlap = report
        .warnings
        .iter()
        .find(|it| it.code == "overlap")
        .unwrap();
    assert!(
        overlap
            .what
            .contains("1,000 at Mon 00:00 is not drained before that of Mon 00:10"),
        "{}",
        overlap.what
    );
}

#[test]
fn a_pace_above_the_quota_is_throttled_and_told() {
    let line = "--burst 5000 --takes 1s --pace max_concurrency=5000 --pace starts_per_second=300 --pace burst=1000";
    let small = report(&format!("{line} --start-quota 150,400"));
    assert!(small.throttled > 0);
    assert!(codes(&small).contains(&"above-quota") && codes(&small).contains(&"throttled"));
    assert_eq!(
        (small.starts, small.left),
        (5_000, 0),
        "each starts in the end"
    );
    let large = report(&format!("{line} --start-quota 300,3000"));
    assert_eq!(large.throttled, 0);
    assert!(large.drain_seconds < small.drain_seconds);
}

#[test]
fn what_fails_always_is_dead_after_its_attempts() {
    let report = report(
        "--burst 1000 --takes 1s --fails UnknownDevice=10%,always --fails Timeout=1% --attempts 2 --backoff 5",
    );
    let unknown = report.dead_letters_by_error["UnknownDevice"];
    assert!((70..130).contains(&unknown), "{unknown}");
    assert_eq!(report.succeeded + report.dead_letters, 1_000);
    // Each of them ran twice.
    assert!(report.starts >= 1_000 + unknown);
    assert!(codes(&report).contains(&"dead-letters"));
}

#[test]
fn lanes_share_by_priority() {
    let lanes = "--lane urgent,priority=1 --lane bulk,priority=2,min_share=0.1";
    let report = report(&format!(
        "{lanes} --burst 1000,lane=bulk --burst 100,at=1m,lane=urgent --takes 5s --pace max_concurrency=20"
    ));
    let [urgent, bulk] = report.lanes.as_slice() else {
        panic!("{:?}", report.lanes);
    };
    assert!(
        urgent.worst_seconds < bulk.p95_seconds,
        "{urgent:?} {bulk:?}"
    );
}

#[test]
fn a_bound_of_a_lane_holds_that_lane_up_alone() {
    let lanes = "--lane urgent,priority=1 --lane bulk,priority=2,max_concurrency=2";
    let bursts = "--burst 40,lane=bulk --burst 40,lane=urgent";
    let report = report(&format!(
        "{lanes} {bursts} --takes 10s --pace max_concurrency=20"
    ));
    let [urgent, bulk] = report.lanes.as_slice() else {
        panic!("{:?}", report.lanes);
    };
    assert_eq!((report.succeeded, report.running.most), (80, 20));
    // 40 in 18 slots, and 40 in 2.
    assert!(
        urgent.worst_seconds.expect("some started") < 40.0,
        "{urgent:?}"
    );
    assert!(
        (180.0..300.0).contains(&bulk.worst_seconds.expect("some started")),
        "{bulk:?}"
    );
    assert_eq!(report.held_by[0].code, "concurrency");
}

#[test]
fn windows_bound_lanes_that_there_are() {
    let windows = r#"{"night":{"priority":1,"from":"00:00","to":"02:00","lanes":{"bluk":{"max_concurrency":1}}}}"#;
    let lanes = "--lane urgent,priority=1 --lane bulk,priority=2";
    let told = wrong(&format!(
        "{lanes} --burst 10 --takes 10s --windows {windows}"
    ));
    assert!(told.contains("it bounds the lane \"bluk\""), "{told}");
    let report = report(&format!(
        "{lanes} --burst 10,lane=bulk --takes 10s --windows {}",
        windows.replace("bluk", "bulk")
    ));
    assert_eq!(report.running.most, 1);
}

#[test]
fn a_window_that_pauses_holds_events_up() {
    let windows = r#"{"freeze":{"priority":1,"from":"00:00","to":"02:00","pause":true}}"#;
    let report = report(&format!("--burst 100 --takes 1s --windows {windows}"));
    assert!(
        report.first_start.as_deref() >= Some("2026-11-30T02:00:00Z"),
        "{:?}",
        report.first_start
    );
    assert_eq!(report.held_by[0].code, "window");
}

#[test]
fn a_days_starts_hold_the_rest_until_the_next_day() {
    let report = report("--burst 100 --takes 1s --starts-per-day 60");
    assert!(
        report.last_start.as_deref() >= Some("2026-12-01T00:00:00Z"),
        "{:?}",
        report.last_start
    );
    assert_eq!(report.held_by[0].code, "budget");
}

#[test]
fn an_order_lets_an_object_run_once_at_a_time() {
    let line = "--burst 200 --takes 5s --objects 4";
    let none = report(line);
    let each = report(&format!("{line} --order each"));
    assert_eq!((each.succeeded, each.running.most), (200, 4));
    assert!(each.drain_seconds > none.drain_seconds);
    let latest = report(&format!("{line} --order latest"));
    assert!(latest.superseded > 100, "{}", latest.superseded);
    assert_eq!(latest.succeeded + latest.superseded, 200);
    assert!(codes(&report("--burst 9 --takes 1s --order each")).contains(&"order"));
}

#[test]
fn a_batch_is_one_execution() {
    let report = report("--burst 1000 --takes 5s --events-per-execution 50");
    assert!((20..=30).contains(&report.starts), "{}", report.starts);
    assert_eq!(report.succeeded, 1_000);
}

#[test]
fn sixteen_partitions_take_more_starts_a_second() {
    let report = report(
        "--burst 20000 --takes 5s --pace slot_partitions=16,max_concurrency=20000,starts_per_second=2000,burst=1000 --start-quota 4000,4000",
    );
    assert_eq!(report.starts, 20_000);
    let drained = report.drain_seconds.unwrap();
    assert!(drained < 40.0, "{drained}");
}

#[test]
fn an_upload_starts_at_once_where_a_function_waits() {
    let line = "--rate 2/m --for 2h --takes 2s";
    let (stop, wait) = (report(line), report(&format!("{line} --idle wait")));
    assert!(stop.lanes[0].p50_seconds > Some(10.0));
    assert!(wait.lanes[0].p50_seconds < Some(2.0), "{:?}", wait.lanes);
    assert!(wait.dollars.idle_month > stop.dollars.idle_month + 3.0);
    assert!(
        codes(&stop).contains(&"waits-for-ticks"),
        "{:?}",
        stop.warnings
    );
}

#[test]
fn the_dollars_are_those_of_the_costs_page() {
    // docs/guide/costs.md: $3.67 per million and $1.50 a month for nothing.
    let report = report(
        "--burst 100000 --takes 20s --call 10ms --pace max_concurrency=10000,starts_per_second=300,burst=1000",
    );
    let dollars = &report.dollars;
    assert!(
        (3.4..4.1).contains(&dollars.per_million),
        "{}",
        dollars.per_million
    );
    assert!(
        (1.35..1.65).contains(&dollars.idle_month),
        "{}",
        dollars.idle_month
    );
    // Two transitions of each.
    let workflow = dollars.month["Step Functions (the workflow)"];
    assert!((workflow - 5.0).abs() < 0.01, "{workflow}");
}

#[test]
fn a_fifo_queue_costs_more_and_retries_at_once() {
    let line = "--burst 10000 --takes 2s --fails 5% --via lambda";
    let standard = report(&format!("{line} --backoff 0"));
    let fifo = report(&format!("{line} --fifo"));
    assert!(fifo.given.fifo && fifo.given.via == "lambda");
    assert_eq!(fifo.given.backoff_seconds, [0]);
    assert_eq!(fifo.drain_seconds, standard.drain_seconds);
    // A million requests cost ten cents more: those to the events queue alone.
    let busy = |report: &Report| report.dollars.month["SQS"] - report.dollars.idle_month;
    let requests = (busy(&fifo) - busy(&standard)) / 0.1e-6 / 10_000.0;
    // Each event is sent, one in twenty again, and ten are received and deleted together.
    assert!((1.2..1.5).contains(&requests), "{requests}");
}

#[test]
fn the_same_seed_is_the_same_answer() {
    let line = "--rate 100/m --for 1h --takes 2s..20s --fails 3%";
    assert_eq!(told(line).json, told(line).json);
    assert_ne!(told(line).json, told(&format!("{line} --seed 2")).json);
}

#[test]
fn what_is_wrong_is_named_with_its_remedy() {
    for (line, part) in [
        ("--takes 5s", "nothing arrives: give --burst 10000"),
        ("--burst 10", "--takes <LENGTH>"),
        ("--burst many --takes 5s", "'many' is no number of uploads"),
        ("--burst 10 --takes soon", "neither a length such as 20s"),
        (
            "--burst 10 --takes 5s --pace speed=5",
            "there are max_concurrency, starts_per_second",
        ),
        (
            "--burst 10,lane=urgent --takes 5s",
            "--lane urgent,priority=1 makes one",
        ),
        (
            "--burst 10 --takes 5s --windows no-such-file",
            "no-such-file cannot be read",
        ),
        (
            "--burst 10 --takes 5s --terraform no-such-file",
            "no-such-file cannot be read",
        ),
        (
            "--burst 10 --takes 5s --order each --events-per-execution 5",
            "leave out one of the two",
        ),
        (
            "--burst 10 --takes 5s --fifo --via sqs",
            "S3 cannot send to a FIFO queue",
        ),
        (
            "--burst 10 --takes 5s --fifo --objects 5",
            "a version of an object waits for the one before it",
        ),
        (
            "--burst 10 --takes 5s --fifo --events-per-execution 5",
            "has no place in the order of one",
        ),
        (
            "--burst 10 --takes 5s --fifo --tenants max_concurrency=5",
            "leaves the order of its object",
        ),
        (
            "--burst 10 --takes 5s --fifo --backoff 30",
            "cannot be delayed: give 0",
        ),
        (
            "--burst 10 --takes 5s --fails 60% --fails A=60%",
            "the shares are 120 % together",
        ),
        (
            "--burst 10 --takes 5s --find burst --drain-within 5m",
            "cannot be searched for",
        ),
        (
            "--burst 10 --takes 5s --find max_concurrency",
            "--drain-within",
        ),
        (
            "--burst 10 --takes 5s --from monday",
            "--from monday: give a time",
        ),
        (
            "--burst 10 --takes 5s --start-quota x",
            "starts a second and at once",
        ),
        (
            "--burst 10 --takes 5s --pace max_concurrency=0",
            "give 1 or more",
        ),
        (
            "--burst 10 --takes 5s --pace burst=5000",
            "--pace burst=5000: give 1 to 1000",
        ),
        (
            "--burst 10 --takes 5s --pace starts_per_tick=0",
            "give 1 or more",
        ),
        (
            "--burst 10 --takes 5s --times no-such-file",
            "give a file that is there",
        ),
        (
            "--burst 10 --takes 5s --compare no-such-file",
            "no-such-file cannot be read",
        ),
    ] {
        let told = wrong(line);
        assert!(told.contains(part), "{line}: {told}");
    }
}
