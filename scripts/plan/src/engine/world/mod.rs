//! Everything but the tick: queues, executions, outcomes, slots, as they go on in virtual time.

mod ends;
mod receives;
mod starts;

use std::collections::VecDeque;

use spillway::Millis;
use spillway::pace::layout::Shard;
use spillway::pace::permit::{Permit, Stage};
use spillway::protocol::receiving::{Ended, Poll};

use super::answers::{Answers, Wave};
use super::calendar::{Calendar, Ranked};
use super::queue::{LaneQueue, Message};
use super::quota::Bucket;
use super::setup::{Arrival, Setup};
use super::slab::Slab;
use super::turns::Turns;

/// Messages of one receive, and of one request that deletes or sends.
const ENTRIES: usize = 10;
/// An event that happens at a time.
#[derive(Debug)]
enum Event {
    /// A message can be received.
    Visible(Message),
    /// Polls of a lane find the messages that have come.
    Wakes(usize),
    /// A receive takes effect.
    Receives(usize),
    /// A receive waited for nothing, since then: its number can be another one's now.
    GivesUp(usize, Millis),
    /// A receive is answered.
    Answered(usize),
    /// The rows and heads of a task's objects are read: whose turn it is.
    Decides(usize),
    /// Nothing starts by it.
    Unused(Permit),
    /// The slots of a task are there.
    SlotsPut(usize),
    /// The slots of a task are answered.
    SlotsAnswered(usize),
    /// The executions of a task begin.
    Starts(usize),
    TaskEnds(usize),
    /// A start that was kept is made again.
    Restarts(usize),
    Restarted {
        start: usize,
        throttled: bool,
    },
    ExecutionEnds(usize),
    /// An ordered execution's turn is taken from it.
    Passes {
        message: Message,
        again: bool,
        shard: Shard,
    },
    SlotFreed(Shard, usize),
}

impl Ranked for Event {
    /// The tick makes its calls before its tasks do, so it has its answers before they have theirs.
    fn rank(&self) -> u8 {
        match self {
            Self::Wakes(_) | Self::Receives(_) | Self::GivesUp(..) | Self::Answered(_) => 0,
            _ => 1,
        }
    }
}

/// The object events of an execution.
#[derive(Debug, Clone)]
pub enum Load {
    One(Message),
    Many(Vec<Message>),
}

impl Load {
    pub fn messages(&self) -> &[Message] {
        match self {
            Self::One(message) => std::slice::from_ref(message),
            Self::Many(messages) => messages,
        }
    }

    /// The index of the lane that all of them came through.
    fn lane(&self) -> usize {
        self.messages().first().map_or(0, |it| it.lane.into())
    }
}

/// A receive that is under way.
#[derive(Debug)]
struct UnderWay {
    lane: usize,
    /// Messages of its calls that are made at once.
    most: usize,
    /// Messages of a call that comes after a full one.
    then: usize,
    wait_seconds: u32,
    /// Since when it waits for a first message.
    waits_since: Option<Millis>,
    messages: Vec<Message>,
    of: Of,
}

/// Whose receive it is.
#[derive(Debug)]
enum Of {
    Poll(Poll),
    Filling(usize),
}

/// Loads that are claimed and started together.
#[derive(Debug)]
struct Task {
    loads: Vec<Load>,
    permits: Vec<Permit>,
    /// Starts that were refused, with their permits.
    throttled: Vec<(Load, Shard, Permit)>,
    rest: Rest,
    put_at: Millis,
    /// When it ends at the soonest.
    ends_at: Millis,
    messages: u32,
}

/// Messages that come after those of a task, since those are of the same objects.
#[derive(Debug, Default)]
struct Rest {
    rounds: VecDeque<Vec<Message>>,
    permits: Vec<Permit>,
}

/// An execution that runs.
#[derive(Debug)]
struct Running {
    load: Load,
    shard: Shard,
}

/// A start that was throttled: it holds its slot, and the tick makes it again.
#[derive(Debug)]
struct Throttled {
    load: Load,
    shard: Shard,
    taken_at: Millis,
    permit: Option<Permit>,
}

/// An answer to a tick.
#[derive(Debug)]
pub enum Answered {
    Polled {
        ended: Ended,
        messages: Vec<Message>,
        permits: Vec<Permit>,
    },
    Received {
        filling: usize,
        messages: Vec<Message>,
    },
    /// A start was throttled and is to be kept: by its number, with the time of its slot and the slot's lane.
    Throttled {
        start: usize,
        taken_at: Millis,
        lane: usize,
    },
    /// A start has an answer of its own.
    Started,
}

/// The world.
pub struct World<'a> {
    setup: &'a Setup,
    arrivals: std::iter::Peekable<std::iter::Enumerate<std::slice::Iter<'a, Arrival>>>,
    calendar: Calendar<Event>,
    pub now: Millis,
    lanes: Vec<LaneQueue>,
    receives: Slab<UnderWay>,
    tasks: Slab<Task>,
    executions: Slab<Running>,
    throttled: Slab<Throttled>,
    turns: Turns,
    quota: Option<Bucket>,
    /// Tasks that have not ended, and the messages that they work on.
    pub tasks_under_way: usize,
    pub messages_under_way: u32,
    answered: VecDeque<Answered>,
    /// A task or execution ended for which a tick can wait.
    stirred: bool,
    /// By lane and shard.
    slots: Vec<[u32; Shard::COUNT]>,
    running: usize,
    waiting: usize,
    /// Uploads that are neither done nor dead.
    open: usize,
    /// When the last invocation of `settle` began, and how many outcomes it has.
    settling: (Millis, usize),
    rng: fastrand::Rng,
    pub answers: Answers,
}

impl<'a> World<'a> {
    pub fn new(setup: &'a Setup, arrivals: &'a [Arrival]) -> Self {
        let lanes = setup.lanes.len().max(1);
        let failures = setup.executions.failures.len();
        Self {
            setup,
            arrivals: arrivals.iter().enumerate().peekable(),
            calendar: Calendar::new(),
            now: setup.from,
            lanes: (0..lanes).map(|_| LaneQueue::default()).collect(),
            receives: Slab::new(),
            tasks: Slab::new(),
            executions: Slab::new(),
            throttled: Slab::new(),
            turns: Turns::new(setup.order),
            quota: setup.quota.map(|quota| Bucket::full(quota, setup.from)),
            tasks_under_way: 0,
            messages_under_way: 0,
            answered: VecDeque::new(),
            stirred: false,
            slots: vec![[0; Shard::COUNT]; lanes],
            running: 0,
            waiting: 0,
            open: arrivals.len(),
            settling: (Millis::MIN / 4, 0),
            rng: fastrand::Rng::with_seed(setup.seed),
            answers: Answers::new(setup.from, lanes, failures, waves(arrivals)),
        }
    }

    fn call(&self) -> Millis {
        self.setup.calls.each.as_millis() as Millis
    }

    /// Returns whether all uploads are done, or dead.
    pub fn is_done(&self) -> bool {
        self.open == 0 && self.slots.iter().flatten().all(|slots| *slots == 0)
    }

    /// Returns how many messages wait.
    pub fn backlog(&self) -> usize {
        self.waiting
    }

    /// Returns how many messages wait in a lane.
    pub fn waiting_in(&self, lane: usize) -> usize {
        self.lanes.get(lane).map_or(0, LaneQueue::len)
    }

    /// Returns the lanes in which messages wait, by their indexes.
    pub fn waiting_lanes(&self) -> impl Iterator<Item = usize> {
        let lanes = self.lanes.iter().enumerate();
        let waiting = lanes.filter(|(_, queue)| queue.holds_any());
        waiting.map(|(lane, _)| lane)
    }

    /// Returns how many slots of each lane lie in a shard.
    pub fn slots(&self, shard: Shard) -> impl Iterator<Item = u32> {
        let of_shard = move |slots: &[u32; Shard::COUNT]| slots.get(shard.index()).copied();
        self.slots.iter().filter_map(of_shard)
    }

    fn slots_mut(&mut self, shard: Shard, lane: usize) -> Option<&mut u32> {
        self.slots.get_mut(lane)?.get_mut(shard.index())
    }

    /// Returns when something happens next.
    pub fn next_at(&mut self) -> Option<Millis> {
        let way_in = self.setup.calls.way_in.as_millis() as Millis;
        let arrival = self.arrivals.peek().map(|(_, arrival)| arrival.at + way_in);
        let others = self.calendar.next_at();
        arrival.into_iter().chain(others).min()
    }

    /// Goes on until then.
    pub fn until(&mut self, time: Millis) {
        while self.next_at().is_some_and(|at| at <= time) {
            self.step();
        }
        self.now = self.now.max(time);
    }

    /// Goes on until something has ended, or until then.
    pub fn until_stirred(&mut self, time: Millis) {
        self.stirred = !self.answered.is_empty();
        while !self.stirred && self.next_at().is_some_and(|at| at <= time) {
            self.step();
        }
        if !self.stirred {
            self.now = self.now.max(time);
        }
    }

    /// Goes on for so long. An event at the very end of it comes later.
    pub fn takes(&mut self, time: Millis) {
        let end = self.now + time;
        self.until(end - 1);
        self.now = self.now.max(end);
    }

    /// Takes the next answer.
    pub fn answered(&mut self) -> Option<Answered> {
        self.answered.pop_front()
    }

    fn answers_with(&mut self, answered: Answered) {
        self.stirred = true;
        self.answered.push_back(answered);
    }

    /// Writes down how many messages wait and how many executions run.
    fn look(&mut self) {
        self.answers.series.at(self.now, self.waiting, self.running);
    }

    fn step(&mut self) {
        let way_in = self.setup.calls.way_in.as_millis() as Millis;
        let arrival = self.arrivals.peek().map(|(_, arrival)| arrival.at + way_in);
        let other = self.calendar.next_at();
        if let Some(at) = arrival
            && other.is_none_or(|other| at <= other)
            && let Some((place, arrival)) = self.arrivals.next()
        {
            self.now = self.now.max(at);
            return self.arrives(place, arrival);
        }
        let Some((at, event)) = self.calendar.take() else {
            return;
        };
        self.now = self.now.max(at);
        match event {
            Event::Visible(message) => self.visible(message),
            Event::Wakes(lane) => self.wakes(lane),
            Event::Receives(number) => self.receives(number, false),
            Event::GivesUp(number, since) => self.gives_up(number, since),
            Event::Answered(number) => self.is_answered(number),
            Event::Decides(number) => self.decides(number),
            Event::Unused(permit) => drop(permit),
            Event::SlotsPut(number) => self.slots_put(number),
            Event::SlotsAnswered(number) => self.reached(number, Stage::SlotPut),
            Event::Starts(number) => self.starts(number),
            Event::TaskEnds(number) => self.task_ends(number),
            Event::Restarts(start) => self.restarts(start),
            Event::Restarted { start, throttled } => self.restarted(start, throttled),
            Event::ExecutionEnds(number) => self.execution_ends(number),
            Event::Passes {
                message,
                again,
                shard,
            } => self.passes(&message, again, shard),
            Event::SlotFreed(shard, lane) => {
                if let Some(slots) = self.slots_mut(shard, lane) {
                    *slots = slots.saturating_sub(1);
                }
            }
        }
    }

    fn arrives(&mut self, place: usize, arrival: &Arrival) {
        self.visible(Message {
            uploaded: arrival.at,
            sent: self.now,
            upload: u32::try_from(place).unwrap_or(u32::MAX),
            object: arrival.object,
            wave: arrival.wave,
            lane: arrival.lane,
            attempt: 1,
            doomed: arrival.doomed,
            called: false,
        });
    }

    /// Ends the plan.
    pub fn end(mut self) -> Answers {
        self.answers.left = self.open;
        let waits = self.answers.waits.iter_mut();
        waits.for_each(|waits| waits.sort_unstable());
        self.answers
    }
}

/// Returns the waves of arrivals, by their indexes.
fn waves(arrivals: &[Arrival]) -> Vec<Wave> {
    let mut waves: Vec<Wave> = Vec::new();
    for arrival in arrivals {
        let index = usize::from(arrival.wave);
        if waves.len() <= index {
            waves.resize(index + 1, Wave::default());
        }
        if let Some(wave) = waves.get_mut(index) {
            if wave.uploads == 0 {
                wave.first_upload = arrival.at;
            }
            wave.last_upload = wave.last_upload.max(arrival.at);
            wave.uploads += 1;
            wave.left += 1;
        }
    }
    waves
}
