//! Handlers of one release with those of the next, and the reverse: an apply never updates all
//! functions at once.
//!
//! The next release is played by rewriting one handler's items before the other reads them. They
//! get a schema version one higher, and an attribute that this release does not know.

use std::time::Duration;

use fake_aws::Ending;
use serde_json::{Value, json};
use simulation::{LEDGER, Mapped, Pipeline, Settings, Upload, Verdict};
use spillway::SCHEMA_VERSION;
use spillway::pace::layout::Layout;

fn pipeline() -> (Pipeline, [Upload; 2]) {
    let pipeline = Pipeline::new(Settings::default(), |execution| {
        let after = Duration::from_secs(2);
        let fails = execution.input.contains("late") && execution.input.contains(r#""attempt":1,"#);
        if fails {
            Ending::fail(after, "Broken", "at first")
        } else {
            Ending::succeed(after, "{}")
        }
    });
    let uploads = [Upload::new("good", 1), Upload::new("late", 2)];
    uploads.iter().for_each(|upload| pipeline.upload(upload));
    (pipeline, uploads)
}

/// Makes everything in the ledger the next release's.
fn upgrade_ledger(pipeline: &Pipeline, version: u32) {
    for mut item in pipeline.aws.dynamodb().items(LEDGER) {
        item["v"] = json!({"N": version.to_string()});
        item["added_by_the_next_release"] = json!({"M": {"some": {"S": "thing"}}});
        pipeline.aws.dynamodb().put(LEDGER, item);
    }
}

/// Makes Spillway's own messages in a queue the next release's.
async fn upgrade_messages(pipeline: &Pipeline, queue: &fake_aws::Queue, version: u32) -> usize {
    let sqs = pipeline.aws.caller("operator").sqs_client();
    let mut upgraded = 0;
    for view in queue.messages() {
        let mut body: Value = serde_json::from_str(&view.message.body).unwrap();
        if body.get("spillway").is_none() {
            continue;
        }
        body["spillway"] = json!(version);
        body["added_by_the_next_release"] = json!(true);
        let attempt = view.message.attribute("attempt").map(str::to_owned);
        let attributes: Vec<(&str, &str)> = attempt
            .iter()
            .map(|attempt| ("attempt", attempt.as_str()))
            .collect();
        // Take the old one out through the front door, put the new one in.
        tokio::time::sleep(Duration::from_secs(30)).await;
        let received = sqs
            .receive_message()
            .queue_url(queue.url())
            .send()
            .await
            .unwrap();
        for message in received.messages() {
            let receipt = message.receipt_handle().unwrap();
            sqs.delete_message()
                .queue_url(queue.url())
                .receipt_handle(receipt)
                .send()
                .await
                .unwrap();
        }
        queue.inject_with(&body.to_string(), &attributes);
        upgraded += 1;
    }
    upgraded
}

#[tokio::test(start_paused = true)]
async fn settle_settles_what_the_next_releases_dispatch_claimed_and_the_reverse() {
    let (pipeline, uploads) = pipeline();
    assert_eq!(pipeline.tick().await.well().started, 2);
    // The next release's dispatch wrote rows, slots and lease; this release's settle reads them.
    upgrade_ledger(&pipeline, SCHEMA_VERSION + 1);
    tokio::time::sleep(Duration::from_secs(3)).await;
    while !pipeline.slots().is_empty() {
        assert_ne!(pipeline.settle_once().await, Mapped::Nothing);
    }
    // The next release's settle wrote rows and the retry; this release's dispatch reads them.
    upgrade_ledger(&pipeline, SCHEMA_VERSION + 1);
    assert_eq!(
        upgrade_messages(&pipeline, &pipeline.events, SCHEMA_VERSION + 1).await,
        1
    );
    assert_eq!(pipeline.tick().await.well().started, 1);
    pipeline.drain(5).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!(
        (verdict.succeeded, verdict.duplicates.len(), verdict.dead),
        (2, 0, 0)
    );

    // The attribute that the next release added is still there for it.
    let rows = pipeline.aws.dynamodb().items(LEDGER);
    let rows: Vec<_> = rows
        .iter()
        .filter(|row| row["pk"]["S"].as_str().unwrap().starts_with("uploads/"))
        .collect();
    assert_eq!(rows.len(), 2);
    assert!(
        rows.iter()
            .all(|row| row["added_by_the_next_release"]["M"]["some"]["S"] == "thing")
    );
}

/// A release that knows one partition only has ticked meanwhile: it put its slots there, and said
/// nothing of it in the lease.
#[tokio::test(start_paused = true)]
async fn slots_of_an_earlier_release_are_counted_and_swept_again() {
    let mut settings = Settings::default();
    settings.pace.layout = Layout::Sixteen;
    let pipeline = Pipeline::new(settings, |_| Ending::never());
    pipeline.upload_many(5);
    let dynamodb = pipeline.aws.dynamodb();
    let lease = || dynamodb.item(LEDGER, "lease", "dispatch").unwrap();
    for _ in 0..2 {
        pipeline.tick().await.well();
    }
    assert!(lease()["old_slots_since"].is_null());
    let now = pipeline.aws.clock().now_ms() + 1;
    let slot = dynamodb.items(LEDGER).into_iter().find(|item| {
        let pk = item["pk"]["S"].as_str();
        pk.is_some_and(simulation::slots::is_partition)
    });
    let mut slot = slot.unwrap();
    slot["taken_at"] = json!({"N": now.to_string()});
    slot["pk"] = json!({"S": "slots"});
    for number in 0..15 {
        slot["sk"] = json!({"S": format!("gone-{number}-1")});
        dynamodb.put(LEDGER, slot.clone());
    }
    let mut left = lease();
    left["tokens_at"] = json!({"N": now.to_string()});
    dynamodb.put(LEDGER, left);

    for number in 0..5 {
        pipeline.upload(&Upload::new(&format!("later/{number}"), number + 1));
    }
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.started, counts.slots_taken), (0, Some(20)));
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        pipeline.tick().await.well();
    }
    assert!(dynamodb.partition(LEDGER, "slots").is_empty());
    assert!(lease()["old_slots_since"].is_null());
    assert_eq!(pipeline.aws.sfn().running().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_release_too_far_away_stops_nothing_but_its_own() {
    let (pipeline, _) = pipeline();
    assert_eq!(pipeline.tick().await.well().started, 2);
    upgrade_ledger(&pipeline, SCHEMA_VERSION + 2);
    tokio::time::sleep(Duration::from_secs(3)).await;
    pipeline.settle_once().await;
    // Nothing was guessed: the slots are still held, and the outcomes come again.
    assert_eq!(pipeline.slots().len(), 2);
    assert_eq!(pipeline.outcomes.messages().len(), 2);
}
