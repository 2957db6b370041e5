//! The input of a plan: a pipeline, its executions, and the time of AWS's calls.

use std::sync::Arc;
use std::time::Duration;

use spillway::Millis;
use spillway::pace::Pace;
use spillway::pace::adapt::Adapt;
use spillway::pace::bound::Bound;
use spillway::pace::window::Windows;
use spillway::protocol::holding::Idle;
use spillway::rules::order::Order;
use spillway::rules::retry::RetryPolicy;

use super::quota::Quota;
use super::target::Target;

/// A pipeline and all that it depends on.
#[derive(Debug, Clone)]
pub struct Setup {
    pub pace: Pace,
    pub windows: Windows,
    pub starts_per_day: Option<u32>,
    pub retry: RetryPolicy,
    /// The guaranteed share of each lane, by priority.
    pub lanes: Vec<f64>,
    /// The lanes' own bounds, by priority.
    pub bounds: Vec<Bound>,
    /// The bound of each tenant; `None`: there is none.
    pub tenants: Option<Tenants>,
    /// The signs that the target takes no more; `None`: the pace does not adapt.
    pub adapt: Option<Adapt>,
    /// The target that executions call.
    pub target: Target,
    /// Object events of one execution, at most.
    pub events_per_execution: u32,
    pub order: Order,
    /// Each upload has a row before its message comes: `ingest` wrote it.
    pub has_rows: bool,
    /// The events queues are FIFO queues. Each upload is of another object, so none waits for
    /// another one.
    pub fifo: bool,
    pub idle: Idle,
    /// From one tick to the next.
    pub schedule: Duration,
    /// How long a tick receives messages at most.
    pub tick: Duration,
    pub executions: Executions,
    pub calls: Calls,
    /// `StartExecution`'s quota; `None`: there is no such limit.
    pub quota: Option<Quota>,
    /// When the first tick begins, in milliseconds since the epoch.
    pub from: Millis,
    /// When nothing more is worked on.
    pub until: Millis,
    pub seed: u64,
}

/// Tenants with a bound of their own.
#[derive(Debug, Clone)]
pub struct Tenants {
    /// Executions of each that run at once, at most.
    pub max_concurrency: u32,
    /// Their names, in the order of [`Arrival::tenant`].
    pub names: Arc<[String]>,
}

/// How executions go.
#[derive(Debug, Clone)]
pub struct Executions {
    pub takes: Takes,
    pub failures: Vec<Failure>,
}

/// An error with which executions fail.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub error: String,
    /// Of all executions; with `always` of all objects. From 0 to 1.
    pub share: f64,
    /// An object that fails so fails at every attempt.
    pub always: bool,
}

/// How long an execution takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Takes {
    Always(Duration),
    /// Half of them at most so long, and 99 of 100 at most so long: a log-normal distribution.
    Spread {
        p50: Duration,
        p99: Duration,
    },
    /// One of these, each as likely.
    Measured(Vec<Duration>),
}

/// How long AWS takes.
#[derive(Debug, Clone, Copy)]
pub struct Calls {
    /// A call, there and back.
    pub each: Duration,
    /// From an upload to its message in the queue.
    pub way_in: Duration,
    /// From an execution's end to its message in the outcomes queue.
    pub outcome: Duration,
}

/// An object that is uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival {
    /// In milliseconds since the epoch.
    pub at: Millis,
    /// Which object: with an order two uploads of one object do not run side by side.
    pub object: u32,
    /// The index of its wave: uploads that are done when all of them are.
    pub wave: u16,
    /// The index of its lane, by priority.
    pub lane: u8,
    /// 0, or the error with which every attempt fails, by its place among the failures, from 1 on.
    pub doomed: u8,
    /// 0, or its tenant, by the place of its name, from 1 on.
    pub tenant: u32,
}

/// An attempt at an upload. It draws the same in every plan of a seed: two settings are compared
/// with the same luck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    pub seed: u64,
    /// Which upload it is of, by its place among the arrivals.
    pub upload: u32,
    /// From 1 on.
    pub number: u16,
    /// As in [`Arrival::doomed`].
    pub doomed: u8,
}

/// Numbers that follow each other become unlike: an odd number with as many ones as zeros.
const SPREADS: u64 = 0x9e37_79b9_7f4a_7c15;

/// The 99th percentile of the standard normal distribution.
const P99: f64 = 2.326;

impl Executions {
    /// Draws the error with which every attempt at an object fails, as [`Arrival::doomed`] says it.
    pub fn doom(&self, rng: &mut fastrand::Rng) -> u8 {
        let mut left = None;
        for (index, failure) in self.failures.iter().enumerate() {
            if !failure.always {
                continue;
            }
            let drawn = left.unwrap_or_else(|| rng.f64());
            if drawn < failure.share {
                return u8::try_from(index + 1).unwrap_or(u8::MAX);
            }
            left = Some(drawn - failure.share);
        }
        0
    }
}

impl Attempt {
    /// Returns how long an execution takes whose first object event this is, in milliseconds.
    pub fn takes(&self, executions: &Executions) -> Millis {
        executions.takes.draw(&mut self.luck(1))
    }

    /// Returns with which error it fails, by its place among the failures, if it does.
    pub fn fails(&self, executions: &Executions) -> Option<usize> {
        if self.doomed > 0 {
            return Some(usize::from(self.doomed) - 1);
        }
        let mut left = self.luck(2).f64();
        let failures = executions.failures.iter().enumerate();
        for (index, failure) in failures.filter(|(_, failure)| !failure.always) {
            if left < failure.share {
                return Some(index);
            }
            left -= failure.share;
        }
        None
    }

    /// `of`: two draws of one attempt have nothing to do with each other.
    fn luck(&self, of: u64) -> fastrand::Rng {
        let parts = [self.upload.into(), u64::from(self.number) << 8 | of];
        let mixed = parts.into_iter().fold(self.seed, |mixed, part: u64| {
            (mixed ^ part).wrapping_mul(SPREADS).rotate_left(29)
        });
        fastrand::Rng::with_seed(mixed)
    }
}

impl Takes {
    /// Draws one, in milliseconds.
    pub fn draw(&self, rng: &mut fastrand::Rng) -> Millis {
        let millis = |time: &Duration| time.as_millis() as f64;
        let drawn = match self {
            Self::Always(time) => millis(time),
            Self::Spread { p50, p99 } => {
                let sigma = (millis(p99) / millis(p50).max(1.0)).max(1.0).ln() / P99;
                millis(p50) * (sigma * normal(rng)).exp()
            }
            Self::Measured(times) => rng.choice(times).map_or(0.0, millis),
        };
        drawn.round() as Millis
    }
}

/// One of the standard normal distribution, by the method of Box and Muller.
fn normal(rng: &mut fastrand::Rng) -> f64 {
    let (one, other) = (1.0 - rng.f64(), rng.f64());
    (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_take_less_than_the_median_and_one_of_100_more_than_p99() {
        let takes = Takes::Spread {
            p50: Duration::from_secs(5),
            p99: Duration::from_secs(60),
        };
        let mut rng = fastrand::Rng::with_seed(1);
        let mut drawn: Vec<Millis> = (0..100_000).map(|_| takes.draw(&mut rng)).collect();
        drawn.sort_unstable();
        assert!((4_900..5_100).contains(&drawn[50_000]), "{}", drawn[50_000]);
        assert!(
            (57_000..63_000).contains(&drawn[99_000]),
            "{}",
            drawn[99_000]
        );
    }

    #[test]
    fn an_attempt_draws_the_same_in_every_plan_and_nothing_like_the_next_one() {
        let executions = Executions {
            takes: Takes::Spread {
                p50: Duration::from_secs(5),
                p99: Duration::from_secs(60),
            },
            failures: vec![Failure {
                error: "Timeout".into(),
                share: 0.2,
                always: false,
            }],
        };
        let attempt = |upload, number| Attempt {
            seed: 7,
            upload,
            number,
            doomed: 0,
        };
        let first = attempt(3, 1);
        assert_eq!(first.takes(&executions), first.takes(&executions));
        assert_ne!(first.takes(&executions), attempt(3, 2).takes(&executions));
        let fails = |number| {
            let attempts = (0..10_000).map(move |upload| attempt(upload, number));
            attempts.filter(|it| it.fails(&executions).is_some())
        };
        assert!((1_900..2_100).contains(&fails(1).count()));
        // Of those that failed at first, as many fail again.
        let again = fails(1).filter(|it| attempt(it.upload, 2).fails(&executions).is_some());
        assert!((340..460).contains(&again.count()));
        let doomed = Attempt { doomed: 1, ..first };
        assert_eq!(doomed.fails(&executions), Some(0));
    }
}
