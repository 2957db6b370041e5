//! The terms of the machines of a tick.

use std::collections::BTreeSet;

use crate::Millis;
use crate::pace::layout::Layout;
use crate::pace::tenants::TenantBound;
use crate::record::deferred::TenantQueue;
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
    /// `None`: tenants are not bounded.
    pub tenants: Option<TenantBound>,
}

impl Pipeline {
    /// Returns the name of a lane; `None` in a pipeline of one, whose rows and messages name none.
    pub fn lane_name(&self, lane: usize) -> Option<&str> {
        let several = self.lanes.len() > 1;
        self.lanes.get(lane).filter(|_| several).map(String::as_str)
    }

    /// Returns the queue of an object's tenant in a lane. `None`: no bound of a tenant holds for
    /// it.
    pub fn tenant_queue(&self, lane: usize, key: &str) -> Option<TenantQueue> {
        let tenant = self.tenants.as_ref()?.by.tenant_of(key)?;
        let lane = self.lane_name(lane).unwrap_or_default().to_owned();
        Some(TenantQueue { lane, tenant })
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

/// The settings of a tick's machines.
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
    /// In which slots lie.
    pub layouts: Layouts,
    /// The executions whose slots lay in the old layout when nothing was put there any more.
    /// `None`: something can still land there.
    pub old_slots: Option<&'a BTreeSet<String>>,
    /// Reconcile has found versions without a version id: an event can be of one of them.
    pub listed: bool,
    /// The circuit's number; `None` without an adaptive pace.
    pub generation: Option<u32>,
}

#[cfg(test)]
impl<'a> Terms<'a> {
    /// Returns the terms of a tick that knows nothing.
    pub(crate) fn for_tests(pipeline: &'a Pipeline) -> Self {
        Self {
            pipeline,
            state_machine_arn: "machine",
            now: 0,
            slot_time: 7,
            claims_may_land: false,
            layouts: Layouts::default(),
            old_slots: None,
            listed: false,
            generation: None,
        }
    }
}

impl Terms<'_> {
    /// Returns the old layout, if a slot of this execution can lie there.
    pub fn unless_in(&self, execution: &str) -> Option<Layout> {
        let can_lie = self.old_slots.is_none_or(|old| old.contains(execution));
        self.layouts.old().filter(|_| can_lie)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_slot_is_looked_for_where_one_can_be() {
        let (pipeline, old) = (Pipeline::default(), BTreeSet::from(["a".to_owned()]));
        let terms = |old_since, old_slots| Terms {
            pipeline: &pipeline,
            state_machine_arn: "",
            now: 0,
            slot_time: 0,
            claims_may_land: false,
            layouts: Layouts {
                current: Layout::Sixteen,
                old_since,
            },
            old_slots,
            listed: false,
            generation: None,
        };
        for (old_since, old_slots, of_a, of_b) in [
            (None, None, None, None),
            (Some(0), None, Some(Layout::One), Some(Layout::One)),
            (Some(0), Some(&old), Some(Layout::One), None),
        ] {
            let terms = terms(old_since, old_slots);
            assert_eq!((terms.unless_in("a"), terms.unless_in("b")), (of_a, of_b));
        }
    }
}
