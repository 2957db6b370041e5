//! Restart and sweep, slot by slot: the core's machines, call by call.

use spillway::execution::input::Load;
use spillway::pace::gate::Grant;
use spillway::protocol::call::{Answer, Call, Item};
use spillway::protocol::fact::Fact;
use spillway::protocol::starting::Starting;
use spillway::protocol::tick::{Phase, Tick};
use spillway::protocol::{Machine, ONLY};
use spillway::record::row::{Row, State};
use spillway::record::slot::Slot;
use spillway::rules::sweep::FOUND_WITHIN;

use super::Protocol;
use super::calls::Caller;
use super::step::Wrong;
use crate::breakage::Breakage;
use crate::world::{TickOf, World};

impl Protocol {
    /// The next call of restart and sweep. `None`: the slots are counted next.
    pub(super) fn call_of_look_after(&self, world: &World, number: u8) -> Option<Call> {
        let tick = &world.ticks[usize::from(number)];
        let terms = self.terms(world, tick);
        if let Some(starting) = &tick.starting {
            return starting.call(ONLY, &terms);
        }
        if let Some(opening) = tick.openings.first() {
            return opening.call(ONLY, &terms);
        }
        tick.sweeps.first()?.call(ONLY, &terms)
    }

    /// Makes the next call of restart and sweep, and tells the machine the answer.
    pub(super) fn look_after(&self, world: &mut World, number: u8, wrong: Option<Wrong>) {
        let phase = world.ticks[usize::from(number)]
            .tick
            .as_ref()
            .map(Tick::phase);
        if phase == Some(Phase::Count) {
            self.count(world, number);
            return self.go_on(world, number);
        }
        let Some(call) = self.call_of_look_after(world, number) else {
            return self.go_on(world, number);
        };
        let answer = self.make(world, Caller::LookAfter, call, wrong);
        let mut terms = self.terms(world, &world.ticks[usize::from(number)]);
        if self.is_broken_by(Breakage::ListNotFixedByRestart) && is_cut_short(&answer) {
            terms.now += FOUND_WITHIN;
        }
        let (mut facts, tick) = (Vec::new(), &mut world.ticks[usize::from(number)]);
        if let Some(starting) = &mut tick.starting {
            starting.answered(ONLY, answer, &terms, &mut facts);
        } else if let Some(opening) = tick.openings.first_mut() {
            opening.answered(ONLY, answer, &terms, &mut facts);
        } else if let Some(sweep) = tick.sweeps.first_mut() {
            sweep.answered(ONLY, answer, &terms, &mut facts);
        }
        tick.tell(&facts);
        self.go_on(world, number);
    }

    /// Goes on to the next machine that has a call, or to the next phase.
    fn go_on(&self, world: &mut World, number: u8) {
        loop {
            let has_call = self.call_of_look_after(world, number).is_some();
            let tick = &mut world.ticks[usize::from(number)];
            let Some(phase) = tick.tick.as_ref().map(Tick::phase) else {
                return;
            };
            if has_call || !matches!(phase, Phase::Restart | Phase::Sweep) {
                return;
            }
            if tick.starting.take().is_some() {
                continue;
            }
            if !tick.openings.is_empty() {
                let opened = tick.openings.remove(0);
                let start = opened.start();
                tick.unstarted
                    .extend(start.map(|(slot, load)| (slot.clone(), load.clone())));
                continue;
            }
            if !tick.unstarted.is_empty() {
                // Starts are made when it is known of every slot what it is for.
                let unstarted = tick.unstarted.len() as u32;
                let (slot, load) = tick.unstarted.remove(0);
                self.permit(world, number, unstarted, slot, load);
                continue;
            }
            if phase == Phase::Restart {
                if let Some(tick) = &mut tick.tick {
                    tick.go_on();
                }
                // A tick that stops sweeps all the same.
                continue;
            }
            if !tick.sweeps.is_empty() {
                let swept = tick.sweeps.remove(0);
                let start = swept
                    .start()
                    .map(|(slot, load)| (slot.clone(), load.clone()));
                if let Some((slot, load)) = start {
                    self.start_swept(world, number, slot, load);
                }
                continue;
            }
            if let Some(tick) = &mut tick.tick {
                tick.go_on();
            }
            tick.old = false;
        }
    }

    fn start_swept(&self, world: &mut World, number: u8, slot: Slot, load: Load) {
        if self.is_broken_by(Breakage::SweepReportsNeverStarted) {
            let execution = self.cast.execution_named(&slot.execution);
            world.outcomes[usize::from(execution)] += 1;
            return;
        }
        self.permit(world, number, 1, slot, load);
    }

    /// Starts with a permit. Without one the slot is suspect.
    fn permit(&self, world: &mut World, number: u8, unstarted: u32, slot: Slot, load: Load) {
        let tick = &mut world.ticks[usize::from(number)];
        let mut gate = self.gate(tick);
        gate.found_unstarted(unstarted);
        let stopping = tick.tick.as_ref().is_some_and(Tick::is_stopping);
        if !stopping && gate.request_restart(slot.taken_at, 0) == Grant::Take(1) {
            tick.starting = Some(Starting::new(slot, load));
        } else {
            tick.tell(&[Fact::Suspect(slot.taken_at)]);
        }
    }
}

/// Whether these are rows of a batch of which only some are claimed.
fn is_cut_short(answer: &Answer) -> bool {
    let Answer::Rows(rows) = answer else {
        return false;
    };
    let started = |row: &&Item<Row>| match row {
        Ok(Some(row)) => row.state == State::Started,
        _ => false,
    };
    let started = rows.iter().filter(started).count();
    (1..rows.len()).contains(&started)
}

impl TickOf {
    fn tell(&mut self, facts: &[Fact]) {
        if let Some(tick) = &mut self.tick {
            facts.iter().for_each(|fact| tick.told(fact));
        }
    }
}
