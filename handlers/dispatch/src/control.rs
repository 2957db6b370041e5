//! What is in force: read with the control item, and passed on to the tick.

use aws::clock::Clock;
use aws::error::HandlerError;
use spillway::pace::in_force::{InForce, PausedBy, in_force};
use tracing::{info, trace};

use crate::Dispatch;
use crate::overridden::Overridden;
use crate::shared::Shared;

impl Dispatch {
    /// Reads the control item, and says what is in force now.
    pub(crate) async fn in_force(&self, clock: Clock) -> Result<InForce<'_>, HandlerError> {
        let control = self.ledger.control().await?;
        let Self { config, .. } = self;
        in_force(&config.pace, &config.windows, &control, clock.now())
            .map_err(|error| HandlerError::Control(error.to_string()))
    }
}

impl Shared {
    /// What is in force holds from now on. `true`: it is a pause.
    pub fn put_in_force(&self, now: &InForce<'_>) -> bool {
        trace!(decision = ?now.paused, "pause");
        let mut state = self.state();
        state.gate.set_pace(&now.pace);
        state.counts.max_concurrency = Some(now.pace.max_concurrency);
        if state.window.as_deref() != now.window {
            match now.window {
                Some(window) => info!(window, "a window is in force"),
                None => info!("no window is in force any more"),
            }
            state.window = now.window.map(str::to_owned);
        }
        let overridden = Overridden::by(now);
        if state.overridden != overridden {
            overridden.tell(now.window);
            state.overridden = overridden;
        }
        match now.paused {
            Some(PausedBy::Operator) => info!("paused by the control item"),
            Some(PausedBy::Window) => info!(window = now.window, "paused by the window"),
            None => return false,
        }
        state.counts.paused = 1;
        true
    }
}
