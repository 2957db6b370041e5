//! A whole pipeline in the test's own process: the real handlers, through the real AWS SDK, against
//! `fake-aws`.
//!
//! Time is virtual: run under `#[tokio::test(start_paused = true)]`.

pub mod costs;
pub mod drills;
mod invariants;
mod invocation;
pub mod mutation;
pub mod picture;
mod pipeline;
pub mod plans;
mod reconcile;
pub mod recovery;
pub mod seeds;
pub mod slots;
pub mod target;
pub mod timings;
mod upload;
pub mod world;
mod writes;

pub use self::reconcile::{Asked, BUCKET, Ran, Runs, batch_of, record_of, rows_of};
pub use invariants::{Verdict, failed_items, ids, objects};
pub use invocation::{Invocations, Invoked};
pub use pipeline::{Background, LEDGER, Mapped, Pipeline, Settings, Ticked};
pub use upload::{Upload, notification, own_message, record};
pub use writes::{claims, takes_slots};
