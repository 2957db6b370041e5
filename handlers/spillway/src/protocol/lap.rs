//! A lap of the sweep: once over all old slots, the newest first, in as many ticks as it takes.
//!
//! Describing each execution would take hours with many slots. Then the list of those that run
//! comes first, page by page. It is a hint: ListExecutions is eventually consistent, so an
//! execution that it does not name is described, and nothing else follows.
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html>

use std::cmp::Reverse;
use std::collections::{HashSet, VecDeque};

use crate::Millis;
use crate::execution::answer::Running;
use crate::record::lease::Lap;
use crate::record::slot::Slot;
use crate::rules::sweep::is_due;

/// With more slots than this the running executions are listed: one call tells as much as a
/// thousand descriptions.
pub const LISTED_ABOVE: usize = 1_000;

/// Slots that are described together.
const TOGETHER: usize = 5;

/// An execution begins after its slot was taken, by clocks that differ by less than this.
const CLOCKS: Millis = 5_000;

/// The settings of a lap.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How old a slot is when it is looked at first.
    pub after: Millis,
    /// Slots that are described in this tick, at most.
    pub most: usize,
    /// With more slots than this the running executions are listed.
    pub listed_above: usize,
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Do {
    /// Lists a page of the executions that run: [`Sweep::listed`].
    List(Option<String>),
    /// Looks at slots: [`Sweep::looked`].
    Look(Vec<Slot>),
    /// Nothing more in this tick.
    End,
}

/// A tick's part of a lap.
#[derive(Debug)]
pub struct Sweep {
    lap: Lap,
    /// Slots that are still to be looked at, the newest first.
    slots: VecDeque<Slot>,
    most: usize,
    /// When the last slots were taken that were looked at. All of that time are looked at in one
    /// tick, since the lap goes on from a time. Slots that reconcile put back can have the same.
    looked_at: Option<Millis>,
    /// Slots taken since then need no further page of the list: those that it names are not looked
    /// at.
    listed_to: Millis,
    /// The page that came last, if there was one in this tick.
    page: Option<Option<String>>,
}

impl Sweep {
    /// Goes on with the lap that the last tick left, or begins the next one.
    pub fn begin(left: &Lap, slots: Vec<Slot>, bounds: &Bounds, now: Millis) -> Self {
        let lap = match left.down_to {
            Some(_) => left.clone(),
            None => Lap {
                began: now,
                before: left.began,
                ..Lap::default()
            },
        };
        let lists = slots.len() > bounds.listed_above;
        let down_to = lap.down_to.unwrap_or(Millis::MAX);
        let before = match lists {
            // The list names all executions that run, and costs the same for any number of them.
            true => Millis::MIN,
            false => lap.before,
        };
        let due =
            |slot: &Slot| slot.taken_at < down_to && is_due(slot, bounds.after, before, lap.began);
        let mut slots: Vec<Slot> = slots.into_iter().filter(due).collect();
        slots.sort_by_key(|slot| Reverse(slot.taken_at));
        Self {
            lap,
            slots: slots.into(),
            most: bounds.most,
            looked_at: None,
            listed_to: match lists {
                true => Millis::MAX,
                false => Millis::MIN,
            },
            page: None,
        }
    }

    /// Returns the next step.
    pub fn next(&self) -> Do {
        let may_look = |slot: &&Slot| self.most > 0 || Some(slot.taken_at) == self.looked_at;
        let Some(first) = self.slots.front().filter(may_look) else {
            return Do::End;
        };
        if first.taken_at < self.listed_to {
            return Do::List(self.lap.page.clone());
        }
        let together = match self.most {
            0 => TOGETHER,
            most => TOGETHER.min(most),
        };
        let known = |slot: &&Slot| slot.taken_at >= self.listed_to && may_look(slot);
        let slots = self.slots.iter().take_while(known).take(together);
        Do::Look(slots.cloned().collect())
    }

    /// Records that so many slots were looked at.
    pub fn looked(&mut self, slots: usize) {
        self.most -= slots.min(self.most);
        let mut looked = self.slots.drain(..slots.min(self.slots.len()));
        self.looked_at = looked.next_back().map(|slot| slot.taken_at);
    }

    /// Takes in a page of the list.
    pub fn listed(&mut self, running: Running) {
        let names: HashSet<&str> = running.executions.iter().map(String::as_str).collect();
        self.slots
            .retain(|slot| !names.contains(slot.execution.as_str()));
        self.listed_to = match (&running.next, running.oldest) {
            (Some(_), Some(oldest)) => oldest.saturating_add(CLOCKS),
            // It was the last one, or one that says nothing and another after it.
            (None, _) => Millis::MIN,
            (Some(_), None) => self.listed_to,
        };
        self.page = Some(std::mem::replace(&mut self.lap.page, running.next));
    }

    /// Goes on without the list, which the next tick begins anew.
    pub fn not_listed(&mut self) {
        (self.lap.page, self.page) = (None, None);
        self.listed_to = Millis::MIN;
    }

    /// Ends the tick's part. Returns the lap as the next tick goes on with it.
    pub fn end(self) -> Lap {
        let Some(first) = self.slots.front() else {
            return Lap {
                down_to: None,
                page: None,
                ..self.lap
            };
        };
        // Slots that the last page does not name are still to be looked at: the next tick reads
        // that page again.
        let page = match self.page {
            Some(page) if first.taken_at >= self.listed_to => page,
            _ => self.lap.page,
        };
        Lap {
            down_to: Some(first.taken_at.saturating_add(1)),
            page,
            ..self.lap
        }
    }
}

#[cfg(test)]
mod tests;
