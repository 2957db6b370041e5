//! The acts of the fake by itself at a later time: executions end, events arrive.
//!
//! A timer alone would leave it to the scheduler whether a test that wakes in the same millisecond
//! sees it done. So each look does first the acts that are due, and the timer only makes sure that
//! somebody does them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{World, lock};

/// Something to do, told when it was due.
type Task = Box<dyn FnOnce(&Arc<World>, i64) + Send>;

/// By time in milliseconds since the epoch, then in the order of planning.
#[derive(Default)]
pub(crate) struct Agenda {
    tasks: BTreeMap<(i64, u64), Task>,
    next: u64,
}

impl World {
    pub(crate) fn plan(
        self: &Arc<Self>,
        at_ms: i64,
        task: impl FnOnce(&Arc<Self>, i64) + Send + 'static,
    ) {
        {
            let mut agenda = lock(&self.agenda);
            let place = (at_ms, agenda.next);
            agenda.tasks.insert(place, Box::new(task));
            agenda.next += 1;
        }
        let (world, at) = (self.clone(), self.clock.instant(at_ms));
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            world.catch_up();
        });
    }

    /// Does the acts that are due. Never call it with a lock held.
    pub(crate) fn catch_up(self: &Arc<Self>) {
        let now_ms = self.clock.now_ms();
        while let Some((at_ms, task)) = self.next_due(now_ms) {
            task(self, at_ms);
        }
    }

    fn next_due(&self, now_ms: i64) -> Option<(i64, Task)> {
        let mut agenda = lock(&self.agenda);
        let entry = agenda.tasks.first_entry()?;
        let (at_ms, _) = *entry.key();
        (at_ms <= now_ms).then(|| (at_ms, entry.remove()))
    }
}
