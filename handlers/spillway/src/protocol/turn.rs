//! Taking the turn of an object, in a pipeline with an order: one execution of an object at a time.

use super::call::{Answer, Call, Queue, Written};
use super::candidate::Candidate;
use super::claim::{claim_of, slot_of};
use super::fact::{Fact, Scope};
use super::fate::Fate;
use super::terms::Terms;
use super::waiting::{Step, Steps};
use crate::Millis;
use crate::execution::name;
use crate::message::outgoing::{Asking, Cause};
use crate::pace::permit::Stage;
use crate::reconcile::place;
use crate::record::head::Head;
use crate::record::row::{Row, RowKey, Seen, State};
use crate::record::slot::Slot;
use crate::record::version::row_of;
use crate::record::waiter::Waiter;
use crate::rules::attempt::{Verdict, verdict};
use crate::rules::order::{self, Next, Turn, turn};

/// How often row and head are read again that others' writes to the same object come before.
const TRIES: u8 = 8;

/// A turn that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TakingTurn {
    tries: u8,
    /// The slot that it put.
    slot: Option<Slot>,
    /// Its row says that it waits, and its waiter is put.
    waits: bool,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
enum At {
    /// Row or head were written in between.
    #[default]
    ReadAgain,
    ReadWaiters(Seeing),
    /// Waiters that have had their turn are forgotten, and those whose place has moved are put
    /// there.
    Tidy {
        steps: Steps,
        seeing: Seeing,
        /// Those that are left; `None`: they are read again.
        waiters: Option<Vec<Waiter>>,
    },
    PutSlot {
        slot: Slot,
        write: Write,
    },
    /// Versions that waited and no longer do are written first: the version that superseded them is
    /// certain to come.
    SupersedeWaiting(Write),
    Claim(Write),
    /// The turn is taken, and it waits no longer.
    ForgetOwn(Steps),
    /// It has to wait: its row says so, then its waiter, and unless another runs and it is marked
    /// already the head.
    Wait(Write),
    PutWaiter(Write),
    MarkHead(Head),
    /// Asks for the version that is to come instead.
    AskInstead {
        instead: Box<Row>,
        then: Then,
    },
    /// A newer version was taken instead.
    Supersede(Own),
    /// It waits no longer, and its message is deleted.
    ForgetAndLeave(Steps),
}

/// Row and head as they were read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Seeing {
    seen: Option<Seen>,
    head: Head,
}

/// The version itself, as it was read: its row and its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Own {
    seen: Option<Seen>,
    version: String,
}

/// The step after another version was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Then {
    Supersede(Own),
    Wait(Write),
}

/// The write when the order says so.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Write {
    claims: bool,
    seen: Option<Seen>,
    /// The place of the version.
    version: String,
    head: Head,
    /// The head need not be written for it to wait.
    marked: bool,
    superseding: Steps,
}

/// The result of asking for the turn.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Taken {
    /// The attempt is claimed, and its execution holds this slot.
    Won(Slot),
    /// Nothing is claimed. The slot that was put and is to be freed.
    Without { slot: Option<Slot>, fate: Fate },
    /// A claim or a slot can be written, and it is not known.
    Unclear { taken_at: Millis },
}

impl TakingTurn {
    /// Returns how far the permit to start has come.
    pub fn stage(&self) -> Stage {
        match (&self.at, &self.slot) {
            (At::PutSlot { .. }, _) => Stage::SlotAsked,
            (_, Some(_)) => Stage::SlotPut,
            (_, None) => Stage::Granted,
        }
    }

    pub fn slot(&self) -> Option<&Slot> {
        match &self.at {
            At::PutSlot { slot, .. } => Some(slot),
            _ => self.slot.as_ref(),
        }
    }

    /// Returns the slot for a model, which numbers times anew.
    pub fn slot_mut(&mut self) -> Option<&mut Slot> {
        match &mut self.at {
            At::PutSlot { slot, .. } => Some(slot),
            _ => self.slot.as_mut(),
        }
    }

    /// Asks whose turn it is, given row and head.
    pub fn begin(
        &mut self,
        candidate: &Candidate,
        row: Option<&Row>,
        head: &Head,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> Option<Taken> {
        match verdict(candidate.attempt, row) {
            Verdict::Claim => {}
            Verdict::Stale => return self.stale(candidate, row, head, facts),
            Verdict::ClaimIfClosed => return Some(self.without(Fate::Later)),
        }
        let seeing = Seeing {
            seen: row.map(Seen::from),
            head: place::informed(head.clone(), &candidate.event),
        };
        self.decide(candidate, seeing, None, terms, facts)
    }

    fn decide(
        &mut self,
        candidate: &Candidate,
        seeing: Seeing,
        waiters: Option<&[Waiter]>,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> Option<Taken> {
        let Seeing { seen, head } = &seeing;
        let seen = *seen;
        let version = candidate.version(head);
        let name = name::of(&terms.pipeline.arn, &candidate.event, candidate.attempt);
        let write = |claims, next: Next, marked, version| Write {
            claims,
            seen,
            version,
            head: next.head,
            marked,
            superseding: Steps::supersede(next.superseded),
        };
        let asking = order::Asking {
            version: &version,
            execution: &name,
            waited: has_waited(seen) && !self.waits,
        };
        match turn(terms.pipeline.order, head, waiters, &asking) {
            Turn::Read => {
                self.at = At::ReadWaiters(seeing);
                None
            }
            Turn::Now(next) => {
                let write = write(true, next, false, version);
                if self.slot.is_some() {
                    return self.write(write, facts);
                }
                let slot = slot_of(candidate, terms);
                self.at = At::PutSlot { slot, write };
                None
            }
            Turn::Wait(wait) => {
                let write = write(false, wait.next, wait.marked, version);
                self.instead(wait.instead, Then::Wait(write), facts)
            }
            Turn::Superseded { wake } => {
                let own = Own { seen, version };
                self.instead(wake, Then::Supersede(own), facts)
            }
        }
    }

    /// Asks for the version that is to come instead, if there is one.
    fn instead(
        &mut self,
        waiter: Option<Waiter>,
        then: Then,
        facts: &mut Vec<Fact>,
    ) -> Option<Taken> {
        match waiter.map(|waiter| waiter.row) {
            Some(Ok(Some(instead))) => {
                let instead = Box::new(instead);
                self.at = At::AskInstead { instead, then };
                None
            }
            Some(Err(reason)) => {
                facts.push(Fact::Unreadable { reason });
                self.failed(facts)
            }
            Some(Ok(None)) | None => self.then(then, facts),
        }
    }

    fn then(&mut self, then: Then, facts: &mut Vec<Fact>) -> Option<Taken> {
        match then {
            Then::Supersede(own) => self.supersede(own),
            Then::Wait(write) => self.write(write, facts),
        }
    }

    /// Those that wait are known.
    fn waiters(
        &mut self,
        candidate: &Candidate,
        seeing: Seeing,
        waiters: Vec<Waiter>,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> Option<Taken> {
        let (gone, mut waiters): (Vec<_>, Vec<_>) = waiters.into_iter().partition(Waiter::is_gone);
        if !gone.is_empty() {
            let steps = Steps::forget(gone);
            self.at = At::Tidy {
                steps,
                seeing,
                waiters: None,
            };
            return None;
        }
        let mut steps = Steps::default();
        let own = candidate.version(&seeing.head);
        for waiter in &mut waiters {
            let version = match row_of(&waiter.version) == row_of(&own) {
                true => own.clone(),
                false => place::informed_version(&waiter.version, &candidate.event),
            };
            if version != waiter.version {
                let before = waiter.clone();
                waiter.version = version;
                steps.then(Step::Put(waiter.clone()));
                steps.then(Step::Forget(before));
            }
        }
        if steps.first().is_none() {
            return self.decide(candidate, seeing, Some(&waiters), terms, facts);
        }
        self.at = At::Tidy {
            steps,
            seeing,
            waiters: Some(waiters),
        };
        None
    }

    /// Goes on with the writes.
    fn write(&mut self, write: Write, facts: &mut Vec<Fact>) -> Option<Taken> {
        self.at = match write {
            write if write.superseding.first().is_some() => At::SupersedeWaiting(write),
            write if write.claims => At::Claim(write),
            write if !self.waits => At::Wait(write),
            write if !write.marked => At::MarkHead(write.head),
            _ => return Some(self.has_to_wait(facts)),
        };
        None
    }

    /// The settlement of the turn that runs will look for it.
    fn has_to_wait(&mut self, facts: &mut Vec<Fact>) -> Taken {
        facts.push(Fact::Waiting);
        self.without(Fate::Delete)
    }

    /// Its own waiter is to be forgotten.
    fn own(candidate: &Candidate, version: String) -> Steps {
        Steps::forget([Waiter {
            version,
            attempt: candidate.attempt,
            row: Ok(None),
        }])
    }

    fn stale(
        &mut self,
        candidate: &Candidate,
        row: Option<&Row>,
        head: &Head,
        facts: &mut Vec<Fact>,
    ) -> Option<Taken> {
        // The claim whose answer was lost.
        if let (Some(row), Some(slot)) = (row, &self.slot)
            && row.attempt == candidate.attempt
            && row.is_started_by(&slot.execution)
        {
            return Some(Taken::Won(slot.clone()));
        }
        let fate = Fate::stale(candidate, row, facts);
        // Another message of it had its turn, perhaps before this one put the waiter.
        if self.waits && self.slot.is_none() {
            let version = candidate.version(&place::informed(head.clone(), &candidate.event));
            self.at = At::ForgetAndLeave(Self::own(candidate, version));
            return None;
        }
        Some(self.without(fate))
    }

    fn without(&mut self, fate: Fate) -> Taken {
        let slot = self.slot.take();
        Taken::Without { slot, fate }
    }

    fn failed(&mut self, facts: &mut Vec<Fact>) -> Option<Taken> {
        facts.push(Fact::Failed(Scope::Tick));
        Some(self.without(Fate::HandBack))
    }

    fn again(&mut self) -> Option<Taken> {
        if self.tries == TRIES {
            return Some(self.without(Fate::HandBack));
        }
        self.tries += 1;
        self.at = At::ReadAgain;
        None
    }

    fn supersede(&mut self, own: Own) -> Option<Taken> {
        let done = |seen: Seen| seen.state == State::Superseded;
        if own.seen.is_some_and(done) {
            return Some(self.without(Fate::Delete));
        }
        self.at = At::Supersede(own);
        None
    }

    pub fn call(&self, candidate: &Candidate, terms: &Terms<'_>) -> Option<Call> {
        let execution = || match &self.slot {
            Some(slot) => slot.execution.clone(),
            None => name::of(&terms.pipeline.arn, &candidate.event, candidate.attempt),
        };
        let claim = |seen| claim_of(candidate, &execution(), seen, terms);
        let row = || RowKey::of(&candidate.event);
        match &self.at {
            At::ReadAgain => Some(Call::Read {
                row: row(),
                head: true,
                also: Vec::new(),
            }),
            At::ReadWaiters(_) => Some(Call::ReadWaiters {
                pk: row().pk,
                which: terms.pipeline.order.which(),
            }),
            At::PutSlot { slot, .. } => Some(Call::PutSlot {
                slot: slot.clone(),
                unless_in: terms.unless_in(&slot.execution),
            }),
            At::Tidy { steps, .. }
            | At::SupersedeWaiting(Write {
                superseding: steps, ..
            })
            | At::ForgetOwn(steps)
            | At::ForgetAndLeave(steps) => steps.call(&row().pk),
            At::Claim(write) => Some(Call::TakeTurn {
                claim: claim(write.seen),
                head: write.head.clone(),
            }),
            At::Wait(write) => Some(Call::Wait {
                claim: claim(write.seen),
                tenant: None,
            }),
            At::PutWaiter(write) => Some(Call::PutWaiter {
                pk: row().pk,
                version: write.version.clone(),
                attempt: candidate.attempt,
            }),
            At::MarkHead(head) => Some(Call::WriteHead {
                pk: row().pk,
                head: head.clone(),
                expires: false,
            }),
            At::AskInstead { instead, .. } => {
                let asking = Asking {
                    event: &instead.event,
                    attempt: instead.attempt + 1,
                    lane: instead.lane.as_deref(),
                    cause: Cause::Message(candidate.carrier.id()),
                };
                Some(Call::Send {
                    to: Queue::Events(candidate.lane),
                    message: asking.message(&terms.pipeline.arn),
                })
            }
            At::Supersede(own) => Some(Call::Supersede(claim(own.seen))),
        }
    }

    /// Goes on. Returns the result, at the end.
    pub fn answered(
        &mut self,
        candidate: &Candidate,
        answer: Answer,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> Option<Taken> {
        match (std::mem::take(&mut self.at), answer) {
            (At::ReadAgain, Answer::Read(read)) => match (read.row, read.head) {
                (Ok(row), Ok(head)) => {
                    let head = head.unwrap_or_default();
                    self.begin(candidate, row.as_ref(), &head, terms, facts)
                }
                (Err(reason), _) | (_, Err(reason)) => {
                    let fate = Fate::unreadable(reason, facts);
                    Some(self.without(fate))
                }
            },
            (At::ReadWaiters(seeing), Answer::Waiters(waiters)) => {
                self.waiters(candidate, seeing, waiters, terms, facts)
            }
            (At::ReadWaiters(_), Answer::Unreadable(reason)) => {
                let fate = Fate::unreadable(reason, facts);
                Some(self.without(fate))
            }
            (
                At::Tidy {
                    mut steps,
                    seeing,
                    waiters,
                },
                answer,
            ) => {
                if steps.answered(&answer).is_none() {
                    return self.failed(facts);
                }
                match waiters {
                    waiters if steps.first().is_some() => {
                        self.at = At::Tidy {
                            steps,
                            seeing,
                            waiters,
                        };
                        None
                    }
                    Some(waiters) => self.decide(candidate, seeing, Some(&waiters), terms, facts),
                    None => {
                        self.at = At::ReadWaiters(seeing);
                        None
                    }
                }
            }
            (At::PutSlot { slot, write }, Answer::Written(Written::Now)) => {
                self.slot = Some(slot);
                self.write(write, facts)
            }
            // Another message of the same attempt put it.
            (At::PutSlot { .. }, Answer::Written(Written::Lost(_))) => {
                Some(self.without(Fate::Soon))
            }
            (At::PutSlot { slot, .. }, _) => Some(Taken::Unclear {
                taken_at: slot.taken_at,
            }),
            (At::SupersedeWaiting(mut write), answer) => {
                match write.superseding.answered(&answer) {
                    None => return self.failed(facts),
                    Some(Step::Supersede(_)) => facts.push(Fact::Superseded(1)),
                    Some(_) => {}
                }
                self.write(write, facts)
            }
            (At::Claim(write), answer) => self.claimed(candidate, write, answer),
            // In any case: one that has had its turn is known by its row.
            (At::ForgetOwn(_), _) => self.slot.clone().map(Taken::Won),
            (At::ForgetAndLeave(_), _) => Some(self.without(Fate::Delete)),
            (At::Wait(write), Answer::Written(Written::Now)) => {
                self.at = At::PutWaiter(write);
                None
            }
            (At::PutWaiter(write), Answer::Done) => {
                self.waits = true;
                // A look at the head tells whether the turn ended meanwhile; a write that it did
                // not.
                self.at = match write.marked {
                    true => At::ReadAgain,
                    false => At::MarkHead(write.head),
                };
                None
            }
            (At::MarkHead(_), Answer::Written(Written::Now)) => Some(self.has_to_wait(facts)),
            (At::Wait(_) | At::MarkHead(_), Answer::Written(Written::Lost(_))) => self.again(),
            (At::AskInstead { then, .. }, Answer::Done) => self.then(then, facts),
            (At::Supersede(Own { seen, version }), Answer::Written(Written::Now)) => {
                facts.push(Fact::Superseded(1));
                if !has_waited(seen) {
                    return Some(self.without(Fate::Delete));
                }
                self.at = At::ForgetAndLeave(Self::own(candidate, version));
                None
            }
            (At::Supersede(_), Answer::Written(Written::Lost(_))) => self.again(),
            _ => self.failed(facts),
        }
    }

    fn claimed(&mut self, candidate: &Candidate, write: Write, answer: Answer) -> Option<Taken> {
        let Some(slot) = self.slot.clone() else {
            return Some(self.without(Fate::HandBack));
        };
        match answer {
            Answer::Written(Written::Lost(_)) => self.again(),
            Answer::Written(Written::Now) if has_waited(write.seen) => {
                self.at = At::ForgetOwn(Self::own(candidate, write.version));
                None
            }
            Answer::Written(Written::Now) => Some(Taken::Won(slot)),
            _ => Some(Taken::Unclear {
                taken_at: slot.taken_at,
            }),
        }
    }
}

/// Whether a row as it was read says that its version waits.
fn has_waited(seen: Option<Seen>) -> bool {
    seen.is_some_and(|seen| seen.state == State::Waiting)
}
