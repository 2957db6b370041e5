//! Fuzzing: every parser of foreign text takes real inputs that chance has damaged.
//!
//! A [`target::Target`] is one kind of input: a function that gives bytes to the core's own parsers
//! and panics when an impossible answer comes. [`hunt`] damages the inputs of a corpus and gives
//! them to it; [`large`] has the inputs that are meant to be slow. `tests/fuzz/README.md` says how
//! to run it, and how to treat a finding.

pub mod caught;
pub mod corpus;
pub mod cpu;
pub mod finding;
pub mod hunt;
pub mod large;
pub mod mutate;
pub mod readings;
pub mod run;
pub mod shrink;
pub mod target;
pub mod targets;
pub mod times;
