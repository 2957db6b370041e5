//! When the slots are counted again, while all are taken, and which of their shards.
//!
//! A count reads every slot of a shard. So that counting costs the same under any load, shards are
//! counted in turn. After each count the next one waits until time, or the slots that it found
//! free, have paid for its read units. The count at a tick's begin, which the sweep needs as well,
//! and the one at its end are not part of that.

use crate::Millis;
use crate::pace::layout::Shard;

/// The shortest and the longest time between two counts of all shards.
const EVERY_MIN: Millis = 150;
const EVERY_MAX: Millis = 2_000;
/// While no slot is freed, the next count waits for this share of the time since the last one. So
/// executions that run for long are counted seldom. As far as its units are paid for, a freed slot
/// is seen after a twentieth of an execution's time at the most.
const SHARE: f64 = 20.0;
/// Read units a second that time pays for. One comes on top for each slot that is found free, and
/// more with many slots, up to the most.
const UNITS_PER_SECOND: f64 = 33.0;
const MOST_UNITS_PER_SECOND: f64 = 100.0;
/// So many slots are worth another unit a second.
const SLOTS_WORTH_A_UNIT: f64 = 30.0;
/// Read units of one count, about: as many shards are counted together as take them, but one
/// always.
const UNITS_AT_ONCE: u32 = 16;
/// The same for the last count of a tick.
const UNITS_AT_LAST: u32 = 100;
/// A slot has some 260 bytes, and a read unit is 4 KB.
const SLOTS_OF_A_UNIT: u32 = 15;

/// A count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counted {
    /// Shards that were counted.
    pub shards: usize,
    /// Read units that it took.
    pub units: f64,
    /// Slots that turned out to be free.
    pub freed: u32,
    /// Slots that can be taken now.
    pub free: u32,
}

/// The counts of a tick.
#[derive(Debug, Clone)]
pub struct Recount {
    shards: Vec<Shard>,
    /// Of `shards`: the next one to be counted.
    turn: usize,
    last: Millis,
    /// When a count last showed a free slot.
    freed: Millis,
    /// How many counts like the last one count all shards.
    of_a_round: f64,
    /// Read units of the last count that no freed slot paid for.
    unpaid: f64,
    /// Slots that were taken, about, when the last count began.
    taken: u32,
}

impl Recount {
    /// Returns a recount of these shards, all counted at this moment.
    pub fn new(shards: Vec<Shard>, now: Millis) -> Self {
        Self {
            shards,
            turn: 0,
            last: now,
            freed: now,
            of_a_round: 1.0,
            unpaid: 0.0,
            taken: 0,
        }
    }

    /// Returns the shards to count next. `taken`: slots that are taken, about.
    pub fn next(&mut self, taken: u32) -> Vec<Shard> {
        self.take_turns(taken, UNITS_AT_ONCE)
    }

    /// Returns the shards to be counted when the tick has started all that it does: all, unless
    /// they are large.
    pub fn at_last(&mut self, taken: u32) -> Vec<Shard> {
        self.take_turns(taken, UNITS_AT_LAST)
    }

    fn take_turns(&mut self, taken: u32, units: u32) -> Vec<Shard> {
        self.taken = taken;
        let all = u32::try_from(self.shards.len()).unwrap_or(u32::MAX).max(1);
        let of_each = 1 + taken / all / SLOTS_OF_A_UNIT;
        let shards = (units / of_each).clamp(1, all) as usize;
        let from_here = self.shards.iter().cycle().skip(self.turn);
        let next = from_here.take(shards).copied().collect();
        self.turn = (self.turn + shards) % all as usize;
        next
    }

    /// Takes in a count.
    pub fn counted(&mut self, counted: Counted, now: Millis) {
        if counted.free > 0 {
            self.freed = now;
        }
        self.last = now;
        self.of_a_round = self.shards.len() as f64 / counted.shards.max(1) as f64;
        self.unpaid = (counted.units - f64::from(counted.freed)).max(0.0);
    }

    fn units_per_second(&self) -> f64 {
        // Sixteen shards take as many units, however few slots there are.
        let least = match self.shards.len() {
            1 => UNITS_PER_SECOND,
            _ => MOST_UNITS_PER_SECOND,
        };
        let worth = f64::from(self.taken) / SLOTS_WORTH_A_UNIT;
        worth.clamp(least, MOST_UNITS_PER_SECOND)
    }

    /// Returns the time of the next count.
    pub fn due(&self) -> Millis {
        let quiet = (self.last - self.freed) as f64 / SHARE;
        let quiet = quiet.clamp(EVERY_MIN as f64, EVERY_MAX as f64) / self.of_a_round;
        let paid_after = self.unpaid / self.units_per_second() * 1_000.0;
        self.last + quiet.max(paid_after).ceil() as Millis
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::layout::Layout;
    use proptest::prelude::*;

    fn recount(layout: Layout) -> Recount {
        Recount::new(layout.shards().collect(), 0)
    }

    /// Returns a count of all shards, which one slot pays for if one is free.
    fn all(free: u32, units: f64) -> Counted {
        Counted {
            shards: 1,
            units,
            freed: free,
            free,
        }
    }

    #[test]
    fn counts_come_often_while_slots_are_freed_and_seldom_while_none_are() {
        let mut recount = recount(Layout::One);
        let mut wait = |now, free, units| {
            recount.counted(all(free, units), now);
            recount.due() - now
        };
        assert_eq!(wait(0, 3, 2.0), 150);
        assert_eq!(wait(2_000, 0, 2.0), 150);
        assert_eq!(wait(8_000, 0, 2.0), 400);
        assert_eq!(wait(60_000, 0, 2.0), 2_000);
        assert_eq!(wait(60_000, 1, 2.0), 150);
        assert_eq!(wait(60_000, 1, 34.0), 1_000);
        assert_eq!(wait(60_000, 34, 34.0), 150);
        // As dear as two milliseconds more for each slot would be, up to 3,000 of them.
        for (taken, units, wait) in [
            (500, 33.0, 1_000),
            (1_000, 66.0, 1_980),
            (3_000, 198.0, 1_980),
            (10_000, 660.0, 6_600),
        ] {
            recount.next(taken);
            recount.counted(all(0, units), 60_000);
            assert_eq!(recount.due() - 60_000, wait, "{taken}");
        }
    }

    #[test]
    fn small_shards_are_counted_together_and_large_ones_in_turn() {
        let mut recount = recount(Layout::Sixteen);
        assert_eq!(recount.next(100).len(), 16);
        assert_eq!(recount.next(1_000).len(), 3);
        let mut numbers = || {
            let shards = recount.next(100_000).into_iter();
            shards.map(Shard::number).collect::<Vec<_>>()
        };
        let round: Vec<u8> = (0..16).flat_map(|_| numbers()).collect();
        assert_eq!(round, (3..16).chain(0..3).collect::<Vec<_>>());
        assert_eq!(recount.at_last(1_000).len(), 16);
        assert_eq!(recount.at_last(100_000).len(), 1);
    }

    proptest! {
        /// Under any load: 33 to 100 read units a second, those of one count, and one
        /// for each freed slot.
        #[test]
        fn counting_costs_so_much_at_most(
            sixteen: bool,
            running in 0u32..100_000,
            ends in proptest::collection::vec(0u32..500, 1..300),
        ) {
            let layout = if sixteen { Layout::Sixteen } else { Layout::One };
            let running = running.min(layout.max_slots());
            let mut recount = recount(layout);
            let allowed = if sixteen { 100.0 } else { f64::from(running) / 30.0 };
            let allowed = allowed.clamp(33.0, 100.0);
            let (mut now, mut spent, mut freed, mut dearest) = (0, 0.0, 0, 0.0f64);
            for of_count in ends {
                now = recount.due();
                let shards = recount.next(running).len();
                let of_shard = running / layout.shards().count() as u32;
                let units = (f64::from(of_shard) * 264.0 / 4_096.0).ceil().max(1.0) * shards as f64;
                let of_count = of_count.min(of_shard * shards as u32);
                recount.counted(Counted { shards, units, freed: of_count, free: of_count }, now);
                spent += units;
                freed += of_count;
                dearest = dearest.max(units);
            }
            let most = now as f64 / 1_000.0 * allowed + dearest + f64::from(freed);
            prop_assert!(spent <= most, "{spent} units in {now} ms, {freed} freed");
        }
    }
}
