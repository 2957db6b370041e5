//! The attempt rule, then slots and claims, of several messages in calls that they share.

use aws::error::HandlerError;
use aws::ledger::{Claim, TakenSlot, Written};
use futures_util::future::join_all;
use spillway::Millis;
use spillway::execution;
use spillway::message::ATTEMPT;
use spillway::record::row::{Row, RowKey};
use spillway::record::slot::{Slot, Work};
use spillway::rules::attempt::{Oddity, Verdict, oddity, verdict};
use spillway::rules::order::Order;
use spillway::rules::sweep::Found;
use tracing::{debug, trace, warn};

use crate::Dispatch;
use crate::candidate::Candidate;
use crate::fate::{Fate, HIDE_SECONDS};
use crate::intake::Known;
use crate::shared::Shared;

/// What becomes of a message by the attempt rule.
enum Rule<'a> {
    /// Its attempt is to be claimed, on condition that the row is still like this.
    Claim(Option<&'a Row>),
    Fate(Fate),
}

impl Dispatch {
    /// Compares each message with its row and claims the attempts they ask for. Gives the start back of each that does
    /// not claim.
    pub(crate) async fn claim_all(
        &self,
        shared: &Shared,
        lane: usize,
        candidates: &[Candidate],
        known: &Known,
    ) -> Vec<Fate> {
        let rules = candidates
            .iter()
            .map(|candidate| self.may_claim(shared, lane, candidate, known));
        let rules = join_all(rules).await;
        let mut fates = Vec::new();
        let mut claiming = Vec::new();
        for (candidate, rule) in candidates.iter().zip(rules) {
            fates.push(match rule {
                Rule::Fate(fate) => Some(fate),
                Rule::Claim(row) => {
                    claiming.push((candidate, row));
                    None
                }
            });
        }
        let claimed = self.take_slots_and_claim(shared, lane, &claiming).await;
        let mut claimed = claimed.into_iter();
        fates
            .into_iter()
            .filter_map(|fate| fate.or_else(|| claimed.next()))
            .collect()
    }

    /// Compares one message with its row. In a pipeline with an order it claims, too.
    async fn may_claim<'a>(
        &self,
        shared: &Shared,
        lane: usize,
        candidate: &Candidate,
        known: &'a Known,
    ) -> Rule<'a> {
        if let Some(fate) = self.not_by_itself(shared, candidate) {
            shared.state().gate.give_back(1);
            return Rule::Fate(fate);
        }
        let key = RowKey::of(&candidate.event);
        let found = known.rows.get(&key).map(Result::as_ref).transpose();
        let head = known.heads.get(&key.pk).cloned().transpose();
        let (row, head) = match (found, head) {
            (Ok(row), Ok(head)) => (row, head.unwrap_or_default()),
            (Err(problem), _) => return self.unreadable(shared, problem),
            (_, Err(problem)) => return self.unreadable(shared, &problem),
        };
        if self.config.order != Order::None {
            let row = row.cloned();
            let fate = self.take_turn(shared, lane, candidate, row, head).await;
            return Rule::Fate(fate);
        }
        let verdict = verdict(candidate.attempt, row);
        trace!(decision = ?verdict, key = key.pk, candidate.attempt, "attempt rule");
        let without_claim = match verdict {
            Verdict::Claim => return Rule::Claim(row),
            Verdict::Stale => self.stale(shared, candidate, row),
            Verdict::ClaimIfClosed => match self.has_closed(row).await {
                Ok(true) => return Rule::Claim(row),
                Ok(false) => Fate::Hide(HIDE_SECONDS),
                Err(problem) => {
                    shared.note(problem);
                    Fate::Hide(HIDE_SECONDS)
                }
            },
        };
        shared.state().gate.give_back(1);
        Rule::Fate(without_claim)
    }

    fn unreadable<'a>(&self, shared: &Shared, problem: &HandlerError) -> Rule<'a> {
        shared.state().gate.give_back(1);
        shared.count(|counts| counts.unreadable += 1);
        Rule::Fate(Fate::DeadLetter(problem.to_string()))
    }

    /// The ledger owns the attempt.
    pub(crate) fn stale(&self, shared: &Shared, candidate: &Candidate, row: Option<&Row>) -> Fate {
        let Candidate { event, attempt, .. } = candidate;
        debug!(key = event.key, attempt, "stale");
        shared.count(|counts| counts.stale += 1);
        match row.and_then(|row| oddity(event, *attempt, row)) {
            Some(Oddity::Lookalike) => {
                warn!(
                    key = event.key,
                    "an upload is not worked on: another one with the same sequencer and another etag was; upload the \
                     object again, and look for what sends sequencers that are not S3's"
                );
                shared.count(|counts| counts.lookalikes += 1);
            }
            Some(Oddity::DeadAlready) => warn!(
                key = event.key,
                "a message asks for the first attempt of an event that is dead, and is dropped: to try again, redrive the \
                 dead letter, whose attribute {ATTEMPT} says which attempt is next"
            ),
            None => {}
        }
        Fate::Delete
    }

    /// Whether the execution that a row is claimed for has closed.
    async fn has_closed(&self, row: Option<&Row>) -> Result<bool, HandlerError> {
        let Some(execution) = row.and_then(|row| row.execution.as_deref()) else {
            return Ok(false);
        };
        // Its slot names the state machine it was started on; a slot that is gone was settled.
        let Some(slot) = self.ledger.slot(execution).await? else {
            return Ok(false);
        };
        let found = self
            .workflow
            .find(&slot.state_machine_arn, execution)
            .await?;
        Ok(matches!(found, Found::Closed(_)))
    }

    /// The slot of an execution, to be taken now.
    fn slot(&self, shared: &Shared, execution: String, work: Work) -> Slot {
        Slot {
            execution,
            taken_at: shared.slot_time(),
            work,
            ordered: self.config.order != Order::None,
            state_machine_arn: self.config.state_machine_arn.clone(),
            pending: false,
        }
    }

    /// Takes the slot of an execution: see [`Self::taken`].
    pub(crate) async fn take_slot(
        &self,
        shared: &Shared,
        execution: String,
        work: Work,
    ) -> Result<Slot, Fate> {
        let slot = self.slot(shared, execution, work);
        let taken_at = slot.taken_at;
        self.taken(shared, taken_at, self.ledger.take_slot(slot).await)
    }

    /// What taking a slot comes to. One that is there already belongs to another message of the same attempt, which
    /// may claim with it or free it: only who took a slot goes on with it, and this message comes again. `Err` with
    /// [`Fate::Hide`] leaves the grant as it was.
    fn taken(
        &self,
        shared: &Shared,
        taken_at: Millis,
        answer: Result<TakenSlot, HandlerError>,
    ) -> Result<Slot, Fate> {
        match answer {
            Ok(TakenSlot::Now(slot)) => {
                shared.state().gate.capacity.slot_put();
                Ok(slot)
            }
            Ok(TakenSlot::Before) => Err(Fate::Hide(HIDE_SECONDS)),
            Err(problem) => {
                // Counted as taken: it may have been.
                shared.state().gate.capacity.slot_put();
                shared.suspect(taken_at);
                shared.fail(problem);
                Err(Fate::HandBack)
            }
        }
    }

    /// The claim of a candidate's attempt.
    pub(crate) fn claim_of<'a>(
        &'a self,
        shared: &Shared,
        lane: usize,
        candidate: &'a Candidate,
        execution: &'a str,
        read: Option<&'a Row>,
    ) -> Claim<'a> {
        Claim {
            event: &candidate.event,
            attempt: candidate.attempt,
            execution,
            lane: self.lanes.get(lane).and_then(|lane| lane.name.as_deref()),
            read,
            now: shared.now(),
        }
    }

    /// Takes the slots of all, then claims with those that were taken.
    async fn take_slots_and_claim(
        &self,
        shared: &Shared,
        lane: usize,
        claiming: &[(&Candidate, Option<&Row>)],
    ) -> Vec<Fate> {
        let slots = claiming.iter().map(|(candidate, _)| {
            let Candidate { event, attempt, .. } = candidate;
            let name = execution::name::of(&self.config.ledger_arn, event, *attempt);
            self.slot(shared, name, Work::Row(RowKey::of(event)))
        });
        let slots: Vec<Slot> = slots.collect();
        let times: Vec<Millis> = slots.iter().map(|slot| slot.taken_at).collect();
        let answers = self.ledger.take_slots(slots).await;
        let taken: Vec<Result<Slot, Fate>> = answers
            .into_iter()
            .zip(times)
            .map(|(answer, taken_at)| self.taken(shared, taken_at, answer))
            .collect();
        let claims = claiming
            .iter()
            .zip(&taken)
            .filter_map(|((candidate, row), slot)| {
                let execution = &slot.as_ref().ok()?.execution;
                Some(self.claim_of(shared, lane, candidate, execution, *row))
            })
            .collect();
        let mut claimed = self.ledger.claim_all(claims).await.into_iter();
        let mut fates = Vec::new();
        for ((candidate, _), slot) in claiming.iter().zip(taken) {
            fates.push(match slot.map(|slot| (slot, claimed.next())) {
                Ok((slot, Some(claim))) => self.after_claim(shared, candidate, slot, claim).await,
                // Each slot has a claim.
                Ok((_, None)) => Fate::HandBack,
                Err(fate) => {
                    if matches!(fate, Fate::Hide(_)) {
                        shared.state().gate.give_back(1);
                    }
                    fate
                }
            });
        }
        fates
    }

    /// What a claim comes to.
    async fn after_claim(
        &self,
        shared: &Shared,
        candidate: &Candidate,
        slot: Slot,
        claim: Result<Written, HandlerError>,
    ) -> Fate {
        match claim {
            Ok(Written::Done) => Fate::Start(slot),
            Ok(Written::Lost(found)) => {
                shared.state().gate.give_back_start(1);
                self.free_unused(shared, &slot).await;
                match verdict(candidate.attempt, found.as_deref()) {
                    Verdict::Stale => self.stale(shared, candidate, found.as_deref()),
                    Verdict::Claim | Verdict::ClaimIfClosed => Fate::HandBack,
                }
            }
            // It may have been claimed: then the slot is needed, the message is stale, and the next tick starts it.
            Err(problem) => {
                shared.suspect(slot.taken_at);
                shared.fail(problem);
                Fate::HandBack
            }
        }
    }
}
