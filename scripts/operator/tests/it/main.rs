//! Every command against an AWS in the test's own process.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod canary;
mod control;
mod explain;
mod failures;
mod history;
mod look;
mod planned;
mod process;
mod reconcile;
mod speed;
mod support;
mod ticks;
