//! The messages that Spillway sends to its queues. Every request for an attempt of an object event
//! is written here.

use super::fifo::{self, Fifo};
use super::own::encode;
use super::{Received, Refused};
use crate::event::ObjectEvent;
use crate::execution::outcome::{self, Outcome};
use crate::record::row::Tried;

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Outgoing {
    pub body: String,
    /// Seconds before it can be received; at most 900. None in a FIFO queue, which has no delay of
    /// a message's own.
    pub delay_seconds: u32,
    /// The attribute [`super::ATTEMPT`]; `None`: the first attempt.
    pub attempt: Option<String>,
    /// The attribute [`super::REASON`].
    pub reason: Option<String>,
    /// The attribute [`super::EXECUTION`].
    pub execution: Option<String>,
    /// The attribute [`super::LANE`].
    pub lane: Option<String>,
    /// Sent to FIFO queues, which refuse messages without it, and to no others.
    pub fifo: Option<Fifo>,
}

/// Asks for one attempt of an object event.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    pub event: &'a ObjectEvent,
    pub attempt: u32,
    /// The lane of the event, in a pipeline of several.
    pub lane: Option<&'a str>,
    pub cause: Cause<'a>,
}

/// Why an attempt is asked for. A FIFO queue drops a message that asks for the same attempt for the
/// same cause.
#[derive(Debug, Clone, Copy)]
pub enum Cause<'a> {
    /// S3 reported the event: within five minutes one message of it is enough.
    Upload,
    /// A received message, by its id: another message of the same records is another cause.
    Message(&'a str),
    /// The end of an execution, by its name.
    End(&'a str),
    /// The turn of the object, which the end of an execution freed. Not its end: the retry that
    /// asked for that can have found the turn still taken.
    Turn(&'a str),
    /// A run of reconcile, by its name.
    Run(&'a str),
    /// An act of an operator, in the operator's words.
    Operator(&'a str),
}

impl Cause<'_> {
    fn text(self) -> Option<String> {
        match self {
            Self::Upload => None,
            Self::Message(text) | Self::Operator(text) => Some(text.to_owned()),
            Self::End(execution) => Some(format!("end of {execution}")),
            Self::Turn(execution) => Some(format!("turn of {execution}")),
            Self::Run(run) => Some(format!("reconcile {run}")),
        }
    }
}

impl Asking<'_> {
    /// Writes the message. `pipeline`: the ARN of the ledger.
    pub fn message(self, pipeline: &str) -> Outgoing {
        let Self {
            event,
            attempt,
            lane,
            cause,
        } = self;
        let cause = cause.text();
        Outgoing {
            body: encode(event),
            attempt: (attempt > 1).then(|| attempt.to_string()),
            lane: lane.map(str::to_owned),
            fifo: Some(fifo::of(pipeline, event, attempt, cause.as_deref())),
            ..Outgoing::default()
        }
    }

    /// Writes the message that waits in the dead-letter queue until somebody redrives it.
    pub fn dead_letter(self, pipeline: &str, outcome: &Outcome, tried: Tried) -> Outgoing {
        let mut reason = outcome.reason();
        if tried.uncounted > 0 {
            let Tried { attempt, uncounted } = tried;
            reason.push_str(&format!(
                " ({attempt} attempts, {uncounted} of them uncounted)"
            ));
        }
        Outgoing {
            reason: Some(reason),
            execution: Some(outcome.execution.clone()),
            ..self.message(pipeline)
        }
    }
}

impl Outgoing {
    /// Writes the dead letter of a received message: its body and its attempt as they came.
    pub fn dead_letter(message: &Received, lane: Option<&str>, reason: &str) -> Self {
        Self {
            body: message.body.clone(),
            attempt: message.attempt.clone(),
            reason: Some(reason.to_owned()),
            lane: lane.map(str::to_owned),
            fifo: Some(fifo::of_message(&message.id)),
            ..Self::default()
        }
    }

    /// Writes the dead letter of one record, the `index`th refused one of a received message.
    pub fn of_refused(
        message_id: &str,
        index: usize,
        refused: &Refused,
        lane: Option<&str>,
    ) -> Self {
        Self {
            body: refused.body(),
            reason: Some(refused.error.to_string()),
            lane: lane.map(str::to_owned),
            fifo: Some(fifo::of_message(&format!("{message_id}/{index}"))),
            ..Self::default()
        }
    }

    /// Writes an outcome, for the outcomes queue.
    pub fn of_outcome(outcome: &Outcome) -> Self {
        Self {
            body: outcome::encode(outcome),
            ..Self::default()
        }
    }

    /// Writes the dead letter of a message of the outcomes queue.
    pub fn of_unreadable_outcome(body: &str, reason: &str) -> Self {
        Self {
            body: body.to_owned(),
            reason: Some(reason.to_owned()),
            ..Self::default()
        }
    }

    /// Delays the message by so many seconds. Returns it.
    pub fn delayed(self, delay_seconds: u32) -> Self {
        Self {
            delay_seconds,
            ..self
        }
    }
}
