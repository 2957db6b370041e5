//! The limit in force, as the operator's acts made it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Every limit that ever was in force. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Since when, in milliseconds since the epoch, and how many can run; 0 while paused.
    changes: Arc<Mutex<Vec<(i64, u32)>>>,
}

impl Limits {
    pub fn new(configured: u32) -> Self {
        Self {
            changes: Arc::new(Mutex::new(vec![(i64::MIN, configured)])),
        }
    }

    fn changes(&self) -> MutexGuard<'_, Vec<(i64, u32)>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn change(&self, at_ms: i64, limit: u32) {
        self.changes().push((at_ms, limit));
    }

    /// Returns the highest limit that was in force at some moment between two times.
    pub fn highest(&self, from_ms: i64, to_ms: i64) -> u32 {
        let between = self.between(from_ms, to_ms).into_iter();
        between.max().unwrap_or_default()
    }

    /// Returns the lowest one.
    pub fn lowest(&self, from_ms: i64, to_ms: i64) -> u32 {
        let between = self.between(from_ms, to_ms).into_iter();
        between.min().unwrap_or_default()
    }

    /// Those that were in force at some moment between two times.
    fn between(&self, from_ms: i64, to_ms: i64) -> Vec<u32> {
        let changes = self.changes();
        let begun = changes.iter().filter(|(since, _)| *since <= to_ms);
        let mut until = changes.iter().skip(1).map(|(since, _)| *since);
        let ended = |_: &&(i64, u32)| until.next().is_some_and(|until| until <= from_ms);
        begun.skip_while(ended).map(|(_, limit)| *limit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_and_the_lowest_limit_of_a_time_are_told() {
        let limits = Limits::new(5);
        limits.change(100, 2);
        limits.change(200, 0);
        limits.change(300, 3);
        assert_eq!(limits.highest(0, 50), 5);
        assert_eq!(limits.highest(90, 150), 5);
        assert_eq!(limits.highest(100, 150), 2);
        assert_eq!(limits.highest(210, 290), 0);
        assert_eq!(limits.highest(150, 299), 2);
        assert_eq!(limits.highest(250, 300), 3);
        assert_eq!(limits.lowest(90, 150), 2);
        assert_eq!(limits.lowest(201, 350), 0);
        assert_eq!(limits.lowest(300, 350), 3);
    }
}
