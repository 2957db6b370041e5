//! Reconcile: a bucket's objects compared with the ledger, rows that nothing moves any more, and
//! rows that lost their slot.
//!
//! An object that is found in a bucket has no sequencer, which S3 gives in its events only. So its
//! row has a key of its own kind, and an event that S3 reports late uses that row.

pub mod adoption;
pub mod listing;
pub mod orphan;
pub mod place;
pub mod scope;
pub mod stale;
