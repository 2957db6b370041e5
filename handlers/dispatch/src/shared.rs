//! What the tasks of one tick share.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use aws::clock::Clock;
use aws::error::HandlerError;
use spillway::Millis;
use spillway::lane::share::Shares;
use spillway::pace::gate::Gate;
use tracing::warn;

use crate::counts::Counts;
use crate::overridden::Overridden;
use crate::reservation::Reservation;
use crate::under_way::UnderWay;

/// The tick's bounds and counts, and whether it should stop.
#[derive(Debug)]
pub struct Shared {
    pub clock: Clock,
    /// Set before anything can start.
    pub(crate) reservation: OnceLock<Reservation>,
    state: Mutex<State>,
}

#[derive(Debug)]
pub struct State {
    pub gate: Gate,
    pub shares: Shares,
    pub counts: Counts,
    /// The first thing that went wrong; the tick ends with it.
    pub failure: Option<HandlerError>,
    /// No more messages are received.
    pub stopping: bool,
    /// Slots taken since then may lack their start: the next tick looks after them.
    pub suspect_since: Option<Millis>,
    /// Something may still be under way: the lease is left to expire.
    pub keep_lease: bool,
    /// When the last slot was taken.
    pub slot_taken: Millis,
    /// When the control item was last read.
    pub control_read: Millis,
    /// The window in force.
    pub window: Option<String>,
    /// What the operator overrides, since when and why.
    pub overridden: Overridden,
    /// The last tick did not end cleanly: a claim of it may still be on the wire.
    pub after_suspects: bool,
    /// Reconcile has found versions without a version id: an event may be of one of them.
    pub listed: bool,
    /// Objects whose claims are under way.
    pub(crate) under_way: UnderWay,
}

impl Shared {
    pub fn new(clock: Clock, gate: Gate, shares: Shares) -> Self {
        let state = State {
            gate,
            shares,
            counts: Counts::default(),
            failure: None,
            stopping: false,
            suspect_since: None,
            keep_lease: false,
            slot_taken: Millis::MIN,
            control_read: clock.now(),
            window: None,
            overridden: Overridden::default(),
            after_suspects: false,
            listed: false,
            under_way: UnderWay::default(),
        };
        Self {
            clock,
            reservation: OnceLock::new(),
            state: Mutex::new(state),
        }
    }

    /// Never held across an await.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes several things at once.
    pub fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        change(&mut self.state())
    }

    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The time at which the next slot is taken, unlike that of any other: a slot is told from another of the same
    /// execution by it.
    pub fn slot_time(&self) -> Millis {
        let now = self.now();
        let mut state = self.state();
        state.slot_taken = now.max(state.slot_taken.saturating_add(1));
        state.slot_taken
    }

    /// Counts something.
    pub fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.state().counts);
    }

    /// Something failed that concerns one slot or message: the tick goes on, and ends with the first error.
    pub fn note(&self, error: HandlerError) {
        warn!("{error}");
        self.state().failure.get_or_insert(error);
    }

    /// Something failed that concerns all: receive nothing more, and end the tick with the first error.
    pub fn fail(&self, error: HandlerError) {
        self.state().stopping = true;
        self.note(error);
    }

    /// A slot taken then may lack its start.
    pub fn suspect(&self, taken_at: Millis) {
        let mut state = self.state();
        let since = state
            .suspect_since
            .map_or(taken_at, |since| since.min(taken_at));
        state.suspect_since = Some(since);
    }

    /// Whether a claim of which nothing is known, of this tick or the last, may still take effect.
    pub fn claims_may_land(&self) -> bool {
        let state = self.state();
        state.after_suspects || state.suspect_since.is_some()
    }

    pub fn is_stopping(&self) -> bool {
        self.state().stopping
    }
}
