//! The ledger's records, as the decisions see them. The form of an item is for the shell.

pub mod batch;
pub mod deferred;
pub mod head;
pub mod layouts;
pub mod lease;
pub mod row;
pub mod slot;
pub mod version;
pub mod waiter;
