//! DescribeExecution, with its lag.

use serde_json::{Value, json};

use super::execution::Status;
use super::seconds;
use crate::error::ApiError;
use crate::{World, lock};

/// Of a closed execution: 90 days, in milliseconds.
const HISTORY_KEPT_MS: i64 = 90 * 24 * 3600 * 1000;

pub(super) fn describe_execution(world: &World, body: &Value) -> Result<Value, ApiError> {
    let arn = body["executionArn"].as_str().unwrap_or_default();
    if arn.split(':').count() != 8 || !arn.contains(":execution:") {
        return Err(ApiError::new("InvalidArn", format!("Invalid Arn: '{arn}'")));
    }
    let sfn = lock(&world.sfn);
    let seen_ms = world.clock.now_ms() - sfn.describe_lag.as_millis() as i64;
    let known = sfn.executions.get(arn);
    let forgotten_ms = seen_ms - HISTORY_KEPT_MS;
    let known = known.filter(|execution| {
        let kept = execution
            .stopped_ms
            .is_none_or(|stopped_ms| stopped_ms > forgotten_ms);
        kept && execution.started_ms <= seen_ms
    });
    let Some(execution) = known else {
        let message = format!("Execution Does Not Exist: '{arn}'");
        return Err(ApiError::new("ExecutionDoesNotExist", message));
    };
    let mut answer = json!({
        "executionArn": &execution.arn,
        "stateMachineArn": &execution.machine_arn,
        "name": &execution.name,
        "startDate": seconds(execution.started_ms),
        "status": Status::Running.as_str(),
        "input": &execution.input,
        "inputDetails": {"included": true},
        "redriveCount": execution.redrive_count,
        "redriveStatus": "NOT_REDRIVABLE",
    });
    for (name, arn) in [
        ("stateMachineAliasArn", &execution.alias_arn),
        ("stateMachineVersionArn", &execution.version_arn),
    ] {
        if let Some(arn) = arn {
            answer[name] = arn.as_str().into();
        }
    }
    if let Some(stopped_ms) = execution
        .stopped_ms
        .filter(|&stopped_ms| stopped_ms <= seen_ms)
    {
        answer["status"] = execution.status.as_str().into();
        answer["stopDate"] = seconds(stopped_ms).into();
        if let Some(output) = &execution.output {
            answer["output"] = output.as_str().into();
            answer["outputDetails"] = json!({"included": true});
        }
        for (name, value) in [("error", &execution.error), ("cause", &execution.cause)] {
            if let Some(value) = value {
                answer[name] = value.as_str().into();
            }
        }
    }
    Ok(answer)
}
