//! Taking in what an invocation brings.

use std::collections::HashSet;

use aws::error::HandlerError;
use aws::ledger::Written;
use aws::queue::Outgoing;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use spillway::Millis;
use spillway::event::ObjectEvent;
use spillway::lane::source;
use spillway::message;
use spillway::message::admission::admit;
use spillway::message::fifo;
use spillway::record::row::{RowKey, State};
use spillway::rules::attempt::{Oddity, oddity};
use tracing::{debug, trace, warn};

use crate::counts::Counts;
use crate::{Ingest, LaneQueue};

/// Rows written at once.
const AT_ONCE: usize = 16;
/// Of the problems of one invocation, how many are told.
const TOLD: usize = 3;

/// How an invocation went.
#[derive(Debug, Default)]
pub struct Ingested {
    pub counts: Counts,
    /// Why it must come again.
    pub failure: Option<HandlerError>,
}

/// An object event of the payload.
struct Intake {
    event: ObjectEvent,
    /// The place of its lane.
    lane: usize,
}

/// What the ledger says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    /// Written now.
    New,
    /// Written before, and nothing has been started since: whether it was queued is not known.
    Queued,
    /// Started before.
    Known,
    /// Known, and of an object with another etag.
    Lookalike,
}

impl Ingest {
    /// Takes in one payload: S3's notification, or what else the events queue understands.
    pub async fn ingest(&self, payload: Value, now: Millis) -> Ingested {
        let mut counts = Counts::default();
        let mut problems = Vec::new();
        let intakes = self.understand(payload, &mut counts, &mut problems);
        let queueing = self
            .write_rows(intakes, now, &mut counts, &mut problems)
            .await;
        self.send(&queueing, &mut counts, &mut problems).await;
        let failure = (!problems.is_empty()).then(|| HandlerError::Intake {
            unsafe_records: counts.malformed + counts.failed,
            records: counts.events,
            problems: told(&problems),
        });
        Ingested { counts, failure }
    }

    fn understand(
        &self,
        payload: Value,
        counts: &mut Counts,
        problems: &mut Vec<String>,
    ) -> Vec<Intake> {
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
        let mut intakes = Vec::new();
        let mut seen = HashSet::new();
        for event in admitted.events {
            counts.events += 1;
            if seen.insert(RowKey::of(&event)) {
                intakes.push(Intake {
                    lane: source::lane(&self.config.sources, &self.config.lanes, &event),
                    event,
                });
            } else {
                // The same as one before it.
                counts.known += 1;
            }
        }
        intakes
    }

    /// Writes the rows, and returns those to be queued, in the order they came.
    async fn write_rows(
        &self,
        intakes: Vec<Intake>,
        now: Millis,
        counts: &mut Counts,
        problems: &mut Vec<String>,
    ) -> Vec<(Intake, Row)> {
        let writes = stream::iter(intakes)
            .map(|intake| async move {
                let written = self.write_row(&intake, now).await;
                trace!(decision = ?written, key = intake.event.key, "record");
                (intake, written)
            })
            .buffered(AT_ONCE);
        let written: Vec<_> = writes.collect().await;
        let mut queueing = Vec::new();
        for (intake, written) in written {
            match written {
                Ok(Row::Known) => {
                    debug!(key = intake.event.key, "known");
                    counts.known += 1;
                }
                Ok(Row::Lookalike) => {
                    warn!(
                        key = intake.event.key,
                        "an upload is not worked on: another one with the same sequencer and another etag was; upload the \
                         object again, and look for what sends sequencers that are not S3's"
                    );
                    counts.known += 1;
                    counts.lookalikes += 1;
                }
                Ok(row) => queueing.push((intake, row)),
                Err(problem) => {
                    counts.failed += 1;
                    problems.push(format!("{:?}: {problem}", intake.event.key));
                }
            }
        }
        queueing
    }

    async fn write_row(&self, intake: &Intake, now: Millis) -> Result<Row, HandlerError> {
        let lane = self.lanes.get(intake.lane);
        let name = lane.and_then(|lane| lane.name.as_deref());
        match self.ledger.enqueue(&intake.event, name, now).await? {
            Written::Done => Ok(Row::New),
            Written::Lost(Some(row)) => Ok(match oddity(&intake.event, 1, &row) {
                Some(Oddity::Lookalike) => Row::Lookalike,
                _ if row.state == State::Queued => Row::Queued,
                _ => Row::Known,
            }),
            // The condition can only fail on a row, and the answer brings it.
            Written::Lost(None) => Err(HandlerError::Call {
                call: "writing a row",
                reason: "it is there, and the answer does not say how".into(),
            }),
        }
    }

    /// Sends a message for each, lane by lane. When a lane fails, all of its events count as failed: some may be queued,
    /// and are queued again.
    async fn send(
        &self,
        queueing: &[(Intake, Row)],
        counts: &mut Counts,
        problems: &mut Vec<String>,
    ) {
        let sends = self
            .lanes
            .iter()
            .enumerate()
            .map(|(place, lane)| async move {
                let of_lane: Vec<&(Intake, Row)> = queueing
                    .iter()
                    .filter(|(intake, _)| intake.lane == place)
                    .collect();
                let messages: Vec<Outgoing> = of_lane
                    .iter()
                    .map(|(intake, _)| self.message(lane, &intake.event))
                    .collect();
                let sent = lane.events.send_all(&messages).await;
                (of_lane, sent)
            });
        for (of_lane, sent) in join_all(sends).await {
            if let Err(problem) = &sent {
                problems.push(problem.to_string());
            }
            for (_, row) in of_lane {
                match row {
                    _ if sent.is_err() => counts.failed += 1,
                    Row::New => counts.queued += 1,
                    Row::Queued => counts.queued_again += 1,
                    Row::Known | Row::Lookalike => {}
                }
            }
        }
    }

    /// The message that asks for an object event's first attempt.
    fn message(&self, lane: &LaneQueue, event: &ObjectEvent) -> Outgoing {
        Outgoing {
            body: message::encode(event),
            lane: lane.name.clone(),
            // No cause: within five minutes one message of an event is enough, and SQS drops the others.
            fifo: Some(fifo::of(&self.config.ledger_arn, event, 1, None)),
            ..Outgoing::default()
        }
    }
}

/// The first problems, and how many more there are.
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
