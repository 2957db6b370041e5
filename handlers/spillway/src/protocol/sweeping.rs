//! The sweep of one slot whose outcome never came: the end of its execution, and the ledger's
//! answer about it.

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
use crate::record::slot::Slot;
use crate::rules::sweep::{Action, Held, action};

/// A slot that is swept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sweeping {
    slot: Slot,
    /// Nothing is started: only outcomes are reported.
    paused: bool,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    Describe,
    Load(Loading),
    Report(Outcome),
    Free(Freeing),
    /// To be started, once the tick has a permit for it.
    Open(Arc<Load>),
    Done,
}

impl Sweeping {
    pub fn new(slot: Slot, paused: bool) -> Self {
        Self {
            slot,
            paused,
            at: At::Describe,
        }
    }

    /// Returns the slots for a model, which numbers times anew.
    pub fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        let freeing = match &mut self.at {
            At::Free(freeing) => Some(&mut freeing.slot),
            _ => None,
        };
        std::iter::once(&mut self.slot).chain(freeing)
    }

    fn act(
        &self,
        described: Described,
        held: Held,
        load: Option<Load>,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> At {
        match (
            action(&self.slot, described, held, self.paused, terms.now),
            load,
        ) {
            (Action::Leave, _) | (Action::Start, None) => At::Done,
            (Action::Report(outcome), _) => At::Report(outcome),
            (Action::Start, Some(load)) => At::Open(Arc::new(load)),
            (Action::Free, _) => At::Free(Freeing::new(self.slot.clone())),
            (Action::Park, _) => {
                let execution = self.slot.execution.clone();
                facts.push(Fact::Parked { execution });
                At::Done
            }
        }
    }

    fn loaded(&self, loaded: Loaded, terms: &Terms<'_>, facts: &mut Vec<Fact>) -> At {
        let (held, load) = match loaded {
            Loaded::For(load) => (Held::Claimed, Some(load)),
            Loaded::Nothing => (Held::Unused, None),
            Loaded::Settled if self.slot.row().is_some() => (Held::Settled, None),
            // The outcome of the batch is with settle, or it comes round again.
            Loaded::Settled | Loaded::Unclear => (Held::Unclear, None),
            Loaded::Unreadable(reason) => {
                facts.push(Fact::Unreadable { reason });
                return At::Done;
            }
            Loaded::Failed => {
                facts.push(Fact::Failed(Scope::One));
                return At::Done;
            }
        };
        self.act(Described::NotFound, held, load, terms, facts)
    }
}

impl HoldsPermit for Sweeping {
    fn kept(&self) -> Option<Kept> {
        let At::Open(load) = &self.at else {
            return None;
        };
        Some(Kept {
            slot: self.slot.clone(),
            load: Arc::clone(load),
            may_run: false,
            origin: Origin::Swept,
        })
    }
}

impl Machine for Sweeping {
    type Terms<'a> = Terms<'a>;
    type Fact = Fact;

    fn outstanding(&self) -> impl Iterator<Item = CallId> {
        let done = matches!(self.at, At::Open(_) | At::Done);
        (!done).then_some(ONLY).into_iter()
    }

    fn call(&self, _: CallId, _: &Terms<'_>) -> Option<Call> {
        match &self.at {
            At::Describe => Some(Call::Describe {
                state_machine_arn: self.slot.state_machine_arn.clone(),
                execution: self.slot.execution.clone(),
            }),
            At::Load(loading) => Some(loading.call(&self.slot)),
            At::Report(outcome) => Some(Call::Send {
                to: Queue::Outcomes,
                message: Outgoing::of_outcome(outcome),
            }),
            At::Free(freeing) => Some(freeing.call()),
            At::Open(_) | At::Done => None,
        }
    }

    fn answered(&mut self, _: CallId, answer: Answer, terms: &Terms<'_>, facts: &mut Vec<Fact>) {
        self.at = match (std::mem::replace(&mut self.at, At::Done), answer) {
            (At::Describe, Answer::Described(described)) => {
                facts.push(Fact::Swept);
                match described {
                    Described::NotFound => At::Load(Loading::default()),
                    described => self.act(described, Held::Unclear, None, terms, facts),
                }
            }
            (At::Load(mut loading), answer) => {
                match loading.answered(&self.slot, answer, terms.now) {
                    None => At::Load(loading),
                    Some(loaded) => self.loaded(loaded, terms, facts),
                }
            }
            (At::Report(outcome), Answer::Done) => {
                let execution = outcome.execution;
                facts.push(Fact::OutcomeFound { execution });
                At::Done
            }
            (At::Free(mut freeing), answer) => match freeing.answered(&answer, facts) {
                false => At::Free(freeing),
                true => At::Done,
            },
            // The slot stays, and comes round again.
            (At::Describe, _) => {
                facts.push(Fact::NotDescribed);
                At::Done
            }
            (At::Report(_), _) => {
                facts.push(Fact::Failed(Scope::One));
                At::Done
            }
            (at @ (At::Open(_) | At::Done), _) => at,
        };
    }
}
