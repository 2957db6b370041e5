//! The protocol: every step that can be made in a state, and what it leads to. One step is one call to AWS.

mod batch;
mod invariants;
mod message;
mod ordered;
mod settle;
mod tick;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use spillway::order::Order;
use spillway::outcome::RetryPolicy;
use stateright::{Model, Property};

use crate::breakage::Breakage;
use crate::cast::Cast;
use crate::world::{
    At, Event, EXECUTIONS, Execution, Fate, Lease, Message, RowOf, Settle, SettleAt, Tick, TickAt, Worker, World,
    candidates, is_batch,
};
use spillway::row::State as RowState;

/// What is explored, and how far.
#[derive(Debug, Clone)]
pub struct Bounds {
    pub order: Order,
    /// Object events, at most three; two when they are worked on in batches.
    pub events: u8,
    pub batches: bool,
    pub max_concurrency: u32,
    pub max_attempts: u32,
    /// Crashes, repeated messages, lost and repeated outcomes, throttled starts and old answers, taken together.
    pub faults: u8,
    /// Dead letters that are redriven.
    pub redrives: u8,
    /// Event 1 also comes by ingest, which writes its row at any time before it is claimed.
    pub ingest: bool,
    /// Messages that one tick handles at once: one or two.
    pub workers: usize,
    /// Two ticks, and a lease that may end while its holder still runs. The limit rests on the lease: it is not asked for
    /// then.
    pub lease_ends_early: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            order: Order::None,
            events: 2,
            batches: false,
            max_concurrency: 2,
            max_attempts: 1,
            faults: 1,
            redrives: 0,
            ingest: false,
            workers: 1,
            lease_ends_early: false,
        }
    }
}

/// The protocol within its bounds.
#[derive(Debug, Clone)]
pub struct Protocol {
    pub bounds: Bounds,
    pub broken: Option<Breakage>,
    cast: Cast,
    retry: RetryPolicy,
}

/// A state of the world, and its fingerprint.
#[derive(Clone, PartialEq, Eq)]
pub struct State {
    pub world: World,
    fingerprint: u64,
}

impl State {
    fn of(mut world: World) -> Self {
        world.forget_what_does_not_matter();
        let mut hasher = DefaultHasher::new();
        world.hash(&mut hasher);
        Self { fingerprint: hasher.finish(), world }
    }

    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.fingerprint);
    }
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.world.fmt(formatter)
    }
}

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A tick begins: it takes the lease. The slots there are are old by now, or not.
    Begin { tick: u8, old: bool },
    /// Its next call for a slot, or the count of the slots.
    LookAfter(u8),
    /// A message is received by a worker.
    Receive(u8, u8, Message),
    /// Nothing more is received for a batch.
    Close(u8, u8),
    /// A worker's next call.
    Work(u8, u8),
    /// Every slot is taken: they are counted again.
    Recount(u8),
    Release(u8),
    /// Settle receives the outcome of an execution.
    TakeOutcome(u8, Execution),
    Settle(u8),
    /// An execution ends, and one event says so.
    End(Execution, Fate),
    Ingest(Event),
    Redrive(Message),
    Fault(Fault),
}

/// What may go wrong. Each counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    TickDies(u8),
    SettleDies(u8),
    /// A message comes again although it was received, or deleted since.
    Repeat(Message),
    EndUntold(Execution, Fate),
    ToldAgain(Execution),
    /// The next start of a worker, or of restart and sweep, is throttled.
    Throttle(u8, Option<u8>),
    /// DescribeExecution does not know yet of an execution that runs.
    OldAnswer(u8),
    LeaseEnds,
}

impl Protocol {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            cast: Cast::of(bounds.order),
            retry: RetryPolicy { max_attempts: bounds.max_attempts, backoff_seconds: vec![5] },
            bounds,
            broken: None,
        }
    }

    /// With one step that is made wrongly.
    pub fn broken_by(mut self, breakage: Breakage) -> Self {
        self.broken = Some(breakage);
        self
    }

    fn is_broken_by(&self, breakage: Breakage) -> bool {
        self.broken == Some(breakage)
    }

    pub fn events(&self) -> impl Iterator<Item = Event> + use<> {
        0..self.bounds.events
    }

    fn ordered(&self) -> bool {
        self.bounds.order != Order::None
    }

    /// Nothing is left to do: every event is finished, and nothing waits, runs or is held. The list of a batch that died
    /// before its slot may be left: it expires.
    pub fn is_quiet(&self, world: &World) -> bool {
        let finished = |event| world.row(event).state.is_some_and(RowState::is_finished);
        self.events().all(finished)
            && world.queue.is_empty()
            && world.slots.is_empty()
            && world.outcomes == [0; EXECUTIONS]
            && world.running() == 0
            && world.ticks.iter().all(|tick| tick.at == TickAt::Idle)
            && world.settles.iter().all(|settle| settle.at == SettleAt::Idle)
            && world.head.running.is_none()
            && world.head.waiting == 0
    }

    fn ends(&self, execution: Execution) -> Vec<Fate> {
        let mut ends = vec![Fate::Succeeded, Fate::Failed];
        if is_batch(execution) {
            ends.extend(candidates(execution).map(|event| Fate::Reported(1 << event)));
        }
        ends
    }

    /// Starts an execution as Step Functions does: once for a name. Says what that breaks.
    fn start(&self, world: &mut World, execution: Execution, input: u8) {
        if world.fate(execution) != Fate::Unknown {
            return;
        }
        let attempt = crate::world::attempt_of(execution);
        let of_event = |other: Execution, event: Event| world.input(other) & 1 << event != 0;
        let others = (0..EXECUTIONS as Execution).filter(|&other| world.fate(other) != Fate::Unknown);
        let mut broken = Vec::new();
        for other in others {
            let fate = world.fate(other);
            for event in self.events().filter(|event| input & 1 << event != 0 && of_event(other, *event)) {
                let succeeded = match fate {
                    Fate::Succeeded => true,
                    Fate::Reported(failed) => failed & 1 << event == 0,
                    _ => false,
                };
                match crate::world::attempt_of(other) {
                    earlier if earlier == attempt => broken.push(crate::world::Broken::Twice),
                    earlier if earlier > attempt => broken.push(crate::world::Broken::Early),
                    _ if succeeded || !fate.has_closed() => broken.push(crate::world::Broken::Early),
                    _ => {}
                }
            }
            if self.ordered() {
                let (this, that) = (crate::world::event_of(execution), crate::world::event_of(other));
                if !fate.has_closed() {
                    broken.push(crate::world::Broken::AtOnce);
                }
                if self.bounds.order == Order::Latest && that > this {
                    broken.push(crate::world::Broken::Backwards);
                }
            }
        }
        broken.into_iter().for_each(|promise| world.broke(promise));
        world.executions[usize::from(execution)] = Fate::Running;
        if is_batch(execution) {
            world.inputs[usize::from(candidates(execution)[0])] = input;
        }
        if world.slot(execution).is_none() {
            world.broke(crate::world::Broken::WithoutSlot);
        }
        if !self.bounds.lease_ends_early && world.running() > self.bounds.max_concurrency as usize {
            world.broke(crate::world::Broken::Over);
        }
    }

    fn fault(&self, world: &mut World, fault: Fault) {
        world.faults -= 1;
        match fault {
            Fault::TickDies(tick) => {
                let dead = std::mem::take(&mut world.ticks[usize::from(tick)]);
                for message in dead.workers.into_iter().flat_map(|worker| worker.held) {
                    if !self.is_broken_by(Breakage::DeleteBeforeClaim) {
                        world.queue.put(message);
                    }
                }
                if world.lease.holder == Some(tick) {
                    world.lease.expired = true;
                }
            }
            Fault::SettleDies(settle) => {
                let dead = std::mem::take(&mut world.settles[usize::from(settle)]);
                world.outcomes[usize::from(dead.execution)] += 1;
            }
            Fault::Repeat(message) => world.queue.put(message),
            Fault::EndUntold(execution, fate) => world.executions[usize::from(execution)] = fate,
            Fault::ToldAgain(execution) => world.outcomes[usize::from(execution)] += 1,
            Fault::Throttle(tick, Some(worker)) => self.throttled(world, tick, worker),
            Fault::Throttle(tick, None) => self.throttled_restart(world, tick),
            Fault::OldAnswer(tick) => self.found_nothing(world, tick),
            Fault::LeaseEnds => world.lease.expired = true,
        }
    }

    fn faults(&self, world: &World, steps: &mut Vec<Step>) {
        let mut faults = Vec::new();
        for (tick, number) in world.ticks.iter().zip(0u8..) {
            if tick.at != TickAt::Idle {
                faults.push(Fault::TickDies(number));
            }
            let first = tick.calls.first();
            if tick.at == TickAt::LookAfter {
                match first.map(|call| (call.what, world.fate(call.slot.execution))) {
                    Some((crate::world::What::Start(_), _)) => faults.push(Fault::Throttle(number, None)),
                    Some((crate::world::What::Find, Fate::Running)) => faults.push(Fault::OldAnswer(number)),
                    _ => {}
                }
            }
            for (worker, place) in tick.workers.iter().zip(0u8..) {
                if worker.at == At::Start {
                    faults.push(Fault::Throttle(number, Some(place)));
                }
            }
        }
        for (settle, number) in world.settles.iter().zip(0u8..) {
            if settle.at != SettleAt::Idle {
                faults.push(Fault::SettleDies(number));
            }
        }
        let held = world.ticks.iter().flat_map(|tick| &tick.workers).flat_map(|worker| &worker.held);
        let mut messages: Vec<Message> = world.queue.kinds().chain(held.copied()).collect();
        messages.sort();
        messages.dedup();
        faults.extend(messages.into_iter().map(Fault::Repeat));
        for execution in 0..EXECUTIONS as Execution {
            let fate = world.fate(execution);
            if fate == Fate::Running {
                let ends = self.ends(execution);
                faults.extend(ends.into_iter().map(|fate| Fault::EndUntold(execution, fate)));
            } else if fate.has_closed() && world.outcomes[usize::from(execution)] < 2 {
                faults.push(Fault::ToldAgain(execution));
            }
        }
        if self.bounds.lease_ends_early && world.lease.holder.is_some() && !world.lease.expired {
            faults.push(Fault::LeaseEnds);
        }
        steps.extend(faults.into_iter().map(Step::Fault));
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let mut world = World {
            ticks: vec![Tick::default(); 1 + usize::from(self.bounds.lease_ends_early || self.is_broken_by(Breakage::NoLease))],
            faults: self.bounds.faults,
            redrives: self.bounds.redrives,
            ingests: self.bounds.ingest.into(),
            lease: Lease::default(),
            ..World::default()
        };
        for event in self.events() {
            world.queue.put(Message { event, attempt: 1 });
        }
        vec![State::of(world)]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        let world = &state.world;
        for (tick, number) in world.ticks.iter().zip(0u8..) {
            self.tick_steps(world, tick, number, steps);
        }
        for (settle, number) in world.settles.iter().zip(0u8..) {
            if settle.at != SettleAt::Idle {
                steps.push(Step::Settle(number));
            }
        }
        // Those that are idle are alike: one of them receives.
        if let Some(idle) = world.settles.iter().position(|settle| settle.at == SettleAt::Idle) {
            let told = (0..EXECUTIONS as Execution).filter(|&it| world.outcomes[usize::from(it)] > 0);
            steps.extend(told.map(|execution| Step::TakeOutcome(idle as u8, execution)));
        }
        for execution in 0..EXECUTIONS as Execution {
            if world.fate(execution) == Fate::Running {
                steps.extend(self.ends(execution).into_iter().map(|fate| Step::End(execution, fate)));
            }
        }
        if world.ingests > 0 && world.row(1).state.is_none() {
            steps.push(Step::Ingest(1));
        }
        if world.redrives > 0 {
            steps.extend(world.dead.kinds().map(Step::Redrive));
        }
        if world.faults > 0 {
            self.faults(world, steps);
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut world = last.world.clone();
        let next = &mut world;
        match step {
            Step::Begin { tick, old } => self.begin(next, tick, old),
            Step::LookAfter(tick) => self.look_after(next, tick),
            Step::Receive(tick, worker, message) => self.receive(next, tick, worker, message),
            Step::Close(tick, worker) => self.close(next, tick, worker),
            Step::Work(tick, worker) => self.work(next, tick, worker),
            Step::Recount(tick) => {
                let counted = next.slots.len() as u8;
                let tick = &mut next.ticks[usize::from(tick)];
                (tick.counted, tick.put) = (counted, 0);
            }
            Step::Release(tick) => self.release(next, tick),
            Step::TakeOutcome(settle, execution) => {
                next.outcomes[usize::from(execution)] -= 1;
                next.settles[usize::from(settle)] =
                    Settle { at: SettleAt::Slot, execution, ..Settle::default() };
            }
            Step::Settle(settle) => self.settle(next, settle),
            Step::End(execution, fate) => {
                next.executions[usize::from(execution)] = fate;
                next.outcomes[usize::from(execution)] += 1;
            }
            // The row first, then the message.
            Step::Ingest(event) => {
                next.ingests -= 1;
                *next.row_mut(event) = RowOf { state: Some(RowState::Queued), ..RowOf::default() };
                next.queue.put(Message { event, attempt: 1 });
            }
            Step::Redrive(message) => {
                next.redrives -= 1;
                next.dead.take(message);
                next.queue.put(message);
            }
            Step::Fault(fault) => self.fault(next, fault),
        }
        Some(State::of(world))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        self.promises()
    }
}

/// A worker's place in the world.
fn worker(world: &mut World, tick: u8, worker: u8) -> &mut Worker {
    &mut world.ticks[usize::from(tick)].workers[usize::from(worker)]
}
