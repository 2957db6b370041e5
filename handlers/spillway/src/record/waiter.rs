//! Versions of an object that wait for their turn, in a pipeline with an order. Each has an item,
//! so that a turn costs the same with any number of them.
//!
//! The row says `WAITING` before its waiter is put. A waiter whose row says something else has had
//! its turn, and is forgotten.

use super::row::{Row, State};

/// A version that waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Waiter {
    /// Its place: [`super::version`].
    pub version: String,
    /// The attempt that waits. One of a later attempt is another waiter.
    pub attempt: u32,
    /// Its row, read after the waiter; `Err`: this release cannot read it.
    pub row: Result<Option<Row>, String>,
}

impl Waiter {
    /// Returns whether it has had its turn.
    pub fn is_gone(&self) -> bool {
        match &self.row {
            Ok(row) => row.as_ref().is_none_or(|row| row.state != State::Waiting),
            Err(_) => false,
        }
    }
}

/// Which of an object's waiters are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    /// So many of the oldest, oldest first.
    Oldest(u32),
    /// So many of the newest, newest first.
    Newest(u32),
}
