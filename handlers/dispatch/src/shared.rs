//! What the tasks of one tick share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use spillway::Millis;
use spillway::aws::clock::Clock;
use spillway::aws::error::HandlerError;
use spillway::gate::Gate;

use crate::counts::Counts;

/// The tick's bounds and counts, and whether it should stop.
#[derive(Debug)]
pub struct Shared {
    pub clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug)]
pub struct State {
    pub gate: Gate,
    pub counts: Counts,
    /// The first thing that went wrong; the tick ends with it.
    pub failure: Option<HandlerError>,
    /// No more messages are received.
    pub stopping: bool,
    /// A slot may be left without its start: the next tick looks after this tick's slots.
    pub suspect: bool,
}

impl Shared {
    pub fn new(clock: Clock, gate: Gate) -> Self {
        let state = State {
            gate,
            counts: Counts::default(),
            failure: None,
            stopping: false,
            suspect: false,
        };
        Self {
            clock,
            state: Mutex::new(state),
        }
    }

    /// Never held across an await.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Counts something.
    pub fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.state().counts);
    }

    /// Something failed: receive nothing more, and end the tick with the first error.
    pub fn fail(&self, error: HandlerError) {
        let mut state = self.state();
        state.stopping = true;
        state.failure.get_or_insert(error);
    }

    /// Something failed whose effect is not known: a slot of this tick may be left without its start.
    pub fn fail_suspect(&self, error: HandlerError) {
        self.state().suspect = true;
        self.fail(error);
    }

    pub fn is_stopping(&self) -> bool {
        self.state().stopping
    }
}
