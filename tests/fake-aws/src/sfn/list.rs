//! ListExecutions of those that run, with the lag of DescribeExecution.

use serde_json::{Value, json};

use super::execution::{Execution, Status};
use super::seconds;
use crate::error::ApiError;
use crate::{World, lock};

const MOST: u64 = 1_000;
const DEFAULT: u64 = 100;
/// A token is good for 24 hours, in milliseconds.
const TOKEN_KEPT_MS: i64 = 24 * 3600 * 1000;

/// The place of an execution in the list: when it started, and its name.
type Place = (i64, String);

pub(super) fn list_executions(world: &World, body: &Value) -> Result<Value, ApiError> {
    let arn = body["stateMachineArn"].as_str().unwrap_or_default();
    if body["statusFilter"].as_str() != Some(Status::Running.as_str()) {
        return Err(ApiError::not_modelled("ListExecutions of another status"));
    }
    let most = match body["maxResults"].as_u64().unwrap_or(DEFAULT) {
        0 => DEFAULT,
        most => most.min(MOST),
    } as usize;
    let now_ms = world.clock.now_ms();
    let after = match body["nextToken"].as_str() {
        Some(token) => Some(read(token, now_ms)?),
        None => None,
    };
    let sfn = lock(&world.sfn);
    let machine = arn.rsplit(':').next().unwrap_or_default();
    if !sfn.machines.contains_key(machine) {
        let message = format!("State Machine Does Not Exist: '{arn}'");
        return Err(ApiError::new("StateMachineDoesNotExist", message));
    }
    let seen_ms = now_ms - sfn.describe_lag.as_millis() as i64;
    let place = |execution: &Execution| (execution.started_ms, execution.name.clone());
    let mut running: Vec<&Execution> = sfn
        .executions
        .values()
        .filter(|execution| {
            let ended = execution.stopped_ms.is_some_and(|at_ms| at_ms <= seen_ms);
            execution.machine_arn == arn && execution.started_ms <= seen_ms && !ended
        })
        .filter(|execution| after.as_ref().is_none_or(|after| place(execution) < *after))
        .collect();
    running.sort_by_key(|execution| std::cmp::Reverse(place(execution)));
    let more = running.len() > most;
    running.truncate(most);
    let token = running.last().filter(|_| more).map(|last| {
        let (started_ms, name) = place(last);
        format!("{now_ms}/{started_ms}/{name}")
    });
    let executions: Vec<Value> = running
        .into_iter()
        .map(|execution| {
            json!({
                "executionArn": &execution.arn,
                "stateMachineArn": &execution.machine_arn,
                "name": &execution.name,
                "status": Status::Running.as_str(),
                "startDate": seconds(execution.started_ms),
            })
        })
        .collect();
    let mut answer = json!({"executions": executions});
    if let Some(token) = token {
        answer["nextToken"] = token.into();
    }
    Ok(answer)
}

fn read(token: &str, now_ms: i64) -> Result<Place, ApiError> {
    let mut parts = token.splitn(3, '/');
    let mut number = || parts.next()?.parse::<i64>().ok();
    let times = (number(), number());
    match (times, parts.next()) {
        ((Some(made_ms), Some(started_ms)), Some(name)) if now_ms - made_ms < TOKEN_KEPT_MS => {
            Ok((started_ms, name.to_owned()))
        }
        _ => Err(ApiError::new(
            "InvalidToken",
            format!("Invalid Token: '{token}'"),
        )),
    }
}
