//! What the fake does by itself at a later time: executions end, events arrive.
//!
//! A timer alone would leave it to the scheduler whether a test that wakes in the same millisecond sees it done. So
//! whoever looks does first what is due, and the timer only makes sure that somebody does.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::sfn::{self, ExecutionResult};
use crate::{World, lock, sqs};

/// Something to do.
pub(crate) enum Task {
    EndExecution {
        arn: String,
        result: ExecutionResult,
    },
    Deliver {
        queue: String,
        body: String,
    },
}

/// By time in milliseconds since the epoch, then in the order of planning.
#[derive(Default)]
pub(crate) struct Agenda {
    tasks: BTreeMap<(i64, u64), Task>,
    next: u64,
}

impl World {
    pub(crate) fn plan(self: &Arc<Self>, at_ms: i64, task: Task) {
        {
            let mut agenda = lock(&self.agenda);
            let place = (at_ms, agenda.next);
            agenda.tasks.insert(place, task);
            agenda.next += 1;
        }
        let (world, at) = (self.clone(), self.clock.instant(at_ms));
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            world.catch_up();
        });
    }

    /// Does what is due. Never call it with a lock held.
    pub(crate) fn catch_up(self: &Arc<Self>) {
        let now_ms = self.clock.now_ms();
        while let Some((at_ms, task)) = self.next_due(now_ms) {
            match task {
                Task::EndExecution { arn, result } => {
                    sfn::end(self, &arn, result, at_ms);
                }
                Task::Deliver { queue, body } => sqs::deliver(self, &queue, &body, at_ms),
            }
        }
    }

    fn next_due(&self, now_ms: i64) -> Option<(i64, Task)> {
        let mut agenda = lock(&self.agenda);
        let entry = agenda.tasks.first_entry()?;
        let (at_ms, _) = *entry.key();
        (at_ms <= now_ms).then(|| (at_ms, entry.remove()))
    }
}
