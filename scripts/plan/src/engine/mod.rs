//! The engine: a pipeline in virtual time. The pace, the lanes' shares, windows and the order of
//! receives are the core's own code, as `dispatch` runs it. Of each call to AWS only its time is
//! left. So a plan needs no AWS and no rows.

pub mod answers;
mod calendar;
mod deferred;
mod queue;
pub mod quota;
pub mod series;
pub mod setup;
mod slab;
pub mod target;
mod tick;
mod turns;
mod units;
mod world;

use answers::Answers;
use setup::{Arrival, Setup};

/// Works off all arrivals, which are sorted by time.
pub fn run(setup: &Setup, arrivals: &[Arrival]) -> Answers {
    tick::Ticks::new(setup, arrivals).run()
}
