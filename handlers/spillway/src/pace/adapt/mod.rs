//! The adaptive pace: what executions say about their target slows starts down, or stops them.
//!
//! A target that takes less than the pace allows makes executions fail with errors that its owner
//! names. [`circuit::Circuit`] finds the rate that the target takes, and stops all starts but probes
//! while it takes none. A target that is well is never slowed.

pub mod circuit;
pub mod errors;
pub mod health;

use crate::pace::adapt::errors::Errors;

/// What the owner of a pipeline says about its target.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapt {
    /// Errors by which an execution says that its target takes no more.
    pub errors: Errors,
    /// The share of executions that can end with such an error before starts are slowed down.
    /// Above 0 and below 1.
    pub tolerated_share: f64,
    /// The slowest rate, in starts per second. Above 0.
    pub slowest: f64,
    /// So many ends with such an error do not count as attempts of an event.
    pub uncounted_max: u32,
}
