//! Looking after the slots that earlier ticks left: starts that are open, and outcomes that never
//! came.

use std::time::Duration;

use spillway::Millis;
use spillway::protocol::fact::Fact;
use spillway::protocol::kept::{Kept, Origin};
use spillway::protocol::lap::{self, Do, Sweep};
use spillway::protocol::opening::Opening;
use spillway::protocol::starting::Starting;
use spillway::protocol::sweeping::Sweeping;
use spillway::record::lease::Lap;
use spillway::record::slot::Slot;
use spillway::rules::standing::oldest_slot_seconds;
use spillway::rules::sweep::is_overdue;
use tokio::time::Instant;
use tracing::{error, trace};

use crate::Dispatch;
use crate::error::TickError;
use crate::guide::{drive_all, drive_until};
use crate::shared::Shared;

/// Open slots that are looked at together.
const OPENED_AT_ONCE: usize = 100;
/// Slots whose executions are described at once: DescribeExecution's quota is far below
/// StartExecution's.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const DESCRIBED_AT_ONCE: usize = 8;
/// How often the sweep calls Step Functions. 5 descriptions a second are half of the smallest quota
/// of an account, and so is one page of the list.
const SWEPT_EVERY: Duration = Duration::from_secs(1);

impl Dispatch {
    /// Tells of slots that are older than any execution can be: the execution hangs, or its state
    /// machine has no timeout any longer.
    pub(crate) fn tell_overdue(&self, shared: &Shared, slots: &[Slot]) {
        shared.state().counts.oldest_slot_seconds = oldest_slot_seconds(slots, shared.now());
        let Some(timeout) = self.config.execution_timeout else {
            return;
        };
        let (now, after) = (shared.now(), millis(self.config.sweep_after));
        let overdue = |slot: &&Slot| is_overdue(slot, millis(timeout), after, now);
        let overdue = slots.iter().filter(overdue);
        let Some(oldest) = overdue.clone().min_by_key(|slot| slot.taken_at) else {
            return;
        };
        let count = overdue.count();
        error!(
            execution = oldest.execution,
            age_seconds = (now - oldest.taken_at) / 1_000,
            overdue = count,
            "slots are older than the workflow's timeout allows; this is the oldest: describe the execution, and stop it if it hangs"
        );
        shared.state().counts.overdue = u32::try_from(count).unwrap_or(u32::MAX);
    }

    /// Looks at the slots that are open, and keeps the starts that are to be made. A start that is
    /// made again is idempotent: same name, same input. Slots for which the time does not suffice
    /// are left to the next tick.
    pub(crate) async fn open(&self, shared: &Shared, open: Vec<Slot>, until: Millis) {
        if open.is_empty() {
            return;
        }
        if let Err(problem) = shared.reserve().await {
            suspect(shared, &open);
            return shared.state().fail(problem);
        }
        // Below the limit all can be started, even if they run: it changes nothing. The limit can
        // have been lowered below the slots taken. Then only an execution that does not run can be
        // counted as not running, so Step Functions is asked. The same goes for a lane's bound.
        let is_above = |slot: &Slot| {
            let mut gate = shared.gate.lock();
            gate.is_above_limit(slot.lane.as_deref())
        };
        let above: Vec<bool> = open.iter().map(is_above).collect();
        let at_once = match above.contains(&true) {
            true => DESCRIBED_AT_ONCE,
            false => OPENED_AT_ONCE,
        };
        let mut above = above.into_iter();
        let mut left = open.as_slice();
        while !left.is_empty() && !shared.is_stopping() && shared.now() < until {
            let (some, others) = left.split_at(at_once.min(left.len()));
            let opening = some.iter().zip(above.by_ref());
            let opening = opening.map(|(slot, above)| Opening::new(slot.clone(), above));
            let mut opening: Vec<Opening> = opening.collect();
            drive_all(shared, &mut opening, Vec::new(), at_once).await;
            let unclaimed = opening.iter().filter(|opening| opening.is_unclaimed());
            let unclaimed = unclaimed.map(|opening| opening.slot().clone());
            let mut state = shared.state();
            unclaimed.for_each(|slot| state.unclaimed.add(slot));
            drop(state);
            left = others;
        }
        suspect(shared, left);
    }

    /// Leaves the starts that could not be made to the next tick.
    pub(crate) async fn leave_kept(&self, shared: &Shared) {
        let mut kept = shared.state().kept.take();
        // The sweep comes round again to its own.
        kept.retain(|kept| kept.origin != Origin::Swept);
        if kept.iter().any(|it| it.origin == Origin::Own && it.may_run) {
            shared.state().failures.note(TickError::StartUnclear);
        }
        // A closed lane keeps its slots for long: suspect, they would make all later ones suspect
        // in every tick.
        let is_marked = |kept: &Kept| match kept.origin {
            Origin::Own => true,
            _ => shared.gate.lock().is_closed(kept.slot.lane.as_deref()),
        };
        let (marked, others): (Vec<Kept>, Vec<Kept>) = kept.into_iter().partition(is_marked);
        let others: Vec<Slot> = others.into_iter().map(|kept| kept.slot).collect();
        suspect(shared, &others);
        let mut leaving: Vec<Starting> = marked.into_iter().map(Starting::left_to_next).collect();
        drive_all(shared, &mut leaving, Vec::new(), OPENED_AT_ONCE).await;
    }

    /// Sweeps a bounded number of old slots. Returns the lap as the next tick goes on with it.
    pub(crate) async fn sweep(&self, shared: &Shared, slots: Vec<Slot>, left: &Lap) -> Lap {
        let bounds = lap::Bounds {
            after: millis(self.config.sweep_after),
            most: self.config.sweep_per_tick,
            listed_above: self.config.listed_above,
        };
        let mut sweep = Sweep::begin(left, slots, &bounds, shared.now());
        let mut next = Instant::now();
        loop {
            let step = sweep.next();
            trace!(decision = ?step, "sweep");
            if step == Do::End {
                return sweep.end();
            }
            tokio::time::sleep_until(next).await;
            next += SWEPT_EVERY;
            let goes_on = match step {
                Do::List(page) => self.list(shared, &mut sweep, page).await,
                Do::Look(slots) => look(shared, &mut sweep, slots).await,
                Do::End => false,
            };
            let time_is_up = shared.now() >= shared.times.sweep_until;
            if !goes_on || time_is_up || shared.state().tick.is_handing_over() {
                return sweep.end();
            }
        }
    }

    /// Lists a page of the executions that run. `false`: this tick sweeps no more.
    async fn list(&self, shared: &Shared, sweep: &mut Sweep, page: Option<String>) -> bool {
        let state_machine_arn = &self.config.state_machine_arn;
        match shared.shell.running(state_machine_arn, page).await {
            Ok(running) => {
                sweep.listed(running);
                true
            }
            Err(problem) => {
                let goes_on = !problem.passes();
                sweep.not_listed();
                shared.told(vec![Fact::NotDescribed], Some(problem));
                goes_on
            }
        }
    }
}

/// Looks at slots. `false`: this tick sweeps no more.
async fn look(shared: &Shared, sweep: &mut Sweep, slots: Vec<Slot>) -> bool {
    let paused = shared.state().tick.is_paused();
    let looking = |slot: Slot| Sweeping::new(slot, paused);
    let mut sweeping: Vec<Sweeping> = slots.into_iter().map(looking).collect();
    let all = sweeping.len();
    // An execution that cannot be described now is described in the next tick.
    drive_until(shared, &mut sweeping, Vec::new(), all, shared.now()).await;
    let throttled = shared.state().counts.not_described > 0;
    if !throttled {
        sweep.looked(all);
    }
    !throttled
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// Leaves these to the next tick, which finds a pending slot by its mark.
fn suspect(shared: &Shared, slots: &[Slot]) {
    let now = shared.now();
    let mut state = shared.state();
    let unmarked = slots.iter().filter(|slot| !slot.pending);
    unmarked.for_each(|slot| state.tick.suspect(slot.taken_at, now));
}
