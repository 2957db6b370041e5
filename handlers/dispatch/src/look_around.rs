//! Looking around when a tick ends: how much waits in every queue of the pipeline. CloudWatch's own
//! numbers of an idle queue come up to 15 minutes late.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html>

use std::time::Duration;

use aws::clients::Clients;
use aws::queue::{Queue, Size};
use futures_util::future::join_all;
use spillway::Millis;
use spillway::pace::gate::Standing;
use spillway::rules::standing::Seen;
use tokio::time::timeout;
use tracing::warn;

use crate::Dispatch;
use crate::config::{Config, FailureQueues};
use crate::counts::Counts;
use crate::tick::{Ended, Invocation};

/// The longest that a tick looks around.
const AT_MOST: Millis = 3_000;
/// The time that is left of the invocation then.
const LEFT: Millis = 2_000;

/// A queue whose size is read.
#[derive(Debug, Clone)]
pub struct Watched {
    queue: Queue,
    stage: Stage,
}

/// The kind of a queue's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Of a lane, by its index.
    Events(usize),
    Outcomes,
    EventsDeadLetters,
    OutcomesDeadLetters,
    Ingest,
    Rules,
    Reconcile,
}

/// Returns the queues whose sizes are read; none, unless the environment names the failure queues.
pub fn watched(config: &Config, clients: &Clients) -> Vec<Watched> {
    let Some(failures) = &config.failure_queues else {
        return Vec::new();
    };
    let FailureQueues {
        outcomes,
        ingest,
        rules,
        reconcile,
    } = failures;
    let lanes = &config.pipeline.lanes;
    let events = lanes.iter().enumerate();
    let events = events.map(|(index, lane)| (&lane.queue_url, Stage::Events(index)));
    let dead = |lane| -> (&String, Stage) { (lane, Stage::EventsDeadLetters) };
    let dead = lanes.iter().map(|lane| dead(&lane.dead_letter_queue_url));
    let others = [(&config.outcomes_queue_url, Stage::Outcomes)];
    let stages = [
        (outcomes, Stage::OutcomesDeadLetters),
        (ingest, Stage::Ingest),
        (rules, Stage::Rules),
        (reconcile, Stage::Reconcile),
    ];
    let failures = stages
        .into_iter()
        .flat_map(|(urls, stage)| urls.iter().map(move |url| (url, stage)));
    events
        .chain(dead)
        .chain(others)
        .chain(failures)
        .map(|(url, stage)| Watched {
            queue: Queue::new(clients.sqs.clone(), url.clone()),
            stage,
        })
        .collect()
}

impl Dispatch {
    /// Adds the sizes to the counts. A queue that cannot be read fails nothing.
    pub(crate) async fn look_around(
        &self,
        ended: &mut Ended,
        invocation: &Invocation,
        began: Millis,
    ) {
        let Ended { counts, lanes, .. } = ended;
        counts.needs_person = counts.parked + counts.unreadable;
        let now = invocation.clock.now();
        let time = (invocation.deadline - now - LEFT).min(AT_MOST);
        // A tick without the lease leaves it to the holder.
        let Some(time) = u64::try_from(time).ok().filter(|_| counts.lease_busy == 0) else {
            return;
        };
        let sizes = self.queues.iter().map(async |watched| {
            let size = timeout(Duration::from_millis(time), watched.queue.size()).await;
            match size {
                Ok(Ok(size)) => Some(size),
                Ok(Err(problem)) => {
                    warn!("{problem}");
                    None
                }
                Err(_) => None,
            }
        });
        let (mut bounded_backlog, mut closed_backlog) = (0, 0);
        for (watched, size) in self.queues.iter().zip(join_all(sizes).await) {
            if let (Stage::Events(lane), Some(size)) = (watched.stage, &size) {
                let waiting = |is: bool| if is { size.waiting } else { 0 };
                let standing = lanes.get(lane);
                bounded_backlog += waiting(standing.is_some_and(|it| *it != Standing::Open));
                closed_backlog += waiting(standing == Some(&Standing::Closed));
            }
            counts.found(watched.stage, size);
        }
        let seen = self.seen(counts, (bounded_backlog, closed_backlog), now - began);
        counts.stands_still = seen.stands_still().into();
        counts.drain_seconds = seen.drain_seconds().unwrap_or_default();
    }

    fn seen(
        &self,
        counts: &Counts,
        (bounded_backlog, closed_backlog): (u64, u64),
        duration: Millis,
    ) -> Seen {
        let windows = self.config.windows.paces();
        let rates = windows.filter_map(|pace| pace.starts_per_second);
        // The rate that the circuit allows; of one that is open 0.
        let rates = rates.chain(counts.rate);
        Seen {
            backlog: counts.backlog,
            bounded_backlog,
            closed_backlog,
            max_concurrency: counts.max_concurrency,
            slots_taken: counts.slots_taken,
            paused: counts.paused > 0,
            day_limit_reached: counts.day_limit_reached > 0,
            moved: counts.moved(),
            starts_per_second: rates.fold(self.config.pace.starts_per_second, f64::min),
            duration,
        }
    }
}

impl Counts {
    /// Returns how many messages a tick finished with.
    fn moved(&self) -> u32 {
        self.started
            + self.already_started
            + self.stale
            + self.superseded
            + self.waiting
            + self.deferred
            + self.malformed
            + self.split
            + self.test_events
            + self.other_kinds
            + self.folder_markers
    }

    fn found(&mut self, stage: Stage, size: Option<Size>) {
        let Some(Size { waiting, hidden }) = size else {
            self.queues_unread += 1;
            return;
        };
        let failures = match stage {
            Stage::Events(_) => {
                self.backlog += waiting;
                self.backlog_hidden += hidden;
                return;
            }
            Stage::Outcomes => {
                self.outcomes_backlog += waiting;
                return;
            }
            Stage::EventsDeadLetters => &mut self.events_dead_letters,
            Stage::OutcomesDeadLetters => &mut self.outcomes_dead_letters,
            Stage::Ingest => &mut self.ingest_failures,
            Stage::Rules => &mut self.rules_failures,
            Stage::Reconcile => &mut self.reconcile_failures,
        };
        // Somebody who looks at one hides it for a while.
        *failures += waiting + hidden;
        self.dead_letters += waiting + hidden;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_has_its_number_and_failures_their_sum() {
        let size = |waiting, hidden| Some(Size { waiting, hidden });
        let mut counts = Counts::default();
        counts.found(Stage::Events(0), size(1, 2));
        counts.found(Stage::Events(1), size(10, 20));
        counts.found(Stage::Outcomes, size(3, 100));
        counts.found(Stage::EventsDeadLetters, size(4, 1));
        counts.found(Stage::OutcomesDeadLetters, size(6, 0));
        counts.found(Stage::Ingest, size(7, 0));
        counts.found(Stage::Rules, size(8, 0));
        counts.found(Stage::Rules, None);
        counts.found(Stage::Reconcile, size(9, 0));
        let expected = Counts {
            backlog: 11,
            backlog_hidden: 22,
            outcomes_backlog: 3,
            events_dead_letters: 5,
            outcomes_dead_letters: 6,
            ingest_failures: 7,
            rules_failures: 8,
            reconcile_failures: 9,
            dead_letters: 35,
            queues_unread: 1,
            ..Counts::default()
        };
        assert_eq!(counts, expected);
    }
}
