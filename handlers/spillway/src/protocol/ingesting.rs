//! Taking in the reports of S3 to `ingest`: the rows first, then the messages, so that the ledger
//! knows every queued event. The messages of one object go out in the order of their records.

use super::call::{Answer, Call, Queue, Written};
use super::terms::Pipeline;
use super::{CallId, Machine};
use crate::event::ObjectEvent;
use crate::message::outgoing::{Asking, Cause};
use crate::record::row::{Row, State};
use crate::rules::attempt::{Oddity, oddity};

/// Rows written at once.
const AT_ONCE: usize = 16;

/// The object events of one invocation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ingesting {
    events: Vec<Ingested>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Ingested {
    event: ObjectEvent,
    /// The index of its lane.
    lane: usize,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    WriteRow,
    /// Its row is there. `new`: written now, or else written before, and whether it was queued is
    /// not known.
    Send {
        new: bool,
    },
    Done,
}

/// The findings about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    Queued,
    QueuedAgain,
    /// It was started before.
    Known {
        key: String,
    },
    /// It is known, of an object with another etag.
    Lookalike {
        key: String,
    },
    /// It is not safe: the call failed whose answer was told.
    Failed {
        key: String,
    },
}

impl Ingesting {
    /// Begins with events, each with the index of its lane. None is there twice.
    pub fn new(events: Vec<(ObjectEvent, usize)>) -> Self {
        let ingested = |(event, lane)| Ingested {
            event,
            lane,
            at: At::WriteRow,
        };
        Self {
            events: events.into_iter().map(ingested).collect(),
        }
    }
}

impl Ingested {
    fn written(&mut self, written: Written, facts: &mut Vec<Recorded>) -> At {
        let key = || self.event.key.clone();
        match written {
            Written::Now => At::Send { new: true },
            Written::Lost(Some(row)) => match known(&self.event, &row) {
                Known::Lookalike => {
                    facts.push(Recorded::Lookalike { key: key() });
                    At::Done
                }
                Known::Queued => At::Send { new: false },
                Known::Started => {
                    facts.push(Recorded::Known { key: key() });
                    At::Done
                }
            },
            // The condition can only fail on a row, and the answer brings it.
            Written::Lost(None) => {
                facts.push(Recorded::Failed { key: key() });
                At::Done
            }
        }
    }
}

enum Known {
    Lookalike,
    /// Nothing has been started since it was written.
    Queued,
    Started,
}

fn known(event: &ObjectEvent, row: &Row) -> Known {
    match oddity(event, 1, row) {
        Some(Oddity::Lookalike) => Known::Lookalike,
        _ if row.state == State::Queued => Known::Queued,
        _ => Known::Started,
    }
}

impl Machine for Ingesting {
    type Terms<'a> = &'a Pipeline;
    type Fact = Recorded;

    fn outstanding(&self) -> impl Iterator<Item = CallId> {
        let writes = |at: At| at == At::WriteRow;
        let writing = self.events.iter().any(|it| writes(it.at));
        let is_next = move |it: &Ingested| match it.at {
            At::WriteRow => true,
            At::Send { .. } => !writing,
            At::Done => false,
        };
        let next = self
            .events
            .iter()
            .enumerate()
            .filter(move |(_, it)| is_next(it));
        let most = if writing { AT_ONCE } else { usize::MAX };
        next.take(most)
            .filter_map(|(index, _)| CallId::try_from(index).ok())
    }

    fn call(&self, id: CallId, pipeline: &&Pipeline) -> Option<Call> {
        let Ingested { event, lane, at } = self.events.get(usize::from(id))?;
        let name = pipeline.lane_name(*lane);
        match at {
            At::WriteRow => Some(Call::Enqueue {
                event: event.clone(),
                lane: name.map(str::to_owned),
            }),
            At::Send { .. } => {
                let asking = Asking {
                    event,
                    attempt: 1,
                    lane: name,
                    cause: Cause::Upload,
                };
                Some(Call::Send {
                    to: Queue::Events(*lane),
                    message: asking.message(&pipeline.arn),
                })
            }
            At::Done => None,
        }
    }

    fn answered(&mut self, id: CallId, answer: Answer, _: &&Pipeline, facts: &mut Vec<Recorded>) {
        let Some(ingested) = self.events.get_mut(usize::from(id)) else {
            return;
        };
        ingested.at = match (ingested.at, answer) {
            (At::WriteRow, Answer::Written(written)) => ingested.written(written, facts),
            (At::Send { new }, Answer::Done) => {
                facts.push(if new {
                    Recorded::Queued
                } else {
                    Recorded::QueuedAgain
                });
                At::Done
            }
            (At::Done, _) => At::Done,
            _ => {
                let key = ingested.event.key.clone();
                facts.push(Recorded::Failed { key });
                At::Done
            }
        };
    }
}
