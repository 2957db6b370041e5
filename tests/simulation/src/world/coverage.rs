//! How often each fault struck and each decision was taken: a case that never happened was never
//! tested.

use std::collections::BTreeMap;
use std::fmt;

use super::decisions;
use super::fault_kind::Kind as FaultKind;
use super::shape::{Shape, Way};

/// The decisions that the handlers trace: every call of a machine, every answer, every fact, and
/// every answer of the gate. Tests of their own have the ones that are missing here, for these
/// reasons:
///
/// - `fact: Parked` takes an execution that was not found for 25 days.
/// - `object: Gone` and `object: Outside` take a bucket that changes between the list and the look.
/// - `fact: NotDescribed` takes a DescribeExecution that fails in all its tries.
/// - `fact: Unreadable` takes an item of another release.
/// - `outcome: Superseded` takes an order that is changed while versions wait.
const DECISIONS: &[&str] = &[
    "answer: Already",
    "answer: Batch",
    "answer: Closed",
    "answer: Deferred",
    "answer: Done",
    "answer: Forbidden",
    "answer: Head",
    "answer: Lost",
    "answer: NoStateMachine",
    "answer: NotFound",
    "answer: Now",
    "answer: Read",
    "answer: Refused",
    "answer: Rows",
    "answer: Running",
    "answer: Slot",
    "answer: Started",
    "answer: Throttled",
    "answer: Unclear",
    "call: Claim",
    "call: Delete",
    "call: Describe",
    "call: Enqueue",
    "call: Finish",
    "call: FixBatch",
    "call: ForgetBatch",
    "call: ForgetDeferred",
    "call: ForgetQueue",
    "call: ForgetWaiter",
    "call: FreeSlot",
    "call: FreeUnused",
    "call: Hide",
    "call: MarkPending",
    "call: NameQueue",
    "call: PutBatch",
    "call: PutDeferred",
    "call: PutSlot",
    "call: PutWaiter",
    "call: Read",
    "call: ReadBatch",
    "call: ReadDeferred",
    "call: ReadHead",
    "call: ReadObject",
    "call: ReadRows",
    "call: ReadSlot",
    "call: ReadWaiters",
    "call: RenewSlot",
    "call: Send",
    "call: Start",
    "call: Supersede",
    "call: SupersedeWaiting",
    "call: TakeTurn",
    "call: Wait",
    "call: Withdraw",
    "call: WriteHead",
    "circuit: Closed",
    "circuit: Open",
    "circuit: Rising",
    "circuit: Slowed",
    "fact: Adopted",
    "fact: AlreadyStarted",
    "fact: Batched",
    "fact: DeadLettered",
    "fact: Deferred",
    "fact: Failed",
    "fact: Freed",
    "fact: HandedBack",
    "fact: Malformed",
    "fact: OutcomeFound",
    "fact: Refused",
    "fact: Split",
    "fact: Stale",
    "fact: StartForbidden",
    "fact: StartUnclear",
    "fact: Started",
    "fact: Superseded",
    "fact: Suspect",
    "fact: Swept",
    "fact: Throttled",
    "fact: Waiting",
    "handing over: false",
    "handing over: true",
    "kept: Not",
    "kept: Now",
    "lane: Closed",
    "lane: Full",
    "lane: Open",
    "next: AskBacklog",
    "next: Count",
    "next: End",
    "next: Fill",
    "next: Poll",
    "next: WaitUntil",
    "object: Begun",
    "object: Known",
    "object: Missing",
    "outcome: Dead",
    "outcome: DeadSent",
    "outcome: EventFailed",
    "outcome: Failed",
    "outcome: ReportNotUnderstood",
    "outcome: RetrySent",
    "outcome: Retried",
    "outcome: Stale",
    "outcome: Succeeded",
    "outcome: TurnPassed",
    "outcome: Uncounted",
    "pause: None",
    "pause: Operator",
    "pause: Window",
    "record: Failed",
    "record: Known",
    "record: Queued",
    "record: QueuedAgain",
    "renewal: Now",
    "stale row: false",
    "stale row: true",
];

/// Happenings of a world besides faults of calls.
const HAPPENINGS: &[&str] = &[
    "ingest: crashed",
    "ingest: into the failure queue",
    "ingest: timed out",
    "ingest: went well",
    "operator: aborts an execution",
    "operator: allows starts again",
    "operator: bounds a lane in another way",
    "operator: closes a lane",
    "operator: forbids starts",
    "operator: lets the machine go",
    "operator: loses a message",
    "operator: lowers the limit",
    "operator: pauses",
    "operator: raises the limit",
    "operator: redrives",
    "operator: redrives twice",
    "operator: replays what is dead",
    "operator: replays what still runs",
    "operator: replays what succeeded",
    "operator: resumes",
    "operator: takes the bound of a lane away",
    "operator: writes nonsense",
    "owner: has slots put in one partition",
    "owner: has slots put in sixteen partitions",
    "reconcile: crashed",
    "reconcile: failed",
    "reconcile: queues what it found",
    "reconcile: sends again",
    "reconcile: timed out",
    "reconcile: went well",
    "settle: crashed",
    "settle: timed out",
    "settle: went well",
    "tick: crashed",
    "tick: day's limit reached",
    "tick: failed",
    "tick: lease busy",
    "tick: of a schedule that fired twice",
    "tick: overtook one that still ran",
    "tick: saturated",
    "tick: timed out",
    "tick: went well",
    "upload: a message that is not understood",
    "upload: delivered twice",
    "upload: many in one message",
    "upload: nobody is told",
    "upload: older version after a newer one",
    "upload: test event",
    "workflow: aborted",
    "workflow: fails",
    "workflow: items of a batch fail",
    "workflow: report is malformed",
    "workflow: runs for days",
    "workflow: succeeds",
    "workflow: the target takes no more",
    "workflow: times out",
];

/// The behaviour of AWS by the odds of a seed; these count the seeds.
const ODDS: &[&str] = &[
    "odds: describe lags",
    "odds: messages come back after their delete",
    "odds: messages delivered twice",
    "odds: messages visible again while worked on",
    "odds: other clocks",
    "odds: polls miss messages",
    "odds: quota of starts",
    "odds: reads lag",
    "odds: short pages",
    "odds: status events late",
    "odds: status events lost",
    "odds: status events repeated",
    "odds: status events without input",
    "odds: status events without output",
];

/// Counts by name.
#[derive(Debug, Clone)]
pub struct Coverage {
    counts: BTreeMap<String, u64>,
    /// Waits of attempts that nothing kept, in milliseconds, by the fault that is charged with
    /// them.
    waits: BTreeMap<String, Vec<i64>>,
    /// Receives of messages.
    receives: Vec<i64>,
}

impl Default for Coverage {
    /// Everything that should happen, and has not.
    fn default() -> Self {
        let decisions = DECISIONS.iter().map(|name| format!("decision: {name}"));
        let faults = FaultKind::ALL.iter().flat_map(|kind| kind.names());
        let shapes = (0..64).map(|seed| shape(&Shape::of(seed)));
        let others = [HAPPENINGS, ODDS].concat().into_iter().map(str::to_owned);
        let names = decisions.chain(faults).chain(shapes).chain(others);
        Self {
            counts: names.map(|name| (name, 0)).collect(),
            waits: BTreeMap::new(),
            receives: Vec::new(),
        }
    }
}

fn shape(shape: &Shape) -> String {
    let way = match shape.way {
        Way::Sqs => "through SQS",
        Way::Lambda => "through ingest",
    };
    format!("shape: {}, {way}", shape.name())
}

impl Coverage {
    pub fn count(&mut self, name: &str) {
        match self.counts.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(name.to_owned(), 1);
            }
        }
    }

    pub fn shape(&mut self, of: &Shape) {
        self.count(&shape(of));
    }

    /// Takes in the decisions on this thread.
    pub fn decisions(&mut self) {
        for (name, count) in decisions::take() {
            *self.counts.entry(format!("decision: {name}")).or_default() += count;
        }
    }

    /// Takes in how long attempts waited that nothing kept, in milliseconds, and the fault that is
    /// charged with it.
    pub fn waits(&mut self, waits: Vec<(String, i64)>) {
        for (kind, time) in waits {
            self.waits.entry(kind).or_default().push(time);
        }
    }

    /// Takes in how often messages were received.
    pub fn receives(&mut self, receives: impl Iterator<Item = usize>) {
        self.receives.extend(receives.map(|count| count as i64));
    }

    pub fn add(&mut self, other: &Self) {
        for (kind, waits) in &other.waits {
            self.waits.entry(kind.clone()).or_default().extend(waits);
        }
        self.receives.extend(&other.receives);
        for (name, count) in &other.counts {
            *self.counts.entry(name.clone()).or_default() += count;
        }
    }

    /// Returns the names that never happened.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        let never = self.counts.iter().filter(|(_, count)| **count == 0);
        never.map(|(name, _)| name.as_str())
    }

    /// Returns how often something happened.
    pub fn of(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or_default()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .counts
            .keys()
            .map(String::len)
            .max()
            .unwrap_or_default();
        for (name, count) in &self.counts {
            let never = if *count == 0 { "  never" } else { "" };
            writeln!(formatter, "{name:<width$} {count:>9}{never}")?;
        }
        for (kind, waits) in &self.waits {
            let name = format!("wait beyond: {kind}, ms");
            writeln!(formatter, "{name:<width$} {}", Spread::of(waits))?;
        }
        let name = "receives of a message";
        writeln!(formatter, "{name:<width$} {}", Spread::of(&self.receives))
    }
}

/// How numbers are spread.
struct Spread {
    of: usize,
    p50: i64,
    p99: i64,
    worst: i64,
}

impl Spread {
    fn of(numbers: &[i64]) -> Self {
        let mut sorted = numbers.to_vec();
        sorted.sort_unstable();
        let at = |percent: usize| sorted.get(sorted.len() * percent / 100).copied();
        Self {
            of: sorted.len(),
            p50: at(50).unwrap_or_default(),
            p99: at(99).unwrap_or_default(),
            worst: sorted.last().copied().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            of,
            p50,
            p99,
            worst,
        } = self;
        write!(formatter, "{of:>9}: p50 {p50}, p99 {p99}, worst {worst}")
    }
}
