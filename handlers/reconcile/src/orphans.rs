//! Slots that are gone although their rows are started are put back.

use std::collections::{BTreeSet, HashSet};

use aws::error::AwsError;
use futures_util::stream::{self, StreamExt};
use spillway::Millis;
use spillway::protocol::call::Written;
use spillway::reconcile::orphan::{Started, Unknown};
use spillway::record::head::Head;
use spillway::record::row::RowKey;
use spillway::record::slot::Slot;
use tracing::{error, trace, warn};

use crate::Reconcile;
use crate::counts::Counts;

/// Orphans that are looked at together.
const AT_ONCE: usize = 16;

/// The act on a started row whose slot was not there.
enum Remedy {
    /// Nothing: it was settled meanwhile, or its slot is there.
    None,
    PutBack(Slot),
    Tell(Unknown),
}

/// The executions that have a slot, read once in an invocation, when the first old row comes.
#[derive(Default)]
pub(crate) struct Slots(Option<HashSet<String>>);

impl Reconcile {
    /// Puts back the slots of those that have none. One that cannot be looked at stops none of the
    /// others.
    ///
    /// The slots are read before the row, both strongly. A slot goes only after its row is
    /// finished. So a row that is still started then has lost it.
    pub(crate) async fn orphans(
        &self,
        mut started: Vec<Started>,
        slots: &mut Slots,
        now: Millis,
        counts: &mut Counts,
    ) -> Result<(), AwsError> {
        started.retain(|it| it.is_old(now));
        if started.is_empty() {
            return Ok(());
        }
        let slots = match &mut slots.0 {
            Some(slots) => slots,
            none => {
                let (names, units) = self.ledger.slot_names().await?;
                counts.read_units += units;
                none.insert(names)
            }
        };
        started.retain(|it| !slots.contains(&it.execution));
        let looked_at: Vec<(Started, Result<Remedy, AwsError>)> = stream::iter(started)
            .map(|it| async move {
                let remedy = self.put_back(&it, now).await;
                (it, remedy)
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        // The rows of a batch have one slot.
        let (mut put_back, mut failed) = (BTreeSet::new(), None);
        for (orphan, remedy) in looked_at {
            let (key, execution) = (&orphan.row.event.key, &orphan.execution);
            match remedy {
                Ok(Remedy::None) => trace!(key, execution, "is no orphan"),
                Ok(Remedy::PutBack(slot)) => {
                    warn!(
                        key,
                        execution, "the slot of the execution was gone, and is put back"
                    );
                    put_back.insert(slot.execution);
                }
                Ok(Remedy::Tell(why)) => {
                    error!(
                        key,
                        execution,
                        "the event is started, its slot is gone and cannot be put back: {why}; describe the execution"
                    );
                    counts.orphans += 1;
                }
                Err(problem @ AwsError::Ledger { .. }) => {
                    error!("{problem}");
                    counts.unreadable += 1;
                }
                Err(problem) => failed = Some(problem),
            }
        }
        counts.slots_put_back += put_back.len() as u64;
        failed.map_or(Ok(()), Err)
    }

    async fn put_back(&self, seen: &Started, now: Millis) -> Result<Remedy, AwsError> {
        let row = RowKey::of(&seen.row.event);
        let same = |it: &Started| it.execution == seen.execution && it.is_old(now);
        let Some(orphan) = self.ledger.started(&row).await?.filter(same) else {
            return Ok(Remedy::None);
        };
        let pipeline = self.config.pipeline.ledger_arn.as_str();
        let (head, batch) = match orphan.is_of_batch(pipeline) {
            // An order needs executions of one event each.
            true => (Head::default(), self.ledger.batch(&orphan.execution).await?),
            false => (self.ledger.head(&row.pk).await?, None),
        };
        // Read each time: an old layout is looked at for a minute after the last put at the
        // soonest.
        let layouts = self.ledger.layouts().await?.for_a_put(now);
        let slot = match orphan.slot(pipeline, &head, batch.as_ref(), layouts.current) {
            Ok(slot) => slot,
            Err(why) => return Ok(Remedy::Tell(why)),
        };
        let put = match layouts.old() {
            None => self.ledger.take_slot(slot.clone()).await?,
            Some(old) => self.ledger.take_slot_unless_in(&slot, old).await?,
        };
        match put {
            Written::Now => Ok(Remedy::PutBack(slot)),
            // That of another row of its batch, or of another run.
            Written::Lost(_) => Ok(Remedy::None),
        }
    }
}
