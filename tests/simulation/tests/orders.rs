//! One execution per object at a time: the newest version only, or each in turn.

use std::time::Duration;

use fake_aws::{Ending, Fault};
use simulation::{LEDGER, Pipeline, Settings, Upload, Verdict, objects};
use spillway::rules::order::Order;

fn ordered(order: Order) -> Settings {
    Settings {
        order,
        ..Settings::default()
    }
}

/// Versions of one object.
fn versions(numbers: impl IntoIterator<Item = u32>) -> Vec<Upload> {
    let version = |number| Upload::new("device.json", number);
    numbers.into_iter().map(version).collect()
}

/// The versions that started, in the order of their starts.
fn started(pipeline: &Pipeline) -> Vec<u32> {
    let mut executions = pipeline.aws.sfn().executions();
    executions.sort_by_key(|execution| execution.started_ms);
    let version = |upload: &Upload| u32::from_str_radix(&upload.sequencer, 16).unwrap();
    executions
        .iter()
        .flat_map(|execution| objects(execution).0.iter().map(version).collect::<Vec<_>>())
        .collect()
}

fn states(pipeline: &Pipeline) -> Vec<String> {
    let items = pipeline.aws.dynamodb().items(LEDGER);
    let rows = items.iter().filter_map(|item| item["state"]["S"].as_str());
    rows.map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn latest_works_on_the_newest_of_those_that_wait_and_records_the_others() {
    let pipeline = Pipeline::succeeding(ordered(Order::Latest), 30);
    let mut uploads = versions([1]);
    pipeline.upload(&uploads[0]);
    pipeline.tick().await.well();
    for upload in versions([3, 2, 5, 4]) {
        pipeline.upload(&upload);
        uploads.push(upload);
    }
    pipeline.drain(10).await;
    assert_eq!(started(&pipeline), [1, 5]);
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("latest", 20);
    assert_eq!((verdict.succeeded, verdict.superseded), (2, 3));
    let mut states = states(&pipeline);
    states.sort();
    let expected = [
        "SUCCEEDED",
        "SUCCEEDED",
        "SUPERSEDED",
        "SUPERSEDED",
        "SUPERSEDED",
    ];
    assert_eq!(states, expected);
    assert!(pipeline.dead_letters.messages().is_empty());
}

#[tokio::test(start_paused = true)]
async fn with_latest_who_waits_gives_way_to_a_newer_version_and_is_recorded() {
    let pipeline = Pipeline::succeeding(ordered(Order::Latest), 600);
    let uploads = versions([1, 2, 3]);
    for (upload, expected) in uploads.iter().zip([
        vec!["STARTED"],
        vec!["STARTED", "WAITING"],
        vec!["STARTED", "SUPERSEDED", "WAITING"],
    ]) {
        pipeline.upload(upload);
        pipeline.tick().await.well();
        let mut states = states(&pipeline);
        states.sort();
        assert_eq!(states, expected);
    }
    pipeline.drain(30).await;
    assert_eq!(started(&pipeline), [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn latest_never_goes_back_to_a_version_whose_retry_comes_late() {
    let settings = Settings {
        retry: spillway::rules::retry::RetryPolicy {
            max_attempts: 3,
            backoff_seconds: vec![300],
        },
        ..ordered(Order::Latest)
    };
    let pipeline = Pipeline::new(settings, |execution| {
        let first = objects(execution).0[0].sequencer.ends_with('1');
        let after = Duration::from_secs(1);
        if first {
            Ending::fail(after, "Broken", "")
        } else {
            Ending::succeed(after, "{}")
        }
    });
    let uploads = versions([1, 2]);
    pipeline.upload(&uploads[0]);
    pipeline.run(2).await;
    assert_eq!(started(&pipeline), [1], "its retry waits for five minutes");
    pipeline.upload(&uploads[1]);
    pipeline.drain(15).await;
    assert_eq!(started(&pipeline), [1, 2]);
    assert_eq!(Verdict::of(&pipeline, &uploads).superseded, 1);
}

#[tokio::test(start_paused = true)]
async fn each_works_on_every_version_in_the_order_of_their_sequencers() {
    let pipeline = Pipeline::succeeding(ordered(Order::Each), 20);
    let mut uploads = versions([1]);
    pipeline.upload(&uploads[0]);
    pipeline.tick().await.well();
    for upload in versions([5, 3, 2, 4]) {
        pipeline.upload(&upload);
        uploads.push(upload);
    }
    pipeline.drain(20).await;
    assert_eq!(started(&pipeline), [1, 2, 3, 4, 5]);
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("each", 20);
    assert_eq!(verdict.succeeded, 5);
}

/// Without an order of its own a FIFO pipeline starts an object's versions as they came, also those
/// received together.
#[tokio::test(start_paused = true)]
async fn a_fifo_queue_starts_versions_as_they_came() {
    for seed in 0..20 {
        let pipeline = Pipeline::succeeding(
            Settings {
                seed,
                lanes: vec![("events.fifo", 0.0)],
                ..Settings::default()
            },
            1,
        );
        let order: Vec<u32> = (1..=9).rev().collect();
        for upload in versions(order.clone()) {
            pipeline.upload(&upload);
        }
        pipeline.tick().await.well();
        assert_eq!(started(&pipeline), order, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn objects_do_not_wait_for_each_other() {
    for order in [Order::Latest, Order::Each] {
        let pipeline = Pipeline::succeeding(ordered(order), 50);
        pipeline.upload_many(15);
        let counts = pipeline.tick().await.well();
        assert_eq!((counts.started, counts.waiting), (15, 0), "{order}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_that_waits_takes_no_slot_and_no_start() {
    let mut settings = ordered(Order::Each);
    settings.pace.max_concurrency = 5;
    let pipeline = Pipeline::succeeding(settings, 50);
    for upload in versions([1, 2, 3]) {
        pipeline.upload(&upload);
    }
    pipeline.upload(&Upload::new("other.json", 9));
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.started, counts.waiting), (2, 2));
    assert_eq!(pipeline.slots().len(), 2);
    assert!(
        pipeline.events.messages().is_empty(),
        "the ledger keeps them"
    );
}

/// Settle frees the turn before it asks for the version that waits; the other way round the message
/// can find the turn taken.
#[tokio::test(start_paused = true)]
async fn a_settle_that_is_slow_between_freeing_and_sending_leaves_nobody_waiting() {
    for order in [Order::Latest, Order::Each] {
        let pipeline = Pipeline::succeeding(ordered(order), 3);
        let uploads = versions([1, 2, 3, 4]);
        for upload in &uploads {
            pipeline.upload(upload);
        }
        pipeline.aws.faults().before(|call| {
            let slow = call.caller.starts_with("settle") && call.operation == "UpdateItem";
            if slow {
                Fault::Delay(Duration::from_secs(4))
            } else {
                Fault::None
            }
        });
        pipeline.drain(30).await;
        Verdict::of(&pipeline, &uploads).expect_kept(&order.to_string(), 20);
    }
}

/// The tick after finds a slot whose row is settled. It must leave it to settle, or nobody asks for
/// the version that waits.
#[tokio::test(start_paused = true)]
async fn a_tick_and_a_settle_that_die_for_the_same_object_leave_nobody_waiting() {
    for order in [Order::Latest, Order::Each] {
        let pipeline = Pipeline::succeeding(ordered(order), 70);
        let uploads = versions([1, 2]);
        pipeline.upload(&uploads[0]);
        let (mut tick_died, mut settle_died) = (false, false);
        pipeline.aws.faults().after(move |call| {
            let dies = match call.operation.as_str() {
                "StartExecution" => !std::mem::replace(&mut tick_died, true),
                "UpdateItem" if call.caller.starts_with("settle") => {
                    !std::mem::replace(&mut settle_died, true)
                }
                _ => false,
            };
            if dies { Fault::Crash } else { Fault::None }
        });
        pipeline.run(1).await;
        pipeline.upload(&uploads[1]);
        pipeline.drain(20).await;
        assert_eq!(started(&pipeline), [1, 2], "{order}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redriven_older_version_is_passed_over_with_latest() {
    let mut settings = ordered(Order::Latest);
    settings.retry.max_attempts = 1;
    let pipeline = Pipeline::new(settings, |execution| {
        let first = objects(execution).0[0].sequencer.ends_with('1');
        let after = Duration::from_secs(1);
        if first {
            Ending::fail(after, "Broken", "")
        } else {
            Ending::succeed(after, "{}")
        }
    });
    let uploads = versions([1, 2]);
    pipeline.upload(&uploads[0]);
    pipeline.drain(5).await;
    pipeline.upload(&uploads[1]);
    pipeline.drain(5).await;
    let dead = pipeline.dead_letters.messages();
    let message = &dead[0].message;
    let attempt = message.attribute("attempt").unwrap().to_owned();
    pipeline
        .events
        .inject_with(&message.body, &[("attempt", &attempt)]);
    pipeline.drain(5).await;
    assert_eq!(started(&pipeline), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_whose_order_is_taken_away_leaves_nobody_waiting() {
    let mut pipeline = Pipeline::succeeding(ordered(Order::Each), 30);
    let uploads = versions([1, 2, 3, 4]);
    for upload in &uploads {
        pipeline.upload(upload);
    }
    pipeline.tick().await.well();
    pipeline.settings.order = Order::None;
    pipeline.drain(10).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 4);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_whose_order_changes_to_latest_leaves_nobody_waiting() {
    let mut pipeline = Pipeline::succeeding(ordered(Order::Each), 30);
    let uploads = versions([1, 2, 3, 4]);
    for upload in &uploads {
        pipeline.upload(upload);
    }
    pipeline.tick().await.well();
    pipeline.settings.order = Order::Latest;
    pipeline.drain(10).await;
    assert_eq!(started(&pipeline), [1, 4]);
    assert_eq!(Verdict::of(&pipeline, &uploads).superseded, 2);
}

/// A tick died after the claim and before it forgot the waiter: the version has had its turn.
#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_left_behind_gets_no_second_turn() {
    for order in [Order::Latest, Order::Each] {
        let pipeline = Pipeline::succeeding(ordered(order), 3);
        let uploads = versions([1, 2, 3, 4]);
        pipeline.upload(&uploads[0]);
        pipeline.tick().await.well();
        let waiters = || {
            let items = pipeline.aws.dynamodb().items(LEDGER).into_iter();
            items.filter(|item| {
                item["pk"]["S"]
                    .as_str()
                    .is_some_and(|pk| pk.starts_with("w/"))
            })
        };
        pipeline.upload(&uploads[1]);
        assert_eq!(pipeline.tick().await.well().waiting, 1);
        let left: Vec<serde_json::Value> = waiters().collect();
        assert_eq!(left.len(), 1);
        pipeline.drain(5).await;
        assert_eq!((started(&pipeline), waiters().count()), (vec![1, 2], 0));

        pipeline.aws.dynamodb().put(LEDGER, left[0].clone());
        for upload in &uploads[2..] {
            pipeline.upload(upload);
            pipeline.tick().await.well();
        }
        pipeline.drain(20).await;
        Verdict::of(&pipeline, &uploads).expect_kept(&order.to_string(), 20);
        assert_eq!(
            (started(&pipeline), waiters().count()),
            (vec![1, 2, 3, 4], 0),
            "{order}"
        );
    }
}
