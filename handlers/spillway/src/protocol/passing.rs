//! Passing an object's turn on, when the execution that had it is settled. First the turn is taken
//! from the execution, then the next version is asked for. In the other order a quick message would
//! find the turn still taken, and nobody would ask for it again.

use super::call::{Answer, Call, Queue, Written};
use super::ended::Ended;
use super::terms::Pipeline;
use super::waiting::{Step, Steps};
use crate::message::outgoing::{Asking, Cause};
use crate::record::head::Head;
use crate::record::waiter::Waiter;
use crate::rules::order::{Order, Woken, free, wake};

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
    /// Takes the turn from the execution.
    WriteHead(Head),
    /// Only after that: a version that waits since then looks at the head again.
    ReadWaiters(Head),
    /// Forgets those that had their turn, supersedes others, and asks for the next version; with no
    /// order any longer for one after the other.
    Steps {
        steps: Steps,
        head: Head,
        /// More can wait.
        again: bool,
    },
    /// Nobody waits: the head says so.
    Unmark(Head),
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

    pub fn call(&self, pipeline: &Pipeline) -> Option<Call> {
        match &self.at {
            At::ReadHead => Some(Call::ReadHead(self.pk.clone())),
            // A head for which nobody waits is forgotten with the rows of its object.
            At::WriteHead(head) | At::Unmark(head) => Some(Call::WriteHead {
                pk: self.pk.clone(),
                head: head.clone(),
                expires: !head.waits,
            }),
            At::ReadWaiters(_) => Some(Call::ReadWaiters {
                pk: self.pk.clone(),
                which: pipeline.order.which(),
            }),
            At::Steps { steps, .. } => match steps.first()? {
                Step::Ask(waiter) => self.ask(waiter, pipeline),
                _ => steps.call(&self.pk),
            },
            At::Done => None,
        }
    }

    fn ask(&self, waiter: &Waiter, pipeline: &Pipeline) -> Option<Call> {
        let Ok(Some(row)) = &waiter.row else {
            return None;
        };
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

    /// Goes on. Returns how it ended, at the end.
    pub fn answered(
        &mut self,
        answer: Answer,
        pipeline: &Pipeline,
        facts: &mut Vec<Ended>,
    ) -> Option<Passed> {
        match (std::mem::replace(&mut self.at, At::Done), answer) {
            (At::ReadHead, Answer::Head(head)) => {
                let Some(free) = free(&head, &self.execution) else {
                    return Some(Passed::Done);
                };
                if free == head {
                    return self.freed(free);
                }
                self.at = At::WriteHead(free);
                None
            }
            (At::WriteHead(head), Answer::Written(Written::Now)) => self.freed(head),
            (At::Unmark(_), Answer::Written(Written::Now)) => Some(Passed::Done),
            (At::WriteHead(_) | At::Unmark(_), Answer::Written(Written::Lost(_))) => self.again(),
            (At::ReadWaiters(head), Answer::Waiters(waiters)) => {
                self.waiters(head, waiters, pipeline, facts)
            }
            (
                At::Steps {
                    mut steps,
                    head,
                    again,
                },
                answer,
            ) => {
                match steps.answered(&answer) {
                    None => return Some(Passed::Failed),
                    Some(Step::Supersede(_)) => facts.push(Ended::Superseded(1)),
                    Some(Step::Ask(waiter)) => facts.extend(passed(&waiter)),
                    Some(Step::Forget(_) | Step::Put(_)) => {}
                }
                self.go_on(steps, head, again)
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

    /// The turn is nobody's.
    fn freed(&mut self, head: Head) -> Option<Passed> {
        if !head.waits {
            return Some(Passed::Done);
        }
        self.at = At::ReadWaiters(head);
        None
    }

    fn waiters(
        &mut self,
        head: Head,
        waiters: Vec<Waiter>,
        pipeline: &Pipeline,
        facts: &mut Vec<Ended>,
    ) -> Option<Passed> {
        if waiters.is_empty() {
            self.at = At::Unmark(Head {
                revision: head.revision + 1,
                waits: false,
                ..head
            });
            return None;
        }
        let (gone, waiters): (Vec<_>, Vec<_>) = waiters.into_iter().partition(Waiter::is_gone);
        let mut steps = Steps::forget(gone);
        // Those after them are read then.
        if steps.first().is_some() {
            return self.go_on(steps, head, true);
        }
        let Woken { asked, superseded } = wake(pipeline.order, &head, waiters);
        if let Some(reason) = asked.iter().find_map(|waiter| waiter.row.as_ref().err()) {
            let reason = reason.clone();
            facts.push(Ended::Unreadable { reason });
            return Some(Passed::Failed);
        }
        let ordered = pipeline.order != Order::None;
        let again = asked.is_empty() || !ordered;
        steps = Steps::supersede(superseded);
        for waiter in asked {
            steps.then(Step::Ask(waiter.clone()));
            if !ordered {
                steps.then(Step::Forget(waiter));
            }
        }
        self.go_on(steps, head, again)
    }

    fn go_on(&mut self, steps: Steps, head: Head, again: bool) -> Option<Passed> {
        self.at = match again {
            _ if steps.first().is_some() => At::Steps { steps, head, again },
            true => At::ReadWaiters(head),
            false => return Some(Passed::Done),
        };
        None
    }
}

fn passed(waiter: &Waiter) -> Option<Ended> {
    let row = waiter.row.as_ref().ok()?.as_ref()?;
    let key = row.event.key.clone();
    Some(Ended::TurnPassed { key })
}
