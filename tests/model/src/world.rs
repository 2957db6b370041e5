//! The state of the world: queues, ledger, executions, and the place of every invocation. Small
//! numbers only.

use std::collections::BTreeSet;
use std::hash::Hash;

use ahash::RandomState;
use spillway::Millis;
use spillway::pace::layout::Layout;
use spillway::pace::permit::Stage;
use spillway::protocol::batching::Batching;
use spillway::protocol::candidate::Candidate;
use spillway::protocol::claiming::Claiming;
use spillway::protocol::deferring::Deferring;
use spillway::protocol::kept::Kept;
use spillway::protocol::opening::Opening;
use spillway::protocol::settling::Settling;
use spillway::protocol::starting::{HoldsPermit, Starting};
use spillway::protocol::sweeping::Sweeping;
use spillway::protocol::tenant_queues::TenantQueues;
use spillway::protocol::tenant_turn::TenantTurn;
use spillway::protocol::tick::Tick;
use spillway::protocol::{CallId, Machine};
use spillway::record::layouts::{Layouts, Said};
use spillway::record::row::State as RowState;
use spillway::record::slot::Slot;

/// Object events, at most.
pub const EVENTS: usize = 3;
/// Attempts that a message can ask for, at most: two, one more by redrive, and one that is only
/// asked for.
pub const ATTEMPTS: usize = 4;
const SINGLES: usize = EVENTS * ATTEMPTS;
/// Executions: of every attempt, and of the two batches of the first two events, in either order.
pub const EXECUTIONS: usize = SINGLES + 2;

/// Tenants, if they are bounded.
pub const TENANTS: usize = 2;

/// An object event, by its place. With an order, the older the smaller.
pub type Event = u8;
/// An execution, by its place.
pub type Execution = u8;
/// A time. Only which of two is earlier counts: see [`World::forget_what_does_not_matter`].
pub type Time = u8;

/// Returns whether an execution processes several events.
pub fn is_batch(execution: Execution) -> bool {
    usize::from(execution) >= SINGLES
}

/// Returns the tenant of an event.
pub fn tenant_of(event: Event) -> usize {
    usize::from(event) / 2
}

/// Returns the event of an execution of one.
pub fn event_of(execution: Execution) -> Event {
    execution / ATTEMPTS as u8
}

/// Returns the attempt of an execution.
pub fn attempt_of(execution: Execution) -> u8 {
    if is_batch(execution) {
        1
    } else {
        execution % ATTEMPTS as u8 + 1
    }
}

/// Returns the candidates of a batch, in the order of its input.
pub fn candidates(execution: Execution) -> [Event; 2] {
    let first = execution - SINGLES as u8;
    [first, 1 - first]
}

/// A message that asks for an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Message {
    pub event: Event,
    pub attempt: u8,
}

/// Messages by event and attempt: how many there are of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Messages([[u8; ATTEMPTS]; EVENTS]);

impl Messages {
    pub fn put(&mut self, message: Message) {
        *self.count_mut(message) += 1;
    }

    pub fn take(&mut self, message: Message) {
        *self.count_mut(message) -= 1;
    }

    fn count_mut(&mut self, message: Message) -> &mut u8 {
        &mut self.0[usize::from(message.event)][usize::from(message.attempt) - 1]
    }

    /// Returns the messages there are, each once.
    pub fn kinds(&self) -> impl Iterator<Item = Message> {
        let all = (0..EVENTS as u8)
            .flat_map(|event| (1..=ATTEMPTS as u8).map(move |attempt| Message { event, attempt }));
        all.filter(|it| self.0[usize::from(it.event)][usize::from(it.attempt) - 1] > 0)
    }

    pub fn is_empty(&self) -> bool {
        self.kinds().next().is_none()
    }

    /// Returns whether one asks for a later attempt of the event.
    pub fn ask_beyond(&self, event: Event, attempt: u8) -> bool {
        let of_event = self.0[usize::from(event)].iter();
        of_event.skip(attempt.into()).any(|count| *count > 0)
    }
}

/// An event's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RowOf {
    /// `None`: there is no row.
    pub state: Option<RowState>,
    pub attempt: u8,
    pub execution: Option<Execution>,
}

/// The object's head. Its revision is only ever compared with one that was read. So each reader
/// keeps whether the head was written since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct HeadOf {
    pub exists: bool,
    pub newest: Option<Event>,
    pub running: Option<Execution>,
    pub waits: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlotOf {
    pub execution: Execution,
    pub layout: Layout,
    pub taken_at: Time,
    pub pending: bool,
}

/// The state of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Fate {
    #[default]
    Unknown,
    Running,
    Succeeded,
    Failed,
    /// It succeeded, and reported these events as failed.
    Reported(u8),
}

impl Fate {
    pub fn has_closed(self) -> bool {
        !matches!(self, Self::Unknown | Self::Running)
    }
}

/// A batch's item: the places of its members, when they are fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct List {
    pub members: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Lease {
    pub holder: Option<u8>,
    /// Its time is over, whether or not its holder still runs.
    pub expired: bool,
    pub suspect_since: Option<Time>,
    /// In which layouts slots lie, as far as ticks have said so.
    pub layouts: Said,
}

/// The state of a tick.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TickOf {
    /// `None`: it is idle.
    pub tick: Option<Tick>,
    /// It can renew its lease no more: nothing is granted to it.
    pub runs_out: bool,
    /// Slots are old enough for the sweep, and for one without a claim to be freed.
    pub old: bool,
    /// In which layouts slots lie, as far as it knows.
    pub layouts: Layouts,
    /// The executions that had a slot in the old layout, if nothing could land there any more.
    pub old_slots: Option<BTreeSet<String>>,
    /// Slots as last counted, and put since, by tenant; all of the first one if none is bounded.
    pub counted: [u8; TENANTS],
    pub put: [u8; TENANTS],
    /// By which it is told from the ticks before it and beside it, if tenants are bounded.
    pub holder: u8,
    /// The tenants whose events wait, as far as it knows.
    pub queues: Option<TenantQueues>,
    /// Slots to look after: those that are open, and those to be swept.
    pub openings: Vec<Opening>,
    pub sweeps: Vec<Sweeping>,
    /// Starts that are to be made.
    pub kept: Vec<Kept>,
    /// One of them, that is being made or left to the next tick.
    pub starting: Option<Starting>,
    pub tasks: [Task; 2],
}

impl TickOf {
    /// Returns whether no call of it is under way.
    pub fn is_quiet(&self) -> bool {
        let idle = self.tasks.iter().all(|task| task.work == Work::Idle);
        idle && self.starting.is_none() && self.openings.is_empty() && self.sweeps.is_empty()
    }
}

/// A task of a tick: one message, or a batch, from receive to start.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Task {
    pub work: Work,
    /// Messages that were received, and are neither deleted nor handed back.
    pub held: Vec<Message>,
    /// Nobody wrote the head since it was read.
    pub fresh: bool,
    /// A slot that is put only after the claim, which is a breakage.
    pub late: Option<SlotOf>,
}

/// The work of a task.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Work {
    #[default]
    Idle,
    /// It can receive more.
    Fill(Vec<Candidate>),
    One(Box<Claiming>),
    Several(Box<Batching>),
    /// The message of a tenant whose bound is reached. The directory names its queue by this token.
    Defer(Box<Deferring>, Option<String>),
    /// Events that wait for their tenant are read, or an empty queue is removed.
    Turn(Box<TenantTurn>, OfTurn),
}

/// How far the turn of a tenant has come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OfTurn {
    Read,
    /// An event that waited is claimed.
    Claim(Box<Claiming>),
    Remove,
}

impl Work {
    /// Returns the calls that are outstanding.
    pub fn outstanding(&self) -> Vec<CallId> {
        match self {
            Self::Idle | Self::Fill(_) => Vec::new(),
            Self::One(claiming) | Self::Turn(_, OfTurn::Claim(claiming)) => {
                claiming.outstanding().collect()
            }
            Self::Several(batching) => batching.outstanding().collect(),
            Self::Defer(deferring, _) => deferring.outstanding().collect(),
            Self::Turn(turn, OfTurn::Read | OfTurn::Remove) => turn.outstanding().collect(),
        }
    }

    /// Returns how far its permit has come. `None`: it has none.
    pub fn stage(&self) -> Option<Stage> {
        match self {
            Self::Idle | Self::Defer(..) | Self::Turn(_, OfTurn::Remove) => None,
            Self::Fill(_) | Self::Turn(_, OfTurn::Read) => Some(Stage::Granted),
            Self::One(claiming) | Self::Turn(_, OfTurn::Claim(claiming)) => Some(claiming.stage()),
            Self::Several(batching) => Some(batching.stage()),
        }
    }

    /// Returns the candidate that it claims.
    pub fn claims(&self) -> Option<&Candidate> {
        match self {
            Self::One(claiming) | Self::Turn(_, OfTurn::Claim(claiming)) => {
                Some(claiming.candidate())
            }
            _ => None,
        }
    }
}

/// An invocation of settle.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SettleOf {
    pub execution: Execution,
    pub settling: Box<Settling>,
    /// Nobody wrote the head since it was read.
    pub fresh: bool,
    /// Messages that are sent only after the row is written, which is a breakage.
    pub late: Vec<(bool, Message)>,
}

/// Which invariant a step broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Broken {
    /// Two executions of one attempt, or a claim of an attempt that was claimed.
    Twice,
    /// An attempt started before the one before it closed, or after a success.
    Early,
    /// More run than the limit says.
    Over,
    /// It runs without a slot.
    WithoutSlot,
    /// Two of one object at once.
    AtOnce,
    /// With `latest`, an older version started after a newer one.
    Backwards,
    /// With `each`, a version was claimed before an older one that waited.
    Passed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct World {
    pub queue: Messages,
    pub dead: Messages,
    pub rows: [RowOf; EVENTS],
    pub head: HeadOf,
    /// Which attempt of each event waits.
    pub waiters: [Option<u8>; EVENTS],
    /// A mask of those that wait without a message of their own: they have looked at the head once
    /// more.
    pub waited: u8,
    /// Which attempt of each event waits for its tenant, as its item says.
    pub deferred: [Option<u8>; EVENTS],
    /// The tenants that the directory names, each by its token.
    pub named: [Option<String>; TENANTS],
    /// By execution.
    pub slots: Vec<SlotOf>,
    /// The two batches' items.
    pub lists: [Option<List>; 2],
    pub executions: [Fate; EXECUTIONS],
    /// The events in the batches' inputs.
    pub inputs: [u8; 2],
    /// Messages of the outcomes queue, by execution.
    pub outcomes: [u8; EXECUTIONS],
    pub lease: Lease,
    /// By which slots are to lie.
    pub layout: Layout,
    /// How often that can still change.
    pub changes: u8,
    pub ticks: Vec<TickOf>,
    pub settles: [Option<SettleOf>; 2],
    /// Faults that can still come, redrives that can still be made, and rows that ingest can still
    /// write.
    pub faults: u8,
    pub repeats: u8,
    pub lease_ends: u8,
    pub runs_out: u8,
    pub redrives: u8,
    pub ingests: u8,
    pub broken: Option<Broken>,
    /// How many times are remembered.
    pub clock: Time,
}

impl World {
    pub fn slot(&self, execution: Execution) -> Option<&SlotOf> {
        self.slots.iter().find(|slot| slot.execution == execution)
    }

    pub fn row(&self, event: Event) -> RowOf {
        self.rows[usize::from(event)]
    }

    pub fn row_mut(&mut self, event: Event) -> &mut RowOf {
        &mut self.rows[usize::from(event)]
    }

    pub fn fate(&self, execution: Execution) -> Fate {
        self.executions[usize::from(execution)]
    }

    pub fn list(&self, execution: Execution) -> Option<List> {
        let [first, _] = candidates(execution);
        self.lists[usize::from(first)]
    }

    pub fn list_mut(&mut self, execution: Execution) -> &mut Option<List> {
        let [first, _] = candidates(execution);
        &mut self.lists[usize::from(first)]
    }

    /// Returns the events in an execution's input.
    pub fn input(&self, execution: Execution) -> u8 {
        if is_batch(execution) {
            self.inputs[usize::from(candidates(execution)[0])]
        } else {
            1 << event_of(execution)
        }
    }

    pub fn running(&self) -> usize {
        self.executions
            .iter()
            .filter(|fate| **fate == Fate::Running)
            .count()
    }

    pub fn put_slot(&mut self, slot: SlotOf) {
        self.slots.push(slot);
        self.slots.sort_by_key(|slot| (slot.execution, slot.layout));
    }

    pub fn write_head(&mut self, head: HeadOf) {
        self.head = head;
        for tick in &mut self.ticks {
            tick.tasks.iter_mut().for_each(|task| task.fresh = false);
        }
        self.settles
            .iter_mut()
            .flatten()
            .for_each(|settle| settle.fresh = false);
    }

    /// Returns a time that is later than all so far.
    pub fn now(&self) -> Time {
        self.clock
    }

    pub fn broke(&mut self, invariant: Broken) {
        self.broken.get_or_insert(invariant);
    }

    fn times(&mut self, mut each: impl FnMut(&mut Time)) {
        self.slots
            .iter_mut()
            .for_each(|slot| each(&mut slot.taken_at));
        self.lease.suspect_since.iter_mut().for_each(&mut each);
        for tick in &mut self.ticks {
            tick.times(&mut each);
        }
    }

    /// Numbers the times anew, in their order, and puts invocations that are alike in one order.
    /// States that differ only in that are one state.
    pub fn forget_what_does_not_matter(&mut self) {
        let mut seen = 0u32;
        self.times(|time| seen |= 1 << *time);
        self.clock = seen.count_ones() as Time;
        if seen & (seen + 1) != 0 {
            self.times(|time| *time = (seen & ((1 << *time) - 1)).count_ones() as Time);
        }
        if hash(&self.settles[0]) > hash(&self.settles[1]) {
            self.settles.swap(0, 1);
        }
        for tick in &mut self.ticks {
            // Those at work first.
            let key = |task: &Task| (task.work == Work::Idle, hash(task));
            if key(&tick.tasks[0]) > key(&tick.tasks[1]) {
                tick.tasks.swap(0, 1);
            }
        }
        if let [one, other] = self.ticks.as_mut_slice()
            && hash(one) > hash(other)
        {
            std::mem::swap(one, other);
            self.lease.holder = self.lease.holder.map(|holder| 1 - holder);
        }
    }
}

impl TickOf {
    fn times(&mut self, each: &mut impl FnMut(&mut Time)) {
        let mut of_slot = |slot: &mut Slot| on_millis(&mut slot.taken_at, each);
        for opening in &mut self.openings {
            opening.slots_mut().for_each(&mut of_slot);
        }
        for sweep in &mut self.sweeps {
            sweep.slots_mut().for_each(&mut of_slot);
        }
        for kept in &mut self.kept {
            of_slot(&mut kept.slot);
        }
        if let Some(starting) = &mut self.starting {
            of_slot(starting.slot_mut());
        }
        for task in &mut self.tasks {
            match &mut task.work {
                Work::One(claiming) | Work::Turn(_, OfTurn::Claim(claiming)) => {
                    claiming.slot_mut().into_iter().for_each(&mut of_slot)
                }
                Work::Several(batching) => batching.slot_mut().into_iter().for_each(&mut of_slot),
                Work::Idle | Work::Fill(_) | Work::Defer(..) | Work::Turn(..) => {}
            }
        }
        for late in self.tasks.iter_mut().filter_map(|task| task.late.as_mut()) {
            each(&mut late.taken_at);
        }
        if let Some(tick) = &mut self.tick {
            tick.times_mut().for_each(|time| on_millis(time, each));
        }
    }
}

/// A time as a machine of the core has it.
fn on_millis(time: &mut Millis, each: &mut impl FnMut(&mut Time)) {
    let mut small = Time::try_from(*time).expect("times are numbered anew");
    each(&mut small);
    *time = millis(small);
}

/// Returns the same in every run.
pub fn hash(thing: &impl Hash) -> u64 {
    RandomState::with_seeds(1, 2, 3, 4).hash_one(thing)
}

/// Returns a time as the core takes it.
pub fn millis(time: Time) -> Millis {
    time.into()
}
