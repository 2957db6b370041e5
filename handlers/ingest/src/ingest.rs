//! Takes in the payload of an invocation.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use aws::clock::Clock;
use aws::error::AwsError;
use aws::shell::{Guide, drive};
use serde_json::Value;
use spillway::Millis;
use spillway::event::ObjectEvent;
use spillway::lane::source;
use spillway::message;
use spillway::message::admission::admit;
use spillway::protocol::ingesting::{Ingesting, Recorded};
use spillway::protocol::terms::Pipeline;
use spillway::record::row::RowKey;
use tracing::{debug, trace, warn};

use crate::Ingest;
use crate::counts::Counts;
use crate::error::IngestError;

/// How many problems of one invocation are logged.
const TOLD: usize = 3;

/// How an invocation went.
#[derive(Debug, Default)]
pub struct Ingested {
    pub counts: Counts,
    /// Why it must come again.
    pub failure: Option<IngestError>,
}

/// The findings of an invocation.
#[derive(Default)]
struct Known {
    counts: Counts,
    problems: Vec<String>,
}

struct Invocation<'a> {
    pipeline: &'a Pipeline,
    deadline: Millis,
    known: Mutex<Known>,
}

impl Guide<Ingesting> for Invocation<'_> {
    fn terms(&self) -> &Pipeline {
        self.pipeline
    }

    fn end_by(&self) -> Millis {
        self.deadline
    }

    fn told(&self, _: usize, _: &Ingesting, facts: Vec<Recorded>, mut problem: Option<AwsError>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for fact in facts {
            known.tell(fact, problem.take());
        }
    }
}

impl Known {
    /// Tells a fact. `problem`: why the call failed that it is about.
    fn tell(&mut self, fact: Recorded, problem: Option<AwsError>) {
        trace!(decision = ?fact, "record");
        let counts = &mut self.counts;
        match fact {
            Recorded::Queued => counts.queued += 1,
            Recorded::QueuedAgain => counts.queued_again += 1,
            Recorded::Known { key } => {
                debug!(key, "an event is known and not queued again");
                counts.known += 1;
            }
            Recorded::Lookalike { key } => {
                warn!(
                    key,
                    "an upload is not processed: another one had the same sequencer and another etag. Upload the \
                     object again, and find the sender of sequencers that are not S3's"
                );
                counts.known += 1;
                counts.lookalikes += 1;
            }
            Recorded::Failed { key } => {
                counts.failed += 1;
                let why = problem.map_or_else(
                    || "its row is there, and the answer does not say how".to_owned(),
                    |problem| problem.to_string(),
                );
                self.problems.push(format!("{key:?}: {why}"));
            }
        }
    }
}

impl Ingest {
    /// Takes in one payload: S3's notification, or another message that the events queue
    /// understands. `deadline`: when Lambda ends the function.
    pub async fn ingest(&self, payload: Value, clock: Clock, deadline: Millis) -> Ingested {
        let mut known = Known::default();
        let events = self.understand(payload, &mut known);
        let shell = self.shell.at(clock);
        let invocation = Invocation {
            pipeline: &self.shell.pipeline,
            deadline,
            known: Mutex::new(known),
        };
        let mut ingesting = [Ingesting::new(events)];
        drive(&shell, &invocation, &mut ingesting, 1).await;
        let known = invocation.known.into_inner();
        let Known { counts, problems } = known.unwrap_or_else(PoisonError::into_inner);
        let failure = (!problems.is_empty()).then(|| IngestError {
            unsafe_records: counts.malformed + counts.failed,
            records: counts.events,
            problems: told(&problems),
        });
        Ingested { counts, failure }
    }

    /// Returns the object events of a payload, each once and with the index of its lane.
    fn understand(&self, payload: Value, known: &mut Known) -> Vec<(ObjectEvent, usize)> {
        let Known { counts, problems } = known;
        let admitted = match message::read(payload) {
            Ok(body) => admit(body, &self.config.sources),
            Err(problem) => {
                counts.refuse(1);
                problems.push(problem.to_string());
                return Vec::new();
            }
        };
        counts.leave_out(&admitted.left_out);
        counts.refuse(u32::try_from(admitted.refused.len()).unwrap_or(u32::MAX));
        problems.extend(admitted.refused.iter().map(|it| it.error.to_string()));
        let mut events = Vec::new();
        let mut seen = HashSet::new();
        for event in admitted.events {
            counts.events += 1;
            if seen.insert(RowKey::of(&event)) {
                let lane = source::lane(&self.config.sources, &self.config.pipeline.lanes, &event);
                events.push((event, lane));
            } else {
                // The same as one before it.
                counts.known += 1;
            }
        }
        events
    }
}

/// Returns the first problems, and how many more there are.
fn told(problems: &[String]) -> String {
    let first: Vec<&str> = problems.iter().take(TOLD).map(String::as_str).collect();
    let more = problems.len().saturating_sub(TOLD);
    let first = first.join("; ");
    if more == 0 {
        first
    } else {
        format!("{first}; and {more} more")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_problems_are_told() {
        let problems: Vec<String> = (1..=5).map(|n| n.to_string()).collect();
        assert_eq!(told(&problems[..2]), "1; 2");
        assert_eq!(told(&problems), "1; 2; 3; and 2 more");
    }
}
