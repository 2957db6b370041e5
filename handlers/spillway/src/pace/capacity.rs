//! How many executions may start now, counted at each slot put.
//!
//! The strongly consistent count is seconds old by the time it is used, and slots are put while it is being read.
//! So everything that happened since is added to it, and what may be counted twice is: the sum is never below the
//! number of slots taken, as long as one dispatcher at a time puts slots (the lease). A slot that reconcile puts back can come on
//! top until the next count: its execution ran uncounted before, and no tick starts what it has not counted.

/// Free slots. Only ever an underestimate.
#[derive(Debug, Clone)]
pub struct Capacity {
    max: u32,
    /// The last strongly consistent count.
    counted: u32,
    /// Reservations whose slot is not put yet.
    reserved: u32,
    /// Slots put that the last count may not include.
    put: u32,
    /// Of `put`, those put before the count now under way began: it includes them.
    put_before_count: u32,
}

impl Capacity {
    pub fn new(max: u32) -> Self {
        Self {
            max,
            counted: 0,
            reserved: 0,
            put: 0,
            put_before_count: 0,
        }
    }

    /// Slots that may still be reserved.
    pub fn free(&self) -> u32 {
        self.max
            .saturating_sub(self.counted + self.reserved + self.put)
    }

    /// Slots taken or reserved, as far as is known.
    pub fn used(&self) -> u32 {
        self.counted + self.reserved + self.put
    }

    /// Slots taken, as far as is known.
    pub fn taken(&self) -> u32 {
        self.counted + self.put
    }

    /// Takes effect at once; what runs above a lowered limit runs out.
    pub fn set_max(&mut self, max: u32) {
        self.max = max;
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

    /// A reservation became a slot.
    pub fn slot_put(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
        self.put += 1;
    }

    /// Call right before the strongly consistent query.
    pub fn count_begins(&mut self) {
        self.put_before_count = self.put;
    }

    /// Call with the query's answer.
    pub fn count_ends(&mut self, counted: u32) {
        self.counted = counted;
        self.put -= self.put_before_count.min(self.put);
        self.put_before_count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reservations_stop_at_the_limit() {
        let mut capacity = Capacity::new(20);
        capacity.count_begins();
        capacity.count_ends(15);
        assert_eq!(capacity.reserve(10), 5);
        assert_eq!(capacity.reserve(1), 0);
        capacity.give_back(2);
        assert_eq!(capacity.free(), 2);
    }

    #[test]
    fn a_lowered_limit_takes_hold_at_once() {
        let mut capacity = Capacity::new(20);
        capacity.count_ends(10);
        capacity.set_max(5);
        assert_eq!(capacity.free(), 0);
    }

    #[test]
    fn slots_put_during_a_count_are_kept() {
        let mut capacity = Capacity::new(10);
        assert_eq!(capacity.reserve(4), 4);
        capacity.slot_put();
        capacity.count_begins();
        capacity.slot_put();
        capacity.count_ends(1);
        // One counted, one put since, two reserved.
        assert_eq!(capacity.used(), 4);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Reserve(u32),
        GiveBack,
        Put,
        FreeOne,
        CountBegins,
        CountEnds,
        SetMax(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (1u32..10).prop_map(Step::Reserve),
            Just(Step::GiveBack),
            Just(Step::Put),
            Just(Step::Put),
            Just(Step::FreeOne),
            Just(Step::CountBegins),
            Just(Step::CountEnds),
            (0u32..15).prop_map(Step::SetMax),
        ]
    }

    proptest! {
        /// Against the truth (slots really taken), through any interleaving of puts, frees and counts.
        #[test]
        fn never_more_slots_than_the_limit_in_force(steps in proptest::collection::vec(step(), 0..200)) {
            let mut capacity = Capacity::new(10);
            let (mut taken, mut reserved, mut seen) = (0u32, 0u32, None);
            for step in steps {
                match step {
                    Step::Reserve(wanted) => {
                        let before = taken + reserved;
                        let granted = capacity.reserve(wanted);
                        reserved += granted;
                        prop_assert!(granted == 0 || before + granted <= capacity.max);
                    }
                    Step::GiveBack if reserved > 0 => { capacity.give_back(1); reserved -= 1; }
                    Step::Put if reserved > 0 => { capacity.slot_put(); reserved -= 1; taken += 1; }
                    Step::FreeOne => taken = taken.saturating_sub(1),
                    Step::CountBegins if seen.is_none() => { capacity.count_begins(); seen = Some(taken); }
                    Step::CountEnds => if let Some(count) = seen.take() { capacity.count_ends(count) },
                    Step::SetMax(max) => capacity.set_max(max),
                    _ => {}
                }
                prop_assert!(capacity.used() >= taken + reserved);
            }
        }

        /// Nothing is held back for ever: once all is quiet a count tells the truth.
        #[test]
        fn a_count_with_nothing_under_way_is_exact(put in 0u32..10, freed in 0u32..10) {
            let mut capacity = Capacity::new(10);
            capacity.reserve(put);
            for _ in 0..put { capacity.slot_put(); }
            let taken = put.saturating_sub(freed);
            capacity.count_begins();
            capacity.count_ends(taken);
            prop_assert_eq!(capacity.free(), 10 - taken);
        }
    }
}
