//! A message of the outcomes queue. The end of an execution is settled. A message that nobody
//! understands goes to the dead-letter queue.

use super::call::{Answer, Call, Queue};
use super::ended::Ended;
use super::execution_rows::Terms;
use super::settling::Settling;
use super::{CallId, Machine, ONLY};
use crate::execution::outcome::{self, Report};
use crate::message::outgoing::Outgoing;
use crate::pace::adapt::Adapt;
use crate::pace::adapt::health::Health;

/// A message of the outcomes queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reporting {
    Ended(Box<Settling>),
    Letter { body: String, reason: String },
    Done,
    Failed,
}

impl Reporting {
    /// Understands a message. One that tells of a status that ends nothing is stale.
    pub fn of_message(body: &str, facts: &mut Vec<Ended>) -> Self {
        match outcome::parse(body) {
            Ok(Report::Ended(outcome)) => Self::Ended(Box::new(Settling::new(outcome))),
            Ok(Report::NotEnded) => {
                facts.push(Ended::Stale);
                Self::Done
            }
            Err(problem) => Self::Letter {
                body: body.to_owned(),
                reason: problem.to_string(),
            },
        }
    }

    /// Returns a settled end's answer about the target, if it has one.
    pub fn health(&self, adapt: &Adapt) -> Option<Health> {
        match self {
            Self::Ended(settling) => settling.health(adapt),
            Self::Letter { .. } | Self::Done | Self::Failed => None,
        }
    }

    /// Returns whether it did not come to its end: the message must come again.
    pub fn has_failed(&self) -> bool {
        match self {
            Self::Ended(settling) => settling.has_failed(),
            Self::Failed => true,
            Self::Letter { .. } | Self::Done => false,
        }
    }
}

impl Machine for Reporting {
    type Terms<'a> = Terms<'a>;
    type Fact = Ended;

    fn outstanding(&self) -> impl Iterator<Item = CallId> {
        let settling = match self {
            Self::Ended(settling) => Some(settling.outstanding()),
            _ => None,
        };
        let letter = matches!(self, Self::Letter { .. }).then_some(ONLY);
        settling.into_iter().flatten().chain(letter)
    }

    fn call(&self, id: CallId, terms: &Terms<'_>) -> Option<Call> {
        match self {
            Self::Ended(settling) => settling.call(id, terms),
            Self::Letter { body, reason } => Some(Call::Send {
                to: Queue::OutcomesDeadLetters,
                message: Outgoing::of_unreadable_outcome(body, reason),
            }),
            Self::Done | Self::Failed => None,
        }
    }

    fn answered(&mut self, id: CallId, answer: Answer, terms: &Terms<'_>, facts: &mut Vec<Ended>) {
        match self {
            Self::Ended(settling) => settling.answered(id, answer, terms, facts),
            Self::Letter { reason, .. } if answer == Answer::Done => {
                let reason = std::mem::take(reason);
                facts.push(Ended::LetterSent { reason });
                *self = Self::Done;
            }
            Self::Letter { .. } => {
                facts.push(Ended::Failed);
                *self = Self::Failed;
            }
            Self::Done | Self::Failed => {}
        }
    }
}
