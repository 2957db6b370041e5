//! Slots and claims of several events are written in calls that they share.

use fake_aws::{Call, Fault, Key};
use serde_json::json;
use simulation::{LEDGER, Pipeline, Settings, Ticked, Upload, Verdict};

fn pipeline() -> (Pipeline, Vec<Upload>) {
    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    pipeline.aws.forget_calls();
    let uploads = pipeline.upload_many(10);
    (pipeline, uploads)
}

fn count(pipeline: &Pipeline, of: impl Fn(&Call) -> bool) -> usize {
    pipeline.aws.calls().iter().filter(|call| of(call)).count()
}

async fn assert_each_succeeds_once(pipeline: &Pipeline, uploads: &[Upload]) {
    pipeline.drain(5).await;
    let verdict = Verdict::of(pipeline, uploads);
    verdict.expect_kept("shared calls", 20);
    assert_eq!(verdict.succeeded, uploads.len());
}

#[tokio::test(start_paused = true)]
async fn ten_events_are_claimed_by_two_calls() {
    let (pipeline, uploads) = pipeline();
    assert_eq!(pipeline.tick().await.well().started, 10);
    assert_eq!(count(&pipeline, simulation::takes_slots), 1);
    assert_eq!(count(&pipeline, simulation::claims), 1);
    assert_each_succeeds_once(&pipeline, &uploads).await;
}

/// More are received when the first receive was full, and share the same calls.
#[tokio::test(start_paused = true)]
async fn twenty_events_are_claimed_by_two_calls() {
    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    let uploads = pipeline.upload_many(20);
    assert_eq!(pipeline.tick().await.well().started, 20);
    assert_eq!(count(&pipeline, simulation::takes_slots), 1);
    assert_eq!(count(&pipeline, simulation::claims), 1);
    assert_each_succeeds_once(&pipeline, &uploads).await;
}

/// The tick ends for the receive that failed, after it processed the messages that had come before.
#[tokio::test(start_paused = true)]
async fn a_second_receive_that_fails_takes_nothing_from_the_first() {
    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    let uploads = pipeline.upload_many(20);
    let mut receives = 0;
    pipeline.aws.faults().before(move |call| {
        if call.operation != "ReceiveMessage" || !call.caller.starts_with("dispatch-0") {
            return Fault::None;
        }
        receives += 1;
        match receives {
            1 => Fault::None,
            _ => Fault::Refuse("AccessDenied".into()),
        }
    });
    let Ticked::Ended(ended) = pipeline.tick().await else {
        panic!("the tick did not end by itself");
    };
    assert!(ended.failure.is_some());
    assert_eq!(ended.counts.started, 10);
    assert_each_succeeds_once(&pipeline, &uploads).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_shared_call_leaves_undone_is_done_by_itself() {
    let (pipeline, uploads) = pipeline();
    let fails = |call: &Call, entry: &str| {
        let slots = simulation::takes_slots(call) && entry.contains("-1");
        slots || (simulation::claims(call) && entry.contains("/2.json"))
    };
    pipeline.aws.faults().fail_entries(fails);
    assert_eq!(pipeline.tick().await.well().started, 10);
    let by_themselves = |operation: &'static str, pk: &'static str| {
        count(&pipeline, move |call| {
            let at = |key: &Key| key.pk.starts_with(pk);
            call.operation == operation && call.facts.keys.iter().any(at)
        })
    };
    assert_eq!(by_themselves("PutItem", "slots"), 10);
    assert_eq!(by_themselves("UpdateItem", "uploads/"), 1);
    assert_each_succeeds_once(&pipeline, &uploads).await;
}

/// Another tick claims one of them between slot and claim.
#[tokio::test(start_paused = true)]
async fn a_claim_that_is_lost_holds_up_no_other() {
    let (pipeline, _) = pipeline();
    let dynamodb = pipeline.aws.dynamodb();
    let row = json!({
        "pk": {"S": "uploads/status/2.json"}, "sk": {"S": format!("s#{:018X}", 3)}, "sequencer": {"S": format!("{:018X}", 3)}, "v": {"N": "1"}, "attempt": {"N": "1"},
        "state": {"S": "STARTED"}, "execution": {"S": "another"}, "started_at": {"N": "1"},
        "event_name": {"S": "ObjectCreated:Put"}, "event_time": {"S": "2026-11-22T10:00:00.000Z"},
    });
    pipeline.aws.faults().before(move |call| {
        if simulation::claims(call) {
            dynamodb.put(LEDGER, row.clone());
        }
        Fault::None
    });
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.started, counts.stale, counts.freed), (9, 1, 1));
    assert_eq!(pipeline.slots().len(), 9);
}

/// The answer to a shared call is lost: the SDK repeats it, and finds its own write.
#[tokio::test(start_paused = true)]
async fn a_shared_call_may_be_repeated() {
    for shared in [
        simulation::takes_slots as fn(&Call) -> bool,
        simulation::claims,
    ] {
        let (pipeline, uploads) = pipeline();
        let mut answers = 0;
        pipeline.aws.faults().after(move |call| {
            answers += u32::from(shared(call));
            if shared(call) && answers == 1 {
                Fault::LoseAnswer
            } else {
                Fault::None
            }
        });
        assert_eq!(pipeline.tick().await.well().started, 10);
        assert_each_succeeds_once(&pipeline, &uploads).await;
    }
}
