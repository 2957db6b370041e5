//! Hunting: damaged inputs for a target, one after the other, until one fails.
//!
//! An input that is refused in a new way, or understood in a new way, is damaged further. So chance
//! gets to code that only a nearly whole input reaches.

use std::collections::HashSet;
use std::time::Duration;

use fastrand::Rng;

use crate::mutate::{self, Pool};
use crate::target::Target;
use crate::{caught, cpu};

/// The most CPU time of an input, of 256 KiB and so of less too.
pub const MOST: Duration = Duration::from_millis(10);

/// More kinds of answers teach nothing: only the input's own words tell them apart.
const KINDS: usize = 300;

/// An input that fails, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub input: Vec<u8>,
    pub says: String,
    /// It must not be given to the target again.
    pub endless: bool,
}

/// The answers to the inputs: a target that refuses all, or takes all, shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub understood: u64,
    pub refused: u64,
}

impl Tally {
    pub fn inputs(self) -> u64 {
        self.understood + self.refused
    }
}

/// One hunt. The same target, inputs and seed are the same hunt, input by input.
pub struct Hunt {
    pub target: &'static Target,
    rng: Rng,
    pool: Pool,
    kinds: HashSet<String>,
    pub tally: Tally,
    /// Failures are told once for each way of failing.
    failed: HashSet<String>,
}

impl Hunt {
    /// Returns a hunt. `pool`: the inputs to begin with, at least one.
    pub fn new(target: &'static Target, pool: Vec<Vec<u8>>, seed: u64) -> Self {
        let seen = |input: &Vec<u8>| caught::check(target.check, input).ok();
        Self {
            target,
            rng: Rng::with_seed(seed),
            kinds: pool
                .iter()
                .filter_map(seen)
                .map(|seen| seen.kind())
                .collect(),
            pool: Pool {
                given: pool,
                found: Vec::new(),
            },
            tally: Tally::default(),
            failed: HashSet::new(),
        }
    }

    /// Returns the next input.
    pub fn input(&mut self) -> Vec<u8> {
        mutate::mutated(&mut self.rng, &self.pool)
    }

    /// Gives an input to the target.
    pub fn give(&mut self, input: Vec<u8>) -> Option<Failure> {
        let began = cpu::of_thread();
        let seen = caught::check(self.target.check, &input);
        let took = cpu::of_thread() - began;
        let says = match seen {
            Ok(_) if took > MOST && is_slow(self.target, &input) => "it is slow".to_owned(),
            Ok(seen) => {
                let count = if seen.is_understood() {
                    &mut self.tally.understood
                } else {
                    &mut self.tally.refused
                };
                *count += 1;
                if self.kinds.len() < KINDS && self.kinds.insert(seen.kind()) {
                    self.pool.found.push(input);
                }
                return None;
            }
            Err(says) => says,
        };
        let new = self.failed.insert(way(&says).to_owned());
        new.then_some(Failure {
            input,
            says,
            endless: false,
        })
    }

    /// Returns how many kinds of answers there were.
    pub fn kinds(&self) -> usize {
        self.kinds.len()
    }
}

/// Returns whether the core's parser alone takes too long, every time.
pub fn is_slow(target: &Target, input: &[u8]) -> bool {
    (0..5).all(|_| cpu::least(1, || (target.read)(input)) > MOST)
}

/// Returns the way of failing: the place of the panic, which is its first line.
pub fn way(says: &str) -> &str {
    says.lines().next().unwrap_or_default()
}
