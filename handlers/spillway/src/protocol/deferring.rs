//! Deferring: messages of one tenant whose bound is reached, or of which events wait already. The
//! directory names the tenant's queue first. Then, for each message: its row says `WAITING`, its
//! event is put into the queue, and the message is deleted. A crash anywhere leaves the message,
//! which does the same again.
//!
//! A later tick, or this one, claims the event by its item: [`super::tenant_queues`].

use super::call::{Answer, Call, Claim, Written};
use super::candidate::Candidate;
use super::claim::lane_of;
use super::fact::{Fact, Scope};
use super::fate::Fate;
use super::recognising::{Recognised, Recognising};
use super::starting::HoldsPermit;
use super::terms::Terms;
use super::{CallId, Machine, ONLY};
use crate::record::deferred::{Place, TenantQueue};
use crate::record::row::{RowKey, Seen, State};
use crate::rules::attempt::{Verdict, verdict};

/// Messages of one tenant that are being deferred.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Deferring {
    queue: TenantQueue,
    /// The directory is to name the queue first, by this token.
    naming: Option<String>,
    /// It is certain that the directory names the queue.
    is_named: bool,
    messages: Vec<Message>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Message {
    candidate: Candidate,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    Recognise(Box<Recognising>),
    /// Its row is to say that it waits, if it is still like this.
    Wait(Option<Seen>),
    Put,
    Leave(Fate),
    /// Its dead letter is sent.
    Letter,
    Done,
}

impl Deferring {
    /// Begins. `naming`: the directory is to name the queue first, by this token.
    pub fn new(queue: TenantQueue, naming: Option<String>, candidates: Vec<Candidate>) -> Self {
        let messages = candidates.into_iter().map(|candidate| Message {
            candidate,
            at: At::Recognise(Box::default()),
        });
        Self {
            queue,
            is_named: naming.is_none(),
            naming,
            messages: messages.collect(),
        }
    }

    pub fn queue(&self) -> &TenantQueue {
        &self.queue
    }

    /// Returns whether it is certain that the directory names the queue.
    pub fn is_named(&self) -> bool {
        self.is_named
    }

    fn named(&mut self, answer: &Answer, facts: &mut Vec<Fact>) {
        self.naming = None;
        self.is_named = *answer == Answer::Done;
        if !self.is_named {
            facts.push(Fact::Failed(Scope::Tick));
            let messages = self.messages.iter_mut();
            messages.for_each(|message| message.at = At::Leave(Fate::HandBack));
        }
    }
}

impl Message {
    fn place(&self, queue: &TenantQueue) -> Place {
        Place::of(queue.clone(), &self.candidate.event)
    }

    fn call(&self, queue: &TenantQueue, terms: &Terms<'_>) -> Option<Call> {
        let candidate = &self.candidate;
        match &self.at {
            At::Recognise(recognising) => Some(recognising.call(candidate, terms)),
            At::Wait(seen) => Some(Call::Wait {
                claim: Claim {
                    event: candidate.event.clone(),
                    attempt: candidate.attempt,
                    execution: String::new(),
                    state_machine_arn: String::new(),
                    lane: lane_of(candidate, terms),
                    read: *seen,
                },
                tenant: Some(queue.tenant.clone()),
            }),
            At::Put => Some(Call::PutDeferred {
                place: self.place(queue),
                row: RowKey::of(&candidate.event),
                attempt: candidate.attempt,
            }),
            At::Leave(fate) => fate.of(candidate, terms),
            At::Letter => Fate::Delete.of(candidate, terms),
            At::Done => None,
        }
    }

    fn answered(&mut self, answer: Answer, terms: &Terms<'_>, facts: &mut Vec<Fact>) {
        self.at = match std::mem::replace(&mut self.at, At::Done) {
            At::Recognise(mut recognising) => {
                match recognising.answered(&mut self.candidate, answer, terms, facts) {
                    None => At::Recognise(recognising),
                    Some(Recognised::Claim(seen)) => wait(seen),
                    Some(Recognised::Leave(fate)) => At::Leave(fate),
                    // A pipeline with an order bounds no tenants.
                    Some(Recognised::Turn(_)) => At::Leave(Fate::HandBack),
                }
            }
            At::Wait(_) => self.waits(answer, terms, facts),
            At::Put if answer == Answer::Done => {
                facts.push(Fact::Deferred);
                At::Leave(Fate::Delete)
            }
            At::Put => failed(terms, facts),
            At::Leave(fate) => match fate.done(&answer, facts) {
                true => At::Letter,
                false => At::Done,
            },
            At::Letter | At::Done => At::Done,
        };
    }

    fn waits(&mut self, answer: Answer, terms: &Terms<'_>, facts: &mut Vec<Fact>) -> At {
        match answer {
            Answer::Written(Written::Now) => At::Put,
            Answer::Written(Written::Lost(row)) => {
                let row = row.as_deref();
                match verdict(self.candidate.attempt, row) {
                    Verdict::Stale => At::Leave(Fate::stale(&self.candidate, row, facts)),
                    Verdict::Claim | Verdict::ClaimIfClosed => At::Leave(Fate::HandBack),
                }
            }
            Answer::Unreadable(reason) => At::Leave(Fate::unreadable(reason, facts)),
            _ => failed(terms, facts),
        }
    }
}

fn wait(seen: Option<Seen>) -> At {
    match seen {
        // It was deferred before, and its message came again.
        Some(seen) if seen.state == State::Waiting => At::Put,
        seen => At::Wait(seen),
    }
}

/// The write can land later: the next tick knows by the suspicion.
fn failed(terms: &Terms<'_>, facts: &mut Vec<Fact>) -> At {
    facts.push(Fact::Suspect(terms.now));
    facts.push(Fact::Failed(Scope::Tick));
    At::Leave(Fate::HandBack)
}

impl HoldsPermit for Deferring {}

impl Machine for Deferring {
    type Terms<'a> = Terms<'a>;
    type Fact = Fact;

    fn outstanding(&self) -> impl Iterator<Item = CallId> {
        let naming = self.naming.is_some();
        let messages = (ONLY + 1..).zip(&self.messages);
        let messages = messages.filter(move |(_, message)| !naming && message.at != At::Done);
        let naming = naming.then_some(ONLY).into_iter();
        naming.chain(messages.map(|(id, _)| id))
    }

    fn call(&self, id: CallId, terms: &Terms<'_>) -> Option<Call> {
        if let Some(token) = self.naming.as_ref().filter(|_| id == ONLY) {
            return Some(Call::NameQueue {
                queue: self.queue.clone(),
                token: token.clone(),
            });
        }
        let message = self.messages.get(usize::from(id.checked_sub(1)?))?;
        message.call(&self.queue, terms)
    }

    fn answered(&mut self, id: CallId, answer: Answer, terms: &Terms<'_>, facts: &mut Vec<Fact>) {
        let Some(index) = id.checked_sub(1) else {
            return self.named(&answer, facts);
        };
        if let Some(message) = self.messages.get_mut(usize::from(index)) {
            message.answered(answer, terms, facts);
        }
    }
}

#[cfg(test)]
mod tests;
