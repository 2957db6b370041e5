//! Calls that take effect long after their caller gave them up.

use std::time::Duration;

use fake_aws::Fault;
use simulation::{LEDGER, Pipeline, Settings, Ticked, Upload, Verdict};
use spillway::rules::order::Order;

/// A claim of which the tick learns nothing lands when the next tick has looked after its slot, and
/// nothing receives the message meanwhile. Was the slot freed, or the batch started without it,
/// nothing would start the execution, and the message would be found stale.
#[tokio::test(start_paused = true)]
async fn a_claim_that_lands_after_the_next_tick_keeps_its_slot() {
    // Two in one call, and two of which the second is left undone by that call.
    for (events_per_execution, alone) in [(1, false), (2, false), (2, true)] {
        let settings = Settings {
            events_per_execution,
            // As of batches: no message comes back in this tick.
            visibility: Duration::from_secs(91),
            ..Settings::default()
        };
        let pipeline = Pipeline::succeeding(settings, 1);
        let uploads: Vec<Upload> = pipeline.upload_many(events_per_execution);
        let mut tries = 0;
        pipeline.aws.faults().before(move |call| {
            let by_itself = call.operation == "UpdateItem";
            if !simulation::claims(call)
                || !call.caller.starts_with("dispatch-0")
                || (alone && !by_itself)
            {
                return Fault::None;
            }
            tries += 1;
            match tries {
                1 => Fault::Delay(Duration::from_secs(25)),
                _ => Fault::Throttle,
            }
        });
        let second = format!("uploads/{}|", uploads[uploads.len() - 1].key);
        pipeline.aws.faults().fail_entries(move |call, entry| {
            alone && simulation::claims(call) && entry.starts_with(&second)
        });
        let first = pipeline.tick().await;
        assert!(matches!(first, Ticked::Ended(ended) if ended.failure.is_some()));
        assert_eq!(pipeline.slots().len(), 1);

        let settling = pipeline.settle_in_background();
        // The next tick finds no message: others hide it, or polls miss it.
        pipeline
            .events
            .reconfigure(|queue| queue.odds.long_poll_misses = 1.0);
        pipeline.tick().await.well();
        pipeline
            .events
            .reconfigure(|queue| queue.odds.long_poll_misses = 0.0);
        tokio::time::sleep(Duration::from_secs(25)).await;
        let rows = pipeline.aws.dynamodb().items(LEDGER);
        let started = rows.iter().filter(|it| it["state"]["S"] == "STARTED");
        assert_eq!(started.count(), events_per_execution as usize, "all landed");

        drop(settling);
        pipeline.drain(10).await;
        let verdict = Verdict::of(&pipeline, &uploads);
        verdict.expect_kept("a late claim", 20);
        assert_eq!(verdict.succeeded, uploads.len());
    }
}

/// The SDK repeats the put of a slot that takes too long. The first try lands when the refused
/// start was settled and the slot freed. No execution and no message is behind that slot, and the
/// object's turn was passed on before.
#[tokio::test(start_paused = true)]
async fn a_slot_that_lands_after_its_event_was_settled_is_freed() {
    let settings = Settings {
        order: Order::Each,
        ..Settings::default()
    };
    let pipeline = Pipeline::succeeding(settings, 1);
    let uploads = pipeline.upload_many(1);
    let mut puts = 0;
    pipeline.aws.faults().before(move |call| {
        let puts_slot = simulation::takes_slots(call);
        puts += usize::from(puts_slot);
        match call.operation.as_str() {
            "PutItem" if puts_slot && puts == 1 => Fault::Delay(Duration::from_secs(8)),
            "StartExecution" => Fault::Refuse("InvalidExecutionInput".into()),
            _ => Fault::None,
        }
    });
    let settling = pipeline.settle_in_background();
    pipeline.tick().await.well();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(pipeline.slots().len(), 1, "the first put has landed");
    assert_eq!(
        pipeline.dead_letters.messages().len(),
        1,
        "after the event was settled"
    );
    drop(settling);

    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("a late slot", 20);
    assert_eq!(verdict.dead, 1);
}
