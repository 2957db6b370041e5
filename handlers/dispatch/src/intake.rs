//! What becomes of received messages: understood, compared with the ledger, and claimed.

use std::collections::HashSet;

use aws::error::HandlerError;
use aws::ledger::{Heads, Rows};
use aws::queue::{Message, Outgoing};
use futures_util::future::join_all;
use spillway::event::ObjectEvent;
use spillway::event::identity::is_known_by_its_row;
use spillway::message::admission::{Admission, admit};
use spillway::message::fifo;
use spillway::message::{self, Refused};
use spillway::record::head::Head;
use spillway::record::row::{Row, RowKey};
use spillway::rules::order::Order;
use tracing::{trace, warn};

use crate::Dispatch;
use crate::candidate::{Candidate, Standing};
use crate::fate::{Fate, HIDE_SECONDS};
use crate::load::Load;
use crate::shared::Shared;

/// What the ledger says of the candidates.
pub(crate) struct Known {
    pub rows: Rows,
    /// Only with an order.
    pub heads: Heads,
}

/// What two messages must not have in common to be handled at once.
fn apart(event: &ObjectEvent, by_object: bool) -> RowKey {
    let key = RowKey::of(event);
    if by_object {
        let sk = String::new();
        return RowKey { sk, ..key };
    }
    key
}

/// Others may look at these objects, unless something is unclear: what was written may come to light later.
pub(crate) fn leave(shared: &Shared, objects: Vec<String>) {
    let mut state = shared.state();
    if !state.stopping {
        for pk in objects {
            state.under_way.leave(&pk);
        }
    }
}

fn refuse(shared: &Shared, reason: String) -> Fate {
    shared.count(|counts| counts.malformed += 1);
    Fate::DeadLetter(reason)
}

impl Dispatch {
    /// Handles messages of one lane, for each of which a start was granted.
    pub(crate) async fn take_in(&self, shared: &Shared, lane: usize, messages: Vec<Message>) {
        let mut candidates = Vec::new();
        for message in messages {
            match self.understand(shared, lane, message).await {
                Some(candidate) => candidates.push(candidate),
                None => shared.state().gate.give_back(1),
            }
        }
        self.sort(&mut candidates);
        // Two messages of one event: the second is compared with what the first left in the ledger. That holds for all
        // of an object with an order, with a FIFO queue, whose versions start in the order in which they come, and with
        // a version that was found without its event, which another message may bring.
        let fifo = self.lanes.get(lane).is_some_and(|it| it.events.is_fifo());
        let by_object = fifo
            || self.config.order != Order::None
            || candidates
                .iter()
                .any(|candidate| candidate.event.is_found());
        while !candidates.is_empty() {
            let mut seen = HashSet::new();
            let (first, again): (Vec<_>, Vec<_>) = candidates
                .into_iter()
                .partition(|candidate: &Candidate| seen.insert(apart(&candidate.event, by_object)));
            self.claim_and_start(shared, lane, first).await;
            candidates = again;
        }
    }

    /// With an order the version that is to come first comes first.
    fn sort(&self, candidates: &mut [Candidate]) {
        match self.config.order {
            Order::None => {}
            Order::Each => candidates.sort_by_cached_key(Candidate::in_time),
            Order::Latest => {
                candidates.sort_by_cached_key(|it| std::cmp::Reverse(it.in_time()));
            }
        }
    }

    /// Reads a message. What is not one attempt of one object event is dealt with here.
    pub(crate) async fn understand(
        &self,
        shared: &Shared,
        lane: usize,
        message: Message,
    ) -> Option<Candidate> {
        let admission = message::parse(&message.body).and_then(|body| {
            let attempt = body.attempt(message.attempt.as_deref())?;
            Ok((admit(body, &self.config.folder_markers), attempt))
        });
        let fate = match admission {
            Ok((admitted, attempt)) => {
                shared.count(|counts| counts.leave_out(&admitted.left_out));
                match admitted.decide() {
                    Admission::Take(event) => {
                        // The mark of it may have been written since it was read.
                        if event.is_found() && !is_known_by_its_row(&event) {
                            shared.state().listed = true;
                        }
                        return Some(Candidate {
                            message,
                            event,
                            attempt,
                            standing: Standing::default(),
                        });
                    }
                    Admission::Drop => Fate::Delete,
                    Admission::Refuse(reason) => refuse(shared, reason),
                    Admission::Split { events, refused } => {
                        self.split(shared, lane, &message, &events, &refused).await
                    }
                }
            }
            Err(error) => refuse(shared, error.to_string()),
        };
        self.conclude(shared, lane, vec![(message, fate)]).await;
        None
    }

    /// Dead-letters each refused record and sends one message per event, for the original to be deleted. A crash in between
    /// leaves duplicates: the attempt rule absorbs those of events, and a record may be dead-lettered twice.
    async fn split(
        &self,
        shared: &Shared,
        lane: usize,
        message: &Message,
        events: &[ObjectEvent],
        refused: &[Refused],
    ) -> Fate {
        let Some(queues) = self.lanes.get(lane) else {
            return Fate::HandBack;
        };
        let outgoing = |body: String, fifo| Outgoing {
            body,
            lane: queues.name.clone(),
            fifo: Some(fifo),
            ..Outgoing::default()
        };
        let dead: Vec<Outgoing> = refused
            .iter()
            .enumerate()
            .map(|(place, record)| Outgoing {
                reason: Some(record.error.to_string()),
                ..outgoing(
                    record.body(),
                    fifo::of_message(&format!("{}/{place}", message.id)),
                )
            })
            .collect();
        let parts: Vec<Outgoing> = events
            .iter()
            .map(|event| {
                // Of this very message: the same records in another one are not dropped, and found stale.
                let fifo = fifo::of(&self.config.ledger_arn, event, 1, Some(&message.id));
                outgoing(message::encode(event), fifo)
            })
            .collect();
        let sent = match queues.dead_letters.send_all(&dead).await {
            Ok(()) => queues.events.send_all(&parts).await,
            Err(problem) => Err(problem),
        };
        match sent {
            Ok(()) => {
                for letter in &dead {
                    warn!(
                        reason = letter.reason,
                        "a record goes to the dead-letter queue"
                    );
                }
                let malformed = u32::try_from(dead.len()).unwrap_or(u32::MAX);
                shared.count(|counts| {
                    counts.split += 1;
                    counts.malformed += malformed;
                });
                Fate::Delete
            }
            Err(problem) => {
                shared.fail(problem);
                Fate::HandBack
            }
        }
    }

    pub(crate) async fn claim_and_start(
        &self,
        shared: &Shared,
        lane: usize,
        candidates: Vec<Candidate>,
    ) {
        let all = candidates.len();
        let (candidates, entered) = self.enter(shared, lane, candidates).await;
        let hidden = u32::try_from(all - candidates.len()).unwrap_or(u32::MAX);
        shared.state().gate.give_back(hidden);
        self.claim_entered_and_start(shared, lane, candidates).await;
        leave(shared, entered);
    }

    /// Those that may be looked at now, and their objects. The others are hidden for a while.
    pub(crate) async fn enter(
        &self,
        shared: &Shared,
        lane: usize,
        candidates: Vec<Candidate>,
    ) -> (Vec<Candidate>, Vec<String>) {
        let (mut entered, mut objects, mut hidden) = (Vec::new(), Vec::new(), Vec::new());
        for candidate in candidates {
            let pk = RowKey::of(&candidate.event).pk;
            let found = candidate.event.is_found();
            if shared.state().under_way.enter(&pk, found) {
                objects.push(pk);
                entered.push(candidate);
            } else {
                hidden.push((candidate.message, Fate::Hide(HIDE_SECONDS)));
            }
        }
        self.conclude(shared, lane, hidden).await;
        (entered, objects)
    }

    /// Claims and starts those whose objects were entered.
    pub(crate) async fn claim_entered_and_start(
        &self,
        shared: &Shared,
        lane: usize,
        mut candidates: Vec<Candidate>,
    ) {
        if candidates.is_empty() {
            return;
        }
        let fates = match self.known(shared, &mut candidates).await {
            Ok(known) => self.claim_all(shared, lane, &candidates, &known).await,
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
                let load = Load {
                    attempt: candidate.attempt,
                    events: vec![candidate.event],
                };
                claimed.push((slot.clone(), load));
            }
            concluded.push((candidate.message, fate));
        }
        self.conclude(shared, lane, concluded).await;
        join_all(
            claimed
                .iter()
                .map(|(slot, load)| self.start(shared, slot, load)),
        )
        .await;
    }

    async fn known(
        &self,
        shared: &Shared,
        candidates: &mut [Candidate],
    ) -> Result<Known, HandlerError> {
        self.reserve(shared).await?;
        let keys = Self::keys(shared, candidates);
        let (rows, heads) = if self.config.order == Order::None {
            (self.ledger.rows(&keys).await?, Heads::new())
        } else {
            self.ledger.rows_and_heads(&keys).await?
        };
        self.recognise(shared, candidates, &rows).await?;
        Ok(Known { rows, heads })
    }

    /// Reads one candidate's row and its object's head again.
    pub(crate) async fn read_again(
        &self,
        candidate: &Candidate,
    ) -> Result<(Option<Row>, Head), HandlerError> {
        let key = RowKey::of(&candidate.event);
        let (mut rows, mut heads) = self
            .ledger
            .rows_and_heads(std::slice::from_ref(&key))
            .await?;
        let row = rows.remove(&key).transpose()?;
        let head = heads.remove(&key.pk).transpose()?;
        Ok((row, head.unwrap_or_default()))
    }

    /// Does with each message of a lane what its fate says, in calls of up to ten.
    pub(crate) async fn conclude(
        &self,
        shared: &Shared,
        lane: usize,
        messages: Vec<(Message, Fate)>,
    ) {
        let Some(queues) = self.lanes.get(lane) else {
            return;
        };
        let mut delete = Vec::new();
        let mut hand_back = Vec::new();
        let mut hide = Vec::new();
        for (message, fate) in messages {
            trace!(decision = ?fate, id = message.id, "message");
            match fate {
                Fate::Delete | Fate::Start(_) => delete.push(message.receipt),
                Fate::HandBack => hand_back.push(message.receipt),
                Fate::Hide(seconds) => hide.push((message.receipt, seconds)),
                Fate::DeadLetter(reason) => match self.dead_letter(lane, &message, &reason).await {
                    Ok(()) => delete.push(message.receipt),
                    // It stays hidden and comes again.
                    Err(problem) => shared.note(problem),
                },
            }
        }
        queues.events.delete(&delete).await;
        queues.events.hide(&hand_back, 0).await;
        let handed_back = u32::try_from(hand_back.len() + hide.len()).unwrap_or(u32::MAX);
        hide.sort_by_key(|(_, seconds)| *seconds);
        for alike in hide.chunk_by(|one, other| one.1 == other.1) {
            let receipts: Vec<String> = alike.iter().map(|(receipt, _)| receipt.clone()).collect();
            let seconds = alike.first().map_or(0, |(_, seconds)| *seconds);
            queues.events.hide(&receipts, seconds).await;
        }
        shared.count(|counts| counts.handed_back += handed_back);
    }

    /// Puts a message's body and attempt as they came, with the reason, into the lane's dead-letter queue.
    async fn dead_letter(
        &self,
        lane: usize,
        message: &Message,
        reason: &str,
    ) -> Result<(), HandlerError> {
        warn!(reason, "a message goes to the dead-letter queue");
        let Some(queues) = self.lanes.get(lane) else {
            return Ok(());
        };
        queues
            .dead_letters
            .send(&Outgoing {
                body: message.body.clone(),
                attempt: message.attempt.clone(),
                reason: Some(reason.to_owned()),
                lane: queues.name.clone(),
                fifo: Some(fifo::of_message(&message.id)),
                ..Outgoing::default()
            })
            .await
    }
}
