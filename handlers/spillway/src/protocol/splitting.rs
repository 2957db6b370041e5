//! Splitting a message of several records: the dead letters of those that are refused, then a
//! message for each object event, then the deletion. A crash in between leaves duplicates: the
//! attempt rule absorbs those of events, and a record can be dead-lettered twice.

use super::call::{Answer, Call, Queue};
use super::fact::{Fact, Scope};
use super::fate::Fate;
use super::starting::HoldsPermit;
use super::terms::{Pipeline, Terms};
use super::{CallId, Machine, ONLY};
use crate::event::ObjectEvent;
use crate::message::outgoing::{Asking, Cause, Outgoing};
use crate::message::{Received, Refused};

/// A message that is not one attempt of one object event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Splitting {
    message: Received,
    lane: usize,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    Letters {
        letters: Sending,
        parts: Sending,
    },
    Parts {
        letters: usize,
        parts: Sending,
    },
    Leave(Fate),
    /// Its dead letter is sent.
    Letter,
    Done,
}

/// Messages to send; `None`: sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sending {
    messages: Vec<Option<Outgoing>>,
    failed: bool,
}

impl Sending {
    fn new(messages: impl Iterator<Item = Outgoing>) -> Self {
        Self {
            messages: messages.map(Some).collect(),
            failed: false,
        }
    }

    fn is_over(&self) -> bool {
        self.messages.iter().all(Option::is_none)
    }

    fn answered(&mut self, id: CallId, answer: &Answer, facts: &mut Vec<Fact>) {
        if let Some(message) = self.messages.get_mut(usize::from(id)) {
            *message = None;
        }
        if *answer != Answer::Done {
            self.failed = true;
            facts.push(Fact::Failed(Scope::Tick));
        }
    }
}

impl Splitting {
    /// Begins with a message whose events and refused records each go on by themselves.
    pub fn new(
        message: Received,
        lane: usize,
        events: &[ObjectEvent],
        refused: &[Refused],
        pipeline: &Pipeline,
    ) -> Self {
        let name = pipeline.lane_name(lane);
        let letters = refused
            .iter()
            .enumerate()
            .map(|(index, refused)| Outgoing::of_refused(&message.id, index, refused, name));
        let parts = events.iter().map(|event| {
            let asking = Asking {
                event,
                attempt: 1,
                lane: name,
                // Of this very message: the same records in another one are not dropped, and found
                // stale.
                cause: Cause::Message(&message.id),
            };
            asking.message(&pipeline.arn)
        });
        let (letters, parts) = (Sending::new(letters), Sending::new(parts));
        let at = if letters.is_over() {
            At::Parts { letters: 0, parts }
        } else {
            At::Letters { letters, parts }
        };
        Self { message, lane, at }
    }

    /// Begins with a message that does not go on.
    pub fn leaving(message: Received, lane: usize, fate: Fate) -> Self {
        let at = At::Leave(fate);
        Self { message, lane, at }
    }
}

impl HoldsPermit for Splitting {}

impl Machine for Splitting {
    type Terms<'a> = Terms<'a>;
    type Fact = Fact;

    fn outstanding(&self) -> impl Iterator<Item = CallId> {
        let none: &[Option<Outgoing>] = &[];
        let (only, sending) = match &self.at {
            At::Letters { letters, .. } => (false, letters.messages.as_slice()),
            At::Parts { parts, .. } => (false, parts.messages.as_slice()),
            At::Leave(_) | At::Letter => (true, none),
            At::Done => (false, none),
        };
        let unsent = sending.iter().enumerate().filter(|(_, it)| it.is_some());
        let sends = unsent.filter_map(|(index, _)| CallId::try_from(index).ok());
        only.then_some(ONLY).into_iter().chain(sends)
    }

    fn call(&self, id: CallId, terms: &Terms<'_>) -> Option<Call> {
        let send = |to, sending: &Sending| {
            let message = sending.messages.get(usize::from(id))?.clone()?;
            Some(Call::Send { to, message })
        };
        match &self.at {
            At::Letters { letters, .. } => send(Queue::DeadLetters(self.lane), letters),
            At::Parts { parts, .. } => send(Queue::Events(self.lane), parts),
            At::Leave(fate) => Some(fate.call(&self.message, self.lane, terms)),
            At::Letter => Some(Fate::Delete.call(&self.message, self.lane, terms)),
            At::Done => None,
        }
    }

    fn answered(&mut self, id: CallId, answer: Answer, _: &Terms<'_>, facts: &mut Vec<Fact>) {
        self.at = match std::mem::replace(&mut self.at, At::Done) {
            At::Letters { mut letters, parts } => {
                let refused = letters.messages.get(usize::from(id));
                let reason = refused.and_then(|it| it.as_ref()?.reason.clone());
                letters.answered(id, &answer, facts);
                if let Some(reason) = reason.filter(|_| answer == Answer::Done) {
                    facts.push(Fact::DeadLettered { reason });
                }
                match (letters.is_over(), letters.failed) {
                    (false, _) => At::Letters { letters, parts },
                    (true, true) => At::Leave(Fate::HandBack),
                    (true, false) => At::Parts {
                        letters: letters.messages.len(),
                        parts,
                    },
                }
            }
            At::Parts { letters, mut parts } => {
                parts.answered(id, &answer, facts);
                match (parts.is_over(), parts.failed) {
                    (false, _) => At::Parts { letters, parts },
                    (true, true) => At::Leave(Fate::HandBack),
                    (true, false) => {
                        let malformed = u32::try_from(letters).unwrap_or(u32::MAX);
                        facts.extend([Fact::Split, Fact::Malformed(malformed)]);
                        At::Leave(Fate::Delete)
                    }
                }
            }
            At::Leave(fate) => match fate.done(&answer, facts) {
                true => {
                    facts.push(Fact::Malformed(1));
                    At::Letter
                }
                false => At::Done,
            },
            At::Letter | At::Done => At::Done,
        };
    }
}
