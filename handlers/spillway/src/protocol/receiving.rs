//! Receiving, while a tick drains its queues: at most as many messages as can start now. It goes on
//! until the deadline, an empty queue, or the tick's last start.
//!
//! Polls are under way side by side. One lane is polled for a second each time, and by more polls
//! at once as long as they come back full. Several lanes are polled by priority and for no time, so
//! that an empty one delays nobody. When none has anything, all are polled for a second side by
//! side.
//!
//! A lane whose own bound is reached is not polled, and nobody knows whether it is empty. Its slots
//! are counted beside the polls of the others, and the tick ends only when no message waits.

use crate::Millis;
use crate::lane::polling::{LONG_POLL_SECONDS, ONE_RECEIVE, WAITING_POLL_SECONDS, empty_times};
use crate::lane::share::Shares;
use crate::pace::gate::Standing;
use crate::pace::layout::Shard;
use crate::pace::permit::{Permit, Permits, SharedGate};
use crate::pace::recount::{Counted, Recount};
use crate::protocol::holding::Idle;
use crate::protocol::kept::NotNow;
use crate::protocol::tenant_queues::Waiters;

/// Polls of full lanes that are under way at once, or fillings of batches.
const POLLS_AT_ONCE: u32 = 4;
/// Messages of one poll of the only lane, in two receives. Their slots share one call, and so do
/// their claims, since a call takes 25 writes.
const TWO_RECEIVES: u32 = 2 * ONE_RECEIVE;
/// Messages under way at once: so many, and those of so many seconds of the rate. At 30 ms a call a
/// message is under way for 0.2 s. So that is enough for a thousand starts a second at the least,
/// also of a burst. Each has a connection of its own while it starts, whose handshake costs a small
/// function more CPU than all else.
const UNDER_WAY: u32 = 160;
const UNDER_WAY_SECONDS: f64 = 0.1;
/// At most: their bodies fit into the smallest function's memory.
const UNDER_WAY_MOST: u32 = 400;
/// Batches under way at once, each of one start and up to a hundred claims.
const BATCHES_AT_ONCE: usize = 10;
/// Polls that end within this time say the same of all lanes.
const TOGETHER_WITHIN: Millis = 500;
/// How long the rate is waited for at most, since a limit or a pause can change meanwhile.
const WAIT_MOST: Millis = 2_000;
/// How often the backlog is asked for while no slot is free: an empty queue ends the tick.
const BACKLOG_EVERY: Millis = 10_000;

/// The receiving of a tick.
#[derive(Debug, Clone)]
pub struct Receiving {
    lanes: Vec<Polls>,
    batches: bool,
    idle: Idle,
    stop_at: Millis,
    recount: Recount,
    backlog_asked: Option<Millis>,
    /// How many times in a row nothing was found.
    empty: u32,
    /// Polls of full lanes, or fillings of batches, that can be under way.
    depth: u32,
    /// Fillings under way.
    fillings: u32,
    /// Since something was found last, a lane was left out because its bound was reached.
    left_out: bool,
    /// The events that could not start when the count under way began.
    blocked: Blocked,
    /// The lanes are asked once more by short polls before they are believed to be empty.
    asks_again: bool,
    at: At,
}

/// Polls of a lane that are under way.
#[derive(Debug, Clone, Copy, Default)]
struct Polls {
    short: u32,
    long: u32,
    /// When its last long poll ended.
    ended: Millis,
    /// A short poll found nothing, and none of any lane has found anything since.
    empty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Lanes are asked by priority. Of batches: the next one is filled.
    Ask,
    /// Every lane is polled for as long as it takes SQS to ask all of its servers; this one is
    /// next.
    Round(usize),
    /// Long polls of all lanes found nothing.
    Empty,
    AskBacklog,
    End,
}

/// The events that cannot start until slots are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blocked {
    /// Not all lanes.
    Some,
    /// All lanes, each by its own bound.
    AllByLanes,
    /// All lanes, by the pipeline's limit.
    All,
}

/// A poll of one lane.
#[derive(Debug)]
pub struct Poll {
    pub lane: usize,
    /// Messages that it brings at most.
    pub most: u32,
    /// How long it waits for a first message.
    pub wait_seconds: u32,
    /// A second receive goes beside the first one; else it comes after a full one.
    pub side_by_side: bool,
    /// One for each message; of batches one in all.
    pub permits: Vec<Permit>,
}

/// The next step of the tick.
#[derive(Debug)]
pub enum Do {
    /// Begins a poll. [`Receiving::polled`] receives its messages' number, and a task the messages.
    Poll(Poll),
    /// Begins to fill a batch. [`Receiving::filled`] receives its end, and a task the batch.
    Fill(Vec<Permit>),
    /// Waits until a poll or a task ends: a permit that a task gives back can be used at once.
    /// Until this time at the latest.
    WaitUntil(Millis),
    /// Counts the slots of these shards.
    Count(Vec<Shard>),
    AskBacklog,
    End,
}

/// The state of the tick.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub now: Millis,
    /// Tasks under way.
    pub tasks: usize,
    /// Messages that these tasks process.
    pub messages: u32,
    /// Messages that were received for a batch, and are in none yet.
    pub pooled: usize,
    /// Nothing more is to be received.
    pub stopping: bool,
    /// No poll is to begin; messages of polls under way are processed.
    pub closing: bool,
    /// The tick has received a message.
    pub received: bool,
    /// The state of the kept starts: they come before anything new.
    pub kept: NotNow,
    /// Whether events that wait for their tenant can start in this tick: then it does not end.
    pub waiters: Waiters,
}

/// Returns how many messages are under way at once, at most. `rate`: starts per second.
pub fn under_way(rate: f64) -> u32 {
    let of_rate = (rate * UNDER_WAY_SECONDS) as u32;
    UNDER_WAY.saturating_add(of_rate).min(UNDER_WAY_MOST)
}

impl Receiving {
    /// Begins to receive until `stop_at`, from so many lanes. `batches`: executions have several
    /// object events. `shards`: of all slots.
    pub fn new(
        lanes: usize,
        batches: bool,
        idle: Idle,
        stop_at: Millis,
        shards: Vec<Shard>,
        now: Millis,
    ) -> Self {
        let mut receiving = Self {
            lanes: vec![Polls::default(); lanes],
            batches,
            idle,
            stop_at,
            recount: Recount::new(shards, now),
            backlog_asked: None,
            empty: 0,
            depth: 1,
            fillings: 0,
            left_out: false,
            blocked: Blocked::Some,
            asks_again: false,
            at: At::Ask,
        };
        receiving.at = receiving.first();
        receiving
    }

    /// The only lane needs no short polls, unless it fills batches.
    fn first(&self) -> At {
        match self.lanes.len() == 1 && !self.batches {
            true => At::Round(0),
            false => At::Ask,
        }
    }

    /// Returns the next step. Polls that are under way are always waited for: SQS hides the
    /// messages that it handed to a poll that nobody reads.
    pub fn next(&mut self, gate: &SharedGate, shares: &mut Shares, known: Known) -> Do {
        let now = known.now;
        if known.stopping || known.closing || now >= self.stop_at {
            return self.end(now);
        }
        if let NotNow::NotBefore(time) = known.kept {
            return Do::WaitUntil(self.soon(time, now));
        }
        if !gate.lock().awaits() {
            return self.step(gate, shares, known);
        }
        // The others go on beside the count.
        if self.recount.due() <= now {
            return self.count(gate);
        }
        match self.step(gate, shares, known) {
            Do::WaitUntil(time) => Do::WaitUntil(time.min(self.recount.due())),
            next => next,
        }
    }

    fn step(&mut self, gate: &SharedGate, shares: &mut Shares, known: Known) -> Do {
        let now = known.now;
        match self.at {
            At::Ask if self.batches => self.fill(gate, known),
            At::Ask => self.ask(gate, shares, known),
            At::Round(next) => self.round(next, gate, shares, known),
            At::Empty => self.believe(gate, shares, known),
            At::AskBacklog => Do::AskBacklog,
            // A kept start can get a slot, or an event that waits.
            At::End if known.kept == NotNow::Blocked || known.waiters != Waiters::None => {
                self.at = self.first();
                self.pause(now)
            }
            At::End => self.end(now),
        }
    }

    fn end(&self, now: Millis) -> Do {
        match self.polls() {
            0 => Do::End,
            _ => Do::WaitUntil(now + WAIT_MOST),
        }
    }

    /// Polls and fillings under way.
    fn polls(&self) -> u32 {
        let polls = self.lanes.iter().map(|lane| lane.short + lane.long);
        polls.sum::<u32>() + self.fillings
    }

    /// Asks the lane whose turn it is.
    fn ask(&mut self, gate: &SharedGate, shares: &mut Shares, known: Known) -> Do {
        let short: u32 = self.lanes.iter().map(|lane| lane.short).sum();
        if short >= self.depth {
            return self.pause(known.now);
        }
        // One poll asks for the starts that are owed to a lane.
        let asked = |lane: usize| self.lanes.get(lane).is_some_and(|lane| lane.short > 0);
        let is_empty = |lane: usize| self.lanes.get(lane).is_some_and(|lane| lane.empty);
        let is_open = |lane: usize| gate.lock().standing(lane) == Standing::Open;
        let asks = shares.to_ask(known.now).into_iter();
        let mut asks = asks.filter(|ask| is_open(ask.lane));
        match asks.find(|ask| !is_empty(ask.lane) && (ask.most.is_none() || !asked(ask.lane))) {
            Some(ask) => {
                let most = ask.most.unwrap_or(ONE_RECEIVE).min(ONE_RECEIVE);
                self.poll(ask.lane, most, 0, gate, known)
            }
            None if short > 0 => self.pause(known.now),
            None if self.asks_again => {
                self.at = At::Empty;
                self.believe(gate, shares, known)
            }
            None => {
                self.at = At::Round(0);
                self.round(0, gate, shares, known)
            }
        }
    }

    /// Polls each lane for long, the next one first. The only lane is polled as often as it proves
    /// deep.
    fn round(&mut self, next: usize, gate: &SharedGate, shares: &mut Shares, known: Known) -> Do {
        let only = self.lanes.len() == 1;
        let wanted = if only { self.depth } else { 1 };
        let standing: Vec<Standing> = {
            let gate = gate.lock();
            (0..self.lanes.len())
                .map(|lane| gate.standing(lane))
                .collect()
        };
        let is = |lane: usize, what| standing.get(lane) == Some(&what);
        // A lane whose own polls hold all of its bound is not left out.
        let polled = |lane: &Polls| lane.short + lane.long > 0;
        let mut unpolled = standing.iter().zip(&self.lanes);
        self.left_out |= unpolled.any(|(it, lane)| *it == Standing::Full && !polled(lane));
        let lanes = self.lanes.iter().enumerate().skip(next);
        let lanes = lanes.filter(|(lane, _)| is(*lane, Standing::Open));
        let mut unpolled = lanes.filter(|(_, polls)| polls.long < wanted);
        let lane = match self.idle {
            Idle::Stop => unpolled.next(),
            // No lane waits for the polls of others: with fewer permits than lanes they take turns.
            Idle::Wait => unpolled.min_by_key(|(_, polls)| polls.ended),
        };
        let Some((lane, polls)) = lane else {
            if self.polls() > 0 {
                return self.pause(known.now);
            }
            if !standing.contains(&Standing::Open) {
                // There is nothing to poll, however long the tick goes on.
                match gate.lock().awaits_lane() {
                    true => return Do::WaitUntil(self.soon(self.recount.due(), known.now)),
                    false if self.idle == Idle::Wait || known.tasks > 0 => {
                        return self.pause(known.now);
                    }
                    false => {}
                }
            }
            self.at = At::Empty;
            return self.believe(gate, shares, known);
        };
        let after = match self.idle {
            Idle::Stop => lane + usize::from(polls.long + 1 >= wanted),
            Idle::Wait => 0,
        };
        let lanes = self.lanes.iter().enumerate();
        // One whose bound is reached gets its part when one of its slots is free.
        let unpolled =
            lanes.filter(|(lane, polls)| polls.long == 0 && !is(*lane, Standing::Closed));
        let unpolled = unpolled.count();
        let (left, free) = (unpolled.max(1) as u32, gate.lock().free(known.now));
        let most = match only {
            true => TWO_RECEIVES,
            // All get a part of the free starts.
            false => free / left,
        };
        let most = most.clamp(1, TWO_RECEIVES);
        // With fewer permits than lanes the last ones wait for the polls of the first.
        let wait_seconds = match self.idle {
            Idle::Wait if only || free >= left => WAITING_POLL_SECONDS,
            // The tick goes on even if the others have nothing.
            Idle::Stop if self.left_out && free >= left => WAITING_POLL_SECONDS,
            Idle::Wait | Idle::Stop => LONG_POLL_SECONDS,
        };
        let next = self.poll(lane, most, wait_seconds, gate, known);
        if matches!(next, Do::Poll(_)) {
            self.at = At::Round(after);
        }
        next
    }

    /// Whether all lanes are believed to be empty.
    fn believe(&mut self, gate: &SharedGate, shares: &mut Shares, known: Known) -> Do {
        let left_out = std::mem::take(&mut self.left_out);
        if self.lanes.len() > 1 && !left_out {
            shares.all_are_empty();
        }
        self.at = match self.batches {
            true if self.lanes.len() == 1 => At::Ask,
            _ => At::Round(0),
        };
        if self.idle == Idle::Wait {
            return self.step(gate, shares, known);
        }
        // With fewer permits than lanes the first ones were polled a while ago.
        let is_open = |lane| gate.lock().standing(lane) == Standing::Open;
        let asked_before = |(lane, polls): (usize, &Polls)| {
            known.now - polls.ended > TOGETHER_WITHIN && is_open(lane)
        };
        let asks_again = !self.asks_again && self.lanes.iter().enumerate().any(asked_before);
        self.asks_again = asks_again;
        if asks_again && self.lanes.len() > 1 {
            self.lanes.iter_mut().for_each(|polls| polls.empty = false);
            self.left_out = left_out;
            self.at = At::Ask;
            return self.step(gate, shares, known);
        }
        // Those can send messages.
        if known.tasks > 0 {
            return self.pause(known.now);
        }
        if left_out {
            if self.asks_backlog(known.now) {
                self.at = At::AskBacklog;
            }
            return self.step(gate, shares, known);
        }
        self.empty += 1;
        if self.empty >= empty_times(known.received) {
            self.at = At::End;
        }
        self.step(gate, shares, known)
    }

    fn poll(
        &mut self,
        lane: usize,
        most: u32,
        wait_seconds: u32,
        gate: &SharedGate,
        known: Known,
    ) -> Do {
        if known.messages + most > under_way(gate.lock().rate()) {
            return self.pause(known.now);
        }
        let wanted = if self.batches { 1 } else { most };
        self.granted(gate, Some(lane), wanted, known, |receiving, permits| {
            if let Some(polls) = receiving.lanes.get_mut(lane) {
                match wait_seconds {
                    0 => polls.short += 1,
                    _ => polls.long += 1,
                }
            }
            let granted = u32::try_from(permits.len()).unwrap_or(u32::MAX);
            Do::Poll(Poll {
                lane,
                most: if receiving.batches { most } else { granted },
                wait_seconds,
                side_by_side: receiving.depth > 1,
                permits,
            })
        })
    }

    fn fill(&mut self, gate: &SharedGate, known: Known) -> Do {
        // Several lanes are asked by priority, and a filling begins with the messages that the last
        // one left over.
        let side_by_side = self.lanes.len() == 1 && known.pooled == 0;
        let fillings = if side_by_side { self.depth } else { 1 };
        if self.fillings >= fillings || known.tasks >= BATCHES_AT_ONCE {
            return self.pause(known.now);
        }
        let lanes = 0..self.lanes.len();
        let is_open = |lane| gate.lock().standing(lane) == Standing::Open;
        if !lanes.into_iter().any(is_open) {
            self.at = At::Round(0);
            return self.pause(known.now);
        }
        // Which lane has the next one is known when it is filled.
        self.granted(gate, None, 1, known, |receiving, permits| {
            receiving.fillings += 1;
            Do::Fill(permits)
        })
    }

    /// Asks the gate, and goes on with the starts that it grants.
    fn granted(
        &mut self,
        gate: &SharedGate,
        lane: Option<usize>,
        wanted: u32,
        known: Known,
        then: impl FnOnce(&mut Self, Vec<Permit>) -> Do,
    ) -> Do {
        let Known { now, tasks, .. } = known;
        match gate.request(lane, wanted, now) {
            Permits::Granted(permits) => then(self, permits),
            // Tasks under way can come to nothing and give their starts back.
            Permits::Spent if tasks > 0 => self.pause(now),
            Permits::Spent => self.end(now),
            Permits::NotBefore(time) => Do::WaitUntil(self.soon(time, now)),
            // Polls hold all that there is.
            Permits::Full if self.polls() > 0 && gate.lock().capacity.taken() == 0 => {
                self.pause(now)
            }
            Permits::Full => match self.recount.due() {
                due if due <= now => self.count(gate),
                due => Do::WaitUntil(due.min(self.stop_at)),
            },
        }
    }

    fn count(&mut self, gate: &SharedGate) -> Do {
        let gate = gate.lock();
        let (all, by_lanes) = (gate.all_blocked(), gate.capacity.free() > 0);
        self.blocked = match (all, by_lanes) {
            (false, _) => Blocked::Some,
            (true, true) => Blocked::AllByLanes,
            (true, false) => Blocked::All,
        };
        Do::Count(self.recount.next(gate.capacity.taken()))
    }

    fn pause(&self, now: Millis) -> Do {
        Do::WaitUntil(self.soon(now + WAIT_MOST, now))
    }

    /// A time to wait until, at which something can have changed.
    fn soon(&self, time: Millis, now: Millis) -> Millis {
        time.min(self.stop_at).min(now + WAIT_MOST)
    }

    /// Takes in how many messages a poll brought: of this lane, that waited so long, and that asked
    /// for so many.
    pub fn polled(&mut self, ended: Ended, shares: &mut Shares, now: Millis) {
        let Ended {
            lane,
            wait_seconds,
            most,
            found,
        } = ended;
        if let Some(polls) = self.lanes.get_mut(lane) {
            match wait_seconds {
                0 => {
                    polls.short = polls.short.saturating_sub(1);
                    polls.empty = found == 0;
                }
                _ => {
                    polls.long = polls.long.saturating_sub(1);
                    polls.ended = now;
                }
            }
        }
        self.proves_deep(found >= most && most >= ONE_RECEIVE);
        match found {
            0 if wait_seconds == 0 => shares.found_empty(lane, now),
            0 => {}
            found => {
                if !self.batches {
                    shares.started(lane, found);
                }
                self.found();
            }
        }
    }

    /// Returns whether batches are being filled.
    pub fn fills(&self) -> bool {
        self.fillings > 0
    }

    /// More is under way at once as long as all that was asked for comes.
    fn proves_deep(&mut self, full: bool) {
        self.depth = match full {
            true => (2 * self.depth).min(POLLS_AT_ONCE),
            false => 1,
        };
    }

    /// Takes in whether a batch was filled, with all that it can hold or with a part of it.
    pub fn filled(&mut self, batch: Option<Full>) {
        self.fillings = self.fillings.saturating_sub(1);
        self.proves_deep(batch == Some(Full(true)));
        match batch.is_some() {
            true => self.found(),
            // Others can still find something.
            false if self.fillings > 0 => {}
            false if self.lanes.len() == 1 || self.asks_again => self.at = At::Empty,
            false => self.at = At::Round(0),
        }
    }

    fn found(&mut self) {
        self.lanes.iter_mut().for_each(|polls| polls.empty = false);
        self.asks_again = false;
        self.left_out = false;
        self.empty = 0;
        self.at = self.first();
    }

    /// Returns the shards to be counted when nothing more starts.
    pub fn last_count(&mut self, gate: &SharedGate) -> Vec<Shard> {
        let taken = gate.lock().capacity.taken();
        self.recount.at_last(taken)
    }

    /// Takes in a count of slots. `pooled`: messages were received for a batch of a lane of which
    /// something can start now. Without a backlog there is nothing to wait with while all are
    /// taken.
    pub fn counted(&mut self, counted: Counted, tasks: usize, pooled: bool, now: Millis) {
        self.recount.counted(counted, now);
        if counted.free > 0 && (self.blocked != Blocked::All || pooled) {
            // A lane can be asked again, or a batch filled.
            self.at = self.first();
            return;
        }
        let nothing_starts = counted.free == 0 && self.blocked != Blocked::Some;
        if nothing_starts && tasks == 0 && self.polls() == 0 && self.asks_backlog(now) {
            self.at = At::AskBacklog;
        }
    }

    /// Whether the backlog is asked for now.
    fn asks_backlog(&mut self, now: Millis) -> bool {
        let asked = self.backlog_asked;
        let ask = asked.is_none_or(|asked| now - asked >= BACKLOG_EVERY);
        if ask {
            self.backlog_asked = Some(now);
        }
        ask
    }

    /// Takes in how many messages wait.
    pub fn backlog(&mut self, messages: u64) {
        self.at = match (messages, self.idle) {
            (0, Idle::Stop) => At::End,
            _ => self.first(),
        };
    }
}

/// Whether a batch has all that it can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full(pub bool);

/// A poll that came to its end.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    pub lane: usize,
    pub wait_seconds: u32,
    pub most: u32,
    /// Messages that it brought.
    pub found: u32,
}

impl Ended {
    /// Returns the end of a poll that brought so many.
    pub fn of(poll: &Poll, found: usize) -> Self {
        Self {
            lane: poll.lane,
            wait_seconds: poll.wait_seconds,
            most: poll.most,
            found: u32::try_from(found).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Pace;
    use crate::pace::bound::{Bound, ByLane};
    use crate::pace::gate::{Counted as Slots, Gate};
    use crate::pace::layout::Layout;
    use crate::pace::tenants::ByTenant;
    use crate::pace::tokens::Tokens;

    const NONE_FREE: Counted = Counted {
        shards: 1,
        units: 1.0,
        freed: 0,
        free: 0,
    };

    fn shards() -> Vec<Shard> {
        Layout::One.shards().collect()
    }

    const KNOWN: Known = Known {
        now: 0,
        tasks: 0,
        messages: 0,
        pooled: 0,
        stopping: false,
        closing: false,
        received: false,
        kept: NotNow::Nothing,
        waiters: Waiters::None,
    };

    /// A tick's receiving, with polls whose answers the test gives.
    struct Tick {
        gate: SharedGate,
        shares: Shares,
        receiving: Receiving,
        known: Known,
    }

    impl Tick {
        fn of(max_concurrency: u32, lanes: usize, batches: bool) -> Self {
            let pace = Pace {
                max_concurrency,
                starts_per_second: 1_000.0,
                burst: 1_000,
                starts_per_tick: None,
                layout: Layout::One,
            };
            let tokens = Tokens::new(1_000.0, 1_000, None, 0);
            Self {
                gate: SharedGate::new(Gate::new(&pace, tokens, None)),
                shares: Shares::new((0..lanes).map(|_| (0.0, 0.0))),
                receiving: Receiving::new(lanes, batches, Idle::Stop, 60_000, shards(), 0),
                known: KNOWN,
            }
        }

        /// With bounds of the lanes, and so many slots taken of each.
        fn bounded<const N: usize>(mut self, max: [Option<u32>; N], taken: [u32; N]) -> Self {
            let bounds = max.into_iter().enumerate().map(|(lane, max)| Bound {
                lane: lane.to_string(),
                max,
            });
            let bounds: Vec<Bound> = bounds.collect();
            self.gate.lock().set_bounds(&bounds);
            self.count(taken);
            self
        }

        /// Takes in how many slots of each lane a count found.
        fn count<const N: usize>(&mut self, taken: [u32; N]) {
            let mut by_lane = ByLane::default();
            for (lane, slots) in taken.into_iter().enumerate() {
                by_lane.add(Some(&lane.to_string()), slots);
            }
            let mut gate = self.gate.lock();
            let blocked = gate.blocked();
            gate.count_begins(Shard::default(), true);
            let counted = Slots::Each {
                lanes: by_lane,
                tenants: ByTenant::new(),
            };
            let freed = gate.count_ends(Shard::default(), &counted);
            let free = blocked.iter().map(|lane| gate.free_of(Some(*lane))).max();
            let counted = Counted {
                shards: 1,
                units: 1.0,
                freed,
                free: free.unwrap_or_default(),
            };
            // The received messages are of the first lane.
            let pooled = self.known.pooled > 0 && gate.free_of(Some(0)) > 0;
            drop(gate);
            self.receiving
                .counted(counted, self.known.tasks, pooled, self.known.now);
        }

        #[track_caller]
        fn counts(&mut self) {
            let next = self.next();
            assert!(matches!(next, Do::Count(_)), "{next:?}");
        }

        fn next(&mut self) -> Do {
            self.receiving
                .next(&self.gate, &mut self.shares, self.known)
        }

        #[track_caller]
        fn poll(&mut self) -> Poll {
            match self.next() {
                Do::Poll(poll) => poll,
                other => panic!("no poll: {other:?}"),
            }
        }

        /// A poll ends, and a task gets its messages.
        fn brings(&mut self, poll: Poll, found: u32) -> Vec<Permit> {
            let ended = Ended::of(&poll, found as usize);
            self.receiving
                .polled(ended, &mut self.shares, self.known.now);
            let mut permits = poll.permits;
            permits.truncate(found as usize);
            permits
        }

        #[track_caller]
        fn waits(&mut self) -> Millis {
            match self.next() {
                Do::WaitUntil(time) => time,
                other => panic!("it does not wait: {other:?}"),
            }
        }

        #[track_caller]
        fn ends(&mut self) {
            let next = self.next();
            assert!(matches!(next, Do::End), "{next:?}");
        }
    }

    #[test]
    fn an_empty_queue_ends_the_tick_once_it_is_believed() {
        for received in [false, true] {
            let mut tick = Tick::of(15, 1, false);
            tick.known.received = received;
            for _ in 0..1 + u32::from(received) {
                let poll = tick.poll();
                assert_eq!((poll.most, poll.wait_seconds), (15, LONG_POLL_SECONDS));
                assert!(!poll.side_by_side);
                tick.waits();
                drop(tick.brings(poll, 0));
            }
            tick.ends();
        }
    }

    #[test]
    fn a_queue_that_proves_deep_is_polled_by_more_at_once() {
        let mut tick = Tick::of(1_000, 1, false);
        let first = tick.poll();
        tick.waits();
        let mut held = tick.brings(first, TWO_RECEIVES);
        let two = [tick.poll(), tick.poll()];
        tick.waits();
        assert_eq!((two[0].most, two[0].side_by_side), (20, true));
        for poll in two {
            held.extend(tick.brings(poll, TWO_RECEIVES));
        }
        let mut polls: Vec<Poll> = (0..POLLS_AT_ONCE).map(|_| tick.poll()).collect();
        tick.waits();
        // One that is not full: the others are waited for.
        held.extend(tick.brings(polls.remove(0), 3));
        tick.waits();
        for poll in polls {
            drop(tick.brings(poll, 0));
        }
        assert!(!tick.poll().side_by_side);
    }

    #[test]
    fn messages_under_way_follow_the_rate() {
        let rates = [0.0, 25.0, 400.0, 2_400.0, 4_000.0];
        assert_eq!(rates.map(under_way), [160, 162, 200, 400, 400]);
    }

    #[test]
    fn so_many_messages_and_batches_are_under_way_at_once() {
        let mut tick = Tick::of(1_000, 1, false);
        let most = under_way(tick.gate.lock().rate());
        tick.known.messages = most - 19;
        tick.known.tasks = 20;
        tick.waits();
        tick.known.messages = most - 20;
        tick.poll();
        let mut tick = Tick::of(1_000, 1, true);
        tick.known.tasks = BATCHES_AT_ONCE - 1;
        assert!(matches!(tick.next(), Do::Fill(permits) if permits.len() == 1));
        tick.receiving.filled(Some(Full(false)));
        tick.known.tasks = BATCHES_AT_ONCE;
        tick.waits();
    }

    #[test]
    fn batches_are_filled_side_by_side_as_long_as_they_are_full() {
        for (lanes, most) in [(1, 4), (2, 1)] {
            let mut tick = Tick::of(1_000, lanes, true);
            for at_once in [1, 2, 4, 4] {
                let at_once = at_once.min(most);
                for _ in 0..at_once {
                    assert!(matches!(tick.next(), Do::Fill(permits) if permits.len() == 1));
                }
                tick.waits();
                for _ in 0..at_once {
                    tick.receiving.filled(Some(Full(true)));
                }
            }
            assert!(matches!(tick.next(), Do::Fill(_)));
            // It is waited for.
            tick.known.closing = true;
            tick.waits();
            tick.receiving.filled(Some(Full(false)));
            tick.ends();
        }
    }

    #[test]
    fn messages_that_are_left_over_are_taken_before_others_are_received() {
        let mut tick = Tick::of(1_000, 1, true);
        assert!(matches!(tick.next(), Do::Fill(_)));
        tick.receiving.filled(Some(Full(true)));
        tick.known.pooled = 1;
        assert!(matches!(tick.next(), Do::Fill(_)));
        tick.waits();
    }

    #[test]
    fn one_filling_that_finds_nothing_says_nothing_of_the_others() {
        let mut tick = Tick::of(1_000, 1, true);
        assert!(matches!(tick.next(), Do::Fill(_)));
        tick.receiving.filled(Some(Full(true)));
        for _ in 0..2 {
            assert!(matches!(tick.next(), Do::Fill(_)));
        }
        tick.receiving.filled(None);
        tick.waits();
        tick.receiving.filled(None);
        tick.ends();
    }

    #[test]
    fn long_polls_of_all_lanes_confirm_what_short_ones_say() {
        let mut tick = Tick::of(20, 2, false);
        for lane in [0, 1] {
            let poll = tick.poll();
            assert_eq!((poll.lane, poll.wait_seconds), (lane, 0));
            tick.waits();
            drop(tick.brings(poll, 0));
        }
        let long = [tick.poll(), tick.poll()];
        assert_eq!(long.each_ref().map(|poll| poll.most), [10, 10]);
        assert_eq!(long.each_ref().map(|poll| poll.wait_seconds), [1, 1]);
        tick.waits();
        let [first, second] = long;
        // It has something, and is asked again while the other one is still polled.
        drop(tick.brings(second, 1));
        tick.known.now = 250;
        let poll = tick.poll();
        assert_eq!((poll.lane, poll.wait_seconds), (0, 0));
        drop(tick.brings(poll, 0));
        drop(tick.brings(first, 0));
        let poll = tick.poll();
        assert_eq!(poll.lane, 1);
        drop(tick.brings(poll, 0));
        for _ in 0..2 {
            let poll = tick.poll();
            assert_eq!(poll.wait_seconds, 1);
            drop(tick.brings(poll, 0));
        }
        tick.ends();
    }

    /// However long a poll takes: the first lane is not asked again and again before the last one
    /// was.
    #[test]
    fn every_lane_is_asked_before_the_first_one_is_asked_again() {
        let mut tick = Tick::of(100, 10, false);
        for lane in 0..10 {
            let poll = tick.poll();
            assert_eq!((poll.lane, poll.wait_seconds), (lane, 0));
            tick.known.now += 100;
            drop(tick.brings(poll, 0));
        }
        assert_eq!(tick.poll().wait_seconds, LONG_POLL_SECONDS);
    }

    /// A poll holds the last slot that is free: it is not known yet whether it needs it.
    #[test]
    fn the_backlog_is_not_asked_for_while_a_poll_holds_a_slot() {
        let mut tick = Tick::of(3, 2, false);
        tick.gate.lock().capacity.count_ends(Shard::default(), 2);
        for lane in 0..2 {
            let poll = tick.poll();
            assert_eq!((poll.lane, poll.wait_seconds), (lane, 0));
            drop(tick.brings(poll, 0));
        }
        let long = tick.poll();
        tick.known.now = 150;
        assert!(matches!(tick.next(), Do::Count(_)));
        tick.receiving.counted(NONE_FREE, 0, false, 150);
        tick.waits();
        drop(tick.brings(long, 0));
        assert_eq!(tick.poll().lane, 1);
    }

    #[test]
    fn with_fewer_permits_than_lanes_they_are_polled_by_priority() {
        let mut tick = Tick::of(1, 3, false);
        for lane in 0..3 {
            let poll = tick.poll();
            assert_eq!((poll.lane, poll.wait_seconds), (lane, 0));
            drop(tick.brings(poll, 0));
        }
        for lane in 0..3 {
            let poll = tick.poll();
            assert_eq!((poll.lane, poll.most, poll.wait_seconds), (lane, 1, 1));
            tick.waits();
            tick.known.now += 1_000;
            drop(tick.brings(poll, 0));
        }
        // Something can have come into the first ones meanwhile.
        for lane in 0..3 {
            let poll = tick.poll();
            assert_eq!((poll.lane, poll.wait_seconds), (lane, 0));
            drop(tick.brings(poll, 0));
        }
        tick.ends();
    }

    #[test]
    fn tasks_under_way_are_waited_for_before_an_empty_queue_is_believed() {
        let mut tick = Tick::of(10, 1, false);
        let poll = tick.poll();
        drop(tick.brings(poll, 0));
        tick.known.tasks = 1;
        tick.waits();
        tick.poll();
    }

    #[test]
    fn a_tick_that_waits_polls_on_whatever_is_under_way() {
        for lanes in [1, 3] {
            let mut tick = Tick::of(100, lanes, false);
            tick.receiving = Receiving::new(lanes, false, Idle::Wait, 60_000, shards(), 0);
            tick.known.tasks = 1;
            if lanes > 1 {
                for _ in 0..lanes {
                    let poll = tick.poll();
                    assert_eq!(poll.wait_seconds, 0);
                    drop(tick.brings(poll, 0));
                }
            }
            for _ in 0..5 {
                let mut polls = Vec::new();
                while let Do::Poll(poll) = tick.next() {
                    polls.push(poll);
                }
                assert_eq!(polls.len(), lanes);
                for poll in polls {
                    drop(tick.brings(poll, 0));
                }
            }
            assert!(matches!(tick.next(), Do::Poll(poll) if poll.wait_seconds == 2));
            tick.receiving.backlog(0);
            tick.known.closing = true;
            tick.waits();
        }
    }

    #[test]
    fn polls_are_waited_for_when_the_tick_ends() {
        let ends: [fn(&mut Known); 3] = [
            |known| known.stopping = true,
            |known| known.closing = true,
            |known| known.now = 60_000,
        ];
        for end in ends {
            let mut tick = Tick::of(10, 1, false);
            let poll = tick.poll();
            end(&mut tick.known);
            tick.waits();
            drop(tick.brings(poll, 2));
            tick.ends();
        }
    }

    #[test]
    fn while_all_slots_are_taken_they_are_counted_and_then_the_backlog_is_asked_for() {
        let mut tick = Tick::of(10, 1, false);
        tick.gate.lock().capacity.count_ends(Shard::default(), 10);
        assert_eq!(tick.waits(), 150);
        tick.known.now = 150;
        assert!(matches!(tick.next(), Do::Count(_)));
        tick.receiving.counted(NONE_FREE, 0, false, 150);
        assert!(matches!(tick.next(), Do::AskBacklog));
        tick.receiving.backlog(1);
        let due = tick.waits();
        tick.known.now = due;
        assert!(matches!(tick.next(), Do::Count(_)));
        // Not asked for again so soon.
        tick.receiving.counted(NONE_FREE, 0, false, due);
        tick.waits();
        tick.known.now = 20_000;
        assert!(matches!(tick.next(), Do::Count(_)));
        tick.receiving.counted(NONE_FREE, 0, false, 20_000);
        assert!(matches!(tick.next(), Do::AskBacklog));
        tick.receiving.backlog(0);
        tick.ends();
    }

    #[test]
    fn what_is_kept_comes_before_anything_new_and_before_the_end() {
        let mut tick = Tick::of(10, 1, false);
        tick.known.kept = NotNow::NotBefore(500);
        assert_eq!(tick.waits(), 500);
        tick.known.kept = NotNow::Nothing;
        let poll = tick.poll();
        drop(tick.brings(poll, 0));
        tick.known.kept = NotNow::Blocked;
        assert_eq!(tick.waits(), WAIT_MOST);
        let poll = tick.poll();
        tick.known.kept = NotNow::Nothing;
        drop(tick.brings(poll, 0));
        tick.ends();
    }

    #[test]
    fn what_a_task_gives_back_is_not_waited_for() {
        let mut tick = Tick::of(10, 1, false);
        let poll = tick.poll();
        let held = tick.brings(poll, 10);
        tick.known.tasks = 1;
        assert!(tick.waits() > 0);
        drop(held);
        tick.poll();
    }

    #[test]
    fn a_lane_that_is_full_is_not_polled_and_the_others_go_on() {
        let mut tick = Tick::of(100, 3, false).bounded([Some(2), None, None], [2, 0, 0]);
        for lane in [1, 2] {
            let poll = tick.poll();
            assert_eq!((poll.lane, poll.wait_seconds), (lane, 0));
            drop(tick.brings(poll, 0));
        }
        let long = [tick.poll(), tick.poll()];
        assert_eq!(long.each_ref().map(|poll| poll.lane), [1, 2]);
        // While they are polled its slots are counted.
        assert_eq!(tick.waits(), 150);
        tick.known.now = 150;
        tick.counts();
        tick.count([2, 0, 0]);
        assert!(tick.waits() > 150);
        tick.known.now = 5_000;
        tick.counts();
        tick.count([1, 0, 0]);
        // One slot is free: the lane is asked at once.
        let poll = tick.poll();
        assert_eq!((poll.lane, poll.wait_seconds, poll.most), (0, 0, 1));
        drop(tick.brings(poll, 1));
        for poll in long {
            drop(tick.brings(poll, 0));
        }
    }

    #[test]
    fn a_lane_that_is_full_is_counted_however_busy_the_others_are() {
        let mut tick = Tick::of(1_000, 2, false).bounded([None, Some(1)], [0, 1]);
        let mut counts = 0;
        for _ in 0..100 {
            tick.known.now += 20;
            match tick.next() {
                Do::Poll(poll) => {
                    assert_eq!(poll.lane, 0);
                    drop(tick.brings(poll, ONE_RECEIVE));
                }
                Do::Count(_) => {
                    counts += 1;
                    tick.count([0, 1]);
                }
                other => panic!("{other:?}"),
            }
        }
        assert!((5..=14).contains(&counts), "{counts} counts in 2 s");
    }

    #[test]
    fn the_tick_goes_on_while_a_lane_is_full_and_its_backlog_not_known_to_be_empty() {
        let mut tick = Tick::of(100, 2, false).bounded([None, Some(2)], [0, 2]);
        let mut asked = 0;
        loop {
            match tick.next() {
                Do::Poll(poll) => {
                    assert_eq!(poll.lane, 0);
                    tick.known.now += i64::from(poll.wait_seconds) * 1_000;
                    drop(tick.brings(poll, 0));
                }
                Do::Count(_) => tick.count([0, 2]),
                Do::WaitUntil(time) => tick.known.now = time,
                Do::AskBacklog => {
                    asked += 1;
                    tick.receiving.backlog(u64::from(asked < 3));
                }
                Do::End => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(asked, 3);
        assert!(
            (20_000..30_000).contains(&tick.known.now),
            "{}",
            tick.known.now
        );
    }

    #[test]
    fn when_every_lane_is_full_slots_are_counted_until_one_is_not() {
        for (batches, idle) in [
            (false, Idle::Stop),
            (false, Idle::Wait),
            (true, Idle::Stop),
            (true, Idle::Wait),
        ] {
            let mut tick = Tick::of(100, 2, batches).bounded([Some(1), Some(2)], [1, 2]);
            tick.receiving.idle = idle;
            tick.known.pooled = usize::from(batches);
            assert_eq!(tick.waits(), 150);
            tick.known.now = 150;
            tick.counts();
            tick.count([1, 2]);
            assert!(matches!(tick.next(), Do::AskBacklog));
            tick.receiving.backlog(5);
            tick.known.now = tick.waits();
            tick.counts();
            tick.count([1, 1]);
            match tick.next() {
                Do::Poll(poll) => assert!(!batches && poll.lane == 1),
                next => assert!(batches && matches!(next, Do::Fill(_))),
            }
        }
    }

    #[test]
    fn a_share_that_is_owed_to_a_full_lane_waits_and_holds_up_nobody() {
        let mut tick = Tick::of(100, 2, false).bounded([None, Some(1)], [0, 1]);
        tick.shares = Shares::new([(0.0, 0.0), (0.2, 5.0)]);
        let poll = tick.poll();
        assert_eq!(poll.lane, 0);
        drop(tick.brings(poll, 10));
        assert_eq!(tick.shares.owed().last(), Some(7.0));
        tick.known.now = 150;
        tick.counts();
        tick.count([0, 0]);
        let poll = tick.poll();
        assert_eq!((poll.lane, poll.most), (1, 1));
    }

    #[test]
    fn a_lane_that_is_closed_is_neither_polled_nor_waited_for() {
        for idle in [Idle::Stop, Idle::Wait] {
            let mut tick = Tick::of(100, 2, false).bounded([None, Some(0)], [0, 1]);
            tick.receiving.idle = idle;
            for wait_seconds in [0, 1 + u32::from(idle == Idle::Wait)] {
                let poll = tick.poll();
                assert_eq!((poll.lane, poll.wait_seconds), (0, wait_seconds));
                drop(tick.brings(poll, 0));
            }
            match idle {
                Idle::Stop => tick.ends(),
                Idle::Wait => assert_eq!(tick.poll().lane, 0),
            }
            let mut tick = Tick::of(100, 2, false).bounded([Some(0), Some(0)], [0, 1]);
            tick.receiving.idle = idle;
            match idle {
                Idle::Stop => tick.ends(),
                Idle::Wait => assert_eq!(tick.waits(), WAIT_MOST),
            }
        }
    }

    /// A permit that a task gives back frees a lane that was left out: it is polled before the tick
    /// believes that all are empty.
    #[test]
    fn a_lane_that_was_left_out_is_polled_before_the_end() {
        let mut tick = Tick::of(100, 2, false).bounded([None, Some(1)], [0, 0]);
        let held = match tick.gate.request(Some(1), 1, 0) {
            Permits::Granted(permits) => permits,
            other => panic!("{other:?}"),
        };
        for wait_seconds in [0, 1] {
            let poll = tick.poll();
            assert_eq!((poll.lane, poll.wait_seconds.min(1)), (0, wait_seconds));
            if wait_seconds == 1 {
                tick.waits();
            }
            drop(tick.brings(poll, 0));
        }
        drop(held);
        let mut polled = Vec::new();
        loop {
            match tick.next() {
                Do::Poll(poll) => {
                    polled.push(poll.lane);
                    drop(tick.brings(poll, 0));
                }
                Do::AskBacklog => tick.receiving.backlog(1),
                Do::End => break,
                other => panic!("{other:?}"),
            }
        }
        assert!(polled.contains(&1), "{polled:?}");
    }

    /// Both lanes and the pipeline are full, and a batch of the first lane was received before.
    #[test]
    fn a_batch_that_was_received_is_filled_once_its_lane_has_room() {
        for freed in [0, 1] {
            let mut tick = Tick::of(2, 2, true).bounded([Some(1), Some(1)], [1, 1]);
            tick.receiving.idle = Idle::Wait;
            tick.known.pooled = 3;
            tick.known.now = tick.waits();
            tick.counts();
            let mut left = [1, 1];
            left[freed] = 0;
            tick.count(left);
            match freed {
                0 => assert!(matches!(tick.next(), Do::Fill(_))),
                // The other lane is asked.
                _ => assert_eq!(tick.poll().lane, 1),
            }
        }
    }

    #[test]
    fn batches_are_filled_and_all_lanes_polled_before_the_end() {
        let mut tick = Tick::of(10, 2, true);
        assert!(matches!(tick.next(), Do::Fill(_)));
        tick.receiving.filled(Some(Full(false)));
        assert!(matches!(tick.next(), Do::Fill(_)));
        tick.receiving.filled(None);
        for lane in 0..2 {
            let poll = tick.poll();
            assert_eq!((poll.lane, poll.permits.len()), (lane, 1));
            drop(tick.brings(poll, 0));
        }
        tick.ends();
        let mut tick = Tick::of(10, 1, true);
        assert!(matches!(tick.next(), Do::Fill(_)));
        tick.receiving.filled(None);
        tick.ends();
    }
}
