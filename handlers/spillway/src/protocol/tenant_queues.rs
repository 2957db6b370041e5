//! The tenants whose events wait, as a tick knows them: the directory as it was read under the
//! lease, and the tick's own deferrals since. It says which tenant has the turn. `settle` knows
//! nothing of it.
//!
//! A queue is named in the directory before anything is put into it, once a tick. It is removed
//! when a query found nothing in it, and nothing was deferred meanwhile.

use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::ops::Bound;

use crate::Millis;
use crate::event::digest;
use crate::pace::gate::{Gate, Standing};
use crate::record::deferred::{Named, TenantQueue};

/// So many more events are read than can start: some of the oldest can wait no longer, or cannot be
/// claimed now.
pub const READ_BESIDES: u32 = 4;
/// How soon a queue is asked again of which nothing was claimed.
const ASKED_AGAIN_AFTER: Millis = 2_000;
/// The same of one that was empty while something was deferred.
const EMPTY_AGAIN_AFTER: Millis = 500;

/// The queues of a tick, by lane and then by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TenantQueues {
    queues: BTreeMap<(usize, TenantQueue), State>,
    /// The queue of each lane whose turn was last.
    last: BTreeMap<usize, TenantQueue>,
    /// The tick's own name.
    holder: String,
    /// Tokens that were given out.
    tokens: u64,
}

/// The known facts about a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct State {
    since: Millis,
    /// The token by which the directory names it.
    token: Option<String>,
    /// The token is this tick's own: a removal that is late, of an earlier tick, passes it by.
    named_here: bool,
    /// Its events are being asked for or claimed.
    at_work: bool,
    /// It is not asked again before.
    not_before: Millis,
    /// It was empty, and stays only since a put of the last tick can still land.
    is_left: bool,
    /// Deferrals that are under way.
    deferring: u32,
    /// None was under way when its events were asked for, and none began since.
    is_quiet: bool,
}

/// Whether the tick has to do with events that wait for their tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiters {
    /// None can start in this tick.
    None,
    /// All that can wait for a slot of their tenant to be free, or are asked for again in a moment.
    Later,
    /// Some can start now, or are about to.
    Ready,
}

/// A queue whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Turn {
    pub queue: TenantQueue,
    /// Its events that can start.
    pub most: u32,
}

/// How a candidate goes on, by the bound of its tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It is claimed.
    Go,
    /// It is put into this queue.
    Defer(TenantQueue),
    /// It goes on waiting.
    Stay,
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnEnded {
    /// So many of its events were claimed or wait no longer, and their items are deleted.
    Done(u32),
    /// There is nothing in it.
    Empty,
    /// Its content is not known.
    Unclear,
}

impl TenantQueues {
    /// Begins with the queues of the directory. `holder`: the tick's own name, unlike that of any
    /// other. `lane`: the index of a lane by its name.
    pub fn new(holder: &str, named: Vec<Named>, lane: impl Fn(&str) -> usize) -> Self {
        let state = |named: &Named| State {
            since: named.since,
            token: named.token.clone(),
            ..State::default()
        };
        let queues = named.into_iter().map(|named| {
            let state = state(&named);
            ((lane(&named.queue.lane), named.queue), state)
        });
        let mut queues = Self {
            queues: queues.collect(),
            last: BTreeMap::new(),
            holder: holder.to_owned(),
            tokens: 0,
        };
        queues.begin_anywhere();
        queues
    }

    /// Ticks begin at different tenants, so that none is served first in each.
    fn begin_anywhere(&mut self) {
        let digest = digest::of([self.holder.as_str()], 4);
        let number = usize::from_str_radix(&digest, 16).unwrap_or_default();
        let mut lanes: Vec<usize> = self.queues.keys().map(|(lane, _)| *lane).collect();
        lanes.dedup();
        for lane in lanes {
            let mut of_lane = self.of_lane(lane);
            let some = number.checked_rem(of_lane.clone().count());
            let some = some.and_then(|some| of_lane.nth(some));
            let last = some.map(|((_, queue), _)| queue.clone());
            self.last.extend(last.map(|last| (lane, last)));
        }
    }

    /// Returns how many tenants' queues there are, and since when the first of them has events.
    pub fn waiting(&self) -> (usize, Option<Millis>) {
        let since = self.queues.values().map(|state| state.since).min();
        (self.queues.len(), since)
    }

    /// Returns how a candidate of a lane goes on for which there is a permit. Once events of its
    /// tenant wait in the lane, all messages of the tenant are deferred. `queue`: the tenant's;
    /// `None`: no bound holds for it. `waited`: no message brought it. `goes_to_tenant`: takes the
    /// permit for the tenant, if its bound is not reached.
    pub fn admit(
        &self,
        lane: usize,
        queue: Option<TenantQueue>,
        waited: bool,
        goes_to_tenant: impl FnOnce(&str) -> bool,
    ) -> Admission {
        let Some(queue) = queue else {
            return Admission::Go;
        };
        if !waited && self.queues.contains_key(&(lane, queue.clone())) {
            return Admission::Defer(queue);
        }
        match goes_to_tenant(&queue.tenant) {
            true => Admission::Go,
            false if waited => Admission::Stay,
            false => Admission::Defer(queue),
        }
    }

    /// Begins to defer events. Returns the token by which the directory is to name the queue first,
    /// if it is.
    pub fn defers(&mut self, lane: usize, queue: &TenantQueue, now: Millis) -> Option<String> {
        let state = self.queues.entry((lane, queue.clone()));
        let state = state.or_insert_with(|| State {
            since: now,
            ..State::default()
        });
        state.deferring += 1;
        state.is_quiet = false;
        // Now there is something in it.
        if std::mem::take(&mut state.is_left) {
            state.not_before = now;
        }
        if state.named_here {
            return None;
        }
        self.tokens += 1;
        Some(format!("{}/{}", self.holder, self.tokens))
    }

    /// Records that the deferral ended. `token`: the directory names the queue by it.
    pub fn deferred(&mut self, lane: usize, queue: &TenantQueue, token: Option<String>) {
        let Some(state) = self.queues.get_mut(&(lane, queue.clone())) else {
            return;
        };
        state.deferring = state.deferring.saturating_sub(1);
        if token.is_some() {
            state.token = token;
            state.named_here = true;
        }
    }

    /// Returns whether any can start. Those of closed lanes wait for the lane.
    pub fn waiters(&self, gate: &Gate, now: Millis) -> Waiters {
        let mut later = false;
        let open = self.queues.iter();
        let open = open.filter(|((lane, _), _)| gate.standing(*lane) != Standing::Closed);
        for ((_, queue), state) in open {
            if state.at_work || is_ready(queue, state, gate, now) {
                return Waiters::Ready;
            }
            let room = gate.free_of_tenant(&queue.tenant) > 0;
            later |= !state.is_left && (room || gate.awaits_tenant(&queue.tenant));
        }
        match later {
            true => Waiters::Later,
            false => Waiters::None,
        }
    }

    /// Returns whether a queue of a lane can have a turn now.
    pub fn has_turn(&self, lane: usize, gate: &Gate, now: Millis) -> bool {
        let mut of_lane = self.of_lane(lane);
        of_lane.any(|((_, queue), state)| is_ready(queue, state, gate, now))
    }

    /// Returns the queues of a lane by name. Thousands can wait, so the others are not walked.
    fn of_lane(&self, lane: usize) -> Range<'_, (usize, TenantQueue), State> {
        self.queues.range(first_of(lane)..first_of(lane + 1))
    }

    /// Returns the queues of a lane whose turn it is, one after the other, with so many events that
    /// can start together at most. Each turn is to be ended.
    pub fn turns(&mut self, lane: usize, most: u32, gate: &Gate, now: Millis) -> Vec<Turn> {
        let mut left = most;
        let mut turns = Vec::new();
        let last = self.last.get(&lane).cloned().unwrap_or_default();
        let from = (lane, last);
        let after = (Bound::Excluded(&from), Bound::Excluded(&first_of(lane + 1)));
        let until = (Bound::Included(&first_of(lane)), Bound::Included(&from));
        let ring = self.queues.range(after).chain(self.queues.range(until));
        for ((_, queue), state) in ring {
            if left == 0 {
                break;
            }
            if is_ready(queue, state, gate, now) {
                let most = left.min(gate.free_of_tenant(&queue.tenant));
                left -= most;
                let queue = queue.clone();
                turns.push(Turn { queue, most });
            }
        }
        for Turn { queue, .. } in &turns {
            if let Some(state) = self.queues.get_mut(&(lane, queue.clone())) {
                state.at_work = true;
                state.is_quiet = state.deferring == 0;
            }
        }
        if let Some(turn) = turns.last() {
            self.last.insert(lane, turn.queue.clone());
        }
        turns
    }

    /// Ends a turn. Returns the token by which the queue is to be removed from the directory, if it
    /// is. Then [`Self::removed`] comes next. `puts_land_by`: until then a put of the last tick can
    /// land, if that tick outlived its lease. So no queue is removed before.
    pub fn ended(
        &mut self,
        lane: usize,
        queue: &TenantQueue,
        ended: TurnEnded,
        puts_land_by: Millis,
        now: Millis,
    ) -> Option<String> {
        let state = self.queues.get_mut(&(lane, queue.clone()))?;
        // Until it is removed it has no turn, and an event that is deferred meanwhile names it
        // anew.
        let removable = ended == TurnEnded::Empty && state.is_quiet;
        state.is_left = removable && now < puts_land_by;
        if removable
            && !state.is_left
            && let Some(token) = state.token.take()
        {
            state.named_here = false;
            return Some(token);
        }
        let pause = match ended {
            TurnEnded::Done(1..) => 0,
            TurnEnded::Empty => EMPTY_AGAIN_AFTER,
            TurnEnded::Done(0) | TurnEnded::Unclear => ASKED_AGAIN_AFTER,
        };
        state.not_before = match state.is_left {
            true => puts_land_by,
            false => now + pause,
        };
        state.at_work = false;
        None
    }

    /// Records that the directory was asked to remove a queue.
    pub fn removed(&mut self, lane: usize, queue: &TenantQueue) {
        let key = (lane, queue.clone());
        let Some(state) = self.queues.get_mut(&key) else {
            return;
        };
        state.at_work = false;
        if state.is_quiet {
            self.queues.remove(&key);
        }
    }
}

/// Returns the place before all queues of a lane.
fn first_of(lane: usize) -> (usize, TenantQueue) {
    (lane, TenantQueue::default())
}

fn is_ready(queue: &TenantQueue, state: &State, gate: &Gate, now: Millis) -> bool {
    !state.at_work && state.not_before <= now && gate.free_of_tenant(&queue.tenant) > 0
}

#[cfg(test)]
mod tests;
