//! Several object events in one execution.

use std::time::Duration;

use fake_aws::{Ending, Execution, Fault};
use serde_json::{Value, json};
use simulation::{
    LEDGER, Pipeline, Settings, Upload, Verdict, failed_items, ids, objects, own_message,
};

fn batches(events_per_execution: u32) -> Settings {
    Settings {
        events_per_execution,
        ..Settings::default()
    }
}

fn sizes(pipeline: &Pipeline) -> Vec<usize> {
    let executions = pipeline.aws.sfn().executions();
    let mut sizes: Vec<usize> = executions.iter().map(|it| objects(it).0.len()).collect();
    sizes.sort_unstable();
    sizes
}

#[tokio::test(start_paused = true)]
async fn executions_are_full_while_enough_waits_and_the_rest_goes_out_too() {
    let pipeline = Pipeline::succeeding(batches(25), 1);
    let uploads = pipeline.upload_many(110);
    let counts = pipeline.tick().await.well();
    assert_eq!(sizes(&pipeline), [10, 25, 25, 25, 25]);
    assert_eq!(
        (counts.started, counts.batches, counts.received),
        (5, 5, 110)
    );
    pipeline.drain(5).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("batches", 20);
    assert_eq!(verdict.succeeded, 110);
}

#[tokio::test(start_paused = true)]
async fn one_slot_and_one_start_do_for_a_batch() {
    let mut settings = batches(10);
    settings.pace.max_concurrency = 2;
    settings.pace.starts_per_tick = Some(2);
    let pipeline = Pipeline::succeeding(settings, 600);
    pipeline.upload_many(40);
    pipeline.tick().await.well();
    assert_eq!(sizes(&pipeline), [10, 10]);
    assert_eq!(pipeline.slots().len(), 2);
    assert_eq!(pipeline.events.messages().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_single_event_goes_as_one() {
    let pipeline = Pipeline::succeeding(batches(10), 1);
    pipeline.upload(&Upload::new("alone.json", 1));
    pipeline.tick().await.well();
    let executions = pipeline.aws.sfn().executions();
    assert!(
        executions[0].name.starts_with("alone-json-"),
        "{}",
        executions[0].name
    );
}

/// Fails the items whose key says so, on their first attempt.
fn report(execution: &Execution) -> Ending {
    let (uploads, attempt) = objects(execution);
    let ids = ids(execution).into_iter().zip(&uploads);
    let failed: Vec<String> = ids
        .filter(|(_, upload)| upload.key.starts_with("bad") && attempt == 1)
        .map(|(id, _)| id)
        .collect();
    Ending::succeed(Duration::from_secs(1), &failed_items(&failed))
}

#[tokio::test(start_paused = true)]
async fn only_the_items_that_failed_are_tried_again_and_alone() {
    let pipeline = Pipeline::new(batches(10), report);
    let mut uploads = pipeline.upload_many(8);
    for key in ["bad/1", "bad/2"] {
        let upload = Upload::new(key, 100);
        pipeline.upload(&upload);
        uploads.push(upload);
    }
    pipeline.drain(10).await;
    assert_eq!(sizes(&pipeline), [1, 1, 10]);
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("partial failures", 20);
    assert_eq!(verdict.succeeded, 10);
}

#[tokio::test(start_paused = true)]
async fn an_output_that_the_event_leaves_out_is_asked_for() {
    let pipeline = Pipeline::new(batches(10), report);
    pipeline
        .aws
        .sfn()
        .change_event_rules(|rule| rule.without_output = true);
    let uploads = vec![Upload::new("good", 1), Upload::new("bad/1", 2)];
    uploads.iter().for_each(|upload| pipeline.upload(upload));
    pipeline.drain(10).await;
    assert_eq!(sizes(&pipeline), [1, 2]);
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 2);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_is_not_understood_fails_all() {
    for output in [
        r#"{"batchItemFailures": [{"itemIdentifier": "nobody"}]}"#,
        r#"{"batchItemFailures": "all of them"}"#,
        // The answer of lambda:invoke when nothing is taken out of it.
        r#"{"ExecutedVersion": "$LATEST", "Payload": {"batchItemFailures": []}, "StatusCode": 200}"#,
    ] {
        let mut settings = batches(10);
        settings.retry.max_attempts = 1;
        let pipeline = Pipeline::new(settings, move |_| {
            Ending::succeed(Duration::from_secs(1), output)
        });
        pipeline.upload_many(3);
        pipeline.drain(5).await;
        let dead = pipeline.dead_letters.messages();
        assert_eq!(dead.len(), 3, "{output}");
        let reason = dead[0].message.attribute("reason").unwrap();
        assert!(reason.contains("batchItemFailures"), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_cut_before_its_input_grows_too_large() {
    let pipeline = Pipeline::succeeding(batches(100), 1);
    let uploads: Vec<_> = (0..100)
        .map(|number| {
            // Escaped as \u0001: six bytes of input for each.
            let key = format!("{number:03}{}", "\u{1}".repeat(1_000));
            Upload::new(&key, number + 1)
        })
        .collect();
    uploads.iter().for_each(|upload| pipeline.upload(upload));
    pipeline.drain(5).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 100);
    let inputs = pipeline.aws.sfn().executions();
    assert!(inputs.len() > 2 && inputs.iter().all(|it| it.input.len() <= 256 * 1024));
}

#[tokio::test(start_paused = true)]
async fn two_versions_of_one_object_go_in_two_executions() {
    let pipeline = Pipeline::succeeding(batches(10), 1);
    let uploads: Vec<_> = (1..=4)
        .map(|number| Upload::new("same.json", number))
        .collect();
    uploads.iter().for_each(|upload| pipeline.upload(upload));
    pipeline.drain(5).await;
    assert_eq!(sizes(&pipeline), [1, 1, 1, 1]);
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 4);
}

/// A claim that is lost is left out of the input, and the list that is started with is fixed before
/// the start.
#[tokio::test(start_paused = true)]
async fn a_tick_that_dies_among_its_claims_goes_on_with_those_it_won() {
    for nth in 1..5 {
        let pipeline = Pipeline::succeeding(batches(5), 1);
        let uploads = pipeline.upload_many(5);
        // Each in a call of its own.
        let faults = pipeline.aws.faults();
        faults.fail_entries(|call, _| simulation::claims(call));
        let mut claims = 0;
        faults.before(move |call| {
            let claim = call.operation == "UpdateItem" && simulation::claims(call);
            claims += u32::from(claim);
            if claim && claims > nth {
                Fault::Crash
            } else {
                Fault::None
            }
        });
        pipeline.run(1).await;
        pipeline.aws.faults().clear();
        pipeline.drain(10).await;
        let calls = pipeline.aws.calls();
        let fixed = calls.iter().position(|call| {
            let pk = call.request["Key"]["pk"]["S"].as_str().unwrap_or_default();
            call.operation == "UpdateItem" && pk.starts_with("run/")
        });
        let started = calls.iter().position(|call| {
            let name = call.request["name"].as_str().unwrap_or_default();
            call.operation == "StartExecution" && name.starts_with("batch-of-5-")
        });
        // A batch that won all its claims has nothing to fix.
        assert_eq!(fixed.is_some(), nth < 5, "died at claim {nth}");
        assert!(
            fixed <= started,
            "died at claim {nth}: {fixed:?} {started:?}"
        );
        let verdict = Verdict::of(&pipeline, &uploads);
        verdict.expect_kept(&format!("died at claim {nth}"), 20);
        assert_eq!(verdict.succeeded, 5);
        let batches = pipeline.aws.dynamodb().items(LEDGER);
        let left: Vec<&Value> = batches
            .iter()
            .filter(|item| {
                item["pk"]["S"]
                    .as_str()
                    .unwrap_or_default()
                    .starts_with("run/")
            })
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// An event that was claimed for an execution after its list was fixed is not in its input. It was
/// not processed, even if the outcome says so.
#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_in_the_input_is_tried_again_and_not_called_done() {
    let pipeline = Pipeline::succeeding(batches(2), 5);
    pipeline.upload_many(2);
    pipeline.tick().await.well();
    let items = pipeline.aws.dynamodb().items(LEDGER);
    let mut batch = items
        .into_iter()
        .find(|item| item["sk"]["S"] == "batch")
        .unwrap();
    let left_out = batch["row_pks"]["L"][1]["S"].as_str().unwrap().to_owned();
    batch["members"] = json!({"L": [{"N": "0"}]});
    pipeline.aws.dynamodb().put(LEDGER, batch);
    pipeline.drain(5).await;
    assert_eq!(sizes(&pipeline), [1, 2]);
    let executions = pipeline.aws.sfn().executions();
    let alone = executions
        .iter()
        .map(objects)
        .find(|(uploads, _)| uploads.len() == 1);
    let (uploads, attempt) = alone.unwrap();
    assert_eq!(
        (format!("uploads/{}", uploads[0].key), attempt),
        (left_out, 2)
    );
}

/// A restart can leave out an event that was already settled and claimed again. The report names it
/// all the same, and tells the failed events: no reason to process the others twice.
#[tokio::test(start_paused = true)]
async fn a_report_may_name_an_event_that_a_restart_left_out() {
    let pipeline = Pipeline::new(batches(2), report);
    let uploads = [Upload::new("good", 1), Upload::new("bad/1", 2)];
    uploads.iter().for_each(|upload| pipeline.upload(upload));
    pipeline.tick().await.well();
    for mut item in pipeline.aws.dynamodb().items(LEDGER) {
        let pk = item["pk"]["S"].as_str().unwrap().to_owned();
        let sk = item["sk"]["S"].as_str().unwrap();
        if sk == "batch" {
            let rows = item["row_pks"]["L"].as_array().unwrap();
            let good = rows.iter().position(|pk| pk["S"] == "uploads/good");
            item["members"] = json!({"L": [{"N": good.unwrap().to_string()}]});
        } else if pk == "uploads/bad/1" && sk.contains('#') {
            item["attempt"] = json!({"N": "2"});
            item["execution"] = json!({"S": "bad-1-claimed-again"});
        } else {
            continue;
        }
        pipeline.aws.dynamodb().put(LEDGER, item);
    }
    pipeline.run(5).await;
    assert_eq!(sizes(&pipeline), [2]);
    let items = pipeline.aws.dynamodb().items(LEDGER);
    let good = items.iter().find(|item| item["pk"]["S"] == "uploads/good");
    assert_eq!(good.unwrap()["state"]["S"], "SUCCEEDED");
}

/// The rest of a receive waits in the tick for the slot of the first batch.
#[tokio::test(start_paused = true)]
async fn what_was_received_for_the_next_batch_waits_for_a_slot() {
    let mut settings = batches(3);
    settings.pace.max_concurrency = 1;
    let pipeline = Pipeline::succeeding(settings, 5);
    // A batch never has two versions of an object.
    for (key, number) in [("a", 1), ("a", 2), ("b", 3)] {
        pipeline.upload(&Upload::new(key, number));
    }
    let settling = pipeline.settle_in_background();
    let counts = pipeline.tick().await.well();
    drop(settling);
    assert_eq!((counts.started, counts.handed_back), (2, 0), "{counts:?}");
}

/// Retries run alone, so a batch pipeline full of them receives no more than it starts.
#[tokio::test(start_paused = true)]
async fn retries_that_run_alone_are_not_received_in_advance() {
    let mut settings = Settings {
        events_per_execution: 100,
        ..Settings::default()
    };
    settings.pace.max_concurrency = 10_000;
    settings.pace.starts_per_second = 20.0;
    let pipeline = Pipeline::succeeding(settings, 1);
    for number in 0..3_000 {
        let body = own_message(&Upload::new(&format!("{number}.json"), 1));
        pipeline.events.inject_with(&body, &[("attempt", "2")]);
    }
    let counts = pipeline.tick().await.well();
    assert!(counts.started > 500, "{counts:?}");
    assert!(counts.received <= counts.started + 300, "{counts:?}");
}
