//! How long things take, in virtual time: every call takes 10 ms, and computing takes none.

mod drain;
mod waits;

use std::time::Duration;

use crate::pipeline::Settings;

pub use drain::{Burst, Drained};
pub use waits::{Arrivals, waits};

/// The default settings, at calls of 10 ms.
fn settings() -> Settings {
    Settings {
        latency: (Duration::from_millis(10), Duration::from_millis(10)),
        ..Settings::default()
    }
}
