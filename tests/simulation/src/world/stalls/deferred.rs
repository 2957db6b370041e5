//! The events that wait for their tenants, although the tenants have room.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{SlotOf, Waiting};
use crate::pipeline::LEDGER;
use crate::world::World;
use crate::world::faults::POISON;

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_default()
}

fn number(item: &Value, name: &str) -> u32 {
    let number = item[name]["N"].as_str();
    number.and_then(|it| it.parse().ok()).unwrap_or_default()
}

/// Returns the tenant of an object, given as `<bucket>/<key>`, if tenants are bounded.
fn tenant_of(world: &World, object: &str) -> Option<String> {
    let (_, key) = object.split_once('/')?;
    let tenants = world.shape.settings.tenants.as_ref();
    tenants?.by.tenant_of(key)
}

/// How many more executions of each tenant can run.
pub(super) struct Room {
    max: u32,
    left: BTreeMap<String, u32>,
}

impl Room {
    /// Begins with the slots that are taken.
    pub(super) fn beside<'a>(world: &World, slots: impl Iterator<Item = &'a SlotOf>) -> Self {
        let tenants = world.shape.settings.tenants.as_ref();
        let mut room = Self {
            max: tenants.map_or(u32::MAX, |tenants| tenants.max_concurrency),
            left: BTreeMap::new(),
        };
        for tenant in slots.filter_map(|slot| tenant_of(world, &slot.object)) {
            room.takes(&tenant);
        }
        room
    }

    /// Takes room of a tenant. Returns `false` if there is none.
    pub(super) fn takes(&mut self, tenant: &str) -> bool {
        let left = self.left.entry(tenant.to_owned()).or_insert(self.max);
        let has_room = *left > 0;
        *left = left.saturating_sub(1);
        has_room
    }
}

/// Returns the events that wait by their items. An item whose row says something else is none.
pub(super) fn events(world: &World) -> Vec<Waiting> {
    let dynamodb = world.pipeline.aws.dynamodb();
    if world.shape.settings.tenants.is_none() {
        return Vec::new();
    }
    let items = dynamodb.items(LEDGER).into_iter();
    let waiting = items.filter_map(|item| {
        let (lane, tenant) = text(&item, "pk").strip_prefix("t/")?.split_once('/')?;
        let row = dynamodb.item(LEDGER, text(&item, "row_pk"), text(&item, "row_sk"))?;
        let waits = text(&row, "state") == "WAITING"
            && number(&row, "attempt") < number(&item, "attempt")
            && !text(&item, "row_pk").contains(POISON);
        let lanes = world.shape.settings.lanes.iter();
        let lane = lanes.map(|(name, _)| *name).position(|name| name == lane);
        waits.then(|| Waiting {
            name: format!("{} of {tenant}", text(&item, "sk")),
            lane: lane.unwrap_or_default(),
            object: text(&item, "row_pk").to_owned(),
            sequencer: String::new(),
            tenant: Some(tenant.to_owned()),
        })
    });
    waiting.collect()
}
