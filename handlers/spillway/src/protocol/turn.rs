//! Taking the turn of an object, in a pipeline with an order: one execution of an object at a time.

use super::call::{Answer, Call, Queue, With, Written};
use super::candidate::Candidate;
use super::claim::{claim_of, slot_of};
use super::fact::{Fact, Scope};
use super::fate::Fate;
use super::terms::Terms;
use crate::Millis;
use crate::execution::name;
use crate::message::outgoing::{Asking, Cause};
use crate::pace::permit::Stage;
use crate::reconcile::place;
use crate::record::head::Head;
use crate::record::row::{Row, RowKey, Seen, State};
use crate::record::slot::Slot;
use crate::record::version;
use crate::rules::attempt::{Verdict, verdict};
use crate::rules::order::{Next, Turn, turn};

/// How often a write is tried again that settle's writes to the same object come before.
const TRIES: u8 = 4;
/// How long a version is hidden of an object of which too many wait, in seconds.
const CROWDED_SECONDS: u32 = 900;

/// A turn that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TakingTurn {
    tries: u8,
    /// The slot that it put.
    slot: Option<Slot>,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
enum At {
    /// Row or head were written in between.
    #[default]
    ReadAgain,
    PutSlot {
        slot: Slot,
        write: Write,
    },
    /// Versions that waited and no longer do are written first: whoever superseded them is certain to come.
    SupersedeWaiting(Write),
    Write(Write),
    /// Asks for the version that is to come instead: its row, then the message.
    ReadInstead {
        version: String,
        seen: Option<Seen>,
        done: bool,
    },
    AskInstead {
        row: Box<Row>,
        seen: Option<Seen>,
        done: bool,
    },
    /// A newer version was taken instead.
    Supersede(Option<Seen>),
}

/// What is written when the order says so.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Write {
    with: With,
    seen: Option<Seen>,
    next: Next,
    /// How many of those that waited are superseded by now.
    superseded: usize,
}

/// What asking for the turn came to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Taken {
    /// The attempt is claimed, and its execution holds this slot.
    Won(Slot),
    /// Nothing is claimed. The slot that was put and is to be freed.
    Without { slot: Option<Slot>, fate: Fate },
    /// Something may be claimed, or a slot put, and nobody knows.
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

    /// For a model, which numbers times anew.
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
            Verdict::Stale => return Some(self.stale(candidate, row, facts)),
            Verdict::ClaimIfClosed => return Some(self.without(Fate::Later)),
        }
        let seen = row.map(Seen::from);
        let head = &place::informed(head.clone(), &candidate.event);
        let version = candidate.version(head);
        let name = name::of(&terms.pipeline.arn, &candidate.event, candidate.attempt);
        match turn(terms.pipeline.order, head, &version, &name) {
            Turn::Later => Some(self.without(Fate::Hide(CROWDED_SECONDS))),
            Turn::Now(next) => {
                let write = Write::new(With::Claim, seen, next);
                self.at = if self.slot.is_some() {
                    write.first()
                } else {
                    let slot = slot_of(candidate, terms);
                    At::PutSlot { slot, write }
                };
                None
            }
            Turn::Wait(next) => {
                self.at = Write::new(With::Wait, seen, next).first();
                None
            }
            Turn::Superseded { wake } => {
                let done = seen.is_some_and(|seen| seen.state == State::Superseded);
                match wake {
                    Some(version) => {
                        self.at = At::ReadInstead {
                            version,
                            seen,
                            done,
                        };
                        None
                    }
                    None => self.supersede(seen, done),
                }
            }
        }
    }

    fn stale(&mut self, candidate: &Candidate, row: Option<&Row>, facts: &mut Vec<Fact>) -> Taken {
        // The claim whose answer was lost.
        if let (Some(row), Some(slot)) = (row, &self.slot)
            && row.attempt == candidate.attempt
            && row.is_started_by(&slot.execution)
        {
            return Taken::Won(slot.clone());
        }
        let fate = Fate::stale(candidate, row, facts);
        self.without(fate)
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

    fn supersede(&mut self, seen: Option<Seen>, done: bool) -> Option<Taken> {
        if done {
            return Some(self.without(Fate::Delete));
        }
        self.at = At::Supersede(seen);
        None
    }

    pub fn call(&self, candidate: &Candidate, terms: &Terms<'_>) -> Option<Call> {
        let execution = || match &self.slot {
            Some(slot) => slot.execution.clone(),
            None => name::of(&terms.pipeline.arn, &candidate.event, candidate.attempt),
        };
        let claim = |seen| claim_of(candidate, &execution(), seen, terms);
        let row = |version: &str| RowKey {
            sk: version::row_of(version).to_owned(),
            ..RowKey::of(&candidate.event)
        };
        match &self.at {
            At::ReadAgain => Some(Call::Read {
                row: RowKey::of(&candidate.event),
                head: true,
                also: Vec::new(),
            }),
            At::PutSlot { slot, .. } => Some(Call::PutSlot(slot.clone())),
            At::SupersedeWaiting(write) => {
                let version = write.next.superseded.get(write.superseded)?;
                Some(Call::SupersedeWaiting(row(version)))
            }
            At::Write(write) => Some(Call::TakeTurn {
                claim: claim(write.seen),
                head: write.next.head.clone(),
                with: write.with,
            }),
            At::ReadInstead { version, .. } => Some(Call::ReadRows(vec![row(version)])),
            At::AskInstead { row, .. } => {
                let asking = Asking {
                    event: &row.event,
                    attempt: row.attempt + 1,
                    lane: row.lane.as_deref(),
                    cause: Cause::Message(&candidate.message.id),
                };
                Some(Call::Send {
                    to: Queue::Events(candidate.lane),
                    message: asking.message(&terms.pipeline.arn),
                })
            }
            At::Supersede(seen) => Some(Call::Supersede(claim(*seen))),
        }
    }

    /// Goes on. Returns what it came to, at the end.
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
            (At::PutSlot { slot, write }, Answer::Written(Written::Now)) => {
                self.slot = Some(slot);
                self.at = write.first();
                None
            }
            // Another message of the same attempt put it.
            (At::PutSlot { .. }, Answer::Written(Written::Lost(_))) => {
                Some(self.without(Fate::Later))
            }
            (At::PutSlot { slot, .. }, _) => Some(Taken::Unclear {
                taken_at: slot.taken_at,
            }),
            (At::SupersedeWaiting(mut write), Answer::Done) => {
                facts.push(Fact::Superseded(1));
                write.superseded += 1;
                self.at = write.first();
                None
            }
            (At::Write(write), answer) => self.written(&write, answer, facts),
            (At::ReadInstead { seen, done, .. }, Answer::Rows(rows)) => {
                match rows.into_iter().next() {
                    Some(Ok(Some(row))) => {
                        let row = Box::new(row);
                        self.at = At::AskInstead { row, seen, done };
                        None
                    }
                    Some(Err(reason)) => {
                        facts.push(Fact::Unreadable { reason });
                        self.failed(facts)
                    }
                    Some(Ok(None)) | None => self.supersede(seen, done),
                }
            }
            (At::AskInstead { seen, done, .. }, Answer::Done) => self.supersede(seen, done),
            (At::Supersede(_), Answer::Written(Written::Now)) => {
                facts.push(Fact::Superseded(1));
                Some(self.without(Fate::Delete))
            }
            (At::Supersede(_), Answer::Written(Written::Lost(_))) => self.again(),
            _ => self.failed(facts),
        }
    }

    fn written(&mut self, write: &Write, answer: Answer, facts: &mut Vec<Fact>) -> Option<Taken> {
        match (answer, write.with, &self.slot) {
            (Answer::Written(Written::Lost(_)), _, _) => self.again(),
            (Answer::Written(Written::Now), With::Claim, Some(slot)) => {
                Some(Taken::Won(slot.clone()))
            }
            (Answer::Written(Written::Now), _, _) => {
                facts.push(Fact::Waiting);
                Some(self.without(Fate::Delete))
            }
            (_, With::Claim, Some(slot)) => Some(Taken::Unclear {
                taken_at: slot.taken_at,
            }),
            _ => self.failed(facts),
        }
    }
}

impl Write {
    fn new(with: With, seen: Option<Seen>, next: Next) -> Self {
        Self {
            with,
            seen,
            next,
            superseded: 0,
        }
    }

    /// What of it is written first.
    fn first(self) -> At {
        if self.superseded < self.next.superseded.len() {
            At::SupersedeWaiting(self)
        } else {
            At::Write(self)
        }
    }
}
