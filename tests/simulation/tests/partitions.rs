//! Slots in one partition of the ledger and in sixteen. The change from one to the other, the costs
//! of a count, and a table whose partitions throttle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fake_aws::{Call, Ending, Fault, PartitionLimits};
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
    keys.filter(|pk| simulation::slots::is_partition(pk))
        .collect()
}

fn lease(pipeline: &Pipeline) -> Value {
    let lease = pipeline.aws.dynamodb().item(LEDGER, "lease", "dispatch");
    lease.expect("a tick has left it")
}

/// Executions that run when the number of partitions changes are counted, settled and swept as
/// before. A slot from before the change is forgotten once it is gone. Both ways.
#[tokio::test(start_paused = true)]
async fn what_runs_is_counted_across_a_change_of_partitions() {
    for first in Layout::ALL {
        let pipeline = Pipeline::succeeding(settings(first, 20), 150);
        let uploads = pipeline.upload_many(50);
        pipeline.tick().await.well();
        assert_eq!(pipeline.slots().len(), 20);
        let now = pipeline.change_layout();
        // All slots are taken, in the layout of the last tick.
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

/// Counts how often an execution comes to have two slots.
fn count_doubles(pipeline: &Pipeline) -> Arc<AtomicU32> {
    let doubles = Arc::new(AtomicU32::new(0));
    let (counted, watched) = (Arc::clone(&doubles), pipeline.clone());
    pipeline.aws.faults().after(move |call| {
        if simulation::takes_slots(call) {
            let slots = watched.slots();
            let executions: BTreeSet<&String> = slots.iter().collect();
            let more = slots.len() - executions.len();
            counted.fetch_add(u32::try_from(more).unwrap(), Ordering::Relaxed);
        }
        Fault::None
    });
    doubles
}

/// The message of an execution that runs already comes again after the change: there is a slot for
/// it, in the old layout.
#[tokio::test(start_paused = true)]
async fn a_slot_is_not_put_beside_an_old_one() {
    for minutes in [0, 2] {
        let pipeline = Pipeline::succeeding(settings(Layout::One, 20), 6_000);
        let uploads = pipeline.upload_many(5);
        pipeline.tick().await.well();
        let before = pipeline.slots();
        pipeline.change_layout();
        for _ in 0..minutes {
            pipeline.tick().await.well();
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        let doubles = count_doubles(&pipeline);
        uploads.iter().for_each(|upload| pipeline.upload(upload));
        pipeline.tick().await.well();
        assert_eq!(partitions(&pipeline), BTreeSet::from(["slots".to_owned()]));
        assert_eq!(pipeline.slots(), before);
        assert_eq!(doubles.load(Ordering::Relaxed), 0);
    }
}

/// Returns the slots of the executions that these uploads come to have, in every order of receives.
async fn slots_of(settings: &Settings, uploads: &[Upload]) -> BTreeMap<String, Value> {
    let mut slots = BTreeMap::new();
    for seed in 1..=10 {
        let settings = Settings {
            seed,
            ..settings.clone()
        };
        let pipeline = Pipeline::succeeding(settings, 600);
        uploads.iter().for_each(|upload| pipeline.upload(upload));
        pipeline.tick().await.well();
        for slot in pipeline.aws.dynamodb().partition(LEDGER, "slots") {
            slots.insert(slot["sk"].to_string(), slot);
        }
    }
    slots
}

/// An earlier tick put a slot and nobody has claimed for it. The next tick of the other layout puts
/// none beside it, for every kind of execution.
#[tokio::test(start_paused = true)]
async fn no_slot_is_put_beside_an_old_one_without_a_claim() {
    for minutes in [0, 2] {
        for (order, events_per_execution) in
            [(Order::None, 1), (Order::Latest, 1), (Order::None, 2)]
        {
            let mut settings = settings(Layout::One, 20);
            (settings.order, settings.events_per_execution) = (order, events_per_execution);
            let when = format!("{order:?}, {events_per_execution} an execution, {minutes} min");
            let uploads = [Upload::new("a.json", 1), Upload::new("b.json", 2)];
            let old = slots_of(&settings, &uploads).await;
            // A batch has its members in either order.
            assert_eq!(old.len(), 2, "{when}");

            let pipeline = Pipeline::succeeding(settings, 6_000);
            pipeline.upload_many(2);
            pipeline.tick().await.well();
            pipeline.change_layout();
            let unclaimed = || {
                for slot in old.values() {
                    let mut slot = slot.clone();
                    let now = pipeline.aws.clock().now_ms();
                    slot["taken_at"] = json!({"N": now.to_string()});
                    pipeline.aws.dynamodb().put(LEDGER, slot);
                }
            };
            unclaimed();
            for _ in 0..minutes {
                pipeline.tick().await.well();
                tokio::time::sleep(Duration::from_secs(60)).await;
                unclaimed();
            }
            let doubles = count_doubles(&pipeline);
            uploads.iter().for_each(|upload| pipeline.upload(upload));
            assert_eq!(pipeline.tick().await.well().started, 0, "{when}");
            assert_eq!(doubles.load(Ordering::Relaxed), 0, "{when}");
            assert_eq!(partitions(&pipeline), BTreeSet::from(["slots".to_owned()]));
        }
    }
}

/// An execution of days keeps the old layout. A minute after the change it costs nothing any more,
/// and before that no partition is asked for more than it gives.
#[tokio::test(start_paused = true)]
async fn a_change_that_lasts_slows_nothing_down() {
    for first in Layout::ALL {
        let mut settings = settings(first, 10_000);
        settings.pace.starts_per_second = first.other().max_starts_per_second().min(1_000.0);
        settings.pace.layout = first.other();
        let pipeline = Pipeline::new(settings, |execution| {
            match execution.name.contains("first") {
                true => Ending::never(),
                false => Ending::succeed(Duration::from_secs(5), "{}"),
            }
        });
        pipeline.change_layout();
        pipeline.upload(&Upload::new("first.json", 1));
        pipeline.tick().await.well();
        let limits = Some(PartitionLimits::AWS);
        pipeline.aws.dynamodb().limit_partitions(limits);
        pipeline.change_layout();
        let _settling = pipeline.settle_in_background();
        let transactions = || {
            let calls = pipeline.aws.calls_of("TransactWriteItems").into_iter();
            calls.filter(simulation::takes_slots).count()
        };
        pipeline.upload_many(4_000);
        assert_eq!(pipeline.tick().await.well().started, 4_000, "{first:?}");
        assert_eq!(transactions(), 4_000, "{first:?}");
        tokio::time::sleep(Duration::from_secs(60)).await;
        pipeline.aws.forget_calls();
        for number in 0..4_000 {
            pipeline.upload(&Upload::new(&format!("later/{number}.json"), number + 1));
        }
        let began = pipeline.aws.clock().now_ms();
        assert_eq!(pipeline.tick().await.well().started, 4_000, "{first:?}");
        let took = pipeline.aws.clock().now_ms() - began;
        assert_eq!(transactions(), 0, "{first:?}");
        assert!(lease(&pipeline)["old_slots_since"]["N"].is_string());
        println!(
            "{first:?}: {took} ms, {} throttled",
            pipeline.aws.dynamodb().throttled()
        );
        assert_eq!(pipeline.aws.dynamodb().throttled(), 0, "{first:?}");
        assert!(took < 15_000, "{first:?}: {took} ms");
    }
}

/// The lease says so at once. A caller that puts a slot without it uses the layout that is
/// searched, a minute later at the latest. Without a lease both layouts are looked at.
#[tokio::test(start_paused = true)]
async fn the_lease_tells_of_a_change_before_anything_rests_on_it() {
    let pipeline = Pipeline::succeeding(settings(Layout::One, 20), 600);
    pipeline.upload_many(5);
    pipeline.tick().await.well();
    pipeline.change_layout();
    // It dies as soon as it counts.
    pipeline.aws.faults().before(|call| {
        let mut keys = call.facts.keys.iter();
        match keys.any(|key| simulation::slots::is_partition(&key.pk)) {
            true => Fault::Crash,
            false => Fault::None,
        }
    });
    pipeline.tick().await;
    pipeline.aws.faults().clear();
    assert_eq!(lease(&pipeline)["slot_partitions"], json!({"N": "16"}));
    assert!(lease(&pipeline)["old_slots_since"]["N"].is_string());

    let key = json!({"pk": {"S": "lease"}, "sk": {"S": "dispatch"}});
    pipeline.aws.dynamodb().remove(LEDGER, &key);
    assert_eq!(pipeline.tick().await.well().slots_taken, Some(5));
    assert!(lease(&pipeline)["old_slots_since"]["N"].is_string());
}

/// The first put of a change is never answered, for longer than the SDK waits. The slot that is
/// there then is the tick's own, and its event starts in that tick.
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

/// The dispatcher dies with the first put of a change, before its effect, after it, and long before
/// it: the next ticks fix that.
#[tokio::test(start_paused = true)]
async fn a_tick_that_dies_while_a_change_lasts_loses_nothing() {
    let late = Fault::CrashOnTheWire(Duration::from_secs(20));
    for (after, fault) in [(false, Fault::Crash), (true, Fault::Crash), (false, late)] {
        for (order, events_per_execution) in [(Order::None, 1), (Order::Each, 1), (Order::None, 3)]
        {
            let mut settings = settings(Layout::One, 20);
            (settings.order, settings.events_per_execution) = (order, events_per_execution);
            let pipeline = Pipeline::succeeding(settings, 90);
            let mut uploads = pipeline.upload_many(6);
            pipeline.tick().await.well();
            pipeline.change_layout();
            for number in 0..6 {
                let upload = Upload::new(&format!("later/{number}.json"), number + 1);
                pipeline.upload(&upload);
                uploads.push(upload);
            }
            let (dead, fault) = (Arc::new(AtomicU32::new(0)), fault.clone());
            let dies = Arc::clone(&dead);
            let hook = move |call: &Call| {
                let is_put =
                    call.operation == "TransactWriteItems" && simulation::takes_slots(call);
                match is_put && dies.fetch_add(1, Ordering::Relaxed) == 0 {
                    true => fault.clone(),
                    false => Fault::None,
                }
            };
            match after {
                true => pipeline.aws.faults().after(hook),
                false => pipeline.aws.faults().before(hook),
            }
            pipeline.drain(20).await;
            assert!(dead.load(Ordering::Relaxed) > 0);
            let verdict = Verdict::of(&pipeline, &uploads);
            verdict.expect_kept(&format!("{order:?} {events_per_execution} {after}"), 20);
            assert_eq!(verdict.succeeded, uploads.len());
        }
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
        let slots = simulation::slots::all(&pipeline.aws.dynamodb(), LEDGER);
        let lanes = slots.iter().map(|slot| slot["lane"]["S"].as_str());
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
    for layout in Layout::ALL {
        let running = 10_000;
        let mut settings = settings(layout, running);
        // Before they are there, nothing else matters.
        settings.pace.starts_per_second = layout.max_starts_per_second();
        let tick = settings.tick.as_secs_f64();
        // Of each hundred one ends while they are counted, and another takes its slot.
        let mut numbers = 0..;
        let pipeline = Pipeline::new(settings, move |_| match numbers.next() {
            Some(number) if number < 10_000 && number % 100 == 0 => {
                Ending::succeed(Duration::from_secs(90), "{}")
            }
            _ => Ending::never(),
        });
        pipeline.upload_many(running + 1_000);
        let _settling = pipeline.settle_in_background();
        let mut started = 0;
        while started < running {
            started += pipeline.tick().await.well().started;
        }
        pipeline.aws.forget_calls();
        let ended = || {
            let executions = pipeline.aws.sfn().executions();
            executions
                .iter()
                .filter(|it| it.stopped_ms.is_some())
                .count() as f64
        };
        let before = ended();
        pipeline.tick().await.well();
        let counts = pipeline.aws.calls_of("Query").into_iter();
        let counts = counts.filter(|call| call.request["Select"] == "COUNT");
        let units: Vec<f64> = counts.map(|call| call.facts.capacity).collect();
        let counted: f64 = units.iter().sum();
        let freed = ended() - before;
        println!(
            "{layout:?}: {counted} units in {} counts, {freed} freed",
            units.len()
        );
        assert!(counted > 1_000.0, "{layout:?}: {counted}");
        // The last count of a tick is not waited for.
        let dearest = 10_000.0 * 66.0 / 1_000.0 / f64::from(layout.partitions());
        let most = 100.0 * tick + freed + 2.0 * dearest + 100.0;
        assert!(counted <= most, "{layout:?}: {counted} of {most}");
    }
}

/// A partition that takes less than the pace asks for slows the tick down, and no more. Which write
/// it takes next is chance: one can wait its turn for longer than an outage is waited for.
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
        let took = last.map(|last| last - began);
        // Ten seconds is the time that the partitions allow.
        println!("{layout:?}: {took:?} ms, {throttled} throttled");
        assert!(
            took.is_some_and(|took| took < 20_000),
            "{layout:?}: {took:?}"
        );
        assert!(pipeline.events.messages().is_empty());
        assert!(Verdict::of(&pipeline, &uploads).duplicates.is_empty());
    }
}
