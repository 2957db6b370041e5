//! Draining the events queues: what is received is handed to tasks.

use std::sync::Arc;

use aws::error::AwsError;
use spillway::Millis;
use spillway::pace::permit::Permit;
use spillway::protocol::fate::Fate;
use spillway::protocol::filling::Pool;
use spillway::protocol::receiving::{Do, Known, Receiving};
use spillway::protocol::tick::Times;
use tokio::task::JoinSet;
use tracing::trace;

use crate::Dispatch;
use crate::error::TickError;
use crate::shared::Shared;

/// The tasks of a tick, and what is on its way to them.
struct Drain {
    dispatch: Arc<Dispatch>,
    shared: Arc<Shared>,
    stop_at: Millis,
    tasks: JoinSet<()>,
    pool: Pool,
}

impl Dispatch {
    /// Releases events.
    pub(crate) async fn drain(self: &Arc<Self>, shared: &Arc<Shared>, times: &Times) {
        let mut drain = Drain {
            dispatch: Arc::clone(self),
            shared: Arc::clone(shared),
            stop_at: times.stop_at,
            tasks: JoinSet::new(),
            pool: Pool::new(),
        };
        if let Err(problem) = drain.release().await {
            shared.state().fail(problem);
        }
        for (_, candidates) in std::mem::take(&mut drain.pool) {
            self.leave(shared, candidates, &Fate::HandBack).await;
        }
        drain.join(times.join_by).await;
        let mut state = shared.state();
        if state.counts.started > 0 {
            state.counts.saturated = 0;
        }
    }
}

impl Drain {
    async fn release(&mut self) -> Result<(), TickError> {
        let shared = Arc::clone(&self.shared);
        let batches = self.dispatch.config.events_per_execution > 1;
        let lanes = shared.shell.lanes.len();
        let mut receiving = Receiving::new(lanes, batches, self.stop_at, shared.now());
        loop {
            while self.tasks.try_join_next().is_some() {}
            self.dispatch.read_control(&shared).await?;
            let next = receiving.next(&shared.gate, self.known());
            trace!(decision = ?next, "next");
            match next {
                Do::Receive(permits) => receiving.found(self.receive(permits).await?),
                Do::Join => drop(self.tasks.join_next().await),
                Do::SleepUntil(time) => shared.shell.clock.sleep_until(time).await,
                Do::Count => {
                    let (free, used) = shared.recount().await?;
                    receiving.counted(free, used, self.tasks.len(), shared.now());
                }
                Do::AskBacklog => receiving.backlog(shared.backlog().await?),
                Do::End => return Ok(()),
            }
        }
    }

    fn known(&self) -> Known {
        let state = self.shared.state();
        Known {
            now: self.shared.now(),
            tasks: self.tasks.len(),
            stopping: state.tick.is_stopping(),
            received: state.counts.received > 0,
            next_ask: state.shares.next_ask(),
        }
    }

    /// Receives what the permits allow and hands it to a task. `false`: nothing was found.
    async fn receive(&mut self, mut permits: Vec<Permit>) -> Result<bool, AwsError> {
        let (dispatch, shared) = (Arc::clone(&self.dispatch), Arc::clone(&self.shared));
        if self.dispatch.config.events_per_execution > 1 {
            let filled = dispatch.fill(&shared, &mut self.pool, self.stop_at).await?;
            let Some(candidates) = filled else {
                return Ok(false);
            };
            self.tasks.spawn(async move {
                dispatch.take_in_batch(&shared, candidates, permits).await;
            });
            return Ok(true);
        }
        let most = u32::try_from(permits.len()).unwrap_or(u32::MAX);
        let Some((lane, messages)) = shared.receive(most).await? else {
            return Ok(false);
        };
        permits.truncate(messages.len());
        self.tasks.spawn(async move {
            dispatch.take_in(&shared, lane, messages, permits).await;
        });
        Ok(true)
    }

    /// Waits for all tasks.
    async fn join(mut self, by: Millis) {
        let shared = &self.shared;
        let join = async { while self.tasks.join_next().await.is_some() {} };
        let at = shared.shell.clock.instant(by);
        if tokio::time::timeout_at(at, join).await.is_err() {
            let mut state = shared.state();
            state.tick.leave_lease(shared.reservation.lease.held_since);
            return state.failures.note(TickError::UnderWay);
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

    /// How many messages wait, about.
    async fn backlog(&self) -> Result<u64, AwsError> {
        let mut backlog = 0;
        for queues in &self.shell.lanes {
            backlog += queues.events.backlog().await?;
        }
        self.state().counts.saturated = (backlog > 0).into();
        Ok(backlog)
    }
}
