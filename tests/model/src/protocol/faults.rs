//! What may go wrong, in a state, and what that leads to.

use super::Protocol;
use super::step::{Fault, Step};
use crate::breakage::Breakage;
use crate::world::{At, EXECUTIONS, Execution, Fate, Message, SettleAt, TickAt, What, World};

impl Protocol {
    pub(super) fn fault(&self, world: &mut World, fault: Fault) {
        match fault {
            Fault::LeaseEnds => world.lease_ends -= 1,
            Fault::Repeat(_) if world.repeats > 0 => world.repeats -= 1,
            _ => world.faults -= 1,
        }
        match fault {
            Fault::TickDies(tick) => {
                let dead = std::mem::take(&mut world.ticks[usize::from(tick)]);
                for message in dead.tasks.into_iter().flat_map(|task| task.held) {
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
            Fault::OutcomeLost(execution, fate) => world.executions[usize::from(execution)] = fate,
            Fault::OutcomeRepeated(execution) => world.outcomes[usize::from(execution)] += 1,
            Fault::Throttle(tick, Some(task)) => self.throttled(world, tick, task),
            Fault::Throttle(tick, None) => self.throttled_restart(world, tick),
            Fault::OldAnswer(tick) => self.found_nothing(world, tick),
            Fault::LeaseEnds => world.lease.expired = true,
        }
    }

    pub(super) fn faults(&self, world: &World, steps: &mut Vec<Step>) {
        let mut faults = Vec::new();
        if world.faults > 0 {
            self.failures(world, &mut faults);
        }
        if world.faults > 0 || world.repeats > 0 {
            let ticks = world.ticks.iter();
            let held = ticks
                .flat_map(|tick| &tick.tasks)
                .flat_map(|task| &task.held);
            let mut messages: Vec<Message> = world.queue.kinds().chain(held.copied()).collect();
            messages.sort();
            messages.dedup();
            faults.extend(messages.into_iter().map(Fault::Repeat));
        }
        if world.lease_ends > 0 && world.lease.holder.is_some() && !world.lease.expired {
            faults.push(Fault::LeaseEnds);
        }
        steps.extend(faults.into_iter().map(Step::Fault));
    }

    /// What counts as a fault only.
    fn failures(&self, world: &World, faults: &mut Vec<Fault>) {
        for (tick, number) in world.ticks.iter().zip(0u8..) {
            if tick.at != TickAt::Idle {
                faults.push(Fault::TickDies(number));
            }
            let first = tick.calls.first();
            if tick.at == TickAt::LookAfter {
                match first.map(|call| (call.what, world.fate(call.slot.execution))) {
                    Some((What::Start(_), _)) => faults.push(Fault::Throttle(number, None)),
                    Some((What::Find, Fate::Running)) => faults.push(Fault::OldAnswer(number)),
                    _ => {}
                }
            }
            for (task, place) in tick.tasks.iter().zip(0u8..) {
                if task.at == At::Start {
                    faults.push(Fault::Throttle(number, Some(place)));
                }
            }
        }
        for (settle, number) in world.settles.iter().zip(0u8..) {
            if settle.at != SettleAt::Idle {
                faults.push(Fault::SettleDies(number));
            }
        }
        for execution in 0..EXECUTIONS as Execution {
            let fate = world.fate(execution);
            if fate == Fate::Running {
                let ends = self.ends(execution);
                faults.extend(
                    ends.into_iter()
                        .map(|fate| Fault::OutcomeLost(execution, fate)),
                );
            } else if fate.has_closed() && world.outcomes[usize::from(execution)] < 2 {
                faults.push(Fault::OutcomeRepeated(execution));
            }
        }
    }
}
