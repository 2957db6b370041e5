//! The use of AWS in a run, and its costs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use fake_aws::{Call, Service};
use plan::costs::{Used, prices};
use serde_json::{Value, json};

use crate::pipeline::Pipeline;

/// Memory of every handler, as Terraform's default.
const MEMORY_GB: f64 = 0.25;
/// Bytes that Lambda itself logs of an invocation: START, END, REPORT. Assumed, not measured.
const PLATFORM_LOG_BYTES: f64 = 350.0;

/// The use of AWS, per event or per month, and by calls.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bill {
    /// API calls of the handlers, by handler and operation.
    pub calls: BTreeMap<(String, String), f64>,
    pub used: Used,
}

/// Read and written as the use.
impl Deref for Bill {
    type Target = Used;

    fn deref(&self) -> &Used {
        &self.used
    }
}

impl DerefMut for Bill {
    fn deref_mut(&mut self) -> &mut Used {
        &mut self.used
    }
}

impl Bill {
    /// Returns the pipeline's use since its calls were last forgotten. `sent`: messages that S3 and
    /// EventBridge put into its queues.
    pub fn of(pipeline: &Pipeline, sent: usize) -> Self {
        let calls = pipeline.aws.calls();
        let capacity = |writes: bool| -> f64 {
            let of_kind = calls.iter().filter(|call| {
                call.service == Service::DynamoDb && is_write(&call.operation) == writes
            });
            of_kind.map(|call| call.facts.capacity).sum()
        };
        let mut bill = Self {
            calls: BTreeMap::new(),
            used: Used {
                sqs: sent as f64,
                write_units: capacity(true),
                read_units: capacity(false),
                ..Used::default()
            },
        };
        let mut spans: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for call in &calls {
            bill.sqs += f64::from(call.service == Service::Sqs);
            let Some(handler) = handler(call) else {
                continue;
            };
            let key = (handler.to_owned(), call.operation.clone());
            *bill.calls.entry(key).or_default() += 1.0;
            let ended = call.applied_ms.unwrap_or(call.sent_ms);
            let span = spans.entry(&call.caller).or_insert((call.sent_ms, ended));
            span.1 = span.1.max(ended);
        }
        bill.invocations = spans.len() as f64;
        let milliseconds: i64 = spans.values().map(|(from, to)| to - from).sum();
        bill.gb_seconds = milliseconds as f64 / 1_000.0 * MEMORY_GB;
        let handlers: BTreeSet<&str> = calls.iter().filter_map(handler).collect();
        for name in handlers {
            let invoked = spans.keys().filter(|it| it.starts_with(name)).count();
            bill.log_bytes += invoked as f64 * (PLATFORM_LOG_BYTES + line_bytes(name));
        }
        bill
    }

    /// Returns the bill times a factor, for one event of many or for many of one.
    pub fn times(&self, factor: f64) -> Self {
        Self {
            calls: (self.calls.iter())
                .map(|(key, calls)| (key.clone(), calls * factor))
                .collect(),
            used: self.used.times(factor),
        }
    }

    /// Returns US dollars without CloudWatch's, with so much memory instead of 256 MB, at a price
    /// of a GB-second.
    pub fn total_with(&self, memory_mb: f64, price: f64) -> f64 {
        let mut dollars = self.dollars();
        dollars.remove("CloudWatch");
        let gb_seconds = self.gb_seconds / (MEMORY_GB * 1_024.0) * memory_mb;
        let other = dollars.values().sum::<f64>() - self.gb_seconds * prices::LAMBDA_PER_GB_SECOND;
        other + gb_seconds * price
    }

    /// Returns the API calls of a handler, without StartExecution.
    pub fn calls_of(&self, handler: &str) -> f64 {
        let of_handler = self
            .calls
            .iter()
            .filter(|((of, operation), _)| of == handler && operation != "StartExecution");
        of_handler.map(|(_, calls)| calls).sum()
    }

    /// Returns the bill for other programs.
    pub fn to_json(&self) -> Value {
        let calls: BTreeMap<String, f64> = (self.calls.iter())
            .map(|((handler, operation), calls)| (format!("{handler} {operation}"), *calls))
            .collect();
        json!({
            "calls": calls, "sqs_requests": self.sqs, "write_units": self.write_units, "read_units": self.read_units,
            "invocations": self.invocations, "gb_seconds": self.gb_seconds, "log_bytes": self.log_bytes,
            "dollars": self.dollars(), "total_dollars": self.total(),
        })
    }
}

/// The handler that made the call; none: Lambda's mapping, or the test.
fn handler(call: &Call) -> Option<&'static str> {
    let handlers = ["dispatch", "settle", "ingest"];
    handlers
        .into_iter()
        .find(|handler| call.caller.starts_with(handler))
}

fn is_write(operation: &str) -> bool {
    [
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchExecuteStatement",
        "TransactWriteItems",
    ]
    .contains(&operation)
}

/// A handler's own line of an invocation that counted little.
fn line_bytes(handler: &str) -> f64 {
    use aws::metrics::line;
    let line = match handler {
        "dispatch" => line(
            "pipeline",
            &dispatch::Counts::default(),
            dispatch::LEVELS,
            0,
        ),
        "settle" => line("pipeline", &settle::Counts::default(), &[], 0),
        _ => line("pipeline", &ingest::Counts::default(), &[], 0),
    };
    line.len() as f64
}
