//! How many executions can start now, counted at each slot put.
//!
//! The strongly consistent count is seconds old by the time it is used, and slots are put while it
//! is being read. So all puts since are added to it, even those that it can have counted already.
//! The sum is never below the number of slots taken, as long as one dispatcher at a time puts slots
//! (the lease). A slot that reconcile puts back can come on top until the next count. Its execution
//! ran uncounted before, and no tick starts executions that it has not counted.
//!
//! Each shard is counted on its own, and the slots put into it are added to its own count. So
//! shards can be counted in turn.

use crate::pace::layout::Shard;

/// Free slots. Only ever an underestimate.
#[derive(Debug, Clone)]
pub struct Capacity {
    max: u32,
    /// Reservations without their slot so far.
    reserved: u32,
    /// Slots taken in all shards together.
    taken: u32,
    /// Slots that are taken although nothing runs in them yet.
    unstarted: u32,
    /// By [`Shard::index`].
    shards: [Counted; Shard::COUNT],
}

/// The counts of a shard.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    /// The last strongly consistent count.
    counted: u32,
    /// Slots put that the last count can lack.
    put: u32,
    /// Of `put`, those put before the count now under way began: it includes them.
    put_before_count: u32,
}

impl Counted {
    fn taken(&self) -> u32 {
        self.counted + self.put
    }
}

impl Capacity {
    pub fn new(max: u32) -> Self {
        Self {
            max,
            reserved: 0,
            taken: 0,
            unstarted: 0,
            shards: [Counted::default(); Shard::COUNT],
        }
    }

    /// Returns the slots that can still be reserved.
    pub fn free(&self) -> u32 {
        self.max.saturating_sub(self.used())
    }

    /// Returns the slots taken or reserved, as far as is known.
    pub fn used(&self) -> u32 {
        self.taken + self.reserved
    }

    /// Returns the slots taken, as far as is known.
    pub fn taken(&self) -> u32 {
        self.taken
    }

    /// Returns how many can run at once.
    pub fn max(&self) -> u32 {
        self.max
    }

    /// Sets the limit, at once; executions above a lowered limit run to their end.
    pub fn set_max(&mut self, max: u32) {
        self.max = max;
    }

    /// Counts found slots in which certainly nothing runs yet.
    pub fn found_unstarted(&mut self, slots: u32) {
        self.unstarted += slots;
    }

    /// Returns how many executions with a slot each can be started. The limit could have been
    /// lowered since the slots were taken. One that can run already is started only while all slots
    /// are allowed: then it changes nothing.
    pub fn free_for_restarts(&self, may_run: bool) -> u32 {
        match may_run {
            true => u32::from(self.used() <= self.max),
            false => {
                let running = self.used().saturating_sub(self.unstarted);
                self.max.saturating_sub(running)
            }
        }
    }

    /// Counts an execution that is started in a slot that was found unstarted.
    pub fn restarted(&mut self) {
        self.unstarted = self.unstarted.saturating_sub(1);
    }

    /// Reserves `wanted` slots, or as many as are free.
    pub fn reserve(&mut self, wanted: u32) -> u32 {
        let granted = wanted.min(self.free());
        self.reserved += granted;
        granted
    }

    /// Gives back reservations for which no slot was put.
    pub fn give_back(&mut self, unused: u32) {
        self.reserved = self.reserved.saturating_sub(unused);
    }

    /// Turns a reservation into a slot in this shard.
    pub fn slot_put(&mut self, shard: Shard) {
        self.reserved = self.reserved.saturating_sub(1);
        self.slot_put_besides(shard);
    }

    /// Counts a slot in this shard for which nothing was reserved.
    pub fn slot_put_besides(&mut self, shard: Shard) {
        if let Some(of_shard) = self.shards.get_mut(shard.index()) {
            of_shard.put += 1;
            self.taken += 1;
        }
    }

    /// Begins a count. Call right before the strongly consistent query of a shard.
    pub fn count_begins(&mut self, shard: Shard) {
        if let Some(of_shard) = self.shards.get_mut(shard.index()) {
            of_shard.put_before_count = of_shard.put;
        }
    }

    /// Ends a count with the query's answer. Returns how many slots of the shard turned out to be
    /// free.
    pub fn count_ends(&mut self, shard: Shard, counted: u32) -> u32 {
        let Some(of_shard) = self.shards.get_mut(shard.index()) else {
            return 0;
        };
        let before = of_shard.taken();
        of_shard.counted = counted;
        of_shard.put -= of_shard.put_before_count.min(of_shard.put);
        of_shard.put_before_count = 0;
        let after = of_shard.taken();
        self.taken = self.taken + after - before;
        before.saturating_sub(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::layout::Layout;
    use proptest::prelude::*;

    fn counted(capacity: &mut Capacity, slots: u32) {
        capacity.count_begins(Shard::default());
        capacity.count_ends(Shard::default(), slots);
    }

    #[test]
    fn reservations_stop_at_the_limit() {
        let mut capacity = Capacity::new(20);
        counted(&mut capacity, 15);
        assert_eq!(capacity.reserve(10), 5);
        assert_eq!(capacity.reserve(1), 0);
        capacity.give_back(2);
        assert_eq!(capacity.free(), 2);
    }

    #[test]
    fn a_lowered_limit_takes_hold_at_once() {
        let mut capacity = Capacity::new(20);
        counted(&mut capacity, 10);
        capacity.set_max(5);
        assert_eq!(capacity.free(), 0);
    }

    #[test]
    fn slots_put_during_a_count_are_kept() {
        let mut capacity = Capacity::new(10);
        assert_eq!(capacity.reserve(4), 4);
        capacity.slot_put(Shard::default());
        capacity.count_begins(Shard::default());
        capacity.slot_put(Shard::default());
        capacity.count_ends(Shard::default(), 1);
        // One counted, one put since, two reserved.
        assert_eq!(capacity.used(), 4);
    }

    #[test]
    fn a_count_of_one_shard_says_nothing_of_the_others() {
        let mut capacity = Capacity::new(10);
        let shards: Vec<Shard> = Layout::Sixteen.shards().collect();
        let (one, other) = (shards[3], shards[7]);
        capacity.reserve(6);
        (0..2).for_each(|_| capacity.slot_put(one));
        (0..4).for_each(|_| capacity.slot_put(other));
        capacity.count_begins(one);
        assert_eq!(capacity.count_ends(one, 0), 2);
        assert_eq!((capacity.taken(), capacity.free()), (4, 6));
        capacity.count_begins(other);
        assert_eq!(capacity.count_ends(other, 3), 1);
        assert_eq!(capacity.free(), 7);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Reserve(u32),
        GiveBack,
        Put(usize),
        FreeOne(usize),
        CountBegins(usize),
        CountEnds(usize),
        SetMax(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        let shard = || 0..Shard::COUNT;
        prop_oneof![
            (1u32..10).prop_map(Step::Reserve),
            Just(Step::GiveBack),
            shard().prop_map(Step::Put),
            shard().prop_map(Step::Put),
            shard().prop_map(Step::FreeOne),
            shard().prop_map(Step::CountBegins),
            shard().prop_map(Step::CountEnds),
            (0u32..15).prop_map(Step::SetMax),
        ]
    }

    fn shards() -> Vec<Shard> {
        let layouts = Layout::ALL.into_iter();
        layouts.flat_map(Layout::shards).collect()
    }

    proptest! {
        /// Against the truth (slots really taken), through any interleaving of puts, frees and
        /// counts, in few shards and in all.
        #[test]
        fn never_more_slots_than_the_limit_in_force(
            few in 1..=Shard::COUNT,
            steps in proptest::collection::vec(step(), 0..300),
        ) {
            let shards = shards();
            let mut capacity = Capacity::new(10);
            let (mut taken, mut seen) = (vec![0u32; few], vec![None; few]);
            let mut reserved = 0u32;
            for step in steps {
                let all: u32 = taken.iter().sum();
                match step {
                    Step::Reserve(wanted) => {
                        let before = all + reserved;
                        let granted = capacity.reserve(wanted);
                        reserved += granted;
                        prop_assert!(granted == 0 || before + granted <= capacity.max);
                    }
                    Step::GiveBack if reserved > 0 => { capacity.give_back(1); reserved -= 1; }
                    Step::Put(at) if reserved > 0 => {
                        capacity.slot_put(shards[at % few]);
                        reserved -= 1;
                        taken[at % few] += 1;
                    }
                    Step::FreeOne(at) => taken[at % few] = taken[at % few].saturating_sub(1),
                    Step::CountBegins(at) if seen[at % few].is_none() => {
                        capacity.count_begins(shards[at % few]);
                        seen[at % few] = Some(taken[at % few]);
                    }
                    Step::CountEnds(at) => if let Some(count) = seen[at % few].take() {
                        capacity.count_ends(shards[at % few], count);
                    },
                    Step::SetMax(max) => capacity.set_max(max),
                    _ => {}
                }
                prop_assert!(capacity.used() >= taken.iter().sum::<u32>() + reserved);
            }
        }

        /// Nothing is held back for ever: once all is quiet a count tells the truth.
        #[test]
        fn a_count_with_nothing_under_way_is_exact(put in 0u32..10, freed in 0u32..10) {
            let mut capacity = Capacity::new(10);
            capacity.reserve(put);
            for _ in 0..put { capacity.slot_put(Shard::default()); }
            let taken = put.saturating_sub(freed);
            counted(&mut capacity, taken);
            prop_assert_eq!(capacity.free(), 10 - taken);
        }
    }
}
