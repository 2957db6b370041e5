//! One test for each row of the README's tables, through the real SDK clients.

mod dynamodb;
mod faults;
mod log;
mod readme;
mod s3;
mod sfn_events;
mod sfn_executions;
mod sqs_batches;
mod sqs_dead_letters;
mod sqs_fifo;
mod sqs_handles;
mod sqs_receive;
mod sqs_send;
mod support;
