//! The promises that are checked besides the verdict's: the limit at every start, and the items
//! that can be left at the end.

use std::collections::BTreeMap;

use fake_aws::{Call, Execution};
use spillway::message;

use super::World;
use super::operator::dead;
use super::shape::Shape;
use crate::invariants::objects;
use crate::pipeline::LEDGER;
use crate::slots;
use crate::target::Takes;

/// A tick reads the control item every two seconds, waits a second for messages, and makes a few
/// calls up to the start; in milliseconds. The time that chance adds is known of each call.
const LIMIT_HOLDS_WITHIN_MS: i64 = 4_000;
/// How far back a call that was late still makes a start late, in milliseconds.
const LATE_WITHIN_MS: i64 = 60_000;

/// Checks I3: at no start did more executions run than the limit in force allowed. The same goes
/// for the bounds of its lane and of its tenant.
pub fn over_the_limit(world: &World) -> Vec<String> {
    let executions = world.pipeline.aws.sfn().executions();
    let mut starts: BTreeMap<(String, i64), Call> = BTreeMap::new();
    for call in world.pipeline.aws.calls_of("StartExecution") {
        if let (Some(name), Some(applied)) = (call.facts.execution.clone(), call.applied_ms) {
            starts.insert((name, applied), call);
        }
    }
    let lanes = world.kept().lanes.clone();
    let names = &world.shape.settings.lanes;
    let mut problems = Vec::new();
    for execution in &executions {
        let at = execution.started_ms;
        let running = executions_at(&executions, at);
        let lane = lanes.get(&execution.name);
        let of_lane = running.clone().filter(|it| lanes.get(&it.name) == lane);
        let (running, of_lane) = (running.count(), of_lane.count());
        let Some(call) = starts.get(&(execution.name.clone(), at)) else {
            problems.push(format!("I3: nobody started {}", execution.name));
            continue;
        };
        let late = world.faults.held_up(&call.caller, at - LATE_WITHIN_MS, at);
        let from = at - LIMIT_HOLDS_WITHIN_MS - late;
        let limit = world.limits.highest(from, at) as usize;
        if running > limit {
            problems.push(format!(
                "I3: with {} {running} run where {limit} may",
                execution.name
            ));
        }
        let lane = names.iter().position(|(name, _)| {
            let of_slot = lane.and_then(|lane| lane.as_deref());
            of_slot == Some(*name)
        });
        let bounds = lane.and_then(|lane| world.bounds.get(lane));
        let bound = bounds.map_or(u32::MAX, |bounds| bounds.highest(from, at)) as usize;
        let tenants = world.shape.settings.tenants.as_ref();
        let tenant = |it: &Execution| tenants?.by.tenant_of(&objects(it).0.first()?.key);
        if let Some((bounds, own)) = tenants.zip(tenant(execution)) {
            let of_tenant = executions_at(&executions, at);
            let of_tenant = of_tenant.filter(|it| tenant(it).as_ref() == Some(&own));
            let (of_tenant, bound) = (of_tenant.count(), bounds.max_concurrency as usize);
            if of_tenant > bound {
                problems.push(format!(
                    "I3: with {} {of_tenant} of {own} run where {bound} may",
                    execution.name
                ));
            }
        }
        if of_lane > bound {
            problems.push(format!(
                "I3: with {} {of_lane} of its lane run where {bound} may",
                execution.name
            ));
        }
    }
    problems
}

/// Returns the executions that ran at a time.
fn executions_at(executions: &[Execution], at: i64) -> impl Iterator<Item = &Execution> + Clone {
    executions
        .iter()
        .filter(move |it| it.started_ms <= at && it.stopped_ms.is_none_or(|stopped| stopped > at))
}

/// Finds the slots that name no lane. In a pipeline of several lanes such a slot would count for
/// all.
pub fn in_no_lane(world: &World) -> Vec<String> {
    let names = &world.shape.settings.lanes;
    if names.len() < 2 {
        return Vec::new();
    }
    let known = |lane: &Option<String>| {
        let lane = lane.as_deref().unwrap_or_default();
        names.iter().any(|(name, _)| *name == lane)
    };
    let lanes = world.kept().lanes.clone();
    let unknown = lanes.into_iter().filter(|(_, lane)| !known(lane));
    unknown
        .map(|(execution, lane)| format!("the slot of {execution} is of no lane: {lane:?}"))
        .collect()
}

/// Finds items that must not be left once all is quiet.
pub fn left_behind(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    let dead = dead(world);
    for item in world.pipeline.aws.dynamodb().items(LEDGER) {
        let text = |name: &str| item[name]["S"].as_str().unwrap_or_default();
        let (pk, sk) = (text("pk"), text("sk"));
        if slots::is_partition(pk) {
            problems.push(format!("I4: a slot is left: {sk}"));
        } else if pk == "lease" && !item["old_slots_since"].is_null() {
            problems.push("slots are still looked for where none can be".to_owned());
        } else if pk == "lease" && !item["holder"].is_null() {
            problems.push("a lease is left".to_owned());
        } else if sk == "head" && !text("running").is_empty() {
            problems.push(format!("I4: a turn is left: {pk} {}", text("running")));
        } else if sk == "head"
            && item["waits"]["BOOL"] == true
            && !dead.iter().any(|(of, _)| of == pk)
        {
            problems.push(format!("I1: somebody waits for good: {pk}"));
        } else if pk.starts_with("w/") || pk.starts_with("t/") {
            // The state of its row counts.
        } else if sk.contains('#') {
            let moving = match text("state") {
                "STARTED" => false,
                // The message that asks for it can be in the dead-letter queue, for its receives.
                "QUEUED" | "RETRY" | "WAITING" => dead.contains(&(pk.to_owned(), sk.to_owned())),
                _ => true,
            };
            if !moving {
                problems.push(format!("I1: nothing moves {pk} {sk}: {}", text("state")));
            }
        }
    }
    problems
}

/// Finds messages in another lane: each message for an object event goes by the lane that the event
/// came by.
pub fn in_another_lane(world: &World) -> Vec<String> {
    let Some((bulk, _)) = world.pipeline.lanes.get(1) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for (queue, of_bulk) in [(&world.pipeline.events, false), (bulk, true)] {
        let here = queue.messages().into_iter().map(|view| view.message);
        let gone = queue.gone().into_iter().map(|gone| gone.message);
        for message in here.chain(gone) {
            let Ok(body) = message::parse(&message.body) else {
                continue;
            };
            let events = body.into_events();
            // S3's own message of several records can have any of them.
            if let [event] = events.as_slice()
                && message.attributes.contains_key(message::ATTEMPT)
                && event.key.starts_with("bulk/") != of_bulk
                && !of_several(world, &event.key)
            {
                let name = queue.name();
                problems.push(format!("a message of {} is in {name}", event.key));
            }
        }
    }
    problems
}

/// Whether S3 told of an object in one message with others, by the first lane.
fn of_several(world: &World, key: &str) -> bool {
    let messages = world.pipeline.events.gone().into_iter();
    messages.map(|gone| gone.message.body).any(|body| {
        let several = body.matches("\"sequencer\"").count() > 1;
        several && body.contains(key)
    })
}

/// Finds a circuit that slowed down without a reason. A target that takes everything slows nothing
/// down, even beside other faults.
pub fn slowed_in_vain(world: &World) -> Option<String> {
    let Shape {
        settings, takes, ..
    } = &world.shape;
    if settings.adapt.is_none() || *takes != Takes::Everything {
        return None;
    }
    let lease = world
        .pipeline
        .aws
        .dynamodb()
        .item(LEDGER, "lease", "dispatch")?;
    let circuit = &lease["circuit"]["M"];
    let is_untouched = circuit["state"]["S"] == "closed" && circuit["generation"]["N"] == "0";
    (!is_untouched).then(|| format!("a target that is well is slowed: {circuit}"))
}
