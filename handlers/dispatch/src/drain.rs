//! Draining the events queue: receive at most what can start now, until the deadline, an empty queue, or the
//! tick's last start.

use std::sync::Arc;

use aws::error::HandlerError;
use spillway::Millis;
use spillway::pace::gate::Grant;
use tokio::task::JoinSet;
use tracing::trace;

use crate::Dispatch;
use crate::fill::Pool;
use crate::shared::Shared;

/// What was received together is under way together, and so much at once: the bound on calls under way.
const RECEIVED_AT_ONCE: usize = 4;
/// Batches under way at once, each of one start and up to a hundred claims.
const BATCHES_AT_ONCE: usize = 6;
/// The shortest and the longest time between two counts of the slots while all are taken.
const COUNT_EVERY_MIN: Millis = 150;
const COUNT_EVERY_MAX: Millis = 2_000;
/// While no slot is freed the next count waits for this share of the time since the last was: executions that run
/// for long are counted seldom, and a freed slot is still seen after an eighth of an execution's time at the most.
const COUNT_SHARE: Millis = 8;
/// A count reads every slot, so many slots are counted less often: two milliseconds more for each, which keeps the
/// counting at about 30 read units a second.
const COUNT_DEARER_BY: Millis = 2;
/// How often the control item is read again and the windows are looked at, so that a limit or a pause holds for what is
/// already queued.
const CONTROL_EVERY: Millis = 2_000;
/// How often the backlog is asked for while no slot is free: an empty queue ends the tick.
const BACKLOG_EVERY: Millis = 10_000;
/// Tasks under way must have ended this long before Lambda's deadline; what has not is left to the next tick.
const JOIN_MARGIN: Millis = 3_000;

/// When to count the slots again.
struct Recount {
    last: Millis,
    /// When a count last showed a free slot.
    freed: Millis,
    used: u32,
}

impl Recount {
    /// Takes in a count.
    fn counted(&mut self, now: Millis, free: u32, used: u32) {
        if free > 0 {
            self.freed = now;
        }
        self.last = now;
        self.used = used;
    }

    /// The time of the next count.
    fn due(&self) -> Millis {
        let quiet = (self.last - self.freed) / COUNT_SHARE;
        let dear = Millis::from(self.used) * COUNT_DEARER_BY;
        self.last + quiet.max(dear).clamp(COUNT_EVERY_MIN, COUNT_EVERY_MAX)
    }
}

impl Dispatch {
    /// Releases events until `stop_at`.
    pub(crate) async fn drain(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        stop_at: Millis,
        deadline: Millis,
        held_since: Millis,
    ) {
        let mut tasks = JoinSet::new();
        let mut pool = Pool::new();
        let released = self.release(shared, stop_at, &mut tasks, &mut pool).await;
        if let Err(problem) = released {
            shared.fail(problem);
        }
        self.hand_back(shared, pool).await;
        let join = async { while tasks.join_next().await.is_some() {} };
        let at = shared.clock.instant(deadline - JOIN_MARGIN);
        if tokio::time::timeout_at(at, join).await.is_err() {
            shared.suspect(held_since);
            shared.state().keep_lease = true;
            shared.fail(HandlerError::Call {
                call: "starting executions",
                reason: "some were still under way at the deadline; the next tick looks after them"
                    .into(),
            });
        } else if shared.state().counts.received > 0
            && let Err(problem) = self.recount(shared).await
        {
            shared.note(problem);
        }
        let mut state = shared.state();
        if state.counts.started > 0 {
            state.counts.saturated = 0;
        }
    }

    async fn release(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        stop_at: Millis,
        tasks: &mut JoinSet<()>,
        pool: &mut Pool,
    ) -> Result<(), HandlerError> {
        let now = shared.now();
        let mut recount = Recount {
            last: now,
            freed: now,
            used: 0,
        };
        let mut backlog_asked = None;
        let mut empty = 0;
        while !shared.is_stopping() && shared.now() < stop_at {
            while tasks.try_join_next().is_some() {}
            self.read_control(shared).await?;
            let batches = self.config.events_per_execution > 1;
            let (most, at_once) = if batches {
                (1, BATCHES_AT_ONCE)
            } else {
                (self.together(), RECEIVED_AT_ONCE)
            };
            while tasks.len() >= at_once {
                tasks.join_next().await;
            }
            let now = shared.now();
            let grant = shared.state().gate.request(most, now);
            trace!(decision = ?grant, "gate");
            match grant {
                Grant::Take(granted) => {
                    let found = if batches {
                        self.receive_batch(shared, stop_at, tasks, pool).await
                    } else {
                        self.receive(shared, granted, tasks).await
                    };
                    if found? {
                        empty = 0;
                    } else if tasks.join_next().await.is_none() {
                        empty += 1;
                        if empty >= self.empty_times(shared.state().counts.received > 0) {
                            return Ok(());
                        }
                        let next = shared.state().shares.next_ask().min(stop_at);
                        tokio::time::sleep_until(shared.clock.instant(next)).await;
                    }
                }
                // What is under way may come to nothing and give its starts back.
                Grant::Spent => {
                    if tasks.join_next().await.is_none() {
                        return Ok(());
                    }
                }
                Grant::NotBefore(time) => {
                    let until = time.min(stop_at).min(now + CONTROL_EVERY);
                    tokio::time::sleep_until(shared.clock.instant(until)).await;
                }
                Grant::Full => {
                    let until = recount.due().max(now).min(stop_at);
                    tokio::time::sleep_until(shared.clock.instant(until)).await;
                    let (free, used) = self.recount(shared).await?;
                    recount.counted(shared.now(), free, used);
                    let ask = backlog_asked.is_none_or(|asked| now - asked >= BACKLOG_EVERY);
                    if free == 0 && tasks.is_empty() && ask {
                        backlog_asked = Some(now);
                        if self.backlog_is_empty(shared).await? {
                            return Ok(());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Receives up to `granted` messages and hands them to a task. `false`: nothing was found.
    async fn receive(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        granted: u32,
        tasks: &mut JoinSet<()>,
    ) -> Result<bool, HandlerError> {
        let received = self.receive_next(shared, granted).await;
        let messages = received.as_ref().ok().and_then(Option::as_ref);
        let count = messages.map_or(0, |(_, messages)| messages.len());
        let unused = granted.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
        shared.state().gate.give_back(unused);
        let Some((lane, messages)) = received? else {
            return Ok(false);
        };
        let dispatch = Arc::clone(self);
        let shared = Arc::clone(shared);
        tasks.spawn(async move { dispatch.take_in(&shared, lane, messages).await });
        Ok(true)
    }

    /// Fills one execution, for which a start was granted, and hands it to a task. `false`: nothing was found.
    async fn receive_batch(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        stop_at: Millis,
        tasks: &mut JoinSet<()>,
        pool: &mut Pool,
    ) -> Result<bool, HandlerError> {
        let filled = self.fill(shared, pool, stop_at).await;
        let Ok(Some((lane, candidates))) = filled else {
            shared.state().gate.give_back(1);
            return filled.map(|_| false);
        };
        let dispatch = Arc::clone(self);
        let shared = Arc::clone(shared);
        tasks.spawn(async move { dispatch.take_in_batch(&shared, lane, candidates).await });
        Ok(true)
    }

    /// Reads the control item again when it is time: a limit, a pause or a window holds within seconds.
    pub(crate) async fn read_control(&self, shared: &Shared) -> Result<(), HandlerError> {
        let now = shared.now();
        {
            let mut state = shared.state();
            if now - state.control_read < CONTROL_EVERY {
                return Ok(());
            }
            state.control_read = now;
        }
        let in_force = self.in_force(shared.clock).await?;
        if shared.put_in_force(&in_force) {
            shared.state().stopping = true;
        }
        Ok(())
    }

    /// Counts the slots, and returns how many are free and how many used.
    async fn recount(&self, shared: &Shared) -> Result<(u32, u32), HandlerError> {
        shared.state().gate.capacity.count_begins();
        let taken = self.ledger.count_slots().await?;
        let mut state = shared.state();
        state.gate.capacity.count_ends(taken);
        state.counts.slots_taken = Some(taken);
        Ok((state.gate.capacity.free(), state.gate.capacity.used()))
    }

    /// Every slot is taken: without a backlog there is nothing to wait for.
    async fn backlog_is_empty(&self, shared: &Shared) -> Result<bool, HandlerError> {
        let mut backlog = 0;
        for queues in &self.lanes {
            backlog += queues.events.backlog().await?;
        }
        let mut state = shared.state();
        state.counts.saturated = (backlog > 0).into();
        Ok(backlog == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_often_while_slots_are_freed_and_seldom_while_none_are() {
        let mut recount = Recount {
            last: 0,
            freed: 0,
            used: 0,
        };
        let mut wait = |now, free, used| {
            recount.counted(now, free, used);
            recount.due() - now
        };
        assert_eq!(wait(0, 3, 20), 150);
        assert_eq!(wait(2_000, 0, 20), 250);
        assert_eq!(wait(8_000, 0, 20), 1_000);
        assert_eq!(wait(60_000, 0, 20), 2_000);
        assert_eq!(wait(60_000, 1, 20), 150);
        assert_eq!(wait(60_000, 1, 500), 1_000);
        assert_eq!(wait(60_000, 1, 100_000), 2_000);
    }
}
