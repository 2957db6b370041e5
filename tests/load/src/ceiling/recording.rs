//! The calls of `dispatch` at work.

use fake_aws::{Call, Service};

use crate::Failure;
use crate::pipeline::Pipeline;
use crate::scenario::Scenario;

/// The operations in the order in which an event meets them: replayed one after the other, each
/// finds the items that it needs.
const ORDER: [&str; 6] = [
    "ReceiveMessage",
    "BatchGetItem",
    "PutItem",
    "UpdateItem",
    "DeleteMessageBatch",
    "StartExecution",
];

/// Each operation's requests.
pub type Recording = Vec<(String, Vec<Request>)>;

/// One call: the target and the body.
pub struct Request {
    pub target: String,
    pub body: String,
}

pub async fn of(scenario: &Scenario) -> Result<Recording, Failure> {
    let pipeline = Pipeline::recorded(scenario);
    pipeline
        .start_in_process(scenario, 0..scenario.events)
        .await?;
    let calls = pipeline.aws.calls();
    let requests_of = |operation: &&str| {
        let of = calls.iter().filter(|call| call.operation == **operation);
        ((*operation).to_owned(), of.map(request).collect())
    };
    Ok(ORDER.iter().map(requests_of).collect())
}

fn request(call: &Call) -> Request {
    let service = match call.service {
        Service::Sqs => "AmazonSQS",
        Service::Sfn => "AWSStepFunctions",
        Service::DynamoDb => "DynamoDB_20120810",
        Service::S3 => "none",
    };
    Request {
        target: format!("{service}.{}", call.operation),
        body: call.request.to_string(),
    }
}
