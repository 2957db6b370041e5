//! `failed`, `redrive`, `replay`, `discard`. Moves by SQS itself are tried at the emulator.

use serde_json::json;
use spillway::event::ObjectEvent;
use spillway::message;

use crate::support::{Pipeline, pipeline};

fn own(key: &str) -> String {
    json!({"spillway": 1, "object": {"bucket": "uploads", "key": key, "sequencer": "0A", "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-22T10:00:00.000Z"}})
    .to_string()
}

fn dead(pipeline: &Pipeline, key: &str, reason: &str) {
    pipeline
        .dead
        .inject_with(&own(key), &[("attempt", "4"), ("reason", reason)]);
}

fn bodies(queue: &fake_aws::Queue) -> Vec<String> {
    let mut keys: Vec<String> = queue
        .messages()
        .into_iter()
        .flat_map(|view| message::parse(&view.message.body).unwrap().into_events())
        .map(|event: ObjectEvent| event.key)
        .collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn failures_are_grouped_and_given_back() {
    let pipeline = pipeline(&[]);
    for number in 0..12 {
        dead(
            &pipeline,
            &format!("{number}"),
            &format!("FAILED: UnknownDevice: device {number}"),
        );
    }
    dead(&pipeline, "x", "TIMED_OUT");
    pipeline.row(
        "uploads/9",
        "0B",
        "DEAD",
        3,
        &json!({"finished_at": 1, "error": "UnknownDevice", "cause": "device 9"}),
    );
    pipeline.row(
        "uploads/8",
        "0B",
        "SUCCEEDED",
        3,
        &json!({"finished_at": 1}),
    );
    let answer = pipeline.well(&["failed"]).await;
    let groups = answer.json["groups"].as_array().unwrap();
    assert_eq!(
        (&groups[0]["count"], &groups[0]["error"]),
        (&json!(12), &json!("FAILED: UnknownDevice: device …"))
    );
    assert_eq!(groups.len(), 3);
    let counted = "13 dead letters and 1 failed row (an event can have both) of p, in 3 groups.";
    assert!(answer.text.starts_with(counted), "{}", answer.text);
    assert!(
        answer
            .text
            .contains("Looked at 13 of about 13 dead letters"),
        "{}",
        answer.text
    );
    assert_eq!(
        pipeline
            .dead
            .messages()
            .iter()
            .filter(|view| !view.hidden)
            .count(),
        13
    );
    let listed = pipeline
        .well(&["failed", "--error", "timed_out", "--list"])
        .await;
    assert_eq!(listed.json["failures"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_counted_and_no_other_item() {
    let pipeline = pipeline(&[]);
    let finished = json!({"finished_at": 1});
    pipeline.row("uploads/1", "0A", "DEAD", 3, &finished);
    pipeline.row("uploads/2", "0A", "DEAD", 3, &json!({"v": 99}));
    // Its state is not a row's.
    pipeline.put(json!({"pk": "control", "sk": "other", "state": "DEAD"}));
    let answer = pipeline.well(&["failed"]).await;
    let sample = &answer.json["sample"];
    assert_eq!(
        (&sample["rows"], &sample["unreadable"]),
        (&json!(1), &json!(1))
    );
    assert!(
        answer.text.contains("1 row cannot be read; the first: "),
        "{}",
        answer.text
    );
    let said = pipeline.run(&["replay", "--all"]).await.unwrap_err();
    assert!(
        said.to_string().contains("1 row cannot be replayed"),
        "{said}"
    );
}

#[tokio::test]
async fn the_cap_of_a_sample_is_kept_and_stated() {
    let pipeline = pipeline(&[]);
    for number in 0..30 {
        dead(&pipeline, &format!("{number}"), "FAILED");
    }
    let answer = pipeline.well(&["failed", "--receives", "1"]).await;
    assert_eq!(answer.json["sample"]["receives"], 1);
    assert!(
        answer
            .text
            .contains("Looked at 10 of about 30 dead letters"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_selection_moves_what_matches() {
    let pipeline = pipeline(&[]);
    for number in 0..15 {
        dead(
            &pipeline,
            &format!("{number:02}"),
            if number % 5 == 0 {
                "BrokenReport"
            } else {
                "UnknownDevice"
            },
        );
    }
    let would = pipeline
        .well(&["redrive", "--error", "unknowndevice", "--dry-run"])
        .await;
    assert_eq!(would.json["queues"][0]["moved"], 12);
    assert_eq!(pipeline.events.messages().len(), 0);
    let done = pipeline
        .well(&["redrive", "--error", "unknowndevice"])
        .await;
    assert_eq!(
        (
            &done.json["queues"][0]["moved"],
            &done.json["queues"][0]["looked_at"]
        ),
        (&json!(12), &json!(15))
    );
    assert_eq!(bodies(&pipeline.dead), ["00", "05", "10"]);
    assert_eq!(
        pipeline
            .dead
            .messages()
            .iter()
            .filter(|view| !view.hidden)
            .count(),
        3
    );
    assert_eq!(
        pipeline.events.messages()[0].message.attributes["attempt"]["StringValue"],
        "4"
    );
    let missing = pipeline
        .run(&["redrive", "--object", "uploads/nothing"])
        .await
        .unwrap_err();
    assert!(
        missing
            .to_string()
            .contains("nothing was found of bucket uploads, key nothing"),
        "{missing}"
    );
}

#[tokio::test]
async fn a_replay_asks_for_the_next_attempt_of_what_is_finished() {
    let pipeline = pipeline(&[]);
    pipeline.row(
        "uploads/1",
        "0A",
        "DEAD",
        3,
        &json!({"finished_at": 1, "error": "UnknownDevice"}),
    );
    pipeline.row(
        "uploads/2",
        "0A",
        "SUCCEEDED",
        1,
        &json!({"finished_at": 1}),
    );
    pipeline.row(
        "uploads/3",
        "0A",
        "STARTED",
        1,
        &json!({"execution": "x", "started_at": 1, "state_machine_arn": "m"}),
    );
    let done = pipeline.well(&["replay", "--all"]).await;
    assert_eq!(
        (&done.json["asked"], &done.json["by_state"]),
        (&json!(1), &json!({"DEAD": 1}))
    );
    assert_eq!(bodies(&pipeline.events), ["1"]);
    assert_eq!(
        pipeline.events.messages()[0].message.attributes["attempt"]["StringValue"],
        "4"
    );
    pipeline
        .well(&["replay", "--object", "uploads/2", "--state", "SUCCEEDED"])
        .await;
    assert_eq!(bodies(&pipeline.events), ["1", "2"]);
    assert_eq!(pipeline.run(&["replay"]).await.unwrap_err().status(), 2);
}

#[tokio::test]
async fn what_is_dropped_is_recorded_with_who_and_why() {
    let pipeline = pipeline(&[]);
    dead(&pipeline, "1", "FAILED");
    dead(&pipeline, "2", "FAILED");
    pipeline.row("uploads/1", "0A", "DEAD", 3, &json!({"finished_at": 1}));
    let asks = pipeline
        .run(&["discard", "--object", "uploads/1", "--reason", "test data"])
        .await
        .unwrap_err();
    assert!(asks.to_string().contains("--yes"), "{asks}");
    let done = pipeline
        .well(&[
            "discard",
            "--object",
            "uploads/1",
            "--reason",
            "test data",
            "--yes",
        ])
        .await;
    assert_eq!(done.json["queues"][0]["dropped"], 1);
    assert_eq!(bodies(&pipeline.dead), ["2"]);
    assert_eq!(pipeline.events.messages().len(), 0);
    let records = pipeline.aws.dynamodb().partition("p_ledger", "discarded");
    assert_eq!(
        (records.len(), &records[0]["note"]["S"]),
        (1, &json!("test data"))
    );
    assert_eq!(
        pipeline.item("uploads/1", "s#0A").unwrap()["discarded_note"]["S"],
        "test data"
    );
    let story = pipeline.well(&["explain", "uploads/1"]).await;
    assert_eq!(
        story.json["versions"][0]["where"],
        "finished: dropped for good by a person"
    );
}

#[tokio::test]
async fn what_the_queue_refuses_stays() {
    let pipeline = pipeline(&[]);
    for number in 0..3 {
        dead(&pipeline, &format!("{number}"), "FAILED");
    }
    // The second entry of each batch that is sent.
    pipeline
        .aws
        .faults()
        .fail_entries(|call, id| call.operation == "SendMessageBatch" && id == "1");
    let failed = pipeline
        .run(&["redrive", "--prefix", "uploads"])
        .await
        .unwrap_err();
    assert!(
        failed
            .to_string()
            .contains("1 message failed and stay in p_events-dlq_default"),
        "{failed}"
    );
    assert_eq!(
        (bodies(&pipeline.dead).len(), bodies(&pipeline.events).len()),
        (1, 2)
    );
    assert!(pipeline.dead.messages().iter().all(|view| !view.hidden));
}

#[tokio::test]
async fn what_was_sent_and_not_deleted_is_not_lost() {
    let pipeline = pipeline(&[]);
    dead(&pipeline, "1", "FAILED");
    pipeline
        .aws
        .faults()
        .fail_entries(|call, _| call.operation == "DeleteMessageBatch");
    let failed = pipeline
        .run(&["redrive", "--prefix", "uploads"])
        .await
        .unwrap_err();
    assert!(
        failed.to_string().contains("could not be deleted"),
        "{failed}"
    );
    assert_eq!(
        (bodies(&pipeline.dead), bodies(&pipeline.events)),
        (vec!["1".to_owned()], vec!["1".to_owned()])
    );
}

#[tokio::test]
async fn what_comes_in_meanwhile_stays() {
    let pipeline = pipeline(&[]);
    for number in 0..15 {
        dead(&pipeline, &format!("{number:02}"), "FAILED");
    }
    let queue = pipeline.dead.clone();
    pipeline.aws.faults().after(move |call| {
        if call.operation == "SendMessageBatch" {
            std::thread::sleep(std::time::Duration::from_millis(5));
            queue.inject_with(&own("again"), &[("attempt", "5"), ("reason", "FAILED")]);
        }
        fake_aws::Fault::None
    });
    let done = pipeline.well(&["redrive", "--error", "FAILED"]).await;
    assert_eq!(done.json["queues"][0]["moved"], 15);
    assert!(done.json["queues"][0]["came_meanwhile"].as_u64().unwrap() >= 1);
    assert!(bodies(&pipeline.dead).iter().all(|key| key == "again"));
    assert_eq!(pipeline.events.messages().len(), 15);
}

#[tokio::test]
async fn a_row_that_is_not_finished_any_more_is_left_alone() {
    let pipeline = pipeline(&[]);
    for number in 0..4 {
        pipeline.row(
            &format!("uploads/{number}"),
            "0A",
            "DEAD",
            3,
            &json!({"finished_at": 1}),
        );
    }
    // Between the scan and the strong read.
    let dynamodb = pipeline.aws.dynamodb();
    pipeline.aws.faults().before(move |call| {
        if call.operation == "BatchGetItem" {
            for (number, state, attempt) in [(0, "STARTED", "4"), (1, "DEAD", "4")] {
                let text = |text: &str| json!({"S": text});
                dynamodb.put("p_ledger", json!({"pk": text(&format!("uploads/{number}")), "sk": text("s#0A"), "sequencer": text("0A"),
                    "state": text(state), "attempt": {"N": attempt}, "event_name": text("x"), "event_time": text("x")}));
            }
            dynamodb.remove("p_ledger", &json!({"pk": {"S": "uploads/2"}, "sk": {"S": "s#0A"}}));
        }
        fake_aws::Fault::None
    });
    let done = pipeline.well(&["replay", "--all"]).await;
    assert_eq!(
        (&done.json["asked"], &done.json["moved_on"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(bodies(&pipeline.events), ["3"]);
}

#[tokio::test]
async fn every_page_is_read_once_and_keys_left_unprocessed_are_asked_for_again() {
    let pipeline = pipeline(&[]);
    for number in 0..60 {
        pipeline.row(
            &format!("uploads/{number:02}"),
            "0A",
            "DEAD",
            3,
            &json!({"finished_at": 1}),
        );
    }
    pipeline.aws.dynamodb().set_page_items(Some(7));
    let mut left = 20;
    pipeline.aws.faults().fail_entries(move |call, _| {
        left -= i32::from(call.operation == "BatchGetItem");
        call.operation == "BatchGetItem" && left > 0
    });
    let done = pipeline.well(&["replay", "--all"]).await;
    assert_eq!(done.json["asked"], 60);
    assert_eq!(bodies(&pipeline.events).len(), 60);
}

#[tokio::test]
async fn what_a_person_dropped_is_replayed_only_by_its_name() {
    let pipeline = pipeline(&[]);
    let dropped = json!({"finished_at": 1, "discarded_by": "bob", "discarded_at": 2, "discarded_note": "x", "discarded_attempt": 3});
    pipeline.row("uploads/1", "0A", "DEAD", 3, &dropped);
    // Dropped once, replayed, and failed again.
    pipeline.row("uploads/2", "0A", "DEAD", 4, &dropped);
    let would = pipeline.well(&["replay", "--all", "--dry-run"]).await;
    assert_eq!(
        (&would.json["asked"], &would.json["discarded"]),
        (&json!(1), &json!(1))
    );
    let place = async |object: &str| {
        let story = pipeline.well(&["explain", object]).await;
        story.json["versions"][0]["where"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(place("uploads/1").await.contains("dropped for good"));
    assert!(place("uploads/2").await.contains("its last attempt failed"));
    assert_eq!(pipeline.well(&["failed"]).await.json["sample"]["rows"], 1);
    pipeline.well(&["replay", "--object", "uploads/1"]).await;
    assert_eq!(bodies(&pipeline.events), ["1"]);
}

#[tokio::test]
async fn a_lane_where_there_is_none_drops_nothing() {
    let pipeline = pipeline(&[]);
    pipeline.aws.sqs().queue("p_outcomes-dlq").inject("y");
    for stage in ["outcomes", "ingest"] {
        let line = [
            "discard", "--stage", stage, "--lane", "slow", "--all", "--reason", "x", "--yes",
        ];
        let said = pipeline.run(&line).await.unwrap_err();
        assert!(said.to_string().contains("--lane goes with"), "{said}");
        assert_eq!(said.status(), 2);
    }
    assert_eq!(
        pipeline.aws.sqs().queue("p_outcomes-dlq").messages().len(),
        1
    );
}

/// A FIFO queue with messages: group, key and reason.
async fn fifo(pipeline: &Pipeline, messages: &[(&str, &str, &str)]) -> [fake_aws::Queue; 2] {
    let queues = ["d.fifo", "e.fifo"].map(|name| {
        let config = fake_aws::QueueConfig::named(name);
        pipeline.aws.sqs().create_queue(config)
    });
    for (group, key, reason) in messages {
        let reason = aws_sdk_sqs::types::MessageAttributeValue::builder()
            .data_type("String")
            .string_value(*reason)
            .build()
            .unwrap();
        let sent = pipeline.connected.sqs.send_message();
        sent.queue_url("https://sqs.us-east-1.amazonaws.com/123456789012/d.fifo")
            .message_body(own(key))
            .message_group_id(*group)
            .message_deduplication_id(*key)
            .message_attributes("reason", reason)
            .send()
            .await
            .unwrap();
    }
    // Letters after the start of a run are left alone.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    queues
}

async fn between(
    pipeline: &Pipeline,
    more: &[&str],
) -> Result<operator::answer::Answer, operator::fault::Fault> {
    use clap::Parser;
    let line = ["spillway", "redrive", "--from", "d.fifo", "--to", "e.fifo"];
    let options = operator::options::Options::try_parse_from(line.iter().chain(more)).unwrap();
    operator::act(&pipeline.connected, &options).await
}

#[tokio::test]
async fn in_a_fifo_queue_nothing_overtakes_what_is_refused() {
    let pipeline = pipeline(&[]);
    let messages = [("g", "1", "x"), ("g", "2", "x"), ("h", "3", "x")];
    let [dead, events] = fifo(&pipeline, &messages).await;
    pipeline.aws.faults().fail_entries(|call, _| {
        let first = call.request.to_string().contains(r#"\"key\":\"1\""#);
        call.operation == "SendMessageBatch" && first
    });
    let said = between(&pipeline, &["--error", "x"]).await.unwrap_err();
    assert!(said.to_string().contains("2 messages failed"), "{said}");
    assert_eq!(bodies(&dead), ["1", "2"]);
    assert_eq!(bodies(&events), ["3"]);
}

#[tokio::test]
async fn what_a_fifo_queue_holds_back_is_told() {
    let pipeline = pipeline(&[]);
    let mut messages = vec![("g", "stays", "other")];
    let keys: Vec<String> = (10..30).map(|number| number.to_string()).collect();
    messages.extend(keys.iter().map(|key| ("g", key.as_str(), "x")));
    let [dead, _] = fifo(&pipeline, &messages).await;
    let would = between(&pipeline, &["--error", "x", "--dry-run"])
        .await
        .unwrap();
    assert!(would.json["queues"][0]["not_reached"].as_u64().unwrap() > 0);
    let said = between(&pipeline, &["--error", "x"]).await.unwrap_err();
    assert!(
        said.to_string().contains("could not be looked at"),
        "{said}"
    );
    assert!(bodies(&dead).contains(&"stays".to_owned()));
}

#[tokio::test]
async fn a_stop_between_two_queues_is_heard() {
    let url = |name: &str| format!("https://sqs.us-east-1.amazonaws.com/123456789012/{name}");
    let lane = |name: &str| {
        json!({"name": name, "queue_url": url(&format!("p_events_{name}")), "priority": u32::from(name == "slow"), "min_share": 0,
            "dead_letter_queue_url": url(&format!("p_events-dlq_{name}"))})
    };
    let lanes = json!([lane("default"), lane("slow")]).to_string();
    let pipeline = pipeline(&[("SPILLWAY_LANES", &lanes)]);
    let sqs = pipeline.aws.sqs();
    let slow = sqs.create_queue(fake_aws::QueueConfig::named("p_events-dlq_slow"));
    sqs.create_queue(fake_aws::QueueConfig::named("p_events_slow"));
    dead(&pipeline, "1", "FAILED");
    slow.inject_with(&own("2"), &[("attempt", "4"), ("reason", "FAILED")]);
    // As Ctrl-C: once the first queue is done, while the second is looked for.
    pipeline.aws.faults().before(|call| {
        let second = call.request.to_string().contains("p_events-dlq_slow");
        if second && call.operation.starts_with("GetQueue") {
            let own = std::process::id().to_string();
            let kill = std::process::Command::new("kill")
                .args(["-INT", &own])
                .status();
            assert!(kill.unwrap().success());
            return fake_aws::Fault::Delay(std::time::Duration::from_millis(100));
        }
        fake_aws::Fault::None
    });
    let said = pipeline
        .run(&["redrive", "--error", "FAILED"])
        .await
        .unwrap_err();
    assert_eq!(said.status(), 130, "{said}");
    assert_eq!(
        (bodies(&slow), bodies(&pipeline.events)),
        (vec!["2".to_owned()], vec!["1".to_owned()])
    );
}

#[tokio::test]
async fn a_start_of_reconcile_that_failed_is_dropped_and_not_redriven() {
    let pipeline = pipeline(&[]);
    let sqs = pipeline.aws.sqs();
    let failures = sqs.create_queue(fake_aws::QueueConfig::named("p_reconcile-failures"));
    failures.inject("{}");
    let status = pipeline.well(&["status"]).await;
    let next = status.json["findings"][0]["next"].as_str().unwrap();
    assert!(next.contains("discard --stage reconcile"), "{next}");
    let said = pipeline.run(&["redrive", "--stage", "reconcile"]).await;
    assert_eq!(said.unwrap_err().status(), 2);
    let line = [
        "discard",
        "--stage",
        "reconcile",
        "--all",
        "--reason",
        "done",
        "--yes",
    ];
    assert_eq!(pipeline.well(&line).await.json["queues"][0]["dropped"], 1);
    assert!(failures.messages().is_empty());
}
