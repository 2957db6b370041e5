//! Messages that were received: understood, then each driven from its row to its start.

use futures_util::future::join3;
use spillway::message::Received;
use spillway::pace::permit::Permit;
use spillway::protocol::batching::Batching;
use spillway::protocol::candidate::Candidate;
use spillway::protocol::claiming::Claiming;
use spillway::protocol::fate::Fate;
use spillway::protocol::locks::Admitted;
use spillway::protocol::rounds::rounds;
use spillway::protocol::splitting::Splitting;
use spillway::protocol::terms::Terms;
use spillway::protocol::understanding::{Understood, understand};

use crate::Dispatch;
use crate::guide::{OfTick, drive_all, drive_new};
use crate::shared::Shared;
use crate::tenants::Bounded;

impl Dispatch {
    /// Understands messages of one lane, and handles those that are not one attempt of one object
    /// event.
    pub(crate) async fn understand(
        &self,
        shared: &Shared,
        lane: usize,
        messages: Vec<Received>,
    ) -> Vec<Candidate> {
        let (mut candidates, mut others): (_, Vec<Splitting>) = (Vec::new(), Vec::new());
        for message in messages {
            let markers = &self.config.folder_markers;
            let (understood, left_out) = understand(message, lane, markers, &shared.shell.pipeline);
            shared.state().counts.leave_out(&left_out);
            match understood {
                Understood::Candidate(candidate) => candidates.push(candidate),
                Understood::Other(other) => others.push(other),
            }
        }
        let all = others.len();
        drive_all(shared, &mut others, Vec::new(), all).await;
        candidates
    }

    /// Takes in messages of one lane, for each of which there is a permit.
    pub(crate) async fn take_in(
        &self,
        shared: &Shared,
        lane: usize,
        messages: Vec<Received>,
        mut permits: Vec<Permit>,
    ) {
        let candidates = self.understand(shared, lane, messages).await;
        permits.truncate(candidates.len());
        let fifo = shared
            .shell
            .lanes
            .get(lane)
            .is_some_and(|lane| lane.events.is_fifo());
        for round in rounds(candidates, self.config.order, fifo) {
            let rest = permits.split_off(round.len().min(permits.len()));
            self.claim(shared, round, permits, |each| each, Claiming::new)
                .await;
            permits = rest;
        }
    }

    /// Takes in the messages of one execution of several, for which there is one permit.
    pub(crate) async fn take_in_batch(
        &self,
        shared: &Shared,
        candidates: Vec<Candidate>,
        permits: Vec<Permit>,
    ) {
        let all = |candidates| vec![candidates];
        let new = |candidates, _: &Terms<'_>| Batching::new(candidates);
        self.claim(shared, candidates, permits, all, new).await;
    }

    /// Claims and starts, by machines each of which has a permit of its own. Returns them as they
    /// ended.
    pub(crate) async fn claim<T, M: OfTick>(
        &self,
        shared: &Shared,
        candidates: Vec<Candidate>,
        mut permits: Vec<Permit>,
        loads: impl FnOnce(Vec<Candidate>) -> Vec<T>,
        new: impl Fn(T, &Terms<'_>) -> M,
    ) -> Vec<M> {
        let Admitted { free, busy, locked } = shared.state().locks.admit(candidates);
        // Those that are too many are of use to others.
        permits.truncate(free.len());
        let Bounded {
            go,
            permits,
            deferred,
        } = shared.bound_by_tenant(free, permits);
        let claim = async {
            if go.is_empty() {
                return Vec::new();
            }
            if let Err(problem) = shared.reserve().await {
                shared.state().fail(problem);
                self.leave(shared, go, &Fate::HandBack).await;
                return Vec::new();
            }
            drive_new(shared, loads(go), new, permits).await
        };
        let leave = self.leave(shared, busy, &Fate::Later);
        let (machines, (), ()) = join3(claim, leave, self.defer(shared, deferred)).await;
        // Other tasks can process these objects, unless a call is unclear: its write can come to
        // light later.
        let mut state = shared.state();
        if !state.tick.is_stopping() {
            locked.iter().for_each(|pk| state.locks.leave(pk));
        }
        machines
    }

    /// Gives messages that claim nothing their fate.
    pub(crate) async fn leave(&self, shared: &Shared, candidates: Vec<Candidate>, fate: &Fate) {
        let leaving = |candidate| Claiming::leaving(candidate, fate.clone());
        let mut leaving: Vec<Claiming> = candidates.into_iter().map(leaving).collect();
        let all = leaving.len();
        drive_all(shared, &mut leaving, Vec::new(), all).await;
    }
}
