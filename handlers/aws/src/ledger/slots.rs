//! Slots: `pk = slots`, `sk = <execution name>`.

use std::collections::{BTreeSet, HashMap, HashSet};

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, Select,
};

use super::Ledger;
use super::conditional::done_or_needless;
use super::item::{Item, Reader, key, number, text};
use super::statements::Statement;
use super::update::Update;
use crate::error::AwsError;
use spillway::SCHEMA_VERSION;
use spillway::protocol::call::Written;
use spillway::record::row::RowKey;
use spillway::record::slot::{Slot, Work};

const PARTITION: &str = "slots";

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
    Ok(Slot {
        execution: reader.text("sk")?,
        taken_at: reader.number("taken_at")?,
        work,
        ordered: reader.flag("ordered")?,
        state_machine_arn: reader.text("state_machine_arn")?,
        pending: reader.flag("pending")?,
    })
}

/// What a slot that is taken now has besides its key.
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
    attributes
}

fn item(slot: &Slot) -> Item {
    let mut item = key(PARTITION, &slot.execution);
    let attributes = attributes(slot).into_iter();
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item
}

impl Ledger {
    pub(super) fn slots_query(&self) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :slots")
            .expression_attribute_values(":slots", text(PARTITION))
    }

    /// Every slot. One that cannot be read still counts as taken.
    pub async fn slots(&self) -> Result<Vec<Result<Slot, AwsError>>, AwsError> {
        let mut slots = Vec::new();
        let mut from = None;
        loop {
            let page = self
                .slots_query()
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| AwsError::call("reading the slots", &error))?;
            slots.extend(page.items().iter().map(slot));
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(slots);
            }
        }
    }

    /// The executions that have a slot, also one that this release cannot read, and the read units that took.
    pub async fn slot_names(&self) -> Result<(HashSet<String>, f64), AwsError> {
        let (mut names, mut units) = (HashSet::new(), 0.0);
        let mut from = None;
        loop {
            let page = self
                .slots_query()
                .projection_expression("sk")
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| AwsError::call("reading the slots", &error))?;
            for item in page.items() {
                names.insert(Reader::new(item).text("sk")?);
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

    /// How many slots there are.
    pub async fn count_slots(&self) -> Result<u32, AwsError> {
        let mut count = 0;
        let mut from = None;
        loop {
            let page = self
                .slots_query()
                .select(Select::Count)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| AwsError::call("counting the slots", &error))?;
            count += u32::try_from(page.count).unwrap_or_default();
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(count);
            }
        }
    }

    /// The slot of an execution.
    pub async fn slot(&self, execution: &str) -> Result<Option<Slot>, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(PARTITION, execution)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::call("reading a slot", &error))?;
        answer.item.as_ref().map(slot).transpose()
    }

    /// The slots of these executions, by name, as far as they exist. One that cannot be read is an error of its own.
    pub async fn slots_of(
        &self,
        executions: &BTreeSet<&str>,
    ) -> Result<HashMap<String, Result<Slot, AwsError>>, AwsError> {
        let keys = executions.iter().map(|name| key(PARTITION, name)).collect();
        let items = self.batch_get(keys).await?;
        items
            .iter()
            .map(|item| Ok((Reader::new(item).text("sk")?, slot(item))))
            .collect()
    }

    /// Takes several slots, as [`Ledger::take_slot`] does each.
    pub async fn take_slots(&self, slots: Vec<Slot>) -> Vec<Result<Written, AwsError>> {
        let new = |slot: &Slot| {
            let attributes = attributes(slot);
            Some(Statement::insert(PARTITION, &slot.execution, attributes))
        };
        let alone = |slot| self.take_slot(slot);
        self.write_or(slots, "taking slots", new, |_| Written::Now, alone)
            .await
    }

    /// Takes a slot. One of the same execution may be there already, of a duplicate of the message that is being handled:
    /// it stays as it is.
    pub async fn take_slot(&self, slot: Slot) -> Result<Written, AwsError> {
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(&slot)))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(Written::Now);
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => match &failed.item {
                // The SDK repeats a write whose answer was lost: then it is this very one.
                // One that cannot be read is there all the same.
                Some(item) => match self::slot(item) {
                    Ok(found) if found == slot => Ok(Written::Now),
                    _ => Ok(Written::Lost(None)),
                },
                None => Err(AwsError::call("taking a slot", &error)),
            },
            _ => Err(AwsError::call("taking a slot", &error)),
        }
    }

    /// Frees the slot of an execution that was settled.
    pub async fn free_slot(&self, execution: &str) -> Result<(), AwsError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(PARTITION, execution)))
            .send()
            .await
            .map_err(|error| AwsError::call("freeing a slot", &error))?;
        Ok(())
    }

    /// Frees several slots, as [`Ledger::free_slot`] does each.
    pub async fn free_slots(&self, executions: Vec<&str>) -> Vec<Result<(), AwsError>> {
        let gone = |execution: &&str| Some(Statement::delete(PARTITION, execution));
        let alone = |execution| self.free_slot(execution);
        self.write_or(executions, "freeing slots", gone, |_| (), alone)
            .await
    }

    /// Frees a slot that was never used, unless it was taken anew since it was read.
    pub async fn free_unused_slot(&self, slot: &Slot) -> Result<(), AwsError> {
        let answer = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(PARTITION, &slot.execution)))
            .condition_expression("taken_at = :taken_at")
            .expression_attribute_values(":taken_at", number(slot.taken_at))
            .send()
            .await;
        done_or_needless(answer, "freeing an unused slot")
    }

    /// Marks whether a slot's start is still to be made. A slot that is gone was settled: nothing to mark.
    pub async fn mark_pending(&self, execution: &str, pending: bool) -> Result<(), AwsError> {
        let mark = pending.then_some(AttributeValue::Bool(true));
        let update = Update::default()
            .set_or_remove("pending", mark)
            .only_if_present();
        let written = self
            .update(key(PARTITION, execution), update, "marking a slot")
            .await?;
        drop(written);
        Ok(())
    }
}
