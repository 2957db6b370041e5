//! Settling rows: the message first, then the row.

use aws::error::HandlerError;
use aws::ledger::{Finish, Written};
use aws::queue::Outgoing;
use spillway::Millis;
use spillway::execution::outcome::Outcome;
use spillway::message::{self, fifo};
use spillway::record::row::{Row, RowKey, State};
use spillway::rules::retry::Settlement;
use tracing::{error, info, trace};

use crate::counts::Counts;
use crate::{LaneQueues, Settle};

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

impl Settle {
    /// The queues of the lane that a row came by. A lane that is gone, or not named: the first.
    pub(crate) fn lane(&self, name: Option<&str>) -> Result<&LaneQueues, HandlerError> {
        let named = self
            .lanes
            .iter()
            .find(|lane| Some(lane.name.as_str()) == name);
        named.or(self.lanes.first()).ok_or(HandlerError::Call {
            call: "choosing a lane",
            reason: "there is none".into(),
        })
    }

    /// When a row that is finished now may be forgotten, in seconds since the Unix epoch.
    pub(crate) fn expires_at(&self, now: Millis) -> i64 {
        now / 1_000 + i64::from(self.config.retention_days) * SECONDS_PER_DAY
    }

    /// Sends what `settlement` says of a row that is claimed for the outcome's execution. The row's next state.
    pub(crate) async fn pass_on(
        &self,
        row: &Row,
        outcome: &Outcome,
        settlement: Settlement,
    ) -> Result<State, HandlerError> {
        trace!(decision = ?settlement, execution = outcome.execution, "settlement");
        let lane = self.lane(row.lane.as_deref())?;
        match settlement {
            Settlement::Succeeded => Ok(State::Succeeded),
            Settlement::Retry {
                attempt,
                delay_seconds,
            } => {
                let delayed = Outgoing {
                    delay_seconds,
                    ..self.asking(row, attempt, &format!("end of {}", outcome.execution))
                };
                lane.events.send(&delayed).await?;
                info!(
                    execution = outcome.execution,
                    status = outcome.status.as_str(),
                    error = outcome.error,
                    delay_seconds,
                    "to be retried"
                );
                Ok(State::Retry)
            }
            Settlement::Dead { attempt } => {
                error!(
                    execution = outcome.execution,
                    status = outcome.status.as_str(),
                    error = outcome.error,
                    "to the dead-letter queue"
                );
                let dead = Outgoing {
                    reason: Some(outcome.reason()),
                    execution: Some(outcome.execution.clone()),
                    ..self.asking(row, attempt, &format!("end of {}", outcome.execution))
                };
                lane.dead_letters.send(&dead).await?;
                Ok(State::Dead)
            }
        }
    }

    /// Writes how executions ended into the rows that are claimed for them.
    pub(crate) async fn finish(
        &self,
        rows: &[(RowKey, &Outcome, State)],
        now: Millis,
    ) -> Vec<Result<Counts, HandlerError>> {
        let finishes = rows.iter().map(|(at, outcome, state)| {
            let finish = Finish {
                state: *state,
                outcome,
                now,
                expires_at: state.is_finished().then(|| self.expires_at(now)),
            };
            (at, finish)
        });
        let written = self.ledger.finish_all(finishes.collect()).await;
        let counts = written
            .into_iter()
            .zip(rows)
            .map(|(written, (_, _, state))| {
                let mut counts = Counts::default();
                match written? {
                    Written::Done => match state {
                        State::Succeeded => counts.succeeded += 1,
                        State::Retry => counts.retried += 1,
                        _ => counts.dead += 1,
                    },
                    // Settled before, up to the slot; or by the same outcome, delivered twice.
                    Written::Lost(_) => counts.stale_outcomes += 1,
                }
                Ok(counts)
            });
        counts.collect()
    }

    /// The message that asks for an attempt of a row, and why. A FIFO queue drops one that asks for the same for the same
    /// cause.
    pub(crate) fn asking(&self, row: &Row, attempt: u32, cause: &str) -> Outgoing {
        let pipeline = &self.config.ledger_arn;
        Outgoing {
            body: message::encode(&row.event),
            attempt: Some(attempt.to_string()),
            lane: row.lane.clone(),
            fifo: Some(fifo::of(pipeline, &row.event, attempt, Some(cause))),
            ..Outgoing::default()
        }
    }
}
