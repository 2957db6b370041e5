//! The target that executions call: it takes so much, and fails all beyond that.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use fake_aws::Ending;

/// The error of an execution whose target takes no more.
pub const ERROR: &str = "Target.ThrottlingException";
/// An execution that the target refuses ends soon.
const REFUSED_AFTER: Duration = Duration::from_secs(1);

/// The capacity of a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Takes {
    Everything,
    /// So many a second, as a bucket of one second.
    PerSecond(f64),
    /// So many at once.
    AtOnce(usize),
    /// Everything but in this time, in milliseconds since it began.
    OutageBetween(i64, i64),
    /// Each takes longer, the more there are: by this share of the time for each one, and ten times
    /// the time at most.
    Slower(f64),
    /// Everything and nothing, in turn for so long, in milliseconds.
    Flaps(i64),
}

/// A target.
#[derive(Debug)]
pub struct Target {
    takes: Takes,
    began_ms: i64,
    /// The bucket's level, and the time at which it was right.
    bucket: (f64, i64),
    /// The ends of the executions that run.
    ends: BinaryHeap<Reverse<i64>>,
}

impl Target {
    /// Makes one that begins at a time, in milliseconds since the epoch.
    pub fn new(takes: Takes, began_ms: i64) -> Self {
        let full = match takes {
            Takes::PerSecond(rate) => rate.ceil(),
            _ => 0.0,
        };
        Self {
            takes,
            began_ms,
            bucket: (full, began_ms),
            ends: BinaryHeap::new(),
        }
    }

    /// Returns how an execution ends that begins now and takes so long by itself.
    pub fn ending(&mut self, takes: Duration, now_ms: i64) -> Ending {
        while self.ends.peek().is_some_and(|Reverse(end)| *end <= now_ms) {
            self.ends.pop();
        }
        let running = self.ends.len();
        let since = now_ms - self.began_ms;
        let (is_taken, takes) = match self.takes {
            Takes::Everything => (true, takes),
            Takes::PerSecond(rate) => (self.take_token(rate, now_ms), takes),
            Takes::AtOnce(most) => (running < most, takes),
            Takes::OutageBetween(from, to) => (!(from..to).contains(&since), takes),
            Takes::Slower(share) => {
                let longer = 1.0 + share * running as f64;
                (longer <= 10.0, takes.mul_f64(longer.min(10.0)))
            }
            Takes::Flaps(each) => ((since / each) % 2 == 0, takes),
        };
        let takes = match is_taken {
            true => takes,
            false => takes.min(REFUSED_AFTER),
        };
        self.ends.push(Reverse(now_ms + takes.as_millis() as i64));
        match is_taken {
            true => Ending::succeed(takes, "{}"),
            false => Ending::fail(takes, ERROR, "the target takes no more"),
        }
    }

    fn take_token(&mut self, rate: f64, now_ms: i64) -> bool {
        let (tokens, at) = self.bucket;
        let tokens = (tokens + rate * (now_ms - at) as f64 / 1_000.0).min(rate.ceil());
        let is_taken = tokens >= 1.0;
        self.bucket = (tokens - f64::from(u8::from(is_taken)), now_ms);
        is_taken
    }
}
