//! The answer: as fields, as text, as a page, and beside another one.

mod chart;
pub mod comparing;
pub mod making;
pub mod page;
pub mod report;
pub mod text;
mod warnings;
