use aws::error::AwsError;
use aws::ledger::{About, LeaseSeen, Steering};
use spillway::pace::adapt::circuit::Circuit;
use spillway::pace::day::DayStarts;
use spillway::pace::layout::Layout;
use spillway::pace::tokens::Carried;
use spillway::record::lease::Left;
use spillway::record::row::RowKey;
use spillway::record::slot::{Slot, Work};

use super::*;
use crate::status::seen::{LogLine, Metrics, QueueSeen, Schedule, SettleSeen};

/// 2026-11-22T10:00:00Z.
const NOW: Millis = 1_795_341_600_000;

fn config(change: impl Fn(&str) -> Option<String>) -> Config {
    let lanes = r#"[{"name": "default", "queue_url": "https://sqs/p_events_default",
        "dead_letter_queue_url": "https://sqs/p_events-dlq_default", "priority": 1, "min_share": 0}]"#;
    let configured = |name: &str| match name {
        "SPILLWAY_LANES" => Some(lanes.to_owned()),
        "SPILLWAY_RETENTION_DAYS" => Some("90".to_owned()),
        "SPILLWAY_MAX_CONCURRENCY" => Some("2".to_owned()),
        "SPILLWAY_STARTS_PER_SECOND" => Some("2.5".to_owned()),
        "SPILLWAY_BURST" | "SPILLWAY_SWEEP_PER_TICK" => Some("50".to_owned()),
        "SPILLWAY_TICK_SECONDS" => Some("56".to_owned()),
        "SPILLWAY_EXECUTION_TIMEOUT_SECONDS" => Some("60".to_owned()),
        "SPILLWAY_SWEEP_AFTER_SECONDS" => Some("300".to_owned()),
        "SPILLWAY_LEDGER_ARN"
        | "SPILLWAY_LEDGER_TABLE"
        | "SPILLWAY_PIPELINE"
        | "SPILLWAY_OUTCOMES_QUEUE_URL"
        | "SPILLWAY_STATE_MACHINE_ARN" => Some("x".to_owned()),
        _ => None,
    };
    Config::from_environment(&|name| change(name).or_else(|| configured(name))).unwrap()
}

fn queue(stage: Stage, waiting: u64) -> QueueSeen {
    QueueSeen {
        stage,
        lane: None,
        name: "p_queue".into(),
        url: String::new(),
        waiting,
        in_flight: 0,
        delayed: 0,
    }
}

fn slot(seconds: Millis) -> Slot {
    Slot {
        execution: format!("run-{seconds}"),
        layout: Layout::default(),
        lane: None,
        taken_at: NOW - seconds * 1_000,
        work: Work::Row(RowKey {
            pk: "b/k".into(),
            sk: "s#1".into(),
        }),
        ordered: false,
        state_machine_arn: "x".into(),
        pending: false,
        generation: None,
    }
}

/// A pipeline with messages in its queue; its ticks run and start nothing.
fn still() -> Seen {
    Seen {
        now: NOW,
        steering: Some(Ok(Steering::default())),
        lease: LeaseSeen {
            left: Left {
                tokens: Some(Carried {
                    tokens: 1.0,
                    at: NOW - 20_000,
                    rate: None,
                }),
                ..Left::default()
            },
            ..LeaseSeen::default()
        },
        queues: vec![queue(Stage::Events, 7)],
        schedule: Some(Some(Schedule {
            enabled: true,
            expression: "rate(1 minute)".into(),
        })),
        settle: SettleSeen {
            mapped: Some(true),
            ..SettleSeen::default()
        },
        metrics: Some(Metrics {
            started: vec![0; 15],
            ..Metrics::default()
        }),
        ..Seen::default()
    }
}

fn judged(seen: &Seen) -> Verdict {
    verdict("p", &config(|_| None), seen)
}

fn first(seen: &Seen) -> (&'static str, Level, String) {
    let verdict = judged(seen);
    let finding = verdict.findings.first().expect("a finding");
    (finding.code, finding.level, verdict.sentence.clone())
}

#[test]
fn a_pipeline_that_works_is_healthy_in_one_sentence() {
    let mut seen = still();
    seen.slots.slots = vec![slot(30)];
    let metrics = seen.metrics.as_mut().unwrap();
    (metrics.started, metrics.backlog) = (vec![7; 15], vec![14; 15]);
    let verdict = judged(&seen);
    assert!(verdict.healthy && !verdict.nothing_starts);
    assert_eq!(
        verdict.sentence,
        "Healthy: 1 of 2 run, 7 wait, drained in about 1 min at the present rate."
    );
    seen.queues[0].waiting = 0;
    assert_eq!(judged(&seen).sentence, "Healthy: 1 of 2 run, 0 wait.");
}

/// A burst begins after an idle time, and a dozen of a thousand have started.
#[test]
fn after_an_idle_time_nobody_knows_the_rate_yet() {
    let mut seen = still();
    seen.queues[0].waiting = 1_000;
    seen.slots.slots = vec![slot(1)];
    let metrics = seen.metrics.as_mut().unwrap();
    (metrics.started, metrics.backlog) = (vec![0; 15], vec![0; 15]);
    metrics.started[13] = 12;
    assert_eq!(
        judged(&seen).sentence,
        "Healthy: 1 of 2 run, 1000 wait, drained in 6 min at the earliest."
    );
    // As soon as a tick has left something. 2.5 a second are allowed.
    let metrics = seen.metrics.as_mut().unwrap();
    (metrics.started[13], metrics.backlog[13]) = (100, 1_000);
    let draining = |millis, per_minute| Draining { millis, per_minute };
    assert_eq!(judged(&seen).drain, Drain::In(draining(600_000, 100.0)));
    seen.metrics.as_mut().unwrap().started[13] = 1_000;
    assert_eq!(judged(&seen).drain, Drain::In(draining(400_000, 150.0)));
    // It was paused meanwhile.
    seen.slots.slots.clear();
    seen.metrics.as_mut().unwrap().started = vec![0; 15];
    assert_eq!(judged(&seen).drain, Drain::Unknown);
}

#[test]
fn an_idle_pipeline_is_healthy() {
    let mut seen = still();
    seen.queues[0].waiting = 0;
    assert!(judged(&seen).healthy);
}

#[test]
fn a_pause_says_who_why_and_until_when() {
    let mut seen = still();
    let mut steering = Steering::default();
    steering.control.paused = Some(true);
    steering
        .control
        .until
        .insert("paused".into(), NOW + 3_600_000);
    let about = About {
        by: Some("arn:aws:iam::1:user/alice".into()),
        since: Some("2026-11-22T09:00:00Z".into()),
        note: Some("target is down".into()),
        until: Some(NOW + 3_600_000),
    };
    steering.about.insert("paused".into(), about);
    seen.steering = Some(Ok(steering));
    let verdict = judged(&seen);
    assert!(verdict.healthy && verdict.nothing_starts);
    assert_eq!(
        verdict.sentence,
        "Nothing starts, on purpose: paused by arn:aws:iam::1:user/alice since 2026-11-22T09:00:00Z (target is down) until \
         2026-11-22T11:00:00Z. 0 of 2 run, 7 wait."
    );
    assert_eq!(
        verdict.findings[0].next.as_deref(),
        Some("spillway -p p resume")
    );
    // Over, it is no reason any more.
    seen.now += 3_600_000;
    seen.lease.left.tokens.as_mut().unwrap().at += 3_600_000;
    assert_eq!(first(&seen).0, "standing-still");
}

#[test]
fn a_window_that_pauses_is_named_with_its_end() {
    let windows =
        r#"[{"name": "freeze", "priority": 1, "from": "09:00", "to": "11:30", "pause": true}]"#;
    let config = config(|name| (name == "SPILLWAY_WINDOWS").then(|| windows.to_owned()));
    let verdict = verdict("p", &config, &still());
    assert!(verdict.healthy);
    assert!(
        verdict
            .sentence
            .contains("the window freeze pauses until 2026-11-22T11:30:00Z"),
        "{}",
        verdict.sentence
    );
}

#[test]
fn a_rule_that_is_disabled_or_gone_stops_everything() {
    let mut seen = still();
    seen.schedule.as_mut().unwrap().as_mut().unwrap().enabled = false;
    seen.lease.left.tokens.as_mut().unwrap().at -= 3_600_000;
    let (code, level, sentence) = first(&seen);
    assert_eq!((code, level), ("rule-disabled", Level::Stopped));
    assert!(
        sentence.starts_with("Not healthy: the rule p_tick is disabled, so no tick runs"),
        "{sentence}"
    );
    // The missing ticks need no second finding.
    assert_eq!(judged(&seen).findings.len(), 1);
    seen.schedule = Some(None);
    assert_eq!(first(&seen).0, "no-rule");
}

#[test]
fn a_function_that_cannot_run_or_fails_is_told_with_its_error() {
    let mut seen = still();
    seen.reserved = Some(0);
    assert_eq!(first(&seen).0, "function-throttled");
    seen.reserved = None;
    seen.metrics.as_mut().unwrap().errors = 2;
    assert_eq!(first(&seen).0, "ticks-fail");
    let message =
        "no execution can be started: AccessDeniedException: no. Claimed events keep their slots"
            .to_owned();
    seen.last_problem = Some(LogLine { at: NOW, message });
    let (code, level, sentence) = first(&seen);
    assert_eq!((code, level), ("start-forbidden", Level::Stopped));
    assert!(
        sentence.contains(
            "2 ticks failed in the last 5 minutes: no execution can be started: AccessDenied"
        ),
        "{sentence}"
    );
}

#[test]
fn no_tick_for_three_periods_is_told_and_a_new_pipeline_is_told_apart() {
    let mut seen = still();
    seen.lease.left.tokens.as_mut().unwrap().at = NOW - 181_000;
    let (code, level, sentence) = first(&seen);
    assert_eq!((code, level), ("no-tick", Level::Stopped));
    assert!(
        sentence.contains("no tick for 3 min 1 s: the last one was at 2026-11-22T09:56:59Z"),
        "{sentence}"
    );
    seen.lease.left.tokens.as_mut().unwrap().at = NOW - 179_000;
    assert_eq!(first(&seen).0, "standing-still");
    seen.lease = LeaseSeen::default();
    assert!(first(&seen).2.contains("no tick has run yet"));
    seen.queues[0].waiting = 0;
    assert!(judged(&seen).healthy);
}

#[test]
fn slots_that_are_all_taken_are_told_with_the_oldest() {
    let mut seen = still();
    seen.slots.slots = vec![slot(400), slot(500)];
    let (code, level, sentence) = first(&seen);
    assert_eq!((code, level), ("slots-taken", Level::Degraded));
    assert!(
        sentence.contains("every slot is taken (2 of 2); the oldest by run-500 since"),
        "{sentence}"
    );
    // As long as they come and go, that is the limit's purpose.
    seen.slots.slots = vec![slot(10), slot(20)];
    assert!(judged(&seen).healthy);
    // Timeout 60 s, sweep after 300 s and ten minutes.
    seen.slots.slots = vec![slot(961)];
    assert_eq!(first(&seen).0, "overdue");
}

#[test]
fn the_days_limit_counts_on_its_day_only() {
    let config = config(|name| (name == "SPILLWAY_STARTS_PER_DAY").then(|| "100".to_owned()));
    let mut seen = still();
    let day = |day: &str| DayStarts {
        day: day.parse().unwrap(),
        starts: 100,
        next_day: 0,
    };
    seen.lease.left.day = Some(day("2026-11-22"));
    assert!(
        verdict("p", &config, &seen)
            .sentence
            .contains("the day's limit is reached (100 of 100 starts)")
    );
    seen.lease.left.day = Some(day("2026-11-21"));
    assert_eq!(
        verdict("p", &config, &seen).findings[0].code,
        "standing-still"
    );
}

#[test]
fn a_dead_ticks_lease_is_told_with_its_end_and_a_living_ones_is_not() {
    let mut seen = still();
    seen.lease.holder = Some("tick".into());
    seen.lease.held_since = Some(NOW - 40_000);
    seen.lease.expires_at = Some(NOW + 20_000);
    let (code, level, sentence) = first(&seen);
    assert_eq!((code, level), ("lease-held", Level::Degraded));
    assert!(
        sentence.contains("holds the lease until 2026-11-22T10:00:20Z (in 20 s)"),
        "{sentence}"
    );
    seen.lease.expires_at = Some(NOW + 40_000);
    assert_eq!(first(&seen).0, "standing-still");
    // The lease of a tick near its end has as little left.
    seen.lease.held_since = Some(NOW - 61_000);
    seen.lease.expires_at = Some(NOW + 20_000);
    assert_eq!(first(&seen).0, "standing-still");
}

#[test]
fn the_lease_lasts_as_dispatch_and_terraform_say() {
    let terraform = include_str!("../../../../../terraform/dispatch.tf");
    let seconds = (AFTER_DRAIN - BEYOND_DEADLINE) / 1_000;
    assert!(terraform.contains(&format!("schedule.tick_seconds + {seconds}\n")));
    assert_eq!((RENEWED_WITHIN, AFTER_DRAIN), (30_000, 25_000));
}

#[test]
fn a_control_item_that_no_tick_can_read_is_told_as_ticks_tell_it() {
    let mut seen = still();
    let problem = AwsError::Ledger {
        item: "item (pk = control, sk = dispatch)".into(),
        reason: "it has \"max_concurency\"".into(),
    };
    seen.steering = Some(Err(problem.to_string()));
    let (code, level, sentence) = first(&seen);
    assert_eq!((code, level), ("control-unusable", Level::Stopped));
    assert!(sentence.contains("max_concurency"), "{sentence}");
    let mut steering = Steering::default();
    steering.control.pace.max_concurrency = Some(200_000);
    seen.steering = Some(Ok(steering));
    assert!(first(&seen).2.contains("max_concurrency is 200000"));
}

#[test]
fn dead_letters_need_a_person() {
    let mut seen = still();
    seen.queues[0].waiting = 0;
    seen.queues.push(queue(Stage::IngestFailures, 3));
    let verdict = judged(&seen);
    assert!(!verdict.healthy);
    assert_eq!(
        verdict.findings[0].what,
        "3 dead letters of stage ingest, in p_queue"
    );
}

#[test]
fn the_worst_comes_first() {
    let mut seen = still();
    seen.queues.push(queue(Stage::EventsDead, 1));
    seen.settle.mapped = Some(false);
    let codes: Vec<_> = judged(&seen)
        .findings
        .iter()
        .map(|finding| finding.code)
        .collect();
    assert_eq!(codes, ["settle-disabled", "dead-letters", "standing-still"]);
}

#[test]
fn what_could_not_be_looked_at_is_not_healthy() {
    let mut seen = still();
    seen.slots.slots = vec![slot(30)];
    seen.unknown = vec!["Missing permission: cloudwatch:GetMetricData".into()];
    let verdict = judged(&seen);
    assert!(!verdict.healthy);
    assert!(
        verdict
            .sentence
            .starts_with("Healthy as far as could be seen, which is not all: 1 of 2 run"),
        "{}",
        verdict.sentence
    );
    assert_eq!(first(&seen).0, "not-known");
    // A fault that was seen comes first.
    seen.queues.push(queue(Stage::EventsDead, 1));
    assert_eq!(first(&seen).0, "dead-letters");
}

#[test]
fn without_a_rate_a_missing_tick_is_said_after_an_hour() {
    let mut seen = still();
    let ended = |minutes: Millis| {
        Some(Carried {
            tokens: 1.0,
            at: NOW - minutes * MINUTE,
            rate: None,
        })
    };
    seen.queues[0].waiting = 0;
    for schedule in [
        Some(Some(Schedule {
            enabled: true,
            expression: "cron(0/5 * * * ? *)".into(),
        })),
        None,
    ] {
        seen.schedule = schedule;
        seen.lease.left.tokens = ended(59);
        assert!(judged(&seen).healthy);
        seen.lease.left.tokens = ended(61);
        let (code, level, what) = first(&seen);
        assert_eq!((code, level), ("no-tick", Level::Stopped));
        assert!(what.contains("this is said after 1 h"), "{what}");
    }
}

#[test]
fn one_tick_that_failed_is_no_standstill() {
    let mut seen = still();
    let metrics = seen.metrics.as_mut().unwrap();
    (metrics.started, metrics.errors) = (vec![100; 15], 1);
    let (code, level, _) = first(&seen);
    assert_eq!((code, level), ("ticks-fail", Level::Degraded));
    // And it explains no missing tick.
    seen.lease.left.tokens = Some(Carried {
        tokens: 1.0,
        at: NOW - 10 * MINUTE,
        rate: None,
    });
    assert_eq!(first(&seen).0, "no-tick");
}

#[test]
fn what_a_tick_has_written_ahead_is_no_days_limit() {
    let mut seen = still();
    let limited = config(|name| (name == "SPILLWAY_STARTS_PER_DAY").then(|| "100".to_owned()));
    seen.lease.left.day = Some(DayStarts {
        day: "2026-11-22".parse().unwrap(),
        starts: 100,
        next_day: 0,
    });
    seen.lease.holder = Some("tick".into());
    let judged = |seen: &Seen| {
        let verdict = verdict("p", &limited, seen);
        let mut findings = verdict.findings.into_iter();
        findings.find(|one| one.code == "day-limit")
    };
    assert!(
        judged(&seen)
            .unwrap()
            .what
            .contains("perhaps reached (at most 100")
    );
    seen.metrics.as_mut().unwrap().started = vec![7; 15];
    assert_eq!(judged(&seen), None);
    seen.lease.holder = None;
    assert!(
        judged(&seen)
            .unwrap()
            .what
            .contains("is reached (100 of 100")
    );
}

#[test]
fn an_open_circuit_says_why_nothing_starts() {
    let adapts = |name: &str| {
        let adapt = r#"{"errors": ["*Throttl*"], "tolerated_share": 0.05, "slowest_starts_per_second": 0.1, "uncounted_max": 20}"#;
        (name == "SPILLWAY_ADAPT").then(|| adapt.to_owned())
    };
    let finding = |state| {
        let mut seen = still();
        let mut circuit = Circuit::new(NOW - 60_000);
        circuit.state = state;
        seen.lease.left.circuit = Some(circuit);
        let verdict = verdict("p", &config(adapts), &seen);
        let mut findings = verdict.findings.into_iter();
        findings
            .find(|it| ["circuit-open", "slowed"].contains(&it.code))
            .map(|it| (it.code, it.blocks, it.what))
    };
    let open = State::Open {
        probe_at: NOW + 9_000,
        probe_after: 9_000,
    };
    let (code, blocks, what) = finding(open).expect("a finding");
    assert_eq!((code, blocks), ("circuit-open", true));
    assert!(what.contains("the next one at 2026"), "{what}");
    let (code, blocks, what) = finding(State::Slowed { rate: 2.5 }).expect("a finding");
    assert_eq!((code, blocks), ("slowed", false));
    assert!(what.contains("2.5 a second"), "{what}");
    assert_eq!(finding(State::Closed), None);
}

#[test]
fn a_lane_that_has_all_the_slots_that_it_may_says_why_its_events_wait() {
    let lanes = r#"[{"name": "default", "queue_url": "q", "dead_letter_queue_url": "d", "priority": 1},
        {"name": "bulk", "queue_url": "q2", "dead_letter_queue_url": "d2", "priority": 2, "max_concurrency": 1}]"#;
    let config = config(|name| match name {
        "SPILLWAY_LANES" => Some(lanes.to_owned()),
        "SPILLWAY_MAX_CONCURRENCY" => Some("10".to_owned()),
        _ => None,
    });
    let of_lane = |lane: &str, waiting| QueueSeen {
        lane: Some(lane.to_owned()),
        ..queue(Stage::Events, waiting)
    };
    let of_bulk = Slot {
        lane: Some("bulk".to_owned()),
        ..slot(30_000)
    };
    let seen = |default, bounded: Option<u32>| {
        let mut steering = Steering::default();
        let bounded = bounded.map(|max| ("bulk".to_owned(), max));
        steering.control.lanes.extend(bounded);
        let mut seen = Seen {
            now: NOW,
            steering: Some(Ok(steering)),
            queues: vec![of_lane("default", default), of_lane("bulk", 7)],
            ..Seen::default()
        };
        seen.slots.slots = vec![of_bulk.clone()];
        verdict("p", &config, &seen)
    };
    let found = |default, bounded| {
        let found = seen(default, bounded).findings.into_iter();
        let mut found = found.filter(|finding| finding.code == "lane-full");
        found.next().map(|it| (it.level, it.what, it.blocks))
    };
    let (level, what, blocks) = found(0, None).unwrap();
    assert_eq!(
        what,
        "the lane bulk has all the slots of its bound (1 of 1)"
    );
    assert_eq!((level, blocks), (Level::Degraded, true));
    // Nobody knows by this why the other lane waits.
    assert!(!found(3, None).unwrap().2);
    assert_eq!(found(0, Some(2)), None);
    let (level, what, _) = found(0, Some(0)).unwrap();
    assert_eq!(
        (level, what.as_str()),
        (
            Level::Notice,
            "lanes.bulk.max_concurrency is 0, so nothing of that lane starts"
        )
    );
}
