//! Draining the events queues: what is received is handed to tasks.

use std::sync::Arc;

use aws::error::AwsError;
use aws::shell::patiently;
use spillway::lane::polling::ONE_RECEIVE;
use spillway::pace::permit::Permit;
use spillway::protocol::fate::Fate;
use spillway::protocol::filling::Pool;
use spillway::protocol::kept::{Again, Kept, NotNow, Origin};
use spillway::protocol::receiving::{Do, Known, Receiving};
use spillway::protocol::starting::Starting;
use tokio::task::JoinSet;
use tokio::time::timeout_at;
use tracing::trace;

use crate::Dispatch;
use crate::error::TickError;
use crate::guide::drive_all;
use crate::shared::Shared;

/// The tasks of a tick, and what is on its way to them.
struct Drain {
    dispatch: Arc<Dispatch>,
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    pool: Pool,
}

impl Dispatch {
    /// Releases events.
    pub(crate) async fn drain(self: &Arc<Self>, shared: &Arc<Shared>) {
        let mut drain = Drain {
            dispatch: Arc::clone(self),
            shared: Arc::clone(shared),
            tasks: JoinSet::new(),
            pool: Pool::new(),
        };
        if let Err(problem) = drain.release().await {
            shared.state().fail(problem);
        }
        for (_, candidates) in std::mem::take(&mut drain.pool) {
            self.leave(shared, candidates, &Fate::HandBack).await;
        }
        drain.join().await;
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
        let mut receiving = Receiving::new(lanes, batches, shared.times.stop_at, shared.now());
        loop {
            while self.tasks.try_join_next().is_some() {}
            self.dispatch.read_control(&shared).await?;
            shared.checkpoint();
            let kept = match self.next_kept() {
                Again::Now(starts) => {
                    self.start_again(starts);
                    continue;
                }
                Again::Not(not_now) => not_now,
            };
            let next = receiving.next(&shared.gate, self.known(kept));
            trace!(decision = ?next, "next");
            match next {
                Do::Receive(permits) => receiving.found(self.receive(permits).await?),
                Do::Confirm(permits) => receiving.found(self.confirm(permits).await?),
                Do::Join => drop(self.tasks.join_next().await),
                Do::JoinUntil(time) => {
                    let at = shared.shell.clock.instant(time);
                    drop(timeout_at(at, self.tasks.join_next()).await);
                }
                Do::SleepUntil(time) => shared.shell.clock.sleep_until(time).await,
                Do::Count => {
                    let (free, used) = shared.recount().await?;
                    receiving.counted(free, used, self.tasks.len(), shared.now());
                }
                Do::AskBacklog => {
                    // What was received for the next batch waits as well.
                    let received: usize = self.pool.values().map(Vec::len).sum();
                    receiving.backlog(shared.backlog().await? + received as u64);
                }
                Do::End => return Ok(()),
            }
        }
    }

    /// What comes next of the starts that are kept, if the tick goes on.
    fn next_kept(&self) -> Again {
        if !self.shared.has_kept() {
            return Again::Not(NotNow::Nothing);
        }
        let now = self.shared.now();
        let again = self.shared.state().kept.next(&self.shared.gate, now);
        trace!(decision = ?again, "kept");
        again
    }

    fn start_again(&mut self, starts: Vec<(Kept, Permit)>) {
        let shared = Arc::clone(&self.shared);
        self.tasks.spawn(async move {
            let (starts, permits): (Vec<_>, Vec<_>) = starts.into_iter().unzip();
            if let Err(problem) = shared.reserve().await {
                starts.into_iter().for_each(|kept| shared.keep(kept));
                return shared.state().fail(problem);
            }
            let left = starts.iter().filter(|kept| kept.origin != Origin::Own);
            shared.state().counts.restarted += u32::try_from(left.count()).unwrap_or(u32::MAX);
            let mut starting: Vec<Starting> = starts.into_iter().map(Starting::again).collect();
            let all = starting.len();
            drive_all(&shared, &mut starting, permits, all).await;
        });
    }

    fn known(&self, kept: NotNow) -> Known {
        let state = self.shared.state();
        Known {
            now: self.shared.now(),
            tasks: self.tasks.len(),
            stopping: state.tick.is_stopping(),
            received: state.counts.received > 0,
            next_ask: state.shares.next_ask(),
            kept,
        }
    }

    /// Receives what the permits allow and hands it to a task. `false`: nothing was found.
    async fn receive(&mut self, mut permits: Vec<Permit>) -> Result<bool, AwsError> {
        let (dispatch, shared) = (Arc::clone(&self.dispatch), Arc::clone(&self.shared));
        if self.dispatch.config.events_per_execution > 1 {
            let filled = dispatch.fill(&shared, &mut self.pool).await?;
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

    /// Receives from all lanes what the permits allow. `false`: nothing was found.
    async fn confirm(&mut self, mut permits: Vec<Permit>) -> Result<bool, AwsError> {
        let (dispatch, shared) = (Arc::clone(&self.dispatch), Arc::clone(&self.shared));
        let batches = dispatch.config.events_per_execution > 1;
        // The next batch is filled with it.
        let most = match batches {
            true => shared.shell.lanes.len() * ONE_RECEIVE as usize,
            false => permits.len(),
        };
        let received = shared.receive_of_all(most).await?;
        let any = !received.is_empty();
        for (lane, messages) in received {
            if batches {
                let candidates = dispatch.understand(&shared, lane, messages).await;
                self.pool.entry(lane).or_default().extend(candidates);
                continue;
            }
            let started = u32::try_from(messages.len()).unwrap_or(u32::MAX);
            shared.state().shares.started(lane, started);
            let rest = permits.split_off(messages.len().min(permits.len()));
            let permits = std::mem::replace(&mut permits, rest);
            let (dispatch, shared) = (Arc::clone(&dispatch), Arc::clone(&shared));
            self.tasks.spawn(async move {
                dispatch.take_in(&shared, lane, messages, permits).await;
            });
        }
        Ok(any)
    }

    /// Waits for all tasks.
    async fn join(mut self) {
        let shared = &self.shared;
        let join = async { while self.tasks.join_next().await.is_some() {} };
        let at = shared.shell.clock.instant(shared.times.join_by);
        if timeout_at(at, join).await.is_err() {
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
        let count = || self.shell.ledger.count_slots();
        let taken = patiently(self.shell.clock, self.times.join_by, count).await?;
        self.state().counts.slots_taken = Some(taken);
        let mut gate = self.gate.lock();
        gate.capacity.count_ends(taken);
        Ok((gate.capacity.free(), gate.capacity.used()))
    }

    /// How many messages wait, about.
    async fn backlog(&self) -> Result<u64, AwsError> {
        let mut backlog = 0;
        for queues in &self.shell.lanes {
            let ask = || queues.events.backlog();
            backlog += patiently(self.shell.clock, self.times.join_by, ask).await?;
        }
        self.state().counts.saturated = (backlog > 0).into();
        Ok(backlog)
    }
}
