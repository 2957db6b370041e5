//! S3 invokes `ingest`: under every fault each object event is queued, and started once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake_aws::{Call, Fault, MessageView, Queue};
use serde_json::{Value, json};
use simulation::{Invocations, LEDGER, Pipeline, Settings, Upload, Verdict, notification, record};
use spillway::lane::source::{self, Source};
use spillway::rules::order::Order;

/// The kinds of pipelines that events are taken into.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Standard,
    Fifo(Order),
    Lanes,
}

const KINDS: [Kind; 4] = [
    Kind::Standard,
    Kind::Fifo(Order::None),
    Kind::Fifo(Order::Each),
    Kind::Lanes,
];

impl Kind {
    fn pipeline(self) -> (Pipeline, Invocations) {
        let mut settings = Settings::default();
        match self {
            Self::Standard => {}
            Self::Fifo(order) => {
                settings.order = order;
                settings.lanes = vec![("events.fifo", 0.0)];
                settings.retry.backoff_seconds = vec![0];
            }
            Self::Lanes => settings.lanes = vec![("urgent", 0.0), ("bulk", 0.1)],
        }
        let pipeline = Pipeline::succeeding(settings, 1);
        let sources = match self {
            Self::Standard | Self::Fifo(_) => Vec::new(),
            Self::Lanes => sources(),
        };
        let invocations = Invocations::of(&pipeline, sources);
        (pipeline, invocations)
    }
}

fn sources() -> Vec<Source> {
    let json = r#"[
        {"bucket": "uploads", "prefix": "", "suffix": "", "lane": "urgent"},
        {"bucket": "uploads", "prefix": "log s/", "suffix": "", "lane": "bulk"}
    ]"#;
    source::parse(json).unwrap()
}

/// Five uploads, two of them of one object.
fn uploads() -> Vec<Upload> {
    ["a", "log s/b+c", "a", "d/한국", "log s/e"]
        .iter()
        .zip(1..)
        .map(|(key, number)| Upload::new(key, number))
        .collect()
}

fn rows(pipeline: &Pipeline) -> Vec<Value> {
    let items = pipeline.aws.dynamodb().items(LEDGER).into_iter();
    items
        .filter(|item| {
            item["pk"]["S"]
                .as_str()
                .is_some_and(|pk| pk.starts_with("uploads/"))
        })
        .collect()
}

/// Returns the messages that wait in all lanes.
fn queued(pipeline: &Pipeline) -> Vec<MessageView> {
    let lanes = pipeline.lanes.iter();
    lanes.flat_map(|(events, _)| events.messages()).collect()
}

/// The keys of a queue's messages.
fn keys(queue: &Queue) -> BTreeSet<String> {
    let messages = queue.messages().into_iter();
    messages.map(|it| key(&it.message.body)).collect()
}

fn key(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap();
    body["object"]["key"].as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_started_once(pipeline: &Pipeline, uploads: &[Upload], when: &str) {
    let verdict = Verdict::of(pipeline, uploads);
    verdict.expect_kept(when, 20);
    assert_eq!(verdict.succeeded, uploads.len(), "{when}");
    assert_eq!(
        pipeline.aws.sfn().executions().len(),
        uploads.len(),
        "{when}"
    );
}

#[tokio::test(start_paused = true)]
async fn every_record_is_in_the_ledger_before_it_is_in_the_queue() {
    for kind in KINDS {
        let (pipeline, invocations) = kind.pipeline();
        let uploads = uploads();
        // Every message that is sent has its row, at every moment.
        let aws = pipeline.aws.clone();
        pipeline.aws.faults().before(move |call| {
            if call.operation == "SendMessageBatch" {
                for entry in call.request["Entries"].as_array().unwrap() {
                    let body = entry["MessageBody"].as_str().unwrap();
                    let body: Value = serde_json::from_str(body).unwrap();
                    let object = &body["object"];
                    let pk = format!("uploads/{}", object["key"].as_str().unwrap());
                    let sk = format!("s#{}", object["sequencer"].as_str().unwrap());
                    let row = aws.dynamodb().item(LEDGER, &pk, &sk).expect("a row");
                    assert_eq!(row["state"]["S"], "QUEUED");
                }
            }
            Fault::None
        });
        let counts = invocations.once(&notification(&uploads)).await.well();
        assert_eq!((counts.events, counts.queued), (5, 5), "{kind:?}");
        assert_eq!(queued(&pipeline).len(), 5, "{kind:?}");
        assert_eq!(rows(&pipeline).len(), 5, "{kind:?}");
        pipeline.drain(10).await;
        assert_started_once(&pipeline, &uploads, &format!("{kind:?}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_says_what_the_event_said() {
    let (pipeline, invocations) = Kind::Standard.pipeline();
    let upload = Upload::new("a b", 7);
    invocations
        .once(&notification(std::slice::from_ref(&upload)))
        .await
        .well();
    let row = rows(&pipeline).pop().unwrap();
    let queued_at: i64 = row["queued_at"]["N"].as_str().unwrap().parse().unwrap();
    assert!((pipeline.aws.clock().now_ms() - queued_at).abs() < 1_000);
    assert_eq!(
        row,
        json!({
            "pk": {"S": "uploads/a b"}, "sk": {"S": "s#000000000000000007"}, "sequencer": {"S": "000000000000000007"},
            "v": {"N": "1"}, "state": {"S": "QUEUED"}, "attempt": {"N": "0"}, "queued_at": row["queued_at"],
            "event_name": {"S": "ObjectCreated:Put"}, "event_time": {"S": "2026-11-22T10:00:00.000Z"},
            "size": {"N": "67"}, "etag": {"S": upload.etag()},
        })
    );
}

#[tokio::test(start_paused = true)]
async fn an_object_goes_into_the_lane_of_its_source() {
    let (pipeline, invocations) = Kind::Lanes.pipeline();
    let counts = invocations.once(&notification(&uploads())).await.well();
    assert_eq!(counts.queued, 5);
    let [(urgent, _), (bulk, _)] = &pipeline.lanes[..] else {
        panic!("two lanes")
    };
    assert_eq!(keys(urgent), ["a", "d/한국"].map(String::from).into());
    assert_eq!(
        keys(bulk),
        ["log s/b+c", "log s/e"].map(String::from).into()
    );
    for (queue, lane) in [(urgent, "urgent"), (bulk, "bulk")] {
        for message in queue.messages() {
            assert_eq!(message.message.attribute("lane"), Some(lane));
            let key = key(&message.message.body);
            let rows = rows(&pipeline).into_iter();
            let of_key = |row: &Value| row["pk"]["S"] == format!("uploads/{key}");
            assert!(rows.filter(of_key).all(|row| row["lane"]["S"] == lane));
        }
    }
}

/// Returns how many calls `ingest` makes in an invocation without faults.
async fn calls(kind: Kind) -> usize {
    let (pipeline, invocations) = kind.pipeline();
    invocations.once(&notification(&uploads())).await.well();
    pipeline.aws.calls().len()
}

/// Does `fault` at the `n`th call of `ingest`, before or after its effect, and lets Lambda retry
/// while ticks go on.
async fn fault_at(kind: Kind, n: usize, fault: Fault, after: bool) {
    let (pipeline, invocations) = kind.pipeline();
    let uploads = uploads();
    let seen = Mutex::new(BTreeSet::new());
    let wanted = fault.clone();
    let hook = move |call: &Call| {
        let mut seen = seen.lock().unwrap();
        let new = call.caller.starts_with("ingest") && seen.insert(call.sequence);
        if new && seen.len() == n {
            wanted.clone()
        } else {
            Fault::None
        }
    };
    if after {
        pipeline.aws.faults().after(hook)
    } else {
        pipeline.aws.faults().before(hook)
    }
    let payload = notification(&uploads);
    let (invoked, ()) = tokio::join!(invocations.event(&payload), pipeline.run(4));
    let when = format!("{kind:?}: {fault:?} at call {n}, after: {after}");
    if fault == Fault::Crash {
        assert_eq!(invoked.len(), 2, "{when}: {invoked:?}");
    }
    assert!(invoked.last().unwrap().is_done(), "{when}: {invoked:?}");
    pipeline.drain(10).await;
    assert_started_once(&pipeline, &uploads, &when);
}

#[tokio::test(start_paused = true)]
async fn ingest_may_die_at_any_call() {
    for kind in KINDS {
        let calls = calls(kind).await;
        // Five rows; one or two sends.
        assert!(calls >= 6, "{kind:?}: only {calls} calls");
        for n in 1..=calls {
            fault_at(kind, n, Fault::Crash, false).await;
            fault_at(kind, n, Fault::Crash, true).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn any_answer_may_be_lost() {
    for kind in KINDS {
        for n in 1..=calls(kind).await {
            fault_at(kind, n, Fault::LoseAnswer, true).await;
        }
    }
}

/// Every call of one operation is refused, so that the invocation fails, and the next one goes
/// well.
#[tokio::test(start_paused = true)]
async fn a_table_or_a_queue_that_refuses_is_tried_again_by_lambda() {
    for (operation, rows_written) in [("UpdateItem", 0), ("SendMessageBatch", 5)] {
        let (pipeline, invocations) = Kind::Standard.pipeline();
        let uploads = uploads();
        let refused = "AccessDeniedException".to_owned();
        pipeline.aws.faults().before(move |call| {
            if call.operation == operation {
                Fault::Refuse(refused.clone())
            } else {
                Fault::None
            }
        });
        let (counts, said) = invocations.once(&notification(&uploads)).await.failed();
        assert_eq!((counts.events, counts.failed, counts.queued), (5, 5, 0));
        assert!(said.contains("AccessDeniedException"), "{said}");
        assert!(said.starts_with("5 of 5 records are not queued"), "{said}");
        assert_eq!(rows(&pipeline).len(), rows_written);
        assert!(queued(&pipeline).is_empty());
        pipeline.aws.faults().clear();
        let counts = invocations.once(&notification(&uploads)).await.well();
        assert_eq!((counts.queued + counts.queued_again, counts.failed), (5, 0));
        assert_eq!(counts.queued_again as usize, rows_written);
        pipeline.drain(10).await;
        assert_started_once(&pipeline, &uploads, operation);
    }
}

/// One row cannot be written: the others are queued all the same.
#[tokio::test(start_paused = true)]
async fn one_row_that_fails_does_not_hold_up_the_others() {
    let (pipeline, invocations) = Kind::Standard.pipeline();
    pipeline.aws.faults().before(|call| {
        if call
            .facts
            .keys
            .iter()
            .any(|key| key.pk == "uploads/log s/e")
        {
            Fault::Refuse("ValidationException".into())
        } else {
            Fault::None
        }
    });
    let (counts, said) = invocations.once(&notification(&uploads())).await.failed();
    assert_eq!((counts.queued, counts.failed), (4, 1));
    assert!(said.contains("\"log s/e\": writing a row failed"), "{said}");
    assert_eq!(queued(&pipeline).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_the_queue_refuses_is_sent_again() {
    for kind in KINDS {
        let (pipeline, invocations) = kind.pipeline();
        let uploads = uploads();
        // Every entry fails twice.
        let mut seen = std::collections::BTreeMap::<String, u32>::new();
        pipeline.aws.faults().fail_entries(move |call, id| {
            let of_queue = format!("{:?} {id}", call.facts.queue);
            let times = seen.entry(of_queue).or_default();
            *times += 1;
            *times <= 2
        });
        let counts = invocations.once(&notification(&uploads)).await.well();
        assert_eq!((counts.queued, counts.failed), (5, 0), "{kind:?}");
        assert_eq!(queued(&pipeline).len(), 5, "{kind:?}");
        pipeline.drain(10).await;
        assert_started_once(&pipeline, &uploads, &format!("{kind:?}"));
    }
}

/// An entry is refused for good: the others are queued, and Lambda's retry brings the rest.
#[tokio::test(start_paused = true)]
async fn an_entry_that_is_always_refused_fails_the_invocation() {
    for kind in KINDS {
        let (pipeline, invocations) = kind.pipeline();
        let uploads = uploads();
        let refused: Arc<AtomicUsize> = Arc::default();
        let count = Arc::clone(&refused);
        pipeline.aws.faults().fail_entries(move |call, id| {
            let entries = call.request["Entries"].as_array().unwrap();
            let entry = entries.iter().find(|entry| entry["Id"] == id).unwrap();
            let fails = key(entry["MessageBody"].as_str().unwrap()) == "d/한국";
            count.fetch_add(usize::from(fails), Ordering::Relaxed);
            fails
        });
        // By itself it is refused as well, for its own content.
        pipeline.aws.faults().before(|call| {
            let body = call.request["MessageBody"].as_str();
            match call.operation == "SendMessage" && key(body.unwrap()) == "d/한국" {
                true => Fault::Refuse("InvalidMessageContents".to_owned()),
                false => Fault::None,
            }
        });
        let (counts, said) = invocations.once(&notification(&uploads)).await.failed();
        assert_eq!(refused.load(Ordering::Relaxed), 3, "{kind:?}");
        assert!(
            counts.failed > 0 && counts.known == 0,
            "{kind:?}: {counts:?}"
        );
        assert!(said.contains("InvalidMessageContents"), "{said}");
        let sent: BTreeSet<String> = queued(&pipeline)
            .iter()
            .map(|it| key(&it.message.body))
            .collect();
        assert_eq!(sent, ["a", "log s/b+c", "log s/e"].map(String::from).into());
        pipeline.aws.faults().clear();
        let counts = invocations.once(&notification(&uploads)).await.well();
        assert_eq!(counts.queued_again, 5, "{kind:?}");
        pipeline.drain(10).await;
        assert_started_once(&pipeline, &uploads, &format!("{kind:?}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_malformed_record_fails_the_invocation_and_not_its_neighbours() {
    let (pipeline, invocations) = Kind::Standard.pipeline();
    let uploads = uploads();
    let mut records: Vec<Value> = uploads.iter().map(record).collect();
    let mut no_sequencer = record(&Upload::new("bad", 9));
    let object = no_sequencer["s3"]["object"].as_object_mut().unwrap();
    object.remove("sequencer");
    records.insert(1, no_sequencer);
    records.insert(4, json!({"eventVersion": 2}));
    let payload = json!({ "Records": records }).to_string();

    let invoked = invocations.event(&payload).await;
    // Lambda tries twice more, and then keeps the event.
    assert_eq!(invoked.len(), 3);
    for (place, invoked) in invoked.into_iter().enumerate() {
        let (counts, said) = invoked.failed();
        assert_eq!((counts.events, counts.malformed, counts.failed), (7, 2, 0));
        let again = if place == 0 { 0 } else { 5 };
        assert_eq!((counts.queued, counts.queued_again), (5 - again, again));
        assert!(said.contains("2 of 7 records are not queued"), "{said}");
        assert!(
            said.contains("record 1: s3.object.sequencer is missing"),
            "{said}"
        );
        assert!(said.contains("record 4: eventSource is missing"), "{said}");
    }
    pipeline.drain(10).await;
    assert_started_once(&pipeline, &uploads, "with a malformed record");
}

/// Lambda has nothing to keep: a retry would bring the same.
#[tokio::test(start_paused = true)]
async fn other_kinds_and_folder_markers_are_no_failure() {
    let (pipeline, invocations) = Kind::Standard.pipeline();
    let uploads = uploads();
    let mut removed = record(&Upload::new("gone", 9));
    removed["eventName"] = json!("ObjectRemoved:Delete");
    let mut marker = record(&Upload::new("new folder/", 10));
    marker["s3"]["object"]["size"] = json!(0);
    let mut records: Vec<Value> = uploads.iter().map(record).collect();
    records.extend([removed, marker]);
    let payload = json!({ "Records": records }).to_string();
    let counts = invocations.once(&payload).await.well();
    assert_eq!((counts.events, counts.queued, counts.malformed), (7, 5, 0));
    assert_eq!((counts.other_kinds, counts.folder_markers), (1, 1));
    pipeline.drain(10).await;
    assert_started_once(&pipeline, &uploads, "beside other kinds");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_event_of_s3_fails_the_invocation() {
    let (pipeline, invocations) = Kind::Standard.pipeline();
    for payload in ["{}", "7", r#"{"Records": []}"#, r#"{"Records": [null]}"#] {
        let (counts, said) = invocations.once(payload).await.failed();
        assert_eq!((counts.events, counts.malformed), (1, 1), "{payload}");
        assert!(said.contains("1 of 1 records"), "{said}");
    }
    assert!(pipeline.aws.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_test_event_is_passed_over() {
    let (pipeline, invocations) = Kind::Standard.pipeline();
    let payload = r#"{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "uploads"}"#;
    let counts = invocations.once(payload).await.well();
    assert_eq!((counts.test_events, counts.events), (1, 0));
    assert!(pipeline.aws.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn duplicates_are_started_once() {
    for kind in KINDS {
        let (pipeline, invocations) = kind.pipeline();
        let uploads = uploads();
        // One record twice in an event.
        let mut records = uploads.clone();
        records.push(uploads[0].clone());
        let counts = invocations.once(&notification(&records)).await.well();
        assert_eq!((counts.events, counts.queued, counts.known), (6, 5, 1));

        // The event twice before the next tick.
        let counts = invocations.once(&notification(&uploads)).await.well();
        assert_eq!((counts.queued, counts.queued_again), (0, 5), "{kind:?}");
        // A FIFO queue drops the second.
        let waiting = if matches!(kind, Kind::Fifo(_)) { 5 } else { 10 };
        assert_eq!(queued(&pipeline).len(), waiting, "{kind:?}");
        pipeline.drain(10).await;
        assert_started_once(&pipeline, &uploads, &format!("{kind:?}"));

        // And long after.
        let counts = invocations.once(&notification(&uploads)).await.well();
        assert_eq!((counts.queued_again, counts.known), (0, 5), "{kind:?}");
        assert!(queued(&pipeline).is_empty(), "{kind:?}");
    }
}

/// Two invocations at once, as when S3 delivers twice: both send at the most.
#[tokio::test(start_paused = true)]
async fn two_invocations_at_once_are_one_event() {
    let (pipeline, invocations) = Kind::Standard.pipeline();
    let uploads = uploads();
    let payload = notification(&uploads);
    let (one, other) = tokio::join!(invocations.once(&payload), invocations.once(&payload));
    let (one, other) = (one.well(), other.well());
    assert_eq!(one.queued + other.queued, 5);
    assert_eq!(one.queued_again + other.queued_again, 5);
    pipeline.drain(10).await;
    assert_started_once(&pipeline, &uploads, "at once");
}

/// The same event from the queue and from `ingest`.
#[tokio::test(start_paused = true)]
async fn two_ways_in_are_one_event() {
    let (pipeline, invocations) = Kind::Standard.pipeline();
    let uploads = uploads();
    for upload in &uploads {
        pipeline.upload(upload);
    }
    invocations.once(&notification(&uploads)).await.well();
    pipeline.drain(10).await;
    assert_started_once(&pipeline, &uploads, "by two ways");
}

#[tokio::test(start_paused = true)]
async fn only_a_queued_row_is_queued_again() {
    for (state, sends) in [
        ("QUEUED", true),
        ("STARTED", false),
        ("RETRY", false),
        ("WAITING", false),
        ("SUCCEEDED", false),
        ("DEAD", false),
        ("SUPERSEDED", false),
    ] {
        let (pipeline, invocations) = Kind::Standard.pipeline();
        let payload = notification(&[Upload::new("a", 1)]);
        invocations.once(&payload).await.well();
        pipeline.events.purge();
        let mut row = rows(&pipeline).pop().unwrap();
        row["state"]["S"] = state.into();
        pipeline.aws.dynamodb().put(LEDGER, row.clone());
        let counts = invocations.once(&payload).await.well();
        assert_eq!(counts.queued_again == 1, sends, "{state}");
        assert_eq!(counts.known == 1, !sends, "{state}");
        assert_eq!(queued(&pipeline).len(), usize::from(sends), "{state}");
        // The row stays as it was, its time included.
        assert_eq!(rows(&pipeline), [row], "{state}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_cannot_be_read_fails_the_invocation() {
    let (pipeline, invocations) = Kind::Standard.pipeline();
    let payload = notification(&[Upload::new("a", 1)]);
    invocations.once(&payload).await.well();
    pipeline.events.purge();
    let mut row = rows(&pipeline).pop().unwrap();
    row["v"]["N"] = "9".into();
    pipeline.aws.dynamodb().put(LEDGER, row);
    let (counts, said) = invocations.once(&payload).await.failed();
    assert_eq!(counts.failed, 1);
    assert!(said.contains("schema version is 9"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn at_most_sixteen_rows_are_written_at_once() {
    let (pipeline, invocations) = Kind::Standard.pipeline();
    let uploads: Vec<_> = (1..=100)
        .map(|number| Upload::new(&format!("{number}"), number))
        .collect();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (entering, highest) = (Arc::clone(&now), Arc::clone(&most));
    pipeline.aws.faults().before(move |call| {
        if call.operation == "UpdateItem" {
            let under_way = entering.fetch_add(1, Ordering::Relaxed) + 1;
            highest.fetch_max(under_way, Ordering::Relaxed);
            // Long enough for all that come at once to be there.
            return Fault::Delay(Duration::from_millis(100));
        }
        Fault::None
    });
    pipeline.aws.faults().after(move |call| {
        if call.operation == "UpdateItem" {
            now.fetch_sub(1, Ordering::Relaxed);
        }
        Fault::None
    });
    let began = tokio::time::Instant::now();
    let counts = invocations.once(&notification(&uploads)).await.well();
    assert_eq!(counts.queued, 100);
    assert_eq!(most.load(Ordering::Relaxed), 16);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}
