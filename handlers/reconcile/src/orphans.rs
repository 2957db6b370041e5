//! Slots that are gone although their rows are started are put back.

use std::collections::BTreeSet;

use aws::error::AwsError;
use futures_util::stream::{self, StreamExt};
use spillway::Millis;
use spillway::protocol::call::Written;
use spillway::reconcile::orphan::{Lost, Started};
use spillway::record::row::RowKey;
use spillway::record::slot::Slot;
use tracing::{error, trace, warn};

use crate::Reconcile;
use crate::counts::Counts;

/// Orphans that are looked at together.
const AT_ONCE: usize = 16;

/// What became of a row that is started and whose slot was not there.
enum Found {
    /// It was settled meanwhile, or its slot is there.
    Nothing,
    PutBack(Slot),
    Lost(Lost),
}

impl Reconcile {
    /// Puts back the slots of those that have none.
    ///
    /// The slot is read before the row, both strongly: it goes only after the row is finished, so a row that is still
    /// started then has lost it.
    pub(crate) async fn orphans(
        &self,
        started: Vec<Started>,
        now: Millis,
        counts: &mut Counts,
    ) -> Result<(), AwsError> {
        let executions: BTreeSet<&str> = started.iter().map(|it| it.execution.as_str()).collect();
        // One that cannot be read is a slot all the same.
        let slots = self.ledger.slots_of(&executions).await?;
        let mut started = started;
        started.retain(|it| !slots.contains_key(&it.execution));
        let found: Vec<(Started, Result<Found, AwsError>)> = stream::iter(started)
            .map(|it| async move {
                let found = self.put_back(&it, now).await;
                (it, found)
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        // The rows of a batch have one slot.
        let mut put_back = BTreeSet::new();
        for (orphan, found) in found {
            let (key, execution) = (&orphan.row.event.key, &orphan.execution);
            match found? {
                Found::Nothing => trace!(key, execution, "is no orphan"),
                Found::PutBack(slot) => {
                    warn!(key, execution, ?slot, "its slot was gone, and is put back");
                    put_back.insert(slot.execution);
                }
                Found::Lost(why) => {
                    error!(
                        key,
                        execution,
                        state_machine_arn = orphan.state_machine_arn,
                        "it is started and has no slot, and the slot is not put back: {why}; describe the execution"
                    );
                    counts.orphans += 1;
                }
            }
        }
        counts.slots_put_back += put_back.len() as u64;
        Ok(())
    }

    async fn put_back(&self, seen: &Started, now: Millis) -> Result<Found, AwsError> {
        let row = RowKey::of(&seen.row.event);
        let Some(orphan) = self.ledger.started(&row).await?.filter(|it| it.is_due(now)) else {
            return Ok(Found::Nothing);
        };
        let pipeline = self.config.pipeline.ledger_arn.as_str();
        let head = self.ledger.head(&row.pk).await?;
        let batch = match orphan.is_of_batch(pipeline) {
            true => self.ledger.batch(&orphan.execution).await?,
            false => None,
        };
        let slot = match orphan.slot(pipeline, &head, batch.as_ref(), now) {
            Ok(slot) => slot,
            Err(lost) => return Ok(Found::Lost(lost)),
        };
        match self.ledger.take_slot(slot.clone()).await? {
            Written::Now => Ok(Found::PutBack(slot)),
            // Of another row of the same batch.
            Written::Lost(_) => Ok(Found::Nothing),
        }
    }
}
