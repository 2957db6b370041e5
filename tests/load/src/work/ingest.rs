//! S3 tells `ingest` of objects: the work of `ingest`.

use std::collections::BTreeSet;

use crate::objects;
use crate::pipeline::Pipeline;
use crate::scenario::Scenario;

use super::payloads::Payloads;

/// Prepares the payloads: S3 invokes a function with one notification, which in practice has one
/// record.
pub fn prepare(scenario: &Scenario) -> Payloads {
    let all: Vec<u32> = (0..scenario.events).collect();
    let notifications = all.chunks(scenario.per_execution as usize);
    Payloads::new(notifications.map(|numbers| objects::notification(numbers.iter().copied())))
}

/// Returns how many events lack their row or their message.
pub fn left(scenario: &Scenario, pipeline: &Pipeline) -> u32 {
    let messages = pipeline.events.messages();
    let queued: BTreeSet<u32> = messages
        .iter()
        .flat_map(|view| objects::named(&view.message.body))
        .collect();
    let rows = pipeline.rows();
    let of = 0..scenario.events;
    of.filter(|number| !queued.contains(number) || !rows.contains_key(number))
        .count() as u32
}
