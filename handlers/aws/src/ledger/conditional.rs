//! Writes on a condition, of which a refused one is as good as done: another write made it
//! needless.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

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
