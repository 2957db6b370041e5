//! Bounded tenants: events over a tenant's bound are deferred, and those that wait have their turn.
//! The core knows whose turn it is; here is the time of its calls.

use std::collections::BTreeMap;

use spillway::Millis;
use spillway::pace::permit::Permit;
use spillway::protocol::tenant_queues::{
    Admission, READ_BESIDES, TenantQueues, Turn, TurnEnded, Waiters,
};
use spillway::record::deferred::TenantQueue;

use super::{Event, Load, World};
use crate::engine::deferred::Of;
use crate::engine::queue::Message;
use crate::engine::units;

/// No put of the tick before can land: each tick ends cleanly.
const ALL_HAVE_LANDED: Millis = 0;

/// Messages that are being deferred.
#[derive(Debug)]
pub struct Deferral {
    /// By tenant, with the token by which the directory is to name the queue first.
    groups: Vec<(Of, Option<String>, Vec<Message>)>,
    messages: u32,
}

/// Turns that are being taken together.
#[derive(Debug)]
pub struct Turns {
    turns: Vec<OneTurn>,
    permits: Vec<Permit>,
    messages: u32,
}

#[derive(Debug)]
struct OneTurn {
    turn: Turn,
    of: Of,
    /// The oldest events that wait.
    read: Vec<Message>,
    /// Those of them that are claimed.
    claimed: u32,
    /// The directory is to remove the queue by it.
    token: Option<String>,
}

/// Loads by their tenants' bounds.
struct Bounded {
    /// These can start, each with the permit of its index.
    go: Vec<Load>,
    permits: Vec<Permit>,
    /// These are over their tenant's bound, or others of the tenant wait.
    deferred: Vec<(u32, Message)>,
}

impl World<'_> {
    /// Returns the tenant of a message, as arrivals have it.
    pub(super) fn tenant_of(&self, message: &Message) -> u32 {
        self.upload_of(message).map_or(0, |upload| upload.tenant)
    }

    /// Returns a tenant's queue in a lane; `None`: no bound of a tenant holds for it.
    fn tenant_queue(&self, (lane, tenant): Of) -> Option<TenantQueue> {
        let tenants = self.setup.tenants.as_ref()?;
        let tenant = tenants.names.get((tenant as usize).checked_sub(1)?)?;
        // Also the only lane has a name here: to compare empty texts takes ten times as long, since
        // the processor masks a load of nothing.
        let lane = self.setup.bounds.get(lane)?.lane.clone();
        let tenant = tenant.clone();
        Some(TenantQueue { lane, tenant })
    }

    /// Reads which tenants wait. `tick`: its number.
    pub fn read_tenant_queues(&mut self, tick: u64) -> Option<TenantQueues> {
        self.setup.tenants.as_ref()?;
        let call = self.call();
        self.takes(call);
        let unnamed = |_: Of| TenantQueue {
            lane: String::new(),
            tenant: String::new(),
        };
        let name = |of: Of| self.tenant_queue(of).unwrap_or_else(|| unnamed(of));
        let named = self.deferred.directory(name);
        self.answers.counted.read_units += units::of_directory(named.len());
        let bounds = &self.setup.bounds;
        let lane = |name: &str| bounds.iter().position(|it| it.lane == name);
        let lane = |name: &str| lane(name).unwrap_or_default();
        Some(TenantQueues::new(&tick.to_string(), named, lane))
    }

    /// Returns whether tenants have bounds.
    pub(super) fn distinguishes_tenants(&self) -> bool {
        self.lease.as_ref().is_some_and(|it| it.queues.is_some())
    }

    /// Returns how many events wait for their tenants.
    pub fn deferred(&self) -> usize {
        self.deferred.len()
    }

    /// Returns whether events that wait for their tenant can start in this tick.
    pub fn waiters(&self) -> Waiters {
        let Some(lease) = &self.lease else {
            return Waiters::None;
        };
        let queues = lease.queues.as_ref();
        let waiters = |queues: &TenantQueues| queues.waiters(&lease.gate.lock(), self.now);
        queues.map_or(Waiters::None, waiters)
    }

    /// Returns whether events of a lane that wait for their tenants can start, as far as the
    /// tenants go.
    pub fn has_turn(&self, lane: usize) -> bool {
        let Some(lease) = &self.lease else {
            return false;
        };
        let queues = lease.queues.as_ref();
        queues.is_some_and(|queues| queues.has_turn(lane, &lease.gate.lock(), self.now))
    }

    /// Sorts loads, for each of which there is a permit, by their tenants' bounds. `waited`: they
    /// have waited for their tenant.
    fn bound_by_tenant(&self, loads: Vec<Load>, permits: Vec<Permit>, waited: bool) -> Bounded {
        let mut bounded = Bounded {
            go: Vec::new(),
            permits: Vec::new(),
            deferred: Vec::new(),
        };
        let queues = self.lease.as_ref().and_then(|it| it.queues.as_ref());
        let Some(queues) = queues else {
            return Bounded {
                go: loads,
                permits,
                ..bounded
            };
        };
        for (load, mut permit) in loads.into_iter().zip(permits) {
            let of = match &load {
                Load::One(message) => Some((self.tenant_of(message), *message)),
                Load::Many(_) => None,
            };
            let lane = load.lane();
            let queue = of.and_then(|(tenant, _)| self.tenant_queue((lane, tenant)));
            let goes = |tenant: &str| permit.goes_to_tenant(tenant);
            match queues.admit(lane, queue, waited, goes) {
                Admission::Go => {
                    bounded.go.push(load);
                    bounded.permits.push(permit);
                }
                Admission::Defer(_) => bounded.deferred.extend(of),
                Admission::Stay => {}
            }
        }
        bounded
    }

    /// Defers messages over their tenants' bounds. Returns the others with their permits.
    pub(super) fn defer_above_bounds(
        &mut self,
        loads: Vec<Load>,
        permits: Vec<Permit>,
    ) -> (Vec<Load>, Vec<Permit>) {
        let Bounded {
            go,
            permits,
            deferred,
        } = self.bound_by_tenant(loads, permits, false);
        if deferred.is_empty() {
            return (go, permits);
        }
        let messages = u32::try_from(deferred.len()).unwrap_or(u32::MAX);
        let mut by_queue: BTreeMap<Of, Vec<Message>> = BTreeMap::new();
        for (tenant, message) in deferred {
            let of = (usize::from(message.lane), tenant);
            by_queue.entry(of).or_default().push(message);
        }
        let groups = by_queue.into_iter();
        let groups = groups.map(|(of, messages)| (of, None, messages)).collect();
        self.begins(messages);
        let before = self.reserve();
        let number = self.deferrals.keep(Deferral { groups, messages });
        let at = self.now.max(before);
        self.calendar.put(at, Event::Defers(number));
        (go, permits)
    }

    /// Makes the calls of a deferral. The directory names a queue first, once a tick. Then each row
    /// is read, says that its event waits, and the event is put. The message goes last.
    pub(super) fn defers(&mut self, number: usize) {
        let (call, now) = (self.call(), self.now);
        let Some(mut deferral) = self.deferrals.take(number) else {
            return;
        };
        let mut ends_at = now;
        for (of, token, messages) in &mut deferral.groups {
            let queue = self.tenant_queue(*of);
            let queues = self.lease.as_mut().and_then(|it| it.queues.as_mut());
            if let (Some(queue), Some(queues)) = (queue, queues) {
                *token = queues.defers(of.0, &queue, now);
            }
            let mut began = now;
            if let Some(token) = token {
                let named = Event::Named(*of, token.clone());
                self.calendar.put(now + call / 2, named);
                self.answers.counted.write_units += 1.0;
                began += call;
            }
            for message in messages.iter() {
                let put = Event::Deferred(of.1, *message);
                self.calendar.put(began + 2 * call + call / 2, put);
            }
            let messages = messages.len() as f64;
            self.answers.counted.read_units += messages;
            self.answers.counted.write_units += 2.0 * messages;
            ends_at = ends_at.max(began + 4 * call);
        }
        let number = self.deferrals.keep(deferral);
        self.calendar.put(ends_at, Event::DeferralEnds(number));
    }

    pub(super) fn is_deferred(&mut self, tenant: u32, message: Message) {
        self.deferred.put((message.lane.into(), tenant), message);
        self.answers.deferred += 1;
        self.waits_more(1);
    }

    pub(super) fn deferral_ends(&mut self, number: usize) {
        let Some(Deferral { groups, messages }) = self.deferrals.take(number) else {
            return;
        };
        for (of, token, _) in groups {
            let queue = self.tenant_queue(of);
            let queues = self.lease.as_mut().and_then(|it| it.queues.as_mut());
            if let (Some(queue), Some(queues)) = (queue, queues) {
                queues.deferred(of.0, &queue, token);
            }
        }
        self.deletes(messages);
        self.ends(messages);
    }

    /// Begins the turns of a lane's tenants, with these permits. Returns how many events can start
    /// at most.
    pub fn begin_turns(&mut self, lane: usize, mut permits: Vec<Permit>) -> u32 {
        let (now, most) = (self.now, u32::try_from(permits.len()).unwrap_or(u32::MAX));
        let turns = match &mut self.lease {
            Some(lease) => {
                let (gate, queues) = (lease.gate.lock(), lease.queues.as_mut());
                queues.map_or_else(Vec::new, |queues| queues.turns(lane, most, &gate, now))
            }
            None => Vec::new(),
        };
        let events: u32 = turns.iter().map(|turn| turn.most).sum();
        permits.truncate(events as usize);
        let messages = u32::try_from(permits.len()).unwrap_or(u32::MAX);
        self.begins(messages);
        let one = |turn: Turn| OneTurn {
            of: (lane, self.tenant_named(&turn.queue.tenant)),
            turn,
            read: Vec::new(),
            claimed: 0,
            token: None,
        };
        let turns = turns.into_iter().map(one).collect();
        let number = self.turns_taken.keep(Turns {
            turns,
            permits,
            messages,
        });
        self.calendar
            .put(now + self.call() / 2, Event::TurnsAsk(number));
        events
    }

    fn tenant_named(&self, name: &str) -> u32 {
        self.tenant_numbers.get(name).copied().unwrap_or_default()
    }

    /// Reads the oldest events of the tenants whose turn it is, and after that their rows.
    pub(super) fn turns_ask(&mut self, number: usize) {
        let call = self.call();
        let Some(taken) = self.turns_taken.get_mut(number) else {
            return;
        };
        let mut any = false;
        for one in &mut taken.turns {
            let most = one.turn.most.saturating_add(READ_BESIDES) as usize;
            one.read = self.deferred.oldest(one.of, most);
            any |= !one.read.is_empty();
            self.answers.counted.read_units += 1.0 + one.read.len() as f64;
        }
        let rows = if any { call } else { 0 };
        let at = self.now + call - call / 2 + rows;
        self.calendar.put(at, Event::TurnsRead(number));
    }

    /// Claims the events that were read, as many as can start.
    pub(super) fn turns_read(&mut self, number: usize) {
        let Some(taken) = self.turns_taken.get_mut(number) else {
            return;
        };
        let mut permits = std::mem::take(&mut taken.permits);
        let oldest = |one: &OneTurn| {
            let most = one.turn.most as usize;
            one.read.iter().take(most).copied().collect::<Vec<_>>()
        };
        let loads = taken.turns.iter().flat_map(oldest).map(Load::One);
        let loads: Vec<Load> = loads.collect();
        permits.truncate(loads.len());
        let Bounded { go, permits, .. } = self.bound_by_tenant(loads, permits, true);
        let claimed: Vec<u32> = go
            .iter()
            .flat_map(Load::messages)
            .map(|message| self.tenant_of(message))
            .collect();
        if let Some(taken) = self.turns_taken.get_mut(number) {
            for one in &mut taken.turns {
                let of_one = claimed.iter().filter(|tenant| **tenant == one.of.1);
                one.claimed = u32::try_from(of_one.count()).unwrap_or(u32::MAX);
            }
        }
        if go.is_empty() {
            return self.turns_claimed(number);
        }
        let before = self.reserve();
        self.takes_in(go, permits, before, Some(number));
    }

    /// Takes in that an event that waited is claimed, and waits no longer.
    pub(super) fn waits_no_longer(&mut self, loads: &[Load]) {
        for message in loads.iter().flat_map(Load::messages) {
            let of = (usize::from(message.lane), self.tenant_of(message));
            self.deferred.forget(of, message);
            self.waiting = self.waiting.saturating_sub(1);
            self.answers.counted.write_units += 1.0;
        }
        self.look();
    }

    /// Ends turns whose events are claimed. Emptied queues are removed from the directory.
    pub(super) fn turns_claimed(&mut self, number: usize) {
        let (now, call) = (self.now, self.call());
        let Some(mut taken) = self.turns_taken.take(number) else {
            return;
        };
        let mut removes = false;
        for one in &mut taken.turns {
            let asked = one.turn.most.saturating_add(READ_BESIDES) as usize;
            let all = one.read.len() < asked;
            let ended = match one.read.len() {
                read if all && read == one.claimed as usize => TurnEnded::Empty,
                _ => TurnEnded::Done(one.claimed),
            };
            let queues = self.lease.as_mut().and_then(|it| it.queues.as_mut());
            one.token = queues
                .and_then(|it| it.ended(one.of.0, &one.turn.queue, ended, ALL_HAVE_LANDED, now));
            if let Some(token) = &one.token {
                let removed = Event::Removed(one.of, token.clone());
                self.calendar.put(now + call / 2, removed);
                self.answers.counted.write_units += 1.0;
                removes = true;
            }
        }
        let number = self.turns_taken.keep(taken);
        let at = if removes { now + call } else { now };
        self.calendar.put(at, Event::TurnsEnd(number));
    }

    pub(super) fn turns_end(&mut self, number: usize) {
        let Some(taken) = self.turns_taken.take(number) else {
            return;
        };
        let queues = self.lease.as_mut().and_then(|it| it.queues.as_mut());
        if let Some(queues) = queues {
            let removed = taken.turns.iter().filter(|one| one.token.is_some());
            removed.for_each(|one| queues.removed(one.of.0, &one.turn.queue));
        }
        self.ends(taken.messages);
    }
}
