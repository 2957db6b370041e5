//! From messages to executions: turns, slots, claims, starts, and starts that are throttled.

use spillway::Millis;
use spillway::pace::layout::{Layout, Shard};
use spillway::pace::permit::{Permit, Stage};

use super::{Answered, ENTRIES, Event, Load, Running, Task, Throttled, World};
use crate::engine::turns::Turn;
use crate::engine::units;

/// The SDK makes a call that is throttled so often, and pauses so long before it does for the second time, in milliseconds.
const TRIES: u32 = 4;
const PAUSE: f64 = 50.0;

impl World<'_> {
    /// Begins to claim and start loads. `before`: the lease is written until then.
    pub fn take_in(&mut self, loads: Vec<Load>, mut permits: Vec<Permit>, before: Millis) {
        let is_again = |load: &Load| load.messages().iter().any(|it| it.attempt > 1);
        let all_read = self.turns.is_ordered() || self.setup.events_per_execution > 1;
        if all_read || loads.iter().map(is_again).is_sorted_by(|a, b| a == b) {
            return self.takes_in(loads, permits, before);
        }
        // What has no row to be read goes ahead.
        let (again, new): (Vec<Load>, Vec<Load>) = loads.into_iter().partition(is_again);
        let others = permits.split_off(new.len().min(permits.len()));
        self.takes_in(new, permits, before);
        self.takes_in(again, others, before);
    }

    fn takes_in(&mut self, loads: Vec<Load>, permits: Vec<Permit>, before: Millis) {
        let messages: u32 = loads.iter().map(|load| load.messages().len() as u32).sum();
        self.tasks_under_way += 1;
        self.messages_under_way += messages;
        let call = self.call();
        let mut each = loads.iter().flat_map(Load::messages);
        // A later attempt reads its row first; with an order, and in a pipeline with batches, every one does.
        let reads = self.turns.is_ordered()
            || self.setup.events_per_execution > 1
            || each.any(|message| message.attempt > 1);
        let batch = loads.iter().any(|load| matches!(load, Load::Many(_)));
        let read = if reads { call } else { 0 };
        let put_batch = if batch { call } else { 0 };
        let put_at = self.now.max(before) + read + put_batch;
        if reads {
            self.answers.counted.read_units += f64::from(messages);
        }
        let number = self.tasks.keep(Task {
            left: loads.len(),
            loads,
            permits,
            put_at,
            messages,
        });
        match self.turns.is_ordered() {
            true => self.calendar.put(put_at, Event::Decides(number)),
            false => self.puts_slots(number),
        }
    }

    fn puts_slots(&mut self, number: usize) {
        let (call, now, layout) = (self.call(), self.now, self.setup.pace.layout);
        let Some(task) = self.tasks.get_mut(number) else {
            return;
        };
        let put_at = task.put_at;
        for permit in &mut task.permits {
            permit.slot_lies_in(shard(layout, &mut self.rng));
            permit.reached(Stage::SlotAsked, put_at, now);
        }
        self.calendar
            .put(put_at + call / 2, Event::SlotsPut(number));
        self.calendar
            .put(put_at + call, Event::SlotsAnswered(number));
        let start_at = put_at + 2 * call;
        self.calendar
            .put(start_at + call / 2, Event::Starts(number));
    }

    /// Whose turn it is: the others wait, without a slot and without a message.
    pub(super) fn decides(&mut self, number: usize) {
        let Some(task) = self.tasks.get_mut(number) else {
            return;
        };
        let (mut superseded, mut waits) = (Vec::new(), 0);
        let turns = &mut self.turns;
        task.loads.retain(|load| {
            let Load::One(message) = load else {
                return true;
            };
            match turns.ask(*message) {
                Turn::Now => true,
                Turn::Waits(older) => {
                    superseded.extend(std::iter::repeat_n(*message, older));
                    waits += 1;
                    false
                }
                Turn::Superseded => {
                    superseded.push(*message);
                    false
                }
            }
        });
        task.left = task.loads.len();
        let freed = task.permits.split_off(task.left.min(task.permits.len()));
        let (nothing_starts, put_at) = (task.loads.is_empty(), task.put_at);
        drop(freed);
        // Its row says so, and its waiter is put.
        self.answers.counted.write_units += 2.0 * f64::from(waits);
        for message in superseded {
            self.answers.counted.write_units += 1.0;
            self.answers.superseded += 1;
            self.done(&message);
        }
        match nothing_starts {
            true => {
                let at = put_at + 3 * self.call();
                self.calendar.put(at, Event::TaskEnds(number));
            }
            false => self.puts_slots(number),
        }
    }

    pub(super) fn slots_put(&mut self, number: usize) {
        let layout = self.setup.pace.layout;
        let Some(task) = self.tasks.get_mut(number) else {
            return;
        };
        for (load, permit) in task.loads.iter().zip(&task.permits) {
            let of_lane = self.slots.get_mut(load.lane());
            if let Some(slots) = of_lane.and_then(|it| it.get_mut(permit.shard().index())) {
                *slots += 1;
            }
        }
        debug_assert!(task.permits.iter().all(|it| it.shard().layout() == layout));
        let claims = f64::from(task.messages);
        let batches = task.loads.iter().map(|load| match load {
            Load::One(_) => 0.0,
            Load::Many(messages) => units::of_batch(messages.len()),
        });
        let slots = task.permits.len() as f64;
        // With an order a claim is a transaction of row and head, for twice their units.
        let claims = if self.turns.is_ordered() {
            4.0 * claims
        } else {
            claims
        };
        self.answers.counted.write_units += slots + claims + batches.sum::<f64>();
    }

    pub(super) fn reached(&mut self, number: usize, stage: Stage) {
        let now = self.now;
        if let Some(task) = self.tasks.get_mut(number) {
            let put_at = task.put_at;
            let permits = task.permits.iter_mut();
            permits.for_each(|permit| permit.reached(stage, put_at, now));
        }
    }

    pub(super) fn starts(&mut self, number: usize) {
        let Some(task) = self.tasks.get_mut(number) else {
            return;
        };
        let loads = std::mem::take(&mut task.loads);
        let shards: Vec<Shard> = task.permits.iter().map(Permit::shard).collect();
        let mut throttled = 0;
        for (load, shard) in loads.into_iter().zip(shards) {
            if self.is_throttled() {
                throttled += 1;
                let at = self.again_at(1);
                let again = Event::StartsAgain {
                    task: number,
                    load: Box::new(load),
                    shard,
                    tries: 1,
                };
                self.calendar.put(at, again);
            } else {
                self.execute(load, shard);
            }
        }
        if let Some(task) = self.tasks.get_mut(number) {
            task.left = throttled;
        }
        if throttled == 0 {
            let at = self.now + self.call() - self.call() / 2;
            self.calendar.put(at, Event::TaskEnds(number));
        }
    }

    /// Whether Step Functions refuses a start now.
    fn is_throttled(&mut self) -> bool {
        let now = self.now;
        let throttled = self.quota.as_mut().is_some_and(|quota| !quota.take(now));
        self.answers.throttled += u64::from(throttled);
        throttled
    }

    /// Returns when the SDK's next try arrives, after so many.
    fn again_at(&mut self, tries: u32) -> Millis {
        let most = PAUSE * 2f64.powi(tries as i32 - 1);
        self.now + self.call() + (self.rng.f64() * most) as Millis
    }

    pub(super) fn starts_again(&mut self, number: usize, load: Load, shard: Shard, tries: u32) {
        let now = self.now;
        if !self.is_throttled() {
            self.execute(load, shard);
        } else if tries + 1 < TRIES {
            let at = self.again_at(tries + 1);
            let again = Event::StartsAgain {
                task: number,
                load: Box::new(load),
                shard,
                tries: tries + 1,
            };
            return self.calendar.put(at, again);
        } else if let Some(task) = self.tasks.get_mut(number) {
            let taken_at = task.put_at;
            if let Some(mut permit) = task.permits.pop() {
                permit.reached(Stage::Called, taken_at, now);
                permit.reached(Stage::CameToNothing, taken_at, now);
            }
            let lane = load.lane();
            let start = self.throttled.keep(Throttled {
                load,
                shard,
                taken_at,
                permit: None,
            });
            self.answers_with(Answered::Throttled {
                start,
                taken_at,
                lane,
            });
        }
        let Some(task) = self.tasks.get_mut(number) else {
            return;
        };
        task.left = task.left.saturating_sub(1);
        if task.left == 0 {
            let at = self.now + self.call() - self.call() / 2;
            self.calendar.put(at, Event::TaskEnds(number));
        }
    }

    /// Makes a start again that was kept.
    pub fn restart(&mut self, start: usize, permit: Permit) {
        self.tasks_under_way += 1;
        if let Some(throttled) = self.throttled.get_mut(start) {
            throttled.permit = Some(permit);
        }
        let at = self.now + self.call() / 2;
        self.calendar.put(at, Event::Restarts(start));
    }

    pub(super) fn restarts(&mut self, start: usize) {
        let now = self.now;
        self.tasks_under_way -= 1;
        let throttled = self.is_throttled();
        let Some(kept) = self.throttled.get_mut(start) else {
            return;
        };
        let (taken_at, lane) = (kept.taken_at, kept.load.lane());
        if let Some(mut permit) = kept.permit.take() {
            let stage = match throttled {
                true => Stage::CameToNothing,
                false => Stage::Started,
            };
            permit.reached(stage, taken_at, now);
        }
        if throttled {
            return self.answers_with(Answered::Throttled {
                start,
                taken_at,
                lane,
            });
        }
        if let Some(Throttled { load, shard, .. }) = self.throttled.take(start) {
            self.execute(load, shard);
        }
        self.answers_with(Answered::Started);
    }

    /// An execution begins.
    fn execute(&mut self, load: Load, shard: Shard) {
        self.running += 1;
        self.answers.starts += 1;
        self.answers.counted.executions += 1;
        for message in load.messages() {
            if message.attempt == 1
                && let Some(waits) = self.answers.waits.get_mut(usize::from(message.lane))
            {
                waits.push(u32::try_from(self.now - message.uploaded).unwrap_or(u32::MAX));
            }
        }
        let takes = self.setup.executions.takes.draw(&mut self.rng);
        let number = self.executions.keep(Running { load, shard });
        self.calendar
            .put(self.now + takes, Event::ExecutionEnds(number));
        self.answers.series.started(self.now, 1);
        self.look();
        self.answers.first_start.get_or_insert(self.now);
        self.answers.last_start = Some(self.now);
        if self.running > self.answers.most_running.0 {
            self.answers.most_running = (self.running, self.now);
        }
    }

    pub(super) fn task_ends(&mut self, number: usize) {
        self.reached(number, Stage::Called);
        self.reached(number, Stage::Started);
        if let Some(task) = self.tasks.take(number) {
            self.tasks_under_way -= 1;
            self.messages_under_way -= task.messages;
            self.answers.counted.deletes += (task.messages as usize).div_ceil(ENTRIES) as u64;
            self.stirred = true;
        }
    }
}

/// Returns the shard of some execution.
fn shard(layout: Layout, rng: &mut fastrand::Rng) -> Shard {
    let number = rng.usize(..usize::from(layout.partitions()));
    layout.shards().nth(number).unwrap_or_default()
}
