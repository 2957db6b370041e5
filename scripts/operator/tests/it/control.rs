//! `pause`, `resume`, `set`, `unset`, `pace`.

use aws::ledger::Ledger;
use fake_aws::Fault;
use serde_json::json;

use crate::support::{LEDGER, Pipeline, pipeline};

fn control(pipeline: &Pipeline) -> serde_json::Value {
    pipeline.item("control", "dispatch").unwrap_or_default()
}

#[tokio::test]
async fn a_pause_is_written_with_who_when_why_and_its_end() {
    let pipeline = pipeline(&[]);
    let answer = pipeline
        .well(&["pause", "--reason", "target is down", "--for", "2h"])
        .await;
    assert!(answer.text.starts_with("Paused:"), "{}", answer.text);
    let item = control(&pipeline);
    assert_eq!(
        (&item["paused"]["BOOL"], &item["revision"]["N"]),
        (&json!(true), &json!("1"))
    );
    let about = &item["about"]["M"]["paused"]["M"];
    assert_eq!(about["note"]["S"], "target is down");
    assert!(about["until"]["S"].as_str().unwrap() > about["since"]["S"].as_str().unwrap());
    // As dispatch reads it.
    let ledger = Ledger::new(pipeline.connected.dynamodb.clone(), LEDGER.into());
    let told = ledger.told().await.unwrap().control;
    let until = told.until["paused"];
    assert_eq!(
        (told.at(until - 1).paused, told.at(until).paused),
        (Some(true), None)
    );
    assert_eq!(answer.json["in_force"]["paused_by"], "operator");

    let resumed = pipeline.well(&["resume"]).await;
    assert_eq!(resumed.json["in_force"]["paused_by"], json!(null));
    assert_eq!(control(&pipeline)["paused"], json!(null));
}

#[tokio::test]
async fn overrides_are_set_and_unset_one_by_one() {
    let pipeline = pipeline(&[]);
    pipeline
        .well(&["set", "max_concurrency=5", "burst=2", "--reason", "deploy"])
        .await;
    pipeline.well(&["pause", "--reason", "x"]).await;
    let answer = pipeline.well(&["unset", "burst"]).await;
    assert_eq!(answer.json["in_force"]["pace"]["max_concurrency"], 5);
    assert_eq!(answer.json["in_force"]["pace"]["burst"], 50);
    assert!(
        answer.text.contains("max_concurrency = 5 instead of 10"),
        "{}",
        answer.text
    );
    let none = pipeline.well(&["unset", "--all"]).await;
    assert!(
        none.text.contains("No operator overrides anything."),
        "{}",
        none.text
    );
    assert_eq!(control(&pipeline)["revision"]["N"], "4");
}

#[tokio::test]
async fn a_lane_is_bounded_and_let_go() {
    let pipeline = pipeline(&[]);
    let answer = pipeline
        .well(&["set", "lanes.default.max_concurrency=5", "--for", "2h"])
        .await;
    assert_eq!(answer.json["in_force"]["lanes"], json!({"default": 5}));
    for told in [
        "lanes.default.max_concurrency  5",
        "lanes.default.max_concurrency = 5 instead of no bound",
    ] {
        assert!(answer.text.contains(told), "{}", answer.text);
    }
    let item = control(&pipeline);
    assert_eq!(item["lanes.default.max_concurrency"]["N"], "5");
    let about = &item["about"]["M"]["lanes.default.max_concurrency"]["M"];
    assert_eq!(about["value"]["N"], "5");
    // As dispatch reads it.
    let ledger = Ledger::new(pipeline.connected.dynamodb.clone(), LEDGER.into());
    let told = ledger.told().await.unwrap().control;
    assert_eq!(told.lanes, [("default".to_owned(), 5)].into());
    let until = told.until["lanes.default.max_concurrency"];
    assert!(told.at(until).lanes.is_empty());
    // Another change leaves it as it is, and one lets it go.
    pipeline.well(&["set", "burst=2"]).await;
    let unset = pipeline
        .well(&["unset", "lanes.default.max_concurrency"])
        .await;
    assert_eq!(unset.json["in_force"]["lanes"], json!({}));
    assert_eq!(unset.json["in_force"]["pace"]["burst"], 2);
    let item = control(&pipeline);
    assert_eq!(item["lanes.default.max_concurrency"], json!(null));
    pipeline
        .well(&["set", "lanes.default.max_concurrency=0"])
        .await;
    pipeline.well(&["unset", "--all"]).await;
    let item = control(&pipeline);
    assert_eq!(item["lanes.default.max_concurrency"], json!(null));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_nothing_is_written() {
    let pipeline = pipeline(&[]);
    for arguments in [
        &["set", "max_concurency=5"][..],
        &["set", "burst=0"],
        &["set", "lanes.bulk.max_concurrency=5"],
        &["set", "lanes.default.min_share=0.5"],
        &["unset", "x"],
        &["pause"],
        &["set"],
        &["pause", "--reason", "x", "--for", "soon"],
    ] {
        assert_eq!(
            pipeline.run(arguments).await.unwrap_err().status(),
            2,
            "{arguments:?}"
        );
    }
    assert_eq!(control(&pipeline), json!(null));
}

#[tokio::test]
async fn a_second_writer_is_told_and_not_overwritten() {
    let pipeline = pipeline(&[]);
    pipeline.well(&["set", "max_concurrency=5"]).await;
    // Somebody else writes between the read and the write.
    let dynamodb = pipeline.aws.dynamodb();
    pipeline.aws.faults().before(move |call| {
        if call.operation == "PutItem" {
            dynamodb.put(LEDGER, json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}, "burst": {"N": "9"}, "revision": {"N": "2"},
                "about": {"M": {"burst": {"M": {"by": {"S": "bob"}}}}}}));
        }
        Fault::None
    });
    let said = pipeline.run(&["pause", "--reason", "x"]).await.unwrap_err();
    assert!(
        said.to_string()
            .contains("bob changed the control item at the same moment"),
        "{said}"
    );
    assert_eq!(
        (
            &control(&pipeline)["burst"]["N"],
            &control(&pipeline)["paused"]
        ),
        (&json!("9"), &json!(null))
    );
}

#[tokio::test]
async fn a_hand_that_writes_without_a_revision_is_noticed_too() {
    let pipeline = pipeline(&[]);
    let dynamodb = pipeline.aws.dynamodb();
    pipeline.aws.faults().before(move |call| {
        if call.operation == "PutItem" {
            dynamodb.put(
                LEDGER,
                json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}, "paused": {"BOOL": true}}),
            );
        }
        Fault::None
    });
    assert!(pipeline.run(&["set", "burst=5"]).await.is_err());
    assert_eq!(control(&pipeline)["burst"], json!(null));
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_done_once() {
    let pipeline = pipeline(&[]);
    let mut lost = false;
    pipeline.aws.faults().after(move |call| {
        if call.operation == "PutItem" && !std::mem::replace(&mut lost, true) {
            return Fault::LoseAnswer;
        }
        Fault::None
    });
    pipeline.well(&["pause", "--reason", "x"]).await;
    assert_eq!(control(&pipeline)["revision"]["N"], "1");
}

#[tokio::test]
async fn an_item_that_no_tick_can_read_is_told_and_can_be_taken_away() {
    let pipeline = pipeline(&[]);
    pipeline.put(json!({"pk": "control", "sk": "dispatch", "max_concurency": 5}));
    let status = pipeline.well(&["status"]).await;
    assert_eq!(status.json["findings"][0]["code"], "control-unusable");
    let said = pipeline.run(&["pause", "--reason", "x"]).await.unwrap_err();
    assert!(
        said.to_string().contains("spillway -p p unset --all"),
        "{said}"
    );
    pipeline.well(&["unset", "--all"]).await;
    assert_eq!(control(&pipeline), json!(null));
}

#[tokio::test]
async fn an_end_is_of_the_value_that_it_was_written_with() {
    let pipeline = pipeline(&[]);
    pipeline
        .well(&["set", "max_concurrency=5", "burst=7", "--for", "2h"])
        .await;
    // A person writes another limit by hand, for good.
    let mut item = control(&pipeline);
    item["max_concurrency"] = json!({"N": "3"});
    pipeline.aws.dynamodb().put(LEDGER, item);
    let ledger = Ledger::new(pipeline.connected.dynamodb.clone(), LEDGER.into());
    let told = ledger.told().await.unwrap().control;
    assert_eq!(told.until.keys().collect::<Vec<_>>(), ["burst"]);
    let pace = pipeline.well(&["pace"]).await;
    let overrides = pace.json["in_force"]["overrides"].as_array().unwrap();
    assert_eq!(
        (&overrides[0]["by"], &overrides[0]["until"]),
        (&json!(null), &json!(null))
    );
    // A change of something else keeps it so.
    pipeline.well(&["set", "starts_per_second=2"]).await;
    let told = ledger.told().await.unwrap().control;
    assert_eq!(told.until.keys().collect::<Vec<_>>(), ["burst"]);
    assert_eq!(told.pace.max_concurrency, Some(3));
}

#[tokio::test]
async fn what_is_deleted_is_told_and_is_what_was_read() {
    let pipeline = pipeline(&[]);
    let wrong = || pipeline.put(json!({"pk": "control", "sk": "dispatch", "max_concurency": 5}));
    wrong();
    let dynamodb = pipeline.aws.dynamodb();
    pipeline.aws.faults().before(move |call| {
        if call.operation == "DeleteItem" {
            dynamodb.put(
                LEDGER,
                json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}, "paused": {"BOOL": true}}),
            );
        }
        Fault::None
    });
    let said = pipeline.run(&["unset", "--all"]).await.unwrap_err();
    assert!(said.to_string().contains("nothing was deleted"), "{said}");
    assert_eq!(control(&pipeline)["paused"], json!({"BOOL": true}));
    pipeline.aws.faults().before(|_| Fault::None);
    wrong();
    let answer = pipeline.well(&["unset", "--all"]).await;
    assert!(
        answer.text.contains("It said: max_concurency = 5."),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn what_is_written_is_told_without_another_read() {
    let pipeline = pipeline(&[]);
    // Every read after the write fails.
    let mut written = false;
    pipeline.aws.faults().before(move |call| {
        written |= ["PutItem", "DeleteItem"].contains(&call.operation.as_str());
        match written && call.operation == "GetItem" {
            true => Fault::Refuse("AccessDeniedException".into()),
            false => Fault::None,
        }
    });
    let answer = pipeline.well(&["pause", "--reason", "x"]).await;
    assert!(answer.text.starts_with("Paused:"), "{}", answer.text);
    assert_eq!(answer.json["in_force"]["paused_by"], "operator");
    assert_eq!(answer.json["in_force"]["overrides"][0]["note"], "x");
    assert_eq!(control(&pipeline)["paused"], json!({"BOOL": true}));
}

#[tokio::test]
async fn handlers_of_another_release_are_told_before_all_else() {
    let pipeline = pipeline(&[]);
    let same = pipeline.well(&["set", "burst=5"]).await;
    assert_eq!(same.json["warning"], json!(null));
    pipeline.is_of_release("0.0.9");
    let answer = pipeline.well(&["set", "burst=5"]).await;
    let own = env!("CARGO_PKG_VERSION");
    let said = format!("the handlers are of release 0.0.9, and this program of {own}");
    assert!(
        answer.text.starts_with(&format!("! {said}")),
        "{}",
        answer.text
    );
    assert!(answer.json["warning"].as_str().unwrap().starts_with(&said));
    let doctor = pipeline.well(&["doctor"]).await;
    let mut checks = doctor.json["checks"].as_array().unwrap().iter();
    let versions = checks.find(|check| check["check"] == "versions").unwrap();
    assert_eq!(versions["result"], "warning");
    assert!(versions["what"].as_str().unwrap().starts_with(&said));
}

#[tokio::test]
async fn a_pause_is_not_taken_away_for_a_time() {
    let pipeline = pipeline(&[]);
    let said = pipeline.run(&["resume", "--for", "1h"]).await.unwrap_err();
    assert_eq!(said.status(), 2);
    pipeline
        .well(&["resume", "--through-windows", "--for", "1h"])
        .await;
}
