//! Claiming: one message, from receive to start. The slot comes first, then the claim, then side by
//! side the deletion of the message and the start. Once slot and claim exist the ledger owns the
//! event, and a later tick finds the slot and finishes the start.
//!
//! The row of a new event is not read first: the claim's condition is that there is none.

use super::call::{Answer, Call, Written};
use super::candidate::Candidate;
use super::claim::{claim_of, slot_of};
use super::fact::{Fact, Scope};
use super::fate::Fate;
use super::freeing::Freeing;
use super::kept::Kept;
use super::recognising::{Recognised, Recognising};
use super::starting::{HoldsPermit, Starting};
use super::terms::Terms;
use super::turn::{Taken, TakingTurn};
use super::{CallId, Machine, ONLY};
use crate::Millis;
use crate::execution::input::Load;
use crate::pace::layout::Shard;
use crate::pace::permit::Stage;
use crate::record::row::Seen;
use crate::record::slot::Slot;
use crate::rules::attempt::{Verdict, verdict};
use crate::rules::order::Order;

/// The calls that are made side by side at the end.
const DELETE: CallId = 1;
const START: CallId = 2;

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claiming {
    candidate: Candidate,
    at: At,
    stage: Stage,
    /// Its row was read, whether there is one or not.
    is_read: bool,
    /// The message or item that brought it is deleted for certain.
    is_deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    Recognise(Recognising),
    PutSlot {
        seen: Option<Seen>,
        slot: Slot,
    },
    Claim {
        seen: Option<Seen>,
        slot: Slot,
    },
    /// With an order: slot, row and head.
    TakeTurn(Box<TakingTurn>),
    /// Frees the slot that it put and did not use.
    Free {
        freeing: Freeing,
        then: Fate,
    },
    Leave(Fate),
    /// Its dead letter is sent.
    Letter,
    Start {
        deleting: bool,
        starting: Starting,
    },
    Done,
}

impl Claiming {
    pub fn new(candidate: Candidate, terms: &Terms<'_>) -> Self {
        let mut claiming = Self::at(candidate, At::Recognise(Recognising::default()));
        // In a pipeline with an order the row tells which version has the turn. Once reconcile has
        // found versions without a version id, another row can be the event's.
        let unread = terms.pipeline.order == Order::None && !terms.listed;
        if unread && claiming.candidate.is_new() {
            claiming.at = claiming.put_slot(None, terms);
        }
        claiming
    }

    /// Goes on with a message whose attempt is to be claimed, if its row is still as it was read.
    pub fn recognised(candidate: Candidate, seen: Option<Seen>, terms: &Terms<'_>) -> Self {
        let mut claiming = Self::at(candidate, At::Done);
        claiming.is_read = true;
        claiming.at = claiming.put_slot(seen, terms);
        claiming
    }

    /// Begins with a message that claims nothing.
    pub fn leaving(candidate: Candidate, fate: Fate) -> Self {
        Self::at(candidate, At::Leave(fate))
    }

    fn at(candidate: Candidate, at: At) -> Self {
        Self {
            candidate,
            at,
            stage: Stage::Granted,
            is_read: false,
            is_deleted: false,
        }
    }

    /// Returns whether its attempt is claimed, and the message or item that brought it is deleted:
    /// both for certain.
    pub fn has_left(&self) -> bool {
        self.is_deleted && self.stage().is_claimed()
    }

    pub fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    pub fn slot(&self) -> Option<&Slot> {
        match &self.at {
            At::PutSlot { slot, .. } | At::Claim { slot, .. } => Some(slot),
            At::Free { freeing, .. } => Some(&freeing.slot),
            At::TakeTurn(turn) => turn.slot(),
            At::Start { starting, .. } => Some(starting.slot()),
            At::Recognise(_) | At::Leave(_) | At::Letter | At::Done => None,
        }
    }

    /// Returns the slot for a model, which numbers times anew.
    pub fn slot_mut(&mut self) -> Option<&mut Slot> {
        match &mut self.at {
            At::PutSlot { slot, .. } | At::Claim { slot, .. } => Some(slot),
            At::Free { freeing, .. } => Some(&mut freeing.slot),
            At::TakeTurn(turn) => turn.slot_mut(),
            At::Start { starting, .. } => Some(starting.slot_mut()),
            At::Recognise(_) | At::Leave(_) | At::Letter | At::Done => None,
        }
    }

    fn put_slot(&mut self, seen: Option<Seen>, terms: &Terms<'_>) -> At {
        self.stage = Stage::SlotAsked;
        let slot = slot_of(&self.candidate, terms);
        At::PutSlot { seen, slot }
    }

    fn recognise(
        &mut self,
        mut recognising: Recognising,
        answer: Answer,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> At {
        self.is_read = true;
        match recognising.answered(&mut self.candidate, answer, terms, facts) {
            None => At::Recognise(recognising),
            Some(Recognised::Leave(fate)) => At::Leave(fate),
            Some(Recognised::Claim(seen)) => self.put_slot(seen, terms),
            Some(Recognised::Turn(known)) => {
                let mut turn = Box::new(TakingTurn::default());
                match turn.begin(
                    &self.candidate,
                    known.row.as_ref(),
                    &known.head,
                    terms,
                    facts,
                ) {
                    None => self.turn(turn),
                    Some(taken) => self.taken(taken, facts),
                }
            }
        }
    }

    fn turn(&mut self, turn: Box<TakingTurn>) -> At {
        self.stage = turn.stage();
        At::TakeTurn(turn)
    }

    /// Goes on after a claim.
    fn taken(&mut self, taken: Taken, facts: &mut Vec<Fact>) -> At {
        match taken {
            Taken::Won(slot) => self.start(slot),
            Taken::Without { slot: None, fate } => {
                self.stage = Stage::Granted;
                At::Leave(fate)
            }
            Taken::Without {
                slot: Some(slot),
                fate,
            } => {
                self.stage = Stage::Unused;
                let freeing = Freeing::new(slot);
                At::Free {
                    freeing,
                    then: fate,
                }
            }
            // It can have been claimed: then the slot is needed, and the next tick starts it.
            Taken::Unclear { taken_at } => {
                facts.push(Fact::Suspect(taken_at));
                facts.push(Fact::Failed(Scope::Tick));
                At::Leave(Fate::HandBack)
            }
        }
    }

    fn start(&mut self, slot: Slot) -> At {
        let load = Load {
            attempt: self.candidate.attempt,
            events: vec![self.candidate.event.clone()],
        };
        At::Start {
            deleting: true,
            starting: Starting::new(slot, load),
        }
    }

    /// Goes on after the put of the slot. One that is there already belongs to another message of
    /// the same attempt, which can claim with it or free it. Only the message that put a slot goes
    /// on with it. This message comes again, unless its row says that the attempt is claimed.
    fn slot_put(
        &mut self,
        seen: Option<Seen>,
        slot: Slot,
        answer: Answer,
        facts: &mut Vec<Fact>,
    ) -> At {
        match answer {
            Answer::Written(Written::Now) => {
                self.stage = Stage::SlotPut;
                At::Claim { seen, slot }
            }
            Answer::Written(Written::Lost(_)) if !self.is_read => {
                self.stage = Stage::Granted;
                At::Recognise(Recognising::default())
            }
            Answer::Written(Written::Lost(_)) => self.taken(
                Taken::Without {
                    slot: None,
                    fate: Fate::Soon,
                },
                facts,
            ),
            _ => {
                let taken_at = slot.taken_at;
                self.taken(Taken::Unclear { taken_at }, facts)
            }
        }
    }

    /// Goes on after the write of the claim.
    fn claimed(&mut self, slot: Slot, answer: Answer, facts: &mut Vec<Fact>) -> At {
        let taken = match answer {
            Answer::Written(Written::Now) => Taken::Won(slot),
            Answer::Written(Written::Lost(row)) => {
                let row = row.as_deref();
                let fate = match verdict(self.candidate.attempt, row) {
                    Verdict::Stale => Fate::stale(&self.candidate, row, facts),
                    Verdict::Claim | Verdict::ClaimIfClosed => Fate::HandBack,
                };
                let slot = Some(slot);
                Taken::Without { slot, fate }
            }
            // There is a row, so nothing was written.
            Answer::Unreadable(reason) => Taken::Without {
                slot: Some(slot),
                fate: Fate::unreadable(reason, facts),
            },
            _ => Taken::Unclear {
                taken_at: slot.taken_at,
            },
        };
        self.taken(taken, facts)
    }
}

impl HoldsPermit for Claiming {
    fn stage(&self) -> Stage {
        match &self.at {
            At::Start { starting, .. } => starting.stage(),
            _ => self.stage,
        }
    }

    fn taken_at(&self) -> Option<Millis> {
        self.slot().map(|slot| slot.taken_at)
    }

    fn shard(&self) -> Option<Shard> {
        self.slot().map(Slot::shard)
    }

    fn starts_nothing(&self) -> bool {
        let leaves = matches!(self.at, At::Leave(_) | At::Letter | At::Done);
        leaves && self.stage == Stage::Granted
    }

    fn kept(&self) -> Option<Kept> {
        match &self.at {
            At::Start { starting, .. } => starting.kept(),
            _ => None,
        }
    }
}

impl Machine for Claiming {
    type Terms<'a> = Terms<'a>;
    type Fact = Fact;

    fn outstanding(&self) -> impl Iterator<Item = CallId> {
        let (only, delete, start) = match &self.at {
            At::Done => (false, false, false),
            At::Leave(fate) => (fate.has_call(&self.candidate), false, false),
            At::Start { deleting, starting } => (false, *deleting, !starting.is_done()),
            _ => (true, false, false),
        };
        let ids = [(only, ONLY), (delete, DELETE), (start, START)];
        ids.into_iter().filter_map(|(is, id)| is.then_some(id))
    }

    fn call(&self, id: CallId, terms: &Terms<'_>) -> Option<Call> {
        let candidate = &self.candidate;
        match &self.at {
            At::Recognise(recognising) => Some(recognising.call(candidate, terms)),
            At::PutSlot { slot, .. } => Some(Call::PutSlot {
                slot: slot.clone(),
                unless_in: terms.unless_in(&slot.execution),
            }),
            At::Claim { seen, slot } => {
                let claim = claim_of(candidate, &slot.execution, *seen, terms);
                Some(Call::Claim(claim))
            }
            At::TakeTurn(turn) => turn.call(candidate, terms),
            At::Free { freeing, .. } => Some(freeing.call()),
            At::Leave(fate) => fate.of(candidate, terms),
            At::Letter => Fate::Delete.of(candidate, terms),
            At::Start { starting, .. } if id == START => starting.call(ONLY, terms),
            At::Start { .. } => Fate::Delete.of(candidate, terms),
            At::Done => None,
        }
    }

    fn answered(&mut self, id: CallId, answer: Answer, terms: &Terms<'_>, facts: &mut Vec<Fact>) {
        self.at = match std::mem::replace(&mut self.at, At::Done) {
            At::Recognise(recognising) => self.recognise(recognising, answer, terms, facts),
            At::PutSlot { seen, slot } => self.slot_put(seen, slot, answer, facts),
            At::Claim { slot, .. } => self.claimed(slot, answer, facts),
            At::TakeTurn(mut turn) => match turn.answered(&self.candidate, answer, terms, facts) {
                None => self.turn(turn),
                Some(taken) => self.taken(taken, facts),
            },
            At::Free { mut freeing, then } => match freeing.answered(&answer, facts) {
                false => At::Free { freeing, then },
                true => At::Leave(then),
            },
            At::Leave(fate) => match fate.done(&answer, facts) {
                true => At::Letter,
                false => At::Done,
            },
            At::Letter | At::Done => At::Done,
            At::Start {
                deleting,
                mut starting,
            } => {
                let deleting = deleting && id != DELETE;
                if id == START {
                    starting.answered(ONLY, answer, terms, facts);
                } else {
                    self.is_deleted = answer == Answer::Done;
                }
                At::Start { deleting, starting }
            }
        };
    }
}

#[cfg(test)]
mod tests;
