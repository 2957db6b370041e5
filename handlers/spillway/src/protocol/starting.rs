//! Starting the execution of a claimed slot, and every fate that a start can have. After every
//! answer the slot stays: settle frees it, or it is started again, in this tick or a later one.

use std::sync::Arc;

use super::call::{Answer, Call, Queue};
use super::fact::{Fact, Scope};
use super::kept::{Kept, Origin};
use super::terms::Terms;
use super::{CallId, Machine, ONLY};
use crate::Millis;
use crate::execution::answer::{Refusal, Start};
use crate::execution::input::Load;
use crate::execution::outcome::{Outcome, Status};
use crate::message::outgoing::Outgoing;
use crate::pace::layout::Shard;
use crate::pace::permit::Stage;
use crate::record::slot::Slot;

/// A machine that can go on with a permit; by default one that never does.
pub trait HoldsPermit {
    /// Returns how far its permit has come.
    fn stage(&self) -> Stage {
        Stage::Granted
    }

    /// Returns when its slot was put, if it has one.
    fn taken_at(&self) -> Option<Millis> {
        None
    }

    /// Returns in which shard its slot lies, if it has one that its permit is for.
    fn shard(&self) -> Option<Shard> {
        None
    }

    /// Whether it asks for no slot any more, and never had one: its permit is of use to others.
    fn starts_nothing(&self) -> bool {
        false
    }

    /// Returns the start that it left for the tick to make, once it is done.
    fn kept(&self) -> Option<Kept> {
        None
    }
}

/// A start that is being made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Starting {
    slot: Slot,
    at: At,
    stage: Stage,
    /// An earlier call can have started it.
    may_run: bool,
    origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    /// Writes into the slot at which generation its execution is started: the slot was put at an
    /// earlier one.
    Renew(Arc<Load>),
    /// Shared with its call: an event has many texts.
    Start(Arc<Load>),
    /// The tick makes it again: it was throttled, or had no clear answer.
    Keep(Arc<Load>),
    /// Marks the slot, so that its start comes first in the next tick.
    Mark,
    /// Takes the mark from the slot.
    Unmark,
    /// Reports a start that can never succeed as an outcome; settle does the rest.
    Report(Outcome),
    Done,
}

impl Starting {
    /// Begins the start of a slot that was claimed at this moment.
    pub fn new(slot: Slot, load: Load) -> Self {
        Self::of(slot, At::Start(Arc::new(load)), (false, Origin::Own))
    }

    /// Begins a start that was kept. `generation`: the circuit's, if there is one.
    pub fn again(kept: Kept, generation: Option<u32>) -> Self {
        let at = match generation {
            Some(_) if kept.slot.generation != generation => At::Renew(kept.load),
            _ => At::Start(kept.load),
        };
        let mut starting = Self::of(kept.slot, at, (kept.may_run, kept.origin));
        starting.slot.generation = generation.or(starting.slot.generation);
        starting
    }

    /// Makes no start: the next tick does.
    pub fn left_to_next(kept: Kept) -> Self {
        let at = Self::pend(&kept.slot);
        Self::of(kept.slot, at, (kept.may_run, kept.origin))
    }

    fn of(slot: Slot, at: At, (may_run, origin): (bool, Origin)) -> Self {
        Self {
            slot,
            at,
            stage: Stage::Called,
            may_run,
            origin,
        }
    }

    pub fn slot(&self) -> &Slot {
        &self.slot
    }

    /// Returns the slot for a model, which numbers times anew.
    pub fn slot_mut(&mut self) -> &mut Slot {
        &mut self.slot
    }

    pub fn is_done(&self) -> bool {
        matches!(self.at, At::Keep(_) | At::Done)
    }

    fn started(
        &mut self,
        load: Arc<Load>,
        start: Start,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> At {
        let execution = || self.slot.execution.clone();
        // A slot from before the pipeline's state machine was exchanged: its own trouble, not that
        // of all starts.
        let exchanged = self.slot.state_machine_arn != terms.state_machine_arn;
        match start {
            Start::Started => {
                facts.push(Fact::Started {
                    execution: execution(),
                    event_time: load.reported_at(),
                });
                self.stage = Stage::Started;
                self.unpend()
            }
            Start::Already => {
                facts.push(Fact::AlreadyStarted);
                self.stage = Stage::CameToNothing;
                self.unpend()
            }
            Start::Throttled(reason) => {
                let execution = execution();
                facts.push(Fact::Throttled { execution, reason });
                self.stage = Stage::CameToNothing;
                At::Keep(load)
            }
            Start::Refused(refusal) => self.refuse(refusal, facts),
            Start::NoStateMachine(cause) if exchanged => {
                let error = "StateMachineDoesNotExist".to_owned();
                self.refuse(Refusal { error, cause }, facts)
            }
            Start::NoStateMachine(reason) | Start::Forbidden(reason) => {
                let scope = if exchanged { Scope::One } else { Scope::Tick };
                facts.push(Fact::StartForbidden { reason, scope });
                self.stage = Stage::CameToNothing;
                Self::pend(&self.slot)
            }
            Start::Unclear(reason) => {
                let execution = self.slot.execution.clone();
                facts.push(Fact::StartUnclear { execution, reason });
                self.stage = Stage::Unclear;
                self.may_run = true;
                At::Keep(load)
            }
        }
    }

    fn refuse(&mut self, refusal: Refusal, facts: &mut Vec<Fact>) -> At {
        self.stage = Stage::CameToNothing;
        let execution = self.slot.execution.clone();
        let (error, cause) = (refusal.error.as_str(), refusal.cause.as_str());
        let outcome = Outcome::new(&execution, Status::Refused, Some(error), Some(cause));
        facts.push(Fact::Refused { execution, refusal });
        At::Report(outcome)
    }

    fn pend(slot: &Slot) -> At {
        if slot.pending { At::Done } else { At::Mark }
    }

    fn unpend(&self) -> At {
        if self.slot.pending {
            At::Unmark
        } else {
            At::Done
        }
    }
}

impl HoldsPermit for Starting {
    fn stage(&self) -> Stage {
        self.stage
    }

    fn taken_at(&self) -> Option<Millis> {
        Some(self.slot.taken_at)
    }

    fn kept(&self) -> Option<Kept> {
        let At::Keep(load) = &self.at else {
            return None;
        };
        Some(Kept {
            slot: self.slot.clone(),
            load: Arc::clone(load),
            may_run: self.may_run,
            origin: self.origin,
        })
    }
}

impl Machine for Starting {
    type Terms<'a> = Terms<'a>;
    type Fact = Fact;

    fn outstanding(&self) -> impl Iterator<Item = CallId> {
        (!self.is_done()).then_some(ONLY).into_iter()
    }

    fn call(&self, _: CallId, _: &Terms<'_>) -> Option<Call> {
        let execution = self.slot.execution.clone();
        let mark = |pending| Call::MarkPending {
            execution: self.slot.execution.clone(),
            layout: self.slot.layout,
            pending,
        };
        match &self.at {
            At::Renew(_) => self.slot.generation.map(|generation| Call::RenewSlot {
                execution,
                layout: self.slot.layout,
                generation,
            }),
            At::Start(load) => Some(Call::Start {
                state_machine_arn: self.slot.state_machine_arn.clone(),
                execution,
                load: Arc::clone(load),
            }),
            At::Mark => Some(mark(true)),
            At::Unmark => Some(mark(false)),
            At::Report(outcome) => Some(Call::Send {
                to: Queue::Outcomes,
                message: Outgoing::of_outcome(outcome),
            }),
            At::Keep(_) | At::Done => None,
        }
    }

    fn answered(&mut self, _: CallId, answer: Answer, terms: &Terms<'_>, facts: &mut Vec<Fact>) {
        self.at = match (std::mem::replace(&mut self.at, At::Done), answer) {
            // A failed write of the generation does not stop the start.
            (At::Renew(load), _) => At::Start(load),
            (At::Start(load), Answer::Start(start)) => self.started(load, start, terms, facts),
            (At::Start(load), _) => {
                let reason = "the call was not made".to_owned();
                self.started(load, Start::Unclear(reason), terms, facts)
            }
            (At::Keep(load), _) => At::Keep(load),
            (_, Answer::Done) | (At::Done, _) => At::Done,
            (At::Mark, _) => {
                facts.push(Fact::Suspect(self.slot.taken_at));
                facts.push(Fact::Failed(Scope::Tick));
                At::Done
            }
            // The mark stays, and the execution is started once more, which does no harm.
            (At::Unmark, _) => {
                facts.push(Fact::Failed(Scope::Nothing));
                At::Done
            }
            // The next tick starts it again, is refused again, and reports it then.
            (At::Report(_), _) => {
                facts.push(Fact::Failed(Scope::One));
                Self::pend(&self.slot)
            }
        };
    }
}
