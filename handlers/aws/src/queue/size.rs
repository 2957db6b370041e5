//! How many messages a queue has.

use aws_sdk_sqs::types::QueueAttributeName;

use super::Queue;
use crate::error::AwsError;

/// The messages of a queue: approximate numbers, which take up to a minute to become right.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html>
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Messages that can be received.
    pub waiting: u64,
    /// Messages that are in flight or delayed.
    pub hidden: u64,
}

impl Queue {
    /// Asks how many messages there are.
    pub async fn size(&self) -> Result<Size, AwsError> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Waiting, ApproximateNumberOfMessagesDelayed as Delayed,
            ApproximateNumberOfMessagesNotVisible as InFlight,
        };
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .set_attribute_names(Some(vec![Waiting, InFlight, Delayed]))
            .send()
            .await
            .map_err(|error| AwsError::call("asking for the size of a queue", &error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let number = |name| -> u64 {
            let number = attributes.get(&name);
            number
                .and_then(|number| number.parse().ok())
                .unwrap_or_default()
        };
        Ok(Size {
            waiting: number(Waiting),
            hidden: number(InFlight) + number(Delayed),
        })
    }
}
