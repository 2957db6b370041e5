//! StartExecution.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::execution::{Ending, Execution, ExecutionResult, Status};
use super::{Machine, events, execution_arn, machine_arn, seconds};
use crate::error::ApiError;
use crate::{World, lock};

/// 256 KiB, in bytes of UTF-8.
const MAX_INPUT_BYTES: usize = 262_144;
/// A closed execution keeps its name for 90 days, in milliseconds.
const NAME_KEPT_MS: i64 = 90 * 24 * 3600 * 1000;

/// Why all starts are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `AccessDeniedException`
    AccessDenied,
    /// `ThrottlingException`
    Throttled,
    /// `ExecutionLimitExceeded`
    LimitExceeded,
    /// `StateMachineDeleting`
    MachineDeleting,
}

impl Refusal {
    fn error(self) -> ApiError {
        let (code, message) = match self {
            Self::AccessDenied => (
                "AccessDeniedException",
                "User is not authorized to perform: states:StartExecution",
            ),
            Self::Throttled => ("ThrottlingException", "Rate exceeded"),
            Self::LimitExceeded => (
                "ExecutionLimitExceeded",
                "The maximum number of running executions has been reached.",
            ),
            Self::MachineDeleting => (
                "StateMachineDeleting",
                "The specified state machine is being deleted.",
            ),
        };
        ApiError::new(code, message)
    }
}

pub(super) fn start_execution(world: &Arc<World>, body: &Value) -> Result<Value, ApiError> {
    let now_ms = world.clock.now_ms();
    let asked_arn = body["stateMachineArn"].as_str().unwrap_or_default();
    let input = body["input"].as_str().unwrap_or("{}");

    let (machine, execution, mut workflow) = {
        let mut sfn = lock(&world.sfn);
        if let Some(refusal) = sfn.refusal {
            return Err(refusal.error());
        }
        let within_quota = sfn.bucket.as_mut().is_none_or(|bucket| bucket.take(now_ms));
        if !within_quota {
            return Err(Refusal::Throttled.error());
        }
        let name = match body["name"].as_str() {
            Some(name) => name.to_owned(),
            None => sfn.rng.uuid(),
        };
        check(&name, input)?;
        let Found {
            machine,
            alias_arn,
            version_arn,
        } = find(&sfn.machines, asked_arn)?;
        let arn = execution_arn(&machine, &name);
        if let Some(known) = sfn.executions.get(&arn) {
            let answer = json!({"executionArn": &arn, "startDate": seconds(known.started_ms)});
            match known.stopped_ms {
                None if known.input == input => return Ok(answer),
                Some(stopped_ms) if now_ms - stopped_ms >= NAME_KEPT_MS => {}
                _ => {
                    let message = format!("Execution Already Exists: '{arn}'");
                    return Err(ApiError::new("ExecutionAlreadyExists", message));
                }
            }
        }
        let execution = Execution {
            machine_arn: machine_arn(&machine),
            alias_arn,
            version_arn,
            name,
            arn: arn.clone(),
            input: input.to_owned(),
            started_ms: now_ms,
            stopped_ms: None,
            status: Status::Running,
            output: None,
            error: None,
            cause: None,
            redrive_count: 0,
        };
        sfn.executions.insert(arn, execution.clone());
        sfn.running += 1;
        sfn.peak_running = sfn.peak_running.max(sfn.running);
        let workflow = sfn.machines.get_mut(&machine);
        let workflow = workflow.and_then(|machine| machine.workflow.take());
        (machine, execution, workflow)
    };

    let ending = match workflow.as_mut() {
        Some(workflow) => workflow(&execution),
        // Only a workflow that starts executions of its own machine can get here.
        None => Ending::never(),
    };
    if let (Some(workflow), Some(machine)) = (workflow, lock(&world.sfn).machines.get_mut(&machine))
    {
        machine.workflow.get_or_insert(workflow);
    }
    events::publish(world, &execution, now_ms);
    if let Some(after) = ending.after {
        let (arn, result) = (execution.arn.clone(), ending.result);
        let end_ms = now_ms + after.as_millis() as i64;
        world.plan(end_ms, move |world, at_ms| {
            end(world, &arn, result, at_ms);
        });
    }
    Ok(json!({"executionArn": execution.arn, "startDate": seconds(now_ms)}))
}

/// Closes a running execution and tells EventBridge. False if it was closed already.
pub(super) fn end(world: &Arc<World>, arn: &str, result: ExecutionResult, at_ms: i64) -> bool {
    let closed = {
        let mut sfn = lock(&world.sfn);
        let Some(execution) = sfn.executions.get_mut(arn) else {
            return false;
        };
        if execution.stopped_ms.is_some() {
            return false;
        }
        execution.close(result, at_ms);
        let closed = execution.clone();
        sfn.running -= 1;
        closed
    };
    events::publish(world, &closed, at_ms);
    true
}

/// The state machine of a start.
struct Found {
    machine: String,
    alias_arn: Option<String>,
    version_arn: Option<String>,
}

/// Finds a state machine by its ARN, or by that of a version or an alias of it.
fn find(machines: &BTreeMap<String, Machine>, asked_arn: &str) -> Result<Found, ApiError> {
    for (name, machine) in machines {
        let arn = machine_arn(name);
        let Some(qualifier) = asked_arn.strip_prefix(&arn) else {
            continue;
        };
        let version_arn = |version: u32| Some(format!("{arn}:{version}"));
        let found = |alias_arn: Option<&str>, version_arn| Found {
            machine: name.clone(),
            alias_arn: alias_arn.map(str::to_owned),
            version_arn,
        };
        if qualifier.is_empty() {
            return Ok(found(None, None));
        }
        let Some(qualifier) = qualifier.strip_prefix(':') else {
            continue;
        };
        if let Some(&version) = machine.aliases.get(qualifier) {
            return Ok(found(Some(asked_arn), version_arn(version)));
        }
        let version = qualifier.parse().ok();
        if let Some(version) = version.filter(|version| (1..=machine.version).contains(version)) {
            return Ok(found(None, version_arn(version)));
        }
    }
    let message = format!("State Machine Does Not Exist: '{asked_arn}'");
    Err(ApiError::new("StateMachineDoesNotExist", message))
}

fn check(name: &str, input: &str) -> Result<(), ApiError> {
    let forbidden = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(character)
    };
    if name.is_empty() || name.chars().count() > 80 || name.contains(forbidden) {
        return Err(ApiError::new(
            "InvalidName",
            format!("Invalid Name: '{name}'"),
        ));
    }
    if input.len() > MAX_INPUT_BYTES {
        let message = "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have \
                       length less than or equal to 262144";
        return Err(ApiError::new("ValidationException", message));
    }
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(input) {
        let message = format!("Invalid State Machine Execution Input: '{error}'");
        return Err(ApiError::new("InvalidExecutionInput", message));
    }
    Ok(())
}
