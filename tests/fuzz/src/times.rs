//! CPU time of the inputs that are meant to be slow.

use std::cmp::Reverse;
use std::io;
use std::time::Duration;

use crate::cpu;
use crate::large::{self, Input};
use crate::target::Target;

/// The slowest large inputs of a target.
pub struct Times {
    pub target: &'static Target,
    /// How many inputs there were.
    pub inputs: usize,
    /// The slowest of all first.
    pub slowest: Vec<(Duration, String)>,
}

/// The size of every input.
pub const BYTES: usize = 256 * 1_024;

/// How many are looked at again.
const AGAIN: usize = 10;

/// Returns the CPU time of the core's parser alone, for every large input.
pub fn of(target: &'static Target) -> io::Result<Times> {
    let took = |times, input: &Input| cpu::least(times, || (target.read)(&input.bytes));
    let mut inputs = 0;
    let mut slowest: Vec<(Duration, Input)> = Vec::new();
    large::each(target, BYTES, |input| {
        inputs += 1;
        slowest.push((took(1, &input), input));
        slowest.sort_by_key(|(took, _)| Reverse(*took));
        slowest.truncate(AGAIN);
    })?;
    // Once could have been another's fault.
    let again = |(_, input): (Duration, Input)| (took(5, &input), input.name);
    let mut slowest: Vec<_> = slowest.into_iter().map(again).collect();
    slowest.sort_by_key(|(took, _)| Reverse(*took));
    Ok(Times {
        target,
        inputs,
        slowest,
    })
}
