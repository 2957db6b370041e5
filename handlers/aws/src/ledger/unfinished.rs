//! Going over the whole ledger for rows that can need help: that are owed a message, or started
//! long ago.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::Ledger;
use super::claims::TENANT;
use super::item::{Item, Reader, key, number, text};
use super::rows::row;
use crate::error::AwsError;
use spillway::Millis;
use spillway::reconcile::orphan::Started;
use spillway::record::row::{Row, RowKey, State};

/// The times that a row can have, each written when it moves.
const TIMES: [&str; 4] = ["queued_at", "started_at", "finished_at", "waiting_since"];

/// A row that is not finished.
#[derive(Debug, Clone)]
pub enum Unfinished {
    /// It is queued, to be retried, or waiting.
    Owed {
        row: Row,
        /// When it was last written. `None`: it has no time, which only a release before this one
        /// left so.
        moved_at: Option<Millis>,
        /// The tenant for which it waits.
        tenant: Option<String>,
    },
    Started(Started),
}

/// A page of them.
#[derive(Debug, Clone, Default)]
pub struct UnfinishedPage {
    /// One that cannot be read is an error of its own.
    pub rows: Vec<Result<Unfinished, AwsError>>,
    /// The first key of the next page; `None`: this was the last.
    pub next: Option<RowKey>,
    /// Items read, of every kind.
    pub scanned: u64,
    /// Read units it took.
    pub units: f64,
}

fn unfinished(item: &Item) -> Result<Unfinished, AwsError> {
    let reader = Reader::new(item);
    let row = row(item)?;
    if row.state == State::Started {
        return Ok(Unfinished::Started(Started {
            execution: reader.text("execution")?,
            at: reader.number("started_at")?,
            state_machine_arn: reader.optional_text("state_machine_arn")?,
            row,
        }));
    }
    let mut moved_at = None;
    for name in TIMES {
        moved_at = moved_at.max(reader.optional_number(name)?);
    }
    let tenant = match row.state {
        State::Waiting => reader.optional_text(TENANT)?,
        _ => None,
    };
    Ok(Unfinished::Owed {
        row,
        moved_at,
        tenant,
    })
}

impl Ledger {
    /// Reads about 1 MB of the ledger from a key on. Returns the rows that are owed a message, and
    /// those that were started at a time or before.
    ///
    /// It is eventually consistent, at half the units. A row that moves at this moment is requeued,
    /// which does no harm. One that is started is read again before anything is done.
    pub async fn unfinished(
        &self,
        from: Option<&RowKey>,
        started_until: Millis,
    ) -> Result<UnfinishedPage, AwsError> {
        let page = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression(
                "#state IN (:queued, :retry, :waiting) OR (#state = :started AND started_at <= :until)",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":queued", text(State::Queued.as_str()))
            .expression_attribute_values(":retry", text(State::Retry.as_str()))
            .expression_attribute_values(":waiting", text(State::Waiting.as_str()))
            .expression_attribute_values(":started", text(State::Started.as_str()))
            .expression_attribute_values(":until", number(started_until))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .set_exclusive_start_key(from.map(|from| key(&from.pk, &from.sk)))
            .send()
            .await
            .map_err(|error| AwsError::call("going over the ledger", &error))?;
        let next = match &page.last_evaluated_key {
            None => None,
            Some(last) => {
                let last = Reader::new(last);
                Some(RowKey {
                    pk: last.text("pk")?,
                    sk: last.text("sk")?,
                })
            }
        };
        let consumed = page.consumed_capacity.as_ref();
        Ok(UnfinishedPage {
            rows: page.items().iter().map(unfinished).collect(),
            next,
            scanned: u64::try_from(page.scanned_count).unwrap_or_default(),
            units: consumed
                .and_then(|consumed| consumed.capacity_units)
                .unwrap_or_default(),
        })
    }

    /// Reads the row at a key, strongly. Returns it if it is started.
    pub async fn started(&self, at: &RowKey) -> Result<Option<Started>, AwsError> {
        let item = self.row_item(at).await?;
        match item.as_ref().map(unfinished).transpose()? {
            Some(Unfinished::Started(started)) => Ok(Some(started)),
            _ => Ok(None),
        }
    }
}
