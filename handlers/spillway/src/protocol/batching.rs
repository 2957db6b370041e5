//! Batching: several messages for one execution. The batch, its slot, the claims, then the start
//! with those that were won.

use super::call::{Answer, Call, Written};
use super::candidate::Candidate;
use super::claim::lane_of;
use super::claiming::Claiming;
use super::fact::{Fact, Scope};
use super::fate::Fate;
use super::freeing::Freeing;
use super::kept::Kept;
use super::member::Member;
use super::starting::{HoldsPermit, Starting};
use super::terms::Terms;
use super::{CallId, Machine, ONLY};
use crate::Millis;
use crate::event::ObjectEvent;
use crate::execution::input::Load;
use crate::execution::name;
use crate::pace::layout::Shard;
use crate::pace::permit::Stage;
use crate::record::batch::Batch;
use crate::record::row::RowKey;
use crate::record::slot::{Slot, Work};

/// The calls that are not a member's; a member's call has its index.
const OWN: CallId = CallId::MAX - 8;

/// Messages on their way into one execution.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Batching {
    members: Vec<Member>,
    /// The indexes of those that are to be in the batch, in the order of its input.
    chosen: Vec<usize>,
    at: At,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    Recognise,
    PutBatch,
    PutSlot(Slot),
    Claim {
        slot: Slot,
        unclear: bool,
    },
    /// Fixes the members of the execution, if not all claims were won.
    Fix(Slot),
    Free(Freeing),
    Start(Starting),
    /// Only one was left: it goes alone.
    Alone(Box<Claiming>),
    Done,
}

impl Batching {
    /// Begins with first attempts at different objects, or with one later attempt, which goes
    /// alone.
    pub fn new(candidates: Vec<Candidate>) -> Self {
        Self {
            members: candidates.into_iter().map(Member::new).collect(),
            chosen: Vec::new(),
            at: At::Recognise,
            stage: Stage::Granted,
        }
    }

    fn slot(&self) -> Option<&Slot> {
        match &self.at {
            At::PutSlot(slot) | At::Claim { slot, .. } | At::Fix(slot) => Some(slot),
            At::Free(freeing) => Some(&freeing.slot),
            At::Start(starting) => Some(starting.slot()),
            At::Alone(claiming) => claiming.slot(),
            At::Recognise | At::PutBatch | At::Done => None,
        }
    }

    /// Returns the slot for a model, which numbers times anew.
    pub fn slot_mut(&mut self) -> Option<&mut Slot> {
        match &mut self.at {
            At::PutSlot(slot) | At::Claim { slot, .. } | At::Fix(slot) => Some(slot),
            At::Free(freeing) => Some(&mut freeing.slot),
            At::Start(starting) => Some(starting.slot_mut()),
            At::Alone(claiming) => claiming.slot_mut(),
            At::Recognise | At::PutBatch | At::Done => None,
        }
    }

    fn members_chosen(&self) -> impl Iterator<Item = &Member> {
        self.chosen
            .iter()
            .filter_map(|&index| self.members.get(index))
    }

    fn execution(&self, terms: &Terms<'_>) -> String {
        let events = self.members_chosen().map(|member| &member.candidate.event);
        name::of_batch(&terms.pipeline.arn, events)
    }

    /// Goes on when every member is recognised.
    fn choose(&mut self, terms: &Terms<'_>) {
        if self.at != At::Recognise || !self.members.iter().all(Member::is_recognised) {
            return;
        }
        let ready = |(index, member): (usize, &Member)| member.ready().map(|_| index);
        self.chosen = self.members.iter().enumerate().filter_map(ready).collect();
        self.at = match self.chosen.as_slice() {
            [] => At::Done,
            [only] => {
                // The others keep their indexes: their calls are under way.
                let alone = self.members.get_mut(*only).map(|member| {
                    let seen = member.ready().flatten();
                    Claiming::recognised(member.take(), seen, terms)
                });
                self.chosen.clear();
                alone.map_or(At::Done, |claiming| At::Alone(Box::new(claiming)))
            }
            _ => At::PutBatch,
        };
    }

    /// Nothing is claimed: each goes back.
    fn leave_all(&mut self, fate: &Fate) -> At {
        for &index in &self.chosen {
            if let Some(member) = self.members.get_mut(index) {
                member.leave(fate.clone());
            }
        }
        At::Done
    }

    fn batch_put(&mut self, answer: Answer, terms: &Terms<'_>, facts: &mut Vec<Fact>) -> At {
        match answer {
            Answer::Batch(Some(Batch { members: None, .. })) => {
                self.stage = Stage::SlotAsked;
                // All are of one lane.
                let first = self.members_chosen().next();
                At::PutSlot(Slot {
                    execution: self.execution(terms),
                    layout: terms.layouts.current,
                    lane: first.and_then(|member| lane_of(&member.candidate, terms)),
                    taken_at: terms.slot_time,
                    work: Work::Batch,
                    ordered: false,
                    state_machine_arn: terms.state_machine_arn.to_owned(),
                    pending: false,
                    generation: terms.generation,
                })
            }
            // Another tick fixed it and is at work.
            Answer::Batch(_) => self.leave_all(&Fate::HandBack),
            _ => {
                facts.push(Fact::Failed(Scope::Tick));
                self.leave_all(&Fate::HandBack)
            }
        }
    }

    fn slot_put(&mut self, slot: Slot, answer: &Answer, facts: &mut Vec<Fact>) -> At {
        match answer {
            Answer::Written(Written::Now) => {
                self.stage = Stage::SlotPut;
                for &index in &self.chosen {
                    if let Some(member) = self.members.get_mut(index) {
                        member.claim();
                    }
                }
                At::Claim {
                    slot,
                    unclear: false,
                }
            }
            Answer::Written(Written::Lost(_)) => {
                self.stage = Stage::Granted;
                self.leave_all(&Fate::Soon)
            }
            _ => {
                facts.push(Fact::Suspect(slot.taken_at));
                facts.push(Fact::Failed(Scope::Tick));
                self.leave_all(&Fate::HandBack)
            }
        }
    }

    /// Goes on when every claim is answered.
    fn all_claimed(&mut self, facts: &mut Vec<Fact>) {
        let At::Claim { slot, unclear } = &self.at else {
            return;
        };
        if self.members_chosen().any(Member::is_being_claimed) {
            return;
        }
        let won = self
            .members_chosen()
            .filter(|member| member.is_won())
            .count();
        let (slot, unclear) = (slot.clone(), *unclear);
        self.at = match won {
            // Which of them were won is left to the next tick, which asks the ledger; those that
            // were are its own now.
            _ if unclear => {
                facts.push(Fact::Suspect(slot.taken_at));
                At::Done
            }
            0 => {
                self.stage = Stage::Unused;
                At::Free(Freeing::new(slot))
            }
            won if won < self.chosen.len() => At::Fix(slot),
            _ => self.start(slot, facts),
        };
    }

    /// The indexes in the batch of those that were won.
    fn won(&self) -> Vec<usize> {
        let won = |(index, member): (usize, &Member)| member.is_won().then_some(index);
        self.members_chosen().enumerate().filter_map(won).collect()
    }

    fn fixed(&mut self, slot: Slot, answer: &Answer, facts: &mut Vec<Fact>) -> At {
        match answer {
            Answer::Batch(Some(batch)) if batch.members == Some(self.won()) => {
                self.start(slot, facts)
            }
            answer => {
                facts.push(Fact::Suspect(slot.taken_at));
                if !matches!(answer, Answer::Batch(_)) {
                    facts.push(Fact::Failed(Scope::Tick));
                }
                At::Done
            }
        }
    }

    fn start(&self, slot: Slot, facts: &mut Vec<Fact>) -> At {
        facts.push(Fact::Batched);
        let won = self.members_chosen().filter(|member| member.is_won());
        let events: Vec<ObjectEvent> = won.map(|it| it.candidate.event.clone()).collect();
        At::Start(Starting::new(slot, Load { attempt: 1, events }))
    }

    fn of_member(
        &mut self,
        index: usize,
        answer: Answer,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) {
        let Some(member) = self.members.get_mut(index) else {
            return;
        };
        let known = member.answered(answer, terms, facts);
        if let At::Claim { unclear, .. } = &mut self.at {
            *unclear |= !known;
        }
        self.choose(terms);
        self.all_claimed(facts);
    }
}

impl HoldsPermit for Batching {
    fn stage(&self) -> Stage {
        match &self.at {
            At::Start(starting) => starting.stage(),
            At::Alone(claiming) => claiming.stage(),
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
        match &self.at {
            At::Done => self.stage == Stage::Granted,
            At::Alone(claiming) => claiming.starts_nothing(),
            _ => false,
        }
    }

    fn kept(&self) -> Option<Kept> {
        match &self.at {
            At::Start(starting) => starting.kept(),
            At::Alone(claiming) => claiming.kept(),
            _ => None,
        }
    }
}

impl Machine for Batching {
    type Terms<'a> = Terms<'a>;
    type Fact = Fact;

    fn outstanding(&self) -> impl Iterator<Item = CallId> {
        let mut own = Vec::new();
        match &self.at {
            At::Recognise | At::Claim { .. } | At::Done => {}
            At::Start(starting) if starting.is_done() => {}
            At::Alone(claiming) => own.extend(claiming.outstanding().map(|id| OWN + id)),
            _ => own.push(OWN),
        }
        let calls = |(index, member): (usize, &Member)| {
            member.has_call().then(|| CallId::try_from(index).ok())?
        };
        self.members.iter().enumerate().filter_map(calls).chain(own)
    }

    fn call(&self, id: CallId, terms: &Terms<'_>) -> Option<Call> {
        if id < OWN {
            let execution = match &self.at {
                At::Claim { slot, .. } => slot.execution.as_str(),
                _ => "",
            };
            return self.members.get(usize::from(id))?.call(execution, terms);
        }
        match &self.at {
            At::PutBatch => Some(Call::PutBatch {
                execution: self.execution(terms),
                candidates: self
                    .members_chosen()
                    .map(|member| RowKey::of(&member.candidate.event))
                    .collect(),
            }),
            At::PutSlot(slot) => Some(Call::PutSlot {
                slot: slot.clone(),
                unless_in: terms.unless_in(&slot.execution),
            }),
            At::Fix(slot) => Some(Call::FixBatch {
                execution: slot.execution.clone(),
                members: self.won(),
            }),
            At::Free(freeing) => Some(freeing.call()),
            At::Start(starting) => starting.call(ONLY, terms),
            At::Alone(claiming) => claiming.call(id - OWN, terms),
            At::Recognise | At::Claim { .. } | At::Done => None,
        }
    }

    fn answered(&mut self, id: CallId, answer: Answer, terms: &Terms<'_>, facts: &mut Vec<Fact>) {
        if id < OWN {
            return self.of_member(usize::from(id), answer, terms, facts);
        }
        self.at = match std::mem::replace(&mut self.at, At::Done) {
            At::PutBatch => self.batch_put(answer, terms, facts),
            At::PutSlot(slot) => self.slot_put(slot, &answer, facts),
            At::Fix(slot) => self.fixed(slot, &answer, facts),
            At::Free(mut freeing) => match freeing.answered(&answer, facts) {
                false => At::Free(freeing),
                true => At::Done,
            },
            At::Start(mut starting) => {
                starting.answered(ONLY, answer, terms, facts);
                At::Start(starting)
            }
            At::Alone(mut claiming) => {
                claiming.answered(id - OWN, answer, terms, facts);
                At::Alone(claiming)
            }
            at @ (At::Recognise | At::Claim { .. } | At::Done) => at,
        };
    }
}

#[cfg(test)]
mod tests;
