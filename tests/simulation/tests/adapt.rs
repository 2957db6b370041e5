//! The adaptive pace and its circuit, against targets that take less than the pace allows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fake_aws::{Execution, Fault, Status};
use simulation::target::{ERROR, Takes, Target};
use simulation::{Background, LEDGER, Pipeline, Settings, Ticked, Upload, Verdict};
use spillway::pace::adapt::Adapt;
use spillway::pace::adapt::errors::Errors;
use spillway::protocol::holding::Idle;
use tokio::task::JoinSet;

const MINUTE: i64 = 60_000;

fn adapt() -> Adapt {
    Adapt {
        errors: Errors::new(vec!["*Throttl*".into()]).expect("errors"),
        tolerated_share: 0.05,
        slowest: 0.1,
        uncounted_max: 20,
    }
}

fn settings() -> Settings {
    let mut settings = Settings {
        adapt: Some(adapt()),
        ..Settings::default()
    };
    settings.pace.max_concurrency = 1_000;
    settings.pace.starts_per_second = 25.0;
    settings.pace.burst = 50;
    settings.retry.backoff_seconds = vec![30, 300];
    settings.event_delay = Duration::from_millis(500);
    settings
}

/// A pipeline whose executions take so long, by a target.
fn pipeline(settings: Settings, takes: Takes, seconds: u64) -> Pipeline {
    let mut target = None;
    let pipeline = Pipeline::new(settings, move |execution| {
        let now = execution.started_ms;
        let target = target.get_or_insert_with(|| Target::new(takes, now));
        target.ending(Duration::from_secs(seconds), now)
    });
    pipeline.aws.count_calls_only();
    pipeline
}

/// Uploads so many objects. Returns them.
fn upload(pipeline: &Pipeline, events: u32) -> Vec<Upload> {
    let uploads: Vec<Upload> = (0..events)
        .map(|number| Upload::new(&format!("status/{number}.json"), number + 1))
        .collect();
    uploads.iter().for_each(|upload| pipeline.upload(upload));
    uploads
}

/// Runs schedule and mapping until everything is settled, so many ticks at the most. Returns the
/// metrics of each tick.
async fn work_off(pipeline: &Pipeline, most_ticks: u32) -> Vec<dispatch::Counts> {
    let settling: Vec<Background> = (0..10).map(|_| pipeline.settle_in_background()).collect();
    let (mut ticks, mut under_way) = (Vec::new(), JoinSet::new());
    for _ in 0..most_ticks {
        let next = tokio::time::Instant::now() + pipeline.settings.schedule;
        // A tick that waits for events ends when the next one takes over.
        let ticking = pipeline.clone();
        under_way.spawn(async move { ticking.tick().await });
        tokio::time::sleep_until(next).await;
        while let Some(ticked) = under_way.try_join_next() {
            ticks.push(ticked.expect("no tick panics").well());
        }
        if pipeline.is_quiet() {
            break;
        }
    }
    for ticked in under_way.join_all().await {
        ticks.push(ticked.well());
    }
    drop(settling);
    ticks
}

/// When the first execution began and the last one ended, in milliseconds.
fn span(executions: &[Execution]) -> (i64, i64) {
    let began = executions.iter().map(|it| it.started_ms).min();
    let ended = executions.iter().filter_map(|it| it.stopped_ms).max();
    (began.unwrap_or_default(), ended.unwrap_or_default())
}

fn failed(executions: &[Execution]) -> usize {
    let failed = executions.iter().filter(|it| it.status == Status::Failed);
    failed.count()
}

/// Successes a second that ended between these times after the first start, in milliseconds.
fn rate(executions: &[Execution], from: i64, to: i64) -> f64 {
    let (began, _) = span(executions);
    let between = |it: &&Execution| {
        let ended = it
            .stopped_ms
            .is_some_and(|at| (from..to).contains(&(at - began)));
        ended && it.status == Status::Succeeded
    };
    executions.iter().filter(between).count() as f64 / ((to - from) as f64 / 1_000.0)
}

fn all_succeeded(pipeline: &Pipeline, uploads: &[Upload]) {
    assert!(pipeline.is_quiet(), "{}", pipeline.describe());
    let verdict = Verdict::of(pipeline, uploads);
    verdict.expect_kept("at the end", 1_000);
    assert_eq!(verdict.dead, 0);
}

/// Returns the circuit of the lease: its state and its generation.
fn circuit(pipeline: &Pipeline) -> (String, u32) {
    let lease = pipeline.aws.dynamodb().item(LEDGER, "lease", "dispatch");
    let circuit = &lease.expect("a lease")["circuit"]["M"];
    let text = |name: &str, kind: &str| circuit[name][kind].as_str().unwrap_or("?").to_owned();
    (
        text("state", "S"),
        text("generation", "N").parse().expect("a number"),
    )
}

#[tokio::test(start_paused = true)]
async fn a_target_that_takes_ten_a_second_hardly_fails_and_is_kept_busy() {
    // Without the seconds between two ticks, in which nothing starts.
    let mut settings = settings();
    settings.idle = Idle::Wait;
    settings.tick = 2 * settings.schedule;
    let pipeline = pipeline(settings, Takes::PerSecond(10.0), 2);
    let uploads = upload(&pipeline, 10_000);
    let ticks = work_off(&pipeline, 60).await;
    let executions = pipeline.aws.sfn().executions();
    let (began, ended) = span(&executions);
    let failed = failed(&executions) as f64 / executions.len() as f64;
    let of_ideal = 1_000_000.0 / (ended - began) as f64;
    println!(
        "{failed:.4} failed, {of_ideal:.3} of the ideal, {} ticks",
        ticks.len()
    );
    assert!(failed < 0.02, "{failed} of the attempts failed");
    assert!(of_ideal >= 0.85, "{of_ideal} of the ideal");
    all_succeeded(&pipeline, &uploads);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_twenty_minutes_costs_next_to_nothing_and_is_over_soon() {
    let outage = Takes::OutageBetween(5 * MINUTE, 25 * MINUTE);
    let pipeline = pipeline(settings(), outage, 2);
    let uploads = upload(&pipeline, 20_000);
    let ticks = work_off(&pipeline, 90).await;
    let executions = pipeline.aws.sfn().executions();
    let probes: u32 = ticks.iter().map(|counts| counts.probes).sum();
    let failed = failed(&executions);
    let before = rate(&executions, 2 * MINUTE, 5 * MINUTE - 5_000);
    let after = rate(&executions, 27 * MINUTE, 28 * MINUTE);
    println!("{failed} failed, {probes} probes, {before:.1} a second before, {after:.1} after");
    assert!((10..=80).contains(&probes), "{probes} probes");
    // None of them counts as an attempt; and one in a hundred events is the most that had one.
    assert!(failed <= 200, "{failed} attempts failed");
    assert!(
        after >= 0.9 * before,
        "{after} a second, and {before} before"
    );
    all_succeeded(&pipeline, &uploads);
    let dynamodb = pipeline.aws.dynamodb();
    let health = dynamodb.item(LEDGER, "control", "health").expect("health");
    let names: Vec<&String> = health.as_object().expect("an item").keys().collect();
    assert!(
        names.len() <= 3 + 4,
        "older generations are forgotten: {names:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_well_is_never_slowed() {
    let pipeline = pipeline(settings(), Takes::Everything, 20);
    let uploads = upload(&pipeline, 3_000);
    let ticks = work_off(&pipeline, 10).await;
    assert!(ticks.iter().all(|counts| counts.circuit == Some(0)));
    assert_eq!(circuit(&pipeline), ("closed".to_owned(), 0));
    all_succeeded(&pipeline, &uploads);
}

/// A tick in an outage, which dies half a minute after its begin.
async fn tick_that_dies(pipeline: &Pipeline) -> Vec<Background> {
    upload(pipeline, 2_000);
    let settling: Vec<Background> = (0..10).map(|_| pipeline.settle_in_background()).collect();
    let dies_at = pipeline.aws.clock().now_ms() + 30_000;
    let has_died = AtomicBool::new(false);
    pipeline.aws.faults().after(move |call| {
        let dies = call.caller.starts_with("dispatch") && call.sent_ms >= dies_at;
        match dies && !has_died.swap(true, Ordering::Relaxed) {
            true => Fault::Crash,
            false => Fault::None,
        }
    });
    assert!(matches!(pipeline.tick().await, Ticked::Crashed));
    settling
}

/// The failures of all generations of the circuit.
fn counted(pipeline: &Pipeline) -> usize {
    let health = pipeline.aws.dynamodb().item(LEDGER, "control", "health");
    let health = health.unwrap();
    let counts = health.as_object().unwrap().iter();
    counts
        .filter(|(name, _)| name.starts_with("failed_"))
        .map(|(_, count)| count["N"].as_str().unwrap().parse::<usize>().unwrap())
        .sum()
}

fn ended(pipeline: &Pipeline) -> usize {
    let executions = pipeline.aws.sfn().executions();
    let ended = executions.iter().filter(|it| it.status != Status::Running);
    ended.count()
}

/// The next tick knows of the outage before it starts anything.
async fn goes_on_with_probes(pipeline: &Pipeline) {
    let before = pipeline.aws.sfn().executions().len();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let counts = pipeline.tick().await.well();
    let after = pipeline.aws.sfn().executions().len();
    assert_eq!(counts.circuit, Some(2));
    assert!(counts.probes >= 1, "{counts:?}");
    assert!(after - before <= 12, "{before} executions, then {after}");
}

/// The tick that finds an outage dies half a minute later: the lease has its knowledge.
#[tokio::test(start_paused = true)]
async fn an_open_circuit_outlives_the_tick_that_opened_it() {
    let pipeline = pipeline(settings(), Takes::OutageBetween(0, 10 * MINUTE), 2);
    let settling = tick_that_dies(&pipeline).await;
    assert_eq!(circuit(&pipeline).0, "open");
    goes_on_with_probes(&pipeline).await;
    drop(settling);
}

/// The same with a circuit that could not be written: the next tick finds the outage by the same
/// counts.
#[tokio::test(start_paused = true)]
async fn an_outage_that_the_lease_does_not_say_is_found_again_at_once() {
    let pipeline = pipeline(settings(), Takes::OutageBetween(0, 10 * MINUTE), 2);
    pipeline.aws.faults().before(|call| {
        let writes = call.operation == "UpdateItem" && call.caller.starts_with("dispatch");
        match writes && call.request.to_string().contains("circuit") {
            true => Fault::Refuse("AccessDeniedException".to_owned()),
            false => Fault::None,
        }
    });
    let settling = tick_that_dies(&pipeline).await;
    let lease = pipeline.aws.dynamodb().item(LEDGER, "lease", "dispatch");
    assert!(lease.is_some_and(|lease| lease.get("circuit").is_none()));
    // None of the counts that it used is forgotten.
    assert_eq!(counted(&pipeline), ended(&pipeline));
    pipeline.aws.faults().clear();
    goes_on_with_probes(&pipeline).await;
    drop(settling);
}

/// An event fails with a named error for a reason of its own, in the middle of others that succeed.
#[tokio::test(start_paused = true)]
async fn a_poison_event_holds_nothing_open_and_ends_in_the_dead_letter_queue() {
    let mut settings = settings();
    settings.adapt = Some(Adapt {
        uncounted_max: 4,
        ..adapt()
    });
    settings.retry.max_attempts = 2;
    settings.retry.backoff_seconds = vec![5];
    let pipeline = Pipeline::new(settings, move |execution| {
        let after = Duration::from_secs(1);
        match execution.input.contains("poison") {
            true => fake_aws::Ending::fail(after, ERROR, "by itself"),
            false => fake_aws::Ending::succeed(after, "{}"),
        }
    });
    upload(&pipeline, 500);
    pipeline.upload(&Upload::new("status/poison.json", 9_999));
    let ticks = work_off(&pipeline, 10).await;
    assert!(
        ticks.iter().all(|counts| counts.circuit == Some(0)),
        "{ticks:?}"
    );
    let letters = pipeline.dead_letters.messages();
    assert_eq!(letters.len(), 1);
    let letter = &letters[0].message;
    let reason = letter
        .attribute(spillway::message::REASON)
        .unwrap_or_default();
    let tried = "(6 attempts, 4 of them uncounted)";
    assert!(reason.ends_with(tried), "{reason}");
    assert_eq!(letter.attribute(spillway::message::ATTEMPT), Some("7"));
}

/// Targets of every kind: nothing is lost, nothing dead, and each is found out. Of a thousand
/// events those that find it out are many.
#[tokio::test(start_paused = true)]
async fn no_target_loses_an_event() {
    for (takes, events, most_failed) in [
        (Takes::PerSecond(0.5), 1_000, 0.25),
        (Takes::AtOnce(15), 1_000, 0.15),
        (Takes::Slower(0.1), 1_000, 0.15),
        (Takes::Flaps(60_000), 4_000, 0.25),
    ] {
        let pipeline = pipeline(settings(), takes, 2);
        let uploads = upload(&pipeline, events);
        work_off(&pipeline, 120).await;
        let executions = pipeline.aws.sfn().executions();
        let failed = failed(&executions) as f64 / executions.len() as f64;
        let (began, ended) = span(&executions);
        println!(
            "{takes:?}: {failed:.3} failed, {} s",
            (ended - began) / 1_000
        );
        assert!(failed < most_failed, "{takes:?}: {failed}");
        all_succeeded(&pipeline, &uploads);
    }
}

/// A held circuit follows the operator.
#[tokio::test(start_paused = true)]
async fn an_operator_holds_the_circuit() {
    let pipeline = pipeline(settings(), Takes::OutageBetween(0, 2 * MINUTE), 2);
    upload(&pipeline, 200);
    let hold = |hold: &str| {
        let item = serde_json::json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}, "circuit": {"S": hold}});
        pipeline.aws.dynamodb().put(LEDGER, item);
    };
    hold("open");
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.started, counts.paused), (0, 1));
    hold("closed");
    let settling: Vec<Background> = (0..10).map(|_| pipeline.settle_in_background()).collect();
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.started, counts.probes), (200, 0));
    drop(settling);
    hold("shut");
    let Ticked::Ended(ended) = pipeline.tick().await else {
        panic!("it did not end");
    };
    let failure = ended.failure.expect("a mistake").to_string();
    assert!(failure.contains("neither open nor closed"), "{failure}");
}
