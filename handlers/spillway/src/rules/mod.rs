//! The rules: pure functions that decide by a message, a row, an object's head, an outcome or a
//! slot.

pub mod attempt;
pub mod batch;
pub mod condition;
pub mod order;
pub mod report;
pub mod retry;
pub mod standing;
pub mod sweep;
