//! The AWS shell: everything that does I/O. Each module turns decisions of the pure core into calls of one service.

pub mod clients;
pub mod clock;
mod conflict;
pub mod environment;
pub mod error;
pub mod invocation;
pub mod ledger;
pub mod log;
pub mod metrics;
pub mod queue;
pub mod workflow;
