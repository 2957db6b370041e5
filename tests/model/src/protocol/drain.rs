//! Messages, from receive to start: the core's machines, call by call.

use spillway::pace::permit::Stage;
use spillway::protocol::batching::Batching;
use spillway::protocol::call::Call;
use spillway::protocol::fact::Fact;
use spillway::protocol::starting::HoldsPermit;
use spillway::protocol::{CallId, Machine};
use spillway::record::row::RowKey;
use spillway::rules::batch;
use spillway::rules::sweep::FOUND_WITHIN;

use super::Protocol;
use super::calls::Caller;
use super::step::Wrong;
use crate::world::{Message, OfTurn, Task, Work, World};

fn task(world: &mut World, tick: u8, task: u8) -> &mut Task {
    &mut world.ticks[usize::from(tick)].tasks[usize::from(task)]
}

impl Protocol {
    pub(super) fn receive(&self, world: &mut World, tick: u8, place: u8, message: Message) {
        world.queue.take(message);
        let candidate = self.cast.candidate(message);
        if !self.bounds.batches {
            let work = self.admitted(world, tick, candidate);
            let task = task(world, tick, place);
            task.held.push(message);
            task.work = work;
            return;
        }
        let task = task(world, tick, place);
        task.held.push(message);
        match &mut task.work {
            Work::Fill(received) => received.push(candidate),
            work => *work = Work::Fill(vec![candidate]),
        }
        self.fill(world, tick, place, true);
    }

    /// Takes the next execution's messages out of those held; the others are handed back.
    pub(super) fn fill(&self, world: &mut World, tick: u8, place: u8, coming: bool) {
        let task = task(world, tick, place);
        let Work::Fill(mut received) = std::mem::take(&mut task.work) else {
            return;
        };
        let Some(mut load) = batch::next(&mut received, 2, coming) else {
            task.work = Work::Fill(received);
            return;
        };
        let work = if load.len() == 1 {
            Work::One(Box::new(self.claiming(world, tick, load.remove(0))))
        } else {
            Work::Several(Box::new(Batching::new(load)))
        };
        let task = self::task(world, tick, place);
        task.work = work;
        // At most two are held, so one at most is left over.
        if let Some(rest) = received.pop() {
            let message = Message {
                event: self.cast.event_of_row(&RowKey::of(&rest.event)),
                attempt: rest.attempt as u8,
            };
            let index = task.held.iter().position(|held| *held == message);
            task.held.remove(index.expect("it is held"));
            world.queue.put(message);
        }
    }

    /// Returns a call of a task that is outstanding.
    pub(super) fn call_of_task(&self, world: &World, tick: u8, place: u8, id: CallId) -> Call {
        let of_tick = &world.ticks[usize::from(tick)];
        let terms = self.terms_of_call(world, of_tick);
        let call = match &of_tick.tasks[usize::from(place)].work {
            Work::One(claiming) | Work::Turn(_, OfTurn::Claim(claiming)) => {
                claiming.call(id, &terms)
            }
            Work::Several(batching) => batching.call(id, &terms),
            Work::Defer(deferring, _) => deferring.call(id, &terms),
            Work::Turn(turn, OfTurn::Read | OfTurn::Remove) => turn.call(id, &terms),
            Work::Idle | Work::Fill(_) => None,
        };
        call.expect("what is outstanding is a call")
    }

    /// Makes a task's call, and tells it the answer.
    pub(super) fn work(
        &self,
        world: &mut World,
        tick: u8,
        place: u8,
        id: CallId,
        wrong: Option<Wrong>,
    ) {
        let call = self.call_of_task(world, tick, place, id);
        let answer = self.make(world, Caller::Task(tick, place), call, wrong);
        let terms = self.terms(world, &world.ticks[usize::from(tick)]);
        let (mut facts, task) = (Vec::new(), task(world, tick, place));
        let before = task.work.stage();
        match &mut task.work {
            Work::One(claiming) | Work::Turn(_, OfTurn::Claim(claiming)) => {
                claiming.answered(id, answer, &terms, &mut facts);
            }
            Work::Several(batching) => batching.answered(id, answer, &terms, &mut facts),
            Work::Defer(deferring, _) => {
                deferring.answered(id, answer, &terms, &mut facts);
                facts.iter_mut().for_each(of_the_clock);
            }
            Work::Turn(turn, OfTurn::Read | OfTurn::Remove) => {
                turn.answered(id, answer, &terms, &mut facts);
            }
            Work::Idle | Work::Fill(_) => {}
        }
        let done = task.work.outstanding().is_empty();
        let kept = match &task.work {
            Work::One(claiming) | Work::Turn(_, OfTurn::Claim(claiming)) => claiming.kept(),
            Work::Several(batching) => batching.kept(),
            _ => None,
        };
        let kept = kept.filter(|_| done);
        let after = task.work.stage();
        // As a permit does: a slot that could have been put counts as put.
        let was_asked = before == Some(Stage::SlotAsked);
        let put = match after {
            Some(Stage::SlotAsked) => was_asked && done,
            Some(Stage::Granted) => false,
            _ => was_asked,
        };
        let tenant = self.tenant_of_work(&task.work);
        let of_tick = &mut world.ticks[usize::from(tick)];
        of_tick.kept.extend(kept);
        of_tick.put[tenant] += u8::from(put);
        if let Some(machine) = &mut of_tick.tick {
            facts.iter().for_each(|fact| machine.told(fact, 0));
        }
        if done {
            self.next_of_tenant(world, tick, place);
            let task = self::task(world, tick, place);
            if task.work.outstanding().is_empty() {
                assert!(task.held.is_empty(), "a message is left: {:?}", task.held);
                *task = Task::default();
            }
        }
    }
}

/// A fact of a deferral has the time. Of slots only the age counts, and the clock is set forward
/// for it.
fn of_the_clock(fact: &mut Fact) {
    if let Fact::Suspect(since) = fact
        && *since >= FOUND_WITHIN
    {
        *since -= FOUND_WITHIN;
    }
}
