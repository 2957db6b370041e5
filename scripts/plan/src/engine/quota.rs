//! The token bucket in front of `StartExecution`: of an account and Region, for all that start.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>

use spillway::Millis;

/// Quotas of Step Functions that all pipelines of an account and Region share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quota {
    /// Starts at once.
    pub bucket: f64,
    /// Starts per second that come back.
    pub refill_per_second: f64,
    /// State transitions per second.
    pub transitions_per_second: f64,
}

/// Regions with the larger quotas.
const LARGE: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

impl Quota {
    /// Returns AWS's own default of a Region. A new account can have less.
    pub fn of_region(region: &str) -> Self {
        match LARGE.contains(&region) {
            true => Self {
                bucket: 1_300.0,
                refill_per_second: 300.0,
                transitions_per_second: 5_000.0,
            },
            false => Self {
                bucket: 800.0,
                refill_per_second: 150.0,
                transitions_per_second: 800.0,
            },
        }
    }
}

/// The rest of a quota, or of a target's limit.
#[derive(Debug)]
pub struct Bucket {
    size: f64,
    per_second: f64,
    tokens: f64,
    at: Millis,
}

impl Bucket {
    /// Begins before anything was started.
    pub fn full(size: f64, per_second: f64, now: Millis) -> Self {
        Self {
            size,
            per_second,
            tokens: size,
            at: now,
        }
    }

    /// Takes a start. `false`: it is throttled.
    pub fn take(&mut self, now: Millis) -> bool {
        let refilled = self.per_second * (now - self.at) as f64 / 1_000.0;
        self.tokens = (self.tokens + refilled).min(self.size);
        self.at = now;
        let has_one = self.tokens >= 1.0;
        if has_one {
            self.tokens -= 1.0;
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_empties_and_comes_back_by_the_second() {
        let full = |region| {
            let quota = Quota::of_region(region);
            Bucket::full(quota.bucket, quota.refill_per_second, 0)
        };
        let mut bucket = full("eu-central-1");
        let taken = |bucket: &mut Bucket, now| (0..2_000).filter(|_| bucket.take(now)).count();
        assert_eq!(taken(&mut bucket, 0), 800);
        assert_eq!(taken(&mut bucket, 2_000), 300);
        let mut large = full("us-west-2");
        assert_eq!(taken(&mut large, 0), 1_300);
    }
}
