//! The calls about versions that wait, one after the other.

use std::collections::VecDeque;

use super::call::{Answer, Call};
use crate::record::row::RowKey;
use crate::record::version;
use crate::record::waiter::Waiter;

/// One thing that is done about a waiter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// Its row says that a newer version was taken instead.
    Supersede(Waiter),
    /// It waits no longer.
    Forget(Waiter),
    /// It waits at another place: put there first, then forgotten here.
    Put(Waiter),
    /// The message that asks for it is sent.
    Ask(Waiter),
}

/// Steps that come one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Steps(VecDeque<Step>);

impl Steps {
    /// Forgets waiters.
    pub fn forget(waiters: impl IntoIterator<Item = Waiter>) -> Self {
        Self(waiters.into_iter().map(Step::Forget).collect())
    }

    /// Supersedes waiters, each row first: the version that superseded them is certain to come.
    pub fn supersede(waiters: impl IntoIterator<Item = Waiter>) -> Self {
        let both = |waiter: Waiter| [Step::Supersede(waiter.clone()), Step::Forget(waiter)];
        Self(waiters.into_iter().flat_map(both).collect())
    }

    pub fn then(&mut self, step: Step) {
        self.0.push_back(step);
    }

    /// Returns the step that is under way; `None`: all are done.
    pub fn first(&self) -> Option<&Step> {
        self.0.front()
    }

    /// Returns the call of a step that is no message. `pk`: the object.
    pub fn call(&self, pk: &str) -> Option<Call> {
        let pk = pk.to_owned();
        Some(match self.first()? {
            Step::Supersede(waiter) => Call::SupersedeWaiting(RowKey {
                sk: version::row_of(&waiter.version).to_owned(),
                pk,
            }),
            Step::Forget(waiter) => Call::ForgetWaiter {
                pk,
                version: waiter.version.clone(),
                attempt: waiter.attempt,
            },
            Step::Put(waiter) => Call::PutWaiter {
                pk,
                version: waiter.version.clone(),
                attempt: waiter.attempt,
            },
            Step::Ask(_) => return None,
        })
    }

    /// Takes in the answer to the step that is under way, and returns the step; `None`: it failed.
    pub fn answered(&mut self, answer: &Answer) -> Option<Step> {
        match answer {
            Answer::Done => self.0.pop_front(),
            _ => None,
        }
    }
}
