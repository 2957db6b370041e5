//! Starts that an earlier tick left open: throttled ones, and those of a tick that died.

use aws::error::HandlerError;
use aws::ledger::Rows;
use futures_util::stream::{self, StreamExt};
use spillway::Millis;
use spillway::pace::gate::Grant;
use spillway::record::row::RowKey;
use spillway::record::slot::{Slot, Work};
use spillway::rules::sweep::{Found, claims_have_landed, is_open, may_run_unfound};
use tracing::{error, trace, warn};

use crate::Dispatch;
use crate::load::{Claimed, Load};
use crate::shared::Shared;

/// Calls under way at once.
const AT_ONCE: usize = 16;

/// A start that is to be made, or made again.
struct Open {
    slot: Slot,
    load: Load,
}

impl Dispatch {
    /// Starts what is pending, and what was taken since `suspect_since`. Starting again is idempotent: same name,
    /// same input.
    pub(crate) async fn restart(
        &self,
        shared: &Shared,
        slots: &[Slot],
        suspect_since: Option<Millis>,
        stop_at: Millis,
    ) {
        let now = shared.now();
        let mut open: Vec<&Slot> = slots
            .iter()
            .filter(|slot| is_open(slot, suspect_since, now))
            .collect();
        open.sort_by_key(|slot| slot.taken_at);
        if open.is_empty() {
            return;
        }
        let keys: Vec<RowKey> = open.iter().filter_map(|slot| slot.row().cloned()).collect();
        let reserved = self.reserve(shared).await;
        let rows = match reserved {
            Ok(()) => self.ledger.rows(&keys).await,
            Err(problem) => Err(problem),
        };
        let rows = match rows {
            Ok(rows) => rows,
            Err(problem) => {
                open.iter().for_each(|slot| shared.suspect(slot.taken_at));
                return shared.fail(problem);
            }
        };
        let mut claimed = Vec::new();
        for slot in open {
            let claimed_by = self.claimed_by(slot, &rows, now).await;
            trace!(decision = ?claimed_by, execution = slot.execution, "open slot");
            match claimed_by {
                Ok(Claimed::For(load)) => claimed.push(Open {
                    slot: slot.clone(),
                    load,
                }),
                Ok(Claimed::Settled) => {}
                // Taken and never claimed, or settled while we look.
                Ok(Claimed::Nothing) if claims_have_landed(slot, now) => {
                    self.free_unused(shared, slot).await;
                }
                // A claim may be on the wire.
                Ok(Claimed::Nothing | Claimed::Unclear) => shared.suspect(slot.taken_at),
                // The slot stays, and the sweep comes to it.
                Err(problem @ HandlerError::Ledger { .. }) => {
                    error!(execution = slot.execution, "{problem}");
                    shared.count(|counts| counts.unreadable += 1);
                }
                Err(problem) => {
                    shared.suspect(slot.taken_at);
                    shared.note(problem);
                }
            }
        }
        // Below the limit all may be started, even if they run: it changes nothing. Above it, after it was lowered, only
        // what does not run may be counted as not running, so Step Functions is asked.
        let taken = u32::try_from(slots.len()).unwrap_or(u32::MAX);
        let (unstarted, at_least) = if taken <= shared.state().gate.max_concurrency() {
            (claimed, taken)
        } else {
            (self.without_execution(shared, claimed).await, 0)
        };
        let count = u32::try_from(unstarted.len()).unwrap_or(u32::MAX);
        shared.state().gate.found_unstarted(count);
        stream::iter(unstarted)
            .for_each_concurrent(AT_ONCE, |open| {
                self.restart_one(shared, open, at_least, stop_at)
            })
            .await;
    }

    /// What a slot is for; `rows` has the rows of all that work on one.
    async fn claimed_by(
        &self,
        slot: &Slot,
        rows: &Rows,
        now: Millis,
    ) -> Result<Claimed, HandlerError> {
        let Some(key) = slot.row() else {
            return self.claimed(slot, now).await;
        };
        match rows.get(key) {
            Some(Ok(row)) => Ok(Claimed::of(slot, Some(row))),
            Some(Err(problem)) => Err(problem.clone()),
            None => Ok(Claimed::Nothing),
        }
    }

    /// Those that are known to have no execution. What is pending may have one: its start may have had no clear answer.
    async fn without_execution(&self, shared: &Shared, claimed: Vec<Open>) -> Vec<Open> {
        let mut unstarted = Vec::new();
        for open in claimed {
            let slot = &open.slot;
            let found = self
                .workflow
                .find(&slot.state_machine_arn, &slot.execution)
                .await;
            // As long as something is suspect the sweep passes this slot by, and what is suspect may wait for this slot.
            let reported = match found {
                Ok(Found::Nothing) if may_run_unfound(slot, shared.now()) => {
                    shared.suspect(slot.taken_at);
                    continue;
                }
                Ok(Found::Nothing) => {
                    unstarted.push(open);
                    continue;
                }
                Ok(Found::Running) => Ok(()),
                Ok(Found::Closed(outcome)) => self.report(shared, &outcome).await,
                Err(problem) => Err(problem),
            };
            match reported {
                Ok(()) => {}
                Err(problem) => {
                    shared.suspect(slot.taken_at);
                    shared.note(problem);
                }
            }
        }
        unstarted
    }

    /// Only while the limit is at least `at_least`: what was not asked after may run.
    async fn restart_one(&self, shared: &Shared, open: Open, at_least: u32, stop_at: Millis) {
        let Open { slot, load } = open;
        loop {
            let lowered = shared.state().gate.max_concurrency() < at_least;
            if lowered || shared.is_stopping() || shared.now() >= stop_at {
                return shared.suspect(slot.taken_at);
            }
            let now = shared.now();
            let grant = shared.state().gate.request_restart(slot.taken_at, now);
            trace!(decision = ?grant, "restart gate");
            match grant {
                Grant::Take(_) => break,
                Grant::NotBefore(time) => {
                    tokio::time::sleep_until(shared.clock.instant(time.min(stop_at))).await;
                    if let Err(problem) = self.read_control(shared).await {
                        shared.fail(problem);
                    }
                }
                Grant::Full | Grant::Spent => return shared.suspect(slot.taken_at),
            }
        }
        shared.count(|counts| counts.restarted += 1);
        self.start(shared, &slot, &load).await;
    }

    pub(crate) async fn free_unused(&self, shared: &Shared, slot: &Slot) {
        let forgotten = match slot.work {
            Work::Batch => self.ledger.forget_batch(&slot.execution).await,
            Work::Row(_) => Ok(()),
        };
        let freed = match forgotten {
            Ok(()) => self.ledger.free_unused_slot(slot).await,
            problem => problem,
        };
        match freed {
            Ok(()) => shared.count(|counts| counts.freed += 1),
            Err(problem) => {
                warn!("{problem}");
                shared.suspect(slot.taken_at);
            }
        }
    }
}
