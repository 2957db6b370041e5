//! Messages that were received: understood, then each driven from its row to its start.

use futures_util::future::join;
use spillway::message::Received;
use spillway::pace::permit::Permit;
use spillway::protocol::batching::Batching;
use spillway::protocol::candidate::Candidate;
use spillway::protocol::claiming::Claiming;
use spillway::protocol::fate::{Fate, HIDE_SECONDS};
use spillway::protocol::rounds::rounds;
use spillway::protocol::splitting::Splitting;
use spillway::protocol::understanding::{Understood, understand};
use spillway::record::row::RowKey;

use crate::Dispatch;
use crate::guide::drive_all;
use crate::shared::Shared;

impl Dispatch {
    /// Understands messages of one lane. What is not one attempt of one object event is dealt with.
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
            self.claim(shared, round, permits).await;
            permits = rest;
        }
    }

    /// Claims and starts, each with a permit of its own.
    async fn claim(&self, shared: &Shared, candidates: Vec<Candidate>, mut permits: Vec<Permit>) {
        let (candidates, hidden, locked) = shared.lock(candidates);
        let spare = permits.split_off(candidates.len().min(permits.len()));
        drop(spare);
        join(
            self.leave(shared, hidden, &Fate::Hide(HIDE_SECONDS)),
            self.claim_locked(shared, candidates, permits),
        )
        .await;
        shared.unlock(locked);
    }

    async fn claim_locked(
        &self,
        shared: &Shared,
        candidates: Vec<Candidate>,
        permits: Vec<Permit>,
    ) {
        if candidates.is_empty() {
            return;
        }
        if let Err(problem) = shared.reserve().await {
            shared.state().fail(problem);
            return self.leave(shared, candidates, &Fate::HandBack).await;
        }
        let mut claiming: Vec<Claiming> = candidates.into_iter().map(Claiming::new).collect();
        let all = claiming.len();
        drive_all(shared, &mut claiming, permits, all).await;
    }

    /// Claims and starts one execution of several, with one permit.
    pub(crate) async fn take_in_batch(
        &self,
        shared: &Shared,
        candidates: Vec<Candidate>,
        permits: Vec<Permit>,
    ) {
        let (candidates, hidden, locked) = shared.lock(candidates);
        self.leave(shared, hidden, &Fate::Hide(HIDE_SECONDS)).await;
        match shared.reserve().await {
            Ok(()) => {
                let mut batching = [Batching::new(candidates)];
                drive_all(shared, &mut batching, permits, 1).await;
            }
            Err(problem) => {
                shared.state().fail(problem);
                self.leave(shared, candidates, &Fate::HandBack).await;
            }
        }
        shared.unlock(locked);
    }

    /// Does with messages what is done with those that claim nothing.
    pub(crate) async fn leave(&self, shared: &Shared, candidates: Vec<Candidate>, fate: &Fate) {
        let leaving = |candidate| Claiming::leaving(candidate, fate.clone());
        let mut leaving: Vec<Claiming> = candidates.into_iter().map(leaving).collect();
        let all = leaving.len();
        drive_all(shared, &mut leaving, Vec::new(), all).await;
    }
}

impl Shared {
    /// Sorts out those whose objects are at work. Returns those that can go on, the others, and the objects that are
    /// locked now: none, unless reconcile has found versions whose rows are not those of their events.
    fn lock(&self, candidates: Vec<Candidate>) -> (Vec<Candidate>, Vec<Candidate>, Vec<String>) {
        if !self.listed() {
            return (candidates, Vec::new(), Vec::new());
        }
        let mut locked = Vec::new();
        let mut state = self.state();
        let (free, busy) = candidates.into_iter().partition(|candidate| {
            let pk = RowKey::of(&candidate.event).pk;
            let enters = state.locks.enter(&pk, candidate.event.is_found());
            if enters {
                locked.push(pk);
            }
            enters
        });
        (free, busy, locked)
    }

    /// Others can work on these objects, unless something is unclear: what was written may come to light later.
    fn unlock(&self, locked: Vec<String>) {
        let mut state = self.state();
        if !state.tick.is_stopping() {
            for pk in locked {
                state.locks.leave(&pk);
            }
        }
    }
}
