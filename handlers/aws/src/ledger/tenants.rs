//! Events that wait for their tenant: `pk = t/<lane>/<tenant>`, `sk = <the event's place>`. The
//! directory of these partitions: `pk = tenants`, `sk = <lane>/<tenant>`. No bucket's name has one
//! character, and no row's key lacks a slash.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>

use spillway::record::deferred::{Deferred, Named, Place, TenantQueue};
use spillway::record::row::RowKey;
use spillway::{Millis, SCHEMA_VERSION};
use tracing::warn;

use super::Ledger;
use super::conditional::done_or_needless;
use super::item::{Item, Reader, key, number, text};
use super::update::Update;
use crate::error::AwsError;

const DIRECTORY: &str = "tenants";

fn name(queue: &TenantQueue) -> String {
    format!("{}/{}", queue.lane, queue.tenant)
}

fn partition(queue: &TenantQueue) -> String {
    format!("t/{}", name(queue))
}

/// Reads an item of the directory. One of another release still names its queue. `None`: it names
/// none, so that no handler wrote it.
fn named(item: &Item) -> Result<Option<Named>, AwsError> {
    let reader = Reader::new(item);
    let name = reader.text("sk")?;
    let Some((lane, tenant)) = name.split_once('/') else {
        warn!("the ledger's item tenants {name} names no lane and tenant: delete it");
        return Ok(None);
    };
    let is_readable = Reader::new(item).readable().is_ok();
    // Their types are another release's own.
    let token = reader.optional_text("token").ok().flatten();
    let since = reader.optional_number("since").ok().flatten();
    Ok(Some(Named {
        queue: TenantQueue {
            lane: lane.to_owned(),
            tenant: tenant.to_owned(),
        },
        token: token.filter(|_| is_readable),
        since: since.unwrap_or_default(),
    }))
}

/// An event that waits: its place, the attempt, and its row's key.
type Waiting = (String, u32, RowKey);

fn waiting(item: &Item) -> Result<Waiting, AwsError> {
    let reader = Reader::new(item).readable()?;
    let row = RowKey {
        pk: reader.text("row_pk")?,
        sk: reader.text("row_sk")?,
    };
    Ok((reader.text("sk")?, reader.number("attempt")?, row))
}

impl Ledger {
    /// Reads the directory. Returns the queues of tenants that can hold events.
    pub async fn tenant_queues(&self) -> Result<Vec<Named>, AwsError> {
        let items = self.items_of(DIRECTORY, None, "reading the tenants that wait");
        let named = items.await?.into_iter().map(|item| named(&item));
        named.filter_map(Result::transpose).collect()
    }

    /// Returns the items of a partition, in their order, and at least so many of them if there are.
    async fn items_of(
        &self,
        pk: &str,
        most: Option<u32>,
        call: &'static str,
    ) -> Result<Vec<Item>, AwsError> {
        let (mut items, mut from) = (Vec::new(), None);
        // A page can end before the limit, and the answer tells whether that was all.
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", text(pk))
                .set_limit(most.and_then(|most| i32::try_from(most).ok()))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| AwsError::call(call, &error))?;
            items.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() || most.is_some_and(|most| items.len() >= most as usize) {
                return Ok(items);
            }
        }
    }

    /// Writes that events of a tenant can wait. A time that it already has stays.
    pub async fn name_queue(
        &self,
        queue: &TenantQueue,
        token: &str,
        now: Millis,
    ) -> Result<(), AwsError> {
        let update = Update::default()
            .set("v", number(SCHEMA_VERSION))
            .set("token", text(token))
            .set_if_absent("since", number(now));
        let at = key(DIRECTORY, &name(queue));
        let written = self.update(at, update, "naming a tenant's queue").await?;
        drop(written);
        Ok(())
    }

    /// Removes a queue, unless it was named by another token since.
    pub async fn forget_queue(&self, queue: &TenantQueue, token: &str) -> Result<(), AwsError> {
        let answer = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(DIRECTORY, &name(queue))))
            .condition_expression("#token = :token")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", text(token))
            .send()
            .await;
        done_or_needless(answer, "removing a tenant that waits no longer")
    }

    /// Events of a tenant that wait, the oldest first, and after that their rows.
    pub async fn deferred(
        &self,
        queue: &TenantQueue,
        most: u32,
    ) -> Result<Vec<Deferred>, AwsError> {
        let pk = partition(queue);
        let items = self.items_of(&pk, Some(most), "reading the events of a tenant");
        let items = items.await?;
        let found: Vec<_> = items.iter().map(|item| (item, waiting(item))).collect();
        let keys = found.iter().filter_map(|(_, item)| item.as_ref().ok());
        let keys: Vec<RowKey> = keys.map(|(_, _, row)| row.clone()).collect();
        let rows = match keys.is_empty() {
            true => Default::default(),
            false => self.rows(&keys).await?,
        };
        let place = |sk| Place {
            queue: queue.clone(),
            sk,
        };
        let mut deferred = Vec::new();
        for (item, waiting) in found {
            let reason = |problem: AwsError| problem.to_string();
            deferred.push(match waiting {
                Ok((sk, attempt, row)) => Deferred {
                    place: place(sk),
                    attempt,
                    row: rows.get(&row).cloned().transpose().map_err(reason),
                },
                // One that this release cannot read is passed by.
                Err(problem) => Deferred {
                    place: place(Reader::new(item).text("sk")?),
                    attempt: 0,
                    row: Err(problem.to_string()),
                },
            });
        }
        Ok(deferred)
    }

    /// Returns whether an event that waits for its tenant has its turn in time: its item is there,
    /// and the directory names its queue.
    pub async fn is_deferred(&self, place: &Place) -> Result<bool, AwsError> {
        let (pk, sk) = (partition(&place.queue), name(&place.queue));
        let keys = vec![key(&pk, &place.sk), key(DIRECTORY, &sk)];
        Ok(self.batch_get(keys).await?.len() == 2)
    }

    /// Puts an event that waits, over the same one, unless that is of a later attempt: then this
    /// write is late.
    pub async fn put_deferred(
        &self,
        place: &Place,
        row: &RowKey,
        attempt: u32,
    ) -> Result<(), AwsError> {
        let mut item = key(&partition(&place.queue), &place.sk);
        item.insert("row_pk".into(), text(&row.pk));
        item.insert("row_sk".into(), text(&row.sk));
        let call = "writing that an event waits for its tenant";
        self.put_attempt(item, attempt, call).await
    }

    /// Deletes an event that waits, unless it is another attempt's by now.
    pub async fn forget_deferred(&self, place: &Place, attempt: u32) -> Result<(), AwsError> {
        let item = key(&partition(&place.queue), &place.sk);
        let call = "forgetting an event that waited for its tenant";
        self.forget_attempt(item, attempt, call).await
    }
}
