//! Slots: `pk = slots`, or one of sixteen shards, `sk = <execution name>`.

use std::collections::{BTreeSet, HashMap, HashSet};

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Put, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, Select, TransactWriteItem,
};
use futures_util::future::try_join_all;

use super::Ledger;
use super::conditional::done_or_needless;
use super::item::{Item, Reader, key, number, text};
use super::statements::Statement;
use super::transaction::Transacted;
use super::update::Update;
use crate::error::AwsError;
use spillway::SCHEMA_VERSION;
use spillway::event::tenant::By;
use spillway::pace::bound::ByLane;
use spillway::pace::gate::Counted;
use spillway::pace::layout::{Layout, Shard};
use spillway::pace::tenants::ByTenant;
use spillway::protocol::call::Written;
use spillway::record::row::{RowKey, key_of};
use spillway::record::slot::{Slot, Work};

const TAKING: &str = "taking a slot";
const LANE: &str = "lane";
const ABSENT: &str = "attribute_not_exists(pk)";

pub(super) fn slot(item: &Item) -> Result<Slot, AwsError> {
    let reader = Reader::new(item).readable()?;
    let work = if reader.flag("batch")? {
        Work::Batch
    } else {
        Work::Row(RowKey {
            pk: reader.text("row_pk")?,
            sk: reader.text("row_sk")?,
        })
    };
    let partition = reader.text("pk")?;
    let shard = Shard::parse(&partition);
    let shard = shard.ok_or_else(|| reader.error("its pk is no partition of slots"))?;
    Ok(Slot {
        execution: reader.text("sk")?,
        layout: shard.layout(),
        lane: reader.optional_text(LANE)?,
        taken_at: reader.number("taken_at")?,
        work,
        ordered: reader.flag("ordered")?,
        state_machine_arn: reader.text("state_machine_arn")?,
        pending: reader.flag("pending")?,
        generation: reader.optional_number("generation")?,
    })
}

/// Returns the attributes of a slot that is taken now, without its key.
fn attributes(slot: &Slot) -> Vec<(&'static str, AttributeValue)> {
    let mut attributes = vec![
        ("v", number(SCHEMA_VERSION)),
        ("taken_at", number(slot.taken_at)),
        ("state_machine_arn", text(&slot.state_machine_arn)),
    ];
    match &slot.work {
        Work::Row(row) => {
            attributes.extend([("row_pk", text(&row.pk)), ("row_sk", text(&row.sk))]);
        }
        Work::Batch => attributes.push(("batch", AttributeValue::Bool(true))),
    }
    if slot.ordered {
        attributes.push(("ordered", AttributeValue::Bool(true)));
    }
    if let Some(lane) = &slot.lane {
        attributes.push((LANE, text(lane)));
    }
    if let Some(generation) = slot.generation {
        attributes.push(("generation", number(generation)));
    }
    attributes
}

fn slot_key(layout: Layout, execution: &str) -> Item {
    key(&layout.shard_of(execution).key(), execution)
}

/// Compares a slot with the one that was found in its place. A write whose answer was lost is made
/// again, and then finds its own slot. One that cannot be read is there all the same.
fn taken_before(found: &Item, slot: &Slot) -> Written {
    match self::slot(found) {
        Ok(found) if found == *slot => Written::Now,
        _ => Written::Lost(None),
    }
}

fn item(slot: &Slot) -> Item {
    let mut item = slot_key(slot.layout, &slot.execution);
    let attributes = attributes(slot).into_iter();
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item
}

/// Returns the lane that a slot of any release names.
fn lane(item: &Item) -> Option<&str> {
    item.get(LANE)?.as_s().ok().map(String::as_str)
}

/// Returns the tenant of the object of a slot of any release.
fn tenant(item: &Item, by: Option<&By>) -> Option<String> {
    let pk = item.get("row_pk")?.as_s().ok()?;
    by?.tenant_of(key_of(pk)?)
}

/// A slot that is there, or the one that cannot be read.
pub type Found = Result<Slot, UnreadableSlot>;

/// A slot that this release cannot read.
#[derive(Debug, Clone)]
pub struct UnreadableSlot {
    pub execution: String,
    /// The lane that it names.
    pub lane: Option<String>,
    /// The partition key of its row, unless it is of a batch.
    pub row_pk: Option<String>,
    pub problem: AwsError,
}

pub(super) fn found(item: &Item) -> Found {
    slot(item).map_err(|problem| UnreadableSlot {
        execution: Reader::new(item).text("sk").unwrap_or_default(),
        lane: lane(item).map(str::to_owned),
        row_pk: item.get("row_pk").and_then(|pk| pk.as_s().ok()).cloned(),
        problem,
    })
}

impl Ledger {
    pub(super) fn shard_query(&self, shard: Shard) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :slots")
            .expression_attribute_values(":slots", text(shard.key()))
    }

    /// Reads every slot of these shards. Returns them by shard, in their order. One that cannot be
    /// read still counts as taken.
    pub async fn slots(&self, shards: &[Shard]) -> Result<Vec<Vec<Found>>, AwsError> {
        try_join_all(shards.iter().map(|shard| self.slots_in(*shard))).await
    }

    async fn slots_in(&self, shard: Shard) -> Result<Vec<Found>, AwsError> {
        let mut slots = Vec::new();
        let mut from = None;
        loop {
            let page = self
                .shard_query(shard)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| AwsError::call("reading the slots", &error))?;
            slots.extend(page.items().iter().map(found));
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(slots);
            }
        }
    }

    /// Reads the slots of both layouts. Returns the executions that have one, and the read units
    /// that took. A slot that this release cannot read is named too.
    pub async fn slot_names(&self) -> Result<(HashSet<String>, f64), AwsError> {
        let shards = Layout::ALL.into_iter().flat_map(Layout::shards);
        let shards = try_join_all(shards.map(|shard| self.names_in(shard))).await?;
        let units = shards.iter().map(|(_, units)| units).sum();
        Ok((
            shards.into_iter().flat_map(|(names, _)| names).collect(),
            units,
        ))
    }

    async fn names_in(&self, shard: Shard) -> Result<(Vec<String>, f64), AwsError> {
        let (mut names, mut units) = (Vec::new(), 0.0);
        let mut from = None;
        loop {
            let page = self
                .shard_query(shard)
                .projection_expression("sk")
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| AwsError::call("reading the slots", &error))?;
            for item in page.items() {
                names.push(Reader::new(item).text("sk")?);
            }
            let consumed = page.consumed_capacity.as_ref();
            units += consumed
                .and_then(|consumed| consumed.capacity_units)
                .unwrap_or_default();
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok((names, units));
            }
        }
    }

    /// Counts the slots of these shards. Returns the counts in the order of the shards, and the
    /// read units that took. With `each`, they are told apart by the lanes that they name, and by
    /// the tenants of their objects, for the same read units.
    pub async fn count_slots(
        &self,
        shards: &[Shard],
        each: bool,
        tenants: Option<&By>,
    ) -> Result<(Vec<Counted>, f64), AwsError> {
        let counts = shards.iter();
        let counts = counts.map(|shard| self.count_in(*shard, each, tenants));
        let counts = try_join_all(counts).await?;
        let units = counts.iter().map(|(_, units)| units).sum();
        Ok((counts.into_iter().map(|(count, _)| count).collect(), units))
    }

    async fn count_in(
        &self,
        shard: Shard,
        each: bool,
        by: Option<&By>,
    ) -> Result<(Counted, f64), AwsError> {
        let (mut count, mut units) = (0, 0.0);
        let (mut lanes, mut tenants) = (ByLane::default(), ByTenant::new());
        let mut from = None;
        loop {
            let query = self.shard_query(shard);
            // A query reads whole items in any case, so all of these cost as much as counting.
            let query = match (each, by) {
                (false, _) => query.select(Select::Count),
                (true, None) => query
                    .projection_expression("#lane")
                    .expression_attribute_names("#lane", LANE),
                (true, Some(_)) => query
                    .projection_expression("#lane, row_pk")
                    .expression_attribute_names("#lane", LANE),
            };
            let page = query
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| AwsError::call("counting the slots", &error))?;
            let consumed = page.consumed_capacity.as_ref();
            units += consumed
                .and_then(|consumed| consumed.capacity_units)
                .unwrap_or_default();
            match each {
                false => count += u32::try_from(page.count).unwrap_or_default(),
                true => page.items().iter().for_each(|item| {
                    lanes.add(lane(item), 1);
                    if let Some(tenant) = tenant(item, by) {
                        *tenants.entry(tenant).or_default() += 1;
                    }
                }),
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                let counted = match each {
                    false => Counted::All(count),
                    true => Counted::Each { lanes, tenants },
                };
                return Ok((counted, units));
            }
        }
    }

    /// Reads the slot of an execution, in either layout. Returns `None` if there is none.
    pub async fn slot(&self, execution: &str) -> Result<Option<Slot>, AwsError> {
        let mut slots = self.slots_of(&BTreeSet::from([execution])).await?;
        slots.remove(execution).transpose()
    }

    /// Reads the slots of these executions, in both layouts. Returns those that exist, by name. One
    /// that cannot be read is an error of its own.
    ///
    /// The layout in which slots were found last is searched first, and the other one for those
    /// that are missing.
    pub async fn slots_of(
        &self,
        executions: &BTreeSet<&str>,
    ) -> Result<HashMap<String, Result<Slot, AwsError>>, AwsError> {
        let mut found = HashMap::new();
        let first = self.found_in();
        for layout in [first, first.other()] {
            let missing = executions.iter().filter(|name| !found.contains_key(**name));
            let keys: Vec<Item> = missing.map(|name| slot_key(layout, name)).collect();
            let items = self.batch_get(keys).await?;
            if !items.is_empty() {
                self.slots_were_found_in(layout);
            }
            for item in &items {
                found.insert(Reader::new(item).text("sk")?, slot(item));
            }
        }
        Ok(found)
    }

    /// Takes several slots, as [`Ledger::take_slot`] does each.
    pub async fn take_slots(&self, slots: Vec<Slot>) -> Vec<Result<Written, AwsError>> {
        let new = |slot: &Slot| {
            let attributes = attributes(slot);
            let partition = slot.shard().key();
            Some(Statement::insert(&partition, &slot.execution, attributes))
        };
        let alone = |slot| self.take_slot(slot);
        self.write_or(slots, "taking slots", new, |_| Written::Now, alone)
            .await
    }

    /// Takes a slot. One of the same execution can be there already, of a duplicate of the message
    /// that is being handled: it stays as it is.
    pub async fn take_slot(&self, slot: Slot) -> Result<Written, AwsError> {
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(&slot)))
            .condition_expression(ABSENT)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(Written::Now);
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => match &failed.item {
                Some(found) => Ok(taken_before(found, &slot)),
                None => Err(AwsError::call(TAKING, &error)),
            },
            _ => Err(AwsError::call(TAKING, &error)),
        }
    }

    /// Takes a slot, unless there is one of its execution in another layout as well.
    pub async fn take_slot_unless_in(
        &self,
        slot: &Slot,
        other: Layout,
    ) -> Result<Written, AwsError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item(slot)))
            .condition_expression(ABSENT)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(slot_key(other, &slot.execution)))
            .condition_expression(ABSENT)
            .build();
        let put = put.map_err(|error| AwsError::request(TAKING, &error))?;
        let check = check.map_err(|error| AwsError::request(TAKING, &error))?;
        let items = vec![
            TransactWriteItem::builder().put(put).build(),
            TransactWriteItem::builder().condition_check(check).build(),
        ];
        match self.transact_items(items, TAKING).await? {
            Transacted::Done => Ok(Written::Now),
            Transacted::Lost(there) => Ok(match there.first() {
                Some(Some(found)) => taken_before(found, slot),
                _ => Written::Lost(None),
            }),
            // It can be this very slot's transaction whose answer was lost.
            Transacted::Conflict(passing) => Err(passing),
        }
    }

    /// Frees the slot of an execution that was settled.
    pub async fn free_slot(&self, (execution, layout): (&str, Layout)) -> Result<(), AwsError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(slot_key(layout, execution)))
            .send()
            .await
            .map_err(|error| AwsError::call("freeing a slot", &error))?;
        Ok(())
    }

    /// Frees several slots, as [`Ledger::free_slot`] does each.
    pub async fn free_slots(&self, slots: Vec<(&str, Layout)>) -> Vec<Result<(), AwsError>> {
        let gone = |(execution, layout): &(&str, Layout)| {
            Some(Statement::delete(
                &layout.shard_of(execution).key(),
                execution,
            ))
        };
        let alone = |slot| self.free_slot(slot);
        self.write_or(slots, "freeing slots", gone, |_| (), alone)
            .await
    }

    /// Frees a slot that was never used, unless it was taken anew since it was read.
    pub async fn free_unused_slot(&self, slot: &Slot) -> Result<(), AwsError> {
        let answer = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(slot_key(slot.layout, &slot.execution)))
            .condition_expression("taken_at = :taken_at")
            .expression_attribute_values(":taken_at", number(slot.taken_at))
            .send()
            .await;
        done_or_needless(answer, "freeing an unused slot")
    }

    /// Writes at which generation of the circuit the execution of a slot is started. A slot that is
    /// gone was settled.
    pub async fn renew_slot(
        &self,
        (execution, layout): (&str, Layout),
        generation: u32,
    ) -> Result<(), AwsError> {
        let update = Update::default()
            .set("generation", number(generation))
            .only_if_present();
        let written = self
            .update(slot_key(layout, execution), update, "renewing a slot")
            .await?;
        drop(written);
        Ok(())
    }

    /// Marks whether a slot's start is still to be made. A slot that is gone was settled: nothing
    /// to mark.
    pub async fn mark_pending(
        &self,
        (execution, layout): (&str, Layout),
        pending: bool,
    ) -> Result<(), AwsError> {
        let mark = pending.then_some(AttributeValue::Bool(true));
        let update = Update::default()
            .set_or_remove("pending", mark)
            .only_if_present();
        let written = self
            .update(slot_key(layout, execution), update, "marking a slot")
            .await?;
        drop(written);
        Ok(())
    }
}
