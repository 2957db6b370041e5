//! The gate: how many executions can start now, given the slots, the rate and the tick's budget.

use crate::Millis;
use crate::pace::Pace;
use crate::pace::adapt::circuit::Allowed;
use crate::pace::bound::{Bound, ByLane};
use crate::pace::capacity::Capacity;
use crate::pace::day::{DayLimit, DayStarts};
use crate::pace::layout::Shard;
use crate::pace::tenants::{ByTenant, Tenants};
use crate::pace::tokens::{Carried, Tokens};

/// At low rates a receive waits for this share of a second's tokens, so that it is not made for
/// each single one.
const WORTHWHILE_SECONDS: f64 = 0.25;

/// How soon a gate that grants nothing for now is asked again: its lease can be renewed meanwhile.
const ASKED_AGAIN_AFTER: Millis = 500;

/// The bounds of a tick, taken together.
#[derive(Debug, Clone)]
pub struct Gate {
    pub capacity: Capacity,
    pub tokens: Tokens,
    /// By priority; none: the lanes are not distinguished.
    lanes: Vec<OfLane>,
    /// `None`: tenants are not distinguished.
    tenants: Option<Tenants>,
    pace: Pace,
    /// The part of the pace that the circuit allows.
    allowed: Allowed,
    /// A probe is granted, and the holder of its permit goes on with it.
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
    /// Nothing is granted from then on.
    grants_until: Millis,
}

/// The known numbers of a lane's slots.
#[derive(Debug, Clone)]
struct OfLane {
    name: String,
    bounded: bool,
    capacity: Capacity,
}

impl OfLane {
    /// Its bound is 0.
    fn is_closed(&self) -> bool {
        self.capacity.max() == 0
    }
}

/// The answer of a lane's own bound: whether events of the lane are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Open,
    /// Its bound is reached: it is asked again once one of its slots is free.
    Full,
    /// Its bound is 0.
    Closed,
}

/// The slots of a shard, as a query counted them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    All(u32),
    Each { lanes: ByLane, tenants: ByTenant },
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
            lanes: Vec::new(),
            tenants: None,
            pace: pace.clone(),
            allowed: Allowed::Everything,
            probing: false,
            rate: pace.starts_per_second,
            burst: pace.burst,
            budget,
            day: None,
            spent: 0,
            grants_until: Millis::MAX,
        }
    }

    /// Begins with the bucket that the last tick left, and with the pace that the circuit allows.
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

    /// Returns how many starts can still be granted until then at most: the tokens there are and
    /// the rate's share, within the budget.
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

    /// Returns the worst case for the day until then, if there is a limit: to be written into the
    /// lease, and then [`Self::reserved`].
    pub fn worst_of_day(&mut self, until: Millis, now: Millis) -> Option<DayStarts> {
        let most = self.most_until(until, now);
        self.day.as_mut().map(|day| day.worst(now, until, most))
    }

    /// Records that the worst case for the day is written.
    pub fn reserved(&mut self, worst: &DayStarts, until: Millis, now: Millis) {
        let most = self.most_until(until, now);
        if let Some(day) = &mut self.day {
            day.reserved(worst, most);
        }
    }

    /// Sets the day's limit, which holds from now on.
    pub fn set_day(&mut self, day: DayLimit) {
        self.day = Some(day);
    }

    /// Returns the day's limit, if there is one.
    pub fn day(&mut self) -> Option<&mut DayLimit> {
        self.day.as_mut()
    }

    /// Sets the pace in force, which holds from now on. The budget stays this tick's.
    pub fn set_pace(&mut self, pace: &Pace) {
        if *pace != self.pace {
            self.capacity.set_max(pace.max_concurrency);
            self.pace = pace.clone();
            self.set_rate();
        }
    }

    /// Sets the part of the pace that the circuit allows, which holds from now on.
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

    /// Sets the lanes' bounds in force, by priority, which hold from now on. The lanes themselves
    /// stay those of the first call.
    pub fn set_bounds(&mut self, bounds: &[Bound]) {
        if self.lanes.is_empty() {
            let lanes = bounds.iter().map(|bound| OfLane {
                name: bound.lane.clone(),
                bounded: false,
                capacity: Capacity::new(u32::MAX),
            });
            self.lanes = lanes.collect();
        }
        for (lane, bound) in self.lanes.iter_mut().zip(bounds) {
            lane.bounded = bound.max.is_some();
            lane.capacity.set_max(bound.max.unwrap_or(u32::MAX));
        }
    }

    /// Bounds the executions of each tenant that run at once.
    pub fn bound_tenants(&mut self, max: u32) {
        self.tenants = Some(Tenants::new(max));
    }

    /// Returns how many slots a tenant can still reserve by its own bound.
    pub fn free_of_tenant(&self, tenant: &str) -> u32 {
        let tenants = self.tenants.as_ref();
        tenants.map_or(u32::MAX, |tenants| tenants.free(tenant))
    }

    /// Returns whether a tenant's bound is reached by slots, one of which can be free by now.
    pub fn awaits_tenant(&self, tenant: &str) -> bool {
        let tenants = self.tenants.as_ref();
        tenants.is_some_and(|it| it.free(tenant) == 0 && it.taken(tenant) > 0)
    }

    /// Returns whether a count has to tell lanes and tenants apart.
    pub fn counts_each(&self) -> bool {
        self.lanes.iter().any(|lane| lane.bounded) || self.tenants.is_some()
    }

    /// Returns whether events of a lane are asked for, by its own bound alone.
    pub fn standing(&self, lane: usize) -> Standing {
        match self.lanes.get(lane) {
            Some(lane) if lane.is_closed() => Standing::Closed,
            Some(lane) if lane.capacity.free() == 0 => Standing::Full,
            _ => Standing::Open,
        }
    }

    /// Returns whether the bound of a lane, or of a tenant, is reached by slots, one of which can
    /// be free by now.
    pub fn awaits(&self) -> bool {
        let tenants = self.tenants.as_ref();
        self.awaits_lane() || tenants.is_some_and(|tenants| tenants.at_bound().next().is_some())
    }

    /// Returns the tenants whose bound is reached by slots, one of which can be free by now.
    pub fn awaited_tenants(&self) -> Vec<String> {
        let tenants = self.tenants.iter();
        tenants
            .flat_map(Tenants::at_bound)
            .map(str::to_owned)
            .collect()
    }

    /// Returns whether a lane's bound is reached by slots, one of which can be free by now.
    pub fn awaits_lane(&self) -> bool {
        (0..self.lanes.len()).any(|lane| {
            let taken = self.lanes.get(lane).map(|lane| lane.capacity.taken());
            self.standing(lane) == Standing::Full && taken > Some(0)
        })
    }

    /// Returns the lanes of which nothing can start now, by their bounds or by the pipeline's.
    pub fn blocked(&self) -> Vec<usize> {
        let lanes = 0..self.lanes.len().max(1);
        lanes
            .filter(|lane| self.free_of(Some(*lane)) == 0)
            .collect()
    }

    /// Returns whether nothing of any lane can start now.
    pub fn all_blocked(&self) -> bool {
        self.blocked().len() >= self.lanes.len().max(1)
    }

    /// Returns how many more slots a lane can reserve. `None`: of a lane that is not known yet.
    pub fn free_of(&self, lane: Option<usize>) -> u32 {
        let of_lane = lane.and_then(|lane| self.lanes.get(lane));
        let of_lane = of_lane.map_or(u32::MAX, |lane| lane.capacity.free());
        self.capacity.free().min(of_lane)
    }

    /// The lanes that a slot counts for. One that names none of them, of an earlier release or of a
    /// lane that is gone, can be of any: it counts for all.
    fn lanes_of(&mut self, slot: Option<&str>) -> impl Iterator<Item = &mut OfLane> {
        let named = self
            .lanes
            .iter()
            .any(|lane| Some(lane.name.as_str()) == slot);
        let counts = move |lane: &&mut OfLane| !named || Some(lane.name.as_str()) == slot;
        self.lanes.iter_mut().filter(counts)
    }

    /// Returns the lanes whose bounds hold for a slot. A slot that names none of them can be of
    /// any. It waits for no closed lane as long as another is not closed: nothing says how long a
    /// lane is closed.
    fn bounding(&mut self, slot: Option<&str>) -> impl Iterator<Item = &mut OfLane> {
        let named = |lane: &OfLane| Some(lane.name.as_str()) == slot;
        let all_closed = self.lanes.iter().all(OfLane::is_closed);
        let is_named = self.lanes.iter().any(named);
        let bounds = move |lane: &&mut OfLane| match is_named {
            true => Some(lane.name.as_str()) == slot,
            false => all_closed || !lane.is_closed(),
        };
        self.lanes.iter_mut().filter(bounds)
    }

    /// Returns whether a slot is of a closed lane. One that names no lane is, once all are closed.
    /// Nothing starts in it until a lane has another bound.
    pub fn is_closed(&self, slot: Option<&str>) -> bool {
        let mut named = self
            .lanes
            .iter()
            .filter(|lane| Some(lane.name.as_str()) == slot);
        match named.next() {
            Some(lane) => lane.is_closed(),
            None => !self.lanes.is_empty() && self.lanes.iter().all(OfLane::is_closed),
        }
    }

    /// Returns whether more slots are taken than the limit allows, or the bound of the lane that a
    /// slot names.
    pub fn is_above_limit(&mut self, slot: Option<&str>) -> bool {
        let above = |capacity: &Capacity| capacity.taken() > capacity.max();
        above(&self.capacity) || self.bounding(slot).any(|lane| above(&lane.capacity))
    }

    /// Begins a count, right before the strongly consistent query of a shard. `each`: it tells
    /// lanes and tenants apart.
    pub fn count_begins(&mut self, shard: Shard, each: bool) {
        self.capacity.count_begins(shard);
        if each {
            let lanes = self.lanes.iter_mut();
            lanes.for_each(|lane| lane.capacity.count_begins(shard));
            if let Some(tenants) = &mut self.tenants {
                tenants.count_begins(shard);
            }
        }
    }

    /// Ends a count with the query's answer. Returns how many slots of the shard turned out to be
    /// free.
    pub fn count_ends(&mut self, shard: Shard, slots: &Counted) -> u32 {
        match slots {
            Counted::All(slots) => self.capacity.count_ends(shard, *slots),
            Counted::Each { lanes, tenants } => {
                let names: Vec<&str> = self.lanes.iter().map(|it| it.name.as_str()).collect();
                let of_lanes = lanes.of(&names);
                for (lane, slots) in self.lanes.iter_mut().zip(of_lanes) {
                    lane.capacity.count_ends(shard, slots);
                }
                if let Some(of) = &mut self.tenants {
                    of.count_ends(shard, tenants);
                }
                self.capacity.count_ends(shard, lanes.all())
            }
        }
    }

    /// Records that a reservation of a lane became a slot in this shard.
    pub(super) fn slot_put(&mut self, lane: Option<usize>, shard: Shard) {
        self.capacity.slot_put(shard);
        match lane.and_then(|lane| self.lanes.get_mut(lane)) {
            Some(lane) => lane.capacity.slot_put(shard),
            // It can be of any.
            None => {
                let lanes = self.lanes.iter_mut();
                lanes.for_each(|lane| lane.capacity.slot_put_besides(shard));
            }
        }
    }

    /// Reserves a slot of this lane for a start that was granted. Returns `false` when the lane's
    /// bound is reached.
    pub(super) fn goes_to(&mut self, lane: usize) -> bool {
        let lane = self.lanes.get_mut(lane);
        lane.is_none_or(|lane| lane.capacity.reserve(1) == 1)
    }

    /// Reserves a slot of this tenant for a start that was granted. Returns `false` when the
    /// tenant's bound is reached.
    pub(super) fn goes_to_tenant(&mut self, tenant: &str) -> bool {
        let tenants = self.tenants.as_mut();
        tenants.is_none_or(|tenants| tenants.reserve(tenant))
    }

    /// Records that the reservation of a tenant became a slot in this shard.
    pub(super) fn slot_put_of_tenant(&mut self, tenant: &str, shard: Shard) {
        if let Some(tenants) = &mut self.tenants {
            tenants.slot_put(tenant, shard);
        }
    }

    /// Gives back the reservation of a tenant for which no slot was put.
    pub(super) fn give_back_of_tenant(&mut self, tenant: &str) {
        if let Some(tenants) = &mut self.tenants {
            tenants.give_back(tenant);
        }
    }

    /// Returns the limit in force.
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

    /// Asks for up to `most` starts of a lane, each with a slot of its own. `None`: of a lane that
    /// is not known yet.
    pub fn request(&mut self, lane: Option<usize>, most: u32, now: Millis) -> Grant {
        let today = self.day.as_mut().map(|day| day.left(now));
        let most = most.min(today.unwrap_or(most));
        let grant = self.grant(most, self.free_of(lane), now);
        if let Grant::Take(granted) = grant {
            self.capacity.reserve(granted);
            if let Some(lane) = lane.and_then(|lane| self.lanes.get_mut(lane)) {
                lane.capacity.reserve(granted);
            }
            if let Some(day) = &mut self.day {
                day.take(granted);
            }
        }
        grant
    }

    /// Slots were found in which certainly nothing runs yet. `slot`: the lane that they name.
    pub fn found_unstarted(&mut self, slot: Option<&str>, slots: u32) {
        self.capacity.found_unstarted(slots);
        let lanes = self.lanes_of(slot);
        lanes.for_each(|lane| lane.capacity.found_unstarted(slots));
    }

    /// Asks for one start of an execution that holds its slot since `taken_at`. `slot`: the lane
    /// that it names.
    pub fn request_restart(
        &mut self,
        slot: Option<&str>,
        taken_at: Millis,
        may_run: bool,
        now: Millis,
    ) -> Grant {
        let of_lanes = self.bounding(slot);
        let of_lanes = of_lanes.map(|lane| lane.capacity.free_for_restarts(may_run));
        let free = of_lanes.min().unwrap_or(u32::MAX);
        let free = free.min(self.capacity.free_for_restarts(may_run));
        let today = self.day.as_mut().map(|day| day.left_for(taken_at, now));
        let most = today.unwrap_or(1).min(1);
        let grant = self.grant(most, free, now);
        if grant == Grant::Take(1) {
            if !may_run {
                self.capacity.restarted();
                self.lanes_of(slot)
                    .for_each(|lane| lane.capacity.restarted());
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
    pub(super) fn give_back(&mut self, lane: Option<usize>, unused: u32) {
        self.capacity.give_back(unused);
        if let Some(lane) = lane.and_then(|lane| self.lanes.get_mut(lane)) {
            lane.capacity.give_back(unused);
        }
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

    /// Records that a call for a slot taken then certainly started nothing.
    pub(super) fn came_to_nothing(&mut self, taken_at: Millis, now: Millis) {
        self.probing = false;
        if let Some(day) = &mut self.day {
            day.came_to_nothing(taken_at, now);
        }
        self.give_back_budget(1);
    }

    /// Records that nobody will know whether a granted start was made.
    pub(super) fn lost(&mut self) {
        self.probing = false;
        self.tokens.lost(1);
    }

    /// Records that a call was made, and started an execution.
    pub(super) fn started(&mut self, now: Millis) {
        if let Some(day) = &mut self.day {
            day.started(now);
        }
    }

    /// Gives back granted starts for which a call was made, but that started nothing as far as is
    /// known.
    pub(super) fn give_back_budget(&mut self, unused: u32) {
        self.spent = self.spent.saturating_sub(unused);
        self.budget = self.budget.map(|budget| budget.saturating_add(unused));
    }
}

/// Returns the rate in force, in starts per second, and its burst: below the pace one of a second
/// at the most.
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
        assert_eq!(gate(100, 25.0, None).request(None, 10, 0), Grant::Take(10));
        assert_eq!(gate(3, 25.0, None).request(None, 10, 0), Grant::Take(3));
        assert_eq!(
            gate(100, 25.0, Some(5)).request(None, 10, 0),
            Grant::Take(5)
        );
        assert_eq!(gate(0, 25.0, None).request(None, 10, 0), Grant::Full);
        assert_eq!(gate(100, 25.0, Some(0)).request(None, 10, 0), Grant::Spent);
    }

    #[test]
    fn an_empty_bucket_names_the_time() {
        let mut gate = gate(100, 8.0, None);
        for _ in 0..5 {
            assert_eq!(gate.request(None, 10, 0), Grant::Take(10));
            gate.tokens.used(10, 0);
        }
        // A quarter of a second's tokens: two.
        assert_eq!(gate.request(None, 10, 0), Grant::NotBefore(250));
        assert_eq!(gate.request(None, 10, 250), Grant::Take(2));
    }

    #[test]
    fn what_comes_to_nothing_is_given_back_whole() {
        let mut gate = gate(5, 25.0, Some(5));
        assert_eq!(gate.request(None, 10, 0), Grant::Take(5));
        assert_eq!(gate.request(None, 10, 0), Grant::Spent);
        gate.give_back(None, 2);
        assert_eq!(gate.request(None, 10, 0), Grant::Take(2));
    }

    #[test]
    fn a_restart_needs_no_second_slot() {
        let mut gate = gate(1, 25.0, None);
        gate.capacity.count_begins(Shard::default());
        gate.capacity.count_ends(Shard::default(), 1);
        gate.found_unstarted(None, 1);
        assert_eq!(gate.request(None, 1, 0), Grant::Full);
        assert_eq!(gate.request_restart(None, 0, false, 0), Grant::Take(1));
        assert_eq!(gate.capacity.used(), 1);
    }

    #[test]
    fn restarts_keep_to_a_limit_that_was_lowered() {
        // 7 slots, of which 4 are not started, and a limit of 5 now.
        let mut gate = gate(5, 25.0, None);
        gate.capacity.count_begins(Shard::default());
        gate.capacity.count_ends(Shard::default(), 7);
        gate.found_unstarted(None, 4);
        assert_eq!(gate.request_restart(None, 0, false, 0), Grant::Take(1));
        assert_eq!(gate.request_restart(None, 0, false, 0), Grant::Take(1));
        assert_eq!(gate.request_restart(None, 0, false, 0), Grant::Full);
    }

    #[test]
    fn what_may_run_is_started_only_while_every_slot_may_run() {
        let mut gate = gate(5, 25.0, None);
        gate.capacity.count_begins(Shard::default());
        gate.capacity.count_ends(Shard::default(), 5);
        assert_eq!(gate.request_restart(None, 0, true, 0), Grant::Take(1));
        gate.capacity.set_max(4);
        gate.pace.max_concurrency = 4;
        assert_eq!(gate.request_restart(None, 0, true, 0), Grant::Full);
    }

    #[test]
    fn nothing_is_granted_when_the_lease_is_about_to_end() {
        let mut gate = gate(5, 25.0, None);
        gate.capacity.count_ends(Shard::default(), 1);
        gate.found_unstarted(None, 1);
        gate.grant_until(100);
        assert_eq!(gate.request(None, 1, 99), Grant::Take(1));
        let later = Grant::NotBefore(100 + ASKED_AGAIN_AFTER);
        assert_eq!(gate.request(None, 1, 100), later);
        assert_eq!(gate.request_restart(None, 0, false, 100), later);
        gate.grant_until(200);
        assert_eq!(gate.request_restart(None, 0, false, 100), Grant::Take(1));
    }

    #[test]
    fn a_changed_pace_holds_from_now_on() {
        let mut gate = gate(100, 25.0, None);
        gate.set_pace(&Pace {
            max_concurrency: 2,
            ..PACE
        });
        assert_eq!(gate.request(None, 10, 0), Grant::Take(2));
    }

    #[test]
    fn a_slower_rate_has_the_burst_of_a_second() {
        let mut gate = gate(100, 25.0, None);
        gate.set_allowed(Allowed::Rate(2.5));
        assert_eq!(gate.request(None, 10, 0), Grant::Take(3));
        gate.tokens.used(3, 0);
        assert_eq!(gate.request(None, 10, 0), Grant::NotBefore(400));
        // Faster than the pace it never is, and in full again it saves up a burst.
        gate.set_allowed(Allowed::Rate(50.0));
        assert_eq!(gate.rate(), 25.0);
        gate.set_allowed(Allowed::Everything);
        assert_eq!(gate.request(None, 100, 10_000), Grant::Take(50));
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
        assert_eq!(gate.request(None, 10, 900), Grant::Take(10));
    }

    #[test]
    fn probes_are_granted_one_by_one() {
        let mut gate = gate(100, 25.0, None);
        gate.set_allowed(Allowed::Probe(1_000));
        assert_eq!(gate.request(None, 10, 999), Grant::NotBefore(1_000));
        assert_eq!(gate.request(None, 10, 1_000), Grant::Take(1));
        let later = Grant::NotBefore(1_000 + ASKED_AGAIN_AFTER);
        assert_eq!(gate.request(None, 10, 1_000), later);
        gate.capacity.count_ends(Shard::default(), 1);
        assert_eq!(gate.request_restart(None, 0, true, 1_000), later);
        // Nothing was received with it.
        gate.give_back(None, 1);
        assert_eq!(gate.request_restart(None, 0, true, 1_000), Grant::Take(1));
        assert_eq!(gate.request(None, 10, 1_000), later);
        // It was started, and the circuit says when the next one is due.
        gate.set_allowed(Allowed::Probe(6_000));
        assert_eq!(gate.request(None, 10, 5_999), Grant::NotBefore(6_000));
        gate.set_allowed(Allowed::Nothing);
        assert_eq!(
            gate.request(None, 10, 7_000),
            Grant::NotBefore(7_000 + ASKED_AGAIN_AFTER)
        );
    }

    const NAMES: [&str; 3] = ["urgent", "default", "bulk"];

    fn bounds(max: [Option<u32>; 3]) -> Vec<Bound> {
        let bound = |(lane, max): (&str, Option<u32>)| Bound {
            lane: lane.to_owned(),
            max,
        };
        NAMES.into_iter().zip(max).map(bound).collect()
    }

    /// Slots by lane, the last of those that name none.
    fn by_lane(slots: [u32; 4]) -> Counted {
        let names = NAMES.into_iter().map(Some).chain([None]);
        let of = |(name, slots): (Option<&'static str>, u32)| (0..slots).map(move |_| name);
        Counted::Each {
            lanes: names.zip(slots).flat_map(of).collect(),
            tenants: ByTenant::new(),
        }
    }

    fn with_bounds(limit: u32, max: [Option<u32>; 3], slots: [u32; 4]) -> Gate {
        let mut gate = gate(limit, 25.0, None);
        gate.set_bounds(&bounds(max));
        gate.count_ends(Shard::default(), &by_lane(slots));
        gate
    }

    #[test]
    fn a_lanes_bound_holds_beside_the_pipelines() {
        let mut gate = with_bounds(10, [None, None, Some(3)], [2, 0, 1, 0]);
        assert_eq!(gate.request(Some(2), 10, 0), Grant::Take(2));
        assert_eq!(gate.request(Some(2), 10, 0), Grant::Full);
        assert_eq!(gate.standing(2), Standing::Full);
        // The others go on.
        assert_eq!(gate.request(Some(0), 10, 0), Grant::Take(5));
        gate.give_back(Some(2), 1);
        assert_eq!(gate.standing(2), Standing::Open);
        assert_eq!(gate.request(Some(1), 10, 0), Grant::Take(1));
        // Its own bound has room, the pipeline's limit has none.
        assert_eq!(gate.request(Some(2), 10, 0), Grant::Full);
        assert_eq!(gate.blocked(), [0, 1, 2]);
    }

    #[test]
    fn a_slot_that_names_no_lane_counts_for_each() {
        let mut gate = with_bounds(10, [Some(3), None, Some(3)], [1, 0, 0, 2]);
        assert_eq!(gate.request(Some(0), 10, 0), Grant::Full);
        assert_eq!(gate.request(Some(2), 10, 0), Grant::Take(1));
        assert_eq!(gate.request(Some(1), 10, 0), Grant::Take(6));
    }

    #[test]
    fn a_bound_that_comes_within_a_tick_counts_what_runs() {
        let mut gate = with_bounds(10, [None; 3], [0, 0, 2, 0]);
        assert!(!gate.counts_each());
        assert_eq!(gate.request(Some(2), 2, 0), Grant::Take(2));
        gate.slot_put(Some(2), Shard::default());
        gate.slot_put(Some(2), Shard::default());
        gate.set_bounds(&bounds([None, None, Some(4)]));
        assert!(gate.counts_each() && gate.awaits_lane());
        assert_eq!(gate.request(Some(2), 1, 0), Grant::Full);
        gate.count_begins(Shard::default(), true);
        gate.count_ends(Shard::default(), &by_lane([0, 0, 1, 0]));
        assert_eq!(gate.request(Some(2), 10, 0), Grant::Take(3));
    }

    #[test]
    fn a_lane_whose_bound_is_0_is_closed_and_not_waited_for() {
        let mut gate = with_bounds(10, [None, None, Some(0)], [0, 0, 1, 0]);
        assert_eq!(gate.standing(2), Standing::Closed);
        assert!(!gate.awaits_lane());
        assert_eq!(gate.request(Some(2), 1, 0), Grant::Full);
    }

    #[test]
    fn restarts_keep_to_a_lanes_bound_that_was_lowered() {
        // Four of a lane whose bound is two by now, and of three of them it is certain that they do
        // not run.
        let mut gate = with_bounds(10, [None, None, Some(2)], [1, 0, 4, 0]);
        assert!(gate.is_above_limit(Some("bulk")) && gate.is_above_limit(None));
        assert!(!gate.is_above_limit(Some("urgent")));
        assert_eq!(gate.request_restart(Some("bulk"), 0, true, 0), Grant::Full);
        assert_eq!(
            gate.request_restart(Some("urgent"), 0, true, 0),
            Grant::Take(1)
        );
        gate.found_unstarted(Some("bulk"), 3);
        assert_eq!(
            gate.request_restart(Some("bulk"), 0, false, 0),
            Grant::Take(1)
        );
        assert_eq!(gate.request_restart(Some("bulk"), 0, false, 0), Grant::Full);
        // It can be of that lane.
        assert_eq!(gate.request_restart(Some("gone"), 0, true, 0), Grant::Full);
    }

    #[test]
    fn a_slot_that_names_no_lane_waits_for_no_closed_one() {
        let mut gate = with_bounds(10, [None, None, Some(0)], [0, 0, 1, 1]);
        assert!(gate.is_closed(Some("bulk")) && !gate.is_closed(Some("urgent")));
        assert!(!gate.is_closed(Some("gone")) && !gate.is_closed(None));
        assert!(gate.is_above_limit(Some("bulk")) && !gate.is_above_limit(None));
        assert_eq!(gate.request_restart(None, 0, true, 0), Grant::Take(1));
        assert_eq!(gate.request_restart(Some("bulk"), 0, true, 0), Grant::Full);
        // It can only be of one that is.
        gate.set_bounds(&bounds([Some(0); 3]));
        assert!(gate.is_above_limit(None) && gate.is_closed(None));
        assert_eq!(gate.request_restart(None, 0, true, 0), Grant::Full);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Request(usize, u32),
        GiveBack(usize),
        Put(usize, usize),
        FreeOne(usize, usize),
        CountBegins(usize),
        CountEnds(usize),
        SetBounds([Option<u32>; 3]),
    }

    const SHARDS: usize = 3;

    fn maxima() -> impl Strategy<Value = [Option<u32>; 3]> {
        [(); 3].map(|()| proptest::option::of(0u32..7))
    }

    fn step() -> impl Strategy<Value = Step> {
        let (lane, shard) = (|| 0usize..3, || 0usize..SHARDS);
        prop_oneof![
            (lane(), 1u32..10).prop_map(|(lane, most)| Step::Request(lane, most)),
            lane().prop_map(Step::GiveBack),
            (lane(), shard()).prop_map(|(lane, shard)| Step::Put(lane, shard)),
            (lane(), shard()).prop_map(|(lane, shard)| Step::Put(lane, shard)),
            (0usize..4, shard()).prop_map(|(lane, shard)| Step::FreeOne(lane, shard)),
            shard().prop_map(Step::CountBegins),
            shard().prop_map(Step::CountEnds),
            maxima().prop_map(Step::SetBounds),
        ]
    }

    proptest! {
        /// Against the truth, the slots of each lane in each shard, through any interleaving of
        /// requests, puts, frees, counts and changed bounds. Slots of an earlier release name no
        /// lane: each can be of any.
        #[test]
        fn never_more_of_a_lane_than_its_bound(
            mut max in maxima(),
            unnamed in 0u32..4,
            steps in proptest::collection::vec(step(), 0..300),
        ) {
            const LIMIT: u32 = 12;
            let shards: Vec<Shard> = Layout::Sixteen.shards().take(SHARDS).collect();
            let mut gate = gate(LIMIT, 1_000.0, None);
            gate.set_bounds(&bounds(max));
            let mut taken = [[0u32; 4]; SHARDS];
            taken[0][3] = unnamed;
            for (shard, slots) in shards.iter().zip(taken) {
                gate.count_ends(*shard, &by_lane(slots));
            }
            let mut under_way = [None; SHARDS];
            let (mut reserved, mut now) = ([0u32; 3], 0);
            for step in steps {
                now += 1_000;
                let sum = |lane: usize| taken.iter().map(|slots| slots[lane]).sum::<u32>();
                let of_lane = |lane: usize, reserved: u32| sum(lane) + sum(3) + reserved;
                match step {
                    Step::Request(lane, most) => match gate.request(Some(lane), most, now) {
                        Grant::Take(granted) => {
                            reserved[lane] += granted;
                            gate.tokens.used(granted, now);
                            let all = (0..4).map(sum).sum::<u32>() + reserved.iter().sum::<u32>();
                            prop_assert!(all <= LIMIT);
                            let most = max[lane].unwrap_or(u32::MAX);
                            prop_assert!(of_lane(lane, reserved[lane]) <= most);
                        }
                        // Nothing but its own bound and the pipeline's limit holds a lane up.
                        Grant::Full => prop_assert!(
                            gate.capacity.free() == 0 || gate.standing(lane) != Standing::Open
                        ),
                        other => prop_assert!(matches!(other, Grant::NotBefore(_)), "{other:?}"),
                    },
                    Step::GiveBack(lane) if reserved[lane] > 0 => {
                        gate.give_back(Some(lane), 1);
                        reserved[lane] -= 1;
                    }
                    Step::Put(lane, shard) if reserved[lane] > 0 => {
                        gate.slot_put(Some(lane), shards[shard]);
                        reserved[lane] -= 1;
                        taken[shard][lane] += 1;
                    }
                    Step::FreeOne(lane, shard) => {
                        taken[shard][lane] = taken[shard][lane].saturating_sub(1);
                    }
                    Step::CountBegins(shard) if under_way[shard].is_none() => {
                        let lanes = gate.counts_each();
                        gate.count_begins(shards[shard], lanes);
                        under_way[shard] = Some((taken[shard], lanes));
                    }
                    Step::CountEnds(shard) => {
                        if let Some((slots, lanes)) = under_way[shard].take() {
                            let counted = match lanes {
                                true => by_lane(slots),
                                false => Counted::All(slots.iter().sum()),
                            };
                            gate.count_ends(shards[shard], &counted);
                        }
                    }
                    Step::SetBounds(new) => {
                        max = new;
                        gate.set_bounds(&bounds(max));
                    }
                    _ => {}
                }
                let sum = |lane: usize| taken.iter().map(|slots| slots[lane]).sum::<u32>();
                for (lane, reserved) in reserved.into_iter().enumerate() {
                    let known = gate.lanes[lane].capacity.used();
                    prop_assert!(known >= sum(lane) + sum(3) + reserved);
                }
            }
            // Nothing is held back for ever: once all is quiet a count tells the truth.
            gate.set_bounds(&bounds([Some(6); 3]));
            for (lane, reserved) in reserved.into_iter().enumerate() {
                gate.give_back(Some(lane), reserved);
            }
            for (shard, slots) in shards.iter().zip(taken) {
                gate.count_begins(*shard, true);
                gate.count_ends(*shard, &by_lane(slots));
            }
            let sum = |lane: usize| taken.iter().map(|slots| slots[lane]).sum::<u32>();
            let all: u32 = (0..4).map(sum).sum();
            for lane in 0..3 {
                let free = (LIMIT - all.min(LIMIT)).min(6u32.saturating_sub(sum(lane) + sum(3)));
                prop_assert_eq!(gate.free_of(Some(lane)), free);
            }
        }
    }

    proptest! {
        /// However the tick goes: starts within the budget, slots within the limit.
        #[test]
        fn bounds_hold(budget in 0u32..20, limit in 0u32..20, requests in proptest::collection::vec((1u32..=10, 0i64..500, any::<bool>()), 0..50)) {
            let mut gate = gate(limit, 100.0, Some(budget));
            let (mut now, mut started) = (0, 0);
            for (most, wait, comes_to_nothing) in requests {
                now += wait;
                if let Grant::Take(granted) = gate.request(None, most, now) {
                    prop_assert!(granted >= 1 && granted <= most);
                    if comes_to_nothing {
                        gate.give_back(None, granted);
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
