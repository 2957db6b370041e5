//! Objects that nobody reported, events that come late after all, and rows that nothing moves any
//! more. Under every fault each version is processed, and once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake_aws::{Call, Ending, Fault, ListedObject, Status};
use serde_json::{Value, json};
use simulation::{
    Asked, BUCKET, Invocations, LEDGER, Pipeline, Ran, Runs, Settings, batch_of, objects, record_of,
};
use spillway::rules::order::Order;
use tokio::sync::Notify;

const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The pipelines in which found versions meet the reports of S3.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Versioned,
    Latest,
    Each,
    Batches,
    /// S3 invokes `ingest`, in front of a FIFO queue.
    Ingest,
}

const KINDS: [Kind; 6] = [
    Kind::Plain,
    Kind::Versioned,
    Kind::Latest,
    Kind::Each,
    Kind::Batches,
    Kind::Ingest,
];

impl Kind {
    fn pipeline(self) -> (Pipeline, Runs) {
        let mut settings = Settings::default();
        match self {
            Self::Plain | Self::Versioned => {}
            Self::Latest => settings.order = Order::Latest,
            Self::Each => settings.order = Order::Each,
            Self::Batches => settings.events_per_execution = 3,
            Self::Ingest => {
                settings.lanes = vec![("events.fifo", 0.0)];
                settings.retry.backoff_seconds = vec![0];
            }
        }
        let pipeline = Pipeline::succeeding(settings, 1);
        let runs = Runs::of(&pipeline, self == Self::Versioned);
        (pipeline, runs)
    }
}

/// Uploads an object long enough ago to be looked at.
fn old(pipeline: &Pipeline, key: &str) -> ListedObject {
    let time = pipeline.aws.clock().now_ms() - 2 * DAY_MS;
    pipeline.aws.s3().put_at(BUCKET, key, &etag(key), time)
}

fn etag(key: &str) -> String {
    format!("{:032x}", key.bytes().map(u128::from).sum::<u128>())
}

fn body(records: &[Value]) -> String {
    json!({ "Records": records }).to_string()
}

fn rows(pipeline: &Pipeline) -> Vec<Value> {
    let items = pipeline.aws.dynamodb().items(LEDGER).into_iter();
    items.filter(|item| !item["state"].is_null()).collect()
}

/// How many executions each key had.
fn executions(pipeline: &Pipeline) -> BTreeMap<String, usize> {
    let mut of_key = BTreeMap::new();
    for execution in pipeline.aws.sfn().executions() {
        assert_eq!(execution.status, Status::Succeeded);
        for upload in objects(&execution).0 {
            *of_key.entry(upload.key).or_default() += 1;
        }
    }
    of_key
}

/// Each of these keys had one execution, and nothing else had any; nothing is left to do.
#[track_caller]
fn assert_once<'a>(pipeline: &Pipeline, keys: impl IntoIterator<Item = &'a str>, when: &str) {
    let expected: BTreeMap<String, usize> =
        keys.into_iter().map(|key| (key.to_owned(), 1)).collect();
    assert_eq!(executions(pipeline), expected, "{when}");
    assert!(pipeline.is_quiet(), "{when}: {}", pipeline.describe());
    assert!(pipeline.dead_letters.messages().is_empty(), "{when}");
    for row in rows(pipeline) {
        assert_eq!(row["state"]["S"], "SUCCEEDED", "{when}: {row}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_there_before_the_pipeline_is_worked_on_once() {
    for (versioned, inventory, count) in [
        (false, false, 500),
        (true, false, 60),
        (false, true, 60),
        (true, true, 60),
    ] {
        let when = format!("versioned: {versioned}, inventory: {inventory}");
        let pipeline = Pipeline::succeeding(Settings::default(), 1);
        let runs = Runs::of(&pipeline, versioned);
        let keys: Vec<String> = (0..count)
            .map(|n| format!("status {n}/한+%.json"))
            .collect();
        keys.iter().for_each(|key| drop(old(&pipeline, key)));
        let asked = Asked {
            inventory,
            ..Asked::default()
        };

        let dry = Asked {
            dry_run: true,
            ..asked.clone()
        };
        runs.objects("look", &dry).await;
        assert_eq!(runs.counted("look", "queued"), f64::from(count), "{when}");
        assert!(rows(&pipeline).is_empty() && pipeline.events.messages().is_empty());

        let counts = runs.objects("backfill", &asked).await;
        assert_eq!(counts.len(), (count as usize).div_ceil(100));
        for name in ["listed", "queued"] {
            assert_eq!(
                runs.counted("backfill", name),
                f64::from(count),
                "{when}: {name}"
            );
        }
        pipeline.drain(20).await;
        assert_once(&pipeline, keys.iter().map(String::as_str), &when);

        runs.objects("again", &asked).await;
        assert_eq!(runs.counted("again", "known"), f64::from(count), "{when}");
        assert_eq!(runs.counted("again", "queued"), 0.0, "{when}");
        assert!(pipeline.events.messages().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_s3_did_not_report_is_worked_on_too() {
    for kind in KINDS {
        let (pipeline, runs) = kind.pipeline();
        let ingest = Invocations::of(&pipeline, Vec::new());
        let keys: Vec<String> = (0..100).map(|n| format!("{n}")).collect();
        for (key, number) in keys.iter().zip(1..) {
            let object = pipeline.aws.s3().put(BUCKET, key, &etag(key), 67);
            let payload = body(&[record_of(&object, number)]);
            if number % 20 == 0 {
                continue;
            }
            if kind == Kind::Ingest {
                ingest.event(&payload).await;
            } else {
                pipeline.events.inject(&payload);
            }
        }
        pipeline.drain(20).await;
        runs.objects("young", &Asked::default()).await;
        assert_eq!(runs.counted("young", "too_young"), 100.0);
        tokio::time::sleep(DAY).await;
        runs.objects("daily", &Asked::default()).await;
        let counted = |name| runs.counted("daily", name);
        assert_eq!(
            (counted("known"), counted("queued")),
            (95.0, 5.0),
            "{kind:?}"
        );
        pipeline.drain(20).await;
        assert_once(
            &pipeline,
            keys.iter().map(String::as_str),
            &format!("{kind:?}"),
        );
    }
}

/// The event comes days after its object was found and processed.
#[tokio::test(start_paused = true)]
async fn a_late_event_starts_nothing() {
    for kind in KINDS {
        let (pipeline, runs) = kind.pipeline();
        let object = old(&pipeline, "a b");
        runs.objects("daily", &Asked::default()).await;
        pipeline.drain(5).await;
        let row = rows(&pipeline).pop().expect("a row");
        let of_found = if kind == Kind::Versioned { "v#" } else { "f#" };
        assert!(row["sk"]["S"].as_str().unwrap().starts_with(of_found));
        tokio::time::sleep(DAY).await;
        let payload = body(&[record_of(&object, 1)]);
        if kind == Kind::Ingest {
            let ingest = Invocations::of(&pipeline, Vec::new());
            ingest.once(&payload).await.well();
        } else {
            pipeline.events.inject(&payload);
        }
        pipeline.drain(5).await;
        assert_once(&pipeline, ["a b"], &format!("{kind:?}"));
        assert_eq!(rows(&pipeline), [row], "{kind:?}");
        // Another upload of the same object is another event.
        let now = pipeline.aws.s3().put(BUCKET, "a b", &etag("a b"), 67);
        let payload = body(&[record_of(&now, 2)]);
        if kind == Kind::Ingest {
            let ingest = Invocations::of(&pipeline, Vec::new());
            ingest.once(&payload).await.well();
        } else {
            pipeline.events.inject(&payload);
        }
        pipeline.drain(5).await;
        assert_eq!(executions(&pipeline)["a b"], 2, "{kind:?}");
    }
}

/// Adopting a found version costs no call.
#[tokio::test(start_paused = true)]
async fn an_event_that_was_not_found_before_costs_no_call_more() {
    let (pipeline, _) = Kind::Plain.pipeline();
    pipeline.upload_many(10);
    pipeline.drain(5).await;
    assert_eq!(pipeline.aws.sfn().executions().len(), 10);
    let reads = pipeline.aws.calls_of("BatchGetItem").into_iter();
    let mut reads = reads.filter(|call| call.caller.starts_with("dispatch"));
    assert_eq!(reads.next().map(|call| call.facts.keys), None);
    let queries = pipeline.aws.calls_of("Query").into_iter();
    assert!(
        queries
            .flat_map(|call| call.facts.keys)
            .all(|key| key.pk == "control" || simulation::slots::is_partition(&key.pk))
    );
}

/// Ticks, one right after the other, until the answer is dropped.
fn ticking(pipeline: &Pipeline) -> Abort {
    let pipeline = pipeline.clone();
    Abort(tokio::spawn(async move {
        loop {
            pipeline.tick().await;
        }
    }))
}

struct Abort(tokio::task::JoinHandle<()>);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A hook that holds the `n`th call of a handler for a while, before or after its effect, and tells
/// when it does.
fn hold(
    handler: &'static str,
    n: usize,
    mut then: impl FnMut() + Send + 'static,
) -> impl FnMut(&Call) -> Fault + Send + 'static {
    let mut seen = BTreeSet::new();
    move |call: &Call| {
        if call.caller.starts_with(handler) && seen.insert(call.sequence) && seen.len() == n {
            then();
            Fault::Delay(Duration::from_secs(3))
        } else {
            Fault::None
        }
    }
}

fn set(pipeline: &Pipeline, after: bool, hook: impl FnMut(&Call) -> Fault + Send + 'static) {
    if after {
        pipeline.aws.faults().after(hook);
    } else {
        pipeline.aws.faults().before(hook);
    }
}

/// S3 reports the object, by the way of this kind.
fn report(pipeline: &Pipeline, kind: Kind, object: &ListedObject) {
    let payload = body(&[record_of(object, 7)]);
    if kind == Kind::Ingest {
        let ingest = Invocations::of(pipeline, Vec::new());
        tokio::spawn(async move { ingest.event(&payload).await });
    } else {
        pipeline.events.inject(&payload);
    }
}

/// The event comes, and is processed, while any call of reconcile is on its way.
#[tokio::test(start_paused = true)]
async fn an_event_may_come_at_any_call_of_reconcile() {
    for kind in KINDS {
        for after in [false, true] {
            let mut n = 0;
            loop {
                n += 1;
                let (pipeline, runs) = kind.pipeline();
                let object = old(&pipeline, "a");
                let came = Arc::new(Mutex::new(false));
                let (of_hook, told) = (pipeline.clone(), came.clone());
                set(
                    &pipeline,
                    after,
                    hold("reconcile", n, move || {
                        *told.lock().unwrap() = true;
                        report(&of_hook, kind, &object);
                    }),
                );
                let ticking = ticking(&pipeline);
                runs.objects("r", &Asked::default()).await;
                drop(ticking);
                if !*came.lock().unwrap() {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(120)).await;
                pipeline.drain(10).await;
                assert_once(
                    &pipeline,
                    ["a"],
                    &format!("{kind:?}: call {n}, after: {after}"),
                );
            }
            // Rows, object, row, message, counts.
            assert!(n > 5, "{kind:?}: only {n} calls");
        }
    }
}

/// A whole run of reconcile happens while any call of the handler that takes in the event is on its
/// way.
#[tokio::test(start_paused = true)]
async fn reconcile_may_run_at_any_call_that_takes_in_the_event() {
    for (kind, handler) in [
        (Kind::Plain, "dispatch"),
        (Kind::Versioned, "dispatch"),
        (Kind::Latest, "dispatch"),
        (Kind::Each, "dispatch"),
        (Kind::Batches, "dispatch"),
        (Kind::Ingest, "ingest"),
        (Kind::Ingest, "dispatch"),
    ] {
        for after in [false, true] {
            let mut n = 0;
            loop {
                n += 1;
                let (pipeline, runs) = kind.pipeline();
                let object = old(&pipeline, "a");
                let (came, held) = (Arc::new(Mutex::new(false)), Arc::new(Notify::new()));
                let (told, notify) = (came.clone(), held.clone());
                set(
                    &pipeline,
                    after,
                    hold(handler, n, move || {
                        *told.lock().unwrap() = true;
                        notify.notify_one();
                    }),
                );
                report(&pipeline, kind, &object);
                if kind == Kind::Batches {
                    let other = old(&pipeline, "b");
                    report(&pipeline, kind, &other);
                }
                let ticking = ticking(&pipeline);
                let in_time = tokio::time::timeout(Duration::from_secs(60), held.notified()).await;
                if in_time.is_err() {
                    break;
                }
                runs.objects("r", &Asked::default()).await;
                tokio::time::sleep(Duration::from_secs(10)).await;
                drop(ticking);
                tokio::time::sleep(Duration::from_secs(120)).await;
                pipeline.drain(10).await;
                let keys: &[&str] = if kind == Kind::Batches {
                    &["a", "b"]
                } else {
                    &["a"]
                };
                let when = format!("{kind:?}: {handler}'s call {n}, after: {after}");
                assert_once(&pipeline, keys.iter().copied(), &when);
                // Ticks go on for ever; those of an idle pipeline are all alike.
                if n > 16 {
                    break;
                }
            }
            assert!(n > 1, "{kind:?}: {handler} was never held");
        }
    }
}

/// A claim of which its tick learns nothing lands when a found version is about to be claimed.
#[tokio::test(start_paused = true)]
async fn a_claim_that_lands_late_is_waited_for() {
    for kind in [Kind::Plain, Kind::Batches] {
        let (pipeline, runs) = kind.pipeline();
        let object = old(&pipeline, "a");
        let mut tries = 0;
        pipeline.aws.faults().before(move |call| {
            let object = call.facts.keys.iter().any(|key| key.pk == "uploads/a");
            if !object || !simulation::claims(call) || !call.caller.starts_with("dispatch-0") {
                return Fault::None;
            }
            tries += 1;
            match tries {
                1 => Fault::Delay(Duration::from_secs(25)),
                _ => Fault::Throttle,
            }
        });
        report(&pipeline, kind, &object);
        let tick = tokio::spawn({
            let pipeline = pipeline.clone();
            async move { pipeline.tick().await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        runs.objects("r", &Asked::default()).await;
        tick.await.unwrap();
        pipeline.drain(10).await;
        assert_once(&pipeline, ["a"], &format!("{kind:?}"));
    }
}

/// `Fault`s at the `n`th call of reconcile; Step Functions tries again.
async fn fault_at(kind: Kind, n: usize, fault: Fault, after: bool) -> bool {
    let (pipeline, runs) = kind.pipeline();
    let keys = ["a", "b c", "d"];
    keys.iter().for_each(|key| drop(old(&pipeline, key)));
    let happened = Arc::new(AtomicBool::new(false));
    let (told, wanted, mut seen) = (happened.clone(), fault.clone(), BTreeSet::new());
    set(&pipeline, after, move |call| {
        if call.caller.starts_with("reconcile") && seen.insert(call.sequence) && seen.len() == n {
            told.store(true, Ordering::Relaxed);
            wanted.clone()
        } else {
            Fault::None
        }
    });
    runs.objects("r", &Asked::default()).await;
    // A run that was not complete says so, and somebody starts another.
    if runs.counted("r", "uncompared") > 0.0 {
        runs.objects("s", &Asked::default()).await;
    }
    pipeline.drain(10).await;
    let when = format!("{kind:?}: {fault:?} at call {n}, after: {after}");
    assert_once(&pipeline, keys, &when);
    happened.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn reconcile_may_die_at_any_call() {
    for kind in KINDS {
        for after in [false, true] {
            let mut n = 1;
            while fault_at(kind, n, Fault::Crash, after).await {
                n += 1;
            }
            // Three objects with three calls each, a send, and the counts.
            assert!(n > 11, "{kind:?}: only {n} calls");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn any_answer_may_be_lost_or_a_refusal() {
    for kind in [Kind::Plain, Kind::Ingest] {
        for (fault, after) in [
            (Fault::LoseAnswer, true),
            (Fault::Throttle, false),
            (Fault::InternalError, false),
            (Fault::Refuse("AccessDeniedException".into()), false),
        ] {
            let mut n = 1;
            while fault_at(kind, n, fault.clone(), after).await {
                n += 1;
            }
            assert!(n > 11, "{kind:?}: only {n} calls");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_run_counted_is_added_once_though_the_answer_is_lost() {
    let (pipeline, runs) = Kind::Plain.pipeline();
    drop(old(&pipeline, "a"));
    let mut lost = 0;
    set(&pipeline, true, move |call| {
        let counts = call.operation == "TransactWriteItems";
        lost += u32::from(counts);
        if counts && lost == 1 {
            Fault::LoseAnswer
        } else {
            Fault::None
        }
    });
    runs.objects("r", &Asked::default()).await;
    let calls = pipeline.aws.calls();
    let sent = |call: &&Call| call.operation == "TransactWriteItems";
    assert_eq!(calls.iter().filter(sent).count(), 2);
    assert_eq!(runs.counted("r", "queued") as u32, 1);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_the_queue_refuses_is_sent_again_and_one_that_it_goes_on_refusing_fails() {
    for times in [2, 100] {
        let (pipeline, runs) = Kind::Plain.pipeline();
        let keys = ["a", "b", "c"];
        keys.iter().for_each(|key| drop(old(&pipeline, key)));
        let mut refused = 0;
        pipeline.aws.faults().fail_entries(move |call, id| {
            let fails = call.operation == "SendMessageBatch" && id == "1" && refused < times;
            refused += u32::from(fails);
            fails
        });
        let payload = batch_of("r", &pipeline.aws.s3().objects(BUCKET), &Asked::default());
        let ran = runs.once(payload.clone()).await;
        if times == 100 {
            let (counts, problem) = ran.failed();
            assert_eq!((counts.failed, counts.queued), (1, 2));
            assert!(
                problem
                    .to_string()
                    .starts_with("1 of 3 objects are not reconciled"),
                "{problem}"
            );
            pipeline.aws.faults().clear();
            let (_, counts) = runs.once(payload).await.well();
            assert_eq!((counts.queued, counts.queued_again), (0, 3));
        } else {
            assert_eq!(ran.well().1.queued, 3);
        }
        pipeline.drain(10).await;
        assert_once(&pipeline, keys, "refused entries");
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_is_asked_for_is_looked_at() {
    let (pipeline, mut runs) = Kind::Plain.pipeline();
    let now = pipeline.aws.clock().now_ms();
    runs.retention_days = 30;
    runs.sources[0].prefix = Some("in/".into());
    for (key, age) in [
        ("in/good", 2 * DAY_MS),
        ("elsewhere", 2 * DAY_MS),
        ("in/young", HOUR_MS),
        ("in/old", 29 * DAY_MS + HOUR_MS),
        ("in/older", 400 * DAY_MS),
        ("in/before", 11 * DAY_MS),
        ("in/deleted", 2 * DAY_MS),
        ("in/new", 2 * DAY_MS),
    ] {
        pipeline.aws.s3().put_at(BUCKET, key, &etag(key), now - age);
    }
    let listed = pipeline.aws.s3().objects(BUCKET);
    pipeline.aws.s3().delete(BUCKET, "in/deleted");
    // Uploaded anew since the list was made.
    pipeline.aws.s3().put(BUCKET, "in/new", "another", 3);
    let asked = Asked {
        from: Some(now - 10 * DAY_MS),
        ..Asked::default()
    };
    let (_, counts) = runs.once(batch_of("r", &listed, &asked)).await.well();
    assert_eq!(counts.listed, 8);
    assert_eq!(
        (counts.queued, counts.gone, counts.not_of_a_source),
        (1, 1, 1)
    );
    assert_eq!(
        (counts.too_young, counts.too_old, counts.out_of_range),
        (2, 0, 3)
    );
    let (_, counts) = runs
        .once(batch_of("s", &listed, &Asked::default()))
        .await
        .well();
    assert_eq!((counts.too_old, counts.out_of_range), (2, 0));
    assert_eq!((counts.queued, counts.known), (1, 1));
    pipeline.drain(5).await;
    assert_once(&pipeline, ["in/good", "in/before"], "what is asked for");
}

/// S3 answers 403 when the role lacks a permission, and to an object with a key of the customer's
/// own.
#[tokio::test(start_paused = true)]
async fn an_object_that_s3_does_not_tell_about_keeps_no_other_from_being_compared() {
    let (pipeline, runs) = Kind::Plain.pipeline();
    for key in ["a", "b", "c"] {
        old(&pipeline, key);
    }
    pipeline.aws.faults().before(|call| {
        let is = |key: &fake_aws::Key| call.operation == "HeadObject" && key.sk == "b";
        if call.facts.keys.iter().any(is) {
            Fault::Refuse("AccessDenied".into())
        } else {
            Fault::None
        }
    });
    let counts = runs.objects("r", &Asked::default()).await;
    assert!(counts.iter().all(|batch| batch.failed == 0), "{counts:?}");
    let run = ["listed", "queued", "uncompared"].map(|name| runs.counted("r", name));
    assert_eq!(run, [3.0, 2.0, 1.0]);
    let heads = pipeline.aws.calls_of("HeadObject");
    assert_eq!(heads.len(), 3, "none is asked after twice");
    pipeline.drain(5).await;
    assert_once(
        &pipeline,
        ["a", "c"],
        "beside one that S3 does not tell about",
    );
}

#[tokio::test(start_paused = true)]
async fn what_it_does_not_understand_it_refuses_and_does_the_rest() {
    let (pipeline, runs) = Kind::Plain.pipeline();
    old(&pipeline, "a");
    let mut payload = batch_of("r", &pipeline.aws.s3().objects(BUCKET), &Asked::default());
    let items = payload["Items"].as_array_mut().unwrap();
    items.push(json!({"Key": "b"}));
    let (_, counts) = runs.invoke(&payload).await;
    let told = (counts.listed, counts.queued, counts.uncompared);
    assert_eq!((told, counts.failed), ((2, 1, 1), 0));
    let (_, problem) = runs.once(json!({"run": "r"})).await.failed();
    assert!(
        problem
            .to_string()
            .contains("does not understand its input"),
        "{problem}"
    );
}

/// With `latest`, a found version is the newest of those from before it, in every order of arrival.
#[tokio::test(start_paused = true)]
async fn what_was_found_keeps_its_place_among_versions_in_the_queue() {
    // The places at which the found version, then its late event, come among three reported ones.
    for (found_at, event_at) in (0..=3).flat_map(|one| (one..=3).map(move |other| (one, other))) {
        for order in [Order::Latest, Order::Each] {
            let when = format!("{order}: found at {found_at}, reported at {event_at}");
            let settings = Settings {
                order,
                ..Settings::default()
            };
            let pipeline = Pipeline::succeeding(settings, 1);
            let runs = Runs::of(&pipeline, true);
            let now = pipeline.aws.clock().now_ms();
            let versions: Vec<ListedObject> = (0..4)
                .map(|n| {
                    let time = now - 9 * DAY_MS + n * HOUR_MS;
                    pipeline
                        .aws
                        .s3()
                        .put_at(BUCKET, "a", &format!("e{n}"), time)
                })
                .collect();
            for place in 0..4 {
                if place == found_at {
                    runs.objects("r", &Asked::default()).await;
                    pipeline.run(2).await;
                }
                if place == event_at {
                    pipeline.events.inject(&body(&[record_of(&versions[3], 4)]));
                    pipeline.run(2).await;
                }
                if place < 3 {
                    let version = &versions[place as usize];
                    pipeline
                        .events
                        .inject(&body(&[record_of(version, place + 1)]));
                    pipeline.run(2).await;
                }
            }
            pipeline.drain(10).await;
            let mut executions = pipeline.aws.sfn().executions();
            executions.sort_by_key(|execution| execution.started_ms);
            let worked_on: Vec<String> = executions
                .iter()
                .map(|execution| {
                    let input: Value = serde_json::from_str(&execution.input).unwrap();
                    input["objects"][0]["etag"].as_str().unwrap().to_owned()
                })
                .collect();
            let distinct: BTreeSet<&String> = worked_on.iter().collect();
            assert_eq!(distinct.len(), worked_on.len(), "{when}: {worked_on:?}");
            match order {
                Order::Each => assert_eq!(worked_on.len(), 4, "{when}: {worked_on:?}"),
                _ => {
                    assert!(worked_on.is_sorted(), "{when}: {worked_on:?}");
                    assert_eq!(worked_on.last().unwrap(), "e3", "{when}");
                    // Those that came before the found version was found.
                    assert_eq!(
                        worked_on.len(),
                        found_at as usize + 1,
                        "{when}: {worked_on:?}"
                    );
                }
            }
        }
    }
}

/// A found version waits behind one that runs, and older versions are reported only then: it keeps
/// its place all the same.
#[tokio::test(start_paused = true)]
async fn what_was_found_and_waits_lets_older_versions_come_first() {
    for (order, versioned, reported) in [
        (Order::Each, true, true),
        (Order::Each, true, false),
        (Order::Each, false, false),
        (Order::Latest, true, true),
        (Order::Latest, true, false),
        (Order::Latest, false, false),
    ] {
        let when = format!("{order}, {versioned}, {reported}");
        let settings = Settings {
            order,
            ..Settings::default()
        };
        let pipeline = Pipeline::succeeding(settings, 200);
        let runs = Runs::of(&pipeline, versioned);
        let time = pipeline.aws.clock().now_ms() - 9 * DAY_MS;
        let put = |n: i64| {
            let etag = format!("e{n}");
            let s3 = pipeline.aws.s3();
            s3.put_at(BUCKET, "a", &etag, time + n * HOUR_MS)
        };
        let versions: Vec<ListedObject> = (0..5).map(put).collect();
        let report = async |n: usize| {
            let record = record_of(&versions[n], n as u32 + 1);
            pipeline.events.inject(&body(&[record]));
            pipeline.tick().await.well();
        };
        report(0).await;
        runs.objects("r", &Asked::default()).await;
        assert_eq!(pipeline.tick().await.well().waiting, 1, "{when}");
        for older in [2, 1, 3] {
            report(older).await;
        }
        if reported {
            report(4).await;
        }
        pipeline.drain(40).await;
        let mut executions = pipeline.aws.sfn().executions();
        executions.sort_by_key(|execution| execution.started_ms);
        let worked_on = executions.iter().map(|execution| {
            let input: Value = serde_json::from_str(&execution.input).unwrap();
            input["objects"][0]["etag"].as_str().unwrap().to_owned()
        });
        let worked_on: Vec<String> = worked_on.collect();
        let expected = match order {
            Order::Each => vec!["e0", "e1", "e2", "e3", "e4"],
            _ => vec!["e0", "e4"],
        };
        assert_eq!(worked_on, expected, "{when}");
        for row in rows(&pipeline) {
            let state = row["state"]["S"].as_str().unwrap();
            assert!(
                ["SUCCEEDED", "SUPERSEDED"].contains(&state),
                "{when}: {row}"
            );
        }
    }
}

/// One upload fails its first attempt.
fn failing_once(execution: &fake_aws::Execution) -> Ending {
    let after = Duration::from_secs(100);
    if execution.input.contains(r#""attempt":1,"#) && execution.input.contains("late") {
        Ending::fail(after, "Broken", "it was to be")
    } else {
        Ending::succeed(after, "{}")
    }
}

/// Every state that a row can have when its message is lost.
#[tokio::test(start_paused = true)]
async fn a_row_whose_message_is_lost_moves_again() {
    for (state, order) in [
        ("QUEUED", Order::None),
        ("QUEUED", Order::Each),
        ("QUEUED", Order::Latest),
        ("RETRY", Order::None),
        ("RETRY", Order::Latest),
        ("WAITING", Order::Each),
        ("WAITING", Order::Latest),
    ] {
        let when = format!("{state} with {order}");
        let settings = Settings {
            order,
            ..Settings::default()
        };
        let pipeline = Pipeline::new(settings, failing_once);
        let runs = Runs::of(&pipeline, false);
        let first = pipeline.aws.s3().put(BUCKET, "late", "e1", 67);
        let ingest = Invocations::of(&pipeline, Vec::new());
        let lost = match state {
            "QUEUED" => {
                ingest.once(&body(&[record_of(&first, 1)])).await.well();
                pipeline.events.purge()
            }
            "RETRY" => {
                pipeline.events.inject(&body(&[record_of(&first, 1)]));
                pipeline.tick().await.well();
                tokio::time::sleep(Duration::from_secs(100)).await;
                pipeline.settle_once().await;
                pipeline.events.purge()
            }
            _ => {
                // Of another name: it does not fail, and its end asks for the version that waits.
                let other = pipeline.aws.s3().put(BUCKET, "other", "e1", 67);
                pipeline.events.inject(&body(&[record_of(&other, 1)]));
                pipeline.tick().await.well();
                let newer = pipeline.aws.s3().put(BUCKET, "other", "e2", 67);
                pipeline.events.inject(&body(&[record_of(&newer, 2)]));
                pipeline.tick().await.well();
                let counts = runs.rows("early").await;
                assert_eq!(counts[0].sent_again, 0, "{when}");
                tokio::time::sleep(Duration::from_secs(100)).await;
                pipeline.settle_once().await;
                pipeline.events.purge()
            }
        };
        assert_eq!(lost, 1, "{when}");
        let states: Vec<Value> = rows(&pipeline)
            .iter()
            .map(|row| row["state"]["S"].clone())
            .collect();
        assert!(states.contains(&json!(state)), "{when}: {states:?}");

        tokio::time::sleep(DAY - Duration::from_secs(600)).await;
        assert_eq!(runs.rows("before").await[0].sent_again, 0, "{when}");
        tokio::time::sleep(Duration::from_secs(601)).await;
        let counts = runs.rows("daily").await;
        assert_eq!((counts.len(), counts[0].sent_again), (1, 1), "{when}");
        assert_eq!(runs.counted("daily", "sent_again"), 1.0, "{when}");
        // A run can send twice; only one is processed.
        runs.rows("daily").await;
        pipeline.drain(20).await;
        for row in rows(&pipeline) {
            assert_eq!(row["state"]["S"], "SUCCEEDED", "{when}: {row}");
        }
        let attempts = if state == "RETRY" {
            2
        } else {
            states.len() + usize::from(state == "QUEUED")
        };
        assert_eq!(pipeline.aws.sfn().executions().len(), attempts, "{when}");
        let counts = runs.rows("after").await;
        assert_eq!(counts[0].sent_again, 0, "{when}");
    }
}

/// A version that waits behind an execution that runs for days is not requeued.
#[tokio::test(start_paused = true)]
async fn who_waits_behind_what_runs_is_left_alone() {
    for order in [Order::Each, Order::Latest] {
        let settings = Settings {
            order,
            ..Settings::default()
        };
        let pipeline = Pipeline::new(settings, |execution| {
            let first = execution.input.contains("000000001");
            Ending::succeed(if first { 3 * DAY } else { DAY / 1_000 }, "{}")
        });
        let runs = Runs::of(&pipeline, false);
        for (number, etag) in [(1, "e1"), (2, "e2")] {
            let version = pipeline.aws.s3().put(BUCKET, "a", etag, 67);
            pipeline
                .events
                .inject(&body(&[record_of(&version, number)]));
            pipeline.tick().await.well();
        }
        tokio::time::sleep(2 * DAY).await;
        let counts = runs.rows("daily").await;
        assert_eq!((counts[0].sent_again, counts[0].waiting), (0, 1), "{order}");
        assert!(pipeline.events.messages().is_empty());
        tokio::time::sleep(DAY).await;
        pipeline.drain(10).await;
        assert_eq!(pipeline.aws.sfn().executions().len(), 2, "{order}");
    }
}

/// A found version is requeued by a later run, also in a FIFO queue that has not forgotten the
/// first message.
#[tokio::test(start_paused = true)]
async fn what_was_found_and_lost_again_is_sent_for_again() {
    for kind in KINDS {
        let (pipeline, mut runs) = kind.pipeline();
        runs.stale_after = Duration::from_secs(60);
        old(&pipeline, "a");
        runs.objects("r", &Asked::default()).await;
        assert_eq!(pipeline.events.purge(), 1);
        tokio::time::sleep(Duration::from_secs(60)).await;
        let counts = runs.rows("s").await;
        assert_eq!(counts[0].sent_again, 1, "{kind:?}");
        assert_eq!(pipeline.events.messages().len(), 1, "{kind:?}");
        pipeline.drain(5).await;
        assert_once(&pipeline, ["a"], &format!("{kind:?}"));
    }
}

/// A lane that is sent to is that of the object's source.
#[tokio::test(start_paused = true)]
async fn what_is_found_goes_into_the_lane_of_its_source() {
    let settings = Settings {
        lanes: vec![("urgent", 0.0), ("bulk", 0.1)],
        ..Settings::default()
    };
    let pipeline = Pipeline::succeeding(settings, 1);
    let mut runs = Runs::of(&pipeline, false);
    let mut bulk = runs.sources[0].clone();
    (bulk.prefix, bulk.lane) = (Some("log/".into()), Some("bulk".into()));
    runs.sources.push(bulk);
    old(&pipeline, "log/a");
    old(&pipeline, "b");
    runs.objects("r", &Asked::default()).await;
    let waiting: Vec<usize> = pipeline
        .lanes
        .iter()
        .map(|(events, _)| events.messages().len())
        .collect();
    assert_eq!(waiting, [1, 1]);
    let row = rows(&pipeline)
        .into_iter()
        .find(|row| row["pk"]["S"] == "uploads/log/a");
    assert_eq!(row.expect("a row")["lane"]["S"], "bulk");
    pipeline.drain(10).await;
    assert_once(&pipeline, ["log/a", "b"], "lanes");
}

/// The ledger is gone over in pages and in as many invocations as it takes, and one page that fails
/// is read again.
#[tokio::test(start_paused = true)]
async fn the_whole_ledger_is_gone_over() {
    let settings = Settings {
        page_items: Some(7),
        ..Settings::default()
    };
    let pipeline = Pipeline::succeeding(settings, 1);
    let mut runs = Runs::of(&pipeline, false);
    let ingest = Invocations::of(&pipeline, Vec::new());
    let records: Vec<Value> = (1..=50)
        .map(|n| record_of(&pipeline.aws.s3().put(BUCKET, &format!("k{n}"), "e", 67), n))
        .collect();
    ingest.once(&body(&records)).await.well();
    pipeline.events.purge();
    tokio::time::sleep(DAY).await;
    // Its margin is over at once, so that every invocation reads one page.
    runs.timeout = Duration::from_secs(60);
    let mut scans = 0;
    pipeline.aws.faults().before(move |call| {
        scans += usize::from(call.operation == "Scan");
        match (call.operation.as_str(), scans % 3) {
            ("Scan", 0) => Fault::Throttle,
            _ => Fault::None,
        }
    });
    let counts = runs.rows("daily").await;
    assert_eq!(counts.len(), 8);
    let sent: u64 = counts.iter().map(|counts| counts.sent_again).sum();
    assert_eq!((sent, runs.counted("daily", "sent_again")), (50, 50.0));
    pipeline.drain(20).await;
    let keys: Vec<String> = (1..=50).map(|n| format!("k{n}")).collect();
    assert_once(&pipeline, keys.iter().map(String::as_str), "pages");
}

/// A row that this release cannot read is told of, and stops nothing.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_stops_nothing() {
    let (pipeline, runs) = Kind::Plain.pipeline();
    let ingest = Invocations::of(&pipeline, Vec::new());
    let object = pipeline.aws.s3().put(BUCKET, "a", "e", 67);
    ingest.once(&body(&[record_of(&object, 1)])).await.well();
    pipeline.events.purge();
    let unreadable = json!({"pk": {"S": "uploads/b"}, "sk": {"S": "1#"}, "state": {"S": "QUEUED"}});
    pipeline.aws.dynamodb().put(LEDGER, unreadable);
    tokio::time::sleep(DAY).await;
    let counts = runs.rows("daily").await;
    assert_eq!((counts[0].sent_again, counts[0].unreadable), (1, 1));
}

/// The costs of going over the ledger and over a bucket: the figures of docs/operate/backfill.md.
#[tokio::test(start_paused = true)]
async fn what_it_costs() {
    let (pipeline, runs) = Kind::Plain.pipeline();
    let key = |n: u32| format!("status/2026/11/22/device-{n:08}.json");
    for n in 0..200 {
        old(&pipeline, &key(n));
    }
    for (object, number) in pipeline.aws.s3().objects(BUCKET).iter().zip(1..) {
        pipeline.events.inject(&body(&[record_of(object, number)]));
    }
    pipeline.drain(30).await;
    runs.objects("known", &Asked::default()).await;
    assert_eq!(runs.counted("known", "known"), 200.0);
    // Half a unit for each object: its rows are one query of up to 4 KB.
    assert_eq!(runs.counted("known", "read_units"), 100.0);
    let counts = runs.rows("rows").await;
    // The rows, the lease, and the run before this one.
    assert_eq!(counts[0].scanned, 202);
    // A row of such a key has about 370 bytes, and half a unit reads 4 KB.
    let units = counts[0].read_units;
    assert!((8.5..9.5).contains(&units), "{units}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_ended_by_its_time_is_tried_again() {
    let (pipeline, mut runs) = Kind::Plain.pipeline();
    runs.timeout = Duration::from_secs(2);
    old(&pipeline, "a");
    let mut held = false;
    pipeline.aws.faults().before(move |call| {
        let hangs = call.operation == "HeadObject" && !held;
        held |= hangs;
        if hangs { Fault::Hang } else { Fault::None }
    });
    let payload = batch_of("r", &pipeline.aws.s3().objects(BUCKET), &Asked::default());
    assert!(matches!(runs.once(payload.clone()).await, Ran::TimedOut));
    runs.invoke(&payload).await;
    pipeline.drain(5).await;
    assert_once(&pipeline, ["a"], "a time that is over");
}
