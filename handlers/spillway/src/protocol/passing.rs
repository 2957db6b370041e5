//! Passing an object's turn on, when the execution that had it is settled: first the turn is taken from the execution, then
//! the next version is asked for. In this order, or a message that is quick would find the turn still taken, and nobody
//! would ask for it again.

use super::call::{Answer, Call, Item, Queue, Written};
use super::ended::Ended;
use super::terms::Pipeline;
use crate::message::outgoing::{Asking, Cause};
use crate::record::head::Head;
use crate::record::row::{Row, RowKey, State};
use crate::record::version;
use crate::rules::order::{Freed, Next, free};

/// How often a head is written that dispatch writes at the same time.
const TRIES: u8 = 20;

/// A turn that is passed on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Passing {
    /// The object.
    pk: String,
    execution: String,
    tries: u8,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    ReadHead,
    /// Reads the rows of the versions that are to be asked for.
    ReadWaiting {
        head: Head,
        freed: Freed,
    },
    /// Takes those from the head that started or finished without an order, in between.
    WriteGone(Head),
    /// Versions that waited and no longer do, by how many are written.
    Supersede {
        next: Next,
        done: usize,
        waiting: Vec<Row>,
    },
    WriteHead {
        head: Head,
        waiting: Vec<Row>,
    },
    /// Asks for the next version, and with no order any longer for one after the other.
    Ask {
        waiting: Vec<Row>,
        asked: usize,
    },
    Done,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    Done,
    Failed,
    /// Others wrote the head too often.
    Crowded,
}

impl Passing {
    pub fn new(pk: String, execution: String) -> Self {
        Self {
            pk,
            execution,
            tries: 0,
            at: At::ReadHead,
        }
    }

    fn row(&self, version: &str) -> RowKey {
        RowKey {
            pk: self.pk.clone(),
            sk: version::row_of(version).to_owned(),
        }
    }

    pub fn call(&self, pipeline: &Pipeline) -> Option<Call> {
        match &self.at {
            At::ReadHead => Some(Call::ReadHead(self.pk.clone())),
            At::ReadWaiting { freed, .. } => {
                let rows = freed.wake.iter().map(|version| self.row(version));
                Some(Call::ReadRows(rows.collect()))
            }
            At::WriteGone(head) => Some(Call::WriteHead {
                pk: self.pk.clone(),
                head: head.clone(),
                expires: false,
            }),
            At::Supersede { next, done, .. } => {
                let version = next.superseded.get(*done)?;
                Some(Call::SupersedeWaiting(self.row(version)))
            }
            // A head for which nobody waits is forgotten with the rows of its object.
            At::WriteHead { head, .. } => Some(Call::WriteHead {
                pk: self.pk.clone(),
                head: head.clone(),
                expires: head.waiting.is_empty(),
            }),
            At::Ask { waiting, asked } => {
                let row = waiting.get(*asked)?;
                let asking = Asking {
                    event: &row.event,
                    attempt: row.attempt + 1,
                    lane: row.lane.as_deref(),
                    cause: Cause::Turn(&self.execution),
                };
                Some(Call::Send {
                    to: Queue::Events(pipeline.lane(row.lane.as_deref())),
                    message: asking.message(&pipeline.arn),
                })
            }
            At::Done => None,
        }
    }

    /// Goes on. Returns how it ended, at the end.
    pub fn answered(
        &mut self,
        answer: Answer,
        pipeline: &Pipeline,
        facts: &mut Vec<Ended>,
    ) -> Option<Passed> {
        match (std::mem::replace(&mut self.at, At::Done), answer) {
            (At::ReadHead, Answer::Head(head)) => {
                let freed = free(pipeline.order, &head, &self.execution);
                if freed.wake.is_empty() {
                    return self.write(freed.write, Vec::new());
                }
                self.at = At::ReadWaiting { head, freed };
                None
            }
            (At::ReadWaiting { head, freed }, Answer::Rows(rows)) => {
                self.waiting(head, freed, rows, facts)
            }
            (At::WriteGone(_), Answer::Written(_))
            | (At::WriteHead { .. }, Answer::Written(Written::Lost(_))) => self.again(),
            (
                At::Supersede {
                    next,
                    done,
                    waiting,
                },
                Answer::Done,
            ) => {
                facts.push(Ended::Superseded(1));
                self.superseding(next, done + 1, waiting)
            }
            (At::WriteHead { waiting, .. }, Answer::Written(Written::Now)) => self.ask(waiting, 0),
            (At::Ask { waiting, asked }, Answer::Done) => {
                if let Some(row) = waiting.get(asked) {
                    let key = row.event.key.clone();
                    facts.push(Ended::TurnPassed { key });
                }
                self.ask(waiting, asked + 1)
            }
            _ => Some(Passed::Failed),
        }
    }

    fn again(&mut self) -> Option<Passed> {
        self.tries += 1;
        if self.tries == TRIES {
            return Some(Passed::Crowded);
        }
        self.at = At::ReadHead;
        None
    }

    fn waiting(
        &mut self,
        mut head: Head,
        freed: Freed,
        rows: Vec<Item<Row>>,
        facts: &mut Vec<Ended>,
    ) -> Option<Passed> {
        let (mut waiting, mut gone) = (Vec::new(), Vec::new());
        for (item, version) in rows.into_iter().zip(&freed.wake) {
            match item {
                Ok(Some(row)) if row.state == State::Waiting => waiting.push(row),
                Ok(_) => gone.push(version.clone()),
                Err(reason) => {
                    facts.push(Ended::Unreadable { reason });
                    return Some(Passed::Failed);
                }
            }
        }
        if gone.is_empty() {
            return self.write(freed.write, waiting);
        }
        head.waiting.retain(|version| !gone.contains(version));
        head.revision += 1;
        self.at = At::WriteGone(head);
        None
    }

    fn write(&mut self, next: Option<Next>, waiting: Vec<Row>) -> Option<Passed> {
        match next {
            Some(next) => self.superseding(next, 0, waiting),
            None => self.ask(waiting, 0),
        }
    }

    fn superseding(&mut self, next: Next, done: usize, waiting: Vec<Row>) -> Option<Passed> {
        self.at = if done < next.superseded.len() {
            At::Supersede {
                next,
                done,
                waiting,
            }
        } else {
            let head = next.head;
            At::WriteHead { head, waiting }
        };
        None
    }

    fn ask(&mut self, waiting: Vec<Row>, asked: usize) -> Option<Passed> {
        if asked == waiting.len() {
            return Some(Passed::Done);
        }
        self.at = At::Ask { waiting, asked };
        None
    }
}
