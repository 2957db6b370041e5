//! Repeating a write of DynamoDB that met a transaction on the same item. The SDK does not by
//! itself.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_smithy_runtime_api::client::interceptors::context::{Error, InterceptorContext};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

/// The code of a cancelled transaction's reason.
const TRANSACTION_CONFLICT: &str = "TransactionConflict";
const CONDITION_FAILED: &str = "ConditionalCheckFailed";

/// Has a conflict repeated as often, and with as much jitter, as any passing error. The other
/// transaction takes milliseconds.
#[derive(Debug)]
pub struct RepeatConflicts;

impl ClassifyRetry for RepeatConflicts {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let failed = context.output_or_error().and_then(Result::err);
        match failed.and_then(|failed| failed.as_operation_error()) {
            Some(error) if is_conflict(error) => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "transaction conflicts"
    }
}

fn is_conflict(error: &Error) -> bool {
    let update = error.downcast_ref::<UpdateItemError>();
    let put = error.downcast_ref::<PutItemError>();
    let delete = error.downcast_ref::<DeleteItemError>();
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.downcast_ref()
    {
        return conflicts_only(cancelled);
    }
    update.is_some_and(UpdateItemError::is_transaction_conflict_exception)
        || put.is_some_and(PutItemError::is_transaction_conflict_exception)
        || delete.is_some_and(DeleteItemError::is_transaction_conflict_exception)
}

/// Returns whether a transaction can succeed when it is repeated as it is: none of its conditions
/// failed.
fn conflicts_only(cancelled: &TransactionCanceledException) -> bool {
    let has = |code: &str| {
        let mut codes = cancelled.cancellation_reasons().iter();
        codes.any(|reason| reason.code() == Some(code))
    };
    has(TRANSACTION_CONFLICT) && !has(CONDITION_FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::types::CancellationReason;
    use aws_sdk_dynamodb::types::error::{
        ConditionalCheckFailedException, TransactionConflictException,
    };
    use aws_smithy_runtime_api::client::interceptors::context::Input;
    use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;

    fn cancelled(codes: &[&str]) -> Error {
        let reasons = codes
            .iter()
            .map(|code| CancellationReason::builder().code(*code).build());
        let cancelled = TransactionCanceledException::builder()
            .set_cancellation_reasons(Some(reasons.collect()))
            .build();
        Error::erase(TransactWriteItemsError::TransactionCanceledException(
            cancelled,
        ))
    }

    #[test]
    fn a_conflict_is_repeated_and_a_failed_condition_is_not() {
        let conflict = || TransactionConflictException::builder().build();
        let failed = ConditionalCheckFailedException::builder().build();
        for (error, repeated) in [
            (
                Error::erase(UpdateItemError::TransactionConflictException(conflict())),
                true,
            ),
            (
                Error::erase(PutItemError::TransactionConflictException(conflict())),
                true,
            ),
            (
                Error::erase(DeleteItemError::TransactionConflictException(conflict())),
                true,
            ),
            (
                Error::erase(UpdateItemError::ConditionalCheckFailedException(failed)),
                false,
            ),
            (cancelled(&["None", "TransactionConflict"]), true),
            (
                cancelled(&["ConditionalCheckFailed", "TransactionConflict"]),
                false,
            ),
            (cancelled(&["ConditionalCheckFailed", "None"]), false),
            (cancelled(&["None", "ThrottlingError"]), false),
        ] {
            let told = format!("{error:?}");
            let expected = match repeated {
                true => RetryAction::transient_error(),
                false => RetryAction::NoActionIndicated,
            };
            let mut context = InterceptorContext::new(Input::erase(()));
            context.set_output_or_error(Err(OrchestratorError::operation(error)));
            assert_eq!(RepeatConflicts.classify_retry(&context), expected, "{told}");
        }
    }
}
