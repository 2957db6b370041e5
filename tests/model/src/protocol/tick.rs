//! The tick: lease, count, restart, sweep, and what its tasks may do next.

use spillway::Millis;
use spillway::execution::outcome::{Outcome, Status};
use spillway::pace::Pace;
use spillway::pace::gate::{Gate, Grant};
use spillway::pace::tokens::Tokens;
use spillway::record::slot::{Slot, Work};
use spillway::rules::sweep::{self, Action, Found, Held};

use super::{Protocol, Step};
use crate::breakage::Breakage;
use crate::world::{
    At, Call, Execution, Fate, List, SettleAt, SlotOf, Task, Tick, TickAt, Time, What, World,
    candidates, event_of, is_batch, millis,
};

impl Protocol {
    /// What a tick may do next.
    pub(super) fn tick_steps(&self, world: &World, tick: &Tick, number: u8, steps: &mut Vec<Step>) {
        match tick.at {
            TickAt::Idle => {
                // Those that are idle are alike: one of them begins.
                let first = world.ticks.iter().position(|tick| tick.at == TickAt::Idle)
                    == Some(number.into());
                let free = world.lease.holder.is_none() || world.lease.expired;
                if first && (free || self.is_broken_by(Breakage::NoLease)) {
                    steps.push(Step::Begin {
                        tick: number,
                        old: false,
                    });
                    if !world.slots.is_empty() && !self.is_broken_by(Breakage::NobodyLooksAfter) {
                        steps.push(Step::Begin {
                            tick: number,
                            old: true,
                        });
                    }
                }
            }
            TickAt::Count | TickAt::LookAfter => steps.push(Step::LookAfter(number)),
            TickAt::Drain => self.drain_steps(world, tick, number, steps),
        }
    }

    fn drain_steps(&self, world: &World, tick: &Tick, number: u8, steps: &mut Vec<Step>) {
        let mut idle = None;
        for (task, place) in tick.tasks.iter().zip(0u8..).take(self.bounds.tasks) {
            match task.at {
                At::Idle => idle = idle.or(Some(place)),
                At::Fill => {
                    if task.held.len() < 2 {
                        steps.extend(
                            world
                                .queue
                                .kinds()
                                .map(|it| Step::Receive(number, place, it)),
                        );
                    }
                    steps.push(Step::Close(number, place));
                }
                _ => steps.push(Step::Work(number, place)),
            }
        }
        if let Some(place) = idle {
            match self.gate(tick).request(1, 0) {
                Grant::Take(_) => steps.extend(
                    world
                        .queue
                        .kinds()
                        .map(|it| Step::Receive(number, place, it)),
                ),
                Grant::Full if usize::from(tick.counted + tick.put) != world.slots.len() => {
                    steps.push(Step::Recount(number));
                }
                _ => {}
            }
        }
        if tick.tasks.iter().all(|task| task.at == At::Idle) {
            steps.push(Step::Release(number));
        }
    }

    /// The tick's gate, with all that happened to it.
    fn gate(&self, tick: &Tick) -> Gate {
        const PLENTY: u32 = 400;
        let pace = Pace {
            max_concurrency: self.bounds.max_concurrency,
            starts_per_second: PLENTY.into(),
            burst: PLENTY,
            starts_per_tick: None,
        };
        let mut gate = Gate::new(&pace, Tokens::new(PLENTY.into(), PLENTY, None, 0), None);
        gate.capacity.count_begins();
        gate.capacity.count_ends(tick.counted.into());
        let before_slot = |at: At| !matches!(at, At::Idle);
        let reserved = tick
            .tasks
            .iter()
            .filter(|task| before_slot(task.at) && task.slot.is_none());
        gate.capacity.reserve(reserved.count() as u32);
        for _ in 0..tick.put {
            gate.capacity.reserve(1);
            gate.capacity.slot_put();
        }
        gate
    }

    pub(super) fn begin(&self, world: &mut World, number: u8, old: bool) {
        let tick = &mut world.ticks[usize::from(number)];
        (tick.at, tick.old) = (TickAt::Count, old);
        tick.left = world.lease.suspect_since;
        world.lease.holder = Some(number);
        world.lease.expired = false;
    }

    /// A lease that another tick took meanwhile is left alone.
    pub(super) fn release(&self, world: &mut World, number: u8) {
        let tick = std::mem::take(&mut world.ticks[usize::from(number)]);
        if world.lease.holder == Some(number) {
            world.lease = crate::world::Lease {
                suspect_since: tick.suspects,
                ..Default::default()
            };
        }
    }

    /// The next call of restart and sweep.
    pub(super) fn look_after(&self, world: &mut World, number: u8) {
        if world.ticks[usize::from(number)].at == TickAt::Count {
            self.count(world, number);
            if world.ticks[usize::from(number)].at == TickAt::Idle {
                return;
            }
        } else {
            let call = world.ticks[usize::from(number)].calls.remove(0);
            self.call(world, number, call);
        }
        let tick = &mut world.ticks[usize::from(number)];
        if tick.calls.is_empty() {
            (tick.at, tick.left, tick.old) = (TickAt::Drain, None, false);
        } else {
            tick.at = TickAt::LookAfter;
        }
    }

    /// Counts the slots, then writes the worst case into the lease, until the release says what is true. A tick whose lease was
    /// taken meanwhile ends there.
    fn count(&self, world: &mut World, number: u8) {
        let keeps = world.lease.holder == Some(number) || self.is_broken_by(Breakage::NoLease);
        if !keeps {
            world.ticks[usize::from(number)] = Tick::default();
            return;
        }
        if !self.is_broken_by(Breakage::NobodyLooksAfter) {
            let began = world.now();
            world.lease.suspect_since.get_or_insert(began);
        }
        let now = millis(world.now());
        // Only the clock of one who outlived the lease is in question: what that one has on the wire has landed by the time
        // that a slot is old.
        let on_the_wire = |task: &Task| {
            task.slot.is_some() && !matches!(task.at, At::Conclude | At::Start | At::Mark)
        };
        let mut tasks = world.ticks.iter().flat_map(|tick| &tick.tasks);
        let young = self.bounds.lease_ends > 0 && tasks.any(on_the_wire);
        let slots = world.slots.clone();
        let tick = &mut world.ticks[usize::from(number)];
        tick.old &= !young;
        (tick.counted, tick.put) = (slots.len() as u8, 0);
        let left = tick.left.map(millis);
        let is_open = |slot: &SlotOf| sweep::is_open(&self.slot(*slot), left, now);
        let mut open: Vec<SlotOf> = slots.iter().copied().filter(is_open).collect();
        open.sort_by_key(|slot| slot.taken_at);
        let restart = open.into_iter().map(|slot| Call {
            what: What::Claimed,
            slot,
            sweeps: false,
        });
        tick.calls.extend(restart);
        if tick.old {
            let others: Vec<Slot> = slots
                .iter()
                .filter(|slot| !is_open(slot))
                .map(|slot| self.slot(*slot))
                .collect();
            let due = sweep::due(&others, None, 0, usize::MAX, now);
            let of = |due: &Slot| {
                slots
                    .iter()
                    .find(|slot| self.cast.name(slot.execution) == due.execution)
            };
            let found = due.into_iter().filter_map(of);
            tick.calls.extend(found.map(|slot| Call {
                what: What::Find,
                slot: *slot,
                sweeps: true,
            }));
        }
    }

    fn call(&self, world: &mut World, number: u8, call: Call) {
        let SlotOf {
            execution,
            taken_at,
            pending,
        } = call.slot;
        match call.what {
            What::Find => match world.fate(execution) {
                Fate::Running => {}
                Fate::Unknown => self.next(world, number, call, What::Claimed),
                closed => {
                    let outcome =
                        Outcome::new(self.cast.name(execution), status(closed), None, None);
                    self.act(
                        world,
                        number,
                        call,
                        Found::Closed(outcome),
                        Held::Claimed,
                        None,
                    );
                }
            },
            What::Claimed if is_batch(execution) => match *world.list_mut(execution) {
                Some(list) => self.next(world, number, call, What::Rows(list)),
                None => self.claimed(world, number, call, None),
            },
            What::Claimed => {
                let event = event_of(execution);
                let row = self.cast.row(event, world.row(event));
                let name = self.cast.name(execution);
                match row {
                    Some(row) if row.is_started_by(name) => {
                        self.claimed(world, number, call, Some(1 << event))
                    }
                    Some(row) if self.ordered() && row.execution.as_deref() == Some(name) => {
                        if call.sweeps {
                            self.act(world, number, call, Found::Nothing, Held::Settled, None);
                        }
                    }
                    _ => self.claimed(world, number, call, None),
                }
            }
            What::Rows(list) => self.claimed_rows(world, number, call, list),
            What::Fix(won) => {
                if let Some(list) = world.list_mut(execution) {
                    let fixed = *list.members.get_or_insert(won);
                    self.claimed(world, number, call, Some(of_places(execution, fixed)));
                }
            }
            What::Forget => {
                *world.list_mut(execution) = None;
                self.next(world, number, call, What::Free);
            }
            What::Free => world
                .slots
                .retain(|slot| slot.execution != execution || slot.taken_at != taken_at),
            What::Start(input) => {
                let tick = &world.ticks[usize::from(number)];
                let mut gate = self.gate(tick);
                let others = tick
                    .calls
                    .iter()
                    .filter(|call| matches!(call.what, What::Start(_)));
                gate.found_unstarted(others.count() as u32 + 1);
                if gate.request_restart(millis(taken_at), 0) != Grant::Take(1) {
                    return suspect(&mut world.ticks[usize::from(number)], taken_at);
                }
                self.start(world, execution, input);
                if pending {
                    self.next(world, number, call, What::Mark(false));
                }
            }
            What::Mark(pending) => mark(world, execution, pending),
            What::Report => tell(world, execution),
        }
    }

    /// What the rows of a batch say of its slot.
    fn claimed_rows(&self, world: &mut World, number: u8, call: Call, list: List) {
        let execution = call.slot.execution;
        let name = self.cast.name(execution);
        let (mut won, mut wanted, mut settled) = (0u8, 0u8, false);
        for (place, event) in candidates(execution).into_iter().enumerate() {
            if list
                .members
                .is_some_and(|members| members & 1 << place == 0)
            {
                continue;
            }
            wanted |= 1 << place;
            let row = self.cast.row(event, world.row(event));
            if row.as_ref().is_some_and(|row| row.is_started_by(name)) {
                won |= 1 << place;
            } else if row.is_some_and(|row| row.execution.as_deref() == Some(name)) {
                settled = true;
            }
        }
        let claimed = (won != 0).then(|| of_places(execution, won));
        if settled {
            return;
        }
        if won == 0 || won == wanted || self.is_broken_by(Breakage::ListNotFixedByRestart) {
            self.claimed(world, number, call, claimed);
        } else if list.members.is_none() {
            let landed = sweep::claims_have_landed(&self.slot(call.slot), self.now(world, number));
            if landed || self.is_broken_by(Breakage::ListFixedEarly) {
                self.next(world, number, call, What::Fix(won));
            } else if !call.sweeps {
                // Claims of others may be on the wire.
                suspect(&mut world.ticks[usize::from(number)], call.slot.taken_at);
            }
        }
    }

    /// It is known what the slot is for: these events, or nothing.
    fn claimed(&self, world: &mut World, number: u8, call: Call, events: Option<u8>) {
        if call.sweeps {
            let held = match events {
                Some(_) => Held::Claimed,
                None => Held::Unused,
            };
            return self.act(world, number, call, Found::Nothing, held, events);
        }
        match events {
            Some(events) => self.next(world, number, call, What::Start(events)),
            None if sweep::claims_have_landed(&self.slot(call.slot), self.now(world, number)) => {
                self.free_unused(world, number, call);
            }
            // Its claim may be on the wire.
            None => suspect(&mut world.ticks[usize::from(number)], call.slot.taken_at),
        }
    }

    /// What the sweep does.
    fn act(
        &self,
        world: &mut World,
        number: u8,
        call: Call,
        found: Found,
        held: Held,
        events: Option<u8>,
    ) {
        let now = self.now(world, number);
        match sweep::action(&self.slot(call.slot), found, held, false, now) {
            Action::Leave | Action::Park => {}
            Action::Report(_) => self.next(world, number, call, What::Report),
            Action::Start if self.is_broken_by(Breakage::SweepReportsNeverStarted) => {
                self.next(world, number, call, What::Report);
            }
            Action::Start => {
                self.next(world, number, call, What::Start(events.unwrap_or_default()))
            }
            Action::Free => self.free_unused(world, number, call),
        }
    }

    /// Now, as far as the age of slots counts.
    fn now(&self, world: &World, number: u8) -> Millis {
        let old = world.ticks[usize::from(number)].old;
        millis(world.now()) + if old { sweep::CLAIM_LANDS_WITHIN } else { 0 }
    }

    fn free_unused(&self, world: &mut World, number: u8, call: Call) {
        let what = if is_batch(call.slot.execution) {
            What::Forget
        } else {
            What::Free
        };
        self.next(world, number, call, what);
    }

    /// One more call: restart goes over all slots call by call, the sweep looks after one slot to its end.
    fn next(&self, world: &mut World, number: u8, call: Call, what: What) {
        let calls = &mut world.ticks[usize::from(number)].calls;
        let restarts = calls.iter().take_while(|call| !call.sweeps).count();
        let starts = calls
            .iter()
            .take_while(|call| !matches!(call.what, What::Start(_)));
        let place = match what {
            _ if call.sweeps => 0,
            // Starts are made when it is known of every slot what it is for.
            What::Start(_) => restarts,
            What::Rows(_) | What::Fix(_) | What::Forget | What::Free | What::Mark(_) => 0,
            _ => starts.count(),
        };
        calls.insert(place, Call { what, ..call });
    }

    pub(super) fn throttled_restart(&self, world: &mut World, number: u8) {
        let call = world.ticks[usize::from(number)].calls.remove(0);
        if !call.slot.pending {
            self.next(world, number, call, What::Mark(true));
        }
        let tick = &mut world.ticks[usize::from(number)];
        if tick.calls.is_empty() {
            (tick.at, tick.left, tick.old) = (TickAt::Drain, None, false);
        }
    }

    pub(super) fn found_nothing(&self, world: &mut World, number: u8) {
        let call = world.ticks[usize::from(number)].calls.remove(0);
        self.next(world, number, call, What::Claimed);
    }

    fn slot(&self, slot: SlotOf) -> Slot {
        let work = if is_batch(slot.execution) {
            Work::Batch
        } else {
            Work::Row(self.cast.key(event_of(slot.execution)).clone())
        };
        Slot {
            execution: self.cast.name(slot.execution).to_owned(),
            taken_at: millis(slot.taken_at),
            work,
            ordered: self.ordered(),
            state_machine_arn: String::new(),
            pending: slot.pending,
        }
    }
}

/// The events at these places of a batch.
pub(super) fn of_places(execution: Execution, places: u8) -> u8 {
    let events = candidates(execution).into_iter().enumerate();
    events
        .filter(|(place, _)| places & 1 << place != 0)
        .fold(0, |mask, (_, event)| mask | 1 << event)
}

/// A slot taken then may lack its start.
pub(super) fn suspect(tick: &mut Tick, taken_at: Time) {
    tick.suspects = Some(tick.suspects.map_or(taken_at, |since| since.min(taken_at)));
}

/// A slot that is gone was settled: nothing to mark.
pub(super) fn mark(world: &mut World, execution: Execution, pending: bool) {
    let slot = world
        .slots
        .iter_mut()
        .find(|slot| slot.execution == execution);
    slot.into_iter().for_each(|slot| slot.pending = pending);
}

/// Sends an outcome. One that is told already, or being settled, is not told again: that is a fault, and counts.
fn tell(world: &mut World, execution: Execution) {
    let mut settling = world
        .settles
        .iter()
        .filter(|settle| settle.at != SettleAt::Idle);
    let told = &mut world.outcomes[usize::from(execution)];
    if *told == 0 && !settling.any(|settle| settle.execution == execution) {
        *told = 1;
    }
}

/// How it ended. An outcome of what has not closed is told by a broken sweep only, as a failure.
pub(super) fn status(fate: Fate) -> Status {
    match fate {
        Fate::Succeeded | Fate::Reported(_) => Status::Succeeded,
        Fate::Failed | Fate::Unknown | Fate::Running => Status::Failed,
    }
}
