//! The protocol of dispatch and settle as a state machine, explored in every state within small
//! bounds.
//!
//! Its decisions are the core's own functions. The model has the world around them (queues, ledger,
//! executions) and the order of the calls. `docs/evidence/model.md` describes its scope.

mod bounds;
mod breakage;
mod cast;
pub mod circuit;
mod explore;
mod protocol;
mod world;

pub use bounds::Bounds;
pub use breakage::Breakage;
pub use explore::{CAN_FINISH, Explored, Violation, explore};
pub use protocol::{Fault, Protocol, State, Step};
pub use world::World;
