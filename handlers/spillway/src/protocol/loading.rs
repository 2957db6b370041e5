//! Loading: the attempt for which a slot was taken. It is the same at every call, so that a start
//! that is made again has the same input.

use super::call::{Answer, Call, Item};
use crate::Millis;
use crate::event::ObjectEvent;
use crate::execution::input::Load;
use crate::record::batch::Batch;
use crate::record::row::{Row, RowKey, State};
use crate::record::slot::{Slot, Work};
use crate::rules::sweep::claims_have_landed;

/// The reading of a slot's load.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Loading {
    /// Reads the row, or the batch.
    #[default]
    Read,
    /// Reads the rows of the batch.
    Rows(Batch),
    /// Fixes a batch whose claims a crash cut short: it goes on with those that were won, once no
    /// other can be won.
    Fix { won: Vec<usize>, rows: Vec<Row> },
}

/// The load of a slot, or the reason that there is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Loaded {
    /// It is claimed, and starts with this.
    For(Load),
    /// Its execution has closed: settle is at work.
    Settled,
    /// Some of its batch are claimed, and the claims of the others can be on the wire.
    Unclear,
    /// Nothing is claimed for it.
    Nothing,
    /// A row or a batch is there that this release cannot read; why not.
    Unreadable(String),
    /// It could not be read.
    Failed,
}

impl Loading {
    pub fn call(&self, slot: &Slot) -> Call {
        match (self, &slot.work) {
            (Self::Read, Work::Row(key)) => Call::ReadRows(vec![key.clone()]),
            (Self::Read, Work::Batch) => Call::ReadBatch(slot.execution.clone()),
            (Self::Rows(batch), _) => Call::ReadRows(batch.rows()),
            (Self::Fix { won, .. }, _) => Call::FixBatch {
                execution: slot.execution.clone(),
                members: won.clone(),
            },
        }
    }

    /// Goes on. Returns the slot's load, once it is known.
    pub fn answered(&mut self, slot: &Slot, answer: Answer, now: Millis) -> Option<Loaded> {
        match (std::mem::take(self), answer) {
            (Self::Read, Answer::Rows(rows)) => Some(match rows.into_iter().next() {
                Some(Ok(row)) => of_row(slot, row),
                Some(Err(reason)) => Loaded::Unreadable(reason),
                None => Loaded::Failed,
            }),
            (Self::Read, Answer::Batch(Some(batch))) => {
                *self = Self::Rows(batch);
                None
            }
            (Self::Read, Answer::Batch(None)) => Some(Loaded::Nothing),
            (Self::Rows(batch), Answer::Rows(rows)) => self.of_batch(slot, &batch, rows, now),
            (Self::Fix { rows, .. }, Answer::Batch(Some(batch))) => {
                Some(load(&batch.rows(), &rows))
            }
            (Self::Fix { .. }, Answer::Batch(None)) => Some(Loaded::Settled),
            (_, Answer::Unreadable(reason)) => Some(Loaded::Unreadable(reason)),
            _ => Some(Loaded::Failed),
        }
    }

    fn of_batch(
        &mut self,
        slot: &Slot,
        batch: &Batch,
        items: Vec<Item<Row>>,
        now: Millis,
    ) -> Option<Loaded> {
        let execution = slot.execution.as_str();
        let (mut won, mut rows, mut settled) = (Vec::new(), Vec::new(), false);
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Ok(Some(row)) if row.is_started_by(execution) => {
                    won.push(index);
                    rows.push(row);
                }
                Ok(Some(row)) => {
                    settled |=
                        row.execution.as_deref() == Some(execution) && row.state != State::Started;
                }
                Ok(None) => {}
                Err(reason) => return Some(Loaded::Unreadable(reason)),
            }
        }
        let keys = batch.rows();
        if settled {
            return Some(Loaded::Settled);
        }
        if won.is_empty() {
            return Some(Loaded::Nothing);
        }
        if won.len() == keys.len() {
            return Some(load(&keys, &rows));
        }
        if batch.members.is_some() {
            return Some(Loaded::Settled);
        }
        if !claims_have_landed(slot, now) {
            return Some(Loaded::Unclear);
        }
        *self = Self::Fix { won, rows };
        None
    }
}

/// Returns the load of a slot of one object event, given its row.
fn of_row(slot: &Slot, row: Option<Row>) -> Loaded {
    match row {
        Some(row) if row.is_started_by(&slot.execution) => Loaded::For(Load {
            attempt: row.attempt,
            events: vec![row.event],
        }),
        // The row says that it ended, but perhaps the object's turn has not gone on: settle does
        // that again.
        Some(row) if slot.ordered && row.execution.as_ref() == Some(&slot.execution) => {
            Loaded::Settled
        }
        _ => Loaded::Nothing,
    }
}

/// First attempts, in the order of the batch.
fn load(keys: &[RowKey], rows: &[Row]) -> Loaded {
    let event = |key: &RowKey| {
        let row = rows.iter().find(|row| RowKey::of(&row.event) == *key);
        row.map(|row| row.event.clone())
    };
    let events: Option<Vec<ObjectEvent>> = keys.iter().map(event).collect();
    match events {
        Some(events) => Loaded::For(Load { attempt: 1, events }),
        None => Loaded::Settled,
    }
}
