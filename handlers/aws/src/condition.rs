//! The facts without a metric of Lambda's: invocations that it ends, memory that runs short, and a
//! build that is not the released one. Each function reports it of itself, in a line of its own,
//! and only if there is something to report.

mod counts;

use std::future::Future;
use std::path::Path;

use spillway::Millis;
use spillway::rules::condition::{is_other_release, memory_is_near_limit, peak_kb, times_out_at};
use tracing::error;

use crate::clock::Clock;
use crate::metrics;

pub use counts::Counts;

/// The function's own settings, from its environment.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    pipeline: String,
    /// Memory that Lambda gives it, in MB; 0: it is not told.
    memory_mb: u64,
    other_release: bool,
}

impl Condition {
    /// Reads Lambda's variables and Terraform's. `compiled`: the version that the code was compiled
    /// as.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
    pub fn from_environment(lookup: &dyn Fn(&str) -> Option<String>, compiled: &str) -> Self {
        let memory = lookup("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
        let released = lookup("SPILLWAY_RELEASE");
        Self {
            pipeline: lookup("SPILLWAY_PIPELINE").unwrap_or_default(),
            memory_mb: memory.and_then(|it| it.parse().ok()).unwrap_or_default(),
            other_release: is_other_release(compiled, released.as_deref()),
        }
    }

    /// Waits for an invocation, and reports faults of the function. That Lambda is about to end it
    /// is reported while it still runs: afterwards nothing does.
    pub async fn watch<T>(&self, deadline: Millis, work: impl Future<Output = T>) -> T {
        let clock = Clock::system();
        let mut work = std::pin::pin!(work);
        let done = tokio::select! {
            biased;
            done = &mut work => done,
            () = clock.sleep_until(times_out_at(deadline)) => {
                error!("the invocation takes the whole timeout of the function, and Lambda is about to end it: raise memory_mb if this \
                     happens again");
                self.report(Counts::TIMED_OUT, clock.now());
                work.await
            }
        };
        let memory_near_limit = memory_is_near_limit(peak(), self.memory_mb).into();
        let counts = Counts {
            function_near_limit: memory_near_limit,
            timed_out: 0,
            memory_near_limit,
            other_release: self.other_release.into(),
        };
        self.report(counts, clock.now());
        done
    }

    fn report(&self, counts: Counts, now: Millis) {
        if counts != Counts::default() {
            metrics::emit(&self.pipeline, &counts, &[], now);
        }
    }
}

/// Returns the most memory that the process ever used, in KB; 0: unknown.
fn peak() -> u64 {
    let status = std::fs::read_to_string(Path::new("/proc/self/status"));
    status
        .ok()
        .and_then(|text| peak_kb(&text))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(variables: &[(&str, &str)]) -> Condition {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Condition::from_environment(&lookup, "1.0.0")
    }

    #[test]
    fn another_release_is_that_of_terraform() {
        assert!(!condition(&[]).other_release);
        assert!(!condition(&[("SPILLWAY_RELEASE", "1.0.0")]).other_release);
        assert!(condition(&[("SPILLWAY_RELEASE", "1.0.1")]).other_release);
    }

    #[test]
    fn memory_is_what_lambda_says() {
        assert_eq!(condition(&[]).memory_mb, 0);
        let memory = condition(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")]);
        assert_eq!(memory.memory_mb, 256);
        assert!(peak() > 0, "of this very process");
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_takes_too_long_comes_to_its_end_all_the_same() {
        let condition = condition(&[("SPILLWAY_PIPELINE", "reports")]);
        let deadline = Clock::system().now() + 3_000;
        let slow = async {
            tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
            7
        };
        assert_eq!(condition.watch(deadline, slow).await, 7);
    }
}
