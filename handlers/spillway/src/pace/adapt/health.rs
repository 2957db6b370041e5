//! The health of a target: the ends of executions, as `settle` counts them.

use std::collections::BTreeMap;

/// Ends of executions of one generation: those that were started since the circuit last changed.
///
/// Counts only grow. Those that could not be written are missing, so they are a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// The circuit's number when these executions were started.
    pub generation: u32,
    pub succeeded: u64,
    /// Ended with an error that the owner names.
    pub failed: u64,
}

impl Health {
    /// Returns the ends since an earlier look; of another generation all of them.
    pub fn since(self, before: Self) -> Self {
        if self.generation != before.generation {
            return self;
        }
        Self {
            generation: self.generation,
            succeeded: self.succeeded.saturating_sub(before.succeeded),
            failed: self.failed.saturating_sub(before.failed),
        }
    }

    /// Returns how many ends there are.
    pub fn ends(self) -> u64 {
        self.succeeded + self.failed
    }

    /// Returns the share that failed, from 0 to 1; of no ends 0.
    pub fn failed_share(self) -> f64 {
        match self.ends() {
            0 => 0.0,
            ends => self.failed as f64 / ends as f64,
        }
    }
}

/// Returns the sums of ends, one for each generation.
pub fn sum(ends: impl Iterator<Item = Health>) -> Vec<Health> {
    let mut sums: BTreeMap<u32, Health> = BTreeMap::new();
    for end in ends {
        let sum = sums.entry(end.generation).or_insert(Health {
            generation: end.generation,
            ..Health::default()
        });
        sum.succeeded += end.succeeded;
        sum.failed += end.failed;
    }
    sums.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_counted_within_a_generation() {
        let before = Health {
            generation: 1,
            succeeded: 10,
            failed: 2,
        };
        let now = Health {
            generation: 1,
            succeeded: 13,
            failed: 3,
        };
        assert_eq!(
            now.since(before),
            Health {
                generation: 1,
                succeeded: 3,
                failed: 1
            }
        );
        assert_eq!(now.since(before).failed_share(), 0.25);
        let next = Health {
            generation: 2,
            succeeded: 1,
            failed: 0,
        };
        assert_eq!(next.since(now), next);
        assert_eq!(Health::default().failed_share(), 0.0);
    }
}
