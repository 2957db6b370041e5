//! The tick: lease, count, and its next steps.

use std::array;
use std::collections::BTreeSet;

use spillway::Millis;
use spillway::pace::Pace;
use spillway::pace::bound::ByLane;
use spillway::pace::gate::{Counted, Gate, Grant};
use spillway::pace::layout::{Layout, Shard};
use spillway::pace::permit::Stage;
use spillway::pace::tokens::Tokens;
use spillway::protocol::fact::Fact;
use spillway::protocol::kept::{Kept, Origin};
use spillway::protocol::opening::Opening;
use spillway::protocol::starting::{HoldsPermit, Starting};
use spillway::protocol::sweeping::Sweeping;
use spillway::protocol::terms::Terms;
use spillway::protocol::tick::{Phase, Tick};
use spillway::record::layouts::{Layouts, RETIRES_AFTER, Said};
use spillway::record::slot::Slot;
use spillway::rules::sweep::FOUND_WITHIN;

use super::{Protocol, Step};
use crate::breakage::Breakage;
use crate::cast::queue_of;
use crate::world::{Lease, OfTurn, SlotOf, TENANTS, Task, TickOf, Time, Work, World, millis};

impl Protocol {
    /// Adds the next steps that a tick can make.
    pub(super) fn tick_steps(
        &self,
        world: &World,
        tick: &TickOf,
        number: u8,
        steps: &mut Vec<Step>,
    ) {
        match tick.tick.as_ref().map(Tick::phase) {
            None => {
                // Those that are idle are alike: one of them begins.
                let first =
                    world.ticks.iter().position(|tick| tick.tick.is_none()) == Some(number.into());
                let free = world.lease.holder.is_none() || world.lease.expired;
                if first && (free || self.is_broken_by(Breakage::NoLease)) {
                    steps.push(Step::Begin {
                        tick: number,
                        old: false,
                    });
                    let sweeps =
                        !self.bounds.ended && !self.is_broken_by(Breakage::NobodyLooksAfter);
                    let layouts = world.lease.layouts.layouts();
                    if sweeps && !(world.slots.is_empty() && layouts.old().is_none()) {
                        steps.push(Step::Begin {
                            tick: number,
                            old: true,
                        });
                    }
                }
            }
            Some(Phase::Count | Phase::Open | Phase::Sweep) => {
                steps.push(Step::LookAfter(number));
            }
            Some(Phase::Drain | Phase::Release) => self.drain_steps(world, tick, number, steps),
        }
    }

    fn drain_steps(&self, world: &World, tick: &TickOf, number: u8, steps: &mut Vec<Step>) {
        let messages = || world.queue.kinds();
        let stopping = tick.tick.as_ref().is_some_and(Tick::is_stopping);
        let mut idle = None;
        for (task, place) in tick.tasks.iter().zip(0u8..).take(self.bounds.tasks) {
            let ids: Vec<_> = match &task.work {
                Work::Idle => {
                    idle = idle.or(Some(place));
                    continue;
                }
                Work::Fill(received) => {
                    if received.len() < 2 && !stopping {
                        steps.extend(messages().map(|it| Step::Receive(number, place, it)));
                    }
                    steps.push(Step::Close(number, place));
                    continue;
                }
                work => work.outstanding(),
            };
            steps.extend(ids.into_iter().map(|id| Step::Work(number, place, id)));
        }
        let looks_after = tick.starting.is_some() || !tick.sweeps.is_empty();
        if looks_after {
            steps.push(Step::LookAfter(number));
        }
        // The lease's record matters only if the tick can die.
        let can_die = world.faults > 0 || world.lease_ends > 0;
        let holds = world.lease.holder == Some(number) && can_die;
        let says = world.lease.suspect_since;
        if holds && says.is_some_and(|says| says < oldest(world, tick)) {
            steps.push(Step::Checkpoint(number));
        }
        let granted = !tick.runs_out || self.is_broken_by(Breakage::GrantsWithoutLease);
        let again = self.again(tick).filter(|_| !stopping && granted);
        if again.is_some() && tick.starting.is_none() {
            steps.push(Step::Again(number));
        }
        // Kept starts come before anything new.
        if let Some(place) = idle.filter(|_| !stopping && granted && again.is_none()) {
            let grant = self.gate(tick).request(None, 1, 0);
            let grants = matches!(grant, Grant::Take(_));
            match grant {
                Grant::Take(_) => {
                    if self.has_turn(tick) {
                        steps.push(Step::Turn(number, place));
                    }
                    steps.extend(messages().map(|it| Step::Receive(number, place, it)));
                }
                Grant::Full if self.has_news(world, tick) => steps.push(Step::Recount(number)),
                _ => {}
            }
            // Also if only a tenant's bound is reached.
            if tick.queues.is_some() && grants && self.has_news(world, tick) {
                steps.push(Step::Recount(number));
            }
        }
        let idle = tick.tasks.iter().all(|task| task.work == Work::Idle);
        let goes_on = self.bounds.ended && !(world.queue.is_empty() && world.slots.is_empty());
        if idle && !looks_after && !goes_on {
            steps.push(Step::Release(number));
        }
    }

    /// Returns the tick's gate, with all that happened to it.
    pub(super) fn gate(&self, tick: &TickOf) -> Gate {
        const PLENTY: u32 = 400;
        let pace = Pace {
            max_concurrency: self.bounds.max_concurrency,
            starts_per_second: PLENTY.into(),
            burst: PLENTY,
            starts_per_tick: None,
            layout: Layout::One,
        };
        let mut gate = Gate::new(&pace, Tokens::new(PLENTY.into(), PLENTY, None, 0), None);
        let reserving = tick
            .tasks
            .iter()
            .filter(|task| matches!(task.work.stage(), Some(Stage::Granted | Stage::SlotAsked)));
        if let Some(max) = self.bounds.tenants {
            gate.bound_tenants(max);
            // All that a tenant uses counts alike.
            let mut used: [u8; TENANTS] = array::from_fn(|it| tick.counted[it] + tick.put[it]);
            for task in reserving
                .clone()
                .filter(|task| task.work.claims().is_some())
            {
                used[self.tenant_of_work(&task.work)] += 1;
            }
            let used = used.into_iter().enumerate();
            let tenants = used.map(|(tenant, used)| (queue_of(tenant).tenant, used.into()));
            let counted = Counted::Each {
                lanes: ByLane::default(),
                tenants: tenants.collect(),
            };
            gate.count_ends(Shard::default(), &counted);
        }
        let counted = tick.counted.iter().sum::<u8>();
        gate.capacity.count_ends(Shard::default(), counted.into());
        gate.capacity.reserve(reserving.count() as u32);
        for _ in 0..tick.put.iter().sum() {
            gate.capacity.reserve(1);
            gate.capacity.slot_put(Shard::default());
        }
        let unstarted = tick.kept.iter().filter(|kept| !kept.may_run);
        gate.found_unstarted(None, unstarted.count() as u32);
        gate
    }

    /// Returns the slots that a tick sees.
    pub(super) fn slots_seen<'a>(
        &self,
        world: &'a World,
        tick: &TickOf,
    ) -> impl Iterator<Item = &'a SlotOf> + use<'a> {
        let layouts = tick.layouts;
        let seen = move |slot: &&SlotOf| layouts.held().any(|layout| layout == slot.layout);
        world.slots.iter().filter(seen)
    }

    /// Counts the slots that a tick sees, by tenant.
    pub(super) fn counted(&self, world: &World, tick: &TickOf) -> [u8; TENANTS] {
        let mut counted = [0; TENANTS];
        for slot in self.slots_seen(world, tick) {
            counted[self.tenant_of_execution(slot.execution)] += 1;
        }
        counted
    }

    /// Returns whether slots are not as the tick knows them.
    fn has_news(&self, world: &World, tick: &TickOf) -> bool {
        let known: [u8; TENANTS] = array::from_fn(|it| tick.counted[it] + tick.put[it]);
        known != self.counted(world, tick)
    }

    /// Returns the first of the kept starts that can be made.
    pub(super) fn again(&self, tick: &TickOf) -> Option<usize> {
        let can = |kept: &Kept| {
            let grant = self
                .gate(tick)
                .request_restart(None, kept.slot.taken_at, kept.may_run, 0);
            grant == Grant::Take(1)
        };
        tick.kept.iter().position(can)
    }

    /// Returns the terms of a tick's machines.
    pub(super) fn terms(&self, world: &World, tick: &TickOf) -> Terms<'_> {
        Terms {
            pipeline: &self.pipeline,
            state_machine_arn: "",
            now: self.now(world, tick),
            slot_time: millis(world.now()),
            claims_may_land: false,
            layouts: tick.layouts,
            old_slots: None,
            listed: false,
            generation: None,
        }
    }

    /// Returns the terms for a call: no answer is read by the slots that the tick has found in the
    /// old layout.
    pub(super) fn terms_of_call<'a>(&'a self, world: &World, tick: &'a TickOf) -> Terms<'a> {
        Terms {
            old_slots: tick.old_slots.as_ref(),
            ..self.terms(world, tick)
        }
    }

    /// Now, as far as the age of slots counts.
    fn now(&self, world: &World, tick: &TickOf) -> Millis {
        let old = tick.old || self.is_broken_by(Breakage::ListFixedEarly);
        millis(world.now()) + if old { FOUND_WITHIN } else { 0 }
    }

    pub(super) fn begin(&self, world: &mut World, number: u8, old: bool) {
        let tick = &mut world.ticks[usize::from(number)];
        tick.tick = Some(Tick::new(world.lease.suspect_since.map(millis), 0));
        tick.old = old;
        tick.layouts = Layouts::begin(world.lease.layouts, world.layout, 0);
        if self.is_broken_by(Breakage::OldLayoutForgotten) {
            tick.layouts.old_since = None;
        }
        world.lease.holder = Some(number);
        world.lease.expired = false;
        self.read_directory(world, number);
    }

    /// Ends a tick. Before that its kept starts are left to the next tick. A lease that another
    /// tick took meanwhile is left alone.
    pub(super) fn release(&self, world: &mut World, number: u8) {
        let tick = &mut world.ticks[usize::from(number)];
        if !tick.kept.is_empty() {
            let kept = tick.kept.remove(0);
            match kept.origin {
                Origin::Own => tick.starting = Some(Starting::left_to_next(kept)),
                Origin::Open => tick.tell(&[Fact::Suspect(kept.slot.taken_at)]),
                Origin::Swept => {}
            }
            return self.go_on(world, number);
        }
        let tick = std::mem::take(&mut world.ticks[usize::from(number)]);
        if world.lease.holder == Some(number) {
            let suspect_since = tick.tick.as_ref().and_then(Tick::suspect_since);
            world.lease = Lease {
                suspect_since: suspect_since.map(|time| time as u8),
                layouts: Said::Layouts(tick.layouts),
                ..Lease::default()
            };
        }
    }

    /// Writes a change of layouts into the lease. Then counts the slots and writes the worst case
    /// into the lease, until the release writes the true one. A tick whose lease was taken
    /// meanwhile ends there.
    pub(super) fn count(&self, world: &mut World, number: u8) {
        let keeps = world.lease.holder == Some(number) || self.is_broken_by(Breakage::NoLease);
        if !keeps {
            world.ticks[usize::from(number)] = TickOf::default();
            return;
        }
        let layouts = world.ticks[usize::from(number)].layouts;
        if layouts.change(world.lease.layouts) && !self.is_broken_by(Breakage::NoLease) {
            world.lease.layouts = Said::Layouts(layouts);
            return;
        }
        if !self.is_broken_by(Breakage::NobodyLooksAfter) {
            let began = world.now();
            world.lease.suspect_since.get_or_insert(began);
        }
        // Only the clock of a tick that outlived the lease is in question. Its calls on the wire
        // have landed by the time that a slot is old.
        let on_the_wire = |task: &Task| task.work.stage() == Some(Stage::SlotPut);
        let mut tasks = world.ticks.iter().flat_map(|tick| &tick.tasks);
        let young = self.bounds.lease_ends > 0 && tasks.any(on_the_wire);
        let slots: Vec<Slot> = self
            .slots_seen(world, &world.ticks[usize::from(number)])
            .map(|slot| self.cast.slot(*slot, self.bounds.order))
            .collect();
        let counted = self.counted(world, &world.ticks[usize::from(number)]);
        let now = millis(world.now());
        // One who outlived the lease stops in time: a minute after the change nothing of it lands
        // any more.
        let others = world.ticks.iter().zip(0u8..);
        let alone = others
            .filter(|(_, other)| *other != number)
            .all(|(it, _)| it.tick.is_none());
        let tick = &mut world.ticks[usize::from(number)];
        tick.old &= !young;
        if let Some(old) = tick.layouts.old() {
            let of_old = slots.iter().filter(|slot| slot.layout == old);
            let of_old: BTreeSet<String> = of_old.map(|slot| slot.execution.clone()).collect();
            let minute_later = (tick.old && alone) || self.is_broken_by(Breakage::RetiresAtOnce);
            let at = if minute_later { RETIRES_AFTER } else { 0 };
            tick.layouts.counted_old(of_old.len(), at);
            tick.old_slots = tick.layouts.have_landed(at).then_some(of_old);
        }
        (tick.counted, tick.put) = (counted, [0; TENANTS]);
        let above_limit = slots.len() > self.bounds.max_concurrency as usize;
        let Some(machine) = &mut tick.tick else {
            return;
        };
        let (open, others) = machine.open(slots, now);
        machine.go_on();
        tick.openings = open
            .into_iter()
            .map(|slot| Opening::new(slot, above_limit))
            .collect();
        if tick.old {
            let sweeps = others.into_iter();
            tick.sweeps = sweeps.map(|slot| Sweeping::new(slot, false)).collect();
        }
    }
}

/// Returns since when slots can lack their start, as far as a tick knows that drains.
pub(super) fn oldest(world: &World, tick: &TickOf) -> Time {
    let of_task = |task: &Task| match &task.work {
        Work::Idle
        | Work::Fill(_)
        | Work::Defer(..)
        | Work::Turn(_, OfTurn::Read | OfTurn::Remove) => None,
        Work::One(claiming) | Work::Turn(_, OfTurn::Claim(claiming)) => {
            claiming.slot().map(|slot| slot.taken_at)
        }
        Work::Several(batching) => batching.taken_at(),
    };
    let tasks = tick.tasks.iter().filter_map(of_task);
    let kept = tick.kept.iter().map(|kept| kept.slot.taken_at);
    let starting = tick
        .starting
        .iter()
        .map(|starting| starting.slot().taken_at);
    let suspect = tick.tick.as_ref().and_then(Tick::suspect_since);
    let all = tasks.chain(kept).chain(starting).chain(suspect);
    all.fold(millis(world.now()), Millis::min) as Time
}
