//! Executions have ended: the work of `settle`.

use fake_aws::{EventRule, ExecutionResult, MessageView};
use serde_json::{Value, json};

use crate::Failure;
use crate::pipeline::Pipeline;
use crate::scenario::Scenario;

use super::payloads::Payloads;

/// Of one invocation: the batch size of the event source mapping.
const RECORDS: usize = 10;

/// Lets `dispatch` start every event, and all executions succeed. Returns EventBridge's messages
/// about them.
pub async fn prepare(scenario: &Scenario, pipeline: &Pipeline) -> Result<Payloads, Failure> {
    pipeline
        .start_in_process(scenario, 0..scenario.events)
        .await?;
    pipeline
        .aws
        .sfn()
        .add_event_rule(EventRule::to(&pipeline.outcomes));
    for execution in pipeline.aws.sfn().running() {
        let succeeded = ExecutionResult::Succeeded("{}".into());
        pipeline.aws.sfn().end(&execution.arn, succeeded);
    }
    let before = scenario.slots_taken * scenario.per_execution;
    let others = scenario.events..scenario.events + before;
    let outcomes = pipeline.outcomes.messages();
    pipeline.outcomes.purge();
    pipeline.start_in_process(scenario, others).await?;
    let arn = pipeline.outcomes.arn();
    let batches = outcomes.chunks(RECORDS);
    Ok(Payloads::new(batches.map(|views| {
        let records: Vec<Value> = views.iter().map(|view| record(view, &arn)).collect();
        json!({"Records": records})
    })))
}

/// Returns a message as Lambda shows it.
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
fn record(view: &MessageView, arn: &str) -> Value {
    let message = &view.message;
    let sent = message.enqueued_ms.to_string();
    json!({
        "messageId": message.id,
        // Lambda deletes the message; no function here uses its handle, or checks its digest.
        "receiptHandle": format!("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a{:0>300}", message.id),
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": sent,
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": sent
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": fake_aws::REGION
    })
}

/// Returns the number of events with an unfinished row, or with an execution that still holds its
/// slot.
pub fn left(scenario: &Scenario, pipeline: &Pipeline) -> u32 {
    let (rows, slots) = (pipeline.rows(), pipeline.slots());
    let settled = |number: &u32| {
        rows.get(number).is_some_and(|row| {
            let execution = row["execution"]["S"].as_str().unwrap_or_default();
            row["state"]["S"] == "SUCCEEDED" && !slots.contains(execution)
        })
    };
    let of = 0..scenario.events;
    of.filter(|number| !settled(number)).count() as u32
}
