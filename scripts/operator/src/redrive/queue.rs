//! One queue: found by its name, URL or ARN, and how much lies in it.

use aws_sdk_sqs::types::QueueAttributeName;

use crate::connect::Connected;
use crate::fault::{Fault, code};
use crate::status::gather::is_no_queue;

/// A queue that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub url: String,
    pub arn: String,
    pub waiting: u64,
    pub in_flight: u64,
}

impl Found {
    pub fn name(&self) -> &str {
        self.arn.rsplit(':').next().unwrap_or_default()
    }

    pub fn is_fifo(&self) -> bool {
        self.name().ends_with(".fifo")
    }
}

/// Finds the queue of that URL, ARN or name; `None`: there is none.
pub async fn find(connected: &Connected, given: &str) -> Result<Option<Found>, Fault> {
    let sqs = &connected.sqs;
    let by_name = sqs.get_queue_url();
    let by_name = match given.strip_prefix("arn:") {
        Some(_) => {
            let mut parts = given.rsplit(':');
            let (name, account) = (
                parts.next().unwrap_or_default(),
                parts.next().unwrap_or_default(),
            );
            Some(by_name.queue_name(name).queue_owner_aws_account_id(account))
        }
        None if given.contains("://") => None,
        None => Some(by_name.queue_name(given)),
    };
    let url = match by_name {
        None => given.to_owned(),
        Some(request) => match request.send().await {
            Ok(answer) => answer.queue_url.unwrap_or_default(),
            Err(error) if is_no_queue(code(&error)) => return Ok(None),
            Err(error) => {
                return Err(Fault::call(
                    &format!("looking for the queue {given}"),
                    &error,
                ));
            }
        },
    };
    let names = [
        QueueAttributeName::QueueArn,
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ];
    let request = sqs.get_queue_attributes().queue_url(&url);
    let request = names
        .iter()
        .cloned()
        .fold(request, |request, name| request.attribute_names(name));
    let attributes = match request.send().await {
        Ok(answer) => answer.attributes.unwrap_or_default(),
        Err(error) if is_no_queue(code(&error)) => return Ok(None),
        Err(error) => {
            return Err(Fault::call(
                &format!("looking at the queue {given}"),
                &error,
            ));
        }
    };
    let [arn, waiting, in_flight] =
        names.map(|name| attributes.get(&name).cloned().unwrap_or_default());
    Ok(Some(Found {
        url,
        arn,
        waiting: waiting.parse().unwrap_or_default(),
        in_flight: in_flight.parse().unwrap_or_default(),
    }))
}

/// Finds a queue that must be there.
pub async fn must(connected: &Connected, given: &str) -> Result<Found, Fault> {
    find(connected, given).await?.ok_or_else(|| {
        Fault::failed(format!(
            "there is no queue {given} in this account and region: look at the pipeline's name, --lane, --region and --profile"
        ))
    })
}
