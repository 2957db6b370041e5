//! The shell: everything that does I/O. Calls of one service lie in one module; [`shell`] makes
//! those that the machines of the core ask for.

pub mod clients;
pub mod clock;
pub mod condition;
mod conflict;
pub mod environment;
pub mod error;
pub mod invocation;
pub mod ledger;
pub mod log;
pub mod metrics;
pub mod queue;
pub mod shell;
pub mod workflow;
