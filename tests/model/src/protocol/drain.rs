//! Messages, from receive to start: the core's machines, call by call.

use spillway::pace::permit::Stage;
use spillway::protocol::batching::Batching;
use spillway::protocol::call::Call;
use spillway::protocol::candidate::Candidate;
use spillway::protocol::claiming::Claiming;
use spillway::protocol::starting::HoldsPermit;
use spillway::protocol::{CallId, Machine};
use spillway::record::row::RowKey;
use spillway::rules::batch;

use super::Protocol;
use super::calls::Caller;
use super::step::Wrong;
use super::tick::stage;
use crate::world::{Message, Task, Work, World};

fn task(world: &mut World, tick: u8, task: u8) -> &mut Task {
    &mut world.ticks[usize::from(tick)].tasks[usize::from(task)]
}

impl Protocol {
    pub(super) fn receive(&self, world: &mut World, tick: u8, place: u8, message: Message) {
        world.queue.take(message);
        let candidate = self.cast.candidate(message);
        if !self.bounds.batches {
            let claiming = self.claiming(world, tick, candidate);
            let task = task(world, tick, place);
            task.held.push(message);
            task.work = Work::One(Box::new(claiming));
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

    fn claiming(&self, world: &World, tick: u8, candidate: Candidate) -> Claiming {
        let terms = self.terms(world, &world.ticks[usize::from(tick)]);
        Claiming::new(candidate, &terms)
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
            Work::One(claiming) => claiming.call(id, &terms),
            Work::Several(batching) => batching.call(id, &terms),
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
        let before = stage(task);
        let done = match &mut task.work {
            Work::One(claiming) => {
                claiming.answered(id, answer, &terms, &mut facts);
                claiming.outstanding().next().is_none()
            }
            Work::Several(batching) => {
                batching.answered(id, answer, &terms, &mut facts);
                batching.outstanding().next().is_none()
            }
            Work::Idle | Work::Fill(_) => false,
        };
        let kept = match &task.work {
            Work::One(claiming) => claiming.kept(),
            Work::Several(batching) => batching.kept(),
            Work::Idle | Work::Fill(_) => None,
        };
        let kept = kept.filter(|_| done);
        let after = stage(task);
        // As a permit does: a slot that could have been put counts as put.
        let was_asked = before == Some(Stage::SlotAsked);
        let put = match after {
            Some(Stage::SlotAsked) => was_asked && done,
            Some(Stage::Granted) => false,
            _ => was_asked,
        };
        if done {
            assert!(task.held.is_empty(), "a message is left: {:?}", task.held);
            *task = Task::default();
        }
        let tick = &mut world.ticks[usize::from(tick)];
        tick.kept.extend(kept);
        tick.put += u8::from(put);
        if let Some(machine) = &mut tick.tick {
            facts.iter().for_each(|fact| machine.told(fact, 0));
        }
    }
}
