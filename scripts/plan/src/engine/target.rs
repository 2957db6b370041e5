//! The target that executions call: beyond its limit, and in an outage, it fails them.

use std::time::Duration;

use spillway::Millis;

use super::quota::Bucket;

/// An execution that the target refuses ends so soon, or sooner if it takes less.
pub const REFUSED_AFTER: Millis = 1_000;

/// The limits of a target. None: it takes everything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Target {
    /// So many executions a second, with a second's worth at once.
    pub per_second: Option<f64>,
    pub outages: Vec<Outage>,
    /// The error of an execution that it refuses.
    pub error: String,
}

/// A time in which a target takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// How long after the begin of the plan it begins.
    pub at: Duration,
    pub lasts: Duration,
}

impl Target {
    /// Returns whether it takes everything.
    pub fn is_unlimited(&self) -> bool {
        self.per_second.is_none() && self.outages.is_empty()
    }
}

/// A target while executions call it.
#[derive(Debug)]
pub struct Calls {
    outages: Vec<Outage>,
    from: Millis,
    /// `None`: it has no limit.
    limit: Option<Bucket>,
}

impl Calls {
    /// Begins with a bucket that is full.
    pub fn new(target: &Target, from: Millis) -> Self {
        Self {
            outages: target.outages.clone(),
            from,
            limit: (target.per_second).map(|rate| Bucket::full(rate.ceil(), rate, from)),
        }
    }

    /// Calls the target. Returns whether it takes the execution.
    pub fn takes(&mut self, now: Millis) -> bool {
        let since = now - self.from;
        let is_out = |outage: &Outage| {
            let at = outage.at.as_millis() as Millis;
            (at..at + outage.lasts.as_millis() as Millis).contains(&since)
        };
        if self.outages.iter().any(is_out) {
            return false;
        }
        self.limit.as_mut().is_none_or(|limit| limit.take(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_takes_its_rate_and_nothing_in_an_outage() {
        let target = Target {
            per_second: Some(2.0),
            outages: vec![Outage {
                at: Duration::from_secs(10),
                lasts: Duration::from_secs(5),
            }],
            error: String::new(),
        };
        let mut calls = Calls::new(&target, 1_000);
        let mut taken = |now| (0..5).filter(|_| calls.takes(now)).count();
        assert_eq!((taken(1_000), taken(1_500), taken(4_000)), (2, 1, 2));
        assert_eq!((taken(11_000), taken(15_999), taken(16_000)), (0, 0, 2));
        let mut free = Calls::new(&Target::default(), 0);
        assert!((0..100).all(|_| free.takes(0)));
    }
}
