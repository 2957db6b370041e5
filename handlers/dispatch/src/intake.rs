//! What becomes of received messages: understood, compared with the ledger, and claimed.

use std::collections::HashSet;

use futures_util::future::join_all;
use spillway::attempt::{Verdict, verdict};
use spillway::aws::error::HandlerError;
use spillway::aws::ledger::{Rows, TakenSlot, Written};
use spillway::aws::queue::{Message, Outgoing};
use spillway::event::ObjectEvent;
use spillway::execution;
use spillway::message::{self, Body};
use spillway::row::{Row, RowKey};
use spillway::slot::Slot;
use spillway::sweep::Found;
use tracing::{debug, warn};

use crate::Dispatch;
use crate::shared::Shared;

/// How long a retry is hidden whose last attempt still runs, in seconds.
const HIDE_SECONDS: u32 = 60;

/// A message that asks for one attempt of one object event.
struct Candidate {
    message: Message,
    event: ObjectEvent,
    attempt: u32,
}

/// What is to be done with a message.
enum Fate {
    /// Nothing is left to do for it.
    Delete,
    /// The ledger owns the event: delete the message, then start the execution.
    Start(Slot),
    HandBack,
    /// Its last attempt still runs.
    Hide,
    DeadLetter(String),
}

impl Dispatch {
    /// Handles messages for each of which a start was granted.
    pub(crate) async fn take_in(&self, shared: &Shared, messages: Vec<Message>) {
        let mut candidates = Vec::new();
        for message in messages {
            if let Some(candidate) = self.understand(shared, message).await {
                candidates.push(candidate);
            }
        }
        // Two messages of one event: the second is compared with what the first left in the ledger.
        while !candidates.is_empty() {
            let mut seen = HashSet::new();
            let (first, again): (Vec<_>, Vec<_>) = candidates
                .into_iter()
                .partition(|candidate: &Candidate| seen.insert(RowKey::of(&candidate.event)));
            self.claim_and_start(shared, first).await;
            candidates = again;
        }
    }

    /// Reads a message. What is not one attempt of one object event is dealt with here, and its start given back.
    async fn understand(&self, shared: &Shared, message: Message) -> Option<Candidate> {
        let parsed = message::parse(&message.body)
            .and_then(|body| Ok((body, message::attempt(message.attempt.as_deref())?)));
        let fate = match parsed {
            Ok((Body::Events(mut events), attempt)) if events.len() == 1 => {
                let event = events.pop()?;
                return Some(Candidate {
                    message,
                    event,
                    attempt,
                });
            }
            Ok((Body::Events(events), _)) => self.split(shared, &message, &events).await,
            Ok((Body::TestEvent, _)) => {
                shared.count(|counts| counts.test_events += 1);
                Fate::Delete
            }
            Err(error) => {
                shared.count(|counts| counts.malformed += 1);
                Fate::DeadLetter(error.to_string())
            }
        };
        shared.state().gate.give_back(1);
        self.conclude(shared, vec![(message, fate)]).await;
        None
    }

    /// Sends one message per record, for the original to be deleted. A crash in between leaves duplicates, which the
    /// attempt rule absorbs.
    async fn split(&self, shared: &Shared, message: &Message, events: &[ObjectEvent]) -> Fate {
        let parts: Vec<Outgoing> = events
            .iter()
            .map(|event| Outgoing {
                body: message::encode(event),
                attempt: message.attempt.clone(),
                ..Outgoing::default()
            })
            .collect();
        match self.events.send_all(&parts).await {
            Ok(()) => {
                shared.count(|counts| counts.split += 1);
                Fate::Delete
            }
            Err(problem) => {
                shared.fail(problem);
                Fate::HandBack
            }
        }
    }

    async fn claim_and_start(&self, shared: &Shared, candidates: Vec<Candidate>) {
        let keys: Vec<RowKey> = candidates
            .iter()
            .map(|candidate| RowKey::of(&candidate.event))
            .collect();
        let fates = match self.ledger.rows(&keys).await {
            Ok(rows) => {
                let claims = candidates
                    .iter()
                    .map(|candidate| self.claim(shared, candidate, &rows));
                join_all(claims).await
            }
            Err(problem) => {
                let granted = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
                shared.state().gate.give_back(granted);
                shared.fail(problem);
                candidates.iter().map(|_| Fate::HandBack).collect()
            }
        };
        let mut concluded = Vec::new();
        let mut claimed = Vec::new();
        for (candidate, fate) in candidates.into_iter().zip(fates) {
            if let Fate::Start(slot) = &fate {
                claimed.push((slot.clone(), candidate.event, candidate.attempt));
            }
            concluded.push((candidate.message, fate));
        }
        self.conclude(shared, concluded).await;
        join_all(
            claimed
                .iter()
                .map(|(slot, event, attempt)| self.start(shared, slot, event, *attempt)),
        )
        .await;
    }

    /// Compares one message with its row and claims the attempt it asks for. Gives its start back unless it claims.
    async fn claim(&self, shared: &Shared, candidate: &Candidate, rows: &Rows) -> Fate {
        let row = match rows.get(&RowKey::of(&candidate.event)) {
            None => None,
            Some(Ok(row)) => Some(row),
            Some(Err(problem)) => {
                shared.state().gate.give_back(1);
                shared.count(|counts| counts.unreadable += 1);
                return Fate::DeadLetter(problem.to_string());
            }
        };
        let without_claim = match verdict(candidate.attempt, row) {
            Verdict::Claim => return self.take_slot_and_claim(shared, candidate, row).await,
            Verdict::Stale => {
                debug!(
                    key = candidate.event.key,
                    attempt = candidate.attempt,
                    "stale"
                );
                shared.count(|counts| counts.stale += 1);
                Fate::Delete
            }
            Verdict::ClaimIfClosed => match self.has_closed(row).await {
                Ok(true) => return self.take_slot_and_claim(shared, candidate, row).await,
                Ok(false) => Fate::Hide,
                Err(problem) => {
                    shared.note(problem);
                    Fate::Hide
                }
            },
        };
        shared.state().gate.give_back(1);
        without_claim
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

    async fn take_slot_and_claim(
        &self,
        shared: &Shared,
        candidate: &Candidate,
        row: Option<&Row>,
    ) -> Fate {
        let Candidate { event, attempt, .. } = candidate;
        let slot = Slot {
            execution: execution::name(&self.config.ledger_arn, event, *attempt),
            taken_at: shared.now(),
            row: RowKey::of(event),
            state_machine_arn: self.config.state_machine_arn.clone(),
            pending: false,
        };
        let taken_at = slot.taken_at;
        let taken = self.ledger.take_slot(slot).await;
        // Counted as taken whatever the answer: it may have been.
        shared.state().gate.capacity.slot_put();
        let (slot, ours) = match taken {
            Ok(TakenSlot::Now(slot)) => (slot, true),
            Ok(TakenSlot::Before(slot)) => (slot, false),
            Err(problem) => {
                shared.suspect(taken_at);
                shared.fail(problem);
                return Fate::HandBack;
            }
        };
        let now = shared.now();
        let claimed = self
            .ledger
            .claim(event, *attempt, &slot.execution, row, now)
            .await;
        match claimed {
            Ok(Written::Done) => Fate::Start(slot),
            Ok(Written::Lost(found)) => {
                shared.state().gate.give_back_start(1);
                if verdict(*attempt, found.as_deref()) != Verdict::Stale {
                    // Another message of this attempt may be claiming it for the same slot: not ours to free.
                    shared.suspect(slot.taken_at);
                    return Fate::HandBack;
                }
                if ours {
                    self.free_unused(shared, &slot).await;
                }
                shared.count(|counts| counts.stale += 1);
                Fate::Delete
            }
            // It may have been claimed: then the slot is needed, the message is stale, and the next tick starts it.
            Err(problem) => {
                shared.suspect(slot.taken_at);
                shared.fail(problem);
                Fate::HandBack
            }
        }
    }

    /// Does with each message what its fate says, in calls of up to ten.
    async fn conclude(&self, shared: &Shared, messages: Vec<(Message, Fate)>) {
        let mut delete = Vec::new();
        let mut hand_back = Vec::new();
        let mut hide = Vec::new();
        for (message, fate) in messages {
            match fate {
                Fate::Delete | Fate::Start(_) => delete.push(message.receipt),
                Fate::HandBack => hand_back.push(message.receipt),
                Fate::Hide => hide.push(message.receipt),
                Fate::DeadLetter(reason) => match self.dead_letter(&message, &reason).await {
                    Ok(()) => delete.push(message.receipt),
                    // It stays hidden and comes again.
                    Err(problem) => shared.note(problem),
                },
            }
        }
        self.events.delete(&delete).await;
        self.events.hide(&hand_back, 0).await;
        self.events.hide(&hide, HIDE_SECONDS).await;
        let handed_back = u32::try_from(hand_back.len() + hide.len()).unwrap_or(u32::MAX);
        shared.count(|counts| counts.handed_back += handed_back);
    }

    /// Puts a message's body and attempt as they came, with the reason, into the dead-letter queue.
    async fn dead_letter(&self, message: &Message, reason: &str) -> Result<(), HandlerError> {
        warn!(reason, "a message goes to the dead-letter queue");
        self.dead_letters
            .send(&Outgoing {
                body: message.body.clone(),
                attempt: message.attempt.clone(),
                reason: Some(reason.to_owned()),
                ..Outgoing::default()
            })
            .await
    }
}
