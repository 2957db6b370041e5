//! EventBridge's "Step Functions Execution Status Change" events.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::execution::{Execution, Status};
use crate::clock::Clock;
use crate::sqs::Queue;
use crate::{ACCOUNT, REGION, World, lock, sqs};

/// Above this, in bytes of escaped JSON, EventBridge gets no input, or no output either: 248 KiB.
const MAX_PAYLOAD_BYTES: usize = 248 * 1024;

/// A rule that sends status changes to a queue, and the faults on the way.
#[derive(Clone, Debug)]
pub struct EventRule {
    /// Name of the target queue.
    pub queue: String,
    /// The statuses that match.
    pub statuses: Vec<Status>,
    /// Probability that an event never comes.
    pub lost: f64,
    /// Probability that an event comes a second time.
    pub repeated: f64,
    /// How late each delivery is: shortest and longest.
    pub delay: (Duration, Duration),
    /// Leave out the input as if it were too large, however small it is.
    pub without_input: bool,
    /// Leave out the output as if it were too large, however small it is.
    pub without_output: bool,
}

impl EventRule {
    /// Returns a rule that sends every end of an execution, once and at once.
    pub fn to(queue: &Queue) -> Self {
        Self {
            queue: queue.name().to_owned(),
            statuses: vec![
                Status::Succeeded,
                Status::Failed,
                Status::TimedOut,
                Status::Aborted,
            ],
            lost: 0.0,
            repeated: 0.0,
            delay: (Duration::ZERO, Duration::ZERO),
            without_input: false,
            without_output: false,
        }
    }
}

/// Sends the status an execution has now to all rules that want it.
pub(super) fn publish(world: &Arc<World>, execution: &Execution, now_ms: i64) {
    let mut deliveries = Vec::new();
    {
        let mut guard = lock(&world.sfn);
        let sfn: &mut super::SfnWorld = &mut guard;
        let id = sfn.rng.uuid();
        for rule in &sfn.rules {
            if !rule.statuses.contains(&execution.status) || sfn.rng.chance(rule.lost) {
                continue;
            }
            let event = status_event(rule, execution, &id).to_string();
            let copies = if sfn.rng.chance(rule.repeated) { 2 } else { 1 };
            for _ in 0..copies {
                let delay = sfn.rng.duration(rule.delay.0, rule.delay.1);
                deliveries.push((rule.queue.clone(), event.clone(), delay));
            }
        }
    }
    for (queue, body, delay) in deliveries {
        if delay.is_zero() {
            sqs::deliver(world, &queue, &body, now_ms);
        } else {
            let at_ms = now_ms + delay.as_millis() as i64;
            world.plan(at_ms, move |world, at_ms| {
                sqs::deliver(world, &queue, &body, at_ms);
            });
        }
    }
}

fn status_event(rule: &EventRule, execution: &Execution, id: &str) -> Value {
    let escaped = |text: &str| Value::from(text).to_string().len();
    let input_bytes = escaped(&execution.input);
    let output_bytes = execution.output.as_deref().map_or(0, escaped);
    let has_input = !rule.without_input && input_bytes + output_bytes <= MAX_PAYLOAD_BYTES;
    let has_output = !rule.without_output && output_bytes <= MAX_PAYLOAD_BYTES;

    let details = |included: bool| json!({"included": included});
    let output = execution.output.as_ref().filter(|_| has_output);
    let output_details = execution.output.as_ref().map(|_| details(has_output));
    let (redrivable, reason) = match execution.status {
        Status::Running => (
            "NOT_REDRIVABLE",
            "Execution is RUNNING and cannot be redriven",
        ),
        Status::Succeeded => (
            "NOT_REDRIVABLE",
            "Execution is SUCCEEDED and cannot be redriven",
        ),
        Status::Failed => ("REDRIVABLE", "Execution is FAILED and is redrivable"),
        Status::TimedOut => ("REDRIVABLE", "Execution is TIMED_OUT and is redrivable"),
        Status::Aborted => ("REDRIVABLE", "Execution is ABORTED and is redrivable"),
    };
    let at_ms = execution.stopped_ms.unwrap_or(execution.started_ms);
    json!({
        "version": "0",
        "id": id,
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": ACCOUNT,
        "time": Clock::iso(at_ms),
        "region": REGION,
        "resources": [&execution.arn],
        "detail": {
            "executionArn": &execution.arn,
            "stateMachineArn": &execution.machine_arn,
            "name": &execution.name,
            "status": execution.status.as_str(),
            "startDate": execution.started_ms,
            "stopDate": execution.stopped_ms,
            "input": has_input.then_some(&execution.input),
            "inputDetails": details(has_input),
            "output": output,
            "outputDetails": output_details,
            "stateMachineVersionArn": &execution.version_arn,
            "stateMachineAliasArn": &execution.alias_arn,
            "redriveCount": execution.redrive_count,
            "redriveDate": null,
            "redriveStatus": redrivable,
            "redriveStatusReason": reason,
            "error": &execution.error,
            "cause": &execution.cause,
        },
    })
}
