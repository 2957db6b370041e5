//! The cost of a pipeline: its use of AWS, at list prices.

mod month;
pub mod prices;
mod used;
mod way;

pub use month::{Functions, MONTH_MILLIS, Month, used, whole};
pub use used::{IDLE_POLLS, METRICS, TICKS, Used};
pub use way::Way;
