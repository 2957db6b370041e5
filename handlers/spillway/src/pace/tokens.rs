//! The token bucket that keeps starts below the account's `StartExecution` quota.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>

use crate::Millis;

/// The slowest rate that throttling can bring about, in starts per second.
const SLOWEST: f64 = 1.0;
/// After a throttled start the rate comes back by this share of the configured one each second.
const RECOVERY_PER_SECOND: f64 = 0.05;

/// The shortest time between two halvings of the rate.
const HALVE_EVERY: Millis = 1_000;

/// From a token's grant to the answer of its start it hardly takes longer, in seconds.
const UNDER_WAY_SECONDS: f64 = 0.5;

/// A token bucket: `rate` tokens per second, at most `burst` at once. A start takes one.
///
/// AWS's own bucket loses a token when a start arrives, not when this one grants it. So a token
/// that is taken still counts until its start is answered. Until then no other takes its place: a
/// full bucket would give more than AWS's has.
#[derive(Debug, Clone)]
pub struct Tokens {
    configured: f64,
    burst: f64,
    /// The rate in force: the configured one, less after a throttled start.
    rate: f64,
    available: f64,
    /// Tokens taken for starts without an answer so far.
    taken: u32,
    at: Millis,
    /// When the rate was last halved.
    halved: Option<Millis>,
}

/// The numbers that the lease carries from one tick to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Carried {
    pub tokens: f64,
    /// When `tokens` was right.
    pub at: Millis,
    /// The rate in force; `None`: the configured one.
    pub rate: Option<f64>,
}

impl Tokens {
    /// Goes on from the last tick's bucket; a full one if there was none.
    pub fn new(starts_per_second: f64, burst: u32, carried: Option<Carried>, now: Millis) -> Self {
        let burst = f64::from(burst);
        let mut tokens = Self {
            configured: starts_per_second,
            burst,
            rate: starts_per_second,
            available: burst,
            taken: 0,
            at: now,
            halved: None,
        };
        if let Some(carried) = carried {
            if let Some(rate) = carried.rate {
                tokens.rate = rate.clamp(SLOWEST.min(starts_per_second), starts_per_second);
            }
            tokens.available = carried.tokens.clamp(0.0, burst);
            tokens.at = carried.at.min(now);
            tokens.refill(now);
        }
        tokens
    }

    /// Returns the numbers for the next tick, in millionths: a float's last digits are no use in
    /// the ledger.
    pub fn carry(&self) -> Carried {
        let tokens = (self.available * 1e6).floor() / 1e6;
        let rate = (self.rate * 1e6).round() / 1e6;
        Carried {
            tokens,
            at: self.at,
            rate: Some(rate),
        }
    }

    /// Takes a pace that changed while the tick runs.
    pub fn set(&mut self, starts_per_second: f64, burst: u32) {
        self.rate = (self.rate / self.configured * starts_per_second)
            .clamp(SLOWEST.min(starts_per_second), starts_per_second);
        self.configured = starts_per_second;
        self.burst = f64::from(burst);
        self.available = self.available.min(self.room());
    }

    /// Returns how many tokens there can be beside those that are taken. A burst below the starts
    /// under way at the rate does not slow the rate down.
    fn room(&self) -> f64 {
        let at_least = (self.configured * UNDER_WAY_SECONDS).max(1.0);
        (self.burst - f64::from(self.taken)).max(at_least.min(self.burst))
    }

    fn refill(&mut self, now: Millis) {
        let seconds = (now - self.at).max(0) as f64 / 1000.0;
        self.at = self.at.max(now);
        let room = self.room().max(self.available);
        self.available = (self.available + seconds * self.rate).min(room);
        self.rate =
            (self.rate + seconds * self.configured * RECOVERY_PER_SECOND).min(self.configured);
    }

    /// Returns the whole tokens to be had now.
    pub fn available(&mut self, now: Millis) -> u32 {
        self.refill(now);
        self.available as u32
    }

    /// Takes `wanted` tokens, or as many as there are.
    pub fn take(&mut self, wanted: u32, now: Millis) -> u32 {
        let taken = wanted.min(self.available(now));
        self.available -= f64::from(taken);
        self.taken += taken;
        taken
    }

    /// Notes that the starts of so many tokens were answered.
    pub fn used(&mut self, tokens: u32, now: Millis) {
        self.refill(now);
        self.lost(tokens);
    }

    /// Notes that nobody will know whether the starts of so many tokens were made.
    pub fn lost(&mut self, tokens: u32) {
        self.taken = self.taken.saturating_sub(tokens);
    }

    /// Gives back tokens for which nothing was started.
    pub fn give_back(&mut self, unused: u32) {
        self.taken = self.taken.saturating_sub(unused);
        self.available = (self.available + f64::from(unused)).min(self.room());
    }

    /// Returns when there will be `wanted` tokens, if the starts under way are answered by then;
    /// `wanted` above the burst counts as the burst.
    pub fn available_at(&mut self, wanted: u32, now: Millis) -> Millis {
        self.refill(now);
        let missing = (f64::from(wanted).min(self.burst) - self.available).max(0.0);
        now + (missing / self.rate * 1000.0).ceil() as Millis
    }

    /// Notes a throttled start: nothing is saved up any more, and half the rate holds from now on.
    /// Starts that were under way at the same time say nothing new, so the rate is halved once a
    /// second at the most. It recovers by itself.
    pub fn throttled(&mut self, now: Millis) {
        self.refill(now);
        self.available = 0.0;
        if self.halved.is_none_or(|halved| now - halved >= HALVE_EVERY) {
            self.rate = (self.rate / 2.0).max(SLOWEST.min(self.configured));
            self.halved = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_then_the_rate() {
        let mut tokens = Tokens::new(10.0, 5, None, 0);
        assert_eq!(tokens.take(9, 0), 5);
        tokens.used(5, 0);
        assert_eq!(tokens.take(1, 0), 0);
        assert_eq!(tokens.take(9, 300), 3);
        assert_eq!(tokens.available_at(2, 300), 500);
    }

    #[test]
    fn a_full_bucket_is_refilled_once_a_start_is_answered() {
        let mut tokens = Tokens::new(2.0, 5, None, 0);
        assert_eq!(tokens.take(3, 0), 3);
        assert_eq!(tokens.available(1_000), 2);
        tokens.used(1, 1_000);
        assert_eq!(tokens.available(1_499), 2);
        assert_eq!(tokens.available(2_000), 3);
        tokens.give_back(2);
        assert_eq!(tokens.available(2_000), 5);
    }

    #[test]
    fn slow_rates_work() {
        let mut tokens = Tokens::new(0.5, 1, None, 0);
        assert_eq!(tokens.take(1, 0), 1);
        tokens.used(1, 0);
        assert_eq!(tokens.available_at(1, 0), 2000);
        assert_eq!(tokens.take(1, 1999), 0);
        assert_eq!(tokens.take(1, 2000), 1);
    }

    #[test]
    fn the_next_tick_goes_on_where_the_last_stopped() {
        let mut first = Tokens::new(10.0, 50, None, 0);
        first.take(50, 0);
        let mut second = Tokens::new(10.0, 50, Some(first.carry()), 1000);
        assert_eq!(second.available(1000), 10);
    }

    #[test]
    fn throttling_halves_the_rate_and_it_recovers() {
        let mut tokens = Tokens::new(100.0, 100, None, 0);
        for _ in 0..10 {
            tokens.throttled(0);
        }
        assert_eq!(tokens.available(0), 0);
        assert_eq!(tokens.carry().rate, Some(50.0));
        tokens.available(60_000);
        assert_eq!(tokens.carry().rate, Some(100.0));
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing() {
        let mut tokens = Tokens::new(10.0, 5, None, 10_000);
        tokens.take(5, 10_000);
        assert_eq!(tokens.available(0), 0);
        assert_eq!(tokens.available(10_000), 0);
    }

    proptest! {
        /// Over any span no more than the burst and the span's share of the rate.
        #[test]
        fn never_faster_than_the_pace(
            rate in 0.1f64..4_000.0, burst in 1u32..500,
            steps in proptest::collection::vec((0i64..2000, 1u32..50, 0u32..100), 1..100),
        ) {
            let mut tokens = Tokens::new(rate, burst, None, 0);
            let (mut now, mut taken) = (0, 0.0);
            for (wait, wanted, used) in steps {
                now += wait;
                taken += f64::from(tokens.take(wanted, now));
                tokens.used(used, now);
                prop_assert!(taken <= f64::from(burst) + rate * now as f64 / 1000.0 + 1e-6);
            }
        }

        /// However late each start is made: a bucket like AWS's refuses none.
        #[test]
        fn late_starts_are_not_refused(
            rate in 0.1f64..4_000.0, more in 50u32..500,
            steps in proptest::collection::vec((0i64..2000, 1u32..50, 0u32..100), 1..100),
        ) {
            let burst = (rate * UNDER_WAY_SECONDS).ceil() as u32 + more;
            let mut tokens = Tokens::new(rate, burst, None, 0);
            let (mut at, mut left) = (0, f64::from(burst));
            let (mut now, mut under_way) = (0, 0);
            for (wait, wanted, made) in steps {
                now += wait;
                under_way += tokens.take(wanted.min(more - under_way), now);
                let made = made.min(under_way);
                under_way -= made;
                left = (left + rate * (now - at) as f64 / 1000.0).min(f64::from(burst)) - f64::from(made);
                at = now;
                prop_assert!(left >= -1e-6, "{left}");
                tokens.used(made, now);
            }
        }

        /// Waiting until `available_at` is enough, and finite.
        #[test]
        fn waiting_helps(rate in 0.1f64..4_000.0, burst in 1u32..500, wanted in 1u32..10, spent in 0u32..500) {
            let mut tokens = Tokens::new(rate, burst, None, 0);
            let taken = tokens.take(spent, 0);
            tokens.used(taken, 0);
            let at = tokens.available_at(wanted, 0);
            prop_assert!(tokens.available(at + 1) >= wanted.min(burst));
        }
    }
}
