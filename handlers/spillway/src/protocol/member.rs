//! One message of a batch: recognised, claimed for the batch's execution, and deleted or handed
//! back.

use super::call::{Answer, Call, Written};
use super::candidate::Candidate;
use super::claim::claim_of;
use super::fact::{Fact, Scope};
use super::fate::Fate;
use super::recognising::{Recognised, Recognising};
use super::terms::Terms;
use crate::record::row::{Row, Seen};
use crate::rules::attempt::{Verdict, verdict};

/// How often a member is claimed again whose row was written since it was read.
const TRIES: u8 = 4;

/// A message that is to be in a batch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    pub candidate: Candidate,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    Recognise(Box<Recognising>),
    /// Its attempt is to be claimed, if the row is still like this.
    Ready(Option<Seen>),
    Claim {
        seen: Option<Seen>,
        tries: u8,
    },
    Leave {
        fate: Fate,
        won: bool,
    },
    /// Its dead letter is sent.
    Letter,
    Done {
        won: bool,
    },
}

impl Member {
    pub fn new(candidate: Candidate) -> Self {
        Self {
            candidate,
            at: At::Recognise(Box::default()),
        }
    }

    pub fn is_recognised(&self) -> bool {
        !matches!(self.at, At::Recognise(_))
    }

    /// Returns the row as it was read, of a member whose attempt is to be claimed.
    pub fn ready(&self) -> Option<Option<Seen>> {
        match self.at {
            At::Ready(seen) => Some(seen),
            _ => None,
        }
    }

    pub fn is_being_claimed(&self) -> bool {
        matches!(self.at, At::Claim { .. })
    }

    pub fn is_won(&self) -> bool {
        match self.at {
            At::Leave { won, .. } | At::Done { won } => won,
            _ => false,
        }
    }

    pub fn has_call(&self) -> bool {
        !matches!(self.at, At::Ready(_) | At::Done { .. })
    }

    /// Claims its attempt: the slot is there.
    pub fn claim(&mut self) {
        if let At::Ready(seen) = self.at {
            self.at = At::Claim { seen, tries: 0 };
        }
    }

    /// Goes another way.
    pub fn take(&mut self) -> Candidate {
        self.at = At::Done { won: false };
        self.candidate.clone()
    }

    pub fn leave(&mut self, fate: Fate) {
        let won = false;
        self.at = At::Leave { fate, won };
    }

    /// Returns its call. `execution`: the batch's.
    pub fn call(&self, execution: &str, terms: &Terms<'_>) -> Option<Call> {
        let candidate = &self.candidate;
        match &self.at {
            At::Recognise(recognising) => Some(recognising.call(candidate, terms)),
            At::Claim { seen, .. } => {
                Some(Call::Claim(claim_of(candidate, execution, *seen, terms)))
            }
            At::Leave { fate, .. } => fate.of(candidate, terms),
            At::Letter => Fate::Delete.of(candidate, terms),
            At::Ready(_) | At::Done { .. } => None,
        }
    }

    /// Makes the next step. Returns `false` when it is not known whether the member was claimed.
    pub fn answered(&mut self, answer: Answer, terms: &Terms<'_>, facts: &mut Vec<Fact>) -> bool {
        let won = self.is_won();
        match std::mem::replace(&mut self.at, At::Done { won }) {
            At::Recognise(mut recognising) => {
                match recognising.answered(&mut self.candidate, answer, terms, facts) {
                    None => self.at = At::Recognise(recognising),
                    Some(recognised) => self.recognised(recognised),
                }
            }
            At::Claim { tries, .. } => return self.claimed(tries, answer, facts),
            At::Leave { fate, won: false } => {
                if fate.done(&answer, facts) {
                    self.at = At::Letter;
                }
            }
            At::Ready(seen) => self.at = At::Ready(seen),
            At::Leave { .. } | At::Letter | At::Done { .. } => {}
        }
        true
    }

    fn recognised(&mut self, recognised: Recognised) {
        match recognised {
            Recognised::Claim(seen) => self.at = At::Ready(seen),
            Recognised::Leave(fate) => self.leave(fate),
            // An order needs executions of one event each.
            Recognised::Turn(_) => self.leave(Fate::HandBack),
        }
    }

    /// Goes on after the write of its claim. Returns `false` when its result is not known.
    ///
    /// A row that was written since it was read, by ingest for example, and can still be claimed is
    /// claimed as it is. An attempt that is left behind could be claimed later for a batch of the
    /// same name, which has run without it.
    fn claimed(&mut self, tries: u8, answer: Answer, facts: &mut Vec<Fact>) -> bool {
        let row = match answer {
            Answer::Written(Written::Now) => {
                // Slot and claim are there, so the message can go.
                let fate = Fate::Delete;
                self.at = At::Leave { fate, won: true };
                return true;
            }
            Answer::Written(Written::Lost(row)) => row,
            // There is a row, so nothing was written.
            Answer::Unreadable(reason) => {
                let fate = Fate::unreadable(reason, facts);
                self.leave(fate);
                return true;
            }
            _ => {
                facts.push(Fact::Failed(Scope::Tick));
                self.leave(Fate::HandBack);
                return false;
            }
        };
        let row: Option<&Row> = row.as_deref();
        match verdict(self.candidate.attempt, row) {
            Verdict::Claim if tries < TRIES => {
                let seen = row.map(Seen::from);
                let tries = tries + 1;
                self.at = At::Claim { seen, tries };
            }
            Verdict::Stale => {
                let fate = Fate::stale(&self.candidate, row, facts);
                self.leave(fate);
            }
            Verdict::Claim | Verdict::ClaimIfClosed => self.leave(Fate::HandBack),
        }
        true
    }
}
