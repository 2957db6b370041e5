//! The steps that are possible in a state of the world, and the states they lead to. One step is
//! one call to AWS that a machine of the core has outstanding, with its effect and its answer.

mod calls;
mod drain;
mod execution;
mod faults;
mod invariants;
mod look_after;
mod settle;
mod step;
mod tenants;
mod tick;

use std::fmt;
use std::hash::{Hash, Hasher};

use spillway::event::tenant::By;
use spillway::pace::layout::Layout;
use spillway::pace::tenants::TenantBound;
use spillway::protocol::terms::Pipeline;
use spillway::record::layouts::{Layouts, Said};
use spillway::record::row::State as RowState;
use spillway::rules::order::Order;
use spillway::rules::retry::RetryPolicy;
use stateright::{Model, Property};

use self::tick::oldest;

use crate::bounds::Bounds;
use crate::breakage::Breakage;
use crate::cast::{Cast, PIPELINE};
use crate::world::{
    EVENTS, EXECUTIONS, Event, Execution, Fate, HeadOf, Lease, Message, RowOf, SlotOf, TENANTS,
    TickOf, World, hash,
};

pub use self::step::{Fault, Step};

/// The protocol within its bounds.
#[derive(Debug, Clone)]
pub struct Protocol {
    pub bounds: Bounds,
    pub broken: Option<Breakage>,
    /// The only invariant that is asked for; `None`: all are.
    only: Option<&'static str>,
    cast: Cast,
    pipeline: Pipeline,
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
        Self {
            fingerprint: hash(&world),
            world,
        }
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

impl Protocol {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            cast: Cast::of(bounds.order),
            pipeline: Pipeline {
                arn: PIPELINE.to_owned(),
                order: bounds.order,
                lanes: vec!["default".to_owned()],
                tenants: bounds.tenants.map(|max_concurrency| TenantBound {
                    by: By::Segment(1),
                    max_concurrency,
                }),
            },
            retry: RetryPolicy {
                max_attempts: bounds.max_attempts,
                backoff_seconds: vec![5],
            },
            bounds,
            broken: None,
            only: None,
        }
    }

    /// Asks for one invariant only. Of several that break in as many steps any can be the first.
    pub fn asked_for(mut self, invariant: &'static str) -> Self {
        self.only = Some(invariant);
        self
    }

    /// Returns the model with one step that is made wrongly.
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

    /// Returns whether nothing is left to do: every event is finished, and nothing waits, runs or
    /// is held. The list of a batch that died before its slot can be left: it expires.
    pub fn is_quiet(&self, world: &World) -> bool {
        let finished = |event| world.row(event).state.is_some_and(RowState::is_finished);
        self.events().all(finished)
            && world.queue.is_empty()
            && world.slots.is_empty()
            && world.outcomes == [0; EXECUTIONS]
            && world.running() == 0
            && world.ticks.iter().all(|tick| tick.tick.is_none())
            && world.settles.iter().all(Option::is_none)
            && world.head.running.is_none()
            && !world.head.waits
            && world.deferred == [None; EVENTS]
            && world.named == [const { None }; TENANTS]
    }
}

/// The first event has run; with an order the head says that others wait.
fn end_first(world: &mut World, order: Order) {
    const FIRST: Execution = 0;
    world.queue.take(Message {
        event: 0,
        attempt: 1,
    });
    *world.row_mut(0) = RowOf {
        state: Some(RowState::Started),
        attempt: 1,
        execution: Some(FIRST),
    };
    if order != Order::None {
        world.head = HeadOf {
            exists: true,
            newest: Some(0),
            running: Some(FIRST),
            waits: true,
        };
    }
    world.put_slot(SlotOf {
        execution: FIRST,
        layout: Layout::One,
        taken_at: 0,
        pending: false,
    });
    world.executions[usize::from(FIRST)] = Fate::Succeeded;
    world.outcomes[usize::from(FIRST)] = 1;
}

impl Model for Protocol {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let ends = self.bounds.lease_ends + self.bounds.runs_out;
        let two = ends > 0 || self.is_broken_by(Breakage::NoLease);
        let mut world = World {
            ticks: vec![TickOf::default(); 1 + usize::from(two)],
            faults: self.bounds.faults,
            repeats: self.bounds.repeats,
            lease_ends: self.bounds.lease_ends,
            runs_out: self.bounds.runs_out,
            redrives: self.bounds.redrives,
            ingests: self.bounds.ingest.into(),
            changes: self.bounds.changes,
            lease: Lease {
                layouts: match self.bounds.changes {
                    0 => Said::Layouts(Layouts::default()),
                    _ => Said::Nothing,
                },
                ..Lease::default()
            },
            ..World::default()
        };
        for event in self.events() {
            world.queue.put(Message { event, attempt: 1 });
        }
        if self.bounds.ended {
            end_first(&mut world, self.bounds.order);
        }
        vec![State::of(world)]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        let world = &state.world;
        for (tick, number) in world.ticks.iter().zip(0u8..) {
            self.tick_steps(world, tick, number, steps);
        }
        self.settle_steps(world, steps);
        for execution in 0..EXECUTIONS as Execution {
            if world.fate(execution) == Fate::Running {
                steps.extend(
                    self.ends(execution)
                        .into_iter()
                        .map(|fate| Step::End(execution, fate)),
                );
            }
        }
        if world.ingests > 0 && world.row(1).state.is_none() {
            steps.push(Step::Ingest(1));
        }
        if world.changes > 0 {
            steps.push(Step::ChangeLayout);
        }
        if world.redrives > 0 {
            steps.extend(world.dead.kinds().map(Step::Redrive));
        }
        self.faults(world, steps);
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut world = last.world.clone();
        let next = &mut world;
        match step {
            Step::Begin { tick, old } => self.begin(next, tick, old),
            Step::LookAfter(tick) => self.look_after(next, tick, None),
            Step::Again(tick) => self.start_again(next, tick),
            Step::Checkpoint(tick) => {
                let of_tick = &next.ticks[usize::from(tick)];
                next.lease.suspect_since = Some(oldest(next, of_tick));
            }
            Step::Receive(tick, task, message) => self.receive(next, tick, task, message),
            Step::Turn(tick, task) => self.take_turn_of_tenant(next, tick, task),
            Step::Close(tick, task) => self.fill(next, tick, task, false),
            Step::Work(tick, task, id) => self.work(next, tick, task, id, None),
            Step::Recount(tick) => {
                let of_tick = &next.ticks[usize::from(tick)];
                let counted = self.counted(next, of_tick);
                let tick = &mut next.ticks[usize::from(tick)];
                (tick.counted, tick.put) = (counted, [0; TENANTS]);
            }
            Step::Release(tick) => self.release(next, tick),
            Step::TakeOutcome(settle, execution) => self.take_outcome(next, settle, execution),
            Step::Settle(settle, id) => self.settle(next, settle, id, None),
            Step::End(execution, fate) => {
                next.executions[usize::from(execution)] = fate;
                next.outcomes[usize::from(execution)] += 1;
            }
            // The row first, then the message.
            Step::Ingest(event) => {
                next.ingests -= 1;
                *next.row_mut(event) = RowOf {
                    state: Some(RowState::Queued),
                    ..RowOf::default()
                };
                next.queue.put(Message { event, attempt: 1 });
            }
            Step::ChangeLayout => {
                next.changes -= 1;
                next.layout = next.layout.other();
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
        let asked_for = |it: &Property<Self>| self.only.is_none_or(|only| only == it.name);
        self.invariants().into_iter().filter(asked_for).collect()
    }
}
