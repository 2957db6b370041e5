//! Spillway's core: every decision, without I/O, without a clock and without a type of AWS's.
//!
//! It decides the meaning of a message, the act on it given its ledger row, the number of starts,
//! the result of an outcome. The handlers ask these modules and call AWS as they say. Unit tests,
//! property tests, the model and the simulation run this very code.
//!
//! `docs/design/architecture.md` names the parts, and `docs/design/protocol.md` their behaviour.

pub mod event;
pub mod execution;
pub mod lane;
pub mod message;
pub mod pace;
pub mod protocol;
pub mod reconcile;
pub mod record;
pub mod rules;
pub mod text;

/// The version of the rows and messages that this release writes.
///
/// An apply never updates all functions at once. So a release also reads the rows and messages of
/// the release before it and of the one after it: see [`readable`].
pub const SCHEMA_VERSION: u32 = 1;

/// Milliseconds since the Unix epoch.
pub type Millis = i64;

/// Returns whether this release can read a row or a message of schema version `version`.
pub fn readable(version: u32) -> bool {
    version.abs_diff(SCHEMA_VERSION) <= 1
}
