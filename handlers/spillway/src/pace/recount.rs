//! When the slots are counted again, while all are taken.

use crate::Millis;

/// The shortest and the longest time between two counts.
const EVERY_MIN: Millis = 150;
const EVERY_MAX: Millis = 2_000;
/// While no slot is freed the next count waits for this share of the time since the last was: executions that run
/// for long are counted seldom, and a freed slot is still seen after a twentieth of an execution's time at the most.
const SHARE: Millis = 20;
/// A count reads every slot, so many slots are counted less often: two milliseconds more for each, which keeps the
/// counting at about 30 read units a second.
const DEARER_BY: Millis = 2;

/// The counts of a tick.
#[derive(Debug, Clone)]
pub struct Recount {
    last: Millis,
    /// When a count last showed a free slot.
    freed: Millis,
    used: u32,
}

impl Recount {
    pub fn new(now: Millis) -> Self {
        Self {
            last: now,
            freed: now,
            used: 0,
        }
    }

    /// Takes in a count.
    pub fn counted(&mut self, now: Millis, free: u32, used: u32) {
        if free > 0 {
            self.freed = now;
        }
        self.last = now;
        self.used = used;
    }

    /// Returns the time of the next count.
    pub fn due(&self) -> Millis {
        let quiet = (self.last - self.freed) / SHARE;
        let dear = Millis::from(self.used) * DEARER_BY;
        self.last + quiet.max(dear).clamp(EVERY_MIN, EVERY_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_often_while_slots_are_freed_and_seldom_while_none_are() {
        let mut recount = Recount::new(0);
        let mut wait = |now, free, used| {
            recount.counted(now, free, used);
            recount.due() - now
        };
        assert_eq!(wait(0, 3, 20), 150);
        assert_eq!(wait(2_000, 0, 20), 150);
        assert_eq!(wait(8_000, 0, 20), 400);
        assert_eq!(wait(60_000, 0, 20), 2_000);
        assert_eq!(wait(60_000, 1, 20), 150);
        assert_eq!(wait(60_000, 1, 500), 1_000);
        assert_eq!(wait(60_000, 1, 100_000), 2_000);
    }
}
