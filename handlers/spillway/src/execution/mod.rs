//! Executions: their names, their inputs, and how they end.

pub mod answer;
pub mod input;
pub mod name;
pub mod outcome;
mod s3_notification;
