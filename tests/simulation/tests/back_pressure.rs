//! Faults that pass by themselves: throttling, faults of AWS's and lost answers. The tick slows
//! down and goes on, and no message is handed back.

use fake_aws::{Call, Fault};
use simulation::{Pipeline, Settings, Verdict};
use spillway::rules::order::Order;

/// Longer than the SDK's own repetitions, shorter than patience.
const LASTS_MS: i64 = 3_000;
/// The last start comes within this time, in milliseconds.
const WORST_MS: i64 = LASTS_MS + 5_000;

fn settings(order: Order, events_per_execution: u32) -> Settings {
    let mut settings = Settings {
        order,
        events_per_execution,
        ..Settings::default()
    };
    settings.pace.max_concurrency = 100;
    settings
}

/// One operation fails from its first call on, for a while: every event starts in this tick all the
/// same.
async fn is_waited_for(settings: Settings, operation: &'static str, fault: Fault) {
    let run = format!("{operation} {fault:?} {:?}", settings.order);
    let pipeline = Pipeline::succeeding(settings, 600);
    let uploads = pipeline.upload_many(20);
    let mut until = None;
    let began = pipeline.aws.clock().now_ms();
    pipeline.aws.faults().before(move |call: &Call| {
        let strikes = call.operation == operation
            && call.caller.starts_with("dispatch")
            && call.sent_ms < *until.get_or_insert(call.sent_ms + LASTS_MS);
        if strikes { fault.clone() } else { Fault::None }
    });
    let counts = pipeline.tick().await.well();
    assert_eq!(counts.handed_back, 0, "{run}: {counts:?}");
    assert!(pipeline.aws.calls_of(operation).len() > 1, "{run}: struck");
    let executions = pipeline.aws.sfn().executions();
    let last = executions.iter().map(|it| it.started_ms).max();
    assert!(last.is_some_and(|last| last < began + WORST_MS), "{run}");
    let gone = pipeline.events.gone();
    assert_eq!(gone.len(), uploads.len(), "{run}");
    assert!(gone.iter().all(|gone| gone.message.receives == 1), "{run}");
    pipeline.drain(20).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 20, "{run}");
}

#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_ends_no_tick() {
    for fault in [Fault::Throttle, Fault::InternalError, Fault::LoseAnswer] {
        for (order, several, operations) in [
            (
                Order::None,
                1,
                &[
                    "Query",
                    "ReceiveMessage",
                    "BatchExecuteStatement",
                    "StartExecution",
                ] as &[&str],
            ),
            (Order::Latest, 1, &["TransactWriteItems"]),
            (Order::Each, 1, &["TransactWriteItems"]),
            (
                Order::None,
                5,
                &["BatchGetItem", "PutItem", "BatchExecuteStatement"],
            ),
        ] {
            for operation in operations {
                is_waited_for(settings(order, several), operation, fault.clone()).await;
            }
        }
    }
}

/// A deletion fails for a while: the object's group in a FIFO queue does not wait for the
/// visibility timeout.
#[tokio::test(start_paused = true)]
async fn a_deletion_is_tried_until_it_holds_up_nothing() {
    let mut settings = settings(Order::None, 1);
    settings.lanes = vec![("events.fifo", 0.0)];
    let pipeline = Pipeline::succeeding(settings, 1);
    let uploads = [1, 2].map(|number| simulation::Upload::new("k", number));
    uploads.iter().for_each(|upload| pipeline.upload(upload));
    let mut failed = 0;
    pipeline.aws.faults().fail_entries(move |call, _| {
        let fails = call.operation == "DeleteMessageBatch" && failed < 5;
        failed += u32::from(fails);
        fails
    });
    pipeline.tick().await.well();
    assert_eq!(pipeline.aws.sfn().executions().len(), 2);
    let gone = pipeline.events.gone();
    assert!(gone.len() == 2 && gone.iter().all(|gone| gone.message.receives == 1));
}

/// A fault that does not pass stops the tick at once, and is told.
#[tokio::test(start_paused = true)]
async fn what_does_not_pass_stops_the_tick() {
    let pipeline = Pipeline::succeeding(settings(Order::None, 1), 600);
    pipeline.upload_many(20);
    pipeline.aws.faults().before(|call| {
        match ["BatchExecuteStatement", "PutItem"].contains(&call.operation.as_str()) {
            true => Fault::Refuse("AccessDeniedException".to_owned()),
            false => Fault::None,
        }
    });
    let began = pipeline.aws.clock().now_ms();
    let simulation::Ticked::Ended(ended) = pipeline.tick().await else {
        panic!("it ends");
    };
    assert!(pipeline.aws.clock().now_ms() < began + 2_000);
    assert!(
        ended
            .failure
            .is_some_and(|it| it.to_string().contains("AccessDenied"))
    );
    assert_eq!(ended.counts.handed_back, ended.counts.received);
}

/// Nothing succeeds for long: the messages go back, and the tick says why.
#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let pipeline = Pipeline::succeeding(settings(Order::None, 1), 600);
    pipeline.upload_many(20);
    pipeline
        .aws
        .faults()
        .before(|call| match call.operation == "BatchExecuteStatement" {
            true => Fault::Throttle,
            false => Fault::None,
        });
    let began = pipeline.aws.clock().now_ms();
    let simulation::Ticked::Ended(ended) = pipeline.tick().await else {
        panic!("it ends");
    };
    let took = pipeline.aws.clock().now_ms() - began;
    assert!((8_000..20_000).contains(&took), "{took}");
    assert!(
        ended
            .failure
            .is_some_and(|it| it.to_string().contains("Throughput"))
    );
    assert_eq!(ended.counts.handed_back, 20);
    assert_eq!(pipeline.events.messages().len(), 20);
}
