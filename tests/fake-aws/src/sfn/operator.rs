//! Step Functions from the operator's and the test's side.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::events::EventRule;
use super::execution::{Ending, Execution, ExecutionResult, Status};
use super::quota::{Bucket, StartQuota};
use super::start::{self, Refusal};
use super::{Machine, machine_arn};
use crate::{World, lock};

/// All state machines of the account.
pub struct Sfn {
    world: Arc<World>,
}

impl Sfn {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Makes a Standard state machine and returns its ARN. `workflow` is asked once for each
    /// execution how and when it ends.
    pub fn create_state_machine(
        &self,
        name: &str,
        workflow: impl FnMut(&Execution) -> Ending + Send + 'static,
    ) -> String {
        let machine = Machine {
            workflow: Some(Box::new(workflow)),
            aliases: BTreeMap::new(),
            version: 0,
        };
        lock(&self.world.sfn)
            .machines
            .insert(name.to_owned(), machine);
        machine_arn(name)
    }

    /// Publishes a version of a state machine and returns its ARN.
    pub fn publish_version(&self, machine: &str) -> String {
        let mut sfn = lock(&self.world.sfn);
        let known = sfn.machines.get_mut(machine);
        let known = known.expect("a version needs its state machine");
        known.version += 1;
        format!("{}:{}", machine_arn(machine), known.version)
    }

    /// Makes an alias of a state machine, or moves it, to the newest version. The first is
    /// published if there is none. Returns the ARN.
    pub fn create_alias(&self, machine: &str, alias: &str) -> String {
        let mut sfn = lock(&self.world.sfn);
        let known = sfn.machines.get_mut(machine);
        let known = known.expect("an alias needs its state machine");
        known.version = known.version.max(1);
        known.aliases.insert(alias.to_owned(), known.version);
        format!("{}:{alias}", machine_arn(machine))
    }

    /// Removes a state machine; its executions go on.
    pub fn delete_state_machine(&self, name: &str) {
        lock(&self.world.sfn).machines.remove(name);
    }

    /// Adds a rule that sends status changes to a queue.
    pub fn add_event_rule(&self, rule: EventRule) {
        self.world.catch_up();
        lock(&self.world.sfn).rules.push(rule);
    }

    /// Changes the fate of status events from now on, in all rules.
    pub fn change_event_rules(&self, change: impl FnMut(&mut EventRule)) {
        self.world.catch_up();
        lock(&self.world.sfn).rules.iter_mut().for_each(change);
    }

    /// Refuses all starts, until told otherwise.
    pub fn refuse_starts(&self, refusal: Option<Refusal>) {
        lock(&self.world.sfn).refusal = refusal;
    }

    /// Throttles starts beyond a quota; none: there is no limit. The bucket is full at first.
    pub fn set_start_quota(&self, quota: Option<StartQuota>) {
        let now_ms = self.world.clock.now_ms();
        let bucket = quota.map(|quota| Bucket::full(quota, now_ms));
        lock(&self.world.sfn).bucket = bucket;
    }

    /// Lets DescribeExecution see starts and ends only after this time. Zero at first.
    pub fn set_describe_lag(&self, lag: Duration) {
        lock(&self.world.sfn).describe_lag = lag;
    }

    /// Ends a running execution now. False if there is none that runs.
    pub fn end(&self, execution_arn: &str, result: ExecutionResult) -> bool {
        self.world.catch_up();
        start::end(
            &self.world,
            execution_arn,
            result,
            self.world.clock.now_ms(),
        )
    }

    /// Counts one redrive of an execution, without running anything: so that later events show it.
    pub fn mark_redriven(&self, execution_arn: &str) {
        if let Some(execution) = lock(&self.world.sfn).executions.get_mut(execution_arn) {
            execution.redrive_count += 1;
        }
    }

    /// Returns all executions, in the order of their ARNs.
    pub fn executions(&self) -> Vec<Execution> {
        self.world.catch_up();
        lock(&self.world.sfn).executions.values().cloned().collect()
    }

    /// Returns the execution of this name, of any state machine.
    pub fn execution(&self, name: &str) -> Option<Execution> {
        self.world.catch_up();
        let sfn = lock(&self.world.sfn);
        let mut all = sfn.executions.values();
        all.find(|execution| execution.name == name).cloned()
    }

    /// Returns the executions that run now.
    pub fn running(&self) -> Vec<Execution> {
        let mut running = self.executions();
        running.retain(|execution| execution.status == Status::Running);
        running
    }

    /// Returns the most executions that ever ran at the same time.
    pub fn peak_running(&self) -> usize {
        lock(&self.world.sfn).peak_running
    }
}
