//! Virtual wall-clock time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::time::TimeSource;
use aws_smithy_types::DateTime;
use tokio::time::Instant;

/// 2026-01-01T00:00:00Z, in milliseconds: the time at which a fake AWS begins, so that runs repeat.
const EPOCH_MS: i64 = 1_767_225_600_000;

/// Wall-clock time that moves with tokio's clock, paused or not. Also the SDK's time source, should
/// a client want it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    /// The time at `start`, in milliseconds since the epoch.
    start_ms: i64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self::start_at(EPOCH_MS)
    }

    pub(crate) fn start_at(start_ms: i64) -> Self {
        Self {
            start: Instant::now(),
            start_ms,
        }
    }

    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.start_ms + self.elapsed().as_millis() as i64
    }

    /// Returns the time since the fake was made.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Returns the tokio instant of a wall-clock time.
    pub(crate) fn instant(&self, at_ms: i64) -> Instant {
        let since_start = u64::try_from(at_ms - self.start_ms).unwrap_or(0);
        self.start + Duration::from_millis(since_start)
    }

    /// Returns a wall-clock time as ISO 8601 text in whole seconds, as in AWS's events.
    pub fn iso(at_ms: i64) -> String {
        let at = DateTime::from_secs(at_ms.div_euclid(1000));
        at.fmt(aws_smithy_types::date_time::Format::DateTime)
            .expect("the years of a simulation have four digits")
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.now_ms().unsigned_abs())
    }
}
