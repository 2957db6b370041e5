//! One message, from receive to start: the rows, the slot, the claim, the deletion, the start.

use spillway::record::row::State as RowState;
use spillway::rules::attempt::{Verdict, verdict};

use super::tick::mark;
use super::{Protocol, task};
use crate::breakage::Breakage;
use crate::cast::execution_of;
use crate::world::{At, Broken, Message, RowOf, SlotOf, TakenOf, Task, World, is_batch, of_event};

impl Protocol {
    pub(super) fn receive(&self, world: &mut World, tick: u8, place: u8, message: Message) {
        world.queue.take(message);
        let task = task(world, tick, place);
        task.held.push(message);
        if self.bounds.batches {
            task.at = At::Fill;
            self.fill(world, tick, place, true);
        } else {
            task.at = At::Read;
        }
    }

    /// A task's next call.
    pub(super) fn work(&self, world: &mut World, tick: u8, place: u8) {
        let held = &task(world, tick, place).held;
        let execution = execution_of(held);
        let message = held[0];
        match task(world, tick, place).at {
            At::Idle | At::Fill => {}
            At::Read if is_batch(execution) => self.read_batch(world, tick, place),
            At::Read => self.read(world, tick, place, message),
            At::AskSlot => {
                let last = world.row(message.event).execution;
                let known = last.is_some_and(|last| world.slot(last).is_some());
                let next = if known { At::AskClosed } else { At::Idle };
                self.go_or_hand_back(world, tick, place, next);
            }
            At::AskClosed => {
                let last = of_event(message.event, task(world, tick, place).read[0].attempt);
                let next = if world.fate(last).has_closed() {
                    At::PutSlot
                } else {
                    At::Idle
                };
                self.go_or_hand_back(world, tick, place, next);
            }
            At::PutList => self.put_list(world, tick, place),
            At::PutSlot => {
                if !self.put_slot(world, tick, place) {
                    return self.go_or_hand_back(world, tick, place, At::Idle);
                }
                let late = self.is_broken_by(Breakage::SlotAfterClaim);
                task(world, tick, place).at = match () {
                    () if is_batch(execution) => At::Claim,
                    () if self.ordered() => return self.write_turn(world, tick, place),
                    () if late => At::Conclude,
                    () => At::Claim,
                };
            }
            At::Claim if is_batch(execution) => self.claim_next(world, tick, place),
            At::Claim => self.claim(world, tick, place, message),
            At::SupersedeWaiting => self.supersede_waiting(world, tick, place),
            At::TakeTurn => self.take_turn(world, tick, place),
            At::Supersede => self.supersede(world, tick, place),
            At::Fix => self.fix(world, tick, place),
            At::Forget => {
                *world.list_mut(execution) = None;
                task(world, tick, place).at = At::Free;
            }
            At::Free => {
                let taken = task(world, tick, place).slot.map(|slot| slot.taken_at);
                let same =
                    |slot: &SlotOf| slot.execution == execution && Some(slot.taken_at) == taken;
                world.slots.retain(|slot| !same(slot));
                task(world, tick, place).at = At::Conclude;
            }
            At::Conclude => self.conclude(world, tick, place),
            At::Start => {
                let input = events(task(world, tick, place));
                self.start(world, execution, input);
                self.end(world, tick, place);
            }
            At::Mark => {
                mark(world, execution, true);
                self.end(world, tick, place);
            }
        }
    }

    /// Compares the message with its row.
    fn read(&self, world: &mut World, tick: u8, place: u8, message: Message) {
        let read = world.row(message.event);
        if self.ordered() {
            return self.read_turn(world, tick, place, message, read);
        }
        let row = self.cast.row(message.event, read);
        let early = self.is_broken_by(Breakage::SlotAfterClaim);
        let next = match verdict(message.attempt.into(), row.as_ref()) {
            Verdict::Claim if early => At::Claim,
            Verdict::Claim => At::PutSlot,
            Verdict::Stale => At::Conclude,
            Verdict::ClaimIfClosed => At::AskSlot,
        };
        let task = task(world, tick, place);
        task.read[0] = read;
        task.at = next;
        task.delete = 1;
    }

    /// Takes the slot of the execution. One that is there already is another message's, of the same attempt: `false`.
    fn put_slot(&self, world: &mut World, tick: u8, place: u8) -> bool {
        let taken_at = world.now();
        let execution = execution_of(&task(world, tick, place).held);
        let there = world.slot(execution).map(|slot| slot.taken_at);
        if there.is_some() && !self.is_broken_by(Breakage::SlotShared) {
            return false;
        }
        if there.is_none() {
            world.put_slot(SlotOf {
                execution,
                taken_at,
                pending: false,
            });
        }
        let taken = TakenOf {
            taken_at: there.unwrap_or(taken_at),
            ours: there.is_none(),
        };
        task(world, tick, place).slot = Some(taken);
        world.ticks[usize::from(tick)].put += 1;
        true
    }

    fn claim(&self, world: &mut World, tick: u8, place: u8, message: Message) {
        let late = self.is_broken_by(Breakage::SlotAfterClaim);
        let won = self.write_claim(world, tick, place, 0);
        if won {
            let task = task(world, tick, place);
            task.won = 1;
            task.at = if late { At::PutSlot } else { At::Conclude };
            return;
        }
        let row = self.cast.row(message.event, world.row(message.event));
        let stale = verdict(message.attempt.into(), row.as_ref()) == Verdict::Stale;
        let task = task(world, tick, place);
        task.delete = stale.into();
        task.at = match task.slot {
            Some(TakenOf { ours: true, .. }) => At::Free,
            _ => At::Conclude,
        };
    }

    /// Claims the attempt of a held message for its execution, if the row is as it was read. A row that shows this very
    /// claim is success.
    pub(super) fn write_claim(&self, world: &mut World, tick: u8, place: u8, which: usize) -> bool {
        let task = task(world, tick, place);
        let Message { event, attempt } = task.held[which];
        let execution = execution_of(&task.held);
        let read = task.read[which];
        let row = world.row(event);
        let as_read = row.state == read.state && row.attempt == read.attempt;
        if as_read || self.is_broken_by(Breakage::ClaimWithoutCondition) {
            if row.attempt >= attempt {
                world.broke(Broken::Twice);
            }
            *world.row_mut(event) = RowOf {
                state: Some(RowState::Started),
                attempt,
                execution: Some(execution),
            };
            return true;
        }
        let row = self.cast.row(event, row);
        row.is_some_and(|row| {
            row.attempt == u32::from(attempt) && row.is_started_by(self.cast.name(execution))
        })
    }

    /// Deletes what is done with, hands the rest back, and goes on to the start if something was won.
    fn conclude(&self, world: &mut World, tick: u8, place: u8) {
        let Task {
            held, delete, won, ..
        } = task(world, tick, place).clone();
        for (which, message) in held.into_iter().enumerate() {
            let deleted =
                delete & 1 << which != 0 || self.is_broken_by(Breakage::DeleteBeforeClaim);
            if !deleted {
                world.queue.put(message);
            }
        }
        if won == 0 {
            return self.end(world, tick, place);
        }
        task(world, tick, place).at = At::Start;
    }

    /// Goes on, or hands the messages back.
    pub(super) fn go_or_hand_back(&self, world: &mut World, tick: u8, place: u8, next: At) {
        if next != At::Idle {
            task(world, tick, place).at = next;
            return;
        }
        let task = task(world, tick, place);
        (task.delete, task.won) = (0, 0);
        self.conclude(world, tick, place);
    }

    fn end(&self, world: &mut World, tick: u8, place: u8) {
        *task(world, tick, place) = Task::default();
    }

    /// The start is throttled: its slot is marked, and comes first in the next tick.
    pub(super) fn throttled(&self, world: &mut World, tick: u8, place: u8) {
        task(world, tick, place).at = At::Mark;
    }
}

/// The events of what was won.
pub(super) fn events(task: &Task) -> u8 {
    let held = task.held.iter().enumerate();
    held.filter(|(which, _)| task.won & 1 << which != 0)
        .fold(0, |mask, (_, message)| mask | 1 << message.event)
}
