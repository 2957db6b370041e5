//! The day's limit during a tick.

use aws::ledger::Lease;
use spillway::Millis;
use spillway::pace::day::{DayLimit, DayStarts};
use tracing::info;

use crate::Dispatch;
use crate::shared::{Shared, State};
use crate::tick::{Invocation, LEASE_MARGIN};

impl Dispatch {
    /// What this tick may start at most on its day, if there is a limit.
    pub(crate) fn begin_day(
        &self,
        shared: &Shared,
        lease: &Lease,
        invocation: &Invocation,
    ) -> Option<DayStarts> {
        let limit = self.config.starts_per_day?;
        let until = invocation.deadline + LEASE_MARGIN;
        let seconds = self.config.tick.as_secs_f64();
        let left = lease.left.day.as_ref();
        let day = shared.change(|state| {
            let most = state.gate.most(seconds);
            DayLimit::new(limit, left, shared.now(), until, most)
        });
        let worst = day.worst();
        shared.state().gate.set_day(day);
        Some(worst)
    }
}

impl State {
    /// Counts the day's starts, and says what the lease keeps of them.
    pub fn end_day(&mut self, now: Millis) -> Option<DayStarts> {
        let day = self.gate.day()?;
        let left = day.carry(now);
        let starts = day.starts();
        self.counts.starts_today = Some(starts);
        if let Some(resumes) = day.resumes() {
            self.counts.day_limit_reached = 1;
            info!("the day's starts are used up ({starts}): starts go on at {resumes}T00:00:00Z");
        }
        Some(left)
    }
}
