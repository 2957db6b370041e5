//! Draining the events queue: receive at most what can start now, until the deadline, an empty queue, or the
//! tick's last start.

use std::sync::Arc;

use spillway::Millis;
use spillway::aws::error::HandlerError;
use spillway::aws::queue::BATCH;
use spillway::gate::Grant;
use tokio::task::JoinSet;
use tracing::{error, info};

use crate::Dispatch;
use crate::shared::Shared;

/// A long poll asks all of SQS's servers, so an empty answer means an empty queue; a second is enough for that.
const LONG_POLL_SECONDS: u32 = 1;
/// Batches under way at once: with up to ten starts each, the bound on calls under way.
const BATCHES_AT_ONCE: usize = 6;
/// The shortest and the longest time between two counts of the slots while all are taken.
const COUNT_EVERY_MIN: Millis = 250;
const COUNT_EVERY_MAX: Millis = 2_000;
/// While no slot is freed the next count waits for this share of the time since the last was: executions that run
/// for long are counted seldom, and a freed slot is still seen after an eighth of an execution's time at the most.
const COUNT_SHARE: Millis = 8;
/// A count reads every slot, so many slots are counted less often: a millisecond more for each.
const COUNT_DEARER_BY: Millis = 1;
/// How often the control item is read again, so that a limit or a pause holds for what is already queued.
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
    free: u32,
    used: u32,
}

impl Recount {
    /// Takes in a count.
    fn counted(&mut self, now: Millis, free: u32, used: u32) {
        if free > 0 {
            self.freed = now;
        }
        *self = Self {
            last: now,
            freed: self.freed,
            free,
            used,
        };
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
    ) {
        let mut tasks = JoinSet::new();
        if let Err(problem) = self.release(shared, stop_at, &mut tasks).await {
            shared.fail(problem);
        }
        let join = async { while tasks.join_next().await.is_some() {} };
        let at = shared.clock.instant(deadline - JOIN_MARGIN);
        if tokio::time::timeout_at(at, join).await.is_err() {
            error!("starts were still under way at the deadline; the next tick looks after them");
            shared.state().suspect = true;
        }
    }

    async fn release(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        stop_at: Millis,
        tasks: &mut JoinSet<()>,
    ) -> Result<(), HandlerError> {
        let now = shared.now();
        let mut recount = Recount {
            last: now,
            freed: now,
            free: 0,
            used: 0,
        };
        let mut control_read = now;
        let mut backlog_asked = None;
        while !shared.is_stopping() && shared.now() < stop_at {
            if shared.now() - control_read >= CONTROL_EVERY {
                control_read = shared.now();
                self.read_control(shared).await?;
                continue;
            }
            while tasks.len() >= BATCHES_AT_ONCE {
                tasks.join_next().await;
            }
            let now = shared.now();
            let grant = shared.state().gate.request(BATCH as u32, now);
            match grant {
                Grant::Take(granted) => {
                    if !self.receive(shared, granted, tasks).await? {
                        return Ok(());
                    }
                }
                // What is under way may come to nothing and give its starts back.
                Grant::Spent => {
                    if tasks.join_next().await.is_none() {
                        return Ok(());
                    }
                }
                Grant::NotBefore(time) => {
                    let until = time.min(stop_at).min(control_read + CONTROL_EVERY);
                    tokio::time::sleep_until(shared.clock.instant(until)).await;
                }
                Grant::Full => {
                    let due = recount.due();
                    if now < due {
                        let until = due.min(stop_at);
                        tokio::time::sleep_until(shared.clock.instant(until)).await;
                    }
                    self.recount(shared, &mut recount).await?;
                    let ask = backlog_asked.is_none_or(|asked| now - asked >= BACKLOG_EVERY);
                    if recount.free == 0 && tasks.is_empty() && ask {
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

    /// Receives up to `granted` messages and hands them to a task. `false`: the queue is empty.
    async fn receive(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        granted: u32,
        tasks: &mut JoinSet<()>,
    ) -> Result<bool, HandlerError> {
        let messages = match self.events.receive(granted, LONG_POLL_SECONDS).await {
            Ok(messages) => messages,
            Err(problem) => {
                shared.state().gate.give_back(granted);
                return Err(problem);
            }
        };
        let received = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        {
            let mut state = shared.state();
            state.gate.give_back(granted.saturating_sub(received));
            state.counts.received += received;
        }
        if messages.is_empty() {
            return Ok(false);
        }
        let dispatch = Arc::clone(self);
        let shared = Arc::clone(shared);
        tasks.spawn(async move { dispatch.take_in(&shared, messages).await });
        Ok(true)
    }

    /// A limit or a pause that an operator sets holds within seconds.
    async fn read_control(&self, shared: &Shared) -> Result<(), HandlerError> {
        let control = self.ledger.control().await?;
        let pace = control
            .over(&self.config.pace)
            .map_err(|error| HandlerError::Control(error.to_string()))?;
        let mut state = shared.state();
        state.gate.set_pace(&pace);
        state.counts.max_concurrency = pace.max_concurrency;
        if control.paused {
            info!("paused by the control item");
            state.counts.paused = 1;
            state.stopping = true;
        }
        Ok(())
    }

    async fn recount(&self, shared: &Shared, recount: &mut Recount) -> Result<(), HandlerError> {
        shared.state().gate.capacity.count_begins();
        let taken = self.ledger.count_slots().await?;
        let (free, used) = {
            let mut state = shared.state();
            state.gate.capacity.count_ends(taken);
            (state.gate.capacity.free(), state.gate.capacity.used())
        };
        recount.counted(shared.now(), free, used);
        Ok(())
    }

    /// Every slot is taken: without a backlog there is nothing to wait for.
    async fn backlog_is_empty(&self, shared: &Shared) -> Result<bool, HandlerError> {
        let backlog = self.events.backlog().await?;
        let mut state = shared.state();
        state.counts.saturated = (backlog > 0 && state.counts.started == 0).into();
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
            free: 0,
            used: 0,
        };
        let mut wait = |now, free, used| {
            recount.counted(now, free, used);
            recount.due() - now
        };
        assert_eq!(wait(0, 3, 20), 250);
        assert_eq!(wait(2_000, 0, 20), 250);
        assert_eq!(wait(8_000, 0, 20), 1_000);
        assert_eq!(wait(60_000, 0, 20), 2_000);
        assert_eq!(wait(60_000, 1, 20), 250);
        assert_eq!(wait(60_000, 1, 1_000), 1_000);
        assert_eq!(wait(60_000, 1, 100_000), 2_000);
    }
}
