//! Fuzzing: every parser of what strangers write takes what chance makes of real inputs.
//!
//! A [`target::Target`] is one kind of input: a function that gives bytes to the core's own parsers and panics when what
//! they say cannot be. [`hunt`] damages the inputs of a corpus and gives them to it; [`large`] has the inputs that are
//! meant to be slow. `tests/fuzz/README.md` says how to run it and what to do with what it finds.

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
