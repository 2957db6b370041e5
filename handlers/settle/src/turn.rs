//! An object's turn goes on when the execution that had it is settled.

use aws::error::HandlerError;
use spillway::Millis;
use spillway::record::head::Head;
use spillway::record::row::{Row, RowKey, State};
use spillway::record::version::row_of;
use spillway::rules::order::free;
use tracing::{debug, trace};

use crate::Settle;
use crate::counts::Counts;

/// How often a head is written that dispatch writes at the same time.
const TRIES: u32 = 20;

impl Settle {
    /// Takes the turn from `execution`, then sends for who waits: in this order, or a message that is quick would find
    /// the turn still taken, and nobody would send for it again.
    pub(crate) async fn free_turn(
        &self,
        pk: &str,
        execution: &str,
        now: Millis,
        counts: &mut Counts,
    ) -> Result<(), HandlerError> {
        for _ in 0..TRIES {
            let head = self.ledger.head(pk).await?;
            let freed = free(self.config.order, &head, execution);
            trace!(decision = ?freed.wake, execution, "turn");
            let (waiting, gone) = self.who_waits(pk, &freed.wake).await?;
            if !gone.is_empty() {
                // Started or finished without an order, in between.
                let mut next = head.clone();
                next.waiting.retain(|version| !gone.contains(version));
                next.revision += 1;
                self.ledger.write_head(pk, &next, None).await?;
                continue;
            }
            if let Some(next) = &freed.write {
                self.ledger
                    .supersede_waiting(pk, &next.superseded, now, self.expires_at(now))
                    .await?;
                counts.superseded += u32::try_from(next.superseded.len()).unwrap_or(u32::MAX);
                let expires_at = self.expires_with(&next.head, now);
                if !self.ledger.write_head(pk, &next.head, expires_at).await? {
                    continue;
                }
            }
            for row in waiting {
                // Not for the end itself: a retry that asked for that may have found the turn still taken.
                let cause = format!("turn of {execution}");
                let asking = self.asking(&row, row.attempt + 1, &cause);
                self.lane(row.lane.as_deref())?.events.send(&asking).await?;
                debug!(key = row.event.key, "its turn has come");
                counts.woken += 1;
            }
            return Ok(());
        }
        Err(HandlerError::Call {
            call: "passing on an object's turn",
            reason: format!("others wrote its head {TRIES} times in between"),
        })
    }

    /// Of the versions to be sent for, the rows that wait, and the versions that do not.
    async fn who_waits(
        &self,
        pk: &str,
        versions: &[String],
    ) -> Result<(Vec<Row>, Vec<String>), HandlerError> {
        let key = |version: &String| RowKey {
            pk: pk.to_owned(),
            sk: row_of(version).to_owned(),
        };
        let keys: Vec<RowKey> = versions.iter().map(key).collect();
        let mut rows = self.ledger.rows(&keys).await?;
        let (mut waiting, mut gone) = (Vec::new(), Vec::new());
        for (key, version) in keys.iter().zip(versions) {
            match rows.remove(key).transpose()? {
                Some(row) if row.state == State::Waiting => waiting.push(row),
                _ => gone.push(version.clone()),
            }
        }
        Ok((waiting, gone))
    }

    /// A head for which nobody waits is forgotten with the rows of its object.
    fn expires_with(&self, head: &Head, now: Millis) -> Option<i64> {
        head.waiting.is_empty().then(|| self.expires_at(now))
    }
}
