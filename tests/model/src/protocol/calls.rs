//! AWS, as far as the protocol goes: the effect of a call on the world, and its answer.

use spillway::execution::answer::{Described, Start};
use spillway::execution::outcome::{self, Outcome, Report, Status};
use spillway::message::outgoing::Outgoing;
use spillway::pace::layout::Layout;
use spillway::protocol::call::{Answer, Call, Claim, Queue, Read, Written};
use spillway::record::batch::Batch;
use spillway::record::head::Head;
use spillway::record::layouts::Said;
use spillway::record::row::{RowKey, Seen, State as RowState};
use spillway::record::slot::Slot;
use spillway::record::waiter::{Waiter, Which};
use spillway::rules::order::Order;

use super::Protocol;
use super::step::Wrong;
use crate::breakage::Breakage;
use crate::world::{
    Broken, Event, Execution, Fate, List, Message, RowOf, SlotOf, World, candidates, is_batch,
};

/// The caller of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Task(u8, u8),
    LookAfter,
    Settle(u8),
}

impl Protocol {
    /// Makes a call, perhaps one that goes wrong.
    pub(super) fn make(
        &self,
        world: &mut World,
        caller: Caller,
        call: Call,
        wrong: Option<Wrong>,
    ) -> Answer {
        let unclear = |start: bool| match start {
            true => Answer::Start(Start::Unclear(String::new())),
            false => Answer::Unclear,
        };
        let start = matches!(call, Call::Start { .. });
        match wrong {
            None => self.effect(world, caller, call),
            Some(Wrong::Lost) => unclear(start),
            Some(Wrong::Unclear) => {
                self.effect(world, caller, call);
                unclear(start)
            }
            Some(Wrong::Throttled) => Answer::Start(Start::Throttled(String::new())),
            Some(Wrong::OldAnswer) => Answer::Described(Described::NotFound),
        }
    }

    /// Returns the ways in which a call can go wrong. A deletion and a hiding that fail only leave
    /// a message to come again, which counts as repeated.
    pub(super) fn wrongs(&self, world: &World, call: &Call) -> Vec<Wrong> {
        match call {
            Call::Delete { .. } | Call::Hide { .. } => Vec::new(),
            Call::Start { .. } => vec![Wrong::Lost, Wrong::Unclear, Wrong::Throttled],
            Call::Describe { execution, .. } => {
                let running = world.fate(self.cast.execution_named(execution)) == Fate::Running;
                let old = running.then_some(Wrong::OldAnswer);
                [Wrong::Lost].into_iter().chain(old).collect()
            }
            Call::Read { .. }
            | Call::ReadRows(_)
            | Call::ReadObject(_)
            | Call::ReadHead(_)
            | Call::ReadWaiters { .. }
            | Call::ReadSlot(_)
            | Call::ReadBatch(_)
            | Call::ReadDeferred { .. } => vec![Wrong::Lost],
            _ => vec![Wrong::Lost, Wrong::Unclear],
        }
    }

    fn effect(&self, world: &mut World, caller: Caller, call: Call) -> Answer {
        self.come_late(world, caller, &call);
        match call {
            Call::Read { row, head, .. } => {
                let head = if head {
                    self.read_head(world, caller)
                } else {
                    Head::default()
                };
                let event = self.cast.event_of_row(&row);
                Answer::Read(Box::new(Read {
                    row: Ok(self.cast.row(event, world.row(event))),
                    head: Ok(Some(head)),
                    also: Vec::new(),
                }))
            }
            Call::ReadRows(keys) => {
                let row = |key: &RowKey| {
                    let event = self.cast.event_of_row(key);
                    Ok(self.cast.row(event, world.row(event)))
                };
                Answer::Rows(keys.iter().map(row).collect())
            }
            Call::ReadHead(_) => {
                if self.is_broken_by(Breakage::SlotBeforeTurn)
                    && let Caller::Settle(settle) = caller
                    && let Some(settle) = &world.settles[usize::from(settle)]
                {
                    let execution = settle.execution;
                    world.slots.retain(|slot| slot.execution != execution);
                }
                Answer::Head(self.read_head(world, caller))
            }
            Call::ReadSlot(execution) => {
                let execution = self.cast.execution_named(&execution);
                let by_one = self.is_broken_by(Breakage::SettleLooksByOneLayout);
                let mut slots = world.slots.iter();
                let slot = slots.find(|slot| {
                    slot.execution == execution && (!by_one || slot.layout == world.layout)
                });
                let slot = slot.copied();
                if self.is_broken_by(Breakage::SlotBeforeRow) && matches!(caller, Caller::Settle(_))
                {
                    world.slots.retain(|slot| slot.execution != execution);
                }
                Answer::Slot(slot.map(|slot| self.cast.slot(slot, self.bounds.order)))
            }
            Call::ReadBatch(execution) => {
                let execution = self.cast.execution_named(&execution);
                Answer::Batch(
                    world
                        .list(execution)
                        .map(|list| self.batch(execution, list)),
                )
            }
            Call::Claim(claim) => self.claim(world, &claim),
            Call::TakeTurn { claim, head } => self.take_turn(world, caller, &claim, &head),
            Call::Wait { claim, .. } => self.wait(world, &claim),
            Call::ReadWaiters { which, .. } => self.read_waiters(world, caller, which),
            Call::PutWaiter {
                version, attempt, ..
            } => {
                let event = usize::from(self.cast.event_of(&version));
                world.waiters[event] = world.waiters[event].max(Some(attempt as u8));
                Answer::Done
            }
            Call::ForgetWaiter {
                version, attempt, ..
            } => {
                let waiter = &mut world.waiters[usize::from(self.cast.event_of(&version))];
                if *waiter == Some(attempt as u8) {
                    *waiter = None;
                }
                Answer::Done
            }
            Call::Supersede(claim) => self.supersede(world, &claim),
            Call::SupersedeWaiting(row) => {
                // One that no longer waits stays as it is.
                let row = world.row_mut(self.cast.event_of_row(&row));
                if row.state == Some(RowState::Waiting) {
                    row.state = Some(RowState::Superseded);
                }
                Answer::Done
            }
            Call::Finish {
                row,
                state,
                outcome,
                ..
            } => self.finish(world, &row, state, &outcome),
            Call::WriteHead { head, .. } => {
                let fresh = self.fresh(world, caller);
                if fresh {
                    world.write_head(self.cast.head_of(&head));
                }
                written(fresh)
            }
            Call::PutSlot { slot, unless_in } => self.put_slot(world, caller, &slot, unless_in),
            Call::FreeUnused(slot) => {
                let same = self.cast.slot_of(&slot);
                world.slots.retain(|slot| {
                    (slot.execution, slot.layout, slot.taken_at)
                        != (same.execution, same.layout, same.taken_at)
                });
                Answer::Done
            }
            Call::FreeSlot { execution, layout } => {
                let freed = (self.cast.execution_named(&execution), layout);
                world
                    .slots
                    .retain(|slot| (slot.execution, slot.layout) != freed);
                Answer::Done
            }
            // The model has no adaptive pace.
            Call::RenewSlot { .. } => Answer::Done,
            Call::MarkPending {
                execution,
                layout,
                pending,
            } => {
                // A slot that is gone was settled: nothing to mark.
                let marked = (self.cast.execution_named(&execution), layout);
                let slots = world.slots.iter_mut();
                let slot = slots
                    .into_iter()
                    .find(|slot| (slot.execution, slot.layout) == marked);
                slot.into_iter().for_each(|slot| slot.pending = pending);
                Answer::Done
            }
            Call::PutBatch { execution, .. } => {
                let execution = self.cast.execution_named(&execution);
                let list = *world
                    .list_mut(execution)
                    .get_or_insert(List { members: None });
                Answer::Batch(Some(self.batch(execution, list)))
            }
            Call::FixBatch { execution, members } => {
                let execution = self.cast.execution_named(&execution);
                let fixed = members.iter().fold(0, |mask, index| mask | 1 << index);
                if self.is_broken_by(Breakage::ListNotFixedByRestart) && caller == Caller::LookAfter
                {
                    let members = Some(fixed);
                    return Answer::Batch(Some(self.batch(execution, List { members })));
                }
                let list = world.list_mut(execution).as_mut().map(|list| {
                    list.members.get_or_insert(fixed);
                    *list
                });
                Answer::Batch(list.map(|list| self.batch(execution, list)))
            }
            Call::ForgetBatch(execution) => {
                *world.list_mut(self.cast.execution_named(&execution)) = None;
                Answer::Done
            }
            Call::Start {
                execution, load, ..
            } => {
                let execution = self.cast.execution_named(&execution);
                let events = load.events.iter().map(RowKey::of);
                let input = events.fold(0, |mask, key| mask | 1 << self.cast.event_of_row(&key));
                self.start(world, execution, input);
                Answer::Start(Start::Started)
            }
            Call::Describe { execution, .. } => {
                let execution = self.cast.execution_named(&execution);
                Answer::Described(match world.fate(execution) {
                    Fate::Unknown => Described::NotFound,
                    Fate::Running => Described::Running,
                    _ => Described::Closed(self.outcome(world, execution)),
                })
            }
            Call::Send { to, message } => {
                self.send(world, caller, to, &message);
                Answer::Done
            }
            Call::Delete { receipt, .. } => {
                let message = let_go(world, caller, &receipt);
                let waits = |event| world.row(event).state == Some(RowState::Waiting);
                if let Some(Message { event, .. }) = message
                    && self.bounds.order == Order::Each
                    && waits(event)
                {
                    world.waited |= 1 << event;
                }
                Answer::Done
            }
            Call::Hide { receipt, .. } => {
                if let Some(message) = let_go(world, caller, &receipt)
                    && !self.is_broken_by(Breakage::DeleteBeforeClaim)
                {
                    world.queue.put(message);
                }
                Answer::Done
            }
            Call::ReadObject(_) | Call::Enqueue { .. } | Call::Withdraw(_) => {
                unreachable!("nothing is found here")
            }
            call @ (Call::NameQueue { .. }
            | Call::ForgetQueue { .. }
            | Call::ReadDeferred { .. }
            | Call::PutDeferred { .. }
            | Call::ForgetDeferred { .. }) => self.of_tenants(world, caller, call),
        }
    }

    /// Makes the call that a breakage keeps back one call too late: a slot after its claim, a
    /// message after its row.
    fn come_late(&self, world: &mut World, caller: Caller, call: &Call) {
        match (caller, call) {
            (Caller::Task(tick, task), Call::Start { .. } | Call::Delete { .. }) => {
                let task = &mut world.ticks[usize::from(tick)].tasks[usize::from(task)];
                if let Some(slot) = task.late.take() {
                    world.put_slot(slot);
                }
            }
            (Caller::Settle(settle), Call::FreeSlot { .. }) => {
                let settle = world.settles[usize::from(settle)].as_mut();
                let late = settle.map(|settle| std::mem::take(&mut settle.late));
                for (dead, message) in late.unwrap_or_default() {
                    put(world, dead, message);
                }
            }
            _ => {}
        }
    }

    fn fresh(&self, world: &World, caller: Caller) -> bool {
        let fresh = match caller {
            Caller::Task(tick, task) => {
                world.ticks[usize::from(tick)].tasks[usize::from(task)].fresh
            }
            Caller::Settle(settle) => world.settles[usize::from(settle)]
                .as_ref()
                .is_some_and(|settle| settle.fresh),
            Caller::LookAfter => false,
        };
        fresh || self.is_broken_by(Breakage::HeadWithoutCondition)
    }

    fn read_head(&self, world: &mut World, caller: Caller) -> Head {
        match caller {
            Caller::Task(tick, task) => {
                world.ticks[usize::from(tick)].tasks[usize::from(task)].fresh = true;
            }
            Caller::Settle(settle) => world.settles[usize::from(settle)]
                .iter_mut()
                .for_each(|settle| settle.fresh = true),
            Caller::LookAfter => {}
        }
        self.cast.head(world.head)
    }

    /// A waiter and its row are read together: in between the row can only say that the waiter has
    /// had its turn.
    fn read_waiters(&self, world: &World, caller: Caller, which: Which) -> Answer {
        if self.is_broken_by(Breakage::EachPasses) && matches!(caller, Caller::Task(..)) {
            return Answer::Waiters(Vec::new());
        }
        let waiters = self.events().filter_map(|event| {
            let attempt = world.waiters[usize::from(event)]?;
            Some(Waiter {
                version: self.cast.version(event),
                attempt: attempt.into(),
                row: Ok(self.cast.row(event, world.row(event))),
            })
        });
        let mut waiters: Vec<Waiter> = waiters.collect();
        match which {
            Which::Oldest(most) => waiters.truncate(most as usize),
            Which::Newest(most) => {
                waiters.reverse();
                waiters.truncate(most as usize);
            }
        }
        Answer::Waiters(waiters)
    }

    fn wait(&self, world: &mut World, claim: &Claim) -> Answer {
        let event = self.cast.event_of_row(&RowKey::of(&claim.event));
        if !self.is_as_read(world, event, claim.read) {
            return self.lost(world, event);
        }
        world.row_mut(event).state = Some(RowState::Waiting);
        Answer::Written(Written::Now)
    }

    fn batch(&self, execution: Execution, list: List) -> Batch {
        let candidates = candidates(execution);
        Batch {
            candidates: candidates
                .map(|event| self.cast.key(event).clone())
                .to_vec(),
            members: list.members.map(|members| {
                let listed = (0..candidates.len()).filter(|index| members & 1 << index != 0);
                listed.collect()
            }),
        }
    }

    fn is_as_read(&self, world: &World, event: Event, read: Option<Seen>) -> bool {
        let row = self.cast.row(event, world.row(event));
        row.as_ref().map(Seen::from) == read
    }

    fn lost(&self, world: &World, event: Event) -> Answer {
        let row = self.cast.row(event, world.row(event));
        Answer::Written(Written::Lost(row.map(Box::new)))
    }

    /// A row that shows this very claim is success.
    fn claim(&self, world: &mut World, claim: &Claim) -> Answer {
        let event = self.cast.event_of_row(&RowKey::of(&claim.event));
        let execution = self.cast.execution_named(&claim.execution);
        let attempt = claim.attempt as u8;
        let as_read = self.is_as_read(world, event, claim.read);
        if as_read || self.is_broken_by(Breakage::ClaimWithoutCondition) {
            if world.row(event).attempt >= attempt {
                world.broke(Broken::Twice);
            }
            *world.row_mut(event) = RowOf {
                state: Some(RowState::Started),
                attempt,
                execution: Some(execution),
            };
            return Answer::Written(Written::Now);
        }
        let row = self.cast.row(event, world.row(event));
        let won = row
            .as_ref()
            .is_some_and(|row| row.attempt == claim.attempt && row.is_started_by(&claim.execution));
        match row {
            _ if won => Answer::Written(Written::Now),
            Some(mut row) if self.is_broken_by(Breakage::MemberLeftBehind) && row.attempt == 0 => {
                row.state = RowState::Started;
                Answer::Written(Written::Lost(Some(Box::new(row))))
            }
            row => Answer::Written(Written::Lost(row.map(Box::new))),
        }
    }

    /// Row and head in one transaction.
    fn take_turn(&self, world: &mut World, caller: Caller, claim: &Claim, head: &Head) -> Answer {
        let event = self.cast.event_of_row(&RowKey::of(&claim.event));
        if !self.is_as_read(world, event, claim.read) || !self.fresh(world, caller) {
            return Answer::Written(Written::Lost(None));
        }
        if self.bounds.order == Order::Each && world.waited & ((1 << event) - 1) != 0 {
            world.broke(Broken::Passed);
        }
        world.waited &= !(1 << event);
        *world.row_mut(event) = RowOf {
            state: Some(RowState::Started),
            attempt: claim.attempt as u8,
            execution: Some(self.cast.execution_named(&claim.execution)),
        };
        world.write_head(self.cast.head_of(head));
        Answer::Written(Written::Now)
    }

    fn supersede(&self, world: &mut World, claim: &Claim) -> Answer {
        let event = self.cast.event_of_row(&RowKey::of(&claim.event));
        if !self.is_as_read(world, event, claim.read) {
            return self.lost(world, event);
        }
        world.row_mut(event).state = Some(RowState::Superseded);
        Answer::Written(Written::Now)
    }

    fn finish(
        &self,
        world: &mut World,
        row: &RowKey,
        state: RowState,
        outcome: &Outcome,
    ) -> Answer {
        let event = self.cast.event_of_row(row);
        let row = self.cast.row(event, world.row(event));
        let ours = row.is_some_and(|row| row.is_started_by(&outcome.execution));
        if ours {
            world.row_mut(event).state = Some(state);
        }
        if ours {
            Answer::Written(Written::Now)
        } else {
            self.lost(world, event)
        }
    }

    fn put_slot(
        &self,
        world: &mut World,
        caller: Caller,
        slot: &Slot,
        unless_in: Option<Layout>,
    ) -> Answer {
        let slot = self.cast.slot_of(slot);
        if self.is_broken_by(Breakage::SlotAfterClaim)
            && let Caller::Task(tick, task) = caller
        {
            world.ticks[usize::from(tick)].tasks[usize::from(task)].late = Some(slot);
            return written(true);
        }
        let unless_in = unless_in.filter(|_| !self.is_broken_by(Breakage::PutByEitherLayout));
        let there = world.slots.iter().any(|it| {
            it.execution == slot.execution
                && (it.layout == slot.layout || Some(it.layout) == unless_in)
        });
        if let Caller::Task(number, _) = caller
            && world.lease.holder == Some(number)
        {
            // It has reserved its starts before.
            let layouts = world.ticks[usize::from(number)].layouts;
            world.lease.layouts = Said::Layouts(layouts);
        }
        if !there {
            world.put_slot(SlotOf {
                pending: false,
                ..slot
            });
        }
        written(!there || self.is_broken_by(Breakage::SlotShared))
    }

    fn send(&self, world: &mut World, caller: Caller, to: Queue, sent: &Outgoing) {
        let dead = match to {
            Queue::Events(_) => false,
            Queue::DeadLetters(_) => true,
            Queue::Outcomes | Queue::OutcomesDeadLetters => {
                let Ok(Report::Ended(outcome)) = outcome::parse(&sent.body) else {
                    unreachable!("the core writes what it understands")
                };
                return tell(world, self.cast.execution_named(&outcome.execution));
            }
        };
        let message = self.cast.message(sent);
        if self.is_broken_by(Breakage::RowBeforeMessage)
            && let Caller::Settle(settle) = caller
            && let Some(settle) = &mut world.settles[usize::from(settle)]
            // One for the object's next version has no row to wait for.
            && message.event == crate::world::event_of(settle.execution)
        {
            settle.late.push((dead, message));
            return;
        }
        put(world, dead, message);
    }

    /// Returns how a closed execution ended, as its status event says.
    pub(super) fn outcome(&self, world: &World, execution: Execution) -> Outcome {
        let fate = world.fate(execution);
        let name = self.cast.name(execution);
        Outcome {
            output: is_batch(execution).then(|| self.report(fate)),
            ..Outcome::new(name, status(fate), None, None)
        }
    }

    /// Returns the execution's report, by its own words.
    fn report(&self, fate: Fate) -> String {
        let failed = match fate {
            Fate::Reported(failed) if !self.is_broken_by(Breakage::ReportIgnored) => failed,
            _ => 0,
        };
        let items: Vec<_> = crate::cast::of_mask(failed)
            .map(|event| serde_json::json!({ "itemIdentifier": self.cast.id(event) }))
            .collect();
        serde_json::json!({ "batchItemFailures": items }).to_string()
    }
}

fn written(now: bool) -> Answer {
    Answer::Written(if now {
        Written::Now
    } else {
        Written::Lost(None)
    })
}

fn put(world: &mut World, dead: bool, message: Message) {
    if dead {
        world.dead.put(message);
    } else {
        world.queue.put(message);
    }
}

/// A task holds the message with this receipt no longer.
fn let_go(world: &mut World, caller: Caller, receipt: &str) -> Option<Message> {
    let Caller::Task(tick, task) = caller else {
        return None;
    };
    let held = &mut world.ticks[usize::from(tick)].tasks[usize::from(task)].held;
    let is = |message: &Message| format!("{}.{}", message.event, message.attempt) == receipt;
    let index = held.iter().position(is)?;
    Some(held.remove(index))
}

/// Sends an outcome. One that is told already, or being settled, is not told again: that is a
/// fault, and counts.
fn tell(world: &mut World, execution: Execution) {
    let mut settling = world.settles.iter().flatten();
    let told = &mut world.outcomes[usize::from(execution)];
    if *told == 0 && !settling.any(|settle| settle.execution == execution) {
        *told = 1;
    }
}

/// Returns how it ended. Only a broken sweep tells an outcome of an execution that has not closed,
/// as a failure.
fn status(fate: Fate) -> Status {
    match fate {
        Fate::Succeeded | Fate::Reported(_) => Status::Succeeded,
        Fate::Failed | Fate::Unknown | Fate::Running => Status::Failed,
    }
}
