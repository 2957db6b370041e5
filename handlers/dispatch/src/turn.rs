//! Claims in a pipeline with an order: one execution per object at a time.

use aws::error::HandlerError;
use aws::ledger::{Claim, With, Written};
use aws::queue::Outgoing;
use spillway::message::fifo;
use spillway::reconcile::place;
use spillway::record::head::Head;
use spillway::record::row::{Row, RowKey, State};
use spillway::record::slot::{Slot, Work};
use spillway::record::version;
use spillway::rules::attempt::{Verdict, verdict};
use spillway::rules::order::{Next, Turn, turn};
use spillway::{execution, message};
use tracing::{debug, trace};

use crate::Dispatch;
use crate::candidate::Candidate;
use crate::fate::Fate;
use crate::shared::Shared;

/// How often a claim is tried that settle's writes to the same object come before.
const TRIES: u32 = 4;
/// How long a retry is hidden whose last attempt is not settled, in seconds.
const UNSETTLED_SECONDS: u32 = 60;
/// How long a version is hidden of an object of which too many wait, in seconds.
const CROWDED_SECONDS: u32 = 900;
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// What became of a try.
enum Tried {
    Fate(Fate),
    /// Row or head were written in between.
    Again,
}

impl Dispatch {
    /// Asks whether it is the version's turn, and writes what follows: a claim, that it waits, or that it is
    /// superseded. Gives its start back unless it claims.
    pub(crate) async fn take_turn(
        &self,
        shared: &Shared,
        lane: usize,
        candidate: &Candidate,
        mut row: Option<Row>,
        mut head: Head,
    ) -> Fate {
        let mut taken = None;
        let mut tries = 0;
        let fate = loop {
            let tried = self
                .try_turn(shared, lane, candidate, row.as_ref(), &head, &mut taken)
                .await;
            match tried {
                Tried::Fate(fate) => break fate,
                Tried::Again if tries == TRIES => break Fate::HandBack,
                Tried::Again => tries += 1,
            }
            match self.read_again(candidate).await {
                Ok(read) => (row, head) = read,
                Err(problem) => {
                    shared.fail(problem);
                    break Fate::HandBack;
                }
            }
        };
        if matches!(fate, Fate::Start(_)) {
            return fate;
        }
        match taken {
            None => shared.state().gate.give_back(1),
            // What is unclear is left to the next tick, which asks the ledger.
            Some(slot) if matches!(fate, Fate::HandBack) => {
                shared.state().gate.leave_start(1);
                shared.suspect(slot.taken_at);
            }
            Some(slot) => {
                shared.state().gate.give_back_start(1);
                self.free_unused(shared, &slot).await;
            }
        }
        fate
    }

    async fn try_turn(
        &self,
        shared: &Shared,
        lane: usize,
        candidate: &Candidate,
        row: Option<&Row>,
        head: &Head,
        taken: &mut Option<Slot>,
    ) -> Tried {
        let verdict = verdict(candidate.attempt, row);
        trace!(decision = ?verdict, key = candidate.event.key, candidate.attempt, "attempt rule");
        match verdict {
            Verdict::Claim => {}
            Verdict::Stale => {
                // The claim whose answer was lost.
                if let (Some(row), Some(slot)) = (row, taken.as_ref())
                    && row.attempt == candidate.attempt
                    && row.is_started_by(&slot.execution)
                {
                    return Tried::Fate(Fate::Start(slot.clone()));
                }
                return Tried::Fate(self.stale(shared, candidate, row));
            }
            Verdict::ClaimIfClosed => return Tried::Fate(Fate::Hide(UNSETTLED_SECONDS)),
        }
        let name =
            execution::name::of(&self.config.ledger_arn, &candidate.event, candidate.attempt);
        let head = &place::informed(head.clone(), &candidate.event);
        let version = candidate.version(head);
        let claim = self.claim_of(shared, lane, candidate, &name, row);
        let turn = turn(self.config.order, head, &version, &name);
        trace!(decision = ?turn, key = candidate.event.key, version, "order");
        let result = match turn {
            Turn::Later => return Tried::Fate(Fate::Hide(CROWDED_SECONDS)),
            Turn::Now(next) => {
                let slot = match taken {
                    Some(slot) => slot.clone(),
                    None => {
                        let work = Work::Row(RowKey::of(&candidate.event));
                        match self.take_slot(shared, name.clone(), work).await {
                            Ok(slot) => taken.insert(slot).clone(),
                            Err(fate) => return Tried::Fate(fate),
                        }
                    }
                };
                self.write_turn(shared, claim, &next, With::Claim)
                    .await
                    .map(|won| won.then_some(Fate::Start(slot)))
            }
            Turn::Wait(next) => {
                let written = self.write_turn(shared, claim, &next, With::Wait).await;
                if written == Ok(true) {
                    shared.count(|counts| counts.waiting += 1);
                }
                written.map(|written| written.then_some(Fate::Delete))
            }
            Turn::Superseded { wake } => {
                if let Some(wake) = wake
                    && let Err(problem) = self.send_for(lane, candidate, &wake).await
                {
                    shared.fail(problem);
                    return Tried::Fate(Fate::HandBack);
                }
                self.superseded(shared, candidate, row, claim).await
            }
        };
        match result {
            Ok(Some(fate)) => Tried::Fate(fate),
            Ok(None) => Tried::Again,
            // It may have been written: then the slot is needed, and the next tick starts it.
            Err(problem) => {
                shared.fail(problem);
                Tried::Fate(Fate::HandBack)
            }
        }
    }

    /// Writes that a newer version was taken instead. `None`: the row is not as it was read.
    async fn superseded(
        &self,
        shared: &Shared,
        candidate: &Candidate,
        row: Option<&Row>,
        claim: Claim<'_>,
    ) -> Result<Option<Fate>, HandlerError> {
        debug!(key = candidate.event.key, "superseded");
        if row.is_none_or(|row| row.state != State::Superseded) {
            match self
                .ledger
                .supersede(claim, self.expires_at(shared))
                .await?
            {
                Written::Done => shared.count(|counts| counts.superseded += 1),
                Written::Lost(_) => return Ok(None),
            }
        }
        Ok(Some(Fate::Delete))
    }

    /// Writes row and head. Versions that waited and no longer do are written before: whoever superseded them is
    /// certain to come. `false`: row or head are not as they were read.
    async fn write_turn(
        &self,
        shared: &Shared,
        claim: Claim<'_>,
        next: &Next,
        with: With,
    ) -> Result<bool, HandlerError> {
        if !next.superseded.is_empty() {
            let pk = RowKey::of(claim.event).pk;
            self.ledger
                .supersede_waiting(&pk, &next.superseded, claim.now, self.expires_at(shared))
                .await?;
            let superseded = u32::try_from(next.superseded.len()).unwrap_or(u32::MAX);
            shared.count(|counts| counts.superseded += superseded);
        }
        self.ledger.take_turn(claim, &next.head, with).await
    }

    fn expires_at(&self, shared: &Shared) -> i64 {
        shared.now() / 1_000 + i64::from(self.config.retention_days) * SECONDS_PER_DAY
    }

    /// Sends for a version that waits.
    async fn send_for(
        &self,
        lane: usize,
        candidate: &Candidate,
        version: &str,
    ) -> Result<(), HandlerError> {
        let key = RowKey {
            sk: version::row_of(version).to_owned(),
            ..RowKey::of(&candidate.event)
        };
        let (Some(row), Some(queues)) = (self.ledger.row(&key).await?, self.lanes.get(lane)) else {
            return Ok(());
        };
        let attempt = row.attempt + 1;
        let (pipeline, cause) = (&self.config.ledger_arn, &candidate.message.id);
        let asking = Outgoing {
            body: message::encode(&row.event),
            attempt: Some(attempt.to_string()),
            lane: row.lane.clone(),
            fifo: Some(fifo::of(pipeline, &row.event, attempt, Some(cause))),
            ..Outgoing::default()
        };
        queues.events.send(&asking).await
    }
}
