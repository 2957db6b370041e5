//! The invariants that hold in every state, judged by the world and not by Spillway's records of
//! it.

use spillway::record::row::State as RowState;
use spillway::rules::order::Order;
use stateright::Property;

use super::{Protocol, State};
use crate::breakage::Breakage;
use crate::world::{Broken, EXECUTIONS, Event, Execution, Fate, World, is_batch, tenant_of};

impl Protocol {
    pub(super) fn invariants(&self) -> Vec<Property<Self>> {
        let mut invariants = vec![
            Property::always("I2: one execution for an attempt", |_, state: &State| {
                state.kept(Broken::Twice)
            }),
            Property::always(
                "I2: the next attempt only after the last one failed",
                |_, state: &State| state.kept(Broken::Early),
            ),
            Property::always("I5: one at a time of an object", |_, state: &State| {
                state.kept(Broken::AtOnce)
            }),
            Property::always(
                "I5: no older version after a newer one",
                |_, state: &State| state.kept(Broken::Backwards),
            ),
            Property::always(
                "I5: nobody passes an older version that waits",
                |_, state: &State| state.kept(Broken::Passed),
            ),
            Property::always(
                "I1: what is recorded as succeeded did succeed",
                |protocol: &Self, state: &State| {
                    protocol
                        .events()
                        .all(|event| protocol.has_succeeded_if_so_recorded(&state.world, event))
                },
            ),
            Property::always(
                "I1: every event is in a safe place",
                |protocol: &Self, state: &State| {
                    protocol
                        .events()
                        .all(|event| protocol.is_safe(&state.world, event))
                },
            ),
            Property::always("I3: what runs holds a slot", |_, state: &State| {
                let world = &state.world;
                let runs = |it: &Execution| world.fate(*it) == Fate::Running;
                let mut running = (0..EXECUTIONS as Execution).filter(runs);
                state.kept(Broken::WithoutSlot) && running.all(|it| world.slot(it).is_some())
            }),
        ];
        if self.bounds.changes > 0 {
            invariants.push(Property::always(
                "I3: one slot for an execution",
                |_, state: &State| {
                    let mut slots = state.world.slots.windows(2);
                    slots.all(|two| two[0].execution != two[1].execution)
                },
            ));
        }
        if self.bounds.lease_ends == 0 {
            invariants.push(Property::always(
                "I3: never more than the limit",
                |protocol: &Self, state: &State| {
                    let limit = protocol.bounds.max_concurrency as usize;
                    state.kept(Broken::Over) && state.world.slots.len() <= limit
                },
            ));
        }
        if self.bounds.tenants.is_some() && self.bounds.lease_ends == 0 {
            invariants.push(Property::always(
                "I3: never more of a tenant than its bound",
                |protocol: &Self, state: &State| {
                    let max = protocol.bounds.tenants.unwrap_or(u32::MAX);
                    let slots = protocol.slots_of_tenants(&state.world);
                    slots.into_iter().all(|slots| u32::from(slots) <= max)
                },
            ));
        }
        invariants
    }

    fn has_succeeded_if_so_recorded(&self, world: &World, event: Event) -> bool {
        let succeeded = |execution| match world.fate(execution) {
            Fate::Succeeded => true,
            Fate::Reported(failed) => failed & 1 << event == 0,
            _ => false,
        };
        let mut of_event =
            (0..EXECUTIONS as Execution).filter(|&it| world.input(it) & 1 << event != 0);
        world.row(event).state != Some(RowState::Succeeded) || of_event.any(succeeded)
    }

    /// Whether a message, a slot or a record keeps the event from being forgotten.
    fn is_safe(&self, world: &World, event: Event) -> bool {
        let row = world.row(event);
        let any_slot = || !world.slots.is_empty();
        match row.state {
            None | Some(RowState::Queued | RowState::Retry) => self.is_asked_for(world, event),
            Some(RowState::Started) => row.execution.is_some_and(|execution| {
                let listed = !is_batch(execution) || world.list(execution).is_some();
                listed && world.slot(execution).is_some()
            }),
            Some(RowState::Waiting) => {
                let waits =
                    |event: Event| world.head.waits && world.waiters[usize::from(event)].is_some();
                let asked_for = |event: Event| waits(event) && self.is_asked_for(world, event);
                let others = || any_slot() || self.events().any(asked_for);
                self.is_asked_for(world, event)
                    || waits(event) && others()
                    || self.has_its_turn(world, event)
            }
            Some(RowState::Succeeded) => true,
            Some(RowState::Dead) => {
                world.dead.ask_beyond(event, row.attempt) || self.is_asked_for(world, event)
            }
            Some(RowState::Superseded) => {
                let comes = |newer: Event| {
                    let state = world.row(newer).state;
                    self.is_asked_for(world, newer)
                        || state.is_some_and(|it| it != RowState::Superseded)
                };
                self.bounds.order == Order::Latest
                    && self.events().any(|newer| newer > event && comes(newer))
            }
        }
    }

    /// Whether the event's item asks for a later attempt than the row's, and the directory names
    /// its tenant.
    fn has_its_turn(&self, world: &World, event: Event) -> bool {
        let attempt = world.deferred[usize::from(event)];
        let asked = attempt.is_some_and(|attempt| attempt > world.row(event).attempt);
        asked && world.named[tenant_of(event)].is_some()
    }

    /// Whether a message asks for a later attempt than the row's.
    fn is_asked_for(&self, world: &World, event: Event) -> bool {
        let attempt = world.row(event).attempt;
        let held = world
            .ticks
            .iter()
            .flat_map(|tick| &tick.tasks)
            .flat_map(|task| &task.held);
        let mut held = held.filter(|_| !self.is_broken_by(Breakage::DeleteBeforeClaim));
        world.queue.ask_beyond(event, attempt)
            || held.any(|it| it.event == event && it.attempt > attempt)
    }
}

impl State {
    fn kept(&self, invariant: Broken) -> bool {
        self.world.broken != Some(invariant)
    }
}
