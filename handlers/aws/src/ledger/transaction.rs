//! Updates of several items that happen together or not at all, and once even if the answer is
//! lost.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem, Update as TransactUpdate};

use super::Ledger;
use super::item::Item;
use super::update::Update;
use crate::error::{AwsError, reason};

/// Why a transaction is cancelled that can be run again in a moment.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
const THROTTLED: [&str; 2] = ["ProvisionedThroughputExceeded", "ThrottlingError"];
const CONDITION: &str = "ConditionalCheckFailed";
const CONFLICT: &str = "TransactionConflict";

/// The end of a transaction.
pub(super) enum Transacted {
    Done,
    /// A condition did not hold. For each write and check, in their order: the item of the one
    /// whose condition failed, if it was asked for.
    Lost(Vec<Option<Item>>),
    /// Another transaction holds one of the items for longer than is waited.
    Conflict(AwsError),
}

impl Ledger {
    /// Runs updates, each of the item with its key, in one transaction. `false`: a condition did
    /// not hold, or another transaction holds one of the items for longer than is waited.
    pub(super) async fn transact(
        &self,
        updates: Vec<(Item, Update<'_>)>,
        call: &'static str,
    ) -> Result<bool, AwsError> {
        let items: Result<Vec<_>, AwsError> = updates
            .into_iter()
            .map(|(key, update)| {
                let expressions = update.expressions();
                let update = TransactUpdate::builder()
                    .table_name(&self.table)
                    .set_key(Some(key))
                    .update_expression(expressions.update)
                    .set_condition_expression(expressions.condition)
                    .set_expression_attribute_names(Some(expressions.names))
                    .set_expression_attribute_values(Some(expressions.values))
                    .build()
                    .map_err(|error| AwsError::request(call, &error))?;
                Ok(TransactWriteItem::builder().update(update).build())
            })
            .collect();
        Ok(match self.transact_items(items?, call).await? {
            Transacted::Done => true,
            Transacted::Lost(_) | Transacted::Conflict(_) => false,
        })
    }

    /// Runs writes and checks in one transaction.
    pub(super) async fn transact_items(
        &self,
        items: Vec<TransactWriteItem>,
        call: &'static str,
    ) -> Result<Transacted, AwsError> {
        // The SDK sends one token with every repetition, so that a write whose answer was lost is
        // not made twice.
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(Transacted::Done);
        };
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        else {
            return Err(AwsError::call(call, &error));
        };
        let reasons = cancelled.cancellation_reasons();
        let is_because = |codes: &[&str]| {
            let mut reasons = reasons.iter().filter_map(CancellationReason::code);
            reasons.any(|code| codes.contains(&code))
        };
        if is_because(&[CONDITION]) {
            let there = reasons.iter().map(|reason| reason.item().cloned());
            return Ok(Transacted::Lost(there.collect()));
        }
        let passing = || AwsError::Passing {
            call,
            reason: reason(&error),
        };
        match (is_because(&[CONFLICT]), is_because(&THROTTLED)) {
            (true, _) => Ok(Transacted::Conflict(passing())),
            (false, true) => Err(passing()),
            (false, false) => Err(AwsError::call(call, &error)),
        }
    }
}
