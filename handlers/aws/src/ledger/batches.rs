//! Batches: `pk = run/<execution name>`, `sk = batch`. The rows that an execution of several works on.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::Ledger;
use super::item::{Item, Reader, key, number, text};
use super::update::Update;
use crate::error::HandlerError;
use spillway::SCHEMA_VERSION;
use spillway::record::row::RowKey;

const BATCH: &str = "batch";
/// A batch that lost its slot to a crash is forgotten after this many seconds: longer than an execution can run, a year.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const KEPT_SECONDS: i64 = 400 * 24 * 60 * 60;

/// A batch's item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchItem {
    /// The rows that were to be claimed for it, in the order of the input.
    pub candidates: Vec<RowKey>,
    /// Places in `candidates` of those whose claim was won; `None`: not fixed, because all were, or because the
    /// claims are still being made.
    pub members: Option<Vec<usize>>,
}

impl BatchItem {
    /// The rows of the execution's input.
    pub fn rows(&self) -> Vec<RowKey> {
        match &self.members {
            None => self.candidates.clone(),
            Some(members) => members
                .iter()
                .filter_map(|&member| self.candidates.get(member).cloned())
                .collect(),
        }
    }
}

fn batch_key(execution: &str) -> Item {
    key(&format!("run/{execution}"), BATCH)
}

fn batch(item: &Item) -> Result<BatchItem, HandlerError> {
    let reader = Reader::new(item).readable()?;
    let (keys, sorts) = (reader.texts("row_pks")?, reader.texts("row_sks")?);
    if keys.len() != sorts.len() {
        return Err(reader.error("its row_pks and row_sks are not as many"));
    }
    let candidates = keys.into_iter().zip(sorts);
    Ok(BatchItem {
        candidates: candidates.map(|(pk, sk)| RowKey { pk, sk }).collect(),
        members: reader.optional_numbers("members")?,
    })
}

impl Ledger {
    /// Writes a batch's candidates. One that is there already, from a tick that died, stays as it is and is the answer.
    pub async fn put_batch(
        &self,
        execution: &str,
        candidates: &[RowKey],
        now: spillway::Millis,
    ) -> Result<BatchItem, HandlerError> {
        const CALL: &str = "writing a batch";
        let texts = |of: fn(&RowKey) -> &String| {
            AttributeValue::L(candidates.iter().map(|row| text(of(row))).collect())
        };
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(batch_key(execution)))
            .item("v", number(SCHEMA_VERSION))
            .item("row_pks", texts(|row| &row.pk))
            .item("row_sks", texts(|row| &row.sk))
            .item("expires_at", number(now / 1_000 + KEPT_SECONDS))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(BatchItem {
                candidates: candidates.to_vec(),
                members: None,
            });
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => match &failed.item {
                Some(item) => batch(item),
                None => Err(HandlerError::call(CALL, &error)),
            },
            _ => Err(HandlerError::call(CALL, &error)),
        }
    }

    /// A batch's item.
    pub async fn batch(&self, execution: &str) -> Result<Option<BatchItem>, HandlerError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(batch_key(execution)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| HandlerError::call("reading a batch", &error))?;
        answer.item.as_ref().map(batch).transpose()
    }

    /// Fixes which candidates the execution works on, once and for all, before it starts. The answer is the item in
    /// force: somebody may have fixed it before. `None`: it is gone, because the execution was settled.
    pub async fn fix_batch(
        &self,
        execution: &str,
        members: &[usize],
    ) -> Result<Option<BatchItem>, HandlerError> {
        let list = members.iter().map(number).collect();
        let update = Update::default()
            .set_if_absent("members", AttributeValue::L(list))
            .only_if_present();
        let written = self
            .update(batch_key(execution), update, "fixing a batch")
            .await?;
        if written.is_err() {
            return Ok(None);
        }
        self.batch(execution).await
    }

    /// Forgets a batch that was settled, or whose claims all failed.
    pub async fn forget_batch(&self, execution: &str) -> Result<(), HandlerError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(batch_key(execution)))
            .send()
            .await
            .map_err(|error| HandlerError::call("forgetting a batch", &error))?;
        Ok(())
    }
}
