//! The circuit of an adaptive pace in every state that it can come to within small bounds. Ticks
//! die between any two calls, writes fail, and ends come late. Its decisions, and those of the
//! gate, are the core's own.
//!
//! A model of its own, since its time is not that of the protocol: probes go by the clock. It
//! begins with an outage that no tick has seen yet.

use std::hash::{Hash, Hasher};

use spillway::Millis;
use spillway::pace::Pace;
use spillway::pace::adapt::circuit::{Allowed, Circuit, State};
use spillway::pace::adapt::errors::Errors;
use spillway::pace::adapt::health::Health;
use spillway::pace::adapt::{Adapt, circuit::Change};
use spillway::pace::gate::{Gate, Grant};
use spillway::pace::layout::{Layout, Shard};
use spillway::pace::tokens::Tokens;
use stateright::{Checker, HasDiscoveries, Model, Property};

/// From one moment to the next: the least time between two probes.
const STEP: Millis = 5_000;
const PLENTY: u32 = 400;
/// Failures that no tick has seen yet: as many as make an outage.
const UNSEEN: u64 = 10;

/// How far it goes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Moments.
    pub moments: u8,
    /// Ticks that die, calls that fail, ends that are not counted or counted twice.
    pub faults: u8,
    /// Executions that run or have not been counted, at most.
    pub executions: usize,
}

/// A step that is made wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// While the circuit is open, every start that has room is made.
    ProbesUnbounded,
    /// A start from before a change counts after it.
    GenerationsTogether,
    /// The counts that a tick used are forgotten although the lease does not have its result.
    ForgetsUnwritten,
    /// A tick starts before it has looked.
    StartsUnseen,
}

/// The circuit, the lease that carries it, and the world around them.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
    pub bounds: Bounds,
    pub broken: Option<Broken>,
}

/// A tick at work.
#[derive(Debug, Clone, PartialEq)]
struct Tick {
    circuit: Circuit,
    /// It has looked at how executions ended since it began.
    has_looked: bool,
    /// The gate has granted a probe since the circuit's allowance changed last.
    has_asked: bool,
    /// A permit that is held.
    holds: bool,
    /// A change that is to be written into the lease. Then the counts that are over are to be
    /// forgotten.
    at: Writing,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Writing {
    Nothing,
    Write,
    Forget,
}

/// The state of all parts.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    moment: u8,
    faults: u8,
    lease: Option<Circuit>,
    tick: Option<Tick>,
    /// Those that run, by the generation in their slots.
    running: Vec<u32>,
    /// Those that have ended and are not counted yet: generation, and whether they succeeded.
    ended: Vec<(u32, bool)>,
    health: Vec<Health>,
    /// Starts since the outage was there to be seen that were no probe.
    others: u8,
    probes: u8,
    /// An execution that was started as a probe has succeeded.
    has_succeeded: bool,
}

// The circuit has rates, which have no hash.
impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        format!("{self:?}").hash(hasher);
    }
}

impl World {
    fn now(&self) -> Millis {
        Millis::from(self.moment) * STEP
    }

    fn sort(&mut self) {
        self.running.sort_unstable();
        self.ended.sort_unstable();
        self.health.sort_unstable_by_key(|it| it.generation);
    }
}

/// The steps that can come next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Time passes.
    Pass,
    /// A tick takes the lease, with the circuit that it carries.
    Begin,
    Look,
    Write,
    Forget,
    Grant,
    /// The start of a granted probe: it runs. Or nobody knows whether it does.
    Start {
        runs: bool,
        told: bool,
    },
    /// A granted permit starts nothing, and gives its turn back.
    GiveBack,
    Release,
    /// An execution ends.
    End {
        generation: u32,
        well: bool,
    },
    /// An end is counted so often.
    Count {
        generation: u32,
        well: bool,
        times: u8,
    },
    /// The call fails.
    WriteFails,
    /// The tick dies; the start that it was about to make runs all the same, or not.
    Die {
        runs: bool,
    },
}

impl Step {
    fn is_fault(self) -> bool {
        match self {
            Self::WriteFails | Self::Die { .. } => true,
            Self::Count { times, .. } => times != 1,
            Self::Start { told, .. } => !told,
            _ => false,
        }
    }
}

fn adapt() -> Adapt {
    Adapt {
        errors: Errors::new(vec!["*Throttl*".into()]).expect("one error"),
        tolerated_share: 0.05,
        slowest: 0.1,
        uncounted_max: 20,
    }
}

const PACE: Pace = Pace {
    max_concurrency: PLENTY,
    starts_per_second: 25.0,
    burst: PLENTY,
    starts_per_tick: None,
    layout: Layout::One,
};

impl Outage {
    fn is_broken(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }

    fn allowed(&self, circuit: &Circuit) -> Allowed {
        match circuit.allowed(None) {
            Allowed::Probe(_) if self.is_broken(Broken::ProbesUnbounded) => Allowed::Everything,
            allowed => allowed,
        }
    }

    /// The tick's gate, as far as the circuit goes: nothing else bounds it.
    fn gate(&self, tick: &Tick, now: Millis) -> Gate {
        let mut gate = Gate::new(
            &PACE,
            Tokens::new(PACE.starts_per_second, PLENTY, None, now),
            None,
        );
        gate.capacity.count_ends(Shard::default(), 0);
        gate.set_allowed(self.allowed(&tick.circuit));
        if tick.has_asked {
            gate.request(None, 1, now);
        }
        gate
    }

    fn steps_of_tick(&self, world: &World, tick: &Tick, steps: &mut Vec<Step>) {
        match tick.at {
            Writing::Write => steps.extend([Step::Write, Step::WriteFails]),
            Writing::Forget => steps.push(Step::Forget),
            Writing::Nothing => steps.push(Step::Look),
        }
        let knows = tick.has_looked || self.is_broken(Broken::StartsUnseen);
        let runs = world.running.len() + world.ended.len();
        if tick.holds {
            steps.extend(
                [(true, true), (true, false), (false, false)]
                    .map(|(runs, told)| Step::Start { runs, told }),
            );
            steps.push(Step::GiveBack);
        } else if knows && runs < self.bounds.executions {
            steps.push(Step::Grant);
        }
        if !tick.holds && tick.at == Writing::Nothing && tick.has_looked {
            steps.push(Step::Release);
        }
        steps.push(Step::Die { runs: false });
        if tick.holds {
            steps.push(Step::Die { runs: true });
        }
    }

    fn look(&self, world: &mut World) -> Option<Change> {
        let now = world.now();
        let tick = world.tick.as_mut()?;
        tick.has_looked = true;
        let generation = tick.circuit.generation;
        let of_now = world.health.iter().find(|it| it.generation == generation);
        let mut seen = of_now.copied().unwrap_or_default();
        if self.is_broken(Broken::GenerationsTogether) {
            seen.generation = generation;
            seen.succeeded = world.health.iter().map(|it| it.succeeded).sum();
        }
        let before = self.allowed(&tick.circuit);
        let change = tick
            .circuit
            .look(&adapt(), PACE.starts_per_second, seen, now)?;
        if self.allowed(&tick.circuit) != before {
            tick.has_asked = false;
        }
        tick.at = Writing::Write;
        Some(change)
    }

    fn start(&self, world: &mut World, runs: bool, counts: bool) {
        let now = world.now();
        let Some(tick) = &mut world.tick else {
            return;
        };
        tick.holds = false;
        if runs {
            world.running.push(tick.circuit.generation);
        }
        if !counts {
            return;
        }
        let before = self.allowed(&tick.circuit);
        tick.circuit.started(1, now);
        if self.allowed(&tick.circuit) != before {
            tick.has_asked = false;
        }
    }

    fn forget(world: &mut World) {
        if let Some(tick) = &mut world.tick {
            tick.at = Writing::Nothing;
            let now = tick.circuit.generation;
            world.health.retain(|it| it.generation == now);
        }
    }
}

impl Model for Outage {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            moment: 0,
            faults: self.bounds.faults,
            lease: None,
            tick: None,
            // One that was started before the target failed: it can still succeed.
            running: vec![0],
            ended: vec![],
            health: vec![Health {
                generation: 0,
                succeeded: 0,
                failed: UNSEEN,
            }],
            others: 0,
            probes: 0,
            has_succeeded: false,
        }]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        if world.has_succeeded {
            // Later states are no outage any more.
            return;
        }
        match &world.tick {
            None => steps.push(Step::Begin),
            Some(tick) => self.steps_of_tick(world, tick, steps),
        }
        if world.moment < self.bounds.moments {
            steps.push(Step::Pass);
        }
        for &generation in &world.running {
            steps.extend([true, false].map(|well| Step::End { generation, well }));
        }
        for &(generation, well) in &world.ended {
            // Before the lease says that it is open, an older one that succeeds is news.
            if well && generation == 0 && world.lease.is_none() {
                continue;
            }
            steps.extend([0, 1, 2].map(|times| Step::Count {
                generation,
                well,
                times,
            }));
        }
        if world.faults == 0 {
            steps.retain(|step| !step.is_fault());
        }
        steps.dedup();
    }

    fn next_state(&self, last: &World, step: Step) -> Option<World> {
        let mut world = last.clone();
        world.faults -= u8::from(step.is_fault());
        let now = world.now();
        match step {
            Step::Pass => world.moment += 1,
            Step::Begin => {
                let circuit = world.lease.unwrap_or_else(|| Circuit::new(now));
                world.tick = Some(Tick {
                    circuit,
                    has_looked: false,
                    has_asked: false,
                    holds: false,
                    at: Writing::Nothing,
                });
            }
            Step::Look => {
                let before = world.clone();
                if self.look(&mut world).is_none() && world == before {
                    return None;
                }
            }
            Step::Write => {
                let tick = world.tick.as_mut()?;
                world.lease = Some(tick.circuit);
                tick.at = Writing::Forget;
            }
            Step::WriteFails => {
                let forgets = self.is_broken(Broken::ForgetsUnwritten);
                world.tick.as_mut()?.at = match forgets {
                    true => Writing::Forget,
                    false => Writing::Nothing,
                };
            }
            Step::Forget => Self::forget(&mut world),
            Step::Grant => {
                let tick = world.tick.as_mut()?;
                let allowed = self.allowed(&tick.circuit);
                if self.gate(tick, now).request(None, 1, now) != Grant::Take(1) {
                    return None;
                }
                tick.holds = true;
                tick.has_asked = matches!(allowed, Allowed::Probe(_));
                match allowed {
                    Allowed::Probe(_) => world.probes += 1,
                    _ => world.others += 1,
                }
            }
            Step::Start { runs, told } => self.start(&mut world, runs, runs || !told),
            Step::GiveBack => {
                let tick = world.tick.as_mut()?;
                (tick.holds, tick.has_asked) = (false, false);
                world.probes = world.probes.saturating_sub(1);
            }
            Step::Release => world.lease = world.tick.take().map(|tick| tick.circuit),
            Step::End { generation, well } => {
                let place = world.running.iter().position(|it| *it == generation)?;
                world.running.remove(place);
                world.ended.push((generation, well));
            }
            Step::Count {
                generation,
                well,
                times,
            } => {
                let end = (generation, well);
                let place = world.ended.iter().position(|it| *it == end)?;
                world.ended.remove(place);
                count(&mut world.health, end, times);
                world.has_succeeded |= well && generation > 0 && times > 0;
            }
            Step::Die { runs } => {
                if runs {
                    self.start(&mut world, true, false);
                }
                world.tick = None;
            }
        }
        world.sort();
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NO_OTHERS, |_, world: &World| world.others == 0),
            Property::always(BOUNDED, |outage: &Self, world: &World| {
                let faults = outage.bounds.faults - world.faults;
                world.probes <= world.moment + faults
            }),
            Property::always(STAYS, |_, world: &World| {
                let tick = world.tick.iter().filter(|tick| tick.has_looked);
                let circuits = tick.map(|tick| &tick.circuit).chain(&world.lease);
                let mut states = circuits.map(|circuit| circuit.state);
                world.has_succeeded || states.all(|it| matches!(it, State::Open { .. }))
            }),
        ]
    }
}

fn count(health: &mut Vec<Health>, (generation, well): (u32, bool), times: u8) {
    if times == 0 {
        return;
    }
    let place = health.iter().position(|it| it.generation == generation);
    let place = place.unwrap_or_else(|| {
        health.push(Health {
            generation,
            ..Health::default()
        });
        health.len() - 1
    });
    match well {
        true => health[place].succeeded += u64::from(times),
        false => health[place].failed += u64::from(times),
    }
}

/// Once an outage is there to be seen, nothing starts but probes, even if a tick dies.
pub const NO_OTHERS: &str = "nothing but probes starts";
/// One probe for each turn, and for each tick that dies one more.
pub const BOUNDED: &str = "probes are bounded";
/// Every tick that has looked, and the lease, say that it is open, until a probe has succeeded.
pub const STAYS: &str = "an open circuit stays open until a probe succeeds";

/// Explores every state. Returns how many there are, and a broken property with the steps to it.
pub fn explore(outage: Outage) -> (usize, Option<(&'static str, Vec<Step>)>) {
    let checker = outage
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let broken = checker.discoveries().into_iter().next();
    let broken = broken.map(|(name, path)| (name, path.into_actions()));
    (checker.unique_state_count(), broken)
}
