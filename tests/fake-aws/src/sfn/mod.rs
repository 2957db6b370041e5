//! AWS Step Functions, Standard workflows.

mod describe;
mod events;
mod execution;
mod list;
mod operator;
mod quota;
mod start;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

pub use events::EventRule;
pub use execution::{Ending, Execution, ExecutionResult, Status};
pub use operator::Sfn;
pub use quota::StartQuota;
pub use start::Refusal;

use crate::calls::{Call, Facts};
use crate::error::ApiError;
use crate::rng::Rng;
use crate::{ACCOUNT, REGION, World};
use quota::Bucket;

/// Decides how an execution goes.
type Workflow = Box<dyn FnMut(&Execution) -> Ending + Send>;

/// All state machines and their executions.
pub(crate) struct SfnWorld {
    machines: BTreeMap<String, Machine>,
    /// By execution ARN. A name that is reused after 90 days replaces the older execution.
    executions: BTreeMap<String, Execution>,
    rules: Vec<EventRule>,
    refusal: Option<Refusal>,
    bucket: Option<Bucket>,
    describe_lag: Duration,
    running: usize,
    peak_running: usize,
    rng: Rng,
}

struct Machine {
    /// Taken out while it runs, so that it runs without the lock.
    workflow: Option<Workflow>,
    /// Name and version of each.
    aliases: BTreeMap<String, u32>,
    /// The newest published version; 0: there is none.
    version: u32,
}

impl SfnWorld {
    pub(crate) fn new(rng: Rng) -> Self {
        Self {
            machines: BTreeMap::new(),
            executions: BTreeMap::new(),
            rules: Vec::new(),
            refusal: None,
            bucket: None,
            describe_lag: Duration::ZERO,
            running: 0,
            peak_running: 0,
            rng,
        }
    }
}

fn machine_arn(machine: &str) -> String {
    format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{machine}")
}

fn execution_arn(machine: &str, name: &str) -> String {
    format!("arn:aws:states:{REGION}:{ACCOUNT}:execution:{machine}:{name}")
}

/// Returns the subject of a request, as far as it says.
pub(crate) fn facts(body: &Value) -> Facts {
    let arn = body["executionArn"].as_str();
    let described = arn.and_then(|arn| arn.rsplit(':').next());
    let name = body["name"].as_str().or(described);
    Facts {
        execution: name.map(str::to_owned),
        ..Facts::default()
    }
}

pub(crate) fn perform(world: &Arc<World>, call: &Call) -> Result<Value, ApiError> {
    match call.operation.as_str() {
        "StartExecution" => start::start_execution(world, &call.request),
        "DescribeExecution" => describe::describe_execution(world, &call.request),
        "ListExecutions" => list::list_executions(world, &call.request),
        other => Err(ApiError::not_modelled(&format!("Step Functions {other}"))),
    }
}

/// Returns a time as in Step Functions' JSON: seconds with a fraction.
fn seconds(at_ms: i64) -> f64 {
    at_ms as f64 / 1000.0
}
