//! Time as the handlers see it: the wall clock, read once, plus tokio's clock, so that tests can
//! steer it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use spillway::Millis;

/// A wall clock that moves with tokio's.
///
/// Made anew for each invocation: Lambda freezes the process between two, and a monotonic clock can
/// stop with it.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch: Millis,
    at: Instant,
}

impl Clock {
    /// Returns a clock that starts from the machine's wall clock.
    pub fn system() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self::starting_at(since_epoch.as_millis() as Millis)
    }

    /// Returns a clock that starts from a given time.
    pub fn starting_at(epoch: Millis) -> Self {
        Self {
            epoch,
            at: Instant::now(),
        }
    }

    pub fn now(&self) -> Millis {
        self.epoch + self.at.elapsed().as_millis() as Millis
    }

    /// Sleeps until [`Self::now`] is `time`.
    pub async fn sleep_until(&self, time: Millis) {
        tokio::time::sleep_until(self.instant(time)).await;
    }

    /// Returns the moment on tokio's clock at which [`Self::now`] is `time`.
    pub fn instant(&self, time: Millis) -> Instant {
        let ahead = (time - self.now()).max(0);
        Instant::now() + Duration::from_millis(ahead as u64)
    }
}
