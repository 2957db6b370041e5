//! Starts that an earlier tick left open: throttled ones, and those of a tick that died.

use futures_util::stream::{self, StreamExt};
use spillway::Millis;
use spillway::aws::ledger::Rows;
use spillway::gate::Grant;
use spillway::row::RowKey;
use spillway::slot::Slot;
use spillway::sweep::PARK_AFTER;
use tracing::{error, warn};

use crate::Dispatch;
use crate::shared::Shared;

/// Calls under way at once.
const AT_ONCE: usize = 16;

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
        let suspect = |slot: &Slot| suspect_since.is_some_and(|since| slot.taken_at >= since);
        let mut open: Vec<&Slot> = slots
            .iter()
            .filter(|slot| slot.pending || suspect(slot))
            .collect();
        if open.is_empty() {
            return;
        }
        open.sort_by_key(|slot| slot.taken_at);
        let keys: Vec<RowKey> = open.iter().map(|slot| slot.row.clone()).collect();
        let rows = match self.ledger.rows(&keys).await {
            Ok(rows) => rows,
            Err(problem) => return shared.fail_suspect(problem),
        };
        stream::iter(open)
            .for_each_concurrent(AT_ONCE, |slot| {
                self.restart_one(shared, slot, &rows, stop_at)
            })
            .await;
    }

    async fn restart_one(&self, shared: &Shared, slot: &Slot, rows: &Rows, stop_at: Millis) {
        let row = match rows.get(&slot.row) {
            Some(Ok(row)) if row.is_started_by(&slot.execution) => row,
            Some(Err(problem)) => {
                error!(execution = slot.execution, "{problem}");
                shared.state().suspect = true;
                return shared.count(|counts| counts.unreadable += 1);
            }
            // Taken and never claimed, or settled while we look.
            _ => return self.free_unused(shared, slot).await,
        };
        if shared.now() - slot.taken_at >= PARK_AFTER {
            return shared.count(|counts| counts.parked += 1);
        }
        loop {
            if shared.is_stopping() || shared.now() >= stop_at {
                shared.state().suspect = true;
                return;
            }
            let now = shared.now();
            let grant = shared.state().gate.request_restart(now);
            match grant {
                Grant::Take(_) => break,
                Grant::NotBefore(time) => {
                    tokio::time::sleep_until(shared.clock.instant(time.min(stop_at))).await;
                }
                // Pending slots are found again; suspects only while they are suspect.
                Grant::Full | Grant::Spent => {
                    shared.state().suspect = true;
                    return;
                }
            }
        }
        shared.count(|counts| counts.restarted += 1);
        self.start(shared, slot, &row.event, row.attempt).await;
    }

    pub(crate) async fn free_unused(&self, shared: &Shared, slot: &Slot) {
        match self.ledger.free_unused_slot(slot).await {
            Ok(()) => shared.count(|counts| counts.freed += 1),
            Err(problem) => {
                warn!("{problem}");
                shared.state().suspect = true;
            }
        }
    }
}
