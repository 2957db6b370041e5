//! Events that were lost between a queue and its reader.

use std::sync::{Arc, Mutex};

use fake_aws::{Call, Fault};
use simulation::{Pipeline, Settings, Upload, notification};

use crate::assert_all_succeeded_once;

/// The message was deleted before the execution started, and a crash in between lost it. Here the
/// dispatcher dies at each call on the way, before and after its effect.
#[tokio::test(start_paused = true)]
async fn a_message_deleted_before_its_execution_starts() {
    let steps: [fn(&Call) -> bool; 4] = [
        simulation::takes_slots,
        simulation::claims,
        |call| call.operation == "DeleteMessageBatch",
        |call| call.operation == "StartExecution",
    ];
    for step in steps {
        for after in [false, true] {
            let pipeline = Pipeline::succeeding(Settings::default(), 1);
            let uploads = pipeline.upload_many(3);
            let died = Arc::new(Mutex::new(false));
            let dies = Arc::clone(&died);
            let hook = move |call: &Call| {
                let mut dead = dies.lock().unwrap();
                if *dead || !call.caller.starts_with("dispatch") || !step(call) {
                    return Fault::None;
                }
                *dead = true;
                Fault::Crash
            };
            if after {
                pipeline.aws.faults().after(hook)
            } else {
                pipeline.aws.faults().before(hook)
            }
            pipeline.drain(10).await;
            assert!(*died.lock().unwrap(), "it did not die");
            assert_all_succeeded_once(&pipeline, &uploads, 20);
        }
    }
}

/// The message was deleted although passing it on had failed. Here the records of one notification
/// are passed on one by one, and some are refused. One that is not understood cannot be put into
/// the dead-letter queue.
#[tokio::test(start_paused = true)]
async fn a_message_deleted_although_forwarding_it_failed() {
    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    let uploads: Vec<Upload> = (1..=5)
        .map(|number| Upload::new(&format!("{number}.json"), number))
        .collect();
    pipeline.events.inject(&notification(&uploads));
    let mut refused = 0;
    pipeline.aws.faults().fail_entries(move |call, _| {
        let refuses = call.operation == "SendMessageBatch" && refused < 12;
        refused += u32::from(refuses);
        refuses
    });
    pipeline.drain(10).await;
    assert_all_succeeded_once(&pipeline, &uploads, 20);

    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    pipeline.events.inject("not JSON");
    pipeline.aws.faults().before(|call| {
        let forwards = call.operation == "SendMessage" && call.caller.starts_with("dispatch");
        if forwards {
            Fault::Refuse("AccessDenied".into())
        } else {
            Fault::None
        }
    });
    pipeline.run(2).await;
    assert_eq!(
        pipeline.events.messages().len(),
        1,
        "it is deleted and nowhere else"
    );
    pipeline.aws.faults().clear();
    pipeline.drain(5).await;
    assert_eq!(pipeline.dead_letters.messages().len(), 1);
}

/// Entries of a batch that were not deleted were taken for deleted. Here half of them fail, for a
/// while: the messages come again, start nothing, and are deleted in the end.
#[tokio::test(start_paused = true)]
async fn a_partial_batch_delete_that_is_ignored() {
    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    let uploads = pipeline.upload_many(30);
    let refused = Arc::new(Mutex::new(0));
    let refuse = Arc::clone(&refused);
    pipeline.aws.faults().fail_entries(move |call, entry| {
        let mut refused = refuse.lock().unwrap();
        let odd = entry.bytes().last().is_some_and(|last| last % 2 == 1);
        let refuses = call.operation == "DeleteMessageBatch" && odd && *refused < 60;
        *refused += u32::from(refuses);
        refuses
    });
    pipeline.drain(20).await;
    assert_eq!(*refused.lock().unwrap(), 60);
    assert_all_succeeded_once(&pipeline, &uploads, 20);
}
