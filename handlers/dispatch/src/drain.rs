//! Draining the events queues: received messages are handed to tasks.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws::error::AwsError;
use aws::shell::patiently;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use spillway::Millis;
use spillway::pace::gate::Standing;
use spillway::pace::layout::Shard;
use spillway::pace::permit::{Permit, Permits};
use spillway::pace::recount::Counted;
use spillway::protocol::fate::Fate;
use spillway::protocol::filling::Pool;
use spillway::protocol::kept::{Again, Kept, NotNow, Origin};
use spillway::protocol::receiving::{Do, Ended, Full, Known, Poll, Receiving, under_way};
use spillway::protocol::starting::Starting;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep_until, timeout_at};
use tracing::trace;

use crate::Dispatch;
use crate::error::TickError;
use crate::fill::Filled;
use crate::guide::drive_all;
use crate::receive::{self, Polled};
use crate::shared::Shared;

/// Events that waited for their tenant and start together, at most.
const TURNS_TOGETHER: u32 = 20;

/// Whether tenants of a lane take their turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turns {
    Begun,
    /// No event that waits can start in this tick, or by the bounds of the tenants.
    None,
    /// Slots, the rate or events under way do not allow it now.
    NotNow,
}

/// The tasks of a tick, and the messages on their way to them.
struct Drain {
    dispatch: Arc<Dispatch>,
    shared: Arc<Shared>,
    receiving: Receiving,
    polls: FuturesUnordered<BoxFuture<'static, Polled>>,
    fillings: FuturesUnordered<BoxFuture<'static, Filled>>,
    /// Each returns at its end how many messages it processed.
    tasks: JoinSet<u32>,
    /// Messages that the tasks process.
    messages: u32,
    pool: Pool,
    /// Lanes that were polled: those of their events that wait for their tenants come before the
    /// next poll.
    due: BTreeSet<usize>,
}

impl Dispatch {
    /// Releases events.
    pub(crate) async fn drain(self: &Arc<Self>, shared: &Arc<Shared>) {
        let batches = self.config.events_per_execution > 1;
        let lanes = shared.shell.lanes.len();
        let mut drain = Drain {
            dispatch: Arc::clone(self),
            shared: Arc::clone(shared),
            receiving: Receiving::new(
                lanes,
                batches,
                self.config.idle,
                shared.times.stop_at,
                shared.state().layouts.shards(),
                shared.now(),
            ),
            polls: FuturesUnordered::new(),
            fillings: FuturesUnordered::new(),
            tasks: JoinSet::new(),
            messages: 0,
            pool: Pool::new(),
            due: BTreeSet::new(),
        };
        drain.release().await;
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
    /// Receives until the tick receives no more. A failure of all ends it; tasks under way come to
    /// their end.
    async fn release(&mut self) {
        let shared = Arc::clone(&self.shared);
        loop {
            while let Some(ended) = self.tasks.try_join_next() {
                self.ended(ended);
            }
            shared.checkpoint();
            match self.go_on().await {
                // Then its calls must have ended.
                Ok(_) if shared.now() >= shared.end_by() => return,
                Ok(true) => {}
                Ok(false) => return,
                Err(problem) => shared.state().fail(problem),
            }
        }
    }

    /// Makes the next step. Returns `false` when there is none.
    async fn go_on(&mut self) -> Result<bool, TickError> {
        let shared = Arc::clone(&self.shared);
        if !shared.is_stopping() {
            self.dispatch.read_control(&shared).await?;
        }
        self.look_at_unclaimed();
        let kept = match self.next_kept() {
            Again::Now(starts) => {
                self.start_again(starts);
                return Ok(true);
            }
            Again::Not(not_now) => not_now,
        };
        // Kept starts come before anything new.
        let takes_turns = !matches!(kept, NotNow::NotBefore(_));
        let due: Vec<usize> = self.due.iter().copied().collect();
        for lane in due.into_iter().filter(|_| takes_turns) {
            match self.takes_turns(lane) {
                Turns::Begun => {
                    self.due.remove(&lane);
                    return Ok(true);
                }
                Turns::None => {
                    self.due.remove(&lane);
                }
                // They come as soon as slots and rate allow it.
                Turns::NotNow => {}
            }
        }
        let known = self.known(kept);
        let next = {
            let shares = &mut shared.state().shares;
            self.receiving.next(&shared.gate, shares, known)
        };
        trace!(decision = ?next, "next");
        match next {
            Do::Poll(poll) => self.poll(poll),
            Do::Fill(permits) => {
                let pool = std::mem::take(&mut self.pool);
                let dispatch = Arc::clone(&self.dispatch);
                self.fillings
                    .push(dispatch.fill(shared, pool, permits).boxed());
            }
            Do::WaitUntil(time) => {
                let mut lanes = 0..shared.shell.lanes.len();
                if !takes_turns || !lanes.any(|lane| self.takes_turns(lane) == Turns::Begun) {
                    self.wait_until(time).await?;
                }
            }
            Do::Count(shards) => {
                let counted = shared.recount(&shards).await?;
                shared.trace_lanes();
                let pooled = self.has_pooled();
                self.receiving
                    .counted(counted, self.tasks.len(), pooled, shared.now());
            }
            Do::AskBacklog => {
                // Messages that were received for the next batch wait as well.
                let pools = self
                    .pool
                    .iter()
                    .filter(|(lane, _)| !shared.is_closed(**lane));
                let received: usize = pools.map(|(_, pool)| pool.len()).sum();
                self.receiving
                    .backlog(shared.backlog().await? + received as u64);
            }
            Do::End => return Ok(false),
        }
        Ok(true)
    }

    /// Waits until a poll or a task ends, or until then.
    async fn wait_until(&mut self, time: Millis) -> Result<(), TickError> {
        let until = self.shared.shell.clock.instant(time);
        tokio::select! {
            biased;
            Some(polled) = self.polls.next() => self.polled(polled).await,
            Some(filled) = self.fillings.next() => self.filled(filled),
            Some(ended) = self.tasks.join_next() => {
                self.ended(ended);
                Ok(())
            }
            () = sleep_until(until) => Ok(()),
        }
    }

    /// Hands the messages of a poll to a task.
    async fn polled(&mut self, polled: Polled) -> Result<(), TickError> {
        let (dispatch, shared) = (Arc::clone(&self.dispatch), Arc::clone(&self.shared));
        let Polled {
            poll,
            messages,
            problem,
        } = polled;
        let found = messages.len();
        let stops = {
            let state = &mut *shared.state();
            let ended = Ended::of(&poll, found);
            self.receiving
                .polled(ended, &mut state.shares, shared.now());
            state.counts.received += u32::try_from(found).unwrap_or(u32::MAX);
            state.tick.is_stopping()
        };
        let lane = poll.lane;
        let mut permits = poll.permits;
        if stops || dispatch.config.events_per_execution > 1 {
            drop(permits);
            let candidates = dispatch.understand(&shared, lane, messages).await;
            match stops {
                true => dispatch.leave(&shared, candidates, &Fate::HandBack).await,
                false => self.pool.entry(lane).or_default().extend(candidates),
            }
        } else if found > 0 {
            permits.truncate(found);
            self.spawn(found, async move {
                dispatch.take_in(&shared, lane, messages, permits).await;
            });
        }
        problem.map_or(Ok(()), |problem| Err(problem.into()))
    }

    /// Hands a batch to a task.
    fn filled(&mut self, filled: Filled) -> Result<(), TickError> {
        let Filled {
            batch,
            rest,
            permits,
        } = filled;
        let most = self.dispatch.config.events_per_execution as usize;
        let left = rest.values().any(|candidates| !candidates.is_empty());
        for (lane, candidates) in rest {
            self.pool.entry(lane).or_default().extend(candidates);
        }
        let batch = batch.inspect_err(|_| self.receiving.filled(None))?;
        let full = batch
            .as_ref()
            .map(|(_, load)| Full(!left && load.len() >= most));
        self.receiving.filled(full);
        let Some((lane, load)) = batch else {
            return Ok(());
        };
        let goes_on = self.shared.receives_on();
        let pooled = self.pool.get(&lane).is_some_and(|pool| !pool.is_empty());
        // The last messages of fillings side by side become one batch. A tick that stops starts
        // nothing more.
        let is_part = !left && load.len() < most && (pooled || self.receiving.fills());
        let mut permits = permits;
        // The lane's bound can have been lowered meanwhile.
        if self.shared.is_stopping()
            || (is_part && goes_on)
            || !permits.iter_mut().all(|permit| permit.goes_to(lane))
        {
            self.pool.entry(lane).or_default().extend(load);
            return Ok(());
        }
        let (dispatch, shared) = (Arc::clone(&self.dispatch), Arc::clone(&self.shared));
        shared.state().shares.started(lane, 1);
        self.spawn(load.len(), async move {
            dispatch.take_in_batch(&shared, load, permits).await;
        });
        Ok(())
    }

    /// Whether messages were received for a batch of a lane of which something can start now.
    fn has_pooled(&self) -> bool {
        let gate = self.shared.gate.lock();
        let mut pools = self.pool.iter();
        pools.any(|(lane, pool)| !pool.is_empty() && gate.free_of(Some(*lane)) > 0)
    }

    /// Begins a poll, unless events of the lane that wait for their tenants are due: then these
    /// have its permits.
    fn poll(&mut self, poll: Poll) {
        let lane = poll.lane;
        if self.due.remove(&lane) && self.has_turn(lane) {
            let (mut ended, permits) = (Ended::of(&poll, 0), poll.permits);
            ended.found = self.begin_turns(lane, permits);
            let shares = &mut self.shared.state().shares;
            return self.receiving.polled(ended, shares, self.shared.now());
        }
        self.due.insert(lane);
        self.polls.push(receive::poll(&self.shared, poll));
    }

    /// Whether events of a lane that wait for their tenants can start, as far as the tenants go.
    fn has_turn(&self, lane: usize) -> bool {
        let (state, now) = (self.shared.state(), self.shared.now());
        let gate = self.shared.gate.lock();
        let queues = state.tenants.as_ref();
        queues.is_some_and(|queues| queues.has_turn(lane, &gate, now))
    }

    /// Begins to start events of a lane that wait for their tenants, if any can start now.
    fn takes_turns(&mut self, lane: usize) -> Turns {
        let (now, shared) = (self.shared.now(), Arc::clone(&self.shared));
        let (standing, rate) = {
            let gate = shared.gate.lock();
            (gate.standing(lane), gate.rate())
        };
        if standing == Standing::Closed || !shared.receives_on() || !self.has_turn(lane) {
            return Turns::None;
        }
        if standing == Standing::Full || self.messages + TURNS_TOGETHER > under_way(rate) {
            return Turns::NotNow;
        }
        match shared.gate.request(Some(lane), TURNS_TOGETHER, now) {
            Permits::Granted(permits) => {
                self.begin_turns(lane, permits);
                Turns::Begun
            }
            _ => Turns::NotNow,
        }
    }

    /// Begins the turns of a lane's tenants, with these permits. Returns how many events can start
    /// at most.
    fn begin_turns(&mut self, lane: usize, mut permits: Vec<Permit>) -> u32 {
        let (dispatch, shared) = (Arc::clone(&self.dispatch), Arc::clone(&self.shared));
        let now = shared.now();
        let most = u32::try_from(permits.len()).unwrap_or(u32::MAX);
        let turns = {
            let mut state = shared.state();
            let gate = shared.gate.lock();
            let queues = state.tenants.as_mut();
            queues.map_or_else(Vec::new, |queues| queues.turns(lane, most, &gate, now))
        };
        trace!(decision = ?turns, "turns of tenants");
        let events: u32 = turns.iter().map(|turn| turn.most).sum();
        permits.truncate(events as usize);
        self.spawn(permits.len(), async move {
            dispatch.take_turns(&shared, lane, turns, permits).await;
        });
        events
    }

    /// Begins a task that processes so many messages.
    fn spawn(&mut self, messages: usize, task: impl Future<Output = ()> + Send + 'static) {
        let messages = u32::try_from(messages).unwrap_or(u32::MAX);
        self.messages = self.messages.saturating_add(messages);
        self.tasks.spawn(async move {
            task.await;
            messages
        });
    }

    fn ended(&mut self, task: Result<u32, JoinError>) {
        let messages = task.unwrap_or_default();
        self.messages = self.messages.saturating_sub(messages);
    }

    fn look_at_unclaimed(&mut self) {
        let (dispatch, shared) = (Arc::clone(&self.dispatch), Arc::clone(&self.shared));
        let now = shared.now();
        let due = shared.state().unclaimed.due(now);
        if due.is_empty() {
            return;
        }
        self.spawn(0, async move {
            let until = shared.times.stop_at;
            dispatch.open(&shared, due, until).await;
        });
    }

    /// Returns the next step of the starts that are kept, if the tick goes on.
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
        self.spawn(0, async move {
            let (starts, permits): (Vec<_>, Vec<_>) = starts.into_iter().unzip();
            if let Err(problem) = shared.reserve().await {
                starts.into_iter().for_each(|kept| shared.keep(kept));
                return shared.state().fail(problem);
            }
            let left = starts.iter().filter(|kept| kept.origin != Origin::Own);
            shared.state().counts.restarted += u32::try_from(left.count()).unwrap_or(u32::MAX);
            let generation = shared.terms().generation;
            let again = |kept| Starting::again(kept, generation);
            let mut starting: Vec<Starting> = starts.into_iter().map(again).collect();
            let all = starting.len();
            drive_all(&shared, &mut starting, permits, all).await;
        });
    }

    fn known(&self, kept: NotNow) -> Known {
        let now = self.shared.now();
        let waiters = self.shared.waiters();
        let mut state = self.shared.state();
        let ends_soon = state.holding.ends_soon(now);
        let closing = ends_soon || state.tick.is_handing_over();
        if ends_soon && state.holding.renew_at().is_some() {
            state.failures.note(TickError::LeaseNotRenewed);
        }
        Known {
            now,
            tasks: self.tasks.len(),
            messages: self.messages,
            pooled: self.pool.values().map(Vec::len).sum(),
            stopping: state.tick.is_stopping(),
            closing,
            received: state.counts.received > 0,
            kept,
            waiters,
        }
    }

    /// Waits for all tasks.
    async fn join(mut self) {
        let shared = &self.shared;
        let join = async { while self.tasks.join_next().await.is_some() {} };
        let at = shared.shell.clock.instant(shared.end_by());
        if timeout_at(at, join).await.is_err() {
            let now = shared.now();
            let mut state = shared.state();
            state
                .tick
                .leave_lease(shared.reservation.lease.held_since, now);
            return state.failures.note(TickError::UnderWay);
        }
        if shared.state().counts.received == 0 {
            return;
        }
        let shards = self.receiving.last_count(&shared.gate);
        if let Err(problem) = shared.recount(&shards).await {
            shared.state().failures.note(problem);
        }
    }
}

impl Shared {
    /// Counts the slots of some shards.
    async fn recount(&self, shards: &[Shard]) -> Result<Counted, AwsError> {
        let (each, blocked, tenants) = {
            let mut gate = self.gate.lock();
            let each = gate.counts_each();
            let begins = |shard: &Shard| gate.count_begins(*shard, each);
            shards.iter().for_each(begins);
            (each, gate.blocked(), gate.awaited_tenants())
        };
        let by = self.shell.pipeline.tenants.as_ref().map(|it| &it.by);
        let count = || self.shell.ledger.count_slots(shards, each, by);
        let (slots, units) = patiently(self.shell.clock, self.end_by(), count).await?;
        // In this order, as everywhere.
        let mut state = self.state();
        let mut gate = self.gate.lock();
        let counts = shards.iter().zip(slots);
        let freed = counts.map(|(shard, slots)| gate.count_ends(*shard, &slots));
        let freed = freed.sum();
        state.counts.slots_taken = Some(gate.capacity.taken());
        let of_lanes = blocked.iter().map(|lane| gate.free_of(Some(*lane)));
        let of_tenants = tenants.iter().map(|tenant| gate.free_of_tenant(tenant));
        // If only tenants are full, the room of others is no news.
        let free = of_lanes.max().or(of_tenants.max());
        Ok(Counted {
            shards: shards.len(),
            units,
            freed,
            free: free.unwrap_or_else(|| gate.capacity.free()),
        })
    }

    /// How many messages wait, about, of which some can start in this tick: none of a closed lane
    /// can.
    async fn backlog(&self) -> Result<u64, AwsError> {
        let mut backlog = 0;
        for (lane, queues) in self.shell.lanes.iter().enumerate() {
            if self.is_closed(lane) {
                continue;
            }
            let ask = || queues.events.backlog();
            backlog += patiently(self.shell.clock, self.end_by(), ask).await?;
        }
        self.state().counts.saturated = (backlog > 0).into();
        Ok(backlog)
    }
}
