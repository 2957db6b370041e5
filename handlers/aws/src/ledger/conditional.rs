//! Writes on a condition, of which a refused one is as good as done: another write made it
//! needless.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use spillway::SCHEMA_VERSION;

use super::Ledger;
use super::item::{Item, number};
use crate::error::AwsError;

const REFUSED: &str = "ConditionalCheckFailedException";

/// Takes a write for done whose condition did not hold.
pub(super) fn done_or_needless<T, E>(
    answer: Result<T, SdkError<E, HttpResponse>>,
    call: &'static str,
) -> Result<(), AwsError>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match answer {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some(REFUSED) => Ok(()),
        Err(error) => Err(AwsError::call(call, &error)),
    }
}

impl Ledger {
    /// Puts the item of an attempt, over the same one, unless that is of a later attempt: then this
    /// write is late.
    pub(super) async fn put_attempt(
        &self,
        mut item: Item,
        attempt: u32,
        call: &'static str,
    ) -> Result<(), AwsError> {
        item.insert("v".into(), number(SCHEMA_VERSION));
        item.insert("attempt".into(), number(attempt));
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR attempt <= :attempt")
            .expression_attribute_values(":attempt", number(attempt))
            .send()
            .await;
        done_or_needless(answer, call)
    }

    /// Deletes the item of an attempt, unless it is another attempt's by now.
    pub(super) async fn forget_attempt(
        &self,
        key: Item,
        attempt: u32,
        call: &'static str,
    ) -> Result<(), AwsError> {
        let answer = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .condition_expression("attempt = :attempt")
            .expression_attribute_values(":attempt", number(attempt))
            .send()
            .await;
        done_or_needless(answer, call)
    }
}
