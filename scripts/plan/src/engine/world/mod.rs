//! Everything but the tick: queues, executions, outcomes, slots, as they go on in virtual time.

mod ends;
mod receives;
mod starts;
mod target;
mod tenants;

use std::collections::{HashMap, VecDeque};

use spillway::Millis;
use spillway::pace::layout::Shard;
use spillway::pace::permit::{Permit, SharedGate, Stage};
use spillway::pace::tenants::ByTenant;
use spillway::protocol::holding::LEASE;
use spillway::protocol::receiving::{Ended, Poll};
use spillway::protocol::tenant_queues::TenantQueues;

use super::answers::{self, Answers, Wave};
use super::calendar::{Calendar, Ranked};
use super::deferred::{DeferredEvents, Of as OfQueue};
use super::queue::{LaneQueue, Message};
use super::quota::Bucket;
use super::setup::{Arrival, Setup};
use super::slab::Slab;
use super::target::Calls;
use super::turns::Turns;

/// Messages of one receive, and of one request that deletes or sends.
const ENTRIES: usize = 10;
/// An event that happens at a time.
#[derive(Debug)]
enum Event {
    /// A message can be received.
    Visible(Message),
    /// Polls of a lane find the messages that have come.
    Wakes(usize),
    /// A receive takes effect.
    Receives(usize),
    /// A receive waited for nothing, since then: its number can be another one's now.
    GivesUp(usize, Millis),
    /// A receive is answered.
    Answered(usize),
    /// The rows and heads of a task's objects are read: whose turn it is.
    Decides(usize),
    /// Nothing starts by it.
    Unused(Box<Permit>),
    /// The slots of a task are there.
    SlotsPut(usize),
    /// The slots of a task are answered.
    SlotsAnswered(usize),
    /// The executions of a task begin.
    Starts(usize),
    TaskEnds(usize),
    /// A start that was kept is made again.
    Restarts(usize),
    Restarted {
        start: usize,
        throttled: bool,
    },
    ExecutionEnds(usize),
    /// An ordered execution's turn is taken from it.
    Passes {
        message: Message,
        again: bool,
        shard: Shard,
        settled: Option<target::Settled>,
    },
    SlotFreed(OneSlot),
    /// A task begins with messages that were received.
    TakesIn(usize),
    /// Messages begin to be deferred.
    Defers(usize),
    /// The directory names the queue of a tenant.
    Named(OfQueue, String),
    /// An event of a tenant waits from now on.
    Deferred(u32, Message),
    DeferralEnds(usize),
    /// Tenants whose turn it is are asked for their events.
    TurnsAsk(usize),
    /// Their events are read.
    TurnsRead(usize),
    /// The directory is asked to remove the queue of a tenant.
    Removed(OfQueue, String),
    TurnsEnd(usize),
    /// An outcome is settled by an invocation, if the pace adapts, with its end for the target's
    /// health.
    Settled(target::Settled),
}

/// A slot.
#[derive(Debug, Clone, Copy)]
pub struct OneSlot {
    shard: Shard,
    lane: usize,
    /// As arrivals have it.
    tenant: u32,
}

impl Ranked for Event {
    /// The tick makes its calls before its tasks do, so it has its answers before they have theirs.
    fn rank(&self) -> u8 {
        match self {
            Self::Wakes(_) | Self::Receives(_) | Self::GivesUp(..) | Self::Answered(_) => 0,
            _ => 1,
        }
    }
}

/// The object events of an execution.
#[derive(Debug, Clone)]
pub enum Load {
    One(Message),
    Many(Vec<Message>),
}

impl Load {
    pub fn messages(&self) -> &[Message] {
        match self {
            Self::One(message) => std::slice::from_ref(message),
            Self::Many(messages) => messages,
        }
    }

    /// The index of the lane that all of them came through.
    fn lane(&self) -> usize {
        self.messages().first().map_or(0, |it| it.lane.into())
    }
}

/// A receive that is under way.
#[derive(Debug)]
struct UnderWay {
    lane: usize,
    /// Messages of its calls that are made at once.
    most: usize,
    /// Messages of a call that comes after a full one.
    then: usize,
    wait_seconds: u32,
    /// Since when it waits for a first message.
    waits_since: Option<Millis>,
    messages: Vec<Message>,
    of: Of,
}

/// Whose receive it is.
#[derive(Debug)]
enum Of {
    Poll(Poll),
    Filling(usize),
}

/// Loads that are claimed and started together.
#[derive(Debug)]
struct Task {
    loads: Vec<Load>,
    permits: Vec<Permit>,
    /// Starts that were refused, with their permits.
    throttled: Vec<(Load, Shard, Permit)>,
    rest: Rest,
    put_at: Millis,
    /// When it ends at the soonest.
    ends_at: Millis,
    messages: u32,
    /// The turns of tenants that it belongs to: they end with it.
    turns: Option<usize>,
    /// The circuit's number when its slots were put; `None`: the pace does not adapt.
    generation: Option<u32>,
}

/// Messages that come after those of a task, since those are of the same objects.
#[derive(Debug, Default)]
struct Rest {
    rounds: VecDeque<Vec<Message>>,
    permits: Vec<Permit>,
}

/// An execution that runs.
#[derive(Debug)]
struct Running {
    load: Load,
    shard: Shard,
    /// As its task has it.
    generation: Option<u32>,
    /// The target refused it.
    refused: bool,
}

/// A start that was throttled: it holds its slot, and the tick makes it again.
#[derive(Debug)]
struct Throttled {
    load: Load,
    shard: Shard,
    taken_at: Millis,
    /// As its slot has it.
    generation: Option<u32>,
    permit: Option<Permit>,
}

/// An answer to a tick.
#[derive(Debug)]
pub enum Answered {
    Polled {
        ended: Ended,
        messages: Vec<Message>,
        permits: Vec<Permit>,
    },
    Received {
        filling: usize,
        messages: Vec<Message>,
    },
    /// A start was throttled and is to be kept: by its number, with the time of its slot and the
    /// slot's lane.
    Throttled {
        start: usize,
        taken_at: Millis,
        lane: usize,
    },
    /// A start has an answer of its own.
    Started,
}

/// The tick that holds the lease, as its tasks know it.
pub struct UnderLease {
    pub gate: SharedGate,
    /// The tenants whose events wait; `None`: no tenant has a bound.
    pub queues: Option<TenantQueues>,
    /// When the worst that the tick can do is written into the lease.
    reserved_at: Option<Millis>,
}

impl UnderLease {
    pub fn new(gate: SharedGate) -> Self {
        Self {
            gate,
            queues: None,
            reserved_at: None,
        }
    }
}

/// The world.
pub struct World<'a> {
    setup: &'a Setup,
    uploads: &'a [Arrival],
    arrivals: std::iter::Peekable<std::iter::Enumerate<std::slice::Iter<'a, Arrival>>>,
    calendar: Calendar<Event>,
    pub now: Millis,
    lanes: Vec<LaneQueue>,
    receives: Slab<UnderWay>,
    tasks: Slab<Task>,
    executions: Slab<Running>,
    throttled: Slab<Throttled>,
    turns: Turns,
    /// The last tick, as long as no other has begun.
    pub lease: Option<UnderLease>,
    deferred: DeferredEvents,
    /// Loads whose tasks are about to begin, with their permits.
    received: Slab<(Vec<Load>, Vec<Permit>)>,
    deferrals: Slab<tenants::Deferral>,
    turns_taken: Slab<tenants::Turns>,
    /// Tenants by their names.
    tenant_numbers: HashMap<String, u32>,
    /// Slots of each tenant, by shard.
    slots_of_tenants: Vec<HashMap<u32, u32>>,
    quota: Option<Bucket>,
    target: Calls,
    adapting: target::Adapting,
    /// Tasks that have not ended, and the messages that they work on.
    pub tasks_under_way: usize,
    pub messages_under_way: u32,
    answered: VecDeque<Answered>,
    /// A task or execution ended for which a tick can wait.
    stirred: bool,
    /// By lane and shard.
    slots: Vec<[u32; Shard::COUNT]>,
    running: usize,
    waiting: usize,
    /// Uploads that are neither done nor dead.
    open: usize,
    /// When the last invocation of `settle` began, and how many outcomes it has.
    settling: (Millis, usize),
    rng: fastrand::Rng,
    pub answers: Answers,
}

impl<'a> World<'a> {
    pub fn new(setup: &'a Setup, arrivals: &'a [Arrival]) -> Self {
        let lanes = setup.lanes.len().max(1);
        // Behind them the refusals of the target.
        let failures = setup.executions.failures.len() + 1;
        let mut answers = Answers::new(setup.from, lanes, failures, waves(arrivals));
        answers.by_tenant = answers::ByTenant::of(arrivals);
        let names = setup
            .tenants
            .iter()
            .flat_map(|tenants| tenants.names.iter());
        Self {
            setup,
            uploads: arrivals,
            arrivals: arrivals.iter().enumerate().peekable(),
            calendar: Calendar::new(),
            now: setup.from,
            lanes: (0..lanes).map(|_| LaneQueue::default()).collect(),
            receives: Slab::new(),
            tasks: Slab::new(),
            executions: Slab::new(),
            throttled: Slab::new(),
            turns: Turns::new(setup.order),
            lease: None,
            deferred: DeferredEvents::default(),
            received: Slab::new(),
            deferrals: Slab::new(),
            turns_taken: Slab::new(),
            tenant_numbers: names.cloned().zip(1..).collect(),
            slots_of_tenants: vec![HashMap::new(); Shard::COUNT],
            quota: (setup.quota)
                .map(|quota| Bucket::full(quota.bucket, quota.refill_per_second, setup.from)),
            target: Calls::new(&setup.target, setup.from),
            adapting: target::Adapting::default(),
            tasks_under_way: 0,
            messages_under_way: 0,
            answered: VecDeque::new(),
            stirred: false,
            slots: vec![[0; Shard::COUNT]; lanes],
            running: 0,
            waiting: 0,
            open: arrivals.len(),
            settling: (Millis::MIN / 4, 0),
            rng: fastrand::Rng::with_seed(setup.seed),
            answers,
        }
    }

    fn call(&self) -> Millis {
        self.setup.calls.each.as_millis() as Millis
    }

    /// Returns whether all uploads are done, or dead.
    pub fn is_done(&self) -> bool {
        self.open == 0 && self.slots.iter().flatten().all(|slots| *slots == 0)
    }

    /// Returns how many messages wait.
    pub fn backlog(&self) -> usize {
        self.waiting
    }

    /// Returns how many messages wait in a lane.
    pub fn waiting_in(&self, lane: usize) -> usize {
        self.lanes.get(lane).map_or(0, LaneQueue::len)
    }

    /// Returns the lanes in which messages wait, by their indexes.
    pub fn waiting_lanes(&self) -> impl Iterator<Item = usize> {
        let lanes = self.lanes.iter().enumerate();
        let waiting = lanes.filter(|(_, queue)| queue.holds_any());
        waiting.map(|(lane, _)| lane)
    }

    /// Returns how many slots of each lane lie in a shard.
    pub fn slots(&self, shard: Shard) -> impl Iterator<Item = u32> {
        let of_shard = move |slots: &[u32; Shard::COUNT]| slots.get(shard.index()).copied();
        self.slots.iter().filter_map(of_shard)
    }

    /// Returns how many slots of each tenant lie in a shard.
    pub fn slots_of_tenants(&self, shard: Shard) -> ByTenant {
        let slots = self.slots_of_tenants.get(shard.index()).into_iter();
        let names = self.setup.tenants.as_ref().map(|it| &it.names);
        let name = |tenant: u32| names?.get((tenant as usize).checked_sub(1)?).cloned();
        let named = |(tenant, slots): (&u32, &u32)| Some((name(*tenant)?, *slots));
        slots.flatten().filter_map(named).collect()
    }

    fn slot_put(&mut self, slot: OneSlot) {
        let OneSlot {
            shard,
            lane,
            tenant,
        } = slot;
        let of_lane = self.slots.get_mut(lane);
        if let Some(slots) = of_lane.and_then(|it| it.get_mut(shard.index())) {
            *slots += 1;
        }
        if self.setup.tenants.is_some()
            && tenant > 0
            && let Some(slots) = self.slots_of_tenants.get_mut(shard.index())
        {
            *slots.entry(tenant).or_default() += 1;
        }
    }

    fn slot_freed(&mut self, slot: OneSlot) {
        let OneSlot {
            shard,
            lane,
            tenant,
        } = slot;
        let of_lane = self.slots.get_mut(lane);
        if let Some(slots) = of_lane.and_then(|it| it.get_mut(shard.index())) {
            *slots = slots.saturating_sub(1);
        }
        if let Some(of_tenants) = self.slots_of_tenants.get_mut(shard.index())
            && let Some(slots) = of_tenants.get_mut(&tenant)
        {
            *slots = slots.saturating_sub(1);
            if *slots == 0 {
                of_tenants.remove(&tenant);
            }
        }
    }

    /// Writes into the lease, before the first slot of a tick, the worst that it can do. Returns
    /// when that is done.
    fn reserve(&mut self) -> Millis {
        let (now, call) = (self.now, self.call());
        let Some(lease) = &mut self.lease else {
            return now;
        };
        if let Some(at) = lease.reserved_at {
            return at;
        }
        lease.reserved_at = Some(now + call);
        let until = now + LEASE;
        let mut gate = lease.gate.lock();
        if let Some(worst) = gate.worst_of_day(until, now) {
            gate.reserved(&worst, until, now);
        }
        self.answers.counted.write_units += 1.0;
        now + call
    }

    /// Takes in that so many more events wait.
    fn waits_more(&mut self, events: usize) {
        self.waiting += events;
        if self.waiting > self.answers.most_waiting.0 {
            self.answers.most_waiting = (self.waiting, self.now);
        }
        self.look();
    }

    /// Returns when something happens next.
    pub fn next_at(&mut self) -> Option<Millis> {
        let way_in = self.setup.calls.way_in.as_millis() as Millis;
        let arrival = self.arrivals.peek().map(|(_, arrival)| arrival.at + way_in);
        let others = self.calendar.next_at();
        arrival.into_iter().chain(others).min()
    }

    /// Goes on until then.
    pub fn until(&mut self, time: Millis) {
        while self.next_at().is_some_and(|at| at <= time) {
            self.step();
        }
        self.now = self.now.max(time);
    }

    /// Goes on until something has ended, or until then.
    pub fn until_stirred(&mut self, time: Millis) {
        self.stirred = !self.answered.is_empty();
        while !self.stirred && self.next_at().is_some_and(|at| at <= time) {
            self.step();
        }
        if !self.stirred {
            self.now = self.now.max(time);
        }
    }

    /// Goes on for so long. An event at the very end of it comes later.
    pub fn takes(&mut self, time: Millis) {
        let end = self.now + time;
        self.until(end - 1);
        self.now = self.now.max(end);
    }

    /// Takes the next answer.
    pub fn answered(&mut self) -> Option<Answered> {
        self.answered.pop_front()
    }

    fn answers_with(&mut self, answered: Answered) {
        self.stirred = true;
        self.answered.push_back(answered);
    }

    /// Writes down how many messages wait and how many executions run.
    fn look(&mut self) {
        self.answers.series.at(self.now, self.waiting, self.running);
    }

    fn step(&mut self) {
        let way_in = self.setup.calls.way_in.as_millis() as Millis;
        let arrival = self.arrivals.peek().map(|(_, arrival)| arrival.at + way_in);
        let other = self.calendar.next_at();
        if let Some(at) = arrival
            && other.is_none_or(|other| at <= other)
            && let Some((place, arrival)) = self.arrivals.next()
        {
            self.now = self.now.max(at);
            return self.arrives(place, arrival);
        }
        let Some((at, event)) = self.calendar.take() else {
            return;
        };
        self.now = self.now.max(at);
        match event {
            Event::Visible(message) => self.visible(message),
            Event::Wakes(lane) => self.wakes(lane),
            Event::Receives(number) => self.receives(number, false),
            Event::GivesUp(number, since) => self.gives_up(number, since),
            Event::Answered(number) => self.is_answered(number),
            Event::Decides(number) => self.decides(number),
            Event::Unused(permit) => drop(permit),
            Event::SlotsPut(number) => self.slots_put(number),
            Event::SlotsAnswered(number) => self.reached(number, Stage::SlotPut),
            Event::Starts(number) => self.starts(number),
            Event::TaskEnds(number) => self.task_ends(number),
            Event::Restarts(start) => self.restarts(start),
            Event::Restarted { start, throttled } => self.restarted(start, throttled),
            Event::ExecutionEnds(number) => self.execution_ends(number),
            Event::Passes {
                message,
                again,
                shard,
                settled,
            } => self.passes(&message, again, shard, settled),
            Event::SlotFreed(freed) => self.slot_freed(freed),
            Event::TakesIn(number) => self.takes_in_received(number),
            Event::Defers(number) => self.defers(number),
            Event::Named(of, token) => self.deferred.name(of, token, self.now),
            Event::Deferred(tenant, message) => self.is_deferred(tenant, message),
            Event::DeferralEnds(number) => self.deferral_ends(number),
            Event::TurnsAsk(number) => self.turns_ask(number),
            Event::TurnsRead(number) => self.turns_read(number),
            Event::Removed(of, token) => self.deferred.remove(of, &token),
            Event::TurnsEnd(number) => self.turns_end(number),
            Event::Settled(settled) => self.is_settled(settled),
        }
    }

    /// Returns the upload that a message is of.
    fn upload_of(&self, message: &Message) -> Option<&'a Arrival> {
        self.uploads.get(message.upload as usize)
    }

    fn arrives(&mut self, place: usize, arrival: &Arrival) {
        self.visible(Message {
            sent: self.now,
            upload: u32::try_from(place).unwrap_or(u32::MAX),
            object: arrival.object,
            lane: arrival.lane,
            attempt: 1,
            uncounted: 0,
            called: false,
        });
    }

    /// Ends the plan.
    pub fn end(mut self) -> Answers {
        self.answers.left = self.open;
        self.answers.ended();
        self.answers
    }
}

/// Returns the waves of arrivals, by their indexes.
fn waves(arrivals: &[Arrival]) -> Vec<Wave> {
    let mut waves: Vec<Wave> = Vec::new();
    for arrival in arrivals {
        let index = usize::from(arrival.wave);
        if waves.len() <= index {
            waves.resize(index + 1, Wave::default());
        }
        if let Some(wave) = waves.get_mut(index) {
            if wave.uploads == 0 {
                wave.first_upload = arrival.at;
            }
            wave.last_upload = wave.last_upload.max(arrival.at);
            wave.uploads += 1;
            wave.left += 1;
        }
    }
    waves
}
