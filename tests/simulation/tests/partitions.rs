//! Slots in one partition of the ledger and in sixteen: the change from one to the other, what
//! counting costs, and a table whose partitions throttle.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fake_aws::{Ending, Fault, PartitionLimits};
use serde_json::{Value, json};
use simulation::{LEDGER, Pipeline, Settings, Upload, Verdict};
use spillway::pace::layout::Layout;
use spillway::rules::order::Order;

fn settings(layout: Layout, max_concurrency: u32) -> Settings {
    let mut settings = Settings::default();
    // Either layout allows that.
    settings.pace.layout = layout;
    settings.pace.max_concurrency = max_concurrency;
    settings.pace.starts_per_second = 400.0;
    settings.pace.burst = 1_000;
    settings
}

/// The partitions in which slots lie.
fn partitions(pipeline: &Pipeline) -> BTreeSet<String> {
    let items = pipeline.aws.dynamodb().items(LEDGER);
    let keys = items
        .iter()
        .filter_map(|item| item["pk"]["S"].as_str().map(str::to_owned));
    keys.filter(|pk| pk.starts_with("slots")).collect()
}

fn lease(pipeline: &Pipeline) -> Value {
    let lease = pipeline.aws.dynamodb().item(LEDGER, "lease", "dispatch");
    lease.expect("a tick has left it")
}

/// Executions that run when the number of partitions changes are counted, settled and swept as
/// before, and what was put before the change is forgotten once it is gone. Both ways.
#[tokio::test(start_paused = true)]
async fn what_runs_is_counted_across_a_change_of_partitions() {
    for first in Layout::ALL {
        let pipeline = Pipeline::succeeding(settings(first, 20), 150);
        let uploads = pipeline.upload_many(50);
        pipeline.tick().await.well();
        assert_eq!(pipeline.slots().len(), 20);
        let now = pipeline.change_layout();
        // All slots are taken, where the last tick put them.
        assert_eq!(pipeline.tick().await.well().started, 0);
        assert_eq!(
            lease(&pipeline)["slot_partitions"],
            json!({"N": now.partitions().to_string()})
        );
        assert!(lease(&pipeline)["old_slots_since"]["N"].is_string());
        pipeline.drain(20).await;
        let verdict = Verdict::of(&pipeline, &uploads);
        assert_eq!((verdict.succeeded, verdict.peak), (50, 20), "{first:?}");
        assert!(verdict.duplicates.is_empty() && pipeline.slots().is_empty());
        tokio::time::sleep(Duration::from_secs(120)).await;
        pipeline.tick().await.well();
        assert!(lease(&pipeline)["old_slots_since"].is_null(), "{first:?}");
    }
}

/// The message of what runs already comes again after the change: there is a slot for it, where it
/// lay before.
#[tokio::test(start_paused = true)]
async fn a_slot_is_not_put_beside_an_old_one() {
    let pipeline = Pipeline::succeeding(settings(Layout::One, 20), 600);
    let uploads = pipeline.upload_many(5);
    pipeline.tick().await.well();
    let before = pipeline.slots();
    pipeline.change_layout();
    uploads.iter().for_each(|upload| pipeline.upload(upload));
    pipeline.tick().await.well();
    assert_eq!(partitions(&pipeline), BTreeSet::from(["slots".to_owned()]));
    assert_eq!(pipeline.slots(), before);
}

/// The first put of a change is never answered, for longer than the SDK waits: what is there then is
/// the tick's own slot, and its event starts in that tick.
#[tokio::test(start_paused = true)]
async fn a_tick_knows_the_slot_that_it_put_beside_an_old_one() {
    for (order, events_per_execution) in [(Order::None, 1), (Order::Latest, 1), (Order::None, 4)] {
        let mut settings = settings(Layout::One, 20);
        (settings.order, settings.events_per_execution) = (order, events_per_execution);
        let pipeline = Pipeline::succeeding(settings, 600);
        pipeline.upload_many(1);
        pipeline.tick().await.well();
        pipeline.change_layout();
        let upload = Upload::new("after.json", 7);
        pipeline.upload(&upload);
        let lost_until = pipeline.aws.clock().now_ms() + 9_000;
        let (clock, lost) = (pipeline.aws.clock(), Arc::new(AtomicU32::new(0)));
        let losing = Arc::clone(&lost);
        pipeline.aws.faults().after(move |call| {
            if !simulation::takes_slots(call) || clock.now_ms() > lost_until {
                return Fault::None;
            }
            losing.fetch_add(1, Ordering::Relaxed);
            Fault::Hang
        });
        let counts = pipeline.tick().await.well();
        assert!(lost.load(Ordering::Relaxed) > 0, "{order:?}");
        assert_eq!(
            (counts.started, counts.slots_taken),
            (1, Some(2)),
            "{order:?}"
        );
        assert_eq!(pipeline.slots().len(), 2);
        assert!(pipeline.events.messages().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_partitions_share_the_slots() {
    let pipeline = Pipeline::new(settings(Layout::Sixteen, 400), |_| Ending::never());
    pipeline.upload_many(400);
    assert_eq!(pipeline.tick().await.well().started, 400);
    assert_eq!(partitions(&pipeline).len(), 16);
    let names: BTreeSet<String> = pipeline.slots().into_iter().collect();
    assert_eq!(names.len(), 400);
}

/// In a pipeline of several lanes a slot says which its event came by.
#[tokio::test(start_paused = true)]
async fn a_slot_says_its_lane() {
    for several in [1, 3] {
        let mut settings = settings(Layout::Sixteen, 100);
        settings.lanes = vec![("events", 0.0), ("bulk", 0.2)];
        settings.events_per_execution = several;
        let pipeline = Pipeline::new(settings, |_| Ending::never());
        pipeline.upload_many(3);
        let (bulk, _) = &pipeline.lanes[1];
        for number in 0..3 {
            let upload = Upload::new(&format!("bulk/{number}.json"), number + 1);
            bulk.inject(&simulation::notification(&[upload]));
        }
        pipeline.tick().await.well();
        let items = pipeline.aws.dynamodb().items(LEDGER);
        let is_slot = |item: &&Value| {
            item["pk"]["S"]
                .as_str()
                .is_some_and(|pk| pk.starts_with("slots"))
        };
        let lanes = items
            .iter()
            .filter(is_slot)
            .map(|slot| slot["lane"]["S"].as_str());
        let (events, bulk): (Vec<_>, Vec<_>) = lanes.partition(|lane| *lane == Some("events"));
        assert_eq!(
            (events.len(), bulk.len()),
            (3 / several as usize, 3 / several as usize)
        );
        assert!(bulk.iter().all(|lane| *lane == Some("bulk")), "{bulk:?}");
    }
}

/// While all are taken: a hundred read units a second, and one for each that is found free.
#[tokio::test(start_paused = true)]
async fn counting_costs_so_much_whatever_runs() {
    for (layout, running) in [(Layout::One, 3_000), (Layout::Sixteen, 3_000)] {
        let settings = settings(layout, running);
        let tick = settings.tick.as_secs_f64();
        // Each ends a minute after it began, and others take their slots.
        let pipeline = Pipeline::succeeding(settings, 60);
        pipeline.upload_many(3 * running);
        let settling = pipeline.settle_in_background();
        let mut started = pipeline.tick().await.well().started;
        pipeline.aws.forget_calls();
        let before = pipeline.aws.consumed_capacity().read;
        started += pipeline.tick().await.well().started;
        assert!(started > running + running / 2, "{layout:?}: {started}");
        let counts = pipeline.aws.calls_of("Query").into_iter();
        let counts = counts.filter(|call| call.request["Select"] == "COUNT");
        let counted: f64 = counts.map(|call| call.facts.capacity).sum();
        let freed = pipeline.aws.sfn().executions().len() as f64;
        assert!(counted > 200.0, "{layout:?}: {counted}");
        // Those of the last count are not waited for.
        assert!(
            counted <= 100.0 * tick + freed + 300.0,
            "{layout:?}: {counted}"
        );
        println!(
            "{layout:?}: {counted} of {} units",
            pipeline.aws.consumed_capacity().read - before
        );
        drop(settling);
    }
}

/// A partition that takes less than the pace asks for slows the tick down, and no more.
#[tokio::test(start_paused = true)]
async fn partitions_that_throttle_slow_a_tick_down() {
    for layout in Layout::ALL {
        let pipeline = Pipeline::succeeding(settings(layout, 2_000), 3_600);
        let writes = 100.0 / f64::from(layout.partitions());
        pipeline
            .aws
            .dynamodb()
            .limit_partitions(Some(PartitionLimits {
                writes,
                reads: 3_000.0,
            }));
        let uploads = pipeline.upload_many(1_000);
        let began = pipeline.aws.clock().now_ms();
        let counts = pipeline.tick().await.well();
        let throttled = pipeline.aws.dynamodb().throttled();
        assert!(throttled > 100, "{layout:?}: {throttled}");
        assert_eq!(
            (counts.started, counts.handed_back),
            (1_000, 0),
            "{layout:?}: {counts:?}"
        );
        let executions = pipeline.aws.sfn().executions();
        let last = executions.iter().map(|it| it.started_ms).max();
        // Ten seconds is what the partitions allow.
        let took = last.map(|last| last - began);
        println!("{layout:?}: {took:?} ms, {throttled} throttled");
        assert!(
            took.is_some_and(|took| took < 20_000),
            "{layout:?}: {took:?}"
        );
        assert!(pipeline.events.messages().is_empty());
        assert!(Verdict::of(&pipeline, &uploads).duplicates.is_empty());
    }
}
