//! The load of an execution: the object events it works on, and its input.

use aws::error::HandlerError;
use aws::ledger::Rows;
use spillway::Millis;
use spillway::event::ObjectEvent;
use spillway::execution;
use spillway::record::row::{Row, RowKey, State};
use spillway::record::slot::{Slot, Work};
use spillway::rules::sweep::claims_have_landed;

use crate::Dispatch;

/// What an execution is started with.
#[derive(Debug, Clone)]
pub struct Load {
    pub attempt: u32,
    pub events: Vec<ObjectEvent>,
}

impl Load {
    pub fn of(row: &Row) -> Self {
        Self {
            attempt: row.attempt,
            events: vec![row.event.clone()],
        }
    }
}

/// What a slot that was taken before is for.
#[derive(Debug, Clone)]
pub enum Claimed {
    /// It is claimed, and this is what it starts with.
    For(Load),
    /// Its execution has closed: settle is at work.
    Settled,
    /// Some of its batch are claimed, and the claims of the others may be on the wire.
    Unclear,
    /// Nothing is claimed for it.
    Nothing,
}

impl Claimed {
    /// What the slot of one object event is for, given its row.
    pub fn of(slot: &Slot, row: Option<&Row>) -> Self {
        match row {
            Some(row) if row.is_started_by(&slot.execution) => Self::For(Load::of(row)),
            // The row says that it ended, but the object's turn may not have gone on: that is for settle to do again.
            Some(row) if slot.ordered && row.execution.as_ref() == Some(&slot.execution) => {
                Self::Settled
            }
            _ => Self::Nothing,
        }
    }
}

impl Dispatch {
    /// The execution's input.
    pub(crate) fn input(&self, load: &Load) -> String {
        let config = &self.config;
        execution::input::of(
            &config.ledger_arn,
            config.input_format,
            &load.events,
            load.attempt,
        )
    }

    /// What a slot is for: the same at every call, so that a start that is repeated has the same input.
    pub(crate) async fn claimed(&self, slot: &Slot, now: Millis) -> Result<Claimed, HandlerError> {
        match &slot.work {
            Work::Row(key) => {
                let row = self.ledger.row(key).await?;
                Ok(Claimed::of(slot, row.as_ref()))
            }
            Work::Batch => self.claimed_batch(slot, now).await,
        }
    }

    /// Fixes a batch whose claims a crash cut short: it goes on with those that were won, once no other can be won.
    async fn claimed_batch(&self, slot: &Slot, now: Millis) -> Result<Claimed, HandlerError> {
        let execution = &slot.execution;
        let Some(batch) = self.ledger.batch(execution).await? else {
            return Ok(Claimed::Nothing);
        };
        let keys = batch.rows();
        let rows = self.ledger.rows(&keys).await?;
        let won = won(&keys, &rows, execution)?;
        if settled(&keys, &rows, execution) {
            return Ok(Claimed::Settled);
        }
        if won.is_empty() {
            return Ok(Claimed::Nothing);
        }
        if won.len() == keys.len() {
            return Ok(load(&keys, &rows));
        }
        if batch.members.is_some() {
            return Ok(Claimed::Settled);
        }
        if !claims_have_landed(slot, now) {
            return Ok(Claimed::Unclear);
        }
        let Some(fixed) = self.ledger.fix_batch(execution, &won).await? else {
            return Ok(Claimed::Settled);
        };
        Ok(load(&fixed.rows(), &rows))
    }
}

/// Places of the rows that are claimed for this execution.
fn won(keys: &[RowKey], rows: &Rows, execution: &str) -> Result<Vec<usize>, HandlerError> {
    let mut won = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        match rows.get(key) {
            Some(Ok(row)) if row.is_started_by(execution) => won.push(place),
            Some(Err(problem)) => return Err(problem.clone()),
            _ => {}
        }
    }
    Ok(won)
}

/// Whether some row says that this execution ended.
fn settled(keys: &[RowKey], rows: &Rows, execution: &str) -> bool {
    keys.iter().any(|key| {
        let row = rows.get(key).and_then(|row| row.as_ref().ok());
        row.is_some_and(|row| {
            row.execution.as_deref() == Some(execution) && row.state != State::Started
        })
    })
}

/// First attempts, in the order of the batch.
fn load(keys: &[RowKey], rows: &Rows) -> Claimed {
    let row = |key: &RowKey| rows.get(key).and_then(|row| row.as_ref().ok());
    let events: Vec<ObjectEvent> = keys
        .iter()
        .filter_map(|key| row(key).map(|row| row.event.clone()))
        .collect();
    if events.len() == keys.len() {
        Claimed::For(Load { attempt: 1, events })
    } else {
        Claimed::Settled
    }
}
