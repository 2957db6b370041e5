//! Renewing the lease, beside all that a tick does.

use std::sync::Arc;

use aws::ledger::Renewed;
use tokio::task::JoinSet;
use tracing::{trace, warn};

use crate::error::TickError;
use crate::shared::Shared;

impl Shared {
    /// Renews the lease from time to time, until the answer is dropped.
    pub(crate) fn renewing(self: &Arc<Self>) -> JoinSet<()> {
        let shared = Arc::clone(self);
        let mut renewing = JoinSet::new();
        renewing.spawn(async move { shared.renew().await });
        renewing
    }

    async fn renew(&self) {
        loop {
            let Some(at) = self.state().holding.renew_at() else {
                return;
            };
            self.shell.clock.sleep_until(at).await;
            let now = self.now();
            let until = self.state().holding.next(now);
            // Before the first start there is nothing to say about the day.
            let day = match self.reservation.written.initialized() {
                true => self.gate.lock().worst_of_day(until, now),
                false => None,
            };
            let lease = &self.reservation.lease;
            let renewed = self
                .shell
                .ledger
                .renew_lease(lease, until, day.as_ref())
                .await;
            trace!(decision = ?renewed, "renewal");
            let mut state = self.state();
            match renewed {
                Ok(Renewed::Now) => {
                    state.holding.renewed(now, until);
                    let grants_until = state.holding.grants_until();
                    drop(state);
                    let mut gate = self.gate.lock();
                    gate.grant_until(grants_until);
                    if let Some(day) = day {
                        gate.reserved(&day, until, now);
                    }
                }
                Ok(Renewed::Lost) => {
                    state.tick.leave_lease(lease.held_since, self.now());
                    return state.fail(TickError::LeaseLost);
                }
                // Without a renewal nothing more is granted, and the tick ends before the lease
                // does.
                Err(problem) => {
                    warn!("{problem}");
                    state.holding.not_renewed(self.now());
                    if !problem.passes() {
                        state.fail(problem);
                    }
                }
            }
        }
    }
}
