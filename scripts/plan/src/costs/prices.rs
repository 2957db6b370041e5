//! List prices, in US dollars, of us-east-1 in November 2026; without free tiers.
//!
//! No price is read from AWS while tests run. The pages named change first.

/// A million requests of a standard queue, 64 KB each at the most; an empty receive is a request.
/// <https://aws.amazon.com/sqs/pricing/>
pub const SQS_PER_MILLION: f64 = 0.40;
/// The same of a FIFO queue.
pub const SQS_FIFO_PER_MILLION: f64 = 0.50;
/// A million write request units on demand: a write of up to 1 KB.
/// <https://aws.amazon.com/dynamodb/pricing/on-demand/>
pub const DYNAMODB_WRITES_PER_MILLION: f64 = 0.625;
/// A million read request units on demand: a strongly consistent read of up to 4 KB.
pub const DYNAMODB_READS_PER_MILLION: f64 = 0.125;
/// A million invocations.
/// <https://aws.amazon.com/lambda/pricing/>
pub const LAMBDA_PER_MILLION: f64 = 0.20;
/// A GB-second on arm64.
pub const LAMBDA_PER_GB_SECOND: f64 = 0.000_013_333_4;
/// The same on x86.
pub const LAMBDA_PER_GB_SECOND_X86: f64 = 0.000_016_666_7;
/// A million object events from S3 to EventBridge: events of an AWS service that somebody opted in
/// to.
/// <https://aws.amazon.com/eventbridge/pricing/>
pub const EVENTBRIDGE_PER_MILLION: f64 = 1.00;
/// A million publishes; the delivery to SQS is free.
/// <https://aws.amazon.com/sns/pricing/>
pub const SNS_PER_MILLION: f64 = 0.50;
/// A GB of logs taken in.
/// <https://aws.amazon.com/cloudwatch/pricing/>
pub const LOGS_PER_GB: f64 = 0.50;
/// A metric that is reported every hour of a month.
pub const METRIC_PER_MONTH: f64 = 0.30;
/// A million transitions of a Standard workflow: the owner's, never part of Spillway's cost.
/// <https://aws.amazon.com/step-functions/pricing/>
pub const TRANSITIONS_PER_MILLION: f64 = 25.0;
