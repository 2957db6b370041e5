//! Filling executions of several object events: messages are received until one is full, nothing more waits, or the
//! tick ends.

use std::collections::HashMap;

use aws::error::HandlerError;
use aws::ledger::{BatchItem, Rows, Written};
use aws::queue::BATCH;
use futures_util::future::join_all;
use spillway::Millis;
use spillway::execution;
use spillway::record::row::RowKey;
use spillway::record::slot::{Slot, Work};
use spillway::rules::attempt::{Verdict, verdict};
use spillway::rules::batch;
use tracing::trace;

use crate::Dispatch;
use crate::candidate::Candidate;
use crate::fate::Fate;
use crate::intake::leave;
use crate::load::Load;
use crate::shared::Shared;

/// Receives under way at once.
const RECEIVES_AT_ONCE: usize = 10;
/// How often a member is claimed again whose row was written since it was read.
const TRIES: u32 = 4;

/// Messages received and not yet on their way, by lane.
pub(crate) type Pool = HashMap<usize, Vec<Candidate>>;

impl Dispatch {
    /// The object events of the next execution, and their lane. `None`: nothing waits.
    pub(crate) async fn fill(
        &self,
        shared: &Shared,
        pool: &mut Pool,
        stop_at: Millis,
    ) -> Result<Option<(usize, Vec<Candidate>)>, HandlerError> {
        let most = self.config.events_per_execution as usize;
        let asks = shared.state().shares.to_ask(shared.now());
        let mut lanes: Vec<usize> = asks.iter().map(|ask| ask.lane).collect();
        lanes.extend(0..self.lanes.len());
        for (place, lane) in lanes.into_iter().enumerate() {
            let received = pool.entry(lane).or_default();
            let mut coming = place < asks.len();
            loop {
                coming = coming && shared.now() < stop_at && !shared.is_stopping();
                if let Some(load) = batch::next(received, most, coming) {
                    shared.state().shares.started(lane, 1);
                    return Ok(Some((lane, load)));
                }
                if !coming {
                    break;
                }
                let wanted = most.saturating_sub(received.len()).max(1);
                coming = self.receive_several(shared, lane, wanted, received).await?;
            }
            if place < asks.len() && self.lanes.len() > 1 {
                let now = shared.now();
                shared.state().shares.found_empty(lane, now);
            }
        }
        Ok(None)
    }

    /// Receives about `wanted` messages into the pool. `false`: nothing waits.
    async fn receive_several(
        &self,
        shared: &Shared,
        lane: usize,
        wanted: usize,
        received: &mut Vec<Candidate>,
    ) -> Result<bool, HandlerError> {
        let Some(queues) = self.lanes.get(lane) else {
            return Ok(false);
        };
        let calls = wanted.div_ceil(BATCH).min(RECEIVES_AT_ONCE);
        let answers = join_all((0..calls).map(|call| {
            let most = (wanted - call * BATCH).min(BATCH) as u32;
            queues.events.receive(most, self.poll_seconds())
        }))
        .await;
        let mut any = false;
        let mut failure = None;
        for answer in answers {
            match answer {
                Ok(messages) => {
                    any = any || !messages.is_empty();
                    shared.count(|counts| {
                        counts.received += u32::try_from(messages.len()).unwrap_or(u32::MAX);
                    });
                    for message in messages {
                        received.extend(self.understand(shared, lane, message).await);
                    }
                }
                Err(problem) => failure = Some(problem),
            }
        }
        match failure {
            Some(problem) => Err(problem),
            None => Ok(any),
        }
    }

    /// Hands back what was received and did not get on its way.
    pub(crate) async fn hand_back(&self, shared: &Shared, pool: Pool) {
        for (lane, candidates) in pool {
            let messages = candidates
                .into_iter()
                .map(|candidate| (candidate.message, Fate::HandBack))
                .collect();
            self.conclude(shared, lane, messages).await;
        }
    }

    /// Claims and starts one execution, for which a start was granted.
    pub(crate) async fn take_in_batch(
        &self,
        shared: &Shared,
        lane: usize,
        candidates: Vec<Candidate>,
    ) {
        if candidates.len() == 1 {
            return self.claim_and_start(shared, lane, candidates).await;
        }
        let (candidates, entered) = self.enter(shared, lane, candidates).await;
        self.take_in_entered(shared, lane, candidates).await;
        leave(shared, entered);
    }

    async fn take_in_entered(&self, shared: &Shared, lane: usize, mut candidates: Vec<Candidate>) {
        let rows = match self.known_rows(shared, &mut candidates).await {
            Ok(rows) => rows,
            Err(problem) => {
                shared.state().gate.give_back(1);
                shared.fail(problem);
                let messages = candidates.into_iter();
                let messages = messages.map(|it| (it.message, Fate::HandBack)).collect();
                return self.conclude(shared, lane, messages).await;
            }
        };
        let mut members = Vec::new();
        let mut concluded = Vec::new();
        for candidate in candidates {
            match self.without_claim(shared, &candidate, &rows) {
                None => members.push(candidate),
                Some(fate) => concluded.push((candidate.message, fate)),
            }
        }
        self.conclude(shared, lane, concluded).await;
        match members.len() {
            0 => shared.state().gate.give_back(1),
            1 => self.claim_entered_and_start(shared, lane, members).await,
            _ => {
                self.claim_batch_and_start(shared, lane, members, &rows)
                    .await
            }
        }
    }

    async fn known_rows(
        &self,
        shared: &Shared,
        candidates: &mut [Candidate],
    ) -> Result<Rows, HandlerError> {
        self.reserve(shared).await?;
        let rows = self.ledger.rows(&Self::keys(shared, candidates)).await?;
        self.recognise(shared, candidates, &rows).await?;
        Ok(rows)
    }

    /// What becomes of a first attempt that is not to be claimed.
    fn without_claim(&self, shared: &Shared, candidate: &Candidate, rows: &Rows) -> Option<Fate> {
        if let Some(fate) = self.not_by_itself(shared, candidate) {
            return Some(fate);
        }
        match rows.get(&RowKey::of(&candidate.event)) {
            Some(Err(problem)) => {
                shared.count(|counts| counts.unreadable += 1);
                Some(Fate::DeadLetter(problem.to_string()))
            }
            found => {
                let row = found.and_then(|row| row.as_ref().ok());
                let verdict = verdict(candidate.attempt, row);
                trace!(decision = ?verdict, key = candidate.event.key, candidate.attempt, "attempt rule");
                match verdict {
                    Verdict::Claim => None,
                    // A first attempt asks for no later one than the row's.
                    Verdict::Stale | Verdict::ClaimIfClosed => {
                        Some(self.stale(shared, candidate, row))
                    }
                }
            }
        }
    }

    /// The batch's item, its slot, the claims, and then the start with those that were won.
    async fn claim_batch_and_start(
        &self,
        shared: &Shared,
        lane: usize,
        members: Vec<Candidate>,
        rows: &Rows,
    ) {
        let events = members.iter().map(|member| &member.event);
        let name = execution::name::of_batch(&self.config.ledger_arn, events);
        let (fates, start) = self.claim_batch(shared, lane, &members, rows, name).await;
        let messages = members.into_iter().map(|member| member.message);
        let concluded = messages.zip(fates).collect();
        self.conclude(shared, lane, concluded).await;
        if let Some((slot, load)) = start {
            shared.count(|counts| counts.batches += 1);
            self.start(shared, &slot, &load).await;
        }
    }

    async fn claim_batch(
        &self,
        shared: &Shared,
        lane: usize,
        members: &[Candidate],
        rows: &Rows,
        name: String,
    ) -> (Vec<Fate>, Option<(Slot, Load)>) {
        let all = |fate: fn() -> Fate| members.iter().map(|_| fate()).collect::<Vec<_>>();
        let keys: Vec<RowKey> = members
            .iter()
            .map(|member| RowKey::of(&member.event))
            .collect();
        match self.ledger.put_batch(&name, &keys, shared.now()).await {
            Ok(BatchItem { members: None, .. }) => {}
            // Another tick fixed it and is at work.
            Ok(_) => {
                shared.state().gate.give_back(1);
                return (all(|| Fate::HandBack), None);
            }
            Err(problem) => {
                shared.state().gate.give_back(1);
                shared.fail(problem);
                return (all(|| Fate::HandBack), None);
            }
        }
        let slot = match self.take_slot(shared, name, Work::Batch).await {
            Ok(slot) => slot,
            Err(Fate::Hide(seconds)) => {
                shared.state().gate.give_back(1);
                let fates = members.iter().map(|_| Fate::Hide(seconds)).collect();
                return (fates, None);
            }
            Err(_) => return (all(|| Fate::HandBack), None),
        };
        let claims = members.iter().zip(&keys).map(|(member, key)| {
            let row = rows.get(key).and_then(|row| row.as_ref().ok());
            self.claim_of(shared, lane, member, &slot.execution, row)
        });
        let claims = self.ledger.claim_all(claims.collect()).await;
        let claims = members
            .iter()
            .zip(claims)
            .map(|(member, claim)| self.claim_again(shared, lane, member, &slot.execution, claim));
        let claims = join_all(claims).await;
        let mut fates = Vec::new();
        let mut won = Vec::new();
        let mut unclear = false;
        for (place, (claim, member)) in claims.into_iter().zip(members).enumerate() {
            fates.push(match claim {
                Ok(Written::Done) => {
                    won.push(place);
                    Fate::Delete
                }
                Ok(Written::Lost(found)) => match verdict(member.attempt, found.as_deref()) {
                    Verdict::Stale => self.stale(shared, member, found.as_deref()),
                    Verdict::Claim | Verdict::ClaimIfClosed => Fate::HandBack,
                },
                Err(problem) => {
                    unclear = true;
                    shared.fail(problem);
                    Fate::HandBack
                }
            });
        }
        // Which of them were won is left to the next tick, which asks the ledger; those that were are its own now.
        if unclear {
            shared.state().gate.leave_start(1);
            shared.suspect(slot.taken_at);
            return (fates, None);
        }
        if won.is_empty() {
            shared.state().gate.give_back_start(1);
            self.free_unused(shared, &slot).await;
            return (fates, None);
        }
        if won.len() < members.len() {
            match self.ledger.fix_batch(&slot.execution, &won).await {
                Ok(Some(batch)) if batch.members.as_ref() == Some(&won) => {}
                other => {
                    shared.state().gate.leave_start(1);
                    shared.suspect(slot.taken_at);
                    if let Err(problem) = other {
                        shared.fail(problem);
                    }
                    return (fates, None);
                }
            }
        }
        let events = won
            .iter()
            .filter_map(|&place| members.get(place).map(|member| member.event.clone()))
            .collect();
        (fates, Some((slot, Load { attempt: 1, events })))
    }

    /// Claims one member again whose row was written since it was read and is still there to be claimed, as when ingest
    /// came to know of it: then it is claimed as it is. An attempt that nobody claimed must not be left behind, or it
    /// could be claimed later for a batch of the same name, which has run without it.
    async fn claim_again(
        &self,
        shared: &Shared,
        lane: usize,
        member: &Candidate,
        execution: &str,
        mut answer: Result<Written, HandlerError>,
    ) -> Result<Written, HandlerError> {
        for _ in 0..TRIES {
            let Ok(Written::Lost(found)) = &answer else {
                break;
            };
            let found = found.as_deref();
            if verdict(member.attempt, found) != Verdict::Claim {
                break;
            }
            let claim = self.claim_of(shared, lane, member, execution, found);
            answer = self.ledger.claim(claim).await;
        }
        answer
    }
}
