//! The faults that are possible in a state, and their effects.

use spillway::protocol::Machine;
use spillway::protocol::tick::Phase;

use super::Protocol;
use super::step::{Fault, Step};
use crate::breakage::Breakage;
use crate::world::{EXECUTIONS, Execution, Fate, Message, World};

impl Protocol {
    pub(super) fn fault(&self, world: &mut World, fault: Fault) {
        match fault {
            Fault::LeaseEnds => world.lease_ends -= 1,
            Fault::RunsOut(_) => world.runs_out -= 1,
            Fault::RanOut => {}
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
                let dead = world.settles[usize::from(settle)].take();
                if let Some(dead) = dead {
                    world.outcomes[usize::from(dead.execution)] += 1;
                }
            }
            Fault::Repeat(message) => world.queue.put(message),
            Fault::OutcomeLost(execution, fate) => world.executions[usize::from(execution)] = fate,
            Fault::OutcomeRepeated(execution) => world.outcomes[usize::from(execution)] += 1,
            Fault::Work(tick, task, id, wrong) => self.work(world, tick, task, id, Some(wrong)),
            Fault::LookAfter(tick, wrong) => self.look_after(world, tick, Some(wrong)),
            Fault::Settle(settle, id, wrong) => self.settle(world, settle, id, Some(wrong)),
            Fault::RunsOut(tick) => world.ticks[usize::from(tick)].runs_out = true,
            Fault::LeaseEnds | Fault::RanOut => world.lease.expired = true,
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
        if let Some(holder) = world.lease.holder.filter(|_| !world.lease.expired) {
            let tick = &world.ticks[usize::from(holder)];
            match tick.runs_out {
                false if world.runs_out > 0 && tick.tick.is_some() => {
                    faults.push(Fault::RunsOut(holder));
                }
                // Nothing of it is under way any more: the margins are made for that.
                true if tick.is_quiet() => faults.push(Fault::RanOut),
                _ => {}
            }
        }
        steps.extend(faults.into_iter().map(Step::Fault));
    }

    /// Adds the failures that only count as faults.
    fn failures(&self, world: &World, faults: &mut Vec<Fault>) {
        for (tick, number) in world.ticks.iter().zip(0u8..) {
            let Some(machine) = &tick.tick else {
                continue;
            };
            faults.push(Fault::TickDies(number));
            if machine.phase() != Phase::Count
                && let Some(call) = self.call_of_look_after(world, number)
            {
                let wrongs = self.wrongs(world, &call).into_iter();
                faults.extend(wrongs.map(|wrong| Fault::LookAfter(number, wrong)));
            }
            for (task, place) in tick.tasks.iter().zip(0u8..) {
                for id in task.work.outstanding() {
                    let call = self.call_of_task(world, number, place, id);
                    let wrongs = self.wrongs(world, &call).into_iter();
                    faults.extend(wrongs.map(|wrong| Fault::Work(number, place, id, wrong)));
                }
            }
        }
        for (settle, number) in world.settles.iter().zip(0u8..) {
            let Some(settle) = settle else {
                continue;
            };
            faults.push(Fault::SettleDies(number));
            for id in settle.settling.outstanding() {
                let call = self.call_of_settle(world, number, id);
                let wrongs = self.wrongs(world, &call).into_iter();
                faults.extend(wrongs.map(|wrong| Fault::Settle(number, id, wrong)));
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
