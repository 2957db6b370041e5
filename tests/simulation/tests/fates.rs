//! The fate of each kind of message.

use fake_aws::Fault;
use serde_json::{Value, json};
use simulation::{Mapped, Pipeline, Settings, Upload, Verdict, notification, own_message, record};

fn pipeline() -> Pipeline {
    Pipeline::succeeding(Settings::default(), 1)
}

/// The keys that executions were started for.
fn started(pipeline: &Pipeline) -> Vec<String> {
    let mut keys: Vec<String> = pipeline
        .aws
        .sfn()
        .executions()
        .iter()
        .map(|execution| {
            let input: Value = serde_json::from_str(&execution.input).unwrap();
            input["objects"][0]["key"].as_str().unwrap().to_owned()
        })
        .collect();
    keys.sort();
    keys
}

#[tokio::test(start_paused = true)]
async fn a_message_that_does_not_parse_goes_to_the_dlq_with_the_reason() {
    let pipeline = pipeline();
    pipeline.events.inject("{\"Records\": 7");
    pipeline.upload(&Upload::new("good", 1));
    assert_eq!(pipeline.tick().await.well().malformed, 1);
    let dead = pipeline.dead_letters.messages();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].message.body, "{\"Records\": 7");
    let reason = dead[0].message.attribute("reason").unwrap();
    assert!(reason.starts_with("the body is not JSON"), "{reason}");
    assert_eq!(started(&pipeline), ["good"]);
    assert!(pipeline.events.messages().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_good_record_goes_on_beside_what_cannot() {
    let pipeline = pipeline();
    let mut removed = record(&Upload::new("removed", 2));
    removed["eventName"] = serde_json::json!("ObjectRemoved:Delete");
    let mut broken = record(&Upload::new("broken", 3));
    broken["s3"]["object"]["key"] = serde_json::json!("%zz");
    let good = record(&Upload::new("good", 1));
    let body = serde_json::json!({"Records": [good, removed, broken]}).to_string();
    pipeline.events.inject(&body);
    let counts = pipeline.tick().await.well();
    assert_eq!(
        (counts.split, counts.malformed, counts.other_kinds),
        (1, 1, 1)
    );
    assert_eq!(started(&pipeline), ["good"]);
    let dead = pipeline.dead_letters.messages();
    assert_eq!(dead.len(), 1);
    let alone = serde_json::json!({"Records": [broken]}).to_string();
    assert_eq!(dead[0].message.body, alone);
    let reason = dead[0].message.attribute("reason").unwrap();
    assert!(reason.starts_with("record 2: the key"), "{reason}");

    // Redriven, it is dead-lettered again, and nothing else comes back with it.
    pipeline.dead_letters.move_messages_to(&pipeline.events, 10);
    assert_eq!(pipeline.tick().await.well().malformed, 1);
    assert_eq!(pipeline.dead_letters.messages().len(), 1);
    assert_eq!(started(&pipeline), ["good"]);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_looks_like_another_is_told() {
    let pipeline = pipeline();
    let first = record(&Upload::new("k", 1));
    let mut second = first.clone();
    second["s3"]["object"]["eTag"] = serde_json::json!("bbbb");
    for (record, lookalikes) in [(&first, 0), (&first, 0), (&second, 1)] {
        let body = serde_json::json!({"Records": [record]}).to_string();
        pipeline.events.inject(&body);
        assert_eq!(pipeline.tick().await.well().lookalikes, lookalikes);
    }
    assert_eq!(started(&pipeline), ["k"]);
}

#[tokio::test(start_paused = true)]
async fn a_folder_marker_starts_nothing() {
    let pipeline = pipeline();
    let mut marker = record(&Upload::new("status/new folder/", 1));
    marker["s3"]["object"]["size"] = serde_json::json!(0);
    let body = serde_json::json!({"Records": [marker]}).to_string();
    pipeline.events.inject(&body);
    assert_eq!(pipeline.tick().await.well().folder_markers, 1);
    assert!(started(&pipeline).is_empty());
    assert!(pipeline.events.messages().is_empty());
    assert!(pipeline.dead_letters.messages().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_attempt_goes_to_the_dlq_and_keeps_it() {
    let pipeline = pipeline();
    let body = own_message(&Upload::new("k", 1));
    pipeline.events.inject_with(&body, &[("attempt", "many")]);
    pipeline.tick().await.well();
    let dead = pipeline.dead_letters.messages();
    assert_eq!(dead[0].message.attribute("attempt"), Some("many"));
    assert!(
        dead[0]
            .message
            .attribute("reason")
            .unwrap()
            .contains("\"many\"")
    );
}

#[tokio::test(start_paused = true)]
async fn a_test_event_is_deleted() {
    let pipeline = pipeline();
    let body = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-22T10:00:00.000Z",
        "Bucket": "uploads", "RequestId": "1", "HostId": "2"});
    pipeline.events.inject(&body.to_string());
    assert_eq!(pipeline.tick().await.well().test_events, 1);
    assert!(pipeline.events.messages().is_empty());
    assert!(pipeline.dead_letters.messages().is_empty());
    assert!(started(&pipeline).is_empty());
}

#[tokio::test(start_paused = true)]
async fn keys_are_decoded_once() {
    let pipeline = pipeline();
    let keys = ["a b+c%2Bd%.json", "상태/기기 7.json", "😀"];
    for (key, number) in keys.iter().zip(1..) {
        pipeline.upload(&Upload::new(key, number));
    }
    pipeline.tick().await.well();
    let mut expected = keys.map(str::to_owned);
    expected.sort();
    assert_eq!(started(&pipeline), expected);
}

#[tokio::test(start_paused = true)]
async fn a_notification_with_two_records_becomes_two_executions() {
    let pipeline = pipeline();
    let uploads = [Upload::new("one", 1), Upload::new("two", 2)];
    pipeline.events.inject(&notification(&uploads));
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.split, counts.started), (1, 2));
    assert_eq!(started(&pipeline), ["one", "two"]);
    assert!(pipeline.events.messages().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_notification_of_64_kb_of_a_newer_minor_version_is_started() {
    let pipeline = pipeline();
    let mut newer = record(&Upload::new("k", 1));
    newer["eventVersion"] = json!("2.6");
    newer["s3"]["object"]["annotations"] = json!("x".repeat(63 * 1024));
    pipeline
        .events
        .inject(&json!({"Records": [newer]}).to_string());
    assert_eq!(pipeline.tick().await.well().started, 1);
}

#[tokio::test(start_paused = true)]
async fn duplicates_are_absorbed_whenever_they_come() {
    let pipeline = pipeline();
    let upload = Upload::new("k", 1);
    // Three at once, one while it runs, one after it succeeded.
    for _ in 0..3 {
        pipeline.upload(&upload);
    }
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.started, counts.stale), (1, 2));
    pipeline.upload(&upload);
    assert_eq!(pipeline.tick().await.well().stale, 1);
    pipeline.drain(3).await;
    pipeline.upload(&upload);
    pipeline.drain(3).await;
    assert_eq!(pipeline.aws.sfn().executions().len(), 1);
}

/// Duplicates handled at the same time, by different receives: the second finds the slot and the
/// claim of the first.
#[tokio::test(start_paused = true)]
async fn duplicates_received_side_by_side_share_one_slot_and_one_execution() {
    let pipeline = pipeline();
    let uploads: Vec<_> = (1..=40)
        .map(|number| Upload::new(&format!("{number}"), number))
        .collect();
    for _ in 0..4 {
        uploads.iter().for_each(|upload| pipeline.upload(upload));
    }
    pipeline.drain(5).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!((verdict.succeeded, verdict.duplicates.len()), (40, 0));
    assert!(verdict.peak <= 20, "{} ran at once", verdict.peak);
}

#[tokio::test(start_paused = true)]
async fn every_upload_of_a_key_is_an_event_of_its_own() {
    let pipeline = pipeline();
    let uploads = [Upload::new("k", 1), Upload::new("k", 2)];
    uploads.iter().for_each(|upload| pipeline.upload(upload));
    pipeline.drain(3).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!((verdict.succeeded, verdict.duplicates.len()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dead_event_is_redriven_as_its_next_attempt() {
    let mut settings = Settings::default();
    settings.retry.max_attempts = 2;
    let pipeline = Pipeline::new(settings, |execution| {
        let after = std::time::Duration::from_secs(1);
        if execution.input.contains(r#""attempt":3,"#) {
            fake_aws::Ending::succeed(after, "{}")
        } else {
            fake_aws::Ending::fail(after, "UnknownDevice", "device 7 is not registered")
        }
    });
    let uploads = [Upload::new("k", 1)];
    pipeline.upload(&uploads[0]);
    pipeline.drain(5).await;
    let dead = pipeline.dead_letters.messages();
    assert_eq!(dead[0].message.attribute("attempt"), Some("3"));
    let reason = "FAILED: UnknownDevice: device 7 is not registered";
    assert_eq!(dead[0].message.attribute("reason"), Some(reason));

    assert_eq!(
        pipeline.dead_letters.move_messages_to(&pipeline.events, 10),
        1
    );
    pipeline.drain(5).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!((verdict.succeeded, verdict.duplicates.len()), (1, 0));
    assert_eq!(pipeline.aws.sfn().executions().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_comes_while_its_last_attempt_still_runs_waits() {
    let pipeline = Pipeline::succeeding(Settings::default(), 90);
    let body = own_message(&Upload::new("k", 1));
    pipeline.events.inject(&body);
    pipeline.tick().await.well();
    // A replay that somebody sent too early.
    pipeline.events.inject_with(&body, &[("attempt", "2")]);
    // It is looked at again in a moment, and then less and less often.
    assert_eq!(pipeline.tick().await.well().handed_back, 2);
    assert_eq!(pipeline.aws.sfn().executions().len(), 1);
    pipeline.drain(5).await;
    let executions = pipeline.aws.sfn().executions();
    assert_eq!(executions.len(), 2);
    assert!(executions[1].started_ms >= executions[0].stopped_ms.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_row_that_cannot_be_read_dead_letters_its_message_and_nothing_else() {
    let pipeline = pipeline();
    let uploads = [Upload::new("spoilt", 1), Upload::new("good", 2)];
    uploads.iter().for_each(|upload| pipeline.upload(upload));
    pipeline.aws.dynamodb().put(simulation::LEDGER, json!({
        "pk": {"S": "uploads/spoilt"}, "sk": {"S": format!("s#{:018X}", 1)}, "state": {"S": "NOT A STATE"},
    }));
    let counts = pipeline.tick().await.well();
    assert_eq!(
        (counts.started, counts.unreadable, counts.malformed),
        (1, 1, 0)
    );
    let dead = pipeline.dead_letters.messages();
    assert!(
        dead[0]
            .message
            .attribute("reason")
            .unwrap()
            .contains("NOT A STATE")
    );
}

/// JSON allows U+FFFE and U+FFFF, SQS refuses them: a key that has them is retried and
/// dead-lettered all the same.
#[tokio::test(start_paused = true)]
async fn a_key_with_characters_that_sqs_refuses_is_dead_lettered_as_any_other() {
    let pipeline = Pipeline::new(Settings::default(), |_| {
        fake_aws::Ending::fail(
            std::time::Duration::from_secs(1),
            "Broken",
            "it is \u{ffff}",
        )
    });
    pipeline.aws.faults().before(|call| {
        let body = call.request.to_string();
        if call.operation.starts_with("SendMessage") && body.contains(['\u{fffe}', '\u{ffff}']) {
            fake_aws::Fault::Refuse("InvalidMessageContents".into())
        } else {
            fake_aws::Fault::None
        }
    });
    let uploads = [Upload::new("a\u{fffe}b\u{ffff}", 1)];
    pipeline.upload(&uploads[0]);
    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!((verdict.dead, verdict.lost.len()), (1, 0));
    assert_eq!(pipeline.aws.sfn().executions().len(), 3);
}

/// Settle died after it sent the message for attempt 2, so that message comes twice. The first
/// comes while the row still shows attempt 1 as started, the second after settle's second try. The
/// first loses its claim and frees the slot. The second came while the slot was there, and must not
/// have claimed for it.
#[tokio::test(start_paused = true)]
async fn a_lost_claim_never_frees_a_slot_that_another_message_claims_for() {
    let millis = std::time::Duration::from_millis;
    // The retry that settle sends comes after all that.
    let mut settings = Settings::default();
    settings.retry.backoff_seconds = vec![60];
    let pipeline = Pipeline::new(settings, move |execution| {
        if execution.input.contains(r#""attempt":1,"#) {
            fake_aws::Ending::fail(millis(1_000), "Broken", "at first")
        } else {
            fake_aws::Ending::succeed(millis(20_000), "{}")
        }
    });
    pipeline.aws.set_latency(millis(0), millis(0));
    let upload = Upload::new("k", 1);
    pipeline.upload(&upload);
    pipeline.tick().await.well();
    tokio::time::sleep(millis(2_000)).await;

    // The first claim of attempt 2 is under way for a second, another one would be for three. No
    // message can be handed back, so that none fixes the matter itself.
    let mut delays = vec![millis(3_000), millis(1_000)];
    pipeline.aws.faults().before(move |call| {
        let claims = call.operation == "UpdateItem"
            && call.caller.starts_with("dispatch")
            && call.facts.keys.iter().any(|key| key.pk == "uploads/k");
        if call.operation == "ChangeMessageVisibilityBatch" {
            return fake_aws::Fault::InternalError;
        }
        match delays.pop() {
            Some(delay) if claims => fake_aws::Fault::Delay(delay),
            Some(delay) => {
                delays.push(delay);
                fake_aws::Fault::None
            }
            None => fake_aws::Fault::None,
        }
    });
    let body = own_message(&upload);
    pipeline.events.inject_with(&body, &[("attempt", "2")]);
    let meanwhile = async {
        tokio::time::sleep(millis(300)).await;
        assert_ne!(pipeline.settle_once().await, Mapped::Nothing);
        pipeline.events.inject_with(&body, &[("attempt", "2")]);
    };
    let (ticked, ()) = tokio::join!(pipeline.tick(), meanwhile);
    let ticked = ticked.well();
    assert_eq!((ticked.started, ticked.freed), (0, 1));
    assert!(pipeline.slots().is_empty());
    assert_eq!(pipeline.aws.sfn().executions().len(), 1, "nobody claimed");

    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &[upload]);
    assert_eq!((verdict.succeeded, verdict.duplicates.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_message_of_several_records_stays_until_its_parts_are_sent() {
    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    let uploads: Vec<Upload> = (1..4)
        .map(|number| Upload::new(&format!("part/{number}"), number))
        .collect();
    pipeline.events.inject(&notification(&uploads));
    pipeline
        .aws
        .faults()
        .before(|call| match call.operation.as_str() {
            "SendMessageBatch" => Fault::Refuse("AccessDenied".to_owned()),
            _ => Fault::None,
        });
    pipeline.tick().await;
    assert_eq!(pipeline.events.messages().len(), 1, "it is still there");
    pipeline.aws.faults().clear();
    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("parts", 20);
    assert_eq!(verdict.succeeded, 3);
}
