//! A file for each kind of input.

pub(crate) mod control;
pub(crate) mod inventories;
pub(crate) mod items;
pub(crate) mod lanes;
pub(crate) mod messages;
pub(crate) mod outcomes;
pub(crate) mod outputs;
pub(crate) mod payloads;
mod settings;
pub(crate) mod sources;
pub(crate) mod windows;
