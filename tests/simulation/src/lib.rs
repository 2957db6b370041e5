//! A whole pipeline in the test's own process: the real handlers, through the real AWS SDK, against `fake-aws`.
//!
//! Time is virtual: run under `#[tokio::test(start_paused = true)]`.

mod invariants;
mod invocation;
mod pipeline;
mod reconcile;
mod upload;
pub mod world;

pub use self::reconcile::{Asked, BUCKET, Ran, Runs, batch_of, record_of};
pub use invariants::{Verdict, failed_items, ids, objects};
pub use invocation::{Invocations, Invoked};
pub use pipeline::{Background, LEDGER, Mapped, Pipeline, Settings, Ticked};
pub use upload::{Upload, notification, record};
