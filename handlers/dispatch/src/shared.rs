//! What the tasks of one tick share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aws::error::AwsError;
use aws::ledger::Lease;
use aws::shell::Shell;
use spillway::Millis;
use spillway::lane::share::Shares;
use spillway::pace::day::DayStarts;
use spillway::pace::overridden::Overridden;
use spillway::pace::permit::SharedGate;
use spillway::protocol::fact::Fact;
use spillway::protocol::locks::Locks;
use spillway::protocol::terms::Terms;
use spillway::protocol::tick::Tick;
use tokio::sync::OnceCell;

use crate::counts::Counts;
use crate::error::{Failures, TickError};
use crate::facts;

/// A tick's bounds and counts, and what it knows.
#[derive(Debug)]
pub struct Shared {
    pub shell: Shell,
    pub state_machine_arn: String,
    pub gate: SharedGate,
    pub reservation: Reservation,
    pub state: Mutex<State>,
}

/// The worst that a tick can do, which its lease says before its first slot and its first start. A tick that finds nothing
/// to do writes nothing.
#[derive(Debug)]
pub struct Reservation {
    pub lease: Lease,
    /// The schedule's time.
    pub scheduled: Option<String>,
    /// What the tick can start at most on its day, if there is a limit.
    pub day: Option<DayStarts>,
    pub written: OnceCell<()>,
}

#[derive(Debug)]
pub struct State {
    pub tick: Tick,
    pub shares: Shares,
    pub counts: Counts,
    pub failures: Failures,
    /// When the last slot was put.
    pub slot_put: Millis,
    /// When the control item was last read.
    pub control_read: Millis,
    /// The window in force.
    pub window: Option<String>,
    pub overridden: Overridden,
    /// Objects that are at work.
    pub locks: Locks,
}

impl State {
    /// Something failed that concerns all: nothing more is received.
    pub fn fail(&mut self, problem: impl Into<TickError>) {
        self.tick.stop();
        self.failures.note(problem);
    }
}

impl Shared {
    /// Never held across an await.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now(&self) -> Millis {
        self.shell.clock.now()
    }

    pub fn is_stopping(&self) -> bool {
        self.state().tick.is_stopping()
    }

    /// What machines go by now. A slot is told from another of the same execution by its time.
    pub fn terms(&self) -> Terms<'_> {
        let now = self.now();
        let state = self.state();
        Terms {
            pipeline: &self.shell.pipeline,
            state_machine_arn: &self.state_machine_arn,
            now,
            slot_time: now.max(state.slot_put.saturating_add(1)),
            claims_may_land: state.tick.claims_may_land(),
            // An event can be of a version that reconcile has found.
            listed: self.reservation.lease.left.listed,
        }
    }

    /// Takes in what a machine came to know, and why a call has no answer.
    pub fn told(&self, facts: Vec<Fact>, mut problem: Option<AwsError>) {
        let mut state = self.state();
        for fact in facts {
            state.tick.told(&fact);
            if matches!(fact, Fact::Throttled { .. }) {
                self.gate.lock().tokens.throttled(self.now());
            }
            let State {
                counts, failures, ..
            } = &mut *state;
            // Why the call failed belongs to the fact that says so, whatever is told before it.
            let why = match fact {
                Fact::Failed(_) => problem.take(),
                _ => None,
            };
            facts::tell(fact, why, counts, failures);
        }
    }

    /// Goes before every slot that is put and every start.
    pub async fn reserve(&self) -> Result<(), AwsError> {
        let Reservation {
            lease,
            scheduled,
            day,
            written,
        } = &self.reservation;
        let ledger = &self.shell.ledger;
        let write = || ledger.reserve(lease, scheduled.as_deref(), day.as_ref());
        written.get_or_try_init(write).await.copied()
    }
}
