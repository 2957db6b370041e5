//! The state that the tasks of one tick share.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use aws::error::AwsError;
use aws::ledger::Lease;
use aws::shell::{Shell, patiently};
use spillway::Millis;
use spillway::lane::share::Shares;
use spillway::pace::adapt::circuit::{Circuit, Hold};
use spillway::pace::gate::Standing;
use spillway::pace::overridden::Overridden;
use spillway::pace::permit::SharedGate;
use spillway::protocol::fact::Fact;
use spillway::protocol::holding::Holding;
use spillway::protocol::kept::{Kept, KeptStarts};
use spillway::protocol::locks::Locks;
use spillway::protocol::outstanding::Outstanding;
use spillway::protocol::tenant_queues::TenantQueues;
use spillway::protocol::terms::Terms;
use spillway::protocol::tick::{Tick, Times};
use spillway::protocol::unclaimed::Unclaimed;
use spillway::record::layouts::Layouts;
use tokio::sync::OnceCell;
use tracing::{trace, warn};

use crate::counts::{Counts, Values};
use crate::error::{Failures, TickError};
use crate::facts;

/// A tick's bounds, counts and knowledge.
#[derive(Debug)]
pub struct Shared {
    pub shell: Shell,
    pub state_machine_arn: String,
    pub gate: SharedGate,
    pub reservation: Reservation,
    pub times: Times,
    /// The executions whose slots lay in the old layout when nothing could land there any more.
    pub old_slots: OnceLock<BTreeSet<String>>,
    pub state: Mutex<State>,
}

/// The worst that a tick can do, which its lease says before its first slot and its first start. A
/// tick that finds nothing to do writes nothing.
#[derive(Debug)]
pub struct Reservation {
    pub lease: Lease,
    /// The schedule's time.
    pub scheduled: Option<String>,
    pub written: OnceCell<()>,
}

#[derive(Debug)]
pub struct State {
    pub tick: Tick,
    pub holding: Holding,
    pub shares: Shares,
    pub counts: Counts,
    pub values: Values,
    pub failures: Failures,
    /// In which slots lie.
    pub layouts: Layouts,
    /// Slots of this tick that lack a certain answer.
    pub outstanding: Outstanding,
    /// When the ledger last took a write.
    pub ledger_took_at: Option<Millis>,
    /// When the control item was last read.
    pub control_read: Millis,
    /// The window in force.
    pub window: Option<String>,
    pub overridden: Overridden,
    /// The circuit to the target; `None` without an adaptive pace.
    pub circuit: Option<Circuit>,
    /// The operator holds the circuit.
    pub hold: Option<Hold>,
    /// Objects that are at work.
    pub locks: Locks,
    /// Starts that are still to be made.
    pub kept: KeptStarts,
    /// Slots that earlier ticks put, and for which nothing is claimed.
    pub unclaimed: Unclaimed,
    /// The tenants with events that wait; `None`: tenants were never bounded.
    pub tenants: Option<TenantQueues>,
}

impl State {
    /// Records a failure that concerns all: nothing more is received.
    pub fn fail(&mut self, problem: impl Into<TickError>) {
        self.tick.stop();
        self.failures.note(problem);
    }
}

impl Shared {
    /// Locks the state. It is never held across an await.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now(&self) -> Millis {
        self.shell.clock.now()
    }

    pub fn is_stopping(&self) -> bool {
        self.state().tick.is_stopping()
    }

    /// Traces how the lanes stand by their bounds, if there are any.
    pub fn trace_lanes(&self) {
        let gate = self.gate.lock();
        if gate.counts_each() {
            for lane in 0..self.shell.lanes.len() {
                trace!(decision = ?gate.standing(lane), "lane");
            }
        }
    }

    /// Returns whether the bound of a lane is 0.
    pub fn is_closed(&self, lane: usize) -> bool {
        self.gate.lock().standing(lane) == Standing::Closed
    }

    /// Returns whether more is to be received.
    pub fn receives_on(&self) -> bool {
        let (state, now) = (self.state(), self.now());
        let tick = &state.tick;
        let ends = tick.is_stopping() || tick.is_handing_over() || state.holding.ends_soon(now);
        !ends && now < self.times.stop_at
    }

    /// Returns when calls that begin now must have ended: before the invocation, and before the
    /// lease.
    pub fn end_by(&self) -> Millis {
        self.times.join_by.min(self.state().holding.calls_until())
    }

    /// Returns the terms of machines now. Slots of one execution differ by their time.
    pub fn terms(&self) -> Terms<'_> {
        let now = self.now();
        let state = self.state();
        Terms {
            pipeline: &self.shell.pipeline,
            state_machine_arn: &self.state_machine_arn,
            now,
            slot_time: state.outstanding.next(now),
            claims_may_land: state.tick.claims_may_land(now),
            layouts: state.layouts,
            old_slots: self.old_slots.get(),
            // An event can be of a version that reconcile has found.
            listed: self.reservation.lease.left.listed,
            generation: state.circuit.map(|circuit| circuit.generation),
        }
    }

    /// Takes in the findings of a machine, and the reason why a call has no answer.
    pub fn told(&self, facts: Vec<Fact>, mut problem: Option<AwsError>) {
        let now = self.now();
        let mut state = self.state();
        for fact in facts {
            state.tick.told(&fact, now);
            self.start_told(&mut state, &fact);
            let State {
                counts, failures, ..
            } = &mut *state;
            // The reason belongs to the fact about the failed call, after any others that are told
            // before it.
            let why = match fact {
                Fact::Failed(_) | Fact::NotDescribed => problem.take(),
                _ => None,
            };
            facts::tell(fact, why, counts, failures);
        }
    }

    /// Adapts the starts to come to the answer to a start.
    fn start_told(&self, state: &mut State, fact: &Fact) {
        state.values.told(fact, self.now());
        self.circuit_told(state, fact);
        match fact {
            Fact::Started { .. } | Fact::AlreadyStarted | Fact::Refused { .. } => {
                state.kept.answered();
            }
            Fact::Throttled { .. } => {
                state.kept.answered();
                self.gate.lock().tokens.throttled(self.now());
            }
            Fact::StartUnclear { .. } if !state.kept.unclear(self.now()) => state.tick.stop(),
            _ => {}
        }
    }

    /// Keeps a start, to be made in this tick.
    pub fn keep(&self, kept: Kept) {
        if !kept.may_run {
            let lane = kept.slot.lane.as_deref();
            self.gate.lock().found_unstarted(lane, 1);
        }
        self.state().kept.keep(kept);
    }

    /// Returns whether starts are kept that this tick can still make.
    pub fn has_kept(&self) -> bool {
        let state = self.state();
        let goes_on = !state.tick.is_stopping()
            && !state.tick.is_handing_over()
            && self.now() < self.times.stop_at;
        goes_on && state.kept.any_can_start(&self.gate)
    }

    /// Writes a checkpoint into the lease when it is time to: the next tick looks from there if
    /// this one dies. Nothing waits for that.
    pub fn checkpoint(self: &Arc<Self>) {
        let now = self.now();
        let since = {
            let mut state = self.state();
            let (kept, suspect) = (state.kept.oldest(), state.tick.suspect_since());
            state.outstanding.checkpoint(kept, suspect, now)
        };
        let Some(since) = since else {
            return;
        };
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            let lease = &shared.reservation.lease;
            if let Err(problem) = shared.shell.ledger.checkpoint(lease, since).await {
                warn!("{problem}");
            }
        });
    }

    /// Goes before every slot that is put and every start.
    pub async fn reserve(&self) -> Result<(), AwsError> {
        let Reservation {
            lease,
            scheduled,
            written,
        } = &self.reservation;
        let ledger = &self.shell.ledger;
        let reserve = async || {
            let (now, until) = (self.now(), self.state().holding.until());
            let day = self.gate.lock().worst_of_day(until, now);
            let layouts = self.state().layouts;
            let defers = self.shell.pipeline.tenants.is_some();
            let scheduled = scheduled.as_deref();
            let write = || ledger.reserve(lease, scheduled, day.as_ref(), layouts, defers);
            patiently(self.shell.clock, self.end_by(), write).await?;
            if let Some(day) = day {
                self.gate.lock().reserved(&day, until, now);
            }
            Ok(())
        };
        written.get_or_try_init(reserve).await.copied()
    }
}
