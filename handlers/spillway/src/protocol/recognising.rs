//! Recognising a message: the row of its event, and the answer of the attempt rule.

use super::call::{Answer, Call};
use super::candidate::{Candidate, Standing};
use super::fact::{Fact, Scope};
use super::fate::Fate;
use super::terms::Terms;
use crate::event::identity::is_known_by_its_row;
use crate::execution::answer::Described;
use crate::reconcile::{adoption, place};
use crate::record::head::Head;
use crate::record::row::{Row, RowKey, Seen};
use crate::rules::attempt::{Verdict, verdict};
use crate::rules::order::Order;

/// How long a message is hidden that another tick has to look at, in seconds: half of the
/// schedule's shortest period.
const ANOTHER_TICK_SECONDS: u32 = 30;

/// A message that is being recognised.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Recognising {
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
enum At {
    #[default]
    Read,
    /// Reads all rows of a found version's object.
    Object(Box<Known>),
    /// Removes the row by which the version does not go. One that stays is found again, and removed
    /// then.
    Withdraw {
        row: RowKey,
        /// Its row; `None`: S3 has reported it, and it uses that row.
        goes_by: Option<Box<Known>>,
    },
    /// Reads the slot of the last attempt's execution.
    Slot { seen: Seen, execution: String },
    Describe {
        seen: Seen,
        execution: String,
        state_machine_arn: String,
    },
}

/// The ledger's items about a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Known {
    pub row: Option<Row>,
    /// Only in a pipeline with an order.
    pub head: Head,
}

/// The result of recognising a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Recognised {
    /// Its attempt is to be claimed, if the row is still like this.
    Claim(Option<Seen>),
    /// In a pipeline with an order: its turn is to be asked for.
    Turn(Box<Known>),
    Leave(Fate),
}

fn later() -> Option<Recognised> {
    Some(Recognised::Leave(Fate::Later))
}

/// This tick will not come to know more.
fn in_another_tick() -> Option<Recognised> {
    Some(Recognised::Leave(Fate::Hide(ANOTHER_TICK_SECONDS)))
}

impl Recognising {
    pub fn call(&self, candidate: &Candidate, terms: &Terms<'_>) -> Call {
        let key = || RowKey::of(&candidate.event);
        match &self.at {
            At::Read => Call::Read {
                row: key(),
                head: terms.pipeline.order != Order::None,
                // A later attempt has a row of its own.
                also: if terms.listed && candidate.attempt == 1 {
                    adoption::found_keys(&candidate.event)
                } else {
                    Vec::new()
                },
            },
            At::Object(_) => Call::ReadObject(key().pk),
            At::Withdraw { row, .. } => Call::Withdraw(row.clone()),
            At::Slot { execution, .. } => Call::ReadSlot(execution.clone()),
            At::Describe {
                execution,
                state_machine_arn,
                ..
            } => Call::Describe {
                state_machine_arn: state_machine_arn.clone(),
                execution: execution.clone(),
            },
        }
    }

    /// Goes on. Returns the result, once it is known.
    pub fn answered(
        &mut self,
        candidate: &mut Candidate,
        answer: Answer,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> Option<Recognised> {
        match (std::mem::take(&mut self.at), answer) {
            (At::Read, Answer::Read(read)) => match (read.row, read.head) {
                (Ok(row), Ok(head)) => {
                    let head = head.unwrap_or_default();
                    let known = Box::new(Known { row, head });
                    self.known(candidate, known, &read.also, terms, facts)
                }
                (Err(reason), _) | (_, Err(reason)) => {
                    Some(Recognised::Leave(Fate::unreadable(reason, facts)))
                }
            },
            (At::Object(known), Answer::Rows(rows)) => {
                let rows: Result<Vec<Row>, String> =
                    rows.into_iter().filter_map(Result::transpose).collect();
                match rows {
                    Ok(rows) => self.among(candidate, known, rows, terms, facts),
                    Err(reason) => Some(Recognised::Leave(Fate::unreadable(reason, facts))),
                }
            }
            (At::Withdraw { goes_by, .. }, answer) => {
                if answer != Answer::Done {
                    facts.push(Fact::Failed(Scope::Nothing));
                }
                match goes_by {
                    Some(known) => self.compare(candidate, known, terms, facts),
                    None => Some(Recognised::Leave(Fate::stale(candidate, None, facts))),
                }
            }
            (At::Slot { seen, execution }, Answer::Slot(Some(slot))) => {
                self.at = At::Describe {
                    seen,
                    execution,
                    state_machine_arn: slot.state_machine_arn,
                };
                None
            }
            // A slot that is gone was settled, and the row is not as it was read.
            (At::Slot { .. }, Answer::Slot(None)) => later(),
            (At::Describe { seen, .. }, Answer::Described(Described::Closed(_))) => {
                Some(Recognised::Claim(Some(seen)))
            }
            (At::Describe { .. }, Answer::Described(_)) => later(),
            (At::Slot { .. }, _) => {
                facts.push(Fact::Failed(Scope::One));
                later()
            }
            (At::Describe { .. }, _) => {
                facts.push(Fact::NotDescribed);
                later()
            }
            (At::Read | At::Object(_), _) => {
                facts.push(Fact::Failed(Scope::Tick));
                Some(Recognised::Leave(Fate::HandBack))
            }
        }
    }

    fn known(
        &mut self,
        candidate: &mut Candidate,
        known: Box<Known>,
        also: &[Row],
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> Option<Recognised> {
        if candidate.event.is_found() {
            return self.found(candidate, known, terms, facts);
        }
        let own = known.row.as_ref();
        let Some(adopted) = adoption::adopts(&candidate.event, own, also) else {
            return self.compare(candidate, known, terms, facts);
        };
        // Its own claim can be on the wire, from before it was found.
        if adopted.is_untouched() && terms.claims_may_land {
            return in_another_tick();
        }
        facts.push(Fact::Adopted {
            key: candidate.event.key.clone(),
        });
        let row = RowKey::of(&candidate.event);
        let found = adopted.event.clone();
        let reported = std::mem::replace(&mut candidate.event, found);
        candidate.standing = Standing::Adopted(reported.sequencer);
        let goes_by = Box::new(Known {
            row: Some(adopted.clone()),
            head: known.head.clone(),
        });
        if known.row.is_none() {
            return self.compare(candidate, goes_by, terms, facts);
        }
        let goes_by = Some(goes_by);
        self.at = At::Withdraw { row, goes_by };
        None
    }

    /// A found version that was not processed yet can have been reported since it was found.
    fn found(
        &mut self,
        candidate: &mut Candidate,
        known: Box<Known>,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> Option<Recognised> {
        if let Some(row) = known.row.as_ref().filter(|row| !row.event.is_found()) {
            // It is in the row that it was found in.
            candidate.event = row.event.clone();
            return self.compare(candidate, known, terms, facts);
        }
        let two_rows = can_have_two_rows(candidate, &known);
        if !two_rows && terms.pipeline.order == Order::None {
            candidate.standing = Standing::Found(Vec::new());
            return self.compare(candidate, known, terms, facts);
        }
        // Without the mark this tick does not look for its row when it comes to its event.
        if two_rows && (terms.claims_may_land || !terms.listed) {
            return in_another_tick();
        }
        self.at = At::Object(known);
        None
    }

    /// Goes on with the other rows of its object.
    fn among(
        &mut self,
        candidate: &mut Candidate,
        known: Box<Known>,
        rows: Vec<Row>,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> Option<Recognised> {
        let reported = place::is_reported(&candidate.event, &rows);
        if !(can_have_two_rows(candidate, &known) && reported) {
            candidate.standing = Standing::Found(rows);
            return self.compare(candidate, known, terms, facts);
        }
        if known.row.is_none() {
            return Some(Recognised::Leave(Fate::stale(candidate, None, facts)));
        }
        self.at = At::Withdraw {
            row: RowKey::of(&candidate.event),
            goes_by: None,
        };
        None
    }

    /// Compares the attempt that is asked for with the row's.
    fn compare(
        &mut self,
        candidate: &Candidate,
        known: Box<Known>,
        terms: &Terms<'_>,
        facts: &mut Vec<Fact>,
    ) -> Option<Recognised> {
        if terms.pipeline.order != Order::None {
            return Some(Recognised::Turn(known));
        }
        let row = known.row;
        match (verdict(candidate.attempt, row.as_ref()), row) {
            (Verdict::Claim, row) => Some(Recognised::Claim(row.as_ref().map(Seen::from))),
            (Verdict::Stale, row) => {
                let fate = Fate::stale(candidate, row.as_ref(), facts);
                Some(Recognised::Leave(fate))
            }
            (Verdict::ClaimIfClosed, Some(row)) => {
                let seen = Seen::from(&row);
                let Some(execution) = row.execution else {
                    return later();
                };
                self.at = At::Slot { seen, execution };
                None
            }
            (Verdict::ClaimIfClosed, None) => later(),
        }
    }
}

/// Whether a found version can have another row, of the event that S3 reported.
fn can_have_two_rows(candidate: &Candidate, known: &Known) -> bool {
    let untouched = known.row.as_ref().is_none_or(Row::is_untouched);
    untouched && !is_known_by_its_row(&candidate.event)
}
