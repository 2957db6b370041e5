//! The targets, a file for each kind of input.

mod control;
mod inventories;
mod items;
mod lanes;
mod messages;
mod outcomes;
mod outputs;
mod payloads;
mod settings;
mod sources;
mod windows;

use crate::target::Target;

/// All of them.
pub const ALL: &[Target] = &[
    messages::TARGET,
    payloads::TARGET,
    outcomes::TARGET,
    outputs::TARGET,
    items::TARGET,
    inventories::TARGET,
    control::TARGET,
    windows::TARGET,
    lanes::TARGET,
    sources::TARGET,
];

pub fn named(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}
