//! Batches: `pk = run/<execution name>`, `sk = batch`. The rows of an execution of several object
//! events.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::Ledger;
use super::item::{Item, Reader, key, number, text};
use super::statements::Statement;
use super::update::Update;
use crate::error::AwsError;
use spillway::SCHEMA_VERSION;
use spillway::record::batch::Batch;
use spillway::record::row::RowKey;

const BATCH: &str = "batch";
/// A batch that lost its slot to a crash is forgotten after this many seconds: longer than an
/// execution can run, a year.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const KEPT_SECONDS: i64 = 400 * 24 * 60 * 60;

fn batch_key(execution: &str) -> Item {
    key(&partition(execution), BATCH)
}

fn partition(execution: &str) -> String {
    format!("run/{execution}")
}

fn batch(item: &Item) -> Result<Batch, AwsError> {
    let reader = Reader::new(item).readable()?;
    let (keys, sorts) = (reader.texts("row_pks")?, reader.texts("row_sks")?);
    if keys.len() != sorts.len() {
        return Err(reader.error("its row_pks and row_sks are not as many"));
    }
    let candidates = keys.into_iter().zip(sorts);
    Ok(Batch {
        candidates: candidates.map(|(pk, sk)| RowKey { pk, sk }).collect(),
        members: reader.optional_numbers("members")?,
    })
}

impl Ledger {
    /// Writes a batch's candidates. One that is there already, from a tick that died, stays as it
    /// is and is the answer.
    pub async fn put_batch(
        &self,
        execution: &str,
        candidates: &[RowKey],
        now: spillway::Millis,
    ) -> Result<Batch, AwsError> {
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
            return Ok(Batch {
                candidates: candidates.to_vec(),
                members: None,
            });
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => match &failed.item {
                Some(item) => batch(item),
                None => Err(AwsError::call(CALL, &error)),
            },
            _ => Err(AwsError::call(CALL, &error)),
        }
    }

    /// Reads a batch's item, strongly. Returns `None` if there is none.
    pub async fn batch(&self, execution: &str) -> Result<Option<Batch>, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(batch_key(execution)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::call("reading a batch", &error))?;
        answer.item.as_ref().map(batch).transpose()
    }

    /// Fixes the candidates of the execution, once and for all, before it starts. The answer is the
    /// item in force: somebody could have fixed it before. `None`: it is gone, because the
    /// execution was settled.
    pub async fn fix_batch(
        &self,
        execution: &str,
        members: &[usize],
    ) -> Result<Option<Batch>, AwsError> {
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

    /// Forgets several batches, as [`Ledger::forget_batch`] does each.
    pub async fn forget_batches(&self, executions: Vec<&str>) -> Vec<Result<(), AwsError>> {
        let gone = |execution: &&str| Some(Statement::delete(&partition(execution), BATCH));
        let alone = |execution| self.forget_batch(execution);
        self.write_or(executions, "forgetting batches", gone, |_| (), alone)
            .await
    }

    /// Forgets a batch that was settled, or whose claims all failed.
    pub async fn forget_batch(&self, execution: &str) -> Result<(), AwsError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(batch_key(execution)))
            .send()
            .await
            .map_err(|error| AwsError::call("forgetting a batch", &error))?;
        Ok(())
    }
}
