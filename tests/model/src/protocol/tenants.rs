//! Events that wait for their tenant: how they come to wait, the turns of the tenants, and the
//! effects of the calls.

use spillway::Millis;
use spillway::protocol::call::{Answer, Call};
use spillway::protocol::candidate::Candidate;
use spillway::protocol::claiming::Claiming;
use spillway::protocol::deferring::Deferring;
use spillway::protocol::tenant_queues::{Admission, TenantQueues};
use spillway::protocol::tenant_turn::TenantTurn;
use spillway::record::deferred::{Named, TenantQueue};
use spillway::record::row::RowKey;

use super::Protocol;
use super::calls::Caller;
use crate::breakage::Breakage;
use crate::cast::{queue_of, tenant_named};
use crate::world::{Event, OfTurn, TENANTS, TickOf, Work, World, tenant_of};

/// The only lane.
const LANE: usize = 0;
/// Late enough for any queue to be asked again.
const ANY_TIME: Millis = Millis::MAX / 2;

impl Protocol {
    /// Returns the tenant that the slots of an event count for.
    pub(super) fn tenant(&self, event: Event) -> usize {
        match self.bounds.tenants {
            Some(_) => tenant_of(event),
            None => 0,
        }
    }

    /// Reads the directory. The tick's own name is unlike any that is still in use.
    pub(super) fn read_directory(&self, world: &mut World, number: u8) {
        if self.bounds.tenants.is_none() {
            return;
        }
        let named = world.named.iter().zip(0..);
        let named = named.filter_map(|(token, tenant)| {
            Some(Named {
                queue: queue_of(tenant),
                token: Some(token.clone()?),
                since: 0,
            })
        });
        let named: Vec<Named> = named.collect();
        let of_tokens = named.iter().filter_map(|named| named.token.as_deref());
        let of_tokens = of_tokens.filter_map(|token| token.split_once('/'));
        let mut in_use: Vec<String> = of_tokens.map(|(holder, _)| holder.to_owned()).collect();
        let at_work = world.ticks.iter().filter(|tick| tick.queues.is_some());
        in_use.extend(at_work.map(|tick| tick.holder.to_string()));
        let holder = (0..).find(|number: &u8| !in_use.contains(&number.to_string()));
        let holder = holder.expect("few are in use");
        let tick = &mut world.ticks[usize::from(number)];
        tick.holder = holder;
        tick.queues = Some(TenantQueues::new(&holder.to_string(), named, |_| LANE));
    }

    /// Returns the work that a received message begins, which has a permit.
    pub(super) fn admitted(&self, world: &mut World, number: u8, candidate: Candidate) -> Work {
        let gate = self.gate(&world.ticks[usize::from(number)]);
        let broken = self.is_broken_by(Breakage::TenantBoundIgnored);
        let goes = |tenant: &str| gate.free_of_tenant(tenant) > 0 || broken;
        let queues = &mut world.ticks[usize::from(number)].queues;
        let queue = self.pipeline.tenant_queue(LANE, &candidate.event.key);
        let admission = queues.as_ref().map_or(Admission::Go, |queues| {
            queues.admit(LANE, queue, false, goes)
        });
        match (admission, queues) {
            (Admission::Defer(queue), Some(queues)) => {
                let token = queues.defers(LANE, &queue, 0);
                let unnamed = self.is_broken_by(Breakage::QueueNotNamed);
                let naming = token.clone().filter(|_| !unnamed);
                let deferring = Deferring::new(queue, naming, vec![candidate]);
                Work::Defer(Box::new(deferring), token)
            }
            _ => Work::One(Box::new(self.claiming(world, number, candidate))),
        }
    }

    pub(super) fn claiming(&self, world: &World, tick: u8, candidate: Candidate) -> Claiming {
        let terms = self.terms(world, &world.ticks[usize::from(tick)]);
        Claiming::new(candidate, &terms)
    }

    /// Returns whether a tenant whose events wait has the turn.
    pub(super) fn has_turn(&self, tick: &TickOf) -> bool {
        let queues = tick.queues.as_ref();
        queues.is_some_and(|queues| queues.has_turn(LANE, &self.gate(tick), ANY_TIME))
    }

    /// Begins the turn of a tenant, with a permit for one event.
    pub(super) fn take_turn_of_tenant(&self, world: &mut World, number: u8, place: u8) {
        let gate = self.gate(&world.ticks[usize::from(number)]);
        let tick = &mut world.ticks[usize::from(number)];
        let queues = tick.queues.as_mut();
        let turns = queues.map(|queues| queues.turns(LANE, 1, &gate, ANY_TIME));
        if let Some(turn) = turns.into_iter().flatten().next() {
            let turn = Box::new(TenantTurn::new(turn));
            tick.tasks[usize::from(place)].work = Work::Turn(turn, OfTurn::Read);
        }
    }

    /// Goes on with a task whose calls are made. The events of a tenant are read, one is claimed,
    /// and then the turn ends.
    pub(super) fn next_of_tenant(&self, world: &mut World, number: u8, place: u8) {
        let tick = &world.ticks[usize::from(number)];
        let next = match &tick.tasks[usize::from(place)].work {
            Work::Turn(turn, OfTurn::Read) => {
                let gate = self.gate(tick);
                let goes = |tenant: &str| gate.free_of_tenant(tenant) > 0;
                let admits = |candidate: &Candidate| {
                    let queues = tick.queues.as_ref();
                    let queue = self.pipeline.tenant_queue(LANE, &candidate.event.key);
                    queues.is_some_and(|it| it.admit(LANE, queue, true, goes) == Admission::Go)
                };
                let first = turn.candidates(LANE).into_iter().next().filter(admits);
                match first {
                    Some(candidate) => {
                        let claiming = Box::new(self.claiming(world, number, candidate));
                        Work::Turn(turn.clone(), OfTurn::Claim(claiming))
                    }
                    None => self.ended(world, number, (**turn).clone(), 0),
                }
            }
            Work::Turn(turn, OfTurn::Claim(claiming)) => {
                let claimed = claiming.has_left();
                self.ended(world, number, (**turn).clone(), claimed.into())
            }
            Work::Turn(turn, OfTurn::Remove) => {
                let queue = turn.queue().clone();
                if let Some(queues) = &mut world.ticks[usize::from(number)].queues {
                    queues.removed(LANE, &queue);
                }
                Work::Idle
            }
            Work::Defer(deferring, token) => {
                let named = deferring.is_named() && !self.is_broken_by(Breakage::QueueNotNamed);
                let token = token.clone().filter(|_| named);
                let queue = deferring.queue().clone();
                if let Some(queues) = &mut world.ticks[usize::from(number)].queues {
                    queues.deferred(LANE, &queue, token);
                }
                Work::Idle
            }
            _ => return,
        };
        world.ticks[usize::from(number)].tasks[usize::from(place)].work = next;
    }

    /// Ends a turn. A queue that turned out to be empty is removed next.
    fn ended(&self, world: &mut World, number: u8, mut turn: TenantTurn, claimed: u32) -> Work {
        let broken = self.is_broken_by(Breakage::RemovedAtOnce);
        let ended = turn.ended(claimed);
        // One that outlived the lease stops in time: 45 s later nothing of it lands any more.
        let others = world.ticks.iter().zip(0u8..);
        let mut others = others.filter(|(_, other)| *other != number);
        let alone = others.all(|(it, _)| it.tick.is_none());
        let land_by = if alone || broken { 0 } else { 1 };
        let queues = &mut world.ticks[usize::from(number)].queues;
        let queues = queues.as_mut();
        match queues.and_then(|queues| queues.ended(LANE, turn.queue(), ended, land_by, 0)) {
            Some(token) => {
                turn.remove(token);
                Work::Turn(Box::new(turn), OfTurn::Remove)
            }
            None => Work::Idle,
        }
    }

    /// Makes a call about events that wait for their tenant.
    pub(super) fn of_tenants(&self, world: &mut World, caller: Caller, call: Call) -> Answer {
        match call {
            Call::NameQueue { queue, token } => {
                world.named[tenant_named(&queue)] = Some(token);
            }
            Call::ForgetQueue { queue, token } => {
                let named = &mut world.named[tenant_named(&queue)];
                let any = self.is_broken_by(Breakage::RemovedByAnyToken);
                named.take_if(|it| *it == token || any);
            }
            Call::ReadDeferred { queue, most } => return self.read_deferred(world, &queue, most),
            Call::PutDeferred { row, attempt, .. } => {
                let attempt = attempt as u8;
                let event = self.cast.event_of_row(&row);
                let item = &mut world.deferred[usize::from(event)];
                let lost = self.is_broken_by(Breakage::DeletedBeforePut);
                if item.is_none_or(|it| it <= attempt) && !lost {
                    *item = Some(attempt);
                }
            }
            Call::ForgetDeferred { place, attempt } => {
                let event = self.cast.event_at(&place);
                let item = &mut world.deferred[usize::from(event)];
                item.take_if(|it| u32::from(*it) == attempt);
            }
            call => unreachable!("{caller:?} makes {call:?} elsewhere"),
        }
        Answer::Done
    }

    /// Items and their rows are read together: in between a row can only say that its event waits
    /// no longer.
    fn read_deferred(&self, world: &mut World, queue: &TenantQueue, most: u32) -> Answer {
        let tenant = tenant_named(queue);
        let of_tenant = self.events().filter(|event| tenant_of(*event) == tenant);
        let waiting = of_tenant.filter_map(|event| {
            let attempt = world.deferred[usize::from(event)]?;
            Some(self.cast.deferred(event, attempt, world.row(event)))
        });
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_by(|one, other| one.place.sk.cmp(&other.place.sk));
        waiting.truncate(most as usize);
        if self.is_broken_by(Breakage::ForgottenBeforeClaim) {
            for it in &waiting {
                let row = it.row.as_ref().ok().and_then(Option::as_ref);
                let event = row.map(|row| self.cast.event_of_row(&RowKey::of(&row.event)));
                if let Some(event) = event {
                    world.deferred[usize::from(event)] = None;
                }
            }
        }
        Answer::Deferred(waiting)
    }

    /// Returns the tenant that the slot of a task's work counts for.
    pub(super) fn tenant_of_work(&self, work: &Work) -> usize {
        let event = |candidate: &Candidate| self.cast.event_of_row(&RowKey::of(&candidate.event));
        work.claims().map_or(0, |it| self.tenant(event(it)))
    }

    /// Returns the slots that each tenant has.
    pub(super) fn slots_of_tenants(&self, world: &World) -> [u8; TENANTS] {
        let mut slots = [0; TENANTS];
        for slot in &world.slots {
            slots[self.tenant_of_execution(slot.execution)] += 1;
        }
        slots
    }

    /// Returns the tenant that an execution's slot counts for.
    pub(super) fn tenant_of_execution(&self, execution: crate::world::Execution) -> usize {
        match crate::world::is_batch(execution) {
            true => 0,
            false => self.tenant(crate::world::event_of(execution)),
        }
    }
}
