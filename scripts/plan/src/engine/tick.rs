//! The ticks: as `dispatch` goes through them, with calls that only take time.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use spillway::Millis;
use spillway::execution::input::Load as Input;
use spillway::lane::polling::{ONE_RECEIVE, poll_seconds};
use spillway::lane::share::Shares;
use spillway::pace::Pace;
use spillway::pace::adapt::circuit::Allowed;
use spillway::pace::bound::{self, ByLane};
use spillway::pace::control::Control;
use spillway::pace::gate::{self, Standing};
use spillway::pace::in_force::in_force;
use spillway::pace::layout::{Layout, Shard};
use spillway::pace::permit::{Permit, Permits, SharedGate};
use spillway::pace::recount::Counted;
use spillway::protocol::filling::{Fill, Filling, Pool};
use spillway::protocol::holding::{Idle, RENEW_AFTER};
use spillway::protocol::kept::{Again, Kept, KeptStarts, NotNow, Origin};
use spillway::protocol::receiving::{Do, Ended, Full, Known, Poll, Receiving, under_way};
use spillway::protocol::tenant_queues::Waiters;
use spillway::protocol::tick::Times;
use spillway::record::lease::{Begins, Left};
use spillway::record::slot::{Slot, Work};

use super::answers::Answers;
use super::queue::Message;
use super::series::Bound;
use super::setup::{Arrival, Setup};
use super::slab::Slab;
use super::units;
use super::world::{Answered, Load, UnderLease, World};

/// A tick reads the control item so often.
const CONTROL_EVERY: Millis = 2_000;
/// Events that waited for their tenant and start together, at most.
const TURNS_TOGETHER: u32 = 20;
/// Lambda's timeout beyond a tick.
const BEYOND_TICK: Millis = 20_000;

/// All ticks of a plan.
pub struct Ticks<'a> {
    setup: &'a Setup,
    world: World<'a>,
    left: Left,
    shares: Vec<f64>,
    /// Starts that the last tick left.
    left_starts: Vec<Kept>,
}

/// A tick that holds the lease.
struct Tick {
    gate: SharedGate,
    /// Starts per second, as they are in force.
    rate: f64,
    shares: Shares,
    receiving: Receiving,
    times: Times,
    /// Polls and fillings that begin when the tick waits next: until then their calls are not made.
    begins: VecDeque<Begin>,
    fillings: Slab<Filler>,
    pool: Pool<Message>,
    kept: KeptStarts,
    control_read: Millis,
    stopping: bool,
    handing_over: bool,
    received: bool,
    /// Lanes that were polled: those of their events that wait for their tenants come before the
    /// next poll.
    due: BTreeSet<usize>,
}

/// Whether tenants of a lane take their turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turns {
    Begun,
    /// No event that waits can start in this tick, or by the bounds of the tenants.
    None,
    /// Slots, the rate or events under way do not allow it now.
    NotNow,
}

/// A poll or a filling that begins to receive.
enum Begin {
    Poll(Poll),
    /// The filling of an execution, with messages that are left over from the last one.
    Fill(Pool<Message>, Vec<Permit>),
}

/// The filling of one execution.
struct Filler {
    filling: Filling,
    pool: Pool<Message>,
    /// The lane that it receives from.
    lane: usize,
    permits: Vec<Permit>,
}

impl<'a> Ticks<'a> {
    pub fn new(setup: &'a Setup, arrivals: &'a [Arrival]) -> Self {
        Self {
            setup,
            world: World::new(setup, arrivals),
            left: Left::default(),
            shares: setup.lanes.iter().map(|_| 0.0).collect(),
            left_starts: Vec::new(),
        }
    }

    fn call(&self) -> Millis {
        self.setup.calls.each.as_millis() as Millis
    }

    fn period(&self) -> Millis {
        self.setup.schedule.as_millis() as Millis
    }

    /// Runs all ticks until everything is done.
    pub fn run(mut self) -> Answers {
        // When a tick is invoked, and when it asks for the lease and gets it.
        let mut next = (self.setup.from, self.setup.from);
        let mut bound = Bound::Tick;
        while !self.world.is_done() && next.0 < self.setup.until {
            let (invoked, asks_at) = next;
            let before = self.world.now;
            self.world.until(asks_at);
            self.kept(before, bound);
            let released;
            (released, bound) = self.tick(invoked);
            next = self.next(invoked, released);
        }
        self.world.end()
    }

    /// Returns when the next tick is invoked that gets the lease, which was released then, and when
    /// it asks for it.
    fn next(&mut self, last: Millis, released: Millis) -> (Millis, Millis) {
        let period = self.period();
        let mut invoked = last + period - (last - self.setup.from) % period;
        loop {
            if let Some(asks_at) = self.gets_lease(invoked, released) {
                return (invoked, asks_at);
            }
            self.world.answers.counted.ticks += 1;
            invoked += period;
        }
    }

    /// Returns when a tick asks for the lease and gets it; `None`: it gives up before that.
    fn gets_lease(&mut self, invoked: Millis, released: Millis) -> Option<Millis> {
        let (call, idle) = (self.call(), self.setup.idle);
        // A call takes effect when half of it is over.
        let free_at = released - call + call / 2;
        let (mut at, mut announced) = (invoked, None);
        let counted = &mut self.world.answers.counted;
        while at + call / 2 < free_at {
            let now = at;
            at += call;
            counted.write_units += 1.0;
            if now >= invoked + idle.patience() {
                counted.tick_millis += (at - invoked).unsigned_abs();
                return None;
            }
            if idle.announces(announced, now) {
                announced = Some(now);
                at += call;
                counted.write_units += 1.0;
            }
            at += idle.ask_again_after();
        }
        Some(at)
    }

    /// Runs one tick. Returns when it released the lease, and the reason that keeps events
    /// until the next one.
    fn tick(&mut self, began: Millis) -> (Millis, Bound) {
        let call = self.call();
        let setup = self.setup;
        let longest = setup.tick.as_millis() as Millis;
        let deadline = began + longest + BEYOND_TICK;
        let times = Times::new(began, deadline, setup.tick, setup.idle);
        self.world.takes(call);
        let times = times.with_lease(self.world.now);
        // The control item, and beside it the health of the target.
        self.world.reads_control();
        let control_read = self.world.now;
        let (pace, bounds, paused) = self.in_force();
        let begins = Begins {
            now: self.world.now,
            until: times.deadline,
            scheduled: None,
            pace: &pace,
            starts_per_day: setup.starts_per_day,
            allowed: self.world.allowed(),
        };
        let mut gate = self.left.begin(&begins);
        gate.set_bounds(&bounds);
        if let Some(tenants) = &setup.tenants {
            gate.bound_tenants(tenants.max_concurrency);
        }
        let gate = SharedGate::new(gate);
        let number = self.world.answers.counted.ticks;
        let lease = UnderLease::new(gate.clone());
        self.world.lease = Some(lease);
        self.world.look_at_health(&pace);
        let queues = self.world.read_tenant_queues(number);
        if let Some(lease) = &mut self.world.lease {
            lease.queues = queues;
        }
        let shards: Vec<Shard> = setup.pace.layout.shards().collect();
        self.counts(&gate, &shards);
        let shares = setup.lanes.iter().copied().zip(self.shares.iter().copied());
        let mut tick = Tick {
            gate,
            rate: pace.starts_per_second,
            shares: Shares::new(shares),
            receiving: Receiving::new(
                setup.lanes.len(),
                setup.events_per_execution > 1,
                setup.idle,
                times.stop_at,
                shards,
                self.world.now,
            ),
            times,
            begins: VecDeque::new(),
            fillings: Slab::new(),
            pool: Pool::new(),
            kept: KeptStarts::new(times.join_by),
            control_read,
            stopping: paused,
            handing_over: false,
            received: false,
            due: BTreeSet::new(),
        };
        for kept in std::mem::take(&mut self.left_starts) {
            let lane = kept.slot.lane.as_deref();
            tick.gate.lock().found_unstarted(lane, 1);
            tick.kept.keep(kept);
        }
        if paused {
            self.kept(began, Bound::Window);
            self.leave_kept(&mut tick);
        } else {
            self.drain(&mut tick);
        }
        let bound = self.until_next(&tick);
        // The release.
        let now = self.world.now;
        self.left
            .end(&mut tick.gate.lock(), &tick.shares, None, now);
        self.shares = tick.shares.owed().collect();
        self.world.takes(call);
        let released = self.world.now;
        let counted = &mut self.world.answers.counted;
        counted.ticks += 1;
        // It looks around when the lease is free.
        counted.tick_millis += (released - began + call).unsigned_abs();
        // The lease is taken, renewed and released.
        counted.write_units += 2.0 + ((released - began) / RENEW_AFTER) as f64;
        counted.read_units += CONTROL_UNITS;
        (released, bound)
    }

    /// Returns the reason that keeps events until the next tick.
    fn until_next(&self, tick: &Tick) -> Bound {
        if tick.stopping {
            return Bound::Window;
        }
        match tick.gate.request(None, 1, self.world.now) {
            Permits::Spent => Bound::Budget,
            _ => Bound::Tick,
        }
    }

    /// Returns the pace and the lanes' bounds in force now, and whether nothing starts.
    fn in_force(&self) -> (Pace, Vec<bound::Bound>, bool) {
        let Setup {
            pace,
            bounds,
            windows,
            ..
        } = self.setup;
        in_force(pace, bounds, windows, &Control::default(), self.world.now).map_or_else(
            |_| (pace.clone(), bounds.clone(), false),
            |it| (it.pace, it.lanes, it.paused.is_some()),
        )
    }

    fn drain(&mut self, tick: &mut Tick) {
        loop {
            if !tick.stopping && self.world.now - tick.control_read >= CONTROL_EVERY {
                tick.control_read = self.world.now;
                self.world.reads_control();
                self.world.answers.counted.read_units += CONTROL_UNITS;
                let (pace, bounds, paused) = self.in_force();
                {
                    let mut gate = tick.gate.lock();
                    gate.set_pace(&pace);
                    gate.set_bounds(&bounds);
                }
                tick.rate = pace.starts_per_second;
                tick.stopping = paused;
                let handing_over = self.is_announced(tick);
                self.world.look_at_health(&pace);
                tick.handing_over = handing_over;
            }
            let kept = match self.next_kept(tick) {
                Again::Now(starts) => {
                    self.start_again(starts);
                    continue;
                }
                Again::Not(not_now) => not_now,
            };
            // Kept starts come before anything new.
            let takes_turns = !matches!(kept, NotNow::NotBefore(_));
            // It looks at each tenant that waits: once a step is enough.
            let waiters = self.world.waiters();
            let takes_turns = takes_turns && waiters == Waiters::Ready;
            if takes_turns && self.takes_due_turns(tick) {
                continue;
            }
            if waiters != Waiters::Ready {
                tick.due.clear();
            }
            let known = Known {
                now: self.world.now,
                tasks: self.world.tasks_under_way,
                messages: self.world.messages_under_way,
                pooled: tick.pool.values().map(Vec::len).sum(),
                stopping: tick.stopping,
                closing: tick.handing_over,
                received: tick.received,
                kept,
                waiters,
            };
            match tick.receiving.next(&tick.gate, &mut tick.shares, known) {
                Do::Poll(poll) => self.poll(tick, poll),
                Do::Fill(permits) => {
                    let pool = std::mem::take(&mut tick.pool);
                    tick.begins.push_back(Begin::Fill(pool, permits));
                }
                Do::WaitUntil(_) if takes_turns && self.any_turn(tick) => {}
                Do::WaitUntil(time) => {
                    let (before, bound) = (self.world.now, self.bound(tick, waiters));
                    self.hear(tick, time);
                    self.kept(before, bound);
                }
                Do::Count(shards) => {
                    // One that ends meanwhile is seen behind the count.
                    let tasks = self.world.tasks_under_way;
                    let counted = self.counts(&tick.gate, &shards);
                    self.world.answers.counted.counts += 1;
                    let pooled = has_pooled(tick);
                    tick.receiving
                        .counted(counted, tasks, pooled, self.world.now);
                }
                Do::AskBacklog => {
                    let waiting = self.asks_backlog(tick);
                    tick.receiving.backlog(waiting);
                }
                Do::End => break,
            }
        }
        let left: Vec<Message> = std::mem::take(&mut tick.pool)
            .into_values()
            .flatten()
            .collect();
        self.world.hand_back(left);
        while self.world.tasks_under_way > 0 && self.world.now < tick.times.join_by {
            self.world.until_stirred(tick.times.join_by);
            while let Some(answered) = self.world.answered() {
                self.takes_in(tick, answered);
            }
        }
        self.leave_kept(tick);
        if tick.received {
            let shards = tick.receiving.last_count(&tick.gate);
            self.counts(&tick.gate, &shards);
        }
    }

    /// Asks how many messages wait of which some can start, one lane after the other.
    fn asks_backlog(&mut self, tick: &Tick) -> u64 {
        let call = self.call();
        let is_open = |lane: usize| tick.gate.lock().standing(lane) != Standing::Closed;
        let pools = tick.pool.iter().filter(|(lane, _)| is_open(**lane));
        let mut waiting: usize = pools.map(|(_, pool)| pool.len()).sum();
        for lane in 0..self.setup.lanes.len() {
            if is_open(lane) {
                self.world.takes(call / 2);
                waiting += self.world.waiting_in(lane);
                self.world.takes(call - call / 2);
                self.world.answers.counted.sizes += 1;
            }
        }
        waiting as u64
    }

    /// Whether the next tick waits for the lease.
    fn is_announced(&self, tick: &Tick) -> bool {
        let (now, period) = (self.world.now, self.period());
        let next = tick.times.began + period - (tick.times.began - self.setup.from) % period;
        self.setup.idle == Idle::Wait && now >= next + 2 * self.call()
    }

    /// Writes down the reason that kept events since then.
    fn kept(&mut self, since: Millis, bound: Bound) {
        let now = self.world.now;
        if self.world.backlog() > 0 {
            self.world.answers.series.bound(since, now, bound);
        }
    }

    /// Counts the slots of some shards.
    fn counts(&mut self, gate: &SharedGate, shards: &[Shard]) -> Counted {
        let call = self.call();
        let (by_lane, blocked, tenants) = {
            let mut gate = gate.lock();
            let by_lane = gate.counts_each();
            let begins = |shard: &Shard| gate.count_begins(*shard, by_lane);
            shards.iter().for_each(begins);
            (by_lane, gate.blocked(), gate.awaited_tenants())
        };
        self.world.takes(call / 2);
        let slots: Vec<Vec<u32>> = shards
            .iter()
            .map(|it| self.world.slots(*it).collect())
            .collect();
        let of_tenants = shards.iter().map(|it| self.world.slots_of_tenants(*it));
        let of_tenants: Vec<_> = of_tenants.collect();
        self.world.takes(call - call / 2);
        let all = |slots: &[u32]| slots.iter().sum();
        let units = slots.iter().map(|slots| units::of_count(all(slots))).sum();
        self.world.answers.counted.read_units += units;
        let mut gate = gate.lock();
        let counts = shards.iter().zip(slots.iter().zip(of_tenants));
        let counts = counts.map(|(shard, (slots, tenants))| {
            let counted = match by_lane {
                false => gate::Counted::All(all(slots)),
                true => gate::Counted::Each {
                    lanes: self.by_lane(slots),
                    tenants,
                },
            };
            gate.count_ends(*shard, &counted)
        });
        let freed = counts.sum();
        let of_lanes = blocked.iter().map(|lane| gate.free_of(Some(*lane)));
        let of_tenants = tenants.iter().map(|tenant| gate.free_of_tenant(tenant));
        // If only tenants are full, the room of others is no news.
        let free = of_lanes.max().or(of_tenants.max());
        Counted {
            shards: shards.len(),
            units,
            freed,
            free: free.unwrap_or_else(|| gate.capacity.free()),
        }
    }

    fn by_lane(&self, slots: &[u32]) -> ByLane {
        let mut by_lane = ByLane::default();
        for (lane, slots) in self.setup.bounds.iter().zip(slots) {
            by_lane.add(Some(&lane.lane), *slots);
        }
        by_lane
    }

    /// Returns the reason that keeps events from starting now, as the gate tells a receive.
    fn bound(&self, tick: &Tick, waiters: Waiters) -> Bound {
        let has_room = {
            let gate = tick.gate.lock();
            let is_full = |lane| gate.free_of(Some(lane)) == 0;
            let mut waiting = self.world.waiting_lanes().peekable();
            if waiting.peek().is_some() && waiting.all(is_full) {
                return Bound::Concurrency;
            }
            // Polls that wait reserve slots, too.
            gate.capacity.taken() < gate.max_concurrency()
        };
        // Most events that wait are of tenants whose bounds are reached.
        let of_tenants = 2 * self.world.deferred() > self.world.backlog();
        if has_room && of_tenants && waiters == Waiters::Later {
            return Bound::Tenants;
        }
        match tick.gate.request(None, ONE_RECEIVE, self.world.now) {
            Permits::Full => Bound::Concurrency,
            Permits::Spent => Bound::Budget,
            Permits::NotBefore(_) if self.world.allowed() != Allowed::Everything => Bound::Target,
            Permits::NotBefore(_) if is_slowed(tick) => Bound::Quota,
            Permits::NotBefore(_) => Bound::Rate,
            // They are given back.
            Permits::Granted(_) => Bound::Calls,
        }
    }

    /// Begins a poll, unless events of the lane that wait for their tenants are due: then these
    /// have its permits.
    fn poll(&mut self, tick: &mut Tick, poll: Poll) {
        let lane = poll.lane;
        if tick.due.remove(&lane) && self.world.has_turn(lane) {
            let (mut ended, permits) = (Ended::of(&poll, 0), poll.permits);
            ended.found = self.world.begin_turns(lane, permits);
            let now = self.world.now;
            return tick.receiving.polled(ended, &mut tick.shares, now);
        }
        if self.setup.tenants.is_some() {
            tick.due.insert(lane);
        }
        tick.begins.push_back(Begin::Poll(poll));
    }

    /// Lets tenants of lanes that were polled take their turns. Returns whether some do.
    fn takes_due_turns(&mut self, tick: &mut Tick) -> bool {
        let due: Vec<usize> = tick.due.iter().copied().collect();
        for lane in due {
            let turns = self.takes_turns(tick, lane);
            if turns != Turns::NotNow {
                tick.due.remove(&lane);
            }
            if turns == Turns::Begun {
                return true;
            }
        }
        false
    }

    /// Lets tenants of any lane take their turns, before the tick waits.
    fn any_turn(&mut self, tick: &Tick) -> bool {
        let mut lanes = 0..self.setup.lanes.len();
        self.setup.tenants.is_some()
            && lanes.any(|lane| self.takes_turns(tick, lane) == Turns::Begun)
    }

    /// Begins to start events of a lane that wait for their tenants, if any can start now.
    fn takes_turns(&mut self, tick: &Tick, lane: usize) -> Turns {
        let (standing, rate) = {
            let gate = tick.gate.lock();
            (gate.standing(lane), gate.rate())
        };
        if standing == Standing::Closed || !self.receives_on(tick) || !self.world.has_turn(lane) {
            return Turns::None;
        }
        let full = self.world.messages_under_way + TURNS_TOGETHER > under_way(rate);
        if standing == Standing::Full || full {
            return Turns::NotNow;
        }
        let now = self.world.now;
        match tick.gate.request(Some(lane), TURNS_TOGETHER, now) {
            Permits::Granted(permits) => {
                self.world.begin_turns(lane, permits);
                Turns::Begun
            }
            _ => Turns::NotNow,
        }
    }

    /// Waits for the next answer until then, and takes it in. A filling that goes on is none.
    fn hear(&mut self, tick: &mut Tick, until: Millis) {
        if self.is_filled_at_once(tick) {
            return;
        }
        loop {
            self.world.until_stirred(until);
            let Some(answered) = self.world.answered() else {
                return;
            };
            let receives = matches!(answered, Answered::Received { .. });
            let fillings = tick.fillings.len();
            self.takes_in(tick, answered);
            if !receives || tick.fillings.len() < fillings {
                return;
            }
        }
    }

    /// Begins polls and fillings. Returns whether a filling needs no receive: the others begin
    /// later.
    fn is_filled_at_once(&mut self, tick: &mut Tick) -> bool {
        for begin in std::mem::take(&mut tick.begins) {
            match begin {
                Begin::Poll(poll) => self.world.poll(poll),
                fill @ Begin::Fill(..) => tick.begins.push_back(fill),
            }
        }
        while let Some(Begin::Fill(pool, permits)) = tick.begins.pop_front() {
            let fillings = tick.fillings.len();
            self.fill(tick, pool, permits);
            if tick.fillings.len() == fillings {
                return true;
            }
        }
        false
    }

    fn takes_in(&mut self, tick: &mut Tick, answered: Answered) {
        let now = self.world.now;
        match answered {
            Answered::Polled {
                ended,
                messages,
                mut permits,
            } => {
                tick.receiving.polled(ended, &mut tick.shares, now);
                let found = messages.len();
                tick.received |= found > 0;
                if tick.stopping {
                    drop(permits);
                    self.world.hand_back(messages);
                } else if self.setup.events_per_execution > 1 {
                    drop(permits);
                    tick.pool.entry(ended.lane).or_default().extend(messages);
                } else if found > 0 {
                    permits.truncate(found);
                    let loads = messages.into_iter().map(Load::One).collect();
                    self.world.take_in(loads, permits);
                }
            }
            Answered::Received { filling, messages } => {
                let Some(mut filler) = tick.fillings.take(filling) else {
                    return;
                };
                tick.received |= !messages.is_empty();
                filler.filling.received(!messages.is_empty());
                filler.pool.entry(filler.lane).or_default().extend(messages);
                self.go_on_filling(tick, filler);
            }
            Answered::Throttled {
                start,
                taken_at,
                lane,
            } => {
                tick.kept.answered();
                let lane = self.setup.bounds.get(lane).map(|it| it.lane.clone());
                let mut gate = tick.gate.lock();
                gate.tokens.throttled(now);
                gate.found_unstarted(lane.as_deref(), 1);
                drop(gate);
                tick.kept.keep(kept(start, taken_at, lane));
            }
            Answered::Started => tick.kept.answered(),
        }
    }

    fn receives_on(&self, tick: &Tick) -> bool {
        !tick.stopping && !tick.handing_over && self.world.now < tick.times.stop_at
    }

    /// Begins to fill an execution.
    fn fill(&mut self, tick: &mut Tick, pool: Pool<Message>, permits: Vec<Permit>) {
        let lanes = 0..self.setup.lanes.len();
        let is_open = |lane: &usize| tick.gate.lock().standing(*lane) == Standing::Open;
        let open: Vec<usize> = lanes.filter(is_open).collect();
        let asks = tick.shares.to_ask(self.world.now).into_iter();
        let asks = asks.map(|ask| ask.lane).collect();
        let most = self.setup.events_per_execution as usize;
        let filler = Filler {
            filling: Filling::new(most, asks, &open),
            pool,
            lane: 0,
            permits,
        };
        self.go_on_filling(tick, filler);
    }

    fn go_on_filling(&mut self, tick: &mut Tick, mut filler: Filler) {
        let receives_on = self.receives_on(tick);
        let found = loop {
            match filler.filling.next(&mut filler.pool, receives_on) {
                Fill::Receive { lane, most } => {
                    filler.lane = lane;
                    let wait = poll_seconds(self.setup.lanes.len());
                    let number = tick.fillings.keep(filler);
                    return self.world.receive(number, lane, &most, wait);
                }
                Fill::Empty(lane) => tick.shares.found_empty(lane, self.world.now),
                Fill::Full { lane, load } => break Some((lane, load)),
                Fill::Nothing => break None,
            }
        };
        self.filled(tick, filler, found);
    }

    /// Hands the messages of a filling to a task, as `dispatch` does.
    fn filled(&mut self, tick: &mut Tick, filler: Filler, found: Option<(usize, Vec<Message>)>) {
        let Filler {
            pool, mut permits, ..
        } = filler;
        let most = self.setup.events_per_execution as usize;
        let left = pool.values().any(|messages| !messages.is_empty());
        for (lane, messages) in pool {
            tick.pool.entry(lane).or_default().extend(messages);
        }
        let full = found
            .as_ref()
            .map(|(_, load)| Full(!left && load.len() >= most));
        tick.receiving.filled(full);
        let Some((lane, load)) = found else {
            return;
        };
        let pooled = tick.pool.get(&lane).is_some_and(|pool| !pool.is_empty());
        let is_part = !left && load.len() < most && (pooled || tick.receiving.fills());
        if tick.stopping
            || (is_part && self.receives_on(tick))
            || !permits.iter_mut().all(|permit| permit.goes_to(lane))
        {
            tick.pool.entry(lane).or_default().extend(load);
            return;
        }
        tick.shares.started(lane, 1);
        let load = match load.as_slice() {
            [only] => Load::One(*only),
            _ => Load::Many(load),
        };
        self.world.take_in(vec![load], permits);
    }

    /// Returns the next step of the starts that are kept, if the tick goes on.
    fn next_kept(&self, tick: &mut Tick) -> Again {
        match self.receives_on(tick) && tick.kept.any_can_start(&tick.gate) {
            true => tick.kept.next(&tick.gate, self.world.now),
            false => Again::Not(NotNow::Nothing),
        }
    }

    fn start_again(&mut self, starts: Vec<(Kept, Permit)>) {
        for (kept, permit) in starts {
            let start = kept.slot.execution.parse().unwrap_or(usize::MAX);
            self.world.restart(start, permit);
        }
    }

    /// Leaves the kept starts: they come first in the next tick.
    fn leave_kept(&mut self, tick: &mut Tick) {
        self.left_starts.extend(tick.kept.take());
    }
}

/// Whether messages were received for a batch of a lane of which something can start now.
fn has_pooled(tick: &Tick) -> bool {
    let gate = tick.gate.lock();
    let mut pools = tick.pool.iter();
    pools.any(|(lane, pool)| !pool.is_empty() && gate.free_of(Some(*lane)) > 0)
}

/// Read units of the control item and of the lease beside it.
const CONTROL_UNITS: f64 = 2.0;

/// A start that is kept, by its number.
fn kept(start: usize, taken_at: Millis, lane: Option<String>) -> Kept {
    Kept {
        slot: Slot {
            execution: start.to_string(),
            layout: Layout::One,
            lane,
            taken_at,
            work: Work::Batch,
            ordered: false,
            state_machine_arn: String::new(),
            pending: false,
            generation: None,
        },
        load: Arc::new(Input {
            attempt: 1,
            events: Vec::new(),
        }),
        may_run: false,
        origin: Origin::Own,
    }
}

/// Whether starts were throttled, and the rate has not come back.
fn is_slowed(tick: &Tick) -> bool {
    let carried = tick.gate.lock().tokens.carry();
    carried.rate.is_some_and(|rate| rate < tick.rate)
}
