//! One row of an execution that has ended: the message first, then the row.

use super::call::{Answer, Call, Queue, Written};
use super::ended::Ended;
use super::terms::Pipeline;
use crate::execution::outcome::Outcome;
use crate::message::outgoing::{Asking, Cause};
use crate::record::row::{Row, RowKey, State, Tried};
use crate::rules::retry::Settlement;

/// A row that is claimed for the execution, and how that ended for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SettledRow {
    row: Row,
    outcome: Outcome,
    settlement: Settlement,
    /// The execution reported its event as failed.
    reported: bool,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Send,
    Finish,
    Done,
    Failed,
}

impl SettledRow {
    pub fn new(row: Row, outcome: Outcome, settlement: Settlement, reported: bool) -> Self {
        let at = match settlement {
            Settlement::Succeeded => At::Finish,
            Settlement::Retry { .. } | Settlement::Dead { .. } => At::Send,
        };
        Self {
            row,
            outcome,
            settlement,
            reported,
            at,
        }
    }

    pub fn is_under_way(&self) -> bool {
        matches!(self.at, At::Send | At::Finish)
    }

    pub fn has_failed(&self) -> bool {
        self.at == At::Failed
    }

    fn state(&self) -> State {
        match self.settlement {
            Settlement::Succeeded => State::Succeeded,
            Settlement::Retry { .. } => State::Retry,
            Settlement::Dead { .. } => State::Dead,
        }
    }

    /// So many attempts do not count, with this one.
    fn uncounted(&self) -> u32 {
        match self.settlement {
            // The row keeps its number.
            Settlement::Succeeded => 0,
            Settlement::Retry { uncounted, .. } | Settlement::Dead { uncounted, .. } => uncounted,
        }
    }

    pub fn call(&self, pipeline: &Pipeline) -> Option<Call> {
        match self.at {
            At::Send => self.send(pipeline),
            At::Finish => Some(Call::Finish {
                row: RowKey::of(&self.row.event),
                state: self.state(),
                outcome: self.outcome.clone(),
                uncounted: self.uncounted(),
            }),
            At::Done | At::Failed => None,
        }
    }

    fn send(&self, pipeline: &Pipeline) -> Option<Call> {
        let asking = |attempt| Asking {
            event: &self.row.event,
            attempt,
            lane: self.row.lane.as_deref(),
            cause: Cause::End(&self.outcome.execution),
        };
        let lane = pipeline.lane(self.row.lane.as_deref());
        match self.settlement {
            Settlement::Succeeded => None,
            Settlement::Retry {
                attempt,
                delay_seconds,
                ..
            } => Some(Call::Send {
                to: Queue::Events(lane),
                message: asking(attempt)
                    .message(&pipeline.arn)
                    .delayed(delay_seconds),
            }),
            Settlement::Dead { attempt, uncounted } => {
                let tried = Tried {
                    attempt: self.row.attempt,
                    uncounted,
                };
                Some(Call::Send {
                    to: Queue::DeadLetters(lane),
                    message: asking(attempt).dead_letter(&pipeline.arn, &self.outcome, tried),
                })
            }
        }
    }

    pub fn answered(&mut self, answer: &Answer, facts: &mut Vec<Ended>) {
        self.at = match (self.at, answer) {
            (At::Send, Answer::Done) => {
                let outcome = self.outcome.clone();
                facts.push(match self.settlement {
                    Settlement::Retry { delay_seconds, .. } => Ended::RetrySent {
                        outcome,
                        delay_seconds,
                    },
                    _ => Ended::DeadSent { outcome },
                });
                At::Finish
            }
            (At::Finish, Answer::Written(written)) => {
                // Once, however often the outcome comes again.
                if self.reported && *written == Written::Now {
                    facts.push(Ended::EventFailed);
                }
                if self.uncounted() > self.row.uncounted && *written == Written::Now {
                    facts.push(Ended::Uncounted);
                }
                facts.push(Self::fact(self.state(), written));
                At::Done
            }
            (At::Done, _) => At::Done,
            _ => {
                facts.push(Ended::Failed);
                At::Failed
            }
        };
    }

    /// Returns the fact about the write of a row's end.
    pub fn fact(state: State, written: &Written) -> Ended {
        match (written, state) {
            // Settled before, up to the slot; or by the same outcome, delivered twice.
            (Written::Lost(_), _) => Ended::Stale,
            (Written::Now, State::Succeeded) => Ended::Succeeded,
            (Written::Now, State::Retry) => Ended::Retried,
            (Written::Now, _) => Ended::Dead,
        }
    }
}
