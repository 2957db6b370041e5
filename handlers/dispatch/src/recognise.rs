//! Versions that reconcile found, and events that S3 reports of the same version: which row they go by.

use std::collections::HashMap;

use futures_util::future::join_all;
use spillway::aws::error::HandlerError;
use spillway::aws::ledger::Rows;
use spillway::event::Sequencer;
use spillway::order::{self, Head, Order};
use spillway::reconcile::{identity, place, time};
use spillway::row::{Row, RowKey};
use tracing::{debug, trace, warn};

use crate::Dispatch;
use crate::intake::{Candidate, Fate, HIDE_SECONDS};
use crate::shared::Shared;

/// What is known of a candidate's version beside its row.
#[derive(Debug, Clone, Default)]
pub(crate) enum Standing {
    /// S3 reported it, and nothing else did.
    #[default]
    Reported,
    /// Reconcile found it before S3 reported it, which now has: it goes by the row of what was found.
    Adopted(Option<Sequencer>),
    /// Reconcile found it; these are its object's rows, as far as they were asked for.
    Found(Vec<Row>),
    /// Reconcile found it, and S3 has reported it: it goes by the row of that.
    Superfluous,
    /// It was found, and a claim by the row of its event may be on the wire: to be looked at later.
    Unclear,
}

/// The objects whose claims are under way in a tick.
///
/// Two events of one row exclude each other by the conditions of their claims. A version that reconcile found and an event
/// of it have two rows, and each is claimed only if the other is not: so they must not be looked at at the same time.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    /// By partition key: how many events that S3 reported, or `None` for a found version.
    objects: HashMap<String, Option<u32>>,
}

impl UnderWay {
    /// `false`: it must not be looked at now.
    pub(crate) fn enter(&mut self, pk: &str, found: bool) -> bool {
        match (self.objects.get_mut(pk), found) {
            (None, true) => self.objects.insert(pk.to_owned(), None).is_none(),
            (None, false) => self.objects.insert(pk.to_owned(), Some(1)).is_none(),
            (Some(Some(reported)), false) => {
                *reported += 1;
                true
            }
            (Some(_), _) => false,
        }
    }

    pub(crate) fn leave(&mut self, pk: &str) {
        match self.objects.get_mut(pk) {
            Some(Some(reported)) if *reported > 1 => *reported -= 1,
            _ => {
                self.objects.remove(pk);
            }
        }
    }
}

impl Dispatch {
    /// Reads the rows of candidates, and of what reconcile may have found of them, in the same call.
    pub(crate) fn keys(candidates: &[Candidate]) -> Vec<RowKey> {
        let keys = candidates
            .iter()
            .map(|candidate| RowKey::of(&candidate.event));
        // A later attempt has a row of its own.
        let found = candidates
            .iter()
            .filter(|candidate| candidate.attempt == 1)
            .flat_map(|candidate| identity::found_keys(&candidate.event));
        keys.chain(found).collect()
    }

    /// Finds out by which row each candidate goes.
    pub(crate) async fn recognise(
        &self,
        shared: &Shared,
        candidates: &mut [Candidate],
        rows: &Rows,
    ) -> Result<(), HandlerError> {
        let recognised = candidates.iter_mut().map(|candidate| async move {
            if candidate.event.is_found() {
                self.recognise_found(shared, candidate, rows).await?;
            } else {
                self.recognise_reported(shared, candidate, rows).await;
            }
            trace!(decision = ?candidate.standing, key = candidate.event.key, "standing");
            Ok(())
        });
        join_all(recognised).await.into_iter().collect()
    }

    async fn recognise_reported(&self, shared: &Shared, candidate: &mut Candidate, rows: &Rows) {
        let readable = |key: &RowKey| rows.get(key).and_then(|row| row.as_ref().ok());
        let own_key = RowKey::of(&candidate.event);
        let own = readable(&own_key);
        let found = identity::found_keys(&candidate.event);
        let Some(adopted) =
            identity::adopts(&candidate.event, own, found.iter().filter_map(readable))
        else {
            return;
        };
        // Its own claim may be on the wire, from before it was found.
        if adopted.is_untouched() && shared.claims_may_land() {
            candidate.standing = Standing::Unclear;
            return;
        }
        debug!(
            key = candidate.event.key,
            "was found before it was reported"
        );
        if own.is_some() {
            self.withdraw(&own_key).await;
        }
        let found = adopted.event.clone();
        let reported = std::mem::replace(&mut candidate.event, found);
        candidate.standing = Standing::Adopted(reported.sequencer);
    }

    /// A found version that was not worked on yet may have been reported since it was found.
    async fn recognise_found(
        &self,
        shared: &Shared,
        candidate: &mut Candidate,
        rows: &Rows,
    ) -> Result<(), HandlerError> {
        let key = RowKey::of(&candidate.event);
        let row = rows.get(&key).and_then(|row| row.as_ref().ok());
        let untouched = row.is_none_or(Row::is_untouched);
        if !untouched && self.config.order == Order::None {
            candidate.standing = Standing::Found(Vec::new());
            return Ok(());
        }
        if untouched && shared.claims_may_land() {
            candidate.standing = Standing::Unclear;
            return Ok(());
        }
        let (story, _) = self.ledger.story(&key.pk, true).await?;
        let story: Vec<Row> = story.into_iter().map(|story| story.row).collect();
        candidate.standing = if untouched && place::is_reported(&candidate.event, &story) {
            if row.is_some() {
                self.withdraw(&key).await;
            }
            Standing::Superfluous
        } else {
            Standing::Found(story)
        };
        Ok(())
    }

    /// What becomes of a found version that is not to be claimed, or not now.
    pub(crate) fn not_by_itself(&self, shared: &Shared, candidate: &Candidate) -> Option<Fate> {
        match candidate.standing {
            Standing::Reported | Standing::Adopted(_) | Standing::Found(_) => None,
            Standing::Superfluous => Some(self.stale(shared, candidate)),
            Standing::Unclear => Some(Fate::Hide(HIDE_SECONDS)),
        }
    }

    /// Removes the row by which a version does not go. One that stays is found again, and removed then.
    async fn withdraw(&self, key: &RowKey) {
        if let Err(problem) = self.ledger.withdraw(key).await {
            warn!("{problem}");
        }
    }
}

impl Candidate {
    /// The place of its version among those of its object.
    pub(crate) fn version(&self, head: &Head) -> String {
        match &self.standing {
            Standing::Reported | Standing::Superfluous | Standing::Unclear => {
                place::of(&self.event, &[], head)
            }
            Standing::Found(story) => place::of(&self.event, story, head),
            Standing::Adopted(sequencer) => {
                let time = time::millis(&self.event.event_time).unwrap_or_default();
                let sequencer = sequencer.as_ref().map(Sequencer::as_str);
                order::place(sequencer, time, &RowKey::of(&self.event).sk)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_looked_at_alone() {
        let mut under_way = UnderWay::default();
        assert!(under_way.enter("a", false) && under_way.enter("a", false));
        assert!(!under_way.enter("a", true));
        assert!(under_way.enter("b", true));
        assert!(!under_way.enter("b", true) && !under_way.enter("b", false));
        under_way.leave("a");
        assert!(!under_way.enter("a", true));
        under_way.leave("a");
        assert!(under_way.enter("a", true));
        under_way.leave("b");
        assert!(under_way.enter("b", false));
    }
}
