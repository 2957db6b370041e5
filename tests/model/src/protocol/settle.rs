//! Settling an outcome: message, row, turn, slot.

use std::collections::HashSet;

use serde_json::json;
use spillway::execution::outcome::Status;
use spillway::record::row::State as RowState;
use spillway::rules::batch::{Failures, failures};
use spillway::rules::order::free;
use spillway::rules::retry::{Settlement, settlement};

use super::Protocol;
use super::ordered::supersede_who_waits;
use super::tick::status;
use crate::breakage::Breakage;
use crate::cast::of_mask;
use crate::world::{
    Event, Execution, Fate, Item, List, Message, Settle, SettleAt, World, candidates, event_of,
    is_batch,
};

impl Protocol {
    /// The next call of an invocation of settle.
    pub(super) fn settle(&self, world: &mut World, number: u8) {
        let settle = world.settles[usize::from(number)].clone();
        let execution = settle.execution;
        let next = match settle.at {
            SettleAt::Idle => SettleAt::Idle,
            SettleAt::Slot => match world.slot(execution) {
                // Settled before.
                None => SettleAt::Idle,
                Some(_) if self.is_broken_by(Breakage::SlotBeforeRow) => {
                    world.slots.retain(|slot| slot.execution != execution);
                    if is_batch(execution) {
                        SettleAt::List
                    } else {
                        SettleAt::Rows(List { members: None })
                    }
                }
                Some(_) if is_batch(execution) => SettleAt::List,
                Some(_) => SettleAt::Rows(List { members: None }),
            },
            SettleAt::List => match *world.list_mut(execution) {
                // Settled before, up to the slot.
                None => SettleAt::Forget,
                Some(list) => SettleAt::Rows(list),
            },
            SettleAt::Rows(list) => {
                let items = self.items(world, execution, list);
                world.settles[usize::from(number)].items = items;
                self.next_item(world, number)
            }
            SettleAt::Send => {
                let Item { event, end, asks } = settle.items[0];
                let message = Message {
                    event,
                    attempt: asks,
                };
                match end {
                    RowState::Retry => world.queue.put(message),
                    _ => world.dead.put(message),
                }
                if self.is_broken_by(Breakage::RowBeforeMessage) {
                    world.settles[usize::from(number)].items.remove(0);
                    self.next_item(world, number)
                } else {
                    SettleAt::Finish
                }
            }
            SettleAt::Finish => {
                let Item { event, end, .. } = settle.items[0];
                let row = self.cast.row(event, world.row(event));
                if row.is_some_and(|row| row.is_started_by(self.cast.name(execution))) {
                    world.row_mut(event).state = Some(end);
                }
                if self.is_broken_by(Breakage::RowBeforeMessage) && end != RowState::Succeeded {
                    SettleAt::Send
                } else {
                    world.settles[usize::from(number)].items.remove(0);
                    self.next_item(world, number)
                }
            }
            SettleAt::Head => self.read_head(world, number),
            SettleAt::WhoWaits => {
                let gone = of_mask(settle.wake)
                    .filter(|&it| world.row(it).state != Some(RowState::Waiting));
                let gone = gone.fold(0, |mask, event| mask | 1 << event);
                let asks = of_mask(settle.wake)
                    .map(|it| world.row(it).attempt + 1)
                    .max();
                let next = &mut world.settles[usize::from(number)];
                (next.gone, next.asks) = (gone, asks.unwrap_or_default());
                if gone == 0 {
                    self.before_head(&settle)
                } else {
                    SettleAt::WriteGone
                }
            }
            // Started or finished in between: they are taken from those who wait, and the head is read again.
            SettleAt::WriteGone => {
                if settle.fresh {
                    let mut head = settle.head;
                    head.waiting &= !settle.gone;
                    world.write_head(head);
                }
                SettleAt::Head
            }
            SettleAt::Supersede => {
                let version = of_mask(settle.todo).next().expect("one at least");
                supersede_who_waits(world, version);
                let rest = settle.todo & !(1 << version);
                world.settles[usize::from(number)].todo = rest;
                if rest == 0 {
                    SettleAt::WriteHead
                } else {
                    SettleAt::Supersede
                }
            }
            SettleAt::WriteHead => {
                let freed = free(
                    self.bounds.order,
                    &self.cast.head(settle.head),
                    self.cast.name(execution),
                );
                match freed.write {
                    Some(_) if !settle.fresh => SettleAt::Head,
                    Some(next) => {
                        world.write_head(self.cast.head_of(&next.head));
                        self.wake_next(settle.wake)
                    }
                    None => unreachable!("asked before, of the same head"),
                }
            }
            SettleAt::Wake => {
                let event = of_mask(settle.wake).next().expect("one at least");
                world.queue.put(Message {
                    event,
                    attempt: settle.asks,
                });
                let rest = settle.wake & !(1 << event);
                world.settles[usize::from(number)].wake = rest;
                self.wake_next(rest)
            }
            SettleAt::Forget => {
                *world.list_mut(execution) = None;
                SettleAt::Free
            }
            SettleAt::Free => {
                world.slots.retain(|slot| slot.execution != execution);
                match self.broken {
                    Some(Breakage::SlotBeforeTurn) if settle.todo == 0 && self.ordered() => {
                        SettleAt::Head
                    }
                    _ => SettleAt::Idle,
                }
            }
        };
        let settle = &mut world.settles[usize::from(number)];
        settle.at = next;
        match next {
            // The outcome's message is deleted.
            SettleAt::Idle => *settle = Settle::default(),
            // What was read of the head is read again, or needed no more.
            SettleAt::Head | SettleAt::Free => {
                *settle = Settle {
                    at: next,
                    execution,
                    ..Settle::default()
                };
            }
            _ => {}
        }
    }

    /// The row that is next, or what follows the rows.
    fn next_item(&self, world: &World, number: u8) -> SettleAt {
        let settle = &world.settles[usize::from(number)];
        match settle.items.first() {
            Some(item)
                if item.end == RowState::Succeeded
                    || self.is_broken_by(Breakage::RowBeforeMessage) =>
            {
                SettleAt::Finish
            }
            Some(_) => SettleAt::Send,
            None if is_batch(settle.execution) => SettleAt::Forget,
            None if self.is_broken_by(Breakage::SlotBeforeTurn) => SettleAt::Free,
            None if self.ordered() => SettleAt::Head,
            None => SettleAt::Free,
        }
    }

    /// The rows that are claimed for the execution, and what its end means for each.
    fn items(&self, world: &World, execution: Execution, list: List) -> Vec<Item> {
        let fate = world.fate(execution);
        let claimed = |event: &Event| {
            let row = self.cast.row(*event, world.row(*event));
            row.is_some_and(|row| row.is_started_by(self.cast.name(execution)))
        };
        if !is_batch(execution) {
            let event = event_of(execution);
            let claimed = Some(event).filter(claimed);
            return claimed
                .map(|event| self.item(world, event, status(fate)))
                .into_iter()
                .collect();
        }
        let listed = self.listed(execution, list);
        let (listed, left_out): (Vec<Event>, Vec<Event>) = candidates(execution)
            .into_iter()
            .partition(|event| listed & 1 << event != 0);
        let ids: HashSet<String> = listed
            .iter()
            .map(|event| self.cast.id(*event).to_owned())
            .collect();
        let failed = self.failed(fate, &ids);
        let status_of = |event: Event| match &failed {
            // A report that is not understood fails all.
            None => Status::Failed,
            Some(Failures::Items(failed)) if failed.contains(self.cast.id(event)) => Status::Failed,
            Some(_) => status(fate),
        };
        let mut items: Vec<Item> = listed
            .into_iter()
            .filter(claimed)
            .map(|event| self.item(world, event, status_of(event)))
            .collect();
        // Never worked on: its next attempt is its first.
        let left_out = left_out.into_iter().filter(claimed);
        items.extend(left_out.map(|event| {
            let asks = world.row(event).attempt + 1;
            Item {
                event,
                end: RowState::Retry,
                asks,
            }
        }));
        items
    }

    /// What the execution reports, by its own words.
    fn failed(&self, fate: Fate, ids: &HashSet<String>) -> Option<Failures> {
        let failed = match fate {
            Fate::Reported(failed) if !self.is_broken_by(Breakage::ReportIgnored) => failed,
            _ => 0,
        };
        let items: Vec<_> = of_mask(failed)
            .map(|event| json!({ "itemIdentifier": self.cast.id(event) }))
            .collect();
        let output = json!({ "batchItemFailures": items }).to_string();
        failures(Some(&output), ids).ok()
    }

    fn item(&self, world: &World, event: Event, status: Status) -> Item {
        let attempt = u32::from(world.row(event).attempt);
        let (end, asks) = match settlement(status, attempt, &self.retry) {
            Settlement::Succeeded => (RowState::Succeeded, 0),
            Settlement::Retry { attempt, .. } => (RowState::Retry, attempt),
            Settlement::Dead { attempt } => (RowState::Dead, attempt),
        };
        Item {
            event,
            end,
            asks: asks as u8,
        }
    }

    fn read_head(&self, world: &mut World, number: u8) -> SettleAt {
        let head = world.head;
        let settle = &mut world.settles[usize::from(number)];
        let freed = free(
            self.bounds.order,
            &self.cast.head(head),
            self.cast.name(settle.execution),
        );
        (settle.head, settle.fresh) = (head, true);
        settle.wake = self.cast.mask_of(&freed.wake);
        settle.todo = freed
            .write
            .map_or(0, |next| self.cast.mask_of(&next.superseded));
        if settle.wake == 0 {
            self.before_head(&settle.clone())
        } else {
            SettleAt::WhoWaits
        }
    }

    /// What comes before those who wait are sent for.
    fn before_head(&self, settle: &Settle) -> SettleAt {
        let freed = free(
            self.bounds.order,
            &self.cast.head(settle.head),
            self.cast.name(settle.execution),
        );
        match freed.write {
            Some(next) if next.superseded.is_empty() => SettleAt::WriteHead,
            Some(_) => SettleAt::Supersede,
            None => self.wake_next(settle.wake),
        }
    }

    fn wake_next(&self, wake: u8) -> SettleAt {
        if wake != 0 {
            SettleAt::Wake
        } else if self.is_broken_by(Breakage::SlotBeforeTurn) {
            SettleAt::Idle
        } else {
            SettleAt::Free
        }
    }
}
