//! AWS's own metrics of functions, queues, tables and state machines, in the form of the lines that
//! the handlers print.

use std::sync::{Arc, Mutex, PoisonError};

use fake_aws::{Fault, Service};
use serde_json::json;

use crate::pipeline::{LEDGER, Mapped, PIPELINE, Pipeline};

/// Lines of metrics that AWS has of its own. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Reported(Arc<Mutex<Vec<String>>>);

impl Reported {
    pub fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.clone()
    }

    /// Reports an invocation that Lambda made, or did not make.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>
    pub fn of_function(&self, metric: &str, handler: &str, count: bool, now: i64) {
        let function = format!("{PIPELINE}_{handler}");
        let of = ["AWS/Lambda", "FunctionName", function.as_str(), metric];
        self.put(of, i64::from(count), now);
    }

    /// Reports the age of the oldest message of the events queue that was received fewer than three
    /// times, in seconds.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>
    pub fn of_events_queue(&self, pipeline: &Pipeline) {
        let now = pipeline.aws.clock().now_ms();
        let messages = pipeline.events.messages();
        let counted = messages.iter().filter(|view| view.message.receives < 3);
        let oldest = counted.map(|view| view.message.enqueued_ms).min();
        let queue = format!("{PIPELINE}_events_default");
        let of = [
            "AWS/SQS",
            "QueueName",
            queue.as_str(),
            "ApproximateAgeOfOldestMessage",
        ];
        self.put(of, oldest.map_or(0, |oldest| (now - oldest) / 1_000), now);
    }

    /// Reports a read or a write that DynamoDB throttled.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html>
    pub fn of_throttled(&self, what: Access, now: i64) {
        let table = format!("{PIPELINE}_{LEDGER}");
        let metric = match what {
            Access::Reads => "ReadThrottleEvents",
            Access::Writes => "WriteThrottleEvents",
        };
        self.put(
            ["AWS/DynamoDB", "TableName", table.as_str(), metric],
            1,
            now,
        );
    }

    /// Reports a run of the state machine of `reconcile` that failed.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html>
    pub fn of_failed_run(&self, now: i64) {
        let arn =
            format!("arn:aws:states:us-east-1:123456789012:stateMachine:{PIPELINE}_reconcile");
        self.put(
            [
                "AWS/States",
                "StateMachineArn",
                arn.as_str(),
                "ExecutionsFailed",
            ],
            1,
            now,
        );
    }

    /// `of`: namespace, dimension, its value, and the metric.
    fn put(&self, of: [&str; 4], value: i64, now: i64) {
        let [namespace, dimension, named, metric] = of;
        let line = json!({
            "_aws": {"Timestamp": now, "CloudWatchMetrics": [{
                "Namespace": namespace, "Dimensions": [[dimension]], "Metrics": [{"Name": metric, "Unit": "None"}],
            }]},
            dimension: named, metric: value,
        });
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.to_string());
    }
}

/// Settles outcomes as they come, and reports each invocation of `settle` that died.
pub(super) async fn settle(pipeline: Pipeline, reported: Reported) {
    loop {
        let mapped = pipeline.settle_once().await;
        if mapped != Mapped::Nothing {
            let failed = mapped != Mapped::Settled;
            reported.of_function("Errors", "settle", failed, pipeline.aws.clock().now_ms());
        }
    }
}

/// The way in which a call uses the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Reads,
    Writes,
}

/// Throttles every second read or write of the ledger.
pub(super) fn throttle(what: Access, pipeline: &Pipeline, reported: &Reported) {
    let (clock, reported, mut calls) = (pipeline.aws.clock(), reported.clone(), 0_u32);
    pipeline.aws.faults().before(move |call| {
        let does = match call.operation.as_str() {
            "GetItem" | "Query" | "Scan" | "BatchGetItem" => Access::Reads,
            _ => Access::Writes,
        };
        if call.service != Service::DynamoDb || does != what {
            return Fault::None;
        }
        calls += 1;
        if calls.is_multiple_of(2) {
            return Fault::None;
        }
        reported.of_throttled(what, clock.now_ms());
        Fault::Throttle
    });
}
