//! Bounded tenants: events over a tenant's bound are deferred, and those that wait have their turn.

use std::collections::BTreeMap;

use aws::error::AwsError;
use aws::shell::patiently;
use spillway::Millis;
use spillway::pace::permit::Permit;
use spillway::protocol::candidate::Candidate;
use spillway::protocol::claiming::Claiming;
use spillway::protocol::deferring::Deferring;
use spillway::protocol::fate::Fate;
use spillway::protocol::tenant_queues::{Admission, TenantQueues, Turn, Waiters};
use spillway::protocol::tenant_turn::TenantTurn;
use spillway::record::deferred::TenantQueue;

use crate::Dispatch;
use crate::guide::drive_all;
use crate::shared::{Shared, State};

/// Candidates by their tenants' bounds.
pub(crate) struct Bounded {
    /// These can start, each with the permit of its index.
    pub go: Vec<Candidate>,
    pub permits: Vec<Permit>,
    /// These are over their tenant's bound, or others of the tenant wait.
    pub deferred: Vec<(TenantQueue, Candidate)>,
}

impl Shared {
    /// Reads which tenants wait, if tenants are bounded or were. Under the lease nobody else
    /// changes that.
    pub(crate) async fn read_tenant_queues(&self) -> Result<(), AwsError> {
        let (pipeline, lease) = (&self.shell.pipeline, &self.reservation.lease);
        if pipeline.tenants.is_none() && !lease.left.defers {
            return Ok(());
        }
        let read = || self.shell.ledger.tenant_queues();
        let named = patiently(self.shell.clock, self.end_by(), read).await?;
        let queues = TenantQueues::new(lease.holder(), named, |lane| pipeline.lane(Some(lane)));
        self.state().tenants = Some(queues);
        Ok(())
    }

    /// Returns whether events that wait for their tenant can start in this tick.
    pub(crate) fn waiters(&self) -> Waiters {
        let now = self.now();
        // In this order, as everywhere.
        let state = self.state();
        let gate = self.gate.lock();
        let queues = state.tenants.as_ref();
        queues.map_or(Waiters::None, |queues| queues.waiters(&gate, now))
    }

    /// Sorts candidates, for each of which there is a permit, by their tenants' bounds.
    pub(crate) fn bound_by_tenant(
        &self,
        candidates: Vec<Candidate>,
        permits: Vec<Permit>,
    ) -> Bounded {
        let mut bounded = Bounded {
            go: Vec::new(),
            permits: Vec::new(),
            deferred: Vec::new(),
        };
        let state = self.state();
        // A batch has one permit, and no tenants.
        let of_several = permits.len() < candidates.len();
        let Some(queues) = state.tenants.as_ref().filter(|_| !of_several) else {
            return Bounded {
                go: candidates,
                permits,
                ..bounded
            };
        };
        for (candidate, mut permit) in candidates.into_iter().zip(permits) {
            let (lane, waited) = (candidate.lane, candidate.place().is_some());
            let queue = self.shell.pipeline.tenant_queue(lane, &candidate.event.key);
            let goes = |tenant: &str| permit.goes_to_tenant(tenant);
            match queues.admit(lane, queue, waited, goes) {
                Admission::Go => {
                    bounded.go.push(candidate);
                    bounded.permits.push(permit);
                }
                Admission::Defer(queue) => bounded.deferred.push((queue, candidate)),
                Admission::Stay => {}
            }
        }
        bounded
    }
}

impl State {
    /// Counts the tenants of which events wait.
    pub(crate) fn count_tenants(&mut self, now: Millis) {
        let Some(queues) = &self.tenants else {
            return;
        };
        let (tenants, since) = queues.waiting();
        let seconds = since.map_or(0, |since| (now - since).max(0) / 1_000);
        self.counts.waiting_tenants = Some(u32::try_from(tenants).unwrap_or(u32::MAX));
        self.counts.tenant_wait_seconds = Some(seconds.unsigned_abs());
    }
}

impl Dispatch {
    /// Defers messages of one lane.
    pub(crate) async fn defer(&self, shared: &Shared, deferred: Vec<(TenantQueue, Candidate)>) {
        if deferred.is_empty() {
            return;
        }
        // The lease says that events wait before any does, and that writes of this tick can be on
        // the wire.
        if let Err(problem) = shared.reserve().await {
            shared.state().fail(problem);
            let deferred = deferred.into_iter().map(|(_, candidate)| candidate);
            let deferred = deferred.collect();
            return self.leave(shared, deferred, &Fate::HandBack).await;
        }
        let mut by_queue: BTreeMap<(usize, TenantQueue), Vec<Candidate>> = BTreeMap::new();
        for (queue, candidate) in deferred {
            let of_queue = by_queue.entry((candidate.lane, queue));
            of_queue.or_default().push(candidate);
        }
        let now = shared.now();
        let (mut at, mut machines) = (Vec::new(), Vec::new());
        for ((lane, queue), candidates) in by_queue {
            let mut state = shared.state();
            let queues = state.tenants.as_mut();
            let token = queues.and_then(|queues| queues.defers(lane, &queue, now));
            at.push((lane, token.clone()));
            machines.push(Deferring::new(queue, token, candidates));
        }
        let all = machines.len();
        drive_all(shared, &mut machines, Vec::new(), all).await;
        let mut state = shared.state();
        let Some(queues) = &mut state.tenants else {
            return;
        };
        for ((lane, token), machine) in at.into_iter().zip(&machines) {
            let token = token.filter(|_| machine.is_named());
            queues.deferred(lane, machine.queue(), token);
        }
    }

    /// Starts events that wait in a lane, of the tenants whose turn it is.
    pub(crate) async fn take_turns(
        &self,
        shared: &Shared,
        lane: usize,
        turns: Vec<Turn>,
        mut permits: Vec<Permit>,
    ) {
        let mut turns: Vec<TenantTurn> = turns.into_iter().map(TenantTurn::new).collect();
        let all = turns.len();
        drive_all(shared, &mut turns, Vec::new(), all).await;
        let candidates: Vec<Candidate> = turns.iter().flat_map(|it| it.candidates(lane)).collect();
        permits.truncate(candidates.len());
        let claimed = self
            .claim(shared, candidates, permits, |each| each, Claiming::new)
            .await;
        let claimed = |queue: &TenantQueue| {
            let of_queue = claimed.iter().filter(|it| it.has_left()).filter(|it| {
                it.candidate()
                    .place()
                    .is_some_and(|place| place.queue == *queue)
            });
            u32::try_from(of_queue.count()).unwrap_or(u32::MAX)
        };
        let now = shared.now();
        let mut empty = Vec::new();
        for mut turn in turns {
            let ended = turn.ended(claimed(turn.queue()));
            let mut state = shared.state();
            let land_by = state.tick.claims_land_by();
            let queues = state.tenants.as_mut();
            let token = queues.and_then(|it| it.ended(lane, turn.queue(), ended, land_by, now));
            if let Some(token) = token {
                turn.remove(token);
                empty.push(turn);
            }
        }
        let all = empty.len();
        drive_all(shared, &mut empty, Vec::new(), all).await;
        if let Some(queues) = &mut shared.state().tenants {
            empty
                .iter()
                .for_each(|turn| queues.removed(lane, turn.queue()));
        }
    }
}
