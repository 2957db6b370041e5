//! The faults of the handlers' calls, by the seed.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fake_aws::{Call, Fault, Rng};

use super::coverage::Coverage;
use super::fault_kind::{HANDLERS, Kind, OUTAGE_MS, SLUGGISH};
use super::history::{History, Phase};

/// Keys that Step Functions refuses for good.
pub const POISON: &str = "poison";
/// The faults of this world. Cheap to clone.
#[derive(Clone)]
pub struct Faults {
    on: Arc<AtomicBool>,
    state: Arc<Mutex<State>>,
    coverage: Arc<Mutex<Coverage>>,
    history: History,
}

struct State {
    rng: Rng,
    /// Probability of a fault at each call.
    weight: f64,
    /// Kinds that can strike; the more often one is there the more often it strikes.
    kinds: Vec<Kind>,
    sluggish: HashSet<String>,
    /// Until when an operation fails, in milliseconds since the epoch.
    outages: HashMap<String, i64>,
    held_up: Vec<HeldUp>,
}

/// A call that was late.
struct HeldUp {
    caller: String,
    at_ms: i64,
    /// By how much, in milliseconds.
    time: i64,
    kind: Kind,
}

impl Faults {
    pub fn new(rng: &Rng, coverage: Arc<Mutex<Coverage>>, history: History) -> Self {
        let mut rng = rng.fork("faults");
        let mut kinds = Vec::new();
        for kind in Kind::ALL {
            let often = rng.below(4) as usize;
            kinds.extend(std::iter::repeat_n(kind, often));
        }
        // A world without any is one too: then only schedule, operator and queues do their worst.
        let weight = [0.0, 0.01, 0.02, 0.04, 0.06, 0.1][rng.below(6) as usize];
        Self {
            on: Arc::new(AtomicBool::new(true)),
            state: Arc::new(Mutex::new(State {
                rng,
                weight,
                kinds,
                sluggish: HashSet::new(),
                outages: HashMap::new(),
                held_up: Vec::new(),
            })),
            coverage,
            history,
        }
    }

    /// Stops all faults by chance.
    pub fn stop(&self) {
        self.on.store(false, Ordering::Relaxed);
    }

    /// Returns by how much the calls of `caller` were late between two times, in milliseconds.
    pub fn held_up(&self, caller: &str, from_ms: i64, to_ms: i64) -> i64 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let of_caller = state
            .held_up
            .iter()
            .filter(|it| it.caller == caller && (from_ms..=to_ms).contains(&it.at_ms));
        of_caller.map(|it| it.time).sum()
    }

    /// Returns how much time faults took of a handler's calls between two times, in milliseconds.
    /// Adds the kind of the last one.
    pub fn cost(&self, handler: &str, from_ms: i64, to_ms: i64) -> (i64, Option<Kind>) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let of_handler = state
            .held_up
            .iter()
            .filter(|it| it.caller.starts_with(handler) && (from_ms..=to_ms).contains(&it.at_ms));
        let (mut cost, mut last) = (0, None);
        for late in of_handler {
            cost += late.time;
            last = Some(late.kind);
        }
        (cost, last)
    }

    /// Returns the fault of a call.
    pub fn of(&self, call: &Call, phase: Phase) -> Fault {
        let Some(handler) = handler(&call.caller) else {
            return Fault::None;
        };
        if phase == Phase::Before && is_poison(call) {
            self.count(Kind::RefusedForGood, handler);
            return Fault::Refuse("InvalidExecutionInput".to_owned());
        }
        if !self.on.load(Ordering::Relaxed) {
            return Fault::None;
        }
        let fault = self.by_chance(call, phase, handler);
        if fault != Fault::None {
            self.history.fault(call, phase, &fault);
        }
        fault
    }

    fn by_chance(&self, call: &Call, phase: Phase, handler: &str) -> Fault {
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state: &mut State = &mut guard;
        let caller = call.caller.to_string();
        if phase == Phase::Before && state.sluggish.contains(&caller) {
            let time = SLUGGISH.as_millis() as i64;
            state.late(call, time, Kind::Sluggish);
            return Fault::Delay(SLUGGISH);
        }
        let outage = state.outages.get(&call.operation);
        if phase == Phase::Before && outage.is_some_and(|until| call.sent_ms < *until) {
            state.late(call, OUTAGE_MS, Kind::Outage);
            return Fault::InternalError;
        }
        // Half of the chance each, so that a call is struck once. Few calls are reconcile's.
        let weight = state.weight * if handler == "reconcile" { 4.0 } else { 1.0 };
        if !state.rng.chance(weight / 2.0) || state.kinds.is_empty() {
            return Fault::None;
        }
        let of_phase: Vec<Kind> = state
            .kinds
            .iter()
            .copied()
            .filter(|kind| kind.phase() == phase)
            .collect();
        let choice = state.rng.below(of_phase.len() as u64) as usize;
        let Some(kind) = of_phase.get(choice).copied() else {
            return Fault::None;
        };
        let Some((fault, time)) = kind.fault(call, &mut state.rng) else {
            return Fault::None;
        };
        match kind {
            Kind::Sluggish => {
                state.sluggish.insert(caller);
            }
            Kind::Outage => {
                let until = call.sent_ms + OUTAGE_MS;
                state.outages.insert(call.operation.clone(), until);
            }
            _ => {}
        }
        state.late(call, time, kind);
        drop(guard);
        self.count(kind, handler);
        fault
    }

    /// Returns whether an entry of a batch fails alone.
    pub fn fails_entry(&self, call: &Call) -> bool {
        let Some(handler) = handler(&call.caller) else {
            return false;
        };
        let fails = {
            let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let state: &mut State = &mut guard;
            let among = state.kinds.contains(&Kind::EntryFails);
            let on = self.on.load(Ordering::Relaxed) && among;
            let fails = on && state.rng.chance((state.weight * 6.0).min(0.25));
            if fails {
                state.late(call, 1_000, Kind::EntryFails);
            }
            fails
        };
        if fails {
            self.count(Kind::EntryFails, handler);
            let line = format!("{:<12} {}: an entry fails", call.caller, call.operation);
            self.history.act(call.sent_ms, line);
        }
        fails
    }

    fn count(&self, kind: Kind, handler: &str) {
        let mut coverage = self.coverage.lock().unwrap_or_else(PoisonError::into_inner);
        coverage.count(&kind.name(handler));
    }
}

impl State {
    fn late(&mut self, call: &Call, time: i64, kind: Kind) {
        let (caller, at_ms) = (call.caller.to_string(), call.sent_ms);
        self.held_up.push(HeldUp {
            caller,
            at_ms,
            time,
            kind,
        });
    }
}

/// The handler that a caller is an invocation of.
fn handler(caller: &str) -> Option<&'static str> {
    let mut handlers = HANDLERS.into_iter();
    handlers.find(|handler| caller.starts_with(&format!("{handler}-")))
}

fn is_poison(call: &Call) -> bool {
    call.operation == "StartExecution"
        && call.request["input"]
            .as_str()
            .is_some_and(|input| input.contains(POISON))
}
