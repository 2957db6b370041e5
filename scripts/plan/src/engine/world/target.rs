//! The circuit in front of the target: the core's own. `settle` counts the ends of executions in
//! the health item, and `dispatch` reads it with the control item.

use std::collections::BTreeMap;

use spillway::Millis;
use spillway::pace::Pace;
use spillway::pace::adapt::circuit::{Allowed, Circuit};
use spillway::pace::adapt::health::Health;

use super::{Load, Running, World};
use crate::engine::slab::Slab;

/// The circuit, and the ends of executions that it goes by.
#[derive(Debug, Default)]
pub(super) struct Adapting {
    /// `None` before the first tick, or if the pace does not adapt.
    circuit: Option<Circuit>,
    /// The circuit's number before it last changed, and when it did.
    before: (u32, Millis),
    /// Ends of executions, by the circuit's number.
    health: BTreeMap<u32, Health>,
    /// The same, as they were read with the control item.
    read: BTreeMap<u32, Health>,
    /// Invocations of `settle`, each of which counts its ends together.
    invocations: Slab<Invocation>,
    /// The one that takes the next outcome, if that comes soon.
    current: usize,
}

/// An invocation of `settle`.
#[derive(Debug, Default)]
struct Invocation {
    /// Outcomes that it has not settled.
    left: usize,
    /// Ends that it counts when it has settled all.
    ended: Vec<Ended>,
}

/// An execution's end, as the target's health has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// The circuit's number when its slot was put.
    generation: u32,
    /// It failed with an error that the owner names.
    failed: bool,
}

/// An outcome that an invocation of `settle` settles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settled {
    pub invocation: usize,
    /// `None`: it says nothing about the target.
    pub ended: Option<Ended>,
}

impl Adapting {
    /// Takes in an outcome. `anew`: another invocation takes it than the one before. Returns which.
    pub(super) fn settles(&mut self, anew: bool) -> usize {
        if anew || self.invocations.get(self.current).is_none() {
            self.current = self.invocations.keep(Invocation::default());
        }
        if let Some(invocation) = self.invocations.get_mut(self.current) {
            invocation.left += 1;
        }
        self.current
    }

    /// Returns the circuit's number at a time, which each slot that is put then carries.
    pub(super) fn generation(&self, at: Millis) -> Option<u32> {
        let circuit = self.circuit?;
        let (before, changed_at) = self.before;
        Some(match at < changed_at {
            true => before,
            false => circuit.generation,
        })
    }
}

impl World<'_> {
    /// Returns the circuit's part of the pace.
    pub fn allowed(&self) -> Allowed {
        let circuit = self.adapting.circuit;
        circuit.map_or(Allowed::Everything, |circuit| circuit.allowed(None))
    }

    /// Reads the control item, and beside it the health of the target.
    pub fn reads_control(&mut self) {
        let call = self.call();
        self.takes(call / 2);
        let Self {
            adapting, setup, ..
        } = self;
        adapting.read.clone_from(&adapting.health);
        let adapts = setup.adapt.is_some();
        self.takes(call - call / 2);
        if adapts && self.adapting.circuit.is_none() {
            self.adapting.circuit = Some(Circuit::new(self.now));
        }
    }

    /// Looks at how executions ended. A change is written before the tick goes on.
    pub fn look_at_health(&mut self, pace: &Pace) {
        let (now, call) = (self.now, self.call());
        let (Some(adapt), Some(mut circuit)) = (&self.setup.adapt, self.adapting.circuit) else {
            return;
        };
        let before = circuit.generation;
        let health = self.adapting.read.get(&before).copied();
        let health = health.unwrap_or_default();
        let change = circuit.look(adapt, pace.starts_per_second, health, now);
        self.adapting.circuit = Some(circuit);
        if circuit.generation != before {
            self.adapting.before = (before, now);
        }
        self.allow();
        let Some(change) = change else {
            return;
        };
        let rate = circuit.rate(pace.starts_per_second);
        self.answers.circuit.changed(now, change.to, rate);
        self.takes(call);
        self.answers.counted.write_units += 1.0;
        let over = self.adapting.read.keys().copied();
        let over: Vec<u32> = over.filter(|it| *it != circuit.generation).collect();
        if !over.is_empty() {
            self.takes(call);
            self.answers.counted.write_units += 1.0;
            let health = &mut self.adapting.health;
            health.retain(|generation, _| !over.contains(generation));
        }
    }

    /// Tells the gate the part of the pace that the circuit allows.
    fn allow(&self) {
        if let Some(lease) = &self.lease {
            lease.gate.lock().set_allowed(self.allowed());
        }
    }

    /// Changes the circuit after the answers to starts.
    pub(super) fn circuit_told(&mut self, started: usize) {
        let now = self.now;
        for _ in 0..started {
            let Some(circuit) = &mut self.adapting.circuit else {
                return;
            };
            let is_probe = matches!(circuit.allowed(None), Allowed::Probe(at) if now >= at);
            circuit.started(1, now);
            if is_probe {
                self.answers.circuit.probes += 1;
                self.allow();
            }
        }
    }

    /// Returns the error of an execution that fails, by its place among the failures. Behind them
    /// come the target's refusals.
    pub(super) fn error(&self, failure: usize) -> &str {
        let setup = self.setup;
        let failures = &setup.executions.failures;
        let of_execution = failures.get(failure);
        of_execution.map_or(&setup.target.error, |failure| &failure.error)
    }

    /// Returns how many ends of an event do not count that fail so: `None`, if each counts.
    pub(super) fn uncounted_max(&self, failure: usize) -> Option<u32> {
        let adapt = self.setup.adapt.as_ref()?;
        let is_meant = adapt.is_failure(Some(self.error(failure)));
        is_meant.then_some(adapt.uncounted_max)
    }

    /// Returns an end for the health of the target. One with an error that the owner does not name
    /// says nothing. A batch that reports some of its objects as failed has succeeded.
    pub(super) fn ended(&self, execution: &Running) -> Option<Ended> {
        let generation = execution.generation?;
        let failure = match (execution.refused, &execution.load) {
            (true, _) => Some(self.setup.executions.failures.len()),
            (false, Load::One(message)) => self.attempt(message).fails(&self.setup.executions),
            (false, Load::Many(_)) => None,
        };
        let failed = failure.is_some();
        if failed && failure.and_then(|it| self.uncounted_max(it)).is_none() {
            return None;
        }
        Some(Ended { generation, failed })
    }

    /// Takes in that an outcome is settled. The last one of an invocation has all its ends counted.
    pub(super) fn is_settled(&mut self, settled: Settled) {
        let Settled {
            invocation: number,
            ended,
        } = settled;
        let Adapting {
            invocations,
            health,
            ..
        } = &mut self.adapting;
        let Some(invocation) = invocations.get_mut(number) else {
            return;
        };
        invocation.left -= 1;
        invocation.ended.extend(ended);
        if invocation.left > 0 {
            return;
        }
        let ended = invocations.take(number).map(|it| it.ended);
        for Ended { generation, failed } in ended.unwrap_or_default() {
            let health = health.entry(generation).or_insert(Health {
                generation,
                ..Health::default()
            });
            match failed {
                true => health.failed += 1,
                false => health.succeeded += 1,
            }
        }
    }
}
