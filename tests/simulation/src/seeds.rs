//! Running many seeds, on several threads: each world has a runtime, a time and random numbers of
//! its own.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::world::{Coverage, Failure};

/// How seeds went.
#[derive(Debug, Default)]
pub struct Outcome {
    pub ran: u64,
    /// By seed.
    pub failed: BTreeMap<u64, Failure>,
    pub coverage: Coverage,
}

/// Which seeds are run, and how.
#[derive(Debug, Clone)]
pub struct Seeds {
    pub seeds: Range<u64>,
    /// Threads.
    pub jobs: usize,
    /// No seed is begun after one has failed.
    pub stop: bool,
}

impl Seeds {
    /// Runs each seed by `world`.
    pub fn run<W>(&self, world: W) -> Outcome
    where
        W: Fn(u64) -> (Coverage, Result<(), Failure>) + Sync,
    {
        let (next, stopped) = (AtomicU64::new(self.seeds.start), AtomicBool::new(false));
        let outcome = Mutex::new(Outcome::default());
        thread::scope(|scope| {
            for _ in 0..self.jobs {
                scope.spawn(|| {
                    while !stopped.load(Ordering::Relaxed) {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if !self.seeds.contains(&seed) {
                            break;
                        }
                        let (coverage, result) = world(seed);
                        let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
                        outcome.ran += 1;
                        outcome.coverage.add(&coverage);
                        if let Err(failure) = result {
                            stopped.fetch_or(self.stop, Ordering::Relaxed);
                            outcome.failed.insert(seed, failure);
                        }
                    }
                });
            }
        });
        outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(seed: u64) -> (Coverage, Result<(), Failure>) {
        let mut coverage = Coverage::default();
        coverage.count("a seed");
        let failure = Failure {
            seed,
            problems: vec!["I1: lost".into()],
            history: "0.000 dispatch-0 StartExecution -> lost".into(),
        };
        let fails = seed % 10 == 3;
        (coverage, if fails { Err(failure) } else { Ok(()) })
    }

    #[test]
    fn every_seed_is_run_once_and_failures_are_kept() {
        let (seeds, stop) = (10..50, false);
        let outcome = Seeds {
            seeds,
            jobs: 3,
            stop,
        }
        .run(world);
        assert_eq!(outcome.ran, 40);
        assert_eq!(outcome.coverage.of("a seed"), 40);
        let failed: Vec<u64> = outcome.failed.keys().copied().collect();
        assert_eq!(failed, [13, 23, 33, 43]);
        let told = outcome.failed[&13].to_string();
        assert!(told.contains("StartExecution -> lost"), "{told}");
        assert!(
            told.contains("replay it with: scripts/simulate --seed 13"),
            "{told}"
        );
    }

    #[test]
    fn no_seed_is_begun_after_one_has_failed() {
        let (seeds, stop) = (0..1_000_000, true);
        let outcome = Seeds {
            seeds,
            jobs: 1,
            stop,
        }
        .run(world);
        assert_eq!(outcome.ran, 4);
        assert_eq!(outcome.failed.len(), 1);
    }
}
