//! What the ledger records, as the decisions see it. How an item is written is for the shell.

pub mod batch;
pub mod deferred;
pub mod head;
pub mod layouts;
pub mod lease;
pub mod row;
pub mod slot;
pub mod version;
pub mod waiter;
