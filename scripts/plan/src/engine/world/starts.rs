//! From messages to executions: turns, slots, claims, starts, and starts that are throttled.

use spillway::Millis;
use spillway::pace::layout::{Layout, Shard};
use spillway::pace::permit::{Permit, Stage};

use super::{Answered, ENTRIES, Event, Load, OneSlot, Rest, Running, Task, Throttled, World};
use crate::engine::queue::Message;
use crate::engine::target::REFUSED_AFTER;
use crate::engine::turns::Turn;
use crate::engine::units;

impl World<'_> {
    /// Begins to claim and start loads. Those over their tenants' bounds are deferred.
    pub fn take_in(&mut self, loads: Vec<Load>, permits: Vec<Permit>) {
        if !self.distinguishes_tenants() {
            return self.takes_in_all(loads, permits);
        }
        // The tick goes on before its task gives permits back.
        let messages = u32::try_from(loads.len()).unwrap_or(u32::MAX);
        self.begins(messages);
        let number = self.received.keep((loads, permits));
        self.calendar.put(self.now, Event::TakesIn(number));
    }

    pub(super) fn takes_in_received(&mut self, number: usize) {
        let Some((loads, permits)) = self.received.take(number) else {
            return;
        };
        self.tasks_under_way -= 1;
        self.messages_under_way -= u32::try_from(loads.len()).unwrap_or(u32::MAX);
        let (loads, permits) = self.defer_above_bounds(loads, permits);
        if !loads.is_empty() {
            self.takes_in_all(loads, permits);
        }
    }

    fn takes_in_all(&mut self, loads: Vec<Load>, mut permits: Vec<Permit>) {
        // The lease says the worst before the first slot.
        let before = self.reserve();
        let is_again = |load: &Load| load.messages().iter().any(|it| it.attempt > 1);
        if self.turns.is_ordered() {
            let all: Vec<Message> = loads.iter().flat_map(Load::messages).copied().collect();
            let messages = u32::try_from(all.len()).unwrap_or(u32::MAX);
            let rounds = self.turns.rounds(all).into();
            self.begins(messages);
            return self.takes_round(Rest { rounds, permits }, before, messages);
        }
        let all_read = self.setup.has_rows || self.setup.events_per_execution > 1;
        if all_read || loads.iter().map(is_again).is_sorted_by(|a, b| a == b) {
            return self.takes_in(loads, permits, before, None);
        }
        // Messages without a row to be read go ahead.
        let (again, new): (Vec<Load>, Vec<Load>) = loads.into_iter().partition(is_again);
        let others = permits.split_off(new.len().min(permits.len()));
        self.takes_in(new, permits, before, None);
        self.takes_in(again, others, before, None);
    }

    /// Takes in loads that can start. `turns`: the turns of tenants that they had.
    pub(super) fn takes_in(
        &mut self,
        loads: Vec<Load>,
        permits: Vec<Permit>,
        before: Millis,
        turns: Option<usize>,
    ) {
        let messages: u32 = loads.iter().map(|load| load.messages().len() as u32).sum();
        let call = self.call();
        let mut each = loads.iter().flat_map(Load::messages);
        // A later attempt reads its row first, and every one does in a pipeline with batches, or
        // whose messages `ingest` sends.
        let reads = self.setup.events_per_execution > 1
            || self.setup.has_rows
            || turns.is_some()
            || each.any(|message| message.attempt > 1);
        let batch = loads.iter().any(|load| matches!(load, Load::Many(_)));
        let read = if reads { call } else { 0 };
        let put_batch = if batch { call } else { 0 };
        if reads {
            self.answers.counted.read_units += f64::from(messages);
        }
        if turns.is_none() {
            self.begins(messages);
        }
        let number = self.tasks.keep(Task {
            loads,
            permits,
            throttled: Vec::new(),
            rest: Rest::default(),
            put_at: self.now.max(before) + read + put_batch,
            ends_at: 0,
            messages,
            turns,
            generation: None,
        });
        self.puts_slots(number);
    }

    /// Begins a task that processes so many messages.
    pub(super) fn begins(&mut self, messages: u32) {
        self.tasks_under_way += 1;
        self.messages_under_way += messages;
    }

    /// Ends a task.
    pub(super) fn ends(&mut self, messages: u32) {
        self.tasks_under_way -= 1;
        self.messages_under_way -= messages;
        self.stirred = true;
    }

    /// Counts the requests that delete so many messages.
    pub(super) fn deletes(&mut self, messages: u32) {
        self.answers.counted.deletes += (messages as usize).div_ceil(ENTRIES) as u64;
    }

    /// Begins the next round. `messages`: of all rounds.
    fn takes_round(&mut self, mut rest: Rest, before: Millis, messages: u32) {
        let round = rest.rounds.pop_front().unwrap_or_default();
        let loads: Vec<Load> = round.into_iter().map(Load::One).collect();
        let later = rest.permits.split_off(loads.len().min(rest.permits.len()));
        let permits = std::mem::replace(&mut rest.permits, later);
        let put_at = self.now.max(before) + self.call();
        // Row and head of each.
        self.answers.counted.read_units += 2.0 * loads.len() as f64;
        let number = self.tasks.keep(Task {
            loads,
            permits,
            throttled: Vec::new(),
            rest,
            put_at,
            ends_at: 0,
            messages,
            turns: None,
            generation: None,
        });
        self.calendar.put(put_at, Event::Decides(number));
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
        let rows = task.loads.iter().map(|load| load.messages().len()).sum();
        let start_at = put_at + (1 + units::of_rows(rows)) * call;
        self.calendar
            .put(start_at + call / 2, Event::Starts(number));
    }

    /// Decides whose turn it is: the others wait, without a slot and without a message.
    pub(super) fn decides(&mut self, number: usize) {
        let call = self.call();
        let Some(task) = self.tasks.get_mut(number) else {
            return;
        };
        let (mut superseded, mut waits, mut before_start) = (Vec::new(), 0, 0);
        let round = std::mem::take(&mut task.loads);
        let permits = std::mem::take(&mut task.permits);
        for (load, permit) in round.into_iter().zip(permits) {
            let Load::One(message) = load else {
                continue;
            };
            let asked = self.turns.ask(message);
            superseded.extend(asked.superseded);
            if asked.turn == Turn::Now {
                before_start = before_start.max(asked.calls);
                task.loads.push(load);
                task.permits.push(permit);
                continue;
            }
            match asked.turn {
                Turn::Waits => waits += 1,
                _ => superseded.push(message),
            }
            let leaves_at = task.put_at + asked.calls * call;
            task.ends_at = task.ends_at.max(leaves_at);
            // It is of use to others from the message's deletion on.
            self.calendar
                .put(leaves_at - call, Event::Unused(Box::new(permit)));
        }
        task.put_at += before_start * call;
        let (nothing_starts, ends_at) = (task.loads.is_empty(), task.ends_at);
        // Its row says so, and its waiter is put.
        self.answers.counted.write_units += 2.0 * f64::from(waits);
        for message in superseded {
            self.answers.counted.write_units += 1.0;
            self.answers.superseded += 1;
            self.done(&message);
        }
        match nothing_starts {
            true => self.calendar.put(ends_at, Event::TaskEnds(number)),
            false => self.puts_slots(number),
        }
    }

    pub(super) fn slots_put(&mut self, number: usize) {
        let layout = self.setup.pace.layout;
        let Some(task) = self.tasks.get(number) else {
            return;
        };
        // Each slot says it as it is asked for.
        let generation = self.adapting.generation(task.put_at);
        let slots = task.loads.iter().zip(&task.permits);
        let slots = slots.map(|(load, permit)| self.slot_of(load, permit.shard()));
        let slots: Vec<OneSlot> = slots.collect();
        debug_assert!(task.permits.iter().all(|it| it.shard().layout() == layout));
        slots.into_iter().for_each(|slot| self.slot_put(slot));
        let Some(task) = self.tasks.get_mut(number) else {
            return;
        };
        task.generation = generation;
        let claims: usize = task.loads.iter().map(|load| load.messages().len()).sum();
        let claims = claims as f64;
        let batches = task.loads.iter().map(|load| match load {
            Load::One(_) => 0.0,
            Load::Many(messages) => units::of_batch(messages.len()),
        });
        let slots = task.loads.len() as f64;
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
        let permits = std::mem::take(&mut task.permits);
        let generation = task.generation;
        if task.turns.is_some() {
            self.waits_no_longer(&loads);
        }
        let (mut started, mut throttled) = (Vec::new(), Vec::new());
        for (load, permit) in loads.into_iter().zip(permits) {
            let shard = permit.shard();
            if self.is_throttled() {
                throttled.push((load, shard, permit));
            } else {
                self.execute(load, shard, generation);
                started.push(permit);
            }
        }
        let at = self.now + self.call() - self.call() / 2;
        if let Some(task) = self.tasks.get_mut(number) {
            (task.permits, task.throttled) = (started, throttled);
            let at = at.max(task.ends_at);
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

    /// Keeps a start that was throttled, for the tick to make again.
    fn keeps(
        &mut self,
        load: Load,
        shard: Shard,
        mut permit: Permit,
        taken_at: Millis,
        generation: Option<u32>,
    ) {
        permit.reached(Stage::Called, taken_at, self.now);
        permit.reached(Stage::CameToNothing, taken_at, self.now);
        drop(permit);
        let lane = load.lane();
        let start = self.throttled.keep(Throttled {
            load,
            shard,
            taken_at,
            generation,
            permit: None,
        });
        self.answers_with(Answered::Throttled {
            start,
            taken_at,
            lane,
        });
    }

    /// Makes a start again that was kept.
    pub fn restart(&mut self, start: usize, permit: Permit) {
        self.tasks_under_way += 1;
        let (call, generation) = (self.call(), self.adapting.generation(self.now));
        let mut renewed = 0;
        if let Some(throttled) = self.throttled.get_mut(start) {
            throttled.permit = Some(permit);
            // Its slot is told the circuit's number first.
            if throttled.generation != generation {
                throttled.generation = generation;
                renewed = call;
                self.answers.counted.write_units += 1.0;
            }
        }
        let at = self.now + renewed + call / 2;
        self.calendar.put(at, Event::Restarts(start));
    }

    pub(super) fn restarts(&mut self, start: usize) {
        let throttled = self.is_throttled();
        if let Some(kept) = self.throttled.get_mut(start)
            && !throttled
        {
            let (load, shard, generation) = (kept.load.clone(), kept.shard, kept.generation);
            self.execute(load, shard, generation);
        }
        let at = self.now + self.call() - self.call() / 2;
        self.calendar.put(at, Event::Restarted { start, throttled });
    }

    pub(super) fn restarted(&mut self, start: usize, throttled: bool) {
        self.tasks_under_way -= 1;
        let Some(Throttled {
            load,
            shard,
            taken_at,
            generation,
            permit: Some(mut permit),
        }) = self.throttled.take(start)
        else {
            return;
        };
        if throttled {
            return self.keeps(load, shard, permit, taken_at, generation);
        }
        permit.reached(Stage::Started, taken_at, self.now);
        self.circuit_told(1);
        self.answers_with(Answered::Started);
    }

    /// An execution begins.
    fn execute(&mut self, load: Load, shard: Shard, generation: Option<u32>) {
        self.running += 1;
        self.answers.starts += 1;
        self.answers.counted.executions += 1;
        for message in load.messages() {
            if message.attempt == 1 {
                let uploaded = self.upload_of(message).map_or(self.now, |upload| upload.at);
                let wait = u32::try_from(self.now - uploaded).unwrap_or(u32::MAX);
                let tenant = self.tenant_of(message);
                self.answers.by_tenant.waited(tenant, wait);
                if let Some(waits) = self.answers.waits.get_mut(usize::from(message.lane)) {
                    waits.push(wait);
                }
            }
        }
        let first = load.messages().first();
        let takes = first.map_or(0, |first| self.attempt(first).takes(&self.setup.executions));
        let refused = !self.target.takes(self.now);
        let takes = match refused {
            true => takes.min(REFUSED_AFTER),
            false => takes,
        };
        if refused {
            self.answers.refused += 1;
            self.answers.series.refused(self.now);
        }
        let number = self.executions.keep(Running {
            load,
            shard,
            generation,
            refused,
        });
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
        let Some(task) = self.tasks.take(number) else {
            return;
        };
        self.circuit_told(task.permits.len());
        for (load, shard, permit) in task.throttled {
            self.keeps(load, shard, permit, task.put_at, task.generation);
        }
        if !task.rest.rounds.is_empty() {
            return self.takes_round(task.rest, self.now, task.messages);
        }
        if let Some(turns) = task.turns {
            return self.turns_claimed(turns);
        }
        self.deletes(task.messages);
        self.ends(task.messages);
    }
}

/// Returns the shard of some execution.
fn shard(layout: Layout, rng: &mut fastrand::Rng) -> Shard {
    let number = rng.usize(..usize::from(layout.partitions()));
    layout.shards().nth(number).unwrap_or_default()
}
