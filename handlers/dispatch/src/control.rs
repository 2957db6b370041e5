//! The pace in force: read with the control item, and passed on to the tick.

use aws::clock::Clock;
use aws::error::AwsError;
use aws::ledger::Told;
use aws::shell::patiently;
use spillway::Millis;
use spillway::lane;
use spillway::pace::in_force::{InForce, PausedBy, in_force};
use spillway::pace::overridden::Overridden;
use spillway::rules::standing::override_seconds;
use tracing::{info, trace};

use crate::Dispatch;
use crate::error::TickError;
use crate::shared::{Shared, State};

/// How often the control item is read again and the windows are looked at. So a limit or a pause
/// also holds for events that are queued already.
pub(crate) const CONTROL_EVERY: Millis = 2_000;

impl Dispatch {
    /// Reads the control item, and returns the pace in force.
    pub(crate) async fn in_force(
        &self,
        clock: Clock,
        end_by: Millis,
    ) -> Result<(InForce<'_>, Told), TickError> {
        let told = patiently(clock, end_by, || self.shell.ledger.told()).await;
        let told = told.map_err(|problem| match problem {
            AwsError::Ledger { .. } => TickError::Control(problem),
            problem => TickError::Aws(problem),
        })?;
        let Self { config, .. } = self;
        let lanes = lane::bounds(&config.pipeline.lanes);
        let in_force = in_force(
            &config.pace,
            &lanes,
            &config.windows,
            &told.control,
            clock.now(),
        );
        Ok((in_force.map_err(TickError::Pace)?, told))
    }

    /// Reads the control item again when it is time: a limit, a pause or a window holds within
    /// seconds.
    pub(crate) async fn read_control(&self, shared: &Shared) -> Result<(), TickError> {
        let now = shared.now();
        {
            let mut state = shared.state();
            if now - state.control_read < CONTROL_EVERY {
                return Ok(());
            }
            state.control_read = now;
        }
        let (in_force, told) = self.in_force(shared.shell.clock, shared.end_by()).await?;
        let have_landed = shared.old_slots.get().is_some();
        {
            let mut state = shared.state();
            let pace = state.layouts.slowed(&in_force.pace, have_landed);
            let mut gate = shared.gate.lock();
            gate.set_pace(&pace);
            gate.set_bounds(&in_force.lanes);
            drop(gate);
            shared.trace_lanes();
            if state.put_in_force(&in_force, now) {
                state.tick.stop();
            }
        }
        self.look_at_health(shared, &in_force.pace, &told.health)
            .await;
        let mut state = shared.state();
        let lease = &shared.reservation.lease;
        let holder = (lease.holder(), lease.held_since);
        let hands_over = self
            .config
            .idle
            .hands_over(holder, told.successor.as_ref(), shared.now());
        trace!(decision = ?hands_over, "handing over");
        if hands_over {
            info!(successor = ?told.successor, "the next tick waits for the lease");
            state.tick.hand_over();
        }
        Ok(())
    }
}

impl State {
    /// Sets the pace in force from `at` on. Returns whether it is a pause.
    pub fn put_in_force(&mut self, now: &InForce<'_>, at: Millis) -> bool {
        trace!(decision = ?now.paused, "pause");
        self.counts.max_concurrency = Some(now.pace.max_concurrency);
        if self.window.as_deref() != now.window {
            match now.window {
                Some(window) => info!(window, "a window is in force"),
                None => info!("no window is in force any more"),
            }
            self.window = now.window.map(str::to_owned);
        }
        self.hold = now.circuit;
        let overridden = Overridden::by(now);
        self.counts.override_seconds = match overridden.what.is_empty() {
            true => 0,
            false => override_seconds(overridden.since.as_deref(), at),
        };
        if self.overridden != overridden {
            let Overridden { what, since, note } = &overridden;
            if what.is_empty() {
                info!("the control item overrides nothing any more");
            } else {
                let window = now.window;
                info!(
                    overrides = what,
                    since, note, window, "the control item overrides"
                );
            }
            self.overridden = overridden;
        }
        match now.paused {
            Some(PausedBy::Operator) => info!("paused by the control item"),
            Some(PausedBy::Circuit) => {
                info!("paused by the circuit, which the control item holds open")
            }
            Some(PausedBy::Window) => info!(window = now.window, "paused by the window"),
            None => return false,
        }
        self.counts.paused = 1;
        true
    }
}
