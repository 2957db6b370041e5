//! The answers of `spillway plan` about a pipeline, beside the real handlers in virtual time.

mod drawn;
mod measured;
mod numbers;
mod planned;
mod simulated;

pub use drawn::drawn;
pub use measured::Measured;
pub use planned::Case;
pub use simulated::simulated;
