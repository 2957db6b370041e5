//! Batches: filled, listed, claimed one by one, and started with what was won.

use spillway::rules::attempt::{Verdict, verdict};
use spillway::rules::batch::{self, Member};

use super::tick::{of_places, suspect};
use super::{Protocol, task};
use crate::breakage::Breakage;
use crate::cast::execution_of;
use crate::world::{At, List, Message, World, is_batch};

/// A message in hand, as the core makes batches of it.
struct Held<'a> {
    message: Message,
    object: &'a str,
}

impl Member for Held<'_> {
    fn attempt(&self) -> u32 {
        self.message.attempt.into()
    }

    fn object(&self) -> (&str, &str) {
        ("uploads", self.object)
    }

    fn bytes(&self) -> usize {
        100
    }
}

impl Protocol {
    /// Nothing more is received: the execution is as full as it gets.
    pub(super) fn close(&self, world: &mut World, tick: u8, place: u8) {
        self.fill(world, tick, place, false);
    }

    /// Takes the next execution's messages out of those held; the others are handed back.
    pub(super) fn fill(&self, world: &mut World, tick: u8, place: u8, coming: bool) {
        let held = task(world, tick, place).held.clone();
        let held = held.into_iter();
        let mut received: Vec<Held<'_>> = held
            .map(|message| Held {
                message,
                object: &self.cast.key(message.event).pk,
            })
            .collect();
        let Some(load) = batch::next(&mut received, 2, coming) else {
            return;
        };
        let task = task(world, tick, place);
        task.held = load.into_iter().map(|it| it.message).collect();
        task.at = At::Read;
        received
            .into_iter()
            .for_each(|rest| world.queue.put(rest.message));
    }

    /// The rows of two: those that are stale are deleted, and one that is left goes its way alone.
    pub(super) fn read_batch(&self, world: &mut World, tick: u8, place: u8) {
        let held = task(world, tick, place).held.clone();
        let rows = [world.row(held[0].event), world.row(held[1].event)];
        let claims = |which: &usize| {
            let row = self.cast.row(held[*which].event, rows[*which]);
            verdict(held[*which].attempt.into(), row.as_ref()) == Verdict::Claim
        };
        let members: Vec<usize> = (0..2).filter(claims).collect();
        let task = task(world, tick, place);
        match members.as_slice() {
            [] => (task.at, task.delete) = (At::Conclude, 0b11),
            [one] => task.held = vec![held[*one]],
            _ => (task.at, task.read) = (At::PutList, rows),
        }
    }

    /// The batch's item: the one that is there stays.
    pub(super) fn put_list(&self, world: &mut World, tick: u8, place: u8) {
        let execution = execution_of(&task(world, tick, place).held);
        let list = world
            .list_mut(execution)
            .get_or_insert(List { members: None });
        // Fixed: another tick is at work.
        let next = if list.members.is_some() {
            At::Idle
        } else {
            At::PutSlot
        };
        task(world, tick, place).todo = 0b11;
        self.go_or_hand_back(world, tick, place, next);
    }

    /// One claim after the other; then the list, if not all were won.
    pub(super) fn claim_next(&self, world: &mut World, tick: u8, place: u8) {
        let which = if task(world, tick, place).todo & 1 != 0 {
            0
        } else {
            1
        };
        let message = task(world, tick, place).held[which];
        let won = self.write_claim(world, tick, place, which);
        let found = world.row(message.event);
        let row = self.cast.row(message.event, found);
        let verdict = verdict(message.attempt.into(), row.as_ref());
        let task = task(world, tick, place);
        if !won && verdict == Verdict::Claim && !self.is_broken_by(Breakage::MemberLeftBehind) {
            // Claimed again, as it is now.
            task.read[which] = found;
            return;
        }
        task.todo &= !(1 << which);
        task.won |= u8::from(won) << which;
        // One that is not stale is handed back.
        task.delete |= u8::from(won || verdict == Verdict::Stale) << which;
        if task.todo != 0 {
            return;
        }
        let taken = task.slot;
        match (task.won, taken) {
            (0b11, _) => task.at = At::Conclude,
            (0, Some(slot)) if slot.ours => task.at = At::Forget,
            (0, slot) => {
                task.at = At::Conclude;
                slot.iter()
                    .for_each(|slot| suspect(&mut world.ticks[usize::from(tick)], slot.taken_at));
            }
            _ => task.at = At::Fix,
        }
    }

    /// Which of the candidates it works on, once and for all.
    pub(super) fn fix(&self, world: &mut World, tick: u8, place: u8) {
        let execution = execution_of(&task(world, tick, place).held);
        let won = task(world, tick, place).won;
        let list = world.list_mut(execution).as_mut();
        let fixed = list.map(|list| *list.members.get_or_insert(won));
        let task = task(world, tick, place);
        task.at = At::Conclude;
        if fixed != Some(won) {
            // Somebody else fixed it, or settled it: the next tick looks after it.
            task.won = 0;
            let slot = task.slot;
            slot.iter()
                .for_each(|slot| suspect(&mut world.ticks[usize::from(tick)], slot.taken_at));
        }
    }

    /// The events in a batch's list, or the event of a single execution.
    pub(super) fn listed(&self, execution: u8, list: List) -> u8 {
        debug_assert!(is_batch(execution), "only a batch has a list");
        of_places(execution, list.members.unwrap_or(0b11))
    }
}
