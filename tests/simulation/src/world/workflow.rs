//! How executions end, by the seed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fake_aws::{Ending, Execution, Rng};
use serde_json::json;

use super::coverage::Coverage;
use crate::invariants::{failed_items, ids};

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A workflow that may do anything.
pub fn workflow(
    rng: &Rng,
    batches: bool,
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
