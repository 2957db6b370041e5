//! Claims with an order: the turn is asked for, and written in one transaction with the row.

use spillway::record::row::State as RowState;
use spillway::rules::attempt::{Verdict, verdict};
use spillway::rules::order::{Next, Order, Turn, turn};

use super::tick::suspect;
use super::{Protocol, task};
use crate::breakage::Breakage;
use crate::cast::{execution_of, of_mask};
use crate::world::{At, Broken, Message, RowOf, World};

impl Protocol {
    /// Row and head were read together.
    pub(super) fn read_turn(
        &self,
        world: &mut World,
        tick: u8,
        place: u8,
        message: Message,
        read: RowOf,
    ) {
        let head = world.head;
        let task = task(world, tick, place);
        (task.read[0], task.head, task.fresh, task.delete) = (read, head, true, 1);
        let name = self.cast.name(execution_of(&task.held));
        let row = self.cast.row(message.event, read);
        let taken = task.slot;
        match verdict(message.attempt.into(), row.as_ref()) {
            Verdict::Claim => {}
            Verdict::Stale => {
                let row = row.expect("only a row makes a message stale");
                // The claim whose answer was lost, or that another message of the attempt made.
                if taken.is_some()
                    && row.attempt == u32::from(message.attempt)
                    && row.is_started_by(name)
                {
                    task.won = 1;
                    task.at = At::Conclude;
                    return;
                }
                return self.leave_slot(world, tick, place);
            }
            Verdict::ClaimIfClosed => {
                task.delete = 0;
                return self.leave_slot(world, tick, place);
            }
        }
        match self.turn(world, tick, place) {
            Turn::Later => unreachable!("two versions are no crowd"),
            Turn::Now(_) if taken.is_none() => super::task(world, tick, place).at = At::PutSlot,
            Turn::Now(_) | Turn::Wait(_) => self.write_turn(world, tick, place),
            Turn::Superseded { wake } => {
                assert_eq!(wake, None, "the order never changes here");
                let done = read.state == Some(RowState::Superseded);
                if done {
                    self.leave_slot(world, tick, place);
                } else {
                    super::task(world, tick, place).at = At::Supersede;
                }
            }
        }
    }

    /// What the order says, by the head as it was read.
    fn turn(&self, world: &mut World, tick: u8, place: u8) -> Turn {
        let task = task(world, tick, place);
        let execution = execution_of(&task.held);
        let mut head = self.cast.head(task.head);
        if self.is_broken_by(Breakage::EachPasses) {
            head.waiting.clear();
        }
        let version = self.cast.version(task.held[0].event);
        turn(self.bounds.order, &head, version, self.cast.name(execution))
    }

    /// Those who waited first.
    pub(super) fn write_turn(&self, world: &mut World, tick: u8, place: u8) {
        let (Turn::Now(next) | Turn::Wait(next)) = self.turn(world, tick, place) else {
            unreachable!("asked before, of the same head");
        };
        let task = task(world, tick, place);
        task.todo = self.cast.mask_of(&next.superseded);
        task.at = if task.todo == 0 {
            At::TakeTurn
        } else {
            At::SupersedeWaiting
        };
    }

    pub(super) fn supersede_waiting(&self, world: &mut World, tick: u8, place: u8) {
        let task = task(world, tick, place);
        let version = of_mask(task.todo).next().expect("one at least");
        task.todo &= !(1 << version);
        if task.todo == 0 {
            task.at = At::TakeTurn;
        }
        supersede_who_waits(world, version);
    }

    /// Row and head in one transaction.
    pub(super) fn take_turn(&self, world: &mut World, tick: u8, place: u8) {
        let turn = self.turn(world, tick, place);
        let Message { event, attempt } = task(world, tick, place).held[0];
        let task = super::task(world, tick, place);
        let (read, fresh) = (task.read[0], task.fresh);
        let execution = execution_of(&task.held);
        let row = world.row(event);
        let as_read = row.state == read.state && row.attempt == read.attempt;
        let head_as_read = fresh || self.is_broken_by(Breakage::HeadWithoutCondition);
        if !as_read || !head_as_read {
            super::task(world, tick, place).at = At::Read;
            return;
        }
        let claims = matches!(turn, Turn::Now(_));
        let (Turn::Now(Next { head, .. }) | Turn::Wait(Next { head, .. })) = turn else {
            unreachable!("asked before, of the same head");
        };
        let mut head = self.cast.head_of(&head);
        if claims {
            let waits = |older: u8| world.row(older).state == Some(RowState::Waiting);
            if self.bounds.order == Order::Each && (0..event).any(waits) {
                world.broke(Broken::Passed);
            }
            *world.row_mut(event) = RowOf {
                state: Some(RowState::Started),
                attempt,
                execution: Some(execution),
            };
        } else {
            world.row_mut(event).state = Some(RowState::Waiting);
        }
        if self.is_broken_by(Breakage::EachPasses) {
            head.waiting |= world.head.waiting & !(1 << event);
        }
        world.write_head(head);
        let task = super::task(world, tick, place);
        if claims {
            task.won = 1;
            task.at = At::Conclude;
        } else {
            self.leave_slot(world, tick, place);
        }
    }

    /// Writes that a newer version was taken instead, if the row is as it was read.
    pub(super) fn supersede(&self, world: &mut World, tick: u8, place: u8) {
        let task = task(world, tick, place);
        let (event, read) = (task.held[0].event, task.read[0]);
        let row = world.row(event);
        if row.state != read.state || row.attempt != read.attempt {
            super::task(world, tick, place).at = At::Read;
            return;
        }
        world.row_mut(event).state = Some(RowState::Superseded);
        self.leave_slot(world, tick, place);
    }

    /// It does not claim: a slot of its own is freed, one of another is left to the next tick.
    fn leave_slot(&self, world: &mut World, tick: u8, place: u8) {
        let task = task(world, tick, place);
        task.at = match task.slot {
            Some(slot) if slot.ours => At::Free,
            Some(slot) => {
                task.at = At::Conclude;
                return suspect(&mut world.ticks[usize::from(tick)], slot.taken_at);
            }
            None => At::Conclude,
        };
    }
}

/// A version that waited was passed over. One that no longer waits stays as it is.
pub(super) fn supersede_who_waits(world: &mut World, version: u8) {
    let row = world.row_mut(version);
    if row.state == Some(RowState::Waiting) {
        row.state = Some(RowState::Superseded);
    }
}
