//! Exploring every state, and asking of each whether everything can still be finished from it.
//!
//! Stateright checks the invariants in every state. Its `eventually` is not used: it can miss a
//! violation if paths join or run in circles, and the question here is another one. While it
//! explores, every transition is written down. Afterwards the search goes backwards from the quiet
//! states, along transitions that are no faults. A state that it does not reach is a dead end, or a
//! circle that nobody can leave.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::protocol::{Protocol, State, Step};

/// The result of an exploration.
#[derive(Debug)]
pub struct Explored {
    pub states: usize,
    pub transitions: usize,
    /// States in which nothing is left to do.
    pub quiet: usize,
    pub took: Duration,
    /// An invariant that was broken, and the steps to it.
    pub violation: Option<Violation>,
}

/// An invariant that was broken, or that can no longer be kept.
#[derive(Debug)]
pub struct Violation {
    pub invariant: &'static str,
    pub steps: Vec<Step>,
    pub state: State,
}

/// The number at which it gives up: about 8 GiB.
const MOST_TRANSITIONS: usize = 100_000_000;

/// The invariant that everything can still be finished.
pub const CAN_FINISH: &str = "I4: everything can still be finished";

impl fmt::Display for Explored {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            states,
            transitions,
            quiet,
            took,
            violation,
        } = self;
        write!(
            formatter,
            "{states} states, {transitions} transitions, {quiet} quiet, {:.1} s",
            took.as_secs_f64()
        )?;
        let Some(Violation {
            invariant,
            steps,
            state,
        }) = violation
        else {
            return Ok(());
        };
        write!(formatter, "; BROKEN: {invariant}")?;
        for (number, step) in steps.iter().enumerate() {
            write!(formatter, "\n{:>4}. {step:?}", number + 1)?;
        }
        write!(formatter, "\n{:?}", state.world)
    }
}

/// The model, with its transitions written down.
struct Recorded {
    protocol: Protocol,
    invariants: Vec<Property<Protocol>>,
    graph: Mutex<Graph>,
}

#[derive(Default)]
struct Graph {
    places: HashMap<u64, u32, ahash::RandomState>,
    /// Backwards, without faults: to, from.
    edges: Vec<(u32, u32)>,
    quiet: Vec<u32>,
    transitions: usize,
}

impl Graph {
    fn place(&mut self, fingerprint: u64) -> u32 {
        let next = self.places.len() as u32;
        *self.places.entry(fingerprint).or_insert(next)
    }

    /// Fingerprints of states from which no quiet one is reached.
    fn stuck(&self) -> Vec<u64> {
        let count = self.places.len();
        let mut sorted = self.edges.clone();
        sorted.sort_unstable();
        let mut first = vec![0usize; count + 1];
        for (to, _) in &sorted {
            first[*to as usize + 1] += 1;
        }
        for place in 0..count {
            first[place + 1] += first[place];
        }
        let mut can = vec![false; count];
        let mut open = self.quiet.clone();
        while let Some(place) = open.pop() {
            let place = place as usize;
            if std::mem::replace(&mut can[place], true) {
                continue;
            }
            open.extend(
                sorted[first[place]..first[place + 1]]
                    .iter()
                    .map(|(_, from)| *from),
            );
        }
        let stuck = self
            .places
            .iter()
            .filter(|(_, place)| !can[**place as usize]);
        stuck.map(|(fingerprint, _)| *fingerprint).collect()
    }
}

impl Recorded {
    fn graph(&self) -> std::sync::MutexGuard<'_, Graph> {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Model for Recorded {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        self.protocol.init_states()
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if self.protocol.is_quiet(&state.world) {
            let mut graph = self.graph();
            let place = graph.place(state.fingerprint());
            graph.quiet.push(place);
        }
        self.protocol.actions(state, steps);
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let next = self.protocol.next_state(last, step)?;
        let mut graph = self.graph();
        graph.transitions += 1;
        let (from, to) = (
            graph.place(last.fingerprint()),
            graph.place(next.fingerprint()),
        );
        if !matches!(step, Step::Fault(_)) {
            graph.edges.push((to, from));
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(
            "all invariants",
            |recorded: &Self, state: &State| {
                recorded
                    .invariants
                    .iter()
                    .all(|invariant| (invariant.condition)(&recorded.protocol, state))
            },
        )]
    }
}

/// Explores every state within the bounds, or until an invariant is found broken.
pub fn explore(protocol: Protocol) -> Explored {
    let began = Instant::now();
    let invariants = protocol.properties();
    let recorded = Recorded {
        protocol,
        invariants,
        graph: Mutex::new(Graph::default()),
    };
    let checker = recorded
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .target_state_count(MOST_TRANSITIONS)
        .spawn_bfs()
        .join();
    let recorded = checker.model();
    let path = checker.discovery("all invariants");
    let mut violation = path.map(|path| {
        let state = path.last_state().clone();
        let broken = recorded
            .invariants
            .iter()
            .find(|invariant| !(invariant.condition)(&recorded.protocol, &state));
        Violation {
            invariant: broken.expect("one of them").name,
            steps: path.into_actions(),
            state,
        }
    });
    let graph = recorded.graph();
    assert!(
        graph.transitions < MOST_TRANSITIONS,
        "too many for this machine's memory: choose smaller bounds"
    );
    if violation.is_none() {
        let stuck = graph.stuck();
        if !stuck.is_empty() {
            violation = Some(nearest(&recorded.protocol, &stuck));
        }
    }
    Explored {
        states: graph.places.len(),
        transitions: graph.transitions,
        quiet: graph.quiet.len(),
        took: began.elapsed(),
        violation,
    }
}

/// The shortest way into one of these states.
fn nearest(protocol: &Protocol, stuck: &[u64]) -> Violation {
    let stuck: std::collections::HashSet<u64> = stuck.iter().copied().collect();
    let mut came: Vec<(State, Option<(usize, Step)>)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for state in protocol.init_states() {
        seen.insert(state.fingerprint());
        came.push((state, None));
    }
    let mut next = 0;
    loop {
        let (state, _) = came[next].clone();
        if stuck.contains(&state.fingerprint()) {
            let mut steps = Vec::new();
            let mut place = next;
            while let (_, Some((before, step))) = &came[place] {
                steps.push(*step);
                place = *before;
            }
            steps.reverse();
            return Violation {
                invariant: CAN_FINISH,
                steps,
                state,
            };
        }
        for (step, following) in protocol.next_steps(&state) {
            if seen.insert(following.fingerprint()) {
                came.push((following, Some((next, step))));
            }
        }
        next += 1;
    }
}
