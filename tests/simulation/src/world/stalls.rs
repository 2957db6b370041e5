//! How long an event waits though nothing keeps it: a slot, a token and its turn are free. Its
//! tenant has room, and a tick is at work. And how often its message is received.
//!
//! The world is looked at twice a second, from the moment a tick has the lease until it would
//! receive its last message. The time that faults took by themselves does not count, and neither
//! does an operator's doing.

mod deferred;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fake_aws::{GoneHow, Status};
use serde_json::Value;
use spillway::event::{ObjectEvent, Sequencer};
use spillway::execution::name;
use spillway::message;
use spillway::pace::Pace;
use spillway::pace::tokens::Tokens;
use spillway::protocol::holding::Idle;
use spillway::record::row::RowKey;
use spillway::rules::order::Order;
use spillway::rules::sweep::FOUND_WITHIN;
use tokio::time::Instant;

use self::deferred::Room;
use super::World;
use super::fault_kind::Kind as FaultKind;
use super::faults::POISON;
use super::limits::Limits;
use super::shape::Kind;
use crate::pipeline::{LEDGER, LEDGER_ARN};
use crate::slots;
use crate::target::Takes;
use crate::upload::Upload;

/// From one look to the next.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A fault makes things late for so long after it struck, in milliseconds, besides the time it
/// takes itself.
const FELT_FOR_MS: i64 = 15_000;
/// A caller gives a receive that waits for messages up after so long, in milliseconds. Nobody gets
/// the messages that it brings later.
pub const GIVEN_UP_AFTER_MS: i64 = 10_000;
/// The most that anything can cost an event beyond the time of the fault itself, in milliseconds.
const MOST_MS: i64 = 5_000;
/// Receives of a message by ticks that live on, at most.
const MOST_RECEIVES: usize = 3;
/// The same of an object that reconcile found: each tick after one that died leaves it to a later
/// one.
const MOST_RECEIVES_OF_FOUND: usize = 6;
/// The same of a message that met the slot of a tick that died: twice in one tick, and in each of
/// the next two.
const MOST_RECEIVES_BESIDE_A_SLOT: usize = 4;
/// The charge when no fault struck.
const NO_FAULT: &str = "no fault";
/// The charge when a tick that died left a slot for the same attempt.
const SLOT_IN_THE_WAY: &str = "the slot of a tick that died was in the way";
/// A message that meets such a slot is hidden for so long at most, in milliseconds.
const HIDDEN_FOR_A_SLOT_MS: i64 = 20_000;

/// The attempts that wait in this world, and for how long they have. Cheap to clone.
#[derive(Clone)]
pub struct Stalls {
    state: Arc<Mutex<State>>,
}

struct State {
    /// The starts that the rate allows.
    tokens: Tokens,
    /// The longest wait that is still fine, in milliseconds.
    most: i64,
    /// Somebody forbids starts, or has written a value that cannot be read.
    forbidden: bool,
    looked: Option<i64>,
    /// Since when an attempt waits without a break, by the name of its execution.
    waits: BTreeMap<String, i64>,
    /// The longest wait of each attempt, by the name of its execution.
    longest: BTreeMap<String, Wait>,
    /// The attempts that messages ask for, by their ids.
    asked: HashMap<String, Option<Asked>>,
    /// The caller that received a message last, by its id; `None`: nobody got the answer, so it
    /// stays hidden for its time.
    held: HashMap<String, Option<String>>,
}

/// A wait, at its end.
struct Wait {
    /// In milliseconds.
    time: i64,
    /// The fault that is charged with it.
    kind: &'static str,
    /// The slots and tokens there were, for a failure.
    told: String,
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
    /// It waits for this tenant.
    tenant: Option<String>,
}

impl Stalls {
    pub fn new(pace: &Pace, now_ms: i64) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                tokens: Tokens::new(pace.starts_per_second, pace.burst, None, now_ms),
                // The tick's next token can be a whole one away.
                most: MOST_MS + (1_000.0 / pace.starts_per_second) as i64,
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

    /// Sets the starts that Step Functions allows: less than the pipeline's pace, or as much again.
    pub fn pace(&self, starts_per_second: f64, burst: u32) {
        self.state().tokens.set(starts_per_second, burst);
    }

    /// Records that a start is called.
    pub fn called(&self, now_ms: i64) {
        self.state().tokens.take(1, now_ms);
    }

    /// Records that a start is throttled: the pace slows down.
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

    /// Records that an operator's doing keeps everything, or does so no more.
    pub fn forbid(&self, forbidden: bool) {
        let mut state = self.state();
        state.forbidden = forbidden;
        state.waits.clear();
    }

    /// Returns the longest waits in milliseconds, by the fault that is charged with them.
    pub fn longest(&self) -> Vec<(String, i64)> {
        let state = self.state();
        let longest = state.longest.values();
        longest
            .map(|wait| (wait.kind.to_owned(), wait.time))
            .collect()
    }

    /// Waits that are too long.
    pub fn problems(&self) -> Vec<String> {
        let state = self.state();
        let most = |wait: &Wait| match wait.kind {
            SLOT_IN_THE_WAY => state.most + HIDDEN_FOR_A_SLOT_MS,
            _ => state.most,
        };
        let longest = state.longest.iter();
        let too_long = longest.filter(|(_, wait)| wait.time > most(wait));
        too_long
            .map(|(name, Wait { time, kind, told })| {
                format!("a stall: {name} waits {time} ms, and nothing keeps it: {kind}, {told}")
            })
            .collect()
    }
}

/// Charges the slots that dead ticks left with the waits of the attempts that met them.
pub fn charge_slots_in_the_way(world: &World) {
    let left = left_by_the_dead(world);
    for (name, wait) in &mut world.stalls.state().longest {
        if wait.kind == NO_FAULT && left.contains(name) {
            wait.kind = SLOT_IN_THE_WAY;
        }
    }
}

/// The slots that ticks put before they died, by the names of their executions.
fn left_by_the_dead(world: &World) -> HashSet<String> {
    let dead = world.kept().dead.clone();
    let puts = ["PutItem", "BatchExecuteStatement"]
        .map(|operation| world.pipeline.aws.calls_of(operation));
    puts.into_iter()
        .flatten()
        .filter(|call| call.applied_ms.is_some() && dead.contains(&*call.caller))
        .flat_map(|call| call.facts.keys)
        .filter(|key| slots::is_partition(&key.pk))
        .map(|key| key.sk)
        .collect()
}

/// Looks while a tick is at work, and then until the time at which it would have received its last
/// message.
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
            Some(true) => {
                !had_lease
                    || world.stalls.state().forbidden
                    || holder(world).is_some()
                    || has_dead_successor(world)
                    // A poll that came back empty ended it, or one whose answer was late.
                    || world.odds.long_poll_misses > 0.0
                    || polled_late(world, caller)
            }
            None => false,
        };
        if over || Instant::now() >= until {
            return;
        }
        had_lease |= mine;
        // Events after a tick has ended are the next one's.
        let ended = ended().is_some();
        if mine || (had_lease && ended) {
            look(world, ended);
        }
    }
}

/// Whether a tick that ended did so for another one, which died.
fn has_dead_successor(world: &World) -> bool {
    let successor = item(world, "control", "successor", "holder");
    successor.is_some_and(|successor| world.kept().dead.contains(&successor))
}

/// Whether the caller's last poll was answered by messages as they were a while before.
fn polled_late(world: &World, caller: &str) -> bool {
    let polls = world.pipeline.aws.calls_of("ReceiveMessage").into_iter();
    let last = polls.filter(|call| &*call.caller == caller).last();
    last.is_some_and(|poll| world.faults.cost(caller, poll.sent_ms, world.now_ms()).0 > 0)
}

/// With a day's limit, a tick's or a window, only the gate knows how many can start.
fn is_watched(world: &World) -> bool {
    let settings = &world.shape.settings;
    // Messages come again while they are processed: nobody knows the tick that has one.
    let misses = world.odds.long_poll_misses > 0.0;
    // Nor with a target that takes less than the pace.
    world.shape.takes == Takes::Everything
        && settings.visibility >= settings.tick
        // A tick that waits for events polls again and again, and SQS can miss as often.
        && !(settings.idle == Idle::Wait && misses)
        && settings.starts_per_day.is_none()
        && settings.pace.starts_per_tick.is_none()
        && settings.windows == spillway::pace::window::Windows::default()
}

pub fn holder(world: &World) -> Option<String> {
    item(world, "lease", "dispatch", "holder")
}

/// A text of an item of the ledger.
fn item(world: &World, pk: &str, sk: &str, attribute: &str) -> Option<String> {
    let found = world.pipeline.aws.dynamodb().item(LEDGER, pk, sk)?;
    found[attribute]["S"].as_str().map(str::to_owned)
}

/// `known`: only those count that waited before.
fn look(world: &World, known: bool) {
    let now = world.now_ms();
    let (mut taken, mut unstarted) = (Vec::new(), Vec::new());
    for slot in slots(world) {
        // One that nothing is claimed for is in use until that is certain, and one that is refused
        // until it is settled.
        let starts = slot.is_claimed && !slot.object.contains(POISON);
        match starts && world.pipeline.aws.sfn().execution(&slot.name).is_none() {
            true => unstarted.push(slot),
            false => taken.push(slot),
        }
    }
    let objects_at_work = taken.iter().map(|slot| slot.object.clone());
    let objects_at_work: HashSet<String> = objects_at_work.collect();
    let mut waiting = messages(world, &objects_at_work);
    let of_messages: HashSet<String> = waiting.iter().map(|it| it.name.clone()).collect();
    let mut room = Room::beside(world, taken.iter().chain(&unstarted));
    let limit = world.limits.highest(now, now) as usize;
    // A limit can be lower than the slots that are taken. Then a slot can be in use until Step
    // Functions is certain not to know its execution. If there is no room then, it can stay in use
    // until the next tick looks at the slots.
    let kept_for = 2 * FOUND_WITHIN + world.shape.settings.tick.as_millis() as i64;
    let was_lowered =
        |limits: &Limits| limits.highest(now - kept_for, now) > limits.lowest(now - kept_for, now);
    let lowered = was_lowered(&world.limits);
    let in_use = |slot: &SlotOf| lowered || world.bounds.get(slot.lane).is_some_and(was_lowered);
    taken.extend(unstarted.extract_if(.., |slot| in_use(slot)));
    unstarted.retain(|slot| !of_messages.contains(&slot.name));
    waiting.extend(unstarted.into_iter().map(|slot| Waiting {
        name: slot.name,
        lane: slot.lane,
        object: slot.object,
        sequencer: String::new(),
        tenant: None,
    }));
    waiting.extend(deferred::events(world));
    let of_lane = |lane: usize| taken.iter().filter(|slot| slot.lane == lane).count();
    let left = world.bounds.iter().enumerate().map(|(lane, bounds)| {
        let bound = bounds.highest(now, now) as usize;
        bound.saturating_sub(of_lane(lane))
    });
    let mut left: Vec<usize> = left.collect();
    let mut state = world.stalls.state();
    let (taken, tokens) = (taken.len(), state.tokens.available(now));
    let most = limit.saturating_sub(taken).min(tokens as usize);
    if state.forbidden {
        return;
    }
    waiting.retain(|it| !known || state.waits.contains_key(&it.name));
    // The attempt that waits longest is charged: another one can have the free slot before it.
    waiting.sort_by_key(|it| {
        let since = state.waits.get(&it.name).copied().unwrap_or(now);
        (it.lane, since, it.name.clone())
    });
    // A lane's own bound keeps the rest of it.
    waiting.retain(|it| match left.get_mut(it.lane) {
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
        None => true,
    });
    // So does a tenant's.
    waiting.retain(|it| {
        let tenant = it.tenant.as_deref();
        tenant.is_none_or(|tenant| room.takes(tenant))
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
        let longest = state.longest.get(&name).map_or(-1, |wait| wait.time);
        if time > longest {
            let kind = kind.map_or(NO_FAULT, FaultKind::as_str);
            let told = format!("since {since}, {taken} of {limit} slots, {tokens} tokens");
            state
                .longest
                .insert(name.clone(), Wait { time, kind, told });
        }
        waits.insert(name, since);
    }
    state.waits = waits;
}

/// A slot, by its execution's name.
struct SlotOf {
    name: String,
    /// The index of its lane.
    lane: usize,
    object: String,
    /// Its row says so. Of a batch that is not looked at.
    is_claimed: bool,
}

fn slots(world: &World) -> Vec<SlotOf> {
    let dynamodb = world.pipeline.aws.dynamodb();
    let text = |item: &Value, name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    let slot = |item: &Value| {
        let (name, object) = (text(item, "sk"), text(item, "row_pk"));
        let row = match object.as_str() {
            "" => None,
            pk => dynamodb.item(LEDGER, pk, &text(item, "row_sk")),
        };
        let is_claimed = row
            .is_some_and(|row| text(&row, "state") == "STARTED" && text(&row, "execution") == name);
        let names = world.shape.settings.lanes.iter();
        let lane = names
            .map(|(name, _)| *name)
            .position(|lane| text(item, "lane") == lane);
        SlotOf {
            name,
            lane: lane.unwrap_or_default(),
            object,
            is_claimed,
        }
    };
    slots::all(&dynamodb, LEDGER).iter().map(slot).collect()
}

/// The attempts that messages ask for, which nothing keeps.
fn messages(world: &World, objects_at_work: &HashSet<String>) -> Vec<Waiting> {
    let one_by_one =
        world.shape.settings.order != Order::None || matches!(world.shape.kind, Kind::Fifo(_));
    let fifo = matches!(world.shape.kind, Kind::Fifo(_));
    let mut waiting: Vec<Waiting> = Vec::new();
    // The group of a message that cannot be received waits for it.
    let mut blocked: HashSet<String> = HashSet::new();
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
            // It can be received, or a tick has it and lives. A retry's delay is no wait, and one
            // that comes again and again before its last attempt is settled is hidden longer each
            // time.
            let again =
                view.message.receives > 1 && view.message.attribute(message::ATTEMPT).is_some();
            let can_start = !view.hidden || (view.in_flight && held && !again);
            let group = view.message.group.clone().unwrap_or_default();
            if fifo && (!can_start || blocked.contains(&group)) {
                blocked.insert(group);
                continue;
            }
            let Some(Asked { event, attempt }) = asked.filter(|_| can_start) else {
                continue;
            };
            let RowKey { pk, sk } = RowKey::of(&event);
            // A replayed attempt can still run, and S3 could have reported a found version since:
            // that takes another tick.
            let mine = |(upload, of): &(Upload, u32)| upload.key == event.key && *of == attempt;
            if is_of_found(world, &event, &pk) || world.kept().replays.iter().any(mine) {
                continue;
            }
            if !is_to_start(world, &pk, &sk, attempt)
                || (one_by_one && objects_at_work.contains(&pk))
            {
                continue;
            }
            let one = Waiting {
                name: name::of(LEDGER_ARN, &event, attempt),
                lane,
                object: pk,
                sequencer: event
                    .sequencer
                    .map(|it| it.as_str().to_owned())
                    .unwrap_or_default(),
                tenant: None,
            };
            let other = waiting
                .iter_mut()
                .find(|it| one_by_one && it.object == one.object);
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

/// Whether reconcile has found the version, or another one of its object.
fn is_of_found(world: &World, event: &ObjectEvent, pk: &str) -> bool {
    let rows = || world.pipeline.aws.dynamodb().partition(LEDGER, pk);
    let is_found = |row: &Value| {
        row["sk"]["S"]
            .as_str()
            .is_some_and(|sk| sk.starts_with("f#"))
    };
    event.is_found() || (world.shape.reconciled && rows().iter().any(is_found))
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
    let last: u32 = row["attempt"]["N"]
        .as_str()
        .and_then(|it| it.parse().ok())
        .unwrap_or_default();
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

/// How often a message was received.
pub struct Received {
    id: String,
    pub count: usize,
    most: usize,
}

/// Returns the receives of each message that was processed, by ticks that did not die over it.
///
/// Two kinds of messages are left out. The attempt before an operator's replay can still run. The
/// attempt before a retry of a `settle` that died is settled only when the outcome comes again.
///
/// Batches are left out too: one takes one version of an object and one attempt after the first,
/// and the others come again.
pub fn receives(world: &World) -> Vec<Received> {
    let (odds, settings) = (world.odds, &world.shape.settings);
    let comes_again = settings.visibility < settings.tick
        || odds.delivered_twice > 0.0
        || odds.back_after_delete > 0.0
        || world.shape.kind == Kind::Batches;
    if comes_again {
        return Vec::new();
    }
    let mut of: BTreeMap<String, usize> = BTreeMap::new();
    let dead = world.kept().dead.clone();
    let mut replayed: HashSet<String> = HashSet::new();
    let settled = settled(world);
    let aws = &world.pipeline.aws;
    let sent = aws.calls_of("SendMessage").into_iter();
    for call in sent.chain(aws.calls_of("SendMessageBatch")) {
        let died = call.caller.starts_with("settle") && !settled.contains(&*call.caller);
        if died || &*call.caller == "operator" {
            replayed.extend(call.facts.message_ids);
        }
    }
    for call in world.pipeline.aws.calls_of("ReceiveMessage") {
        if call.answer == fake_aws::Answer::Ok && !dead.contains(&call.caller.to_string()) {
            for id in call.facts.message_ids {
                *of.entry(id).or_default() += 1;
            }
        }
    }
    // A message that asks for the same attempt waits as well.
    let replays = world.kept().replays.clone();
    let is_replay = |Asked { event, attempt }: &Asked| {
        let sequencer = event.sequencer.as_ref().map(Sequencer::as_str);
        replays.iter().any(|(upload, of)| {
            of == attempt
                && upload.key == event.key
                && sequencer.is_none_or(|it| it == upload.sequencer)
        })
    };
    let beside = left_by_the_dead(world);
    let most = |asked: &Asked| {
        let Asked { event, attempt } = asked;
        if is_of_found(world, event, &RowKey::of(event).pk) {
            MOST_RECEIVES_OF_FOUND
        } else if beside.contains(&name::of(LEDGER_ARN, event, *attempt)) {
            MOST_RECEIVES_BESIDE_A_SLOT
        } else {
            MOST_RECEIVES
        }
    };
    let mut receives = Vec::new();
    for (events, _) in &world.pipeline.lanes {
        for gone in events.gone() {
            let id = &gone.message.id;
            let worked_on = gone.how == GoneHow::Deleted && !replayed.contains(id);
            let (Some(asked), Some(count)) = (asked(&gone.message), of.get(id)) else {
                continue;
            };
            if worked_on && !is_replay(&asked) {
                receives.push(Received {
                    id: id.clone(),
                    count: *count,
                    most: most(&asked),
                });
            }
        }
    }
    receives
}

/// Returns the invocations that freed a slot.
fn settled(world: &World) -> HashSet<String> {
    let aws = &world.pipeline.aws;
    let frees = ["DeleteItem", "BatchExecuteStatement"].map(|operation| aws.calls_of(operation));
    let of_slot = |call: &fake_aws::Call| {
        let mut keys = call.facts.keys.iter();
        call.answer == fake_aws::Answer::Ok && keys.any(|key| slots::is_partition(&key.pk))
    };
    let frees = frees.into_iter().flatten().filter(of_slot);
    frees.map(|call| call.caller.to_string()).collect()
}

/// Messages that were received too often.
pub fn received_too_often(world: &World) -> Vec<String> {
    let receives = receives(world).into_iter();
    receives
        .filter(|it| it.count > it.most)
        .map(|it| format!("a message is received {} times: {}", it.count, it.id))
        .collect()
}
