//! The token bucket in front of StartExecution.

/// StartExecution's quota of an account and Region.
#[derive(Clone, Copy, Debug)]
pub struct StartQuota {
    /// Starts in one burst.
    pub bucket: f64,
    /// Starts per second that come back.
    pub refill_per_second: f64,
}

impl StartQuota {
    /// us-east-1, us-west-2 and eu-west-1.
    pub const LARGE_REGION: Self = Self {
        bucket: 1300.0,
        refill_per_second: 300.0,
    };
    /// All other Regions.
    pub const OTHER_REGION: Self = Self {
        bucket: 800.0,
        refill_per_second: 150.0,
    };
}

pub(super) struct Bucket {
    quota: StartQuota,
    tokens: f64,
    at_ms: i64,
}

impl Bucket {
    pub(super) fn full(quota: StartQuota, now_ms: i64) -> Self {
        Self {
            quota,
            tokens: quota.bucket,
            at_ms: now_ms,
        }
    }

    pub(super) fn take(&mut self, now_ms: i64) -> bool {
        let refilled = (now_ms - self.at_ms) as f64 / 1000.0 * self.quota.refill_per_second;
        self.tokens = (self.tokens + refilled).min(self.quota.bucket);
        self.at_ms = now_ms;
        let has_one = self.tokens >= 1.0;
        if has_one {
            self.tokens -= 1.0;
        }
        has_one
    }
}
