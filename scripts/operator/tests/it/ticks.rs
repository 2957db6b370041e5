//! `schedule`, `lease release`: the commands that let ticks run.

use fake_aws::Fault;
use operator::time;
use serde_json::json;

use crate::support::{LEDGER, Pipeline, pipeline};

/// Somebody holds the lease for so many seconds more.
fn held(pipeline: &Pipeline, seconds: i64) {
    let now = time::now();
    pipeline.put(
        json!({"pk": "lease", "sk": "dispatch", "v": 1, "holder": "dead", "held_since": now - 60_000,
        "expires_at_ms": now + seconds * 1_000, "suspect_since": now - 60_000, "tokens": 0, "tokens_at": now}),
    );
}

#[tokio::test]
async fn the_schedule_is_switched_and_what_it_was_is_told() {
    let pipeline = pipeline(&[]);
    for (word, operation, enabled) in [
        ("off", "AWSEvents.DisableRule", false),
        ("on", "AWSEvents.EnableRule", true),
    ] {
        let denied = pipeline.run(&["schedule", word]).await.unwrap_err();
        assert_eq!(denied.status(), 1, "{denied}");
        pipeline.answers(operation, 200, &json!({}));
        let answer = pipeline.well(&["schedule", word]).await;
        assert_eq!(
            answer.json,
            json!({"pipeline": "p", "rule": "p_tick", "enabled": enabled, "was_enabled": true, "schedule": "rate(1 minute)"})
        );
    }
    assert_eq!(pipeline.run(&["schedule"]).await.unwrap_err().status(), 2);
}

#[tokio::test]
async fn without_a_rule_there_is_nothing_to_switch() {
    let pipeline = pipeline(&[]);
    let none = json!({"__type": "ResourceNotFoundException", "message": "no rule"});
    pipeline.answers("AWSEvents.DescribeRule", 400, &none);
    let said = pipeline.run(&["schedule", "on"]).await.unwrap_err();
    assert!(said.to_string().contains("there is no rule p_tick"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_nobody_renews_is_released_with_all_that_its_tick_reserved() {
    let pipeline = pipeline(&[]);
    held(&pipeline, 86_400);
    let status = pipeline.well(&["status", "--check"]).await;
    assert_eq!(status.status, 3);
    assert_eq!(status.json["findings"][0]["code"], "lease-stuck");
    assert_eq!(
        status.json["findings"][0]["next"],
        "spillway -p p lease release"
    );
    let asks = pipeline.run(&["lease", "release"]).await.unwrap_err();
    assert!(asks.to_string().contains("--yes"), "{asks}");

    let answer = pipeline.well(&["lease", "release", "--yes"]).await;
    assert_eq!(
        (&answer.json["released"], &answer.json["holder"]),
        (&json!(true), &json!("dead"))
    );
    let item = pipeline.item("lease", "dispatch").unwrap();
    for gone in ["holder", "held_since", "expires_at_ms"] {
        assert_eq!(item[gone], json!(null));
    }
    // The next tick looks after the slots of the dead one, and has no more tokens than it left.
    assert_eq!(item["tokens"], json!({"N": "0"}));
    assert!(item["suspect_since"]["N"].is_string(), "{item}");

    let nobody = pipeline.well(&["lease", "release", "--yes"]).await;
    assert_eq!(nobody.json["released"], false);
}

#[tokio::test(start_paused = true)]
async fn a_lease_without_an_end_is_released() {
    let pipeline = pipeline(&[]);
    pipeline.put(json!({"pk": "lease", "sk": "dispatch", "v": 1, "holder": "somebody"}));
    let answer = pipeline.well(&["lease", "release", "--yes"]).await;
    assert_eq!(answer.json["released"], true);
    assert_eq!(answer.json["expires_at"], json!(null));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_ends_by_itself_is_left_alone() {
    let pipeline = pipeline(&[]);
    for (seconds, said) in [(40, "the lease expires"), (-1, "has expired")] {
        held(&pipeline, seconds);
        let refused = pipeline
            .run(&["lease", "release", "--yes"])
            .await
            .unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
        let item = pipeline.item("lease", "dispatch").unwrap();
        assert_eq!(item["holder"], json!({"S": "dead"}));
    }
}

/// Its machine's clock is an hour ahead.
#[tokio::test(start_paused = true)]
async fn a_lease_that_a_tick_renews_is_left_alone() {
    // The last renewal comes in the middle of the command's own write.
    for renews_at in ["GetItem", "UpdateItem"] {
        let pipeline = pipeline(&[]);
        held(&pipeline, 3_600);
        let dynamodb = pipeline.aws.dynamodb();
        let mut reads = 0;
        pipeline.aws.faults().before(move |call| {
            reads += u32::from(call.operation == "GetItem");
            if call.operation == renews_at && reads > 1 {
                let mut item = dynamodb.item(LEDGER, "lease", "dispatch").unwrap();
                item["expires_at_ms"] = json!({"N": (time::now() + 3_610_000).to_string()});
                dynamodb.put(LEDGER, item);
            }
            Fault::None
        });
        let refused = pipeline
            .run(&["lease", "release", "--yes"])
            .await
            .unwrap_err();
        assert_eq!(refused.status(), 1);
        assert!(refused.to_string().contains("a tick works"), "{refused}");
        let item = pipeline.item("lease", "dispatch").unwrap();
        assert_eq!(item["holder"], json!({"S": "dead"}));
    }
}

/// A tick renews its lease no more once it lasts until Lambda's deadline. It can work for 45 s
/// then.
#[tokio::test(start_paused = true)]
async fn a_lease_is_watched_for_as_long_as_a_tick_can_live_without_renewing_it() {
    let pipeline = pipeline(&[]);
    held(&pipeline, 3_600);
    let began = tokio::time::Instant::now();
    pipeline.well(&["lease", "release", "--yes"]).await;
    assert!(began.elapsed().as_secs() >= 50, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_taken_from_a_tick_that_may_live_by_a_clear_word_alone() {
    let pipeline = pipeline(&[]);
    held(&pipeline, 40);
    let refused = pipeline.run(&["lease", "release", "--even-if-alive"]).await;
    assert!(refused.unwrap_err().to_string().contains("--yes"));
    let began = tokio::time::Instant::now();
    let answer = pipeline
        .well(&["lease", "release", "--even-if-alive", "--yes"])
        .await;
    assert_eq!(answer.json["released"], true);
    assert!(began.elapsed().as_secs() < 5);
    assert_eq!(pipeline.run(&["lease"]).await.unwrap_err().status(), 2);
}
