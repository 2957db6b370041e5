//! Slots that earlier ticks left, and starts that are kept, one by one: the core's machines, call
//! by call.

use spillway::protocol::call::{Answer, Call, Item};
use spillway::protocol::fact::Fact;
use spillway::protocol::kept::Kept;
use spillway::protocol::starting::{HoldsPermit, Starting};
use spillway::protocol::tick::{Phase, Tick};
use spillway::protocol::{Machine, ONLY};
use spillway::record::row::{Row, State};
use spillway::rules::sweep::FOUND_WITHIN;

use super::Protocol;
use super::calls::Caller;
use super::step::Wrong;
use crate::breakage::Breakage;
use crate::world::{TickOf, World};

impl Protocol {
    /// Returns the next call of restart and sweep. `None`: the slots are counted next.
    pub(super) fn call_of_look_after(&self, world: &World, number: u8) -> Option<Call> {
        let tick = &world.ticks[usize::from(number)];
        let terms = self.terms_of_call(world, tick);
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

    /// Makes a start that is kept.
    pub(super) fn start_again(&self, world: &mut World, number: u8) {
        let first = self.again(&world.ticks[usize::from(number)]);
        let tick = &mut world.ticks[usize::from(number)];
        let kept = first.map(|first| tick.kept.remove(first));
        tick.starting = kept.map(|kept| Starting::again(kept, None));
    }

    /// Goes on to the next machine that has a call, or to the next phase.
    pub(super) fn go_on(&self, world: &mut World, number: u8) {
        loop {
            let has_call = self.call_of_look_after(world, number).is_some();
            let tick = &mut world.ticks[usize::from(number)];
            let Some(phase) = tick.tick.as_ref().map(Tick::phase) else {
                return;
            };
            if has_call {
                return;
            }
            if let Some(started) = tick.starting.take() {
                tick.kept.extend(started.kept());
                continue;
            }
            if !tick.openings.is_empty() {
                let opened = tick.openings.remove(0);
                tick.kept.extend(opened.kept());
                continue;
            }
            // A tick that stops sweeps all the same.
            if phase == Phase::Open {
                if let Some(tick) = &mut tick.tick {
                    tick.go_on();
                }
                continue;
            }
            if !tick.sweeps.is_empty() {
                let swept = tick.sweeps.remove(0);
                let kept = swept.kept();
                tick.old &= !tick.sweeps.is_empty();
                self.found_by_sweep(world, number, kept);
                continue;
            }
            if phase == Phase::Sweep
                && let Some(tick) = &mut tick.tick
            {
                tick.go_on();
            }
            return;
        }
    }

    fn found_by_sweep(&self, world: &mut World, number: u8, kept: Option<Kept>) {
        let Some(kept) = kept else {
            return;
        };
        if self.is_broken_by(Breakage::SweepReportsNeverStarted) {
            let execution = self.cast.execution_named(&kept.slot.execution);
            world.outcomes[usize::from(execution)] += 1;
            return;
        }
        world.ticks[usize::from(number)].kept.push(kept);
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
    pub(super) fn tell(&mut self, facts: &[Fact]) {
        if let Some(tick) = &mut self.tick {
            facts.iter().for_each(|fact| tick.told(fact, 0));
        }
    }
}
