//! The gate: how many executions may start now, given the slots, the rate and the tick's budget.

use crate::Millis;
use crate::pace::Pace;
use crate::pace::adapt::circuit::Allowed;
use crate::pace::capacity::Capacity;
use crate::pace::day::{DayLimit, DayStarts};
use crate::pace::tokens::{Carried, Tokens};

/// At low rates a receive waits for this share of a second's tokens, so that it is not made for each single one.
const WORTHWHILE_SECONDS: f64 = 0.25;

/// How soon a gate that grants nothing for now is asked again: its lease can be renewed meanwhile.
const ASKED_AGAIN_AFTER: Millis = 500;

/// The bounds of a tick, taken together.
#[derive(Debug, Clone)]
pub struct Gate {
    pub capacity: Capacity,
    pub tokens: Tokens,
    pace: Pace,
    /// What the circuit allows of the pace.
    allowed: Allowed,
    /// A probe is granted, and whoever holds its permit goes on with it.
    probing: bool,
    /// The rate in force, in starts per second, and its burst.
    rate: f64,
    burst: u32,
    /// Starts this tick has left; `None`: no such bound.
    budget: Option<u32>,
    /// The day's limit; `None`: no such bound.
    day: Option<DayLimit>,
    /// Starts granted and not given back.
    spent: u32,
    /// Slots that are taken although nothing runs in them yet.
    unstarted: u32,
    /// Nothing is granted from then on.
    grants_until: Millis,
}

/// The answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// This many starts are reserved: each ends in a slot put, or is given back.
    Take(u32),
    /// The rate allows the next ones at this time.
    NotBefore(Millis),
    /// Every slot is taken.
    Full,
    /// The tick's starts are used up.
    Spent,
}

impl Gate {
    pub fn new(pace: &Pace, tokens: Tokens, budget: Option<u32>) -> Self {
        let capacity = Capacity::new(pace.max_concurrency);
        Self {
            capacity,
            tokens,
            pace: pace.clone(),
            allowed: Allowed::Everything,
            probing: false,
            rate: pace.starts_per_second,
            burst: pace.burst,
            budget,
            day: None,
            spent: 0,
            unstarted: 0,
            grants_until: Millis::MAX,
        }
    }

    /// Begins with the bucket that the last tick left, and with what the circuit allows.
    pub fn begin(
        pace: &Pace,
        tokens: Option<Carried>,
        budget: Option<u32>,
        allowed: Allowed,
        now: Millis,
    ) -> Self {
        let (rate, burst) = in_force(pace, allowed);
        let tokens = Tokens::new(rate, burst, tokens, now);
        Self {
            allowed,
            rate,
            burst,
            ..Self::new(pace, tokens, budget)
        }
    }

    /// Returns how many starts can still be granted until then at most: the tokens there are and the rate's share, within the
    /// budget.
    pub fn most_until(&mut self, until: Millis, now: Millis) -> u32 {
        let seconds = (until - now).max(0) as f64 / 1_000.0;
        let there_are = f64::from(self.tokens.available(now));
        let most = there_are + (self.pace.starts_per_second * seconds).ceil();
        self.budget.unwrap_or(u32::MAX).min(most as u32)
    }

    /// Starts are granted until then: the lease ends soon after.
    pub fn grant_until(&mut self, until: Millis) {
        self.grants_until = until;
    }

    /// Returns the worst case for the day until then, if there is a limit: to be written into the lease, and then
    /// [`Self::reserved`].
    pub fn worst_of_day(&mut self, until: Millis, now: Millis) -> Option<DayStarts> {
        let most = self.most_until(until, now);
        self.day.as_mut().map(|day| day.worst(now, until, most))
    }

    /// The worst case for the day is written.
    pub fn reserved(&mut self, worst: &DayStarts, until: Millis, now: Millis) {
        let most = self.most_until(until, now);
        if let Some(day) = &mut self.day {
            day.reserved(worst, most);
        }
    }

    /// The day's limit holds from now on.
    pub fn set_day(&mut self, day: DayLimit) {
        self.day = Some(day);
    }

    /// The day's limit.
    pub fn day(&mut self) -> Option<&mut DayLimit> {
        self.day.as_mut()
    }

    /// The pace in force changed: it holds from now on. The budget stays this tick's.
    pub fn set_pace(&mut self, pace: &Pace) {
        if *pace != self.pace {
            self.capacity.set_max(pace.max_concurrency);
            self.pace = pace.clone();
            self.set_rate();
        }
    }

    /// What the circuit allows changed: it holds from now on.
    pub fn set_allowed(&mut self, allowed: Allowed) {
        if allowed != self.allowed {
            self.allowed = allowed;
            self.probing = false;
            self.set_rate();
        }
    }

    fn set_rate(&mut self) {
        let (rate, burst) = in_force(&self.pace, self.allowed);
        if (rate, burst) != (self.rate, self.burst) {
            self.tokens.set(rate, burst);
            (self.rate, self.burst) = (rate, burst);
        }
    }

    /// Returns the rate in force, in starts per second.
    pub fn rate(&self) -> f64 {
        match self.allowed {
            Allowed::Everything | Allowed::Rate(_) => self.rate,
            Allowed::Probe(_) | Allowed::Nothing => 0.0,
        }
    }

    /// The limit in force.
    pub fn max_concurrency(&self) -> u32 {
        self.pace.max_concurrency
    }

    /// Starts that this tick used so far.
    pub fn spent(&self) -> u32 {
        self.spent
    }

    /// Returns how many starts slots and rate allow now.
    pub fn free(&mut self, now: Millis) -> u32 {
        self.capacity.free().min(self.tokens.available(now))
    }

    /// Asks for up to `most` starts, each with a slot of its own.
    pub fn request(&mut self, most: u32, now: Millis) -> Grant {
        let today = self.day.as_mut().map(|day| day.left(now));
        let most = most.min(today.unwrap_or(most));
        let grant = self.grant(most, self.capacity.free(), now);
        if let Grant::Take(granted) = grant {
            self.capacity.reserve(granted);
            if let Some(day) = &mut self.day {
                day.take(granted);
            }
        }
        grant
    }

    /// Slots were found in which certainly nothing runs yet.
    pub fn found_unstarted(&mut self, slots: u32) {
        self.unstarted += slots;
    }

    /// Asks for one start of an execution that holds its slot since `taken_at`. The limit may have been lowered since the
    /// slot was taken. One that may run already is started only while all slots may: then it changes nothing.
    pub fn request_restart(&mut self, taken_at: Millis, may_run: bool, now: Millis) -> Grant {
        let (limit, used) = (self.pace.max_concurrency, self.capacity.used());
        let free = match may_run {
            true => u32::from(used <= limit),
            false => limit.saturating_sub(used.saturating_sub(self.unstarted)),
        };
        let today = self.day.as_mut().map(|day| day.left_for(taken_at, now));
        let most = today.unwrap_or(1).min(1);
        let grant = self.grant(most, free, now);
        if grant == Grant::Take(1) {
            if !may_run {
                self.unstarted = self.unstarted.saturating_sub(1);
            }
            if let Some(day) = &mut self.day {
                day.take_for(taken_at);
            }
        }
        grant
    }

    fn grant(&mut self, most: u32, free: u32, now: Millis) -> Grant {
        let wanted = most.min(self.budget.unwrap_or(most));
        if wanted == 0 {
            return Grant::Spent;
        }
        let wanted = wanted.min(free).min(self.burst);
        if wanted == 0 {
            return Grant::Full;
        }
        let later = Grant::NotBefore(now + ASKED_AGAIN_AFTER);
        if now >= self.grants_until {
            return later;
        }
        let wanted = match self.allowed {
            Allowed::Everything | Allowed::Rate(_) => wanted,
            Allowed::Probe(at) if now < at => return Grant::NotBefore(at),
            Allowed::Probe(_) if self.probing => return later,
            Allowed::Probe(_) => 1,
            Allowed::Nothing => return later,
        };
        let worthwhile = (self.rate * WORTHWHILE_SECONDS).ceil() as u32;
        let worthwhile = worthwhile.clamp(1, wanted);
        if self.tokens.available(now) < worthwhile {
            return Grant::NotBefore(self.tokens.available_at(worthwhile, now));
        }
        let taken = self.tokens.take(wanted, now);
        self.probing = matches!(self.allowed, Allowed::Probe(_));
        self.spent += taken;
        self.budget = self.budget.map(|budget| budget.saturating_sub(taken));
        Grant::Take(taken)
    }

    /// Gives back granted starts for which neither a slot was put nor a call made.
    pub(super) fn give_back(&mut self, unused: u32) {
        self.capacity.give_back(unused);
        self.give_back_start(unused);
    }

    /// Gives back granted starts whose slots were put, but for which no call was made.
    pub(super) fn give_back_start(&mut self, unused: u32) {
        self.probing = false;
        self.tokens.give_back(unused);
        if let Some(day) = &mut self.day {
            day.give_back(unused);
        }
        self.give_back_budget(unused);
    }

    /// A call was made for a slot taken then, and it certainly started nothing.
    pub(super) fn came_to_nothing(&mut self, taken_at: Millis, now: Millis) {
        self.probing = false;
        if let Some(day) = &mut self.day {
            day.came_to_nothing(taken_at, now);
        }
        self.give_back_budget(1);
    }

    /// Nobody will know whether the start of one that was granted was made.
    pub(super) fn lost(&mut self) {
        self.probing = false;
        self.tokens.lost(1);
    }

    /// A call was made, and it started an execution.
    pub(super) fn started(&mut self, now: Millis) {
        if let Some(day) = &mut self.day {
            day.started(now);
        }
    }

    /// Gives back granted starts for which a call was made, but that started nothing as far as is known.
    pub(super) fn give_back_budget(&mut self, unused: u32) {
        self.spent = self.spent.saturating_sub(unused);
        self.budget = self.budget.map(|budget| budget.saturating_add(unused));
    }
}

/// Returns the rate in force, in starts per second, and its burst: below the pace one of a second at the most.
fn in_force(pace: &Pace, allowed: Allowed) -> (f64, u32) {
    match allowed {
        Allowed::Rate(rate) => {
            let rate = rate.min(pace.starts_per_second);
            (rate, pace.burst.min(rate.ceil().max(1.0) as u32))
        }
        Allowed::Everything | Allowed::Probe(_) | Allowed::Nothing => {
            (pace.starts_per_second, pace.burst)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::layout::{Layout, Shard};
    use crate::pace::tests::PACE;
    use proptest::prelude::*;

    fn gate(max_concurrency: u32, starts_per_second: f64, budget: Option<u32>) -> Gate {
        let pace = Pace {
            max_concurrency,
            starts_per_second,
            burst: 50,
            starts_per_tick: budget,
            layout: Layout::One,
        };
        Gate::new(&pace, Tokens::new(starts_per_second, 50, None, 0), budget)
    }

    #[test]
    fn the_tightest_bound_holds() {
        assert_eq!(gate(100, 25.0, None).request(10, 0), Grant::Take(10));
        assert_eq!(gate(3, 25.0, None).request(10, 0), Grant::Take(3));
        assert_eq!(gate(100, 25.0, Some(5)).request(10, 0), Grant::Take(5));
        assert_eq!(gate(0, 25.0, None).request(10, 0), Grant::Full);
        assert_eq!(gate(100, 25.0, Some(0)).request(10, 0), Grant::Spent);
    }

    #[test]
    fn an_empty_bucket_names_the_time() {
        let mut gate = gate(100, 8.0, None);
        for _ in 0..5 {
            assert_eq!(gate.request(10, 0), Grant::Take(10));
            gate.tokens.used(10, 0);
        }
        // A quarter of a second's tokens: two.
        assert_eq!(gate.request(10, 0), Grant::NotBefore(250));
        assert_eq!(gate.request(10, 250), Grant::Take(2));
    }

    #[test]
    fn what_comes_to_nothing_is_given_back_whole() {
        let mut gate = gate(5, 25.0, Some(5));
        assert_eq!(gate.request(10, 0), Grant::Take(5));
        assert_eq!(gate.request(10, 0), Grant::Spent);
        gate.give_back(2);
        assert_eq!(gate.request(10, 0), Grant::Take(2));
    }

    #[test]
    fn a_restart_needs_no_second_slot() {
        let mut gate = gate(1, 25.0, None);
        gate.capacity.count_begins(Shard::default());
        gate.capacity.count_ends(Shard::default(), 1);
        gate.found_unstarted(1);
        assert_eq!(gate.request(1, 0), Grant::Full);
        assert_eq!(gate.request_restart(0, false, 0), Grant::Take(1));
        assert_eq!(gate.capacity.used(), 1);
    }

    #[test]
    fn restarts_keep_to_a_limit_that_was_lowered() {
        // 7 slots, of which 4 are not started, and a limit of 5 now.
        let mut gate = gate(5, 25.0, None);
        gate.capacity.count_begins(Shard::default());
        gate.capacity.count_ends(Shard::default(), 7);
        gate.found_unstarted(4);
        assert_eq!(gate.request_restart(0, false, 0), Grant::Take(1));
        assert_eq!(gate.request_restart(0, false, 0), Grant::Take(1));
        assert_eq!(gate.request_restart(0, false, 0), Grant::Full);
    }

    #[test]
    fn what_may_run_is_started_only_while_every_slot_may_run() {
        let mut gate = gate(5, 25.0, None);
        gate.capacity.count_begins(Shard::default());
        gate.capacity.count_ends(Shard::default(), 5);
        assert_eq!(gate.request_restart(0, true, 0), Grant::Take(1));
        gate.capacity.set_max(4);
        gate.pace.max_concurrency = 4;
        assert_eq!(gate.request_restart(0, true, 0), Grant::Full);
    }

    #[test]
    fn nothing_is_granted_when_the_lease_is_about_to_end() {
        let mut gate = gate(5, 25.0, None);
        gate.capacity.count_ends(Shard::default(), 1);
        gate.found_unstarted(1);
        gate.grant_until(100);
        assert_eq!(gate.request(1, 99), Grant::Take(1));
        let later = Grant::NotBefore(100 + ASKED_AGAIN_AFTER);
        assert_eq!(gate.request(1, 100), later);
        assert_eq!(gate.request_restart(0, false, 100), later);
        gate.grant_until(200);
        assert_eq!(gate.request_restart(0, false, 100), Grant::Take(1));
    }

    #[test]
    fn a_changed_pace_holds_from_now_on() {
        let mut gate = gate(100, 25.0, None);
        gate.set_pace(&Pace {
            max_concurrency: 2,
            ..PACE
        });
        assert_eq!(gate.request(10, 0), Grant::Take(2));
    }

    #[test]
    fn a_slower_rate_has_the_burst_of_a_second() {
        let mut gate = gate(100, 25.0, None);
        gate.set_allowed(Allowed::Rate(2.5));
        assert_eq!(gate.request(10, 0), Grant::Take(3));
        gate.tokens.used(3, 0);
        assert_eq!(gate.request(10, 0), Grant::NotBefore(400));
        // Faster than the pace it never is, and in full again it saves up a burst.
        gate.set_allowed(Allowed::Rate(50.0));
        assert_eq!(gate.rate(), 25.0);
        gate.set_allowed(Allowed::Everything);
        assert_eq!(gate.request(100, 10_000), Grant::Take(50));
    }

    #[test]
    fn a_tick_begins_at_the_rate_that_the_last_one_left() {
        let carried = Carried {
            tokens: 1.0,
            at: 0,
            rate: Some(10.0),
        };
        let allowed = Allowed::Rate(10.0);
        let mut gate = Gate::begin(&PACE, Some(carried), None, allowed, 0);
        assert_eq!(gate.request(10, 900), Grant::Take(10));
    }

    #[test]
    fn probes_are_granted_one_by_one() {
        let mut gate = gate(100, 25.0, None);
        gate.set_allowed(Allowed::Probe(1_000));
        assert_eq!(gate.request(10, 999), Grant::NotBefore(1_000));
        assert_eq!(gate.request(10, 1_000), Grant::Take(1));
        let later = Grant::NotBefore(1_000 + ASKED_AGAIN_AFTER);
        assert_eq!(gate.request(10, 1_000), later);
        gate.capacity.count_ends(Shard::default(), 1);
        assert_eq!(gate.request_restart(0, true, 1_000), later);
        // Nothing was received with it.
        gate.give_back(1);
        assert_eq!(gate.request_restart(0, true, 1_000), Grant::Take(1));
        assert_eq!(gate.request(10, 1_000), later);
        // It was started, and the circuit says when the next one is due.
        gate.set_allowed(Allowed::Probe(6_000));
        assert_eq!(gate.request(10, 5_999), Grant::NotBefore(6_000));
        gate.set_allowed(Allowed::Nothing);
        assert_eq!(
            gate.request(10, 7_000),
            Grant::NotBefore(7_000 + ASKED_AGAIN_AFTER)
        );
    }

    proptest! {
        /// However the tick goes: starts within the budget, slots within the limit.
        #[test]
        fn bounds_hold(budget in 0u32..20, limit in 0u32..20, requests in proptest::collection::vec((1u32..=10, 0i64..500, any::<bool>()), 0..50)) {
            let mut gate = gate(limit, 100.0, Some(budget));
            let (mut now, mut started) = (0, 0);
            for (most, wait, comes_to_nothing) in requests {
                now += wait;
                if let Grant::Take(granted) = gate.request(most, now) {
                    prop_assert!(granted >= 1 && granted <= most);
                    if comes_to_nothing {
                        gate.give_back(granted);
                    } else {
                        started += granted;
                        for _ in 0..granted { gate.capacity.slot_put(Shard::default()); }
                    }
                }
                prop_assert!(started <= budget && started <= limit);
            }
        }
    }
}
