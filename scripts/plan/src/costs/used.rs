//! A use of AWS, and its cost.

use std::collections::BTreeMap;

use super::prices;

/// Ticks of a month of 30 days, one a minute.
pub const TICKS: f64 = 30.0 * 24.0 * 60.0;
/// Lambda polls an idle queue with five pollers, each for 20 seconds at a time: so often in a
/// month.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
pub const IDLE_POLLS: f64 = 5.0 * 3.0 * TICKS;
/// Metrics that a tick always reports: the levels, and how long it took. A day's limit adds one.
pub const METRICS: f64 = 3.0;

/// A use, per event or per month.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Used {
    /// Requests to standard queues, those of S3, EventBridge and Lambda included.
    pub sqs: f64,
    /// Requests to FIFO queues.
    pub sqs_fifo: f64,
    pub write_units: f64,
    pub read_units: f64,
    pub invocations: f64,
    pub gb_seconds: f64,
    pub log_bytes: f64,
    /// Object events by EventBridge.
    pub eventbridge: f64,
    /// Object events by SNS.
    pub sns: f64,
    /// Metrics reported every hour.
    pub metrics: f64,
}

impl Used {
    /// Returns the same for one of many, or for many of them.
    pub fn times(&self, factor: f64) -> Self {
        Self {
            sqs: self.sqs * factor,
            sqs_fifo: self.sqs_fifo * factor,
            write_units: self.write_units * factor,
            read_units: self.read_units * factor,
            invocations: self.invocations * factor,
            gb_seconds: self.gb_seconds * factor,
            log_bytes: self.log_bytes * factor,
            eventbridge: self.eventbridge * factor,
            sns: self.sns * factor,
            metrics: self.metrics * factor,
        }
    }

    /// Returns the rest of it without another.
    pub fn less(&self, other: &Self) -> Self {
        let less = |one: f64, other: f64| (one - other).max(0.0);
        Self {
            sqs: less(self.sqs, other.sqs),
            sqs_fifo: less(self.sqs_fifo, other.sqs_fifo),
            write_units: less(self.write_units, other.write_units),
            read_units: less(self.read_units, other.read_units),
            invocations: less(self.invocations, other.invocations),
            gb_seconds: less(self.gb_seconds, other.gb_seconds),
            log_bytes: less(self.log_bytes, other.log_bytes),
            eventbridge: less(self.eventbridge, other.eventbridge),
            sns: less(self.sns, other.sns),
            metrics: less(self.metrics, other.metrics),
        }
    }

    /// Returns both together.
    pub fn and(&self, other: &Self) -> Self {
        Self {
            sqs: self.sqs + other.sqs,
            sqs_fifo: self.sqs_fifo + other.sqs_fifo,
            write_units: self.write_units + other.write_units,
            read_units: self.read_units + other.read_units,
            invocations: self.invocations + other.invocations,
            gb_seconds: self.gb_seconds + other.gb_seconds,
            log_bytes: self.log_bytes + other.log_bytes,
            eventbridge: self.eventbridge + other.eventbridge,
            sns: self.sns + other.sns,
            metrics: self.metrics + other.metrics,
        }
    }

    /// Returns US dollars, by the thing that they pay for. `gb_second`: the price of one.
    pub fn dollars_at(&self, gb_second: f64) -> BTreeMap<&'static str, f64> {
        let per_million = |count: f64, price: f64| count * price / 1e6;
        BTreeMap::from([
            (
                "SQS",
                per_million(self.sqs, prices::SQS_PER_MILLION)
                    + per_million(self.sqs_fifo, prices::SQS_FIFO_PER_MILLION),
            ),
            (
                "DynamoDB writes",
                per_million(self.write_units, prices::DYNAMODB_WRITES_PER_MILLION),
            ),
            (
                "DynamoDB reads",
                per_million(self.read_units, prices::DYNAMODB_READS_PER_MILLION),
            ),
            (
                "Lambda",
                per_million(self.invocations, prices::LAMBDA_PER_MILLION)
                    + self.gb_seconds * gb_second,
            ),
            (
                "EventBridge",
                per_million(self.eventbridge, prices::EVENTBRIDGE_PER_MILLION),
            ),
            ("SNS", per_million(self.sns, prices::SNS_PER_MILLION)),
            (
                "CloudWatch",
                self.log_bytes / 1e9 * prices::LOGS_PER_GB
                    + self.metrics * prices::METRIC_PER_MONTH,
            ),
        ])
    }

    /// Returns the same on arm64.
    pub fn dollars(&self) -> BTreeMap<&'static str, f64> {
        self.dollars_at(prices::LAMBDA_PER_GB_SECOND)
    }

    /// Returns the US dollars in all, on arm64.
    pub fn total(&self) -> f64 {
        self.dollars().values().sum()
    }
}
