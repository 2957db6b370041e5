//! A start that an earlier tick left open: one that was throttled, or that of a tick that died. The
//! machine finds the slot's load, and whether it is certain that nothing runs in it.

use std::sync::Arc;

use super::call::{Answer, Call, Queue};
use super::fact::{Fact, Scope};
use super::freeing::Freeing;
use super::kept::{Kept, Origin};
use super::loading::{Loaded, Loading};
use super::starting::HoldsPermit;
use super::terms::Terms;
use super::{CallId, Machine, ONLY};
use crate::execution::answer::Described;
use crate::execution::input::Load;
use crate::execution::outcome::Outcome;
use crate::message::outgoing::Outgoing;
use crate::record::slot::{Slot, Work};
use crate::rules::sweep::{claims_have_landed, may_run_unfound};

/// A slot whose start is open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Opening {
    slot: Slot,
    /// More slots are taken than the limit allows, after it was lowered. Only an execution that
    /// certainly does not run is started.
    above_limit: bool,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    Load(Loading),
    Describe(Load),
    Report(Outcome),
    Free(Freeing),
    /// To be started, once the tick has a permit for it.
    Open(Arc<Load>),
    /// Nothing is claimed for it, and a claim can be on the wire.
    Unclaimed,
    Done,
}

impl Opening {
    pub fn new(slot: Slot, above_limit: bool) -> Self {
        Self {
            slot,
            above_limit,
            at: At::Load(Loading::default()),
        }
    }

    pub fn slot(&self) -> &Slot {
        &self.slot
    }

    /// Returns the slots for a model, which numbers times anew.
    pub fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        let freeing = match &mut self.at {
            At::Free(freeing) => Some(&mut freeing.slot),
            _ => None,
        };
        std::iter::once(&mut self.slot).chain(freeing)
    }

    /// Returns whether it is to be looked at once more when no claim can land any longer.
    pub fn is_unclaimed(&self) -> bool {
        self.at == At::Unclaimed
    }

    /// `why`: the failure, if there was one.
    fn suspect(&self, why: Option<Fact>, facts: &mut Vec<Fact>) -> At {
        facts.push(Fact::Suspect(self.slot.taken_at));
        facts.extend(why);
        At::Done
    }

    fn loaded(&self, loaded: Loaded, terms: &Terms<'_>, facts: &mut Vec<Fact>) -> At {
        match loaded {
            Loaded::For(load) if self.above_limit => At::Describe(load),
            Loaded::For(load) => At::Open(Arc::new(load)),
            Loaded::Settled => At::Done,
            // Put and never claimed, or settled while we look.
            Loaded::Nothing if claims_have_landed(&self.slot, terms.now) => {
                At::Free(Freeing::new(self.slot.clone()))
            }
            Loaded::Nothing if self.slot.work != Work::Batch => {
                self.suspect(None, facts);
                At::Unclaimed
            }
            // Of a batch the item goes as well, and beside the drain another message of it can need
            // that.
            Loaded::Nothing | Loaded::Unclear => self.suspect(None, facts),
            // The slot stays, and the sweep comes to it.
            Loaded::Unreadable(reason) => {
                facts.push(Fact::Unreadable { reason });
                At::Done
            }
            Loaded::Failed if self.slot.work == Work::Batch => {
                self.suspect(Some(Fact::Failed(Scope::One)), facts)
            }
            Loaded::Failed => self.suspect(Some(Fact::Failed(Scope::Tick)), facts),
        }
    }

    /// Goes on after the description. The execution of a pending slot can run: its start could have
    /// had no clear answer. As long as any slot is suspect the sweep passes this one by, and a
    /// suspect start can wait for this slot.
    fn described(
        &self,
        load: Load,
        answer: Answer,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> At {
        match answer {
            Answer::Described(Described::NotFound) if may_run_unfound(&self.slot, terms.now) => {
                self.suspect(None, facts)
            }
            Answer::Described(Described::NotFound) => At::Open(Arc::new(load)),
            Answer::Described(Described::Running) => At::Done,
            Answer::Described(Described::Closed(outcome)) => At::Report(outcome),
            _ => self.suspect(Some(Fact::NotDescribed), facts),
        }
    }
}

impl HoldsPermit for Opening {
    fn kept(&self) -> Option<Kept> {
        let At::Open(load) = &self.at else {
            return None;
        };
        Some(Kept {
            slot: self.slot.clone(),
            load: Arc::clone(load),
            may_run: !self.above_limit,
            origin: Origin::Open,
        })
    }
}

impl Machine for Opening {
    type Terms<'a> = Terms<'a>;
    type Fact = Fact;

    fn outstanding(&self) -> impl Iterator<Item = CallId> {
        let done = matches!(self.at, At::Open(_) | At::Unclaimed | At::Done);
        (!done).then_some(ONLY).into_iter()
    }

    fn call(&self, _: CallId, _: &Terms<'_>) -> Option<Call> {
        match &self.at {
            At::Load(loading) => Some(loading.call(&self.slot)),
            At::Describe(_) => Some(Call::Describe {
                state_machine_arn: self.slot.state_machine_arn.clone(),
                execution: self.slot.execution.clone(),
            }),
            At::Report(outcome) => Some(Call::Send {
                to: Queue::Outcomes,
                message: Outgoing::of_outcome(outcome),
            }),
            At::Free(freeing) => Some(freeing.call()),
            At::Open(_) | At::Unclaimed | At::Done => None,
        }
    }

    fn answered(&mut self, _: CallId, answer: Answer, terms: &Terms<'_>, facts: &mut Vec<Fact>) {
        self.at = match std::mem::replace(&mut self.at, At::Done) {
            At::Load(mut loading) => match loading.answered(&self.slot, answer, terms.now) {
                None => At::Load(loading),
                Some(loaded) => self.loaded(loaded, terms, facts),
            },
            At::Describe(load) => self.described(load, answer, terms, facts),
            At::Report(outcome) if answer == Answer::Done => {
                let execution = outcome.execution;
                facts.push(Fact::OutcomeFound { execution });
                At::Done
            }
            At::Report(_) => self.suspect(Some(Fact::Failed(Scope::One)), facts),
            At::Free(mut freeing) => match freeing.answered(&answer, facts) {
                false => At::Free(freeing),
                true => At::Done,
            },
            at @ (At::Open(_) | At::Unclaimed | At::Done) => at,
        };
    }
}
