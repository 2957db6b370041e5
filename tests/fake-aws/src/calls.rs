//! The record of every API call.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

/// The services that are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Amazon SQS
    Sqs,
    /// AWS Step Functions
    Sfn,
    /// Amazon DynamoDB
    DynamoDb,
    /// Amazon S3
    S3,
}

/// One HTTP request of an SDK client; a retry by the SDK is a call of its own.
#[derive(Clone, Debug)]
pub struct Call {
    /// Place in the order of sending, from 0.
    pub sequence: usize,
    /// Name given to [`crate::FakeAws::caller`].
    pub caller: Arc<str>,
    /// The service called.
    pub service: Service,
    /// Such as "SendMessageBatch".
    pub operation: String,
    /// Virtual time of sending, in milliseconds since the epoch.
    pub sent_ms: i64,
    /// Virtual time at which it took effect (or was refused by the service); none: it never reached
    /// the service.
    pub applied_ms: Option<i64>,
    /// The caller's answer.
    pub answer: Answer,
    /// The subject of the call.
    pub facts: Facts,
    /// The request body.
    pub request: Arc<Value>,
}

/// The answer that a caller got for its call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// None yet, or never.
    Pending,
    /// Success.
    Ok,
    /// An error with this code.
    Error(String),
    /// The connection broke.
    Lost,
}

/// The subject of a call; filled as far as its service and operation allow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// SQS: name of the queue.
    pub queue: Option<String>,
    /// SQS: messages sent, received, deleted, hidden. Known for a send or a receive only after the
    /// effect.
    pub message_ids: Vec<String>,
    /// Step Functions: name of the execution.
    pub execution: Option<String>,
    /// DynamoDB: the table.
    pub table: Option<String>,
    /// DynamoDB: the items named; a Query has the partition's key and an empty sort key. S3: bucket
    /// and key of the object.
    pub keys: Vec<Key>,
    /// DynamoDB: capacity units this call consumed.
    pub capacity: f64,
}

/// A primary key of two strings, as `pk` and `sk`; empty if the table has no sort key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

/// How one operation went, over all its calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCount {
    /// Calls sent.
    pub sent: u64,
    /// Answered with success.
    pub ok: u64,
    /// Answered with an error.
    pub errors: u64,
    /// Lost on the way there or back.
    pub lost: u64,
}

/// DynamoDB capacity units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Capacity {
    /// Read units.
    pub read: f64,
    /// Write units, those of failed conditions and of cancelled transactions too.
    pub write: f64,
}

#[derive(Default)]
pub(crate) struct CallLog {
    calls: Vec<Call>,
    /// Calls dropped by `forget`, or never kept, so that sequence numbers go on.
    forgotten: usize,
    /// Calls are counted, but not kept.
    counts_only: bool,
    counts: BTreeMap<String, CallCount>,
    capacity: Capacity,
}

impl CallLog {
    pub(crate) fn all(&self) -> &[Call] {
        &self.calls
    }

    pub(crate) fn counts(&self) -> &BTreeMap<String, CallCount> {
        &self.counts
    }

    pub(crate) fn capacity(&self) -> Capacity {
        self.capacity
    }

    pub(crate) fn count_only(&mut self) {
        self.counts_only = true;
    }

    pub(crate) fn forget(&mut self) {
        self.forgotten += self.calls.len();
        self.calls.clear();
    }

    /// Records a call as it is sent, and gives it its number.
    pub(crate) fn open(&mut self, mut call: Call) -> Call {
        call.sequence = self.forgotten + self.calls.len();
        self.counts.entry(call.operation.clone()).or_default().sent += 1;
        if self.counts_only {
            self.forgotten += 1;
        } else {
            self.calls.push(call.clone());
        }
        call
    }

    /// Replaces the record of a call by its present state.
    pub(crate) fn update(&mut self, call: &Call) {
        let index = call.sequence.checked_sub(self.forgotten);
        if let Some(known) = index.and_then(|index| self.calls.get_mut(index)) {
            *known = call.clone();
        }
    }

    /// Records how a call ended.
    pub(crate) fn close(&mut self, call: &Call) {
        self.update(call);
        let count = self.counts.entry(call.operation.clone()).or_default();
        match call.answer {
            Answer::Ok => count.ok += 1,
            Answer::Error(_) => count.errors += 1,
            Answer::Lost => count.lost += 1,
            Answer::Pending => {}
        }
    }

    pub(crate) fn consume(&mut self, units: f64, write: bool) {
        if write {
            self.capacity.write += units;
        } else {
            self.capacity.read += units;
        }
    }
}
