//! Looking after the slots that earlier ticks left: starts that are open, and outcomes that never came.

use aws::error::AwsError;
use futures_util::stream::{self, StreamExt};
use spillway::Millis;
use spillway::execution::input::Load;
use spillway::pace::permit::Permits;
use spillway::protocol::opening::Opening;
use spillway::protocol::starting::Starting;
use spillway::protocol::sweeping::Sweeping;
use spillway::record::slot::Slot;
use spillway::rules::sweep::due;
use tracing::trace;

use crate::Dispatch;
use crate::guide::drive_all;
use crate::shared::Shared;

/// Slots restarted at once.
const RESTARTED_AT_ONCE: usize = 16;
/// Slots swept at once: DescribeExecution's quota is far below StartExecution's.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const SWEPT_AT_ONCE: usize = 8;

impl Dispatch {
    /// Makes the starts that are open. A start that is made again is idempotent: same name, same input. `taken`: how many
    /// slots there are.
    pub(crate) async fn restart(
        &self,
        shared: &Shared,
        open: Vec<Slot>,
        taken: u32,
        stop_at: Millis,
    ) {
        if open.is_empty() {
            return;
        }
        if let Err(problem) = shared.reserve().await {
            let mut state = shared.state();
            open.iter()
                .for_each(|slot| state.tick.suspect(slot.taken_at));
            return state.fail(problem);
        }
        // Below the limit all can be started, even if they run: it changes nothing. Above it, after it was lowered, only
        // what does not run can be counted as not running, so Step Functions is asked.
        let above_limit = taken > shared.gate.lock().max_concurrency();
        let at_least = if above_limit { 0 } else { taken };
        let mut opening: Vec<Opening> = open
            .into_iter()
            .map(|slot| Opening::new(slot, above_limit))
            .collect();
        // Only then executions are described.
        let at_once = if above_limit {
            SWEPT_AT_ONCE
        } else {
            opening.len()
        };
        drive_all(shared, &mut opening, Vec::new(), at_once).await;
        let unstarted: Vec<(&Slot, &Load)> = opening.iter().filter_map(Opening::start).collect();
        let count = u32::try_from(unstarted.len()).unwrap_or(u32::MAX);
        shared.gate.lock().found_unstarted(count);
        stream::iter(unstarted)
            .for_each_concurrent(RESTARTED_AT_ONCE, |(slot, load)| {
                self.restart_one(shared, slot, load, at_least, stop_at)
            })
            .await;
    }

    /// Only while the limit is at least `at_least`: what was not described can run.
    async fn restart_one(
        &self,
        shared: &Shared,
        slot: &Slot,
        load: &Load,
        at_least: u32,
        stop_at: Millis,
    ) {
        while !shared.is_stopping() && shared.now() < stop_at {
            let permits = (shared.gate).request_restart(slot.taken_at, at_least, shared.now());
            trace!(decision = ?permits, "restart gate");
            match permits {
                Permits::Granted(permits) => {
                    shared.state().counts.restarted += 1;
                    let mut starting = [Starting::new(slot.clone(), load.clone())];
                    return drive_all(shared, &mut starting, permits, 1).await;
                }
                Permits::NotBefore(time) => {
                    shared.shell.clock.sleep_until(time.min(stop_at)).await;
                    if let Err(problem) = self.read_control(shared).await {
                        shared.state().fail(problem);
                    }
                }
                Permits::Full | Permits::Spent => break,
            }
        }
        shared.state().tick.suspect(slot.taken_at);
    }

    /// Sweeps a bounded number of old slots, until `until`, and returns the cursor for the next tick.
    pub(crate) async fn sweep(
        &self,
        shared: &Shared,
        slots: &[Slot],
        mut cursor: Option<String>,
        until: Millis,
    ) -> Option<String> {
        let after = Millis::try_from(self.config.sweep_after.as_millis()).unwrap_or(Millis::MAX);
        let most = self.config.sweep_per_tick;
        let due = due(slots, cursor.as_deref(), after, most, shared.now());
        let paused = shared.state().tick.is_paused();
        for some in due.chunks(SWEPT_AT_ONCE) {
            if shared.now() >= until {
                break;
            }
            let sweep = |slot: &&Slot| Sweeping::new((*slot).clone(), paused);
            let mut sweeping: Vec<Sweeping> = some.iter().map(sweep).collect();
            drive_all(shared, &mut sweeping, Vec::new(), SWEPT_AT_ONCE).await;
            let unstarted = sweeping.iter().filter_map(Sweeping::start);
            if let Err(problem) = self.start_swept(shared, unstarted).await {
                shared.state().failures.note(problem);
            }
            cursor = some.last().map(|slot| slot.execution.clone());
        }
        cursor
    }

    /// Starts what was claimed and never started. What gets no permit comes round again.
    async fn start_swept(
        &self,
        shared: &Shared,
        unstarted: impl Iterator<Item = (&Slot, &Load)>,
    ) -> Result<(), AwsError> {
        let (mut starting, mut permits) = (Vec::new(), Vec::new());
        for (slot, load) in unstarted {
            shared.reserve().await?;
            let now = shared.now();
            shared.gate.lock().found_unstarted(1);
            if let Permits::Granted(granted) = shared.gate.request_restart(slot.taken_at, 0, now) {
                shared.state().counts.restarted += 1;
                permits.extend(granted);
                starting.push(Starting::new(slot.clone(), load.clone()));
            }
        }
        drive_all(shared, &mut starting, permits, SWEPT_AT_ONCE).await;
        Ok(())
    }
}
