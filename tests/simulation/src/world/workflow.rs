//! How executions end, by the seed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fake_aws::{Ending, Execution, ExecutionResult, Rng};
use serde_json::json;

use super::coverage::Coverage;
use crate::invariants::{failed_items, ids};
use crate::target::{Takes, Target};

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How executions call their target.
pub struct Calls {
    takes: Takes,
    target: Option<Target>,
    /// Nothing goes wrong any more.
    is_well: Arc<AtomicBool>,
}

impl Calls {
    pub fn new(takes: Takes, is_well: Arc<AtomicBool>) -> Self {
        Self {
            takes,
            target: None,
            is_well,
        }
    }

    /// How an execution ends that the target refuses.
    fn refuses(&mut self, execution: &Execution, takes: Duration) -> Option<Ending> {
        if self.takes == Takes::Everything || self.is_well.load(Ordering::Relaxed) {
            return None;
        }
        let now = execution.started_ms;
        let new = || Target::new(self.takes, now);
        let target = self.target.get_or_insert_with(new);
        let ending = target.ending(takes, now);
        let failed = matches!(ending.result, ExecutionResult::Failed { .. });
        failed.then_some(ending)
    }
}

/// Returns a workflow that can do anything.
pub fn workflow(
    rng: &Rng,
    batches: bool,
    mut target: Calls,
    coverage: Arc<Mutex<Coverage>>,
) -> impl FnMut(&Execution) -> Ending + Send + use<> {
    let mut rng = rng.fork("workflow");
    let longest = Duration::from_millis([400, 2_000, 6_000, 20_000][rng.below(4) as usize]);
    let fails = [0.0, 0.1, 0.3][rng.below(3) as usize];
    let days = [0.0, 0.0, 0.05][rng.below(3) as usize];
    move |execution| {
        let mut after = rng.duration(Duration::from_millis(20), longest);
        let count = |what: &str| {
            let mut coverage = coverage.lock().unwrap_or_else(PoisonError::into_inner);
            coverage.count(&format!("workflow: {what}"));
        };
        if let Some(refused) = target.refuses(execution, after) {
            count("the target takes no more");
            return refused;
        }
        if rng.chance(days) {
            after = rng.duration(A_DAY, 3 * A_DAY);
            count("runs for days");
        }
        if rng.chance(fails) {
            return match rng.below(4) {
                0 => {
                    count("times out");
                    Ending::time_out(after)
                }
                1 => {
                    count("aborted");
                    Ending::abort(after)
                }
                _ => {
                    count("fails");
                    Ending::fail(after, "Broken", "by chance")
                }
            };
        }
        let items = ids(execution);
        let output = match rng.below(12) {
            0..=3 if batches => {
                count("items of a batch fail");
                failed_items(&items[items.len() / 2..])
            }
            4 if batches => {
                count("report is malformed");
                json!({"batchItemFailures": "all of them"}).to_string()
            }
            5 if batches => {
                count("report is malformed");
                failed_items(&["of nobody".to_owned()])
            }
            _ => {
                count("succeeds");
                "{}".to_owned()
            }
        };
        Ending::succeed(after, &output)
    }
}
