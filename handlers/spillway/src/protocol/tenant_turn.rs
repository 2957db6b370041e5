//! The turn of a tenant's queue: its oldest events are read, and those that wait no longer are
//! forgotten. The others are candidates. An empty queue is removed from the directory, if
//! [`super::tenant_queues`] says so.

use super::call::{Answer, Call};
use super::candidate::Candidate;
use super::fact::{Fact, Scope};
use super::starting::HoldsPermit;
use super::tenant_queues::{READ_BESIDES, Turn, TurnEnded};
use super::terms::Terms;
use super::{CallId, Machine, ONLY};
use crate::record::deferred::{Deferred, TenantQueue};

/// A turn that is being taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TenantTurn {
    turn: Turn,
    at: At,
    found: Found,
    /// Events that wait no longer, and those of them that were forgotten for certain.
    gone: u32,
    forgotten: u32,
}

/// The result of a turn.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Found {
    /// There is no answer, or none yet.
    Unclear,
    Empty,
    /// The oldest first. All that wait, if it says so.
    Waiting {
        events: Vec<Deferred>,
        all: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    Read,
    /// These are forgotten, side by side; `None`: that one is.
    Forget(Vec<Option<Deferred>>),
    Remove(String),
    Done,
}

impl TenantTurn {
    pub fn new(turn: Turn) -> Self {
        Self {
            turn,
            at: At::Read,
            found: Found::Unclear,
            gone: 0,
            forgotten: 0,
        }
    }

    pub fn queue(&self) -> &TenantQueue {
        &self.turn.queue
    }

    /// Returns the events that can start now, as candidates of a lane.
    pub fn candidates(&self, lane: usize) -> Vec<Candidate> {
        let Found::Waiting { events, .. } = &self.found else {
            return Vec::new();
        };
        let candidates = events.iter();
        let candidates = candidates.filter_map(|it| Candidate::of_deferred(it, lane));
        candidates.take(self.turn.most as usize).collect()
    }

    /// Returns how many events are read.
    fn asked(&self) -> u32 {
        self.turn.most.saturating_add(READ_BESIDES)
    }

    /// Returns how the turn ended, of whose events so many were claimed and have left the queue,
    /// both for certain.
    pub fn ended(&self, claimed: u32) -> TurnEnded {
        match &self.found {
            Found::Unclear => TurnEnded::Unclear,
            Found::Empty => TurnEnded::Empty,
            Found::Waiting { events, all: true }
                if claimed as usize == events.len() && self.forgotten == self.gone =>
            {
                TurnEnded::Empty
            }
            Found::Waiting { .. } => TurnEnded::Done(claimed + self.forgotten),
        }
    }

    pub fn found(&self) -> &Found {
        &self.found
    }

    /// Removes the queue, which is empty, from the directory.
    pub fn remove(&mut self, token: String) {
        self.at = At::Remove(token);
    }

    fn read(&mut self, answer: Answer, facts: &mut Vec<Fact>) -> At {
        let deferred = match answer {
            Answer::Deferred(deferred) => deferred,
            Answer::Unreadable(reason) => {
                facts.push(Fact::Unreadable { reason });
                return At::Done;
            }
            _ => {
                facts.push(Fact::Failed(Scope::Tick));
                return At::Done;
            }
        };
        let read = deferred.len();
        if read == 0 {
            self.found = Found::Empty;
            return At::Done;
        }
        let (gone, waiting): (Vec<_>, Vec<_>) = deferred.into_iter().partition(Deferred::is_gone);
        for reason in waiting.iter().filter_map(|it| it.row.as_ref().err()) {
            let reason = reason.clone();
            facts.push(Fact::Unreadable { reason });
        }
        self.found = Found::Waiting {
            all: read < self.asked() as usize,
            events: waiting,
        };
        self.gone = gone.len() as u32;
        At::Forget(gone.into_iter().map(Some).collect())
    }
}

impl HoldsPermit for TenantTurn {}

impl Machine for TenantTurn {
    type Terms<'a> = Terms<'a>;
    type Fact = Fact;

    fn outstanding(&self) -> impl Iterator<Item = CallId> {
        let (one, gone) = match &self.at {
            At::Read | At::Remove(_) => (true, [].as_slice()),
            At::Forget(gone) => (false, gone.as_slice()),
            At::Done => (false, [].as_slice()),
        };
        let gone = (ONLY + 1..).zip(gone).filter(|(_, gone)| gone.is_some());
        one.then_some(ONLY)
            .into_iter()
            .chain(gone.map(|(id, _)| id))
    }

    fn call(&self, id: CallId, _: &Terms<'_>) -> Option<Call> {
        let queue = self.turn.queue.clone();
        match &self.at {
            At::Read => Some(Call::ReadDeferred {
                queue,
                most: self.asked(),
            }),
            At::Remove(token) => Some(Call::ForgetQueue {
                queue,
                token: token.clone(),
            }),
            At::Forget(gone) => {
                let gone = gone.get(usize::from(id.checked_sub(1)?))?.as_ref()?;
                Some(Call::ForgetDeferred {
                    place: gone.place.clone(),
                    attempt: gone.attempt,
                })
            }
            At::Done => None,
        }
    }

    fn answered(&mut self, id: CallId, answer: Answer, _: &Terms<'_>, facts: &mut Vec<Fact>) {
        self.at = match std::mem::replace(&mut self.at, At::Done) {
            At::Read => self.read(answer, facts),
            At::Forget(mut gone) => {
                match answer {
                    Answer::Done => self.forgotten += 1,
                    _ => facts.push(Fact::Failed(Scope::Nothing)),
                }
                // One that stays is found again.
                let index = id.checked_sub(1).map(usize::from);
                if let Some(gone) = index.and_then(|index| gone.get_mut(index)) {
                    *gone = None;
                }
                At::Forget(gone)
            }
            // A queue that stays is found empty by a later tick.
            At::Remove(_) if answer != Answer::Done => {
                facts.push(Fact::Failed(Scope::Nothing));
                At::Done
            }
            At::Remove(_) | At::Done => At::Done,
        };
    }
}

#[cfg(test)]
mod tests;
