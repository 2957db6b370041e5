//! Draining the events queue: receive at most what can start now, until the deadline, an empty queue, or the
//! tick's last start.

use std::sync::Arc;

use aws::error::AwsError;
use spillway::Millis;
use spillway::lane::polling::{empty_times, together};
use spillway::pace::permit::{Permit, Permits};
use spillway::pace::recount::Recount;
use spillway::protocol::fate::Fate;
use tokio::task::JoinSet;
use tracing::trace;

use crate::Dispatch;
use crate::control::CONTROL_EVERY;
use crate::error::TickError;
use crate::fill::Pool;
use crate::shared::Shared;

/// What was received together is under way together, and so much at once: the bound on calls under way.
const RECEIVED_AT_ONCE: usize = 4;
/// Batches under way at once, each of one start and up to a hundred claims.
const BATCHES_AT_ONCE: usize = 6;
/// How often the backlog is asked for while no slot is free: an empty queue ends the tick.
const BACKLOG_EVERY: Millis = 10_000;
/// Tasks under way must have ended this long before Lambda's deadline; what has not is left to the next tick.
const JOIN_MARGIN: Millis = 3_000;

/// A tick's draining.
struct Drain {
    dispatch: Arc<Dispatch>,
    shared: Arc<Shared>,
    stop_at: Millis,
    tasks: JoinSet<()>,
    pool: Pool,
    recount: Recount,
    backlog_asked: Option<Millis>,
    /// How many times in a row nothing was found.
    empty: u32,
}

impl Dispatch {
    /// Releases events until `stop_at`.
    pub(crate) async fn drain(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        stop_at: Millis,
        deadline: Millis,
    ) {
        let mut drain = Drain {
            dispatch: Arc::clone(self),
            shared: Arc::clone(shared),
            stop_at,
            tasks: JoinSet::new(),
            pool: Pool::new(),
            recount: Recount::new(shared.now()),
            backlog_asked: None,
            empty: 0,
        };
        if let Err(problem) = drain.release().await {
            shared.state().fail(problem);
        }
        for (_, candidates) in std::mem::take(&mut drain.pool) {
            self.leave(shared, candidates, &Fate::HandBack).await;
        }
        drain.join(deadline).await;
        let mut state = shared.state();
        if state.counts.started > 0 {
            state.counts.saturated = 0;
        }
    }
}

impl Drain {
    async fn release(&mut self) -> Result<(), TickError> {
        while !self.shared.is_stopping() && self.shared.now() < self.stop_at {
            if !self.step().await? {
                break;
            }
        }
        Ok(())
    }

    /// Asks the gate once. `false`: the tick is over.
    async fn step(&mut self) -> Result<bool, TickError> {
        while self.tasks.try_join_next().is_some() {}
        self.dispatch.read_control(&self.shared).await?;
        let (most, at_once) = match self.dispatch.config.events_per_execution {
            1 => (together(self.shared.shell.lanes.len()), RECEIVED_AT_ONCE),
            _ => (1, BATCHES_AT_ONCE),
        };
        while self.tasks.len() >= at_once {
            self.tasks.join_next().await;
        }
        let now = self.shared.now();
        let permits = self.shared.gate.request(most, now);
        trace!(decision = ?permits, "gate");
        match permits {
            Permits::Granted(permits) => {
                if self.receive(permits).await? {
                    self.empty = 0;
                    return Ok(true);
                }
                self.found_nothing().await
            }
            // What is under way can come to nothing and give its starts back.
            Permits::Spent => Ok(self.tasks.join_next().await.is_some()),
            Permits::NotBefore(time) => {
                let until = time.min(self.stop_at).min(now + CONTROL_EVERY);
                self.shared.shell.clock.sleep_until(until).await;
                Ok(true)
            }
            Permits::Full => self.full(now).await,
        }
    }

    /// Receives what the permits allow and hands it to a task. `false`: nothing was found.
    async fn receive(&mut self, mut permits: Vec<Permit>) -> Result<bool, TickError> {
        let (dispatch, shared) = (Arc::clone(&self.dispatch), Arc::clone(&self.shared));
        if self.dispatch.config.events_per_execution > 1 {
            let filled = self
                .dispatch
                .fill(&self.shared, &mut self.pool, self.stop_at);
            let Some(candidates) = filled.await? else {
                return Ok(false);
            };
            self.tasks.spawn(async move {
                dispatch.take_in_batch(&shared, candidates, permits).await;
            });
            return Ok(true);
        }
        let most = u32::try_from(permits.len()).unwrap_or(u32::MAX);
        let Some((lane, messages)) = self.shared.receive(most).await? else {
            return Ok(false);
        };
        permits.truncate(messages.len());
        self.tasks.spawn(async move {
            dispatch.take_in(&shared, lane, messages, permits).await;
        });
        Ok(true)
    }

    /// Nothing was found: `false` once that is believed.
    async fn found_nothing(&mut self) -> Result<bool, TickError> {
        if self.tasks.join_next().await.is_some() {
            return Ok(true);
        }
        self.empty += 1;
        let next = {
            let state = self.shared.state();
            let received = state.counts.received > 0;
            if self.empty >= empty_times(self.shared.shell.lanes.len(), received) {
                return Ok(false);
            }
            state.shares.next_ask().min(self.stop_at)
        };
        self.shared.shell.clock.sleep_until(next).await;
        Ok(true)
    }

    /// Every slot is taken: counts them when it is time. `false`: there is no backlog to wait with.
    async fn full(&mut self, now: Millis) -> Result<bool, TickError> {
        let until = self.recount.due().max(now).min(self.stop_at);
        self.shared.shell.clock.sleep_until(until).await;
        let (free, used) = self.shared.recount().await?;
        self.recount.counted(self.shared.now(), free, used);
        let asked = self.backlog_asked;
        let ask = asked.is_none_or(|asked| now - asked >= BACKLOG_EVERY);
        if free > 0 || !self.tasks.is_empty() || !ask {
            return Ok(true);
        }
        self.backlog_asked = Some(now);
        let mut backlog = 0;
        for queues in &self.shared.shell.lanes {
            backlog += queues.events.backlog().await?;
        }
        self.shared.state().counts.saturated = (backlog > 0).into();
        Ok(backlog > 0)
    }

    /// Waits for all tasks.
    async fn join(mut self, deadline: Millis) {
        let shared = &self.shared;
        let tasks = &mut self.tasks;
        let join = async { while tasks.join_next().await.is_some() {} };
        let at = shared.shell.clock.instant(deadline - JOIN_MARGIN);
        if tokio::time::timeout_at(at, join).await.is_err() {
            let mut state = shared.state();
            state.tick.leave_lease(shared.reservation.lease.held_since);
            state.failures.note(TickError::UnderWay);
            return;
        }
        let received = shared.state().counts.received > 0;
        if received && let Err(problem) = shared.recount().await {
            shared.state().failures.note(problem);
        }
    }
}

impl Shared {
    /// Counts the slots, and returns how many are free and how many used.
    async fn recount(&self) -> Result<(u32, u32), AwsError> {
        self.gate.lock().capacity.count_begins();
        let taken = self.shell.ledger.count_slots().await?;
        self.state().counts.slots_taken = Some(taken);
        let mut gate = self.gate.lock();
        gate.capacity.count_ends(taken);
        Ok((gate.capacity.free(), gate.capacity.used()))
    }
}
