//! Looking after the slots that earlier ticks left: starts that are open, and outcomes that never came.

use std::time::Duration;

use spillway::Millis;
use spillway::protocol::kept::{Kept, Origin};
use spillway::protocol::opening::Opening;
use spillway::protocol::starting::Starting;
use spillway::protocol::sweeping::Sweeping;
use spillway::record::slot::Slot;
use spillway::rules::sweep::due;
use tokio::time::Instant;

use crate::Dispatch;
use crate::error::TickError;
use crate::guide::{drive_all, drive_until};
use crate::shared::Shared;

/// Open slots that are looked at together.
const OPENED_AT_ONCE: usize = 100;
/// Slots whose executions are described at once: DescribeExecution's quota is far below StartExecution's.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const DESCRIBED_AT_ONCE: usize = 8;
/// Slots that are swept together, and how often: 5 a second are half of what the smallest quota of the account gives.
const SWEPT_AT_ONCE: usize = 5;
const SWEPT_EVERY: Duration = Duration::from_secs(1);

impl Dispatch {
    /// Looks at what is open, and keeps the starts that are to be made: a start that is made again is idempotent, same name,
    /// same input. What the time does not suffice for is left to the next tick. `taken`: how many slots there are.
    pub(crate) async fn open(&self, shared: &Shared, open: Vec<Slot>, taken: u32) {
        if open.is_empty() {
            return;
        }
        if let Err(problem) = shared.reserve().await {
            suspect(shared, &open);
            return shared.state().fail(problem);
        }
        // Below the limit all can be started, even if they run: it changes nothing. Above it, after it was lowered, only
        // what does not run can be counted as not running, so Step Functions is asked.
        let above_limit = taken > shared.gate.lock().max_concurrency();
        let at_once = match above_limit {
            true => DESCRIBED_AT_ONCE,
            false => OPENED_AT_ONCE,
        };
        let until = shared.times.open_until;
        let mut left = open.as_slice();
        while !left.is_empty() && !shared.is_stopping() && shared.now() < until {
            let (some, others) = left.split_at(at_once.min(left.len()));
            let opening = |slot: &Slot| Opening::new(slot.clone(), above_limit);
            let mut opening: Vec<Opening> = some.iter().map(opening).collect();
            drive_all(shared, &mut opening, Vec::new(), at_once).await;
            left = others;
        }
        suspect(shared, left);
    }

    /// Leaves the starts that could not be made to the next tick.
    pub(crate) async fn leave_kept(&self, shared: &Shared) {
        let kept = shared.state().kept.take();
        let (own, others): (Vec<Kept>, Vec<Kept>) = kept
            .into_iter()
            .partition(|kept| kept.origin == Origin::Own);
        // They are as they were: what the sweep found comes round again.
        let open = others
            .into_iter()
            .filter(|kept| kept.origin == Origin::Open);
        let open: Vec<Slot> = open.map(|kept| kept.slot).collect();
        suspect(shared, &open);
        if own.iter().any(|kept| kept.may_run) {
            shared.state().failures.note(TickError::StartUnclear);
        }
        let mut leaving: Vec<Starting> = own.into_iter().map(Starting::left_to_next).collect();
        drive_all(shared, &mut leaving, Vec::new(), OPENED_AT_ONCE).await;
    }

    /// Sweeps a bounded number of old slots, and returns the cursor for the next tick.
    pub(crate) async fn sweep(
        &self,
        shared: &Shared,
        slots: &[Slot],
        mut cursor: Option<String>,
    ) -> Option<String> {
        let after = Millis::try_from(self.config.sweep_after.as_millis()).unwrap_or(Millis::MAX);
        let most = self.config.sweep_per_tick;
        let due = due(slots, cursor.as_deref(), after, most, shared.now());
        let paused = shared.state().tick.is_paused();
        let mut next = Instant::now();
        for some in due.chunks(SWEPT_AT_ONCE) {
            tokio::time::sleep_until(next).await;
            next += SWEPT_EVERY;
            let sweep = |slot: &&Slot| Sweeping::new((*slot).clone(), paused);
            let mut sweeping: Vec<Sweeping> = some.iter().map(sweep).collect();
            // What cannot be described now comes round again.
            let now = shared.now();
            drive_until(shared, &mut sweeping, Vec::new(), SWEPT_AT_ONCE, now).await;
            cursor = some.last().map(|slot| slot.execution.clone());
            let throttled = shared.state().counts.not_described > 0;
            if throttled || shared.now() >= shared.times.sweep_until {
                break;
            }
        }
        cursor
    }
}

/// The next tick looks at these.
fn suspect(shared: &Shared, slots: &[Slot]) {
    let mut state = shared.state();
    slots
        .iter()
        .for_each(|slot| state.tick.suspect(slot.taken_at));
}
