//! A tick, once it has the lease: count the slots, look after the slots that earlier ticks left,
//! release events, give the lease back.
//!
//! Before the first slot and the first start of a tick its lease records the worst case of the tick
//! ([`crate::record::lease`]). The release records the true numbers.

use std::time::Duration;

use super::fact::{Fact, Scope};
use super::holding::Idle;
use crate::Millis;
use crate::record::slot::Slot;
use crate::rules::sweep::{CLAIM_LANDS_WITHIN, is_open};

/// Receiving ends this long before Lambda's deadline, so that everything under way can end.
const DEADLINE_MARGIN: Millis = 15_000;
/// Tasks under way must have ended this long before Lambda's deadline; the others are left to the
/// next tick.
const JOIN_MARGIN: Millis = 3_000;

/// The times of a tick.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    pub began: Millis,
    /// When Lambda ends the function.
    pub deadline: Millis,
    /// Until then a busy lease is waited for.
    pub lease_by: Millis,
    /// Until then the slots that earlier ticks left open are looked at.
    pub open_until: Millis,
    /// Until then slots are swept.
    pub sweep_until: Millis,
    /// When the last messages are received.
    pub stop_at: Millis,
    /// When the tasks under way must have ended.
    pub join_by: Millis,
}

impl Times {
    /// Returns the times of a tick. `longest`: how long the tick receives messages at most.
    pub fn new(began: Millis, deadline: Millis, longest: Duration, idle: Idle) -> Self {
        let longest = Millis::try_from(longest.as_millis()).unwrap_or(Millis::MAX);
        let stop_at = began
            .saturating_add(longest)
            .min(deadline - DEADLINE_MARGIN);
        Self {
            began,
            deadline,
            lease_by: began + idle.patience(),
            open_until: began,
            sweep_until: began,
            stop_at,
            join_by: deadline - JOIN_MARGIN,
        }
    }

    /// Returns the times once the lease is taken: half of the time that is left is the backlog's at
    /// least.
    pub fn with_lease(self, now: Millis) -> Self {
        let half = now + (self.stop_at - now) / 2;
        Self {
            open_until: half,
            sweep_until: half,
            ..self
        }
    }

    /// Returns whether Lambda's timeout leaves time for a tick. A tick can be over for another
    /// reason: it waited for the lease longer than the schedule's period.
    pub fn are_enough(&self) -> bool {
        self.deadline - DEADLINE_MARGIN > self.began
    }
}

/// The next step of a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Reads the control item, then counts the slots.
    Count,
    /// Looks at the slots that earlier ticks left open.
    Open,
    /// Only sweeps old slots.
    Sweep,
    /// Makes the starts that are open, receives messages, and starts the attempts that they ask
    /// for. Sweeps old slots at the same time.
    Drain,
    /// Gives the lease back.
    Release,
}

/// A tick.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tick {
    phase: Phase,
    /// A pause is in force: nothing is started.
    paused: bool,
    /// Nothing more is received.
    stopping: bool,
    /// The next tick waits for the lease: no poll begins, and messages of polls under way are
    /// processed.
    handing_over: bool,
    /// Something can still be under way: the lease is left to expire.
    keeps_lease: bool,
    /// Slots put since then can lack their start, as the last tick left it.
    left: Option<Millis>,
    /// The same, as this tick leaves it.
    suspect_since: Option<Millis>,
    /// When no claim can take effect any longer of which nothing is known.
    claims_land_by: Millis,
}

impl Tick {
    /// Begins with the lease as the last tick left it. The calls that the last tick had under way
    /// were made before.
    pub fn new(suspect_since: Option<Millis>, now: Millis) -> Self {
        let landed = suspect_since.map_or(Millis::MIN, |_| now + CLAIM_LANDS_WITHIN);
        Self {
            phase: Phase::Count,
            paused: false,
            stopping: false,
            handing_over: false,
            keeps_lease: false,
            left: suspect_since,
            suspect_since: None,
            claims_land_by: landed,
        }
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Goes on after the last step.
    pub fn go_on(&mut self) -> Phase {
        self.phase = match self.phase {
            // Suspects stay suspect until a tick can start them.
            Phase::Count if self.paused => {
                self.suspect_since = self.left;
                Phase::Sweep
            }
            Phase::Count => Phase::Open,
            Phase::Open if self.stopping => Phase::Sweep,
            Phase::Open => Phase::Drain,
            Phase::Sweep | Phase::Drain | Phase::Release => Phase::Release,
        };
        self.phase
    }

    pub fn pause(&mut self) {
        self.paused = true;
    }

    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Receives nothing more.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// Gives the lease to the next tick as soon as all tasks have ended.
    pub fn hand_over(&mut self) {
        self.handing_over = true;
    }

    pub fn is_handing_over(&self) -> bool {
        self.handing_over
    }

    /// Records that something can still be under way at the end. `since`: the time since which this
    /// tick has the lease.
    pub fn leave_lease(&mut self, since: Millis, now: Millis) {
        self.keeps_lease = true;
        self.stopping = true;
        self.suspect(since, now);
    }

    pub fn keeps_lease(&self) -> bool {
        self.keeps_lease
    }

    /// Records that a slot put then can lack its start: the next tick looks after it.
    pub fn suspect(&mut self, taken_at: Millis, now: Millis) {
        self.claims_land_by = self.claims_land_by.max(now + CLAIM_LANDS_WITHIN);
        let since = self
            .suspect_since
            .map_or(taken_at, |since| since.min(taken_at));
        self.suspect_since = Some(since);
    }

    /// Takes in a machine's finding.
    pub fn told(&mut self, fact: &Fact, now: Millis) {
        match fact {
            Fact::Suspect(taken_at) => self.suspect(*taken_at, now),
            Fact::Failed(Scope::Tick)
            | Fact::StartForbidden {
                scope: Scope::Tick, ..
            } => self.stop(),
            _ => {}
        }
    }

    /// Returns since when slots can lack their start, for the next tick.
    pub fn suspect_since(&self) -> Option<Millis> {
        self.suspect_since
    }

    /// Returns whether a claim of which nothing is known, of this tick or the last, can still take
    /// effect.
    pub fn claims_may_land(&self, now: Millis) -> bool {
        now < self.claims_land_by
    }

    /// Returns when no claim, and no other write, can take effect any longer of which nothing is
    /// known.
    pub fn claims_land_by(&self) -> Millis {
        self.claims_land_by
    }

    /// Returns the slots whose start is open, the oldest first, and the others.
    pub fn open(&self, slots: Vec<Slot>, now: Millis) -> (Vec<Slot>, Vec<Slot>) {
        if self.paused {
            return (Vec::new(), slots);
        }
        let open = |slot: &Slot| is_open(slot, self.left, now);
        let (mut open, others): (Vec<_>, Vec<_>) = slots.into_iter().partition(open);
        open.sort_by_key(|slot| slot.taken_at);
        (open, others)
    }

    /// Returns the times for a model, which numbers them anew.
    pub fn times_mut(&mut self) -> impl Iterator<Item = &mut Millis> {
        self.left.iter_mut().chain(&mut self.suspect_since)
    }
}
