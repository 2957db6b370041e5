//! Spillway's pure core and its thin AWS shell.
//!
//! Everything outside [`aws`] is pure: no I/O, no clock, no AWS type in a signature. Those modules hold the
//! decisions (what a message means, what to do with it given its ledger row, how much may start now, what an
//! outcome leads to), and they are what unit, property and simulation tests run. [`aws`] turns the decisions
//! into API calls.
//!
//! The vocabulary and the protocol are described in `docs/architecture.md`.

pub mod aws;

pub mod admission;
pub mod attempt;
pub mod batch;
pub mod capacity;
pub mod control;
pub mod day;
pub mod digest;
pub mod event;
pub mod eventbridge;
pub mod execution;
pub mod fields;
pub mod fifo;
pub mod gate;
pub mod identity;
pub mod in_force;
pub mod lane;
pub mod lease;
pub mod message;
pub mod notification;
pub mod order;
pub mod outcome;
pub mod pace;
pub mod reconcile;
pub mod row;
pub mod share;
pub mod slot;
pub mod sns;
pub mod source;
pub mod sweep;
pub mod text;
pub mod time;
pub mod tokens;
pub mod window;

/// The version of the rows and messages that this release writes.
///
/// An apply never updates all functions at once, so a release also reads what the release before and the
/// release after it wrote: see [`readable`].
pub const SCHEMA_VERSION: u32 = 1;

/// Milliseconds since the Unix epoch.
pub type Millis = i64;

/// Whether this release can read a row or a message of schema version `version`.
pub fn readable(version: u32) -> bool {
    version.abs_diff(SCHEMA_VERSION) <= 1
}
