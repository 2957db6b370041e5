//! Versions that wait for their turn: `pk = w/<bucket>/<key>`, `sk = <the version's place>`. No
//! bucket's name has one character, so no row is there.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>

use spillway::record::row::RowKey;
use spillway::record::version::row_of;
use spillway::record::waiter::{Waiter, Which};

use super::Ledger;
use super::item::{Reader, key, text};
use crate::error::AwsError;

pub(super) fn partition(pk: &str) -> String {
    format!("w/{pk}")
}

impl Ledger {
    /// Waiters of an object, and after that their rows.
    pub async fn waiters(&self, pk: &str, which: Which) -> Result<Vec<Waiter>, AwsError> {
        let found = self.places(pk, which).await?;
        let row = |version: &str| RowKey {
            pk: pk.to_owned(),
            sk: row_of(version).to_owned(),
        };
        let keys: Vec<RowKey> = found.iter().map(|(version, _)| row(version)).collect();
        let rows = match keys.is_empty() {
            true => Default::default(),
            false => self.rows(&keys).await?,
        };
        let waiters = found.into_iter().zip(&keys);
        let waiters = waiters.map(|((version, attempt), key)| Waiter {
            version,
            attempt,
            // Two of one row, of which one is at its place before it moved.
            row: rows
                .get(key)
                .cloned()
                .transpose()
                .map_err(|problem| problem.to_string()),
        });
        Ok(waiters.collect())
    }

    /// Reads the places of versions that wait. Returns each with its attempt.
    async fn places(&self, pk: &str, which: Which) -> Result<Vec<(String, u32)>, AwsError> {
        let (forward, most) = match which {
            Which::Oldest(most) => (true, most),
            Which::Newest(most) => (false, most),
        };
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", text(partition(pk)))
                .scan_index_forward(forward)
                .limit(i32::try_from(most).unwrap_or(i32::MAX))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| AwsError::call("reading the waiters", &error))?;
            for item in page.items() {
                let reader = Reader::new(item).readable()?;
                found.push((reader.text("sk")?, reader.number("attempt")?));
            }
            from = page.last_evaluated_key;
            if from.is_none() || found.len() >= most as usize {
                return Ok(found);
            }
        }
    }

    /// Puts a waiter, over one of the same version, unless that is of a later attempt: then this
    /// write is late.
    pub async fn put_waiter(&self, pk: &str, version: &str, attempt: u32) -> Result<(), AwsError> {
        let item = key(&partition(pk), version);
        self.put_attempt(item, attempt, "writing a waiter").await
    }

    /// Deletes a waiter, unless it is another attempt's by now.
    pub async fn forget_waiter(
        &self,
        pk: &str,
        version: &str,
        attempt: u32,
    ) -> Result<(), AwsError> {
        let item = key(&partition(pk), version);
        self.forget_attempt(item, attempt, "forgetting a waiter")
            .await
    }
}
