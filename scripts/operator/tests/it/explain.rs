//! `explain`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fake_aws::Fault;
use operator::time;
use serde_json::json;
use spillway::event::{ObjectEvent, Sequencer};
use spillway::execution::name;

use crate::support::{LEDGER_ARN, pipeline};

fn execution(key: &str, sequencer: &str, attempt: u32) -> String {
    let event = ObjectEvent {
        bucket: "uploads".into(),
        key: key.into(),
        version_id: None,
        size: None,
        etag: None,
        sequencer: Some(Sequencer::parse(sequencer).unwrap()),
        event_name: "ObjectCreated:Put".into(),
        event_time: "2026-11-22T10:00:00.000Z".into(),
    };
    name::of(LEDGER_ARN, &event, attempt)
}

#[tokio::test]
async fn an_objects_story_has_its_versions_and_attempts() {
    let pipeline = pipeline(&[]);
    let running = execution("status/7.json", "0A", 1);
    let sfn = &pipeline.connected.sfn;
    sfn.start_execution()
        .state_machine_arn(&pipeline.machine)
        .name(&running)
        .input("{}")
        .send()
        .await
        .unwrap();
    pipeline.slot(&running, "uploads/status/7.json", 5);
    let started = json!({"execution": running, "started_at": 1_795_341_600_000_i64, "state_machine_arn": pipeline.machine});
    pipeline.row("uploads/status/7.json", "0A", "STARTED", 1, &started);
    let dead = json!({"execution": execution("status/7.json", "0B", 2), "finished_at": 1_795_341_600_000_i64, "error": "UnknownDevice",
        "event_time": "2026-11-22T11:00:00.000Z"});
    pipeline.row("uploads/status/7.json", "0B", "DEAD", 2, &dead);

    let answer = pipeline
        .well(&["explain", "s3://uploads/status/7.json"])
        .await;
    let versions = answer.json["versions"].as_array().unwrap();
    assert_eq!(
        (versions.len(), &versions[0]["state"], &versions[1]["state"]),
        (2, &json!("STARTED"), &json!("DEAD"))
    );
    assert_eq!(versions[0]["attempts"][0]["status"], "RUNNING");
    assert_eq!(
        versions[0]["where"],
        "with Step Functions: its execution runs"
    );
    assert_eq!(versions[1]["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(
        versions[1]["command"],
        "spillway -p p redrive --object 's3://uploads/status/7.json'"
    );
    let arn = versions[0]["attempts"][0]["execution_arn"]
        .as_str()
        .unwrap();
    assert!(
        answer.text.contains(arn) && answer.text.contains("console.aws.amazon.com"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_claimed_version_without_an_execution_is_told_from_its_slot() {
    let pipeline = pipeline(&[]);
    pipeline.row(
        "uploads/k",
        "0A",
        "STARTED",
        1,
        &json!({"execution": "x", "started_at": 1, "state_machine_arn": pipeline.machine}),
    );
    let story = || async {
        pipeline.well(&["explain", "uploads/k"]).await.json["versions"][0]["where"].to_string()
    };
    assert!(story().await.contains("somebody removed the slot"));
    // Step Functions shows an execution some time after its start.
    pipeline.slot("x", "uploads/k", 55);
    assert!(story().await.contains("less than a minute ago"));
    pipeline.slot("x", "uploads/k", 65);
    assert!(story().await.contains("its slot is kept"));
}

#[tokio::test]
async fn an_attempt_that_the_ledger_does_not_name_may_have_run_elsewhere() {
    let pipeline = pipeline(&[]);
    let row = json!({"execution": "x", "started_at": 1, "state_machine_arn": pipeline.machine});
    pipeline.row("uploads/k", "0A", "STARTED", 2, &row);
    let answer = pipeline.well(&["explain", "uploads/k"]).await;
    let attempts = answer.json["versions"][0]["attempts"].as_array().unwrap();
    assert_eq!(attempts[0]["status"], "UNKNOWN");
    let cause = attempts[0]["cause"].as_str().unwrap();
    assert!(cause.contains("it ran in a batch"), "{cause}");
    assert_eq!(
        (&attempts[1]["status"], &attempts[1]["cause"]),
        (&json!("NOT_FOUND"), &json!(null))
    );
}

#[tokio::test]
async fn what_waits_is_told_with_its_dead_letter_queue_and_the_pause() {
    let pipeline = pipeline(&[]);
    let queued = json!({"queued_at": 1, "lane": "default"});
    pipeline.row("uploads/k", "0A", "QUEUED", 0, &queued);
    let told =
        || async { pipeline.well(&["explain", "uploads/k"]).await.json["versions"][0].clone() };
    assert_eq!(told().await["where"], "in the events queue");
    pipeline.dead.inject("x");
    pipeline.put(json!({"pk": "control", "sk": "dispatch", "paused": true}));
    let told = told().await;
    assert_eq!(
        told["where"],
        "in the events queue, or in its dead-letter queue"
    );
    let next = told["next"].as_str().unwrap();
    assert!(next.contains("an operator has paused"), "{next}");
    assert_eq!(
        told["command"],
        "spillway -p p redrive --object 's3://uploads/k' --dry-run"
    );
}

#[tokio::test]
async fn an_event_that_waits_for_its_tenant_says_so() {
    let bounded = [("SPILLWAY_TENANTS", r#"{"by": "2", "max_concurrency": 5}"#)];
    for (changes, place) in [
        (&bounded[..], "in the ledger: it waits for its tenant, acme"),
        (
            &[],
            "in the ledger: it waits, though the pipeline bounds no tenant any more",
        ),
    ] {
        let pipeline = pipeline(changes);
        let waiting = json!({"waiting_since": 1_795_341_600_000_i64});
        pipeline.row("uploads/in/acme/a.csv", "0A", "WAITING", 0, &waiting);
        let answer = pipeline.well(&["explain", "uploads/in/acme/a.csv"]).await;
        assert_eq!(answer.json["versions"][0]["where"], place);
        assert!(answer.text.contains("WAITING"), "{}", answer.text);
    }
}

#[tokio::test]
async fn what_the_ledger_does_not_know_is_looked_for_in_the_bucket() {
    let pipeline = pipeline(&[]);
    let s3 = pipeline.aws.s3();
    s3.create_bucket("uploads", false);
    s3.put("uploads", "status/7.json", "etag", 10);
    pipeline.events.inject("a message");
    pipeline.reconciles(0);
    let answer = pipeline.well(&["explain", "uploads/status/7.json"]).await;
    assert!(
        answer
            .text
            .starts_with("Not in the ledger. The object exists since 20"),
        "{}",
        answer.text
    );
    assert!(
        answer.text.contains("among about 1 that wait"),
        "{}",
        answer.text
    );
    assert_eq!(
        answer.json["command"],
        "spillway -p p reconcile --object 's3://uploads/status/7.json'"
    );
    let none = pipeline.well(&["explain", "uploads/nothing"]).await;
    assert!(
        none.text.contains("There is no object s3://"),
        "{}",
        none.text
    );
    assert_eq!(none.json["command"], json!(null));
    assert_eq!(
        pipeline
            .run(&["explain", "nothing"])
            .await
            .unwrap_err()
            .status(),
        2
    );
}

#[tokio::test]
async fn the_command_that_settles_is_one_that_works() {
    let pipeline = pipeline(&[]);
    let s3 = pipeline.aws.s3();
    for bucket in ["uploads", "others"] {
        s3.create_bucket(bucket, false);
        s3.put(bucket, "k", "etag", 10);
    }
    let configuration = "GET /2015-03-31/functions/p_reconcile/configuration";
    pipeline.reconciles(86_400);
    let answer = pipeline.well(&["explain", "uploads/k"]).await;
    assert_eq!(
        answer.json["command"],
        "spillway -p p reconcile --object 's3://uploads/k' --min-age 0m"
    );
    let answer = pipeline.well(&["explain", "others/k"]).await;
    assert_eq!(answer.json["command"], json!(null));
    assert!(
        answer
            .text
            .contains("Reconcile cannot settle it: reconcile of p may not list others"),
        "{}",
        answer.text
    );
    let none = json!({"__type": "ResourceNotFoundException", "message": "Function not found"});
    pipeline.answers(configuration, 404, &none);
    let answer = pipeline.well(&["explain", "uploads/k"]).await;
    assert!(
        answer
            .text
            .contains("Reconcile cannot settle it: reconcile is off in p"),
        "{}",
        answer.text
    );
    pipeline.answers(configuration, 403, &json!({}));
    let answer = pipeline.well(&["explain", "uploads/k"]).await;
    assert!(
        answer
            .text
            .contains("Whether reconcile can settle it is not known"),
        "{}",
        answer.text
    );
    assert!(
        answer.json["command"]
            .as_str()
            .unwrap()
            .ends_with("--min-age 0m")
    );
}

#[tokio::test]
async fn of_a_topic_that_the_bucket_notifies_nothing_is_denied() {
    let pipeline = pipeline(&[]);
    let s3 = pipeline.aws.s3();
    s3.create_bucket("uploads", false);
    s3.put("uploads", "status/7.json", "etag", 10);
    let notifies = |prefix: &str| {
        let told = format!(
            "<NotificationConfiguration><TopicConfiguration><Id>t</Id><Topic>arn:aws:sns:us-east-1:1:uploads</Topic>\
             <Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>prefix</Name><Value>{prefix}</Value></FilterRule>\
             </S3Key></Filter></TopicConfiguration></NotificationConfiguration>"
        );
        let mut answers = pipeline.answers.lock().unwrap();
        answers.insert("GET /".into(), (200, told));
    };
    notifies("status/");
    let answer = pipeline.well(&["explain", "uploads/status/7.json"]).await;
    assert!(
        answer.text.contains(
            "is not known: the bucket notifies the topic arn:aws:sns:us-east-1:1:uploads"
        ),
        "{}",
        answer.text
    );
    assert_eq!(
        answer.json["topics"],
        json!(["arn:aws:sns:us-east-1:1:uploads"])
    );
    assert!(answer.json["command"].is_string());
    notifies("other/");
    let answer = pipeline.well(&["explain", "uploads/status/7.json"]).await;
    assert!(
        answer.text.contains("it matches no source"),
        "{}",
        answer.text
    );
    // Reconcile lists the object of a source, with any notifications of the bucket.
    pipeline.reconciles(0);
    let answer = pipeline.well(&["explain", "uploads/status/7.json"]).await;
    assert!(
        answer
            .text
            .contains("but its bucket does not notify this pipeline of it: `spillway -p p doctor`"),
        "{}",
        answer.text
    );
    assert!(answer.json["command"].is_string());
}

#[tokio::test]
async fn of_many_versions_the_newest_are_told() {
    let pipeline = pipeline(&[]);
    for number in 10..35 {
        let more =
            json!({"finished_at": 1, "event_time": format!("2026-11-22T10:00:{number}.000Z")});
        pipeline.row("uploads/k", &format!("{number}"), "SUCCEEDED", 1, &more);
    }
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    pipeline.aws.faults().before(move |call| {
        if call.operation == "DescribeExecution" {
            // The first is throttled at each of its three tries.
            return match counted.fetch_add(1, Ordering::Relaxed) {
                0..3 => Fault::Throttle,
                _ => Fault::Refuse("AccessDeniedException".into()),
            };
        }
        Fault::None
    });
    let answer = pipeline.well(&["explain", "uploads/k"]).await;
    let versions = answer.json["versions"].as_array().unwrap();
    assert_eq!((versions.len(), &answer.json["left_out"]), (20, &json!(5)));
    assert_eq!(versions[0]["sequencer"], "15");
    assert_eq!(versions[0]["attempts"][0]["status"], "UNKNOWN");
    assert!(
        answer.text.contains(
            "25 versions in the ledger.\nThe newest 20 are shown; 5 older ones are left out."
        ),
        "{}",
        answer.text
    );
    assert_eq!(asked.load(Ordering::Relaxed), 22);
}

#[tokio::test]
async fn a_key_steers_neither_a_terminal_nor_a_shell() {
    let pipeline = pipeline(&[]);
    pipeline.row(
        "uploads/\u{1b}[2J'; id",
        "0A",
        "DEAD",
        1,
        &json!({"finished_at": time::now(), "cause": "a\u{1b}]0;x\nspillway: fine"}),
    );
    let answer = pipeline.well(&["explain", "uploads/\u{1b}[2J'; id"]).await;
    assert!(
        !answer.text.contains('\u{1b}') && !answer.text.contains("\nspillway: fine"),
        "{}",
        answer.text
    );
    assert_eq!(
        answer.json["versions"][0]["command"],
        r"spillway -p p redrive --object $'s3://uploads/\033[2J\'; id'"
    );
    let listed = pipeline.well(&["failed", "--list"]).await;
    assert!(
        !listed.text.contains('\u{1b}') && !listed.text.contains("\nspillway: fine"),
        "{}",
        listed.text
    );
}
