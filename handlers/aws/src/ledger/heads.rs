//! Heads of objects, in pipelines with an order: `pk = <bucket>/<key>`, `sk = head`.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use super::Ledger;
use super::claims::claimed;
use super::item::{Item, Reader, key, number, text};
use super::rows::{Rows, row};
use super::update::Update;
use crate::error::AwsError;
use spillway::protocol::call::Claim;
use spillway::record::head::Head;
use spillway::record::row::RowKey;
use spillway::{Millis, SCHEMA_VERSION};

/// The sort key of every head. A row's has a `#`.
pub(super) const HEAD: &str = "head";

/// The heads of objects, by their partition key; one that does not exist is absent.
pub type Heads = HashMap<String, Result<Head, AwsError>>;

pub(super) fn head(item: &Item) -> Result<Head, AwsError> {
    let reader = Reader::new(item).readable()?;
    Ok(Head {
        revision: reader.number("revision")?,
        newest: reader.optional_text("newest")?,
        running: reader.optional_text("running")?,
        waits: reader.flag("waits")?,
    })
}

/// The write of a head, on condition that nobody wrote it since `next` was derived from it.
fn write(next: &Head, expires_at: Option<i64>) -> Update<'static> {
    let waits = next.waits.then_some(AttributeValue::Bool(true));
    let update = Update::default()
        .set("v", number(SCHEMA_VERSION))
        .set("revision", number(next.revision))
        .set_or_remove("newest", next.newest.as_ref().map(text))
        .set_or_remove("running", next.running.as_ref().map(text))
        .set_or_remove("waits", waits)
        .set_or_remove("expires_at", expires_at.map(number));
    match next.revision - 1 {
        0 => update.only_if_absent(),
        before => update.only_if("revision", number(before)),
    }
}

impl Ledger {
    /// Reads the rows at these keys and the heads of these objects together. Returns those that
    /// exist. One that cannot be read is an error of its own, so that it does not stop the others.
    pub async fn rows_and_heads(
        &self,
        keys: &[RowKey],
        heads: &BTreeSet<String>,
    ) -> Result<(Rows, Heads), AwsError> {
        let heads = heads.iter().map(|pk| (pk.as_str(), HEAD));
        let rows = keys.iter().map(|row| (row.pk.as_str(), row.sk.as_str()));
        // DynamoDB refuses a batch that names a key twice.
        let keys: BTreeSet<(&str, &str)> = heads.chain(rows).collect();
        let keys = keys.into_iter().map(|(pk, sk)| key(pk, sk)).collect();
        let (mut rows, mut heads) = (Rows::new(), Heads::new());
        for item in self.batch_get(keys).await? {
            let reader = Reader::new(&item);
            let (pk, sk) = (reader.text("pk")?, reader.text("sk")?);
            if sk == HEAD {
                heads.insert(pk, head(&item));
            } else {
                rows.insert(RowKey { pk, sk }, row(&item));
            }
        }
        Ok((rows, heads))
    }

    /// Reads one object's head, strongly. Returns an empty one if there is none.
    pub async fn head(&self, pk: &str) -> Result<Head, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(pk, HEAD)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::call("reading an object's head", &error))?;
        let found = answer.item.as_ref().map(head).transpose()?;
        Ok(found.unwrap_or_default())
    }

    /// Writes a head by itself. `false`: somebody else wrote it since it was read.
    pub async fn write_head(
        &self,
        pk: &str,
        next: &Head,
        expires_at: Option<i64>,
    ) -> Result<bool, AwsError> {
        const CALL: &str = "writing an object's head";
        let written = self
            .update(key(pk, HEAD), write(next, expires_at), CALL)
            .await?;
        // The SDK repeats a write whose answer was lost: a head that is this very one is success.
        match written {
            Ok(_) => Ok(true),
            Err(found) => Ok(found.as_ref().map(head).transpose()?.as_ref() == Some(next)),
        }
    }

    /// Claims an attempt and writes the head in one transaction. `false`: one of them is not as it
    /// was read.
    pub async fn take_turn(
        &self,
        claim: &Claim,
        next: &Head,
        now: Millis,
    ) -> Result<bool, AwsError> {
        const CALL: &str = "claiming an object's turn";
        let at = RowKey::of(&claim.event);
        let updates = vec![
            (key(&at.pk, &at.sk), claimed(claim, now)),
            (key(&at.pk, HEAD), write(next, None)),
        ];
        self.transact(updates, CALL).await
    }
}
