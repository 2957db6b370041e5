//! How long an event waits though nothing keeps it: a slot, a token and its turn are free, and a tick is at work. And how
//! often its message is received.
//!
//! The world is looked at twice a second, from the moment a tick has the lease until it would receive its last message. The
//! time that faults took by themselves does not count, and neither does what an operator forbids.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fake_aws::{GoneHow, Status};
use serde_json::Value;
use spillway::event::ObjectEvent;
use spillway::execution::name;
use spillway::message;
use spillway::pace::Pace;
use spillway::pace::tokens::Tokens;
use spillway::record::row::RowKey;
use spillway::rules::order::Order;
use tokio::time::Instant;

use super::World;
use super::fault_kind::Kind as FaultKind;
use super::faults::POISON;
use super::shape::Kind;
use crate::pipeline::{LEDGER, LEDGER_ARN};

/// From one look to the next.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A fault makes things late for so long after it struck, in milliseconds, besides the time it takes itself.
const FELT_FOR_MS: i64 = 15_000;
/// The most that anything may cost an event beyond what the fault itself takes, in milliseconds.
const MOST_MS: i64 = 5_000;
/// Receives of a message by ticks that live on, at most.
const MOST_RECEIVES: usize = 3;
/// What is charged when no fault struck.
const NO_FAULT: &str = "no fault";

/// What waits in this world, and for how long it has. Cheap to clone.
#[derive(Clone)]
pub struct Stalls {
    state: Arc<Mutex<State>>,
}

struct State {
    /// What the rate allows.
    tokens: Tokens,
    /// Somebody forbids starts, or has written what cannot be read.
    forbidden: bool,
    looked: Option<i64>,
    /// Since when an attempt waits without a break, by the name of its execution.
    waits: BTreeMap<String, i64>,
    /// The longest wait of each attempt, in milliseconds, and what is charged with it.
    longest: BTreeMap<String, (i64, String)>,
    /// What messages ask for, by their ids.
    asked: HashMap<String, Option<Asked>>,
    /// Who received a message last, by its id; `None`: nobody got the answer, so it stays hidden for its time.
    held: HashMap<String, Option<String>>,
}

/// One attempt that a message asks for.
#[derive(Clone)]
struct Asked {
    event: ObjectEvent,
    attempt: u32,
}

/// An attempt that has not started.
struct Waiting {
    /// Its execution's name.
    name: String,
    /// The index of its lane.
    lane: usize,
    /// Only one of an object can have its turn.
    object: String,
    sequencer: String,
}

impl Stalls {
    pub fn new(pace: &Pace, now_ms: i64) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                tokens: Tokens::new(pace.starts_per_second, pace.burst, None, now_ms),
                forbidden: false,
                looked: None,
                waits: BTreeMap::new(),
                longest: BTreeMap::new(),
                asked: HashMap::new(),
                held: HashMap::new(),
            })),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Step Functions allows less than the pipeline's pace, or as much again.
    pub fn pace(&self, starts_per_second: f64, burst: u32) {
        self.state().tokens.set(starts_per_second, burst);
    }

    /// A start is called.
    pub fn called(&self, now_ms: i64) {
        self.state().tokens.take(1, now_ms);
    }

    /// A start is throttled: the pace slows down.
    pub fn throttled(&self, now_ms: i64) {
        self.state().tokens.throttled(now_ms);
    }

    /// Messages are received. `answered`: the caller gets to know.
    pub fn received(&self, call: &fake_aws::Call, answered: bool) {
        let mut state = self.state();
        for id in &call.facts.message_ids {
            let holder = answered.then(|| call.caller.to_string());
            state.held.insert(id.clone(), holder);
        }
    }

    /// An operator's doing keeps everything, or does so no more.
    pub fn forbid(&self, forbidden: bool) {
        let mut state = self.state();
        state.forbidden = forbidden;
        state.waits.clear();
    }

    /// The longest waits in milliseconds, by what is charged with them.
    pub fn longest(&self) -> Vec<(String, i64)> {
        let state = self.state();
        let longest = state.longest.values();
        longest.map(|(time, kind)| (kind.clone(), *time)).collect()
    }

    /// Waits that are too long.
    pub fn problems(&self) -> Vec<String> {
        let state = self.state();
        let too_long = state.longest.iter().filter(|(_, (time, _))| *time > MOST_MS);
        too_long
            .map(|(name, (time, kind))| {
                format!("a stall: {name} waits {time} ms, and nothing keeps it: {kind}")
            })
            .collect()
    }
}

/// Looks while a tick is at work, and then until the time at which it would have received its last message.
pub async fn watch(world: &World, caller: &str, ended: impl Fn() -> Option<bool>) {
    if !is_watched(world) {
        return;
    }
    let until = Instant::now() + world.shape.settings.tick;
    let mut had_lease = false;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let mine = holder(world).as_deref() == Some(caller);
        let over = match ended() {
            // It died: its lease has to end first.
            Some(false) => true,
            Some(true) => !had_lease || world.stalls.state().forbidden || holder(world).is_some(),
            None => false,
        };
        if over || Instant::now() >= until {
            return;
        }
        had_lease |= mine;
        // What comes after a tick has ended is the next one's.
        let ended = ended().is_some();
        if mine || (had_lease && ended) {
            look(world, ended);
        }
    }
}

/// With a day's limit, a tick's or a window nobody but the gate knows what may start.
fn is_watched(world: &World) -> bool {
    let settings = &world.shape.settings;
    settings.starts_per_day.is_none()
        && settings.pace.starts_per_tick.is_none()
        && settings.windows == spillway::pace::window::Windows::default()
}

fn holder(world: &World) -> Option<String> {
    let lease = world.pipeline.aws.dynamodb().item(LEDGER, "lease", "dispatch")?;
    lease["holder"]["S"].as_str().map(str::to_owned)
}

/// `known`: only those count that waited before.
fn look(world: &World, known: bool) {
    let now = world.now_ms();
    let slots = slots(world);
    let started = |name: &String| world.pipeline.aws.sfn().execution(name).is_some();
    let (taken, unstarted): (Vec<_>, Vec<_>) =
        slots.into_iter().partition(|(name, _)| started(name));
    let objects_at_work: HashSet<&str> = taken.iter().map(|(_, pk)| pk.as_str()).collect();
    let mut waiting = messages(world, &objects_at_work);
    let of_messages: HashSet<String> = waiting.iter().map(|it| it.name.clone()).collect();
    let poison = |pk: &str| pk.contains(POISON);
    let unstarted = unstarted.into_iter().filter(|(name, pk)| !of_messages.contains(name) && !poison(pk));
    waiting.extend(unstarted.map(|(name, object)| Waiting {
        name,
        lane: 0,
        object,
        sequencer: String::new(),
    }));
    let limit = world.limits.highest(now, now) as usize;
    let mut state = world.stalls.state();
    let most = limit.saturating_sub(taken.len());
    let most = most.min(state.tokens.available(now) as usize);
    if state.forbidden {
        return;
    }
    waiting.retain(|it| !known || state.waits.contains_key(&it.name));
    // Whoever waits longest is charged: another one can have what is free before it.
    waiting.sort_by_key(|it| {
        let since = state.waits.get(&it.name).copied().unwrap_or(now);
        (it.lane, since, it.name.clone())
    });
    waiting.truncate(most);
    let last = state.looked.replace(now);
    let goes_on = last.is_some_and(|last| now - last <= 2 * LOOK_EVERY.as_millis() as i64);
    let mut waits = BTreeMap::new();
    for Waiting { name, .. } in waiting {
        let before = state.waits.get(&name).filter(|_| goes_on);
        let since = before.copied().unwrap_or(now);
        let (lost, kind) = world.faults.cost("dispatch", since - FELT_FOR_MS, now);
        let time = now - since - lost;
        let kind = kind.map_or(NO_FAULT, FaultKind::as_str).to_owned();
        let longest = state.longest.entry(name.clone()).or_insert((0, kind.clone()));
        if time > longest.0 {
            *longest = (time, kind);
        }
        waits.insert(name, since);
    }
    state.waits = waits;
}

/// The executions that hold a slot, and their objects.
fn slots(world: &World) -> Vec<(String, String)> {
    let items = world.pipeline.aws.dynamodb().partition(LEDGER, "slots");
    let text = |item: &Value, name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    let slot = |item: &Value| (text(item, "sk"), text(item, "row_pk"));
    items.iter().map(slot).collect()
}

/// The attempts that messages ask for, which nothing keeps.
fn messages(world: &World, objects_at_work: &HashSet<&str>) -> Vec<Waiting> {
    let one_by_one = world.shape.settings.order != Order::None
        || matches!(world.shape.kind, Kind::Fifo(_));
    let mut waiting: Vec<Waiting> = Vec::new();
    for (lane, (events, _)) in world.pipeline.lanes.iter().enumerate() {
        for view in events.messages() {
            let id = &view.message.id;
            let parse = || asked(&view.message);
            let asked = {
                let mut state = world.stalls.state();
                state.asked.entry(id.clone()).or_insert_with(parse).clone()
            };
            let holder = world.stalls.state().held.get(id).cloned().flatten();
            let held = holder.is_some_and(|holder| !world.kept().dead.contains(&holder));
            // It can be received, or a tick has it and lives. A retry's delay is no wait.
            let can_start = !view.hidden || (view.in_flight && held);
            let Some(Asked { event, attempt }) = asked.filter(|_| can_start) else {
                continue;
            };
            let RowKey { pk, sk } = RowKey::of(&event);
            if !is_to_start(world, &pk, &sk, attempt)
                || (one_by_one && objects_at_work.contains(pk.as_str()))
            {
                continue;
            }
            let one = Waiting {
                name: name::of(LEDGER_ARN, &event, attempt),
                lane,
                object: pk,
                sequencer: event.sequencer.map(|it| it.as_str().to_owned()).unwrap_or_default(),
            };
            let other = waiting.iter_mut().find(|it| one_by_one && it.object == one.object);
            match other {
                None => waiting.push(one),
                Some(other) => {
                    let newer = one.sequencer > other.sequencer;
                    if newer == (world.shape.settings.order == Order::Latest) {
                        *other = one;
                    }
                }
            }
        }
    }
    waiting
}

fn asked(message: &fake_aws::StoredMessage) -> Option<Asked> {
    let body = message::parse(&message.body).ok()?;
    let attempt = body.attempt(message.attribute(message::ATTEMPT)).ok()?;
    let mut events = body.into_events();
    let event = events.pop().filter(|_| events.is_empty())?;
    (!event.key.contains(POISON)).then_some(Asked { event, attempt })
}

/// Whether an attempt is to start, going by its row.
fn is_to_start(world: &World, pk: &str, sk: &str, attempt: u32) -> bool {
    let aws = &world.pipeline.aws;
    let Some(row) = aws.dynamodb().item(LEDGER, pk, sk) else {
        return true;
    };
    let last: u32 = row["attempt"]["N"].as_str().and_then(|it| it.parse().ok()).unwrap_or_default();
    let runs = || {
        let execution = row["execution"]["S"].as_str().unwrap_or_default();
        let execution = aws.sfn().execution(execution);
        execution.is_none_or(|it| it.status == Status::Running)
    };
    match row["state"]["S"].as_str() {
        Some("QUEUED" | "RETRY") => last < attempt,
        Some("DEAD" | "SUCCEEDED") => last + 1 == attempt,
        Some("STARTED") => last + 1 == attempt && !runs(),
        _ => false,
    }
}

/// Receives of each message that was worked on, by ticks that did not die over it.
pub fn receives(world: &World) -> Vec<(String, usize)> {
    let mut of: BTreeMap<String, usize> = BTreeMap::new();
    let dead = world.kept().dead.clone();
    for call in world.pipeline.aws.calls_of("ReceiveMessage") {
        if call.answer == fake_aws::Answer::Ok && !dead.contains(&call.caller.to_string()) {
            for id in call.facts.message_ids {
                *of.entry(id).or_default() += 1;
            }
        }
    }
    let mut receives = Vec::new();
    for (events, _) in &world.pipeline.lanes {
        for gone in events.gone() {
            let id = &gone.message.id;
            let known = asked(&gone.message).is_some();
            if let Some(count) = of.get(id).filter(|_| known && gone.how == GoneHow::Deleted) {
                receives.push((id.clone(), *count));
            }
        }
    }
    receives
}

/// Messages that were received too often.
pub fn received_too_often(world: &World) -> Vec<String> {
    let too_often = receives(world).into_iter().filter(|(_, count)| *count > MOST_RECEIVES);
    too_often
        .map(|(id, count)| format!("a message is received {count} times: {id}"))
        .collect()
}
