//! Rows that have not moved for long are requeued, and slots that are gone are put back.

use aws::error::AwsError;
use aws::ledger::Unfinished;
use futures_util::stream::{self, StreamExt};
use spillway::Millis;
use spillway::reconcile::orphan::{LOOKED_FOR_AFTER, Started};
use spillway::reconcile::stale;
use spillway::record::deferred::{Place, TenantQueue};
use spillway::record::row::{Row, RowKey, State};
use tracing::{error, trace};

use crate::Reconcile;
use crate::counts::Counts;
use crate::orphans::Slots;
use crate::reconcile::{Invocation, Progress};
use crate::request::cursor;

/// An invocation ends so long before its deadline, to go on in the next.
const MARGIN: Millis = 60_000;
/// Heads read at once.
const AT_ONCE: usize = 16;

impl Reconcile {
    /// Goes over the ledger from a position on, until it is done or the deadline is near. At least
    /// one page is read, so that every invocation gets on.
    pub(crate) async fn rows(
        &self,
        run: &str,
        mut from: Option<RowKey>,
        invocation: Invocation,
        counts: &mut Counts,
    ) -> Result<Progress, AwsError> {
        let mut slots = Slots::default();
        loop {
            let now = invocation.clock.now();
            let started_until = now - LOOKED_FOR_AFTER;
            let page = self.ledger.unfinished(from.as_ref(), started_until).await?;
            counts.scanned += page.scanned;
            counts.read_units += page.units;
            let (owed, started) = readable(page.rows, counts);
            let orphans = self.orphans(started, &mut slots, now, counts).await;
            let stale = self.stale(owed, now, counts).await?;
            let sent = self.ask(&stale, run).await;
            counts.sent_again += sent.iter().filter(|sent| sent.is_ok()).count() as u64;
            if let Some(Err(problem)) = sent.into_iter().find(Result::is_err) {
                return Err(problem);
            }
            // Every attempt that is owed was asked for before.
            orphans?;
            from = page.next;
            let Some(next) = &from else {
                return Ok(Progress {
                    done: true,
                    cursor: None,
                });
            };
            if invocation.clock.now() >= invocation.deadline - MARGIN {
                return Ok(Progress {
                    done: false,
                    cursor: Some(cursor(next)),
                });
            }
        }
    }

    /// Returns those of the rows that must be requeued.
    async fn stale(
        &self,
        mut owed: Vec<Owed>,
        now: Millis,
        counts: &mut Counts,
    ) -> Result<Vec<Row>, AwsError> {
        let after = Millis::try_from(self.config.stale_after.as_millis()).unwrap_or(Millis::MAX);
        owed.retain(|it| stale::attempt(&it.row, it.moved_at, now, after).is_some());
        let asked: Vec<(Row, Result<bool, AwsError>)> = stream::iter(owed)
            .map(|Owed { row, tenant, .. }| async move {
                let sent_for = match (row.state, tenant) {
                    (State::Waiting, Some(tenant)) => self.has_its_turn(&row, tenant).await,
                    (State::Waiting, None) => self.is_sent_for(&row).await,
                    _ => Ok(false),
                };
                (row, sent_for)
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        let mut stale = Vec::new();
        for (row, sent_for) in asked {
            trace!(decision = ?sent_for, key = row.event.key, "stale row");
            if sent_for? {
                counts.waiting += 1;
            } else {
                stale.push(row);
            }
        }
        Ok(stale)
    }

    /// Returns whether an event that waits for its tenant has its turn in time, by `dispatch`.
    async fn has_its_turn(&self, row: &Row, tenant: String) -> Result<bool, AwsError> {
        let lane = row.lane.clone().unwrap_or_default();
        let place = Place::of(TenantQueue { lane, tenant }, &row.event);
        self.ledger.is_deferred(&place).await
    }

    /// Returns whether a version that waits will be asked for: the execution that runs, by its
    /// object's head, still has its slot.
    async fn is_sent_for(&self, row: &Row) -> Result<bool, AwsError> {
        let head = self.ledger.head(&RowKey::of(&row.event).pk).await?;
        match stale::waits_behind(row, &head) {
            Some(execution) => Ok(self.ledger.slot(execution).await?.is_some()),
            None => Ok(false),
        }
    }
}

/// A row that is owed a message.
struct Owed {
    row: Row,
    /// When it was last written.
    moved_at: Option<Millis>,
    /// The tenant for which it waits.
    tenant: Option<String>,
}

/// Returns the rows that are owed a message, each with the time of its last move, and those that
/// are started.
fn readable(
    rows: Vec<Result<Unfinished, AwsError>>,
    counts: &mut Counts,
) -> (Vec<Owed>, Vec<Started>) {
    let (mut owed, mut started) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Ok(Unfinished::Owed {
                row,
                moved_at,
                tenant,
            }) => owed.push(Owed {
                row,
                moved_at,
                tenant,
            }),
            Ok(Unfinished::Started(row)) => started.push(row),
            // It stays as it is, for somebody to look at.
            Err(problem) => {
                error!("{problem}");
                counts.unreadable += 1;
            }
        }
    }
    (owed, started)
}
