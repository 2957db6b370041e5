//! What holds for the machines of a tick.

use crate::Millis;
use crate::record::layouts::Layouts;
use crate::rules::order::Order;

/// A pipeline's configuration, as far as the protocol goes.
#[derive(Debug, Clone, Default)]
pub struct Pipeline {
    /// The ARN of the ledger: it tells executions of two pipelines on one state machine apart.
    pub arn: String,
    pub order: Order,
    /// The names of the lanes, by priority; at least one.
    pub lanes: Vec<String>,
}

impl Pipeline {
    /// Returns the name of a lane; `None` in a pipeline of one, whose rows and messages name none.
    pub fn lane_name(&self, lane: usize) -> Option<&str> {
        let several = self.lanes.len() > 1;
        self.lanes.get(lane).filter(|_| several).map(String::as_str)
    }

    /// Returns the lane of this name. One that is gone, or not named: the first.
    pub fn lane(&self, name: Option<&str>) -> usize {
        let named = self
            .lanes
            .iter()
            .position(|lane| Some(lane.as_str()) == name);
        named.unwrap_or_default()
    }
}

/// What a tick's machines go by.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    pub pipeline: &'a Pipeline,
    /// The state machine, or alias, on which executions are started now.
    pub state_machine_arn: &'a str,
    pub now: Millis,
    /// The time for a slot that is put now, unlike that of any other slot of the tick.
    pub slot_time: Millis,
    /// A claim of which nothing is known, of this tick or the last, can still take effect.
    pub claims_may_land: bool,
    /// By which slots lie.
    pub layouts: Layouts,
    /// Reconcile has found versions without a version id: an event can be of one of them.
    pub listed: bool,
}
