//! Versions that reconcile found, and events that S3 reports of the same version: which row they go by.

use aws::error::HandlerError;
use aws::ledger::Rows;
use futures_util::future::join_all;
use spillway::event::identity::is_known_by_its_row;
use spillway::reconcile::{adoption, place};
use spillway::record::row::{Row, RowKey};
use spillway::rules::order::Order;
use tracing::{debug, trace, warn};

use crate::Dispatch;
use crate::candidate::{Candidate, Standing};
use crate::fate::{Fate, HIDE_SECONDS};
use crate::shared::Shared;

impl Dispatch {
    /// Where the rows of candidates are, and of what reconcile may have found of them, if it ever found anything of which the
    /// row's key does not tell.
    pub(crate) fn keys(shared: &Shared, candidates: &[Candidate]) -> Vec<RowKey> {
        let keys = candidates
            .iter()
            .map(|candidate| RowKey::of(&candidate.event));
        let listed = shared.state().listed;
        // A later attempt has a row of its own.
        let found = candidates
            .iter()
            .filter(|candidate| listed && candidate.attempt == 1)
            .flat_map(|candidate| adoption::found_keys(&candidate.event));
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
        let found = adoption::found_keys(&candidate.event);
        let Some(adopted) =
            adoption::adopts(&candidate.event, own, found.iter().filter_map(readable))
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
        if let Some(row) = row.filter(|row| !row.event.is_found()) {
            // It is in the row that it was found in.
            candidate.event = row.event.clone();
            candidate.standing = Standing::Reported;
            return Ok(());
        }
        let untouched = row.is_none_or(Row::is_untouched);
        let may_have_two_rows = untouched && !is_known_by_its_row(&candidate.event);
        if !may_have_two_rows && self.config.order == Order::None {
            candidate.standing = Standing::Found(Vec::new());
            return Ok(());
        }
        if may_have_two_rows && shared.claims_may_land() {
            candidate.standing = Standing::Unclear;
            return Ok(());
        }
        let (story, _) = self.ledger.story(&key.pk, true).await?;
        let story: Vec<Row> = story.into_iter().map(|story| story.row).collect();
        candidate.standing = if may_have_two_rows && place::is_reported(&candidate.event, &story) {
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
            Standing::Superfluous => Some(self.stale(shared, candidate, None)),
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
