//! Runs of reconcile, over the ledger and over the bucket, by the seed: while everything goes wrong
//! and after it.

use std::time::Duration;

use ::reconcile::Reconciled;
use fake_aws::Rng;

use super::World;
use super::workload;
use crate::reconcile::{Asked, Ran, Runs, rows_of};

/// Invocations of one run over the ledger while everything goes wrong: the next page is the next
/// invocation's.
const INVOCATIONS: u32 = 20;
/// Invocations of the last run, which reads the whole ledger: a page can hold a single item.
const INVOCATIONS_TO_THE_END: u32 = 10_000;

/// The runner of reconcile.
pub struct Reconciler {
    world: World,
    rng: Rng,
    runs: Runs,
    number: u32,
}

impl Reconciler {
    pub fn new(world: &World) -> Self {
        let mut rng = world.rng.fork("reconcile");
        let seconds = Duration::from_secs;
        let mut runs = Runs::over(&world.pipeline);
        runs.sources = match workload::sources(world) {
            sources if sources.is_empty() => runs.sources,
            sources => sources,
        };
        // Everything can be too young or moving still: an object that is found and requeued meets
        // calls under way.
        runs.min_age = seconds(8 + rng.below(20));
        runs.stale_after = seconds(1 + rng.below(20));
        runs.batch = 1 + rng.below(8) as usize;
        runs.timeout = seconds(8 + rng.below(40));
        Self {
            world: world.clone(),
            rng,
            runs,
            number: 0,
        }
    }

    /// Runs now and then.
    pub async fn act(mut self, times: u64) {
        for _ in 0..times {
            let wait = self
                .rng
                .duration(Duration::from_secs(2), Duration::from_secs(14));
            tokio::time::sleep(wait).await;
            if self.rng.chance(0.5) {
                self.rows(INVOCATIONS).await;
            } else {
                self.objects().await;
            }
        }
    }

    /// Runs over both, when all that is in the bucket and in the ledger is old enough to be looked
    /// at.
    pub async fn catch_up(&mut self) {
        tokio::time::sleep(self.runs.min_age + self.runs.stale_after).await;
        self.number += 1_000;
        self.objects().await;
        if !self.rows(INVOCATIONS_TO_THE_END).await {
            let problem = "I1: the last run over the ledger did not come to its end".to_owned();
            self.world.kept().problems.push(problem);
        }
    }

    async fn objects(&mut self) {
        let asked = Asked {
            inventory: self.rng.chance(0.3),
            ..Asked::default()
        };
        let run = self.run("the bucket");
        for batch in self.runs.batches(&run, &asked) {
            self.invoke(&batch).await;
        }
    }

    /// Whether the whole ledger was read.
    async fn rows(&mut self, invocations: u32) -> bool {
        let run = self.run("the ledger");
        let mut cursor = None;
        for _ in 0..invocations {
            let last = self.invoke(&rows_of(&run, cursor.as_deref())).await;
            let Some(Ran::Ended(last)) = last else {
                return false;
            };
            let Ok(answer) = last.result else {
                return false;
            };
            cursor = answer.rows.and_then(|progress| progress.cursor);
            if cursor.is_none() {
                return true;
            }
        }
        false
    }

    fn run(&mut self, over: &str) -> String {
        self.number += 1;
        let line = format!("reconcile    run {} over {over}", self.number);
        self.world.history.act(self.world.now_ms(), line);
        format!("run-{}", self.number)
    }

    async fn invoke(&self, payload: &serde_json::Value) -> Option<Ran> {
        let mut tries = self.runs.tries(payload).await;
        for ran in &tries {
            self.world.happened(match ran {
                Ran::Ended(_) if ran.is_well() => "reconcile: went well",
                Ran::Ended(_) => "reconcile: failed",
                Ran::Crashed => "reconcile: crashed",
                Ran::TimedOut => "reconcile: timed out",
            });
            if let Ran::Ended(ended) = ran {
                let Reconciled { counts, result } = ended.as_ref();
                let line = format!("reconcile    {counts:?} {result:?}");
                self.world.history.act(self.world.now_ms(), line);
                for (count, name) in [
                    (counts.queued, "queues what it found"),
                    (counts.sent_again, "sends again"),
                ] {
                    if count > 0 {
                        self.world.happened(&format!("reconcile: {name}"));
                    }
                }
            }
        }
        tries.pop()
    }
}
