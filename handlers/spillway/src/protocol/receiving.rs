//! Receiving, while a tick drains its queues: at most what can start now, until the deadline, an empty queue, or the tick's
//! last start.

use crate::Millis;
use crate::lane::MAX_LANES;
use crate::lane::polling::{ONE_RECEIVE, empty_times, together};
use crate::pace::permit::{Permit, Permits, SharedGate};
use crate::pace::recount::Recount;
use crate::protocol::kept::NotNow;

/// What was received together is under way together, and so much at once: the bound on calls under way.
const RECEIVED_AT_ONCE: usize = 4;
/// Batches under way at once, each of one start and up to a hundred claims.
const BATCHES_AT_ONCE: usize = 6;
/// How long the rate is waited for at most, since a limit or a pause can change meanwhile.
const WAIT_MOST: Millis = 2_000;
/// How often the backlog is asked for while no slot is free: an empty queue ends the tick.
const BACKLOG_EVERY: Millis = 10_000;

/// The receiving of a tick.
#[derive(Debug, Clone)]
pub struct Receiving {
    lanes: usize,
    batches: bool,
    stop_at: Millis,
    recount: Recount,
    backlog_asked: Option<Millis>,
    /// How many times in a row nothing was found.
    empty: u32,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    AskGate,
    /// Nothing was found.
    Empty,
    /// Short polls found nothing in any lane: long ones are to say so too.
    Confirm,
    /// Long polls found nothing.
    Confirmed,
    /// Every slot is taken.
    Full,
    AskBacklog,
    End,
}

/// What the tick does next.
#[derive(Debug)]
pub enum Do {
    /// Receives so many messages, or fills one batch, and hands them to a task.
    Receive(Vec<Permit>),
    /// Polls all lanes, each for as long as it takes SQS to ask all of its servers, and hands what they have to tasks.
    Confirm(Vec<Permit>),
    /// Waits until one of the tasks ends.
    Join,
    /// The same, until this time at the latest: what a task gives back can be used at once.
    JoinUntil(Millis),
    SleepUntil(Millis),
    /// Counts the slots.
    Count,
    AskBacklog,
    End,
}

/// What the tick knows.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub now: Millis,
    /// Tasks under way.
    pub tasks: usize,
    /// Nothing more is to be received.
    pub stopping: bool,
    /// The tick has received a message.
    pub received: bool,
    /// When a lane that was empty is asked again.
    pub next_ask: Millis,
    /// What becomes of the starts that are kept: they come before anything new.
    pub kept: NotNow,
}

impl Receiving {
    /// Until `stop_at`, from so many lanes. `batches`: executions work on several object events.
    pub fn new(lanes: usize, batches: bool, stop_at: Millis, now: Millis) -> Self {
        Self {
            lanes,
            batches,
            stop_at,
            recount: Recount::new(now),
            backlog_asked: None,
            empty: 0,
            at: At::AskGate,
        }
    }

    pub fn next(&mut self, gate: &SharedGate, known: Known) -> Do {
        if known.stopping || known.now >= self.stop_at {
            return Do::End;
        }
        if let NotNow::NotBefore(time) = known.kept {
            return Do::SleepUntil(self.soon(time, known.now));
        }
        match self.at {
            // What is kept can get a slot.
            At::End if known.kept == NotNow::Blocked => {
                self.at = At::AskGate;
                Do::SleepUntil(self.soon(known.now + WAIT_MOST, known.now))
            }
            At::End => Do::End,
            At::AskBacklog => Do::AskBacklog,
            At::Full => Do::Count,
            At::Empty if known.tasks > 0 => {
                self.at = At::AskGate;
                Do::Join
            }
            At::Empty if self.lanes > 1 => {
                self.at = At::Confirm;
                self.ask(gate, known)
            }
            At::Empty | At::Confirmed => {
                self.empty += 1;
                if self.empty >= empty_times(known.received) {
                    self.at = At::End;
                    return self.next(gate, known);
                }
                self.at = At::AskGate;
                Do::SleepUntil(known.next_ask.min(self.stop_at))
            }
            At::AskGate | At::Confirm => self.ask(gate, known),
        }
    }

    fn ask(&mut self, gate: &SharedGate, Known { now, tasks, .. }: Known) -> Do {
        let confirms = self.at == At::Confirm;
        let (most, at_once) = match self.batches {
            false if confirms => (MAX_LANES as u32 * ONE_RECEIVE, RECEIVED_AT_ONCE),
            false => (together(self.lanes), RECEIVED_AT_ONCE),
            true => (1, BATCHES_AT_ONCE),
        };
        if tasks >= at_once {
            return Do::Join;
        }
        match gate.request(most, now) {
            Permits::Granted(permits) if confirms => Do::Confirm(permits),
            Permits::Granted(permits) => Do::Receive(permits),
            // What is under way can come to nothing and give its starts back.
            Permits::Spent if tasks > 0 => Do::Join,
            Permits::Spent => Do::End,
            Permits::NotBefore(time) if tasks > 0 => Do::JoinUntil(self.soon(time, now)),
            Permits::NotBefore(time) => Do::SleepUntil(self.soon(time, now)),
            Permits::Full => {
                self.at = At::Full;
                Do::SleepUntil(self.recount.due().max(now).min(self.stop_at))
            }
        }
    }

    /// A time to sleep until, at which something can have changed.
    fn soon(&self, time: Millis, now: Millis) -> Millis {
        time.min(self.stop_at).min(now + WAIT_MOST)
    }

    /// Takes in whether messages were found.
    pub fn found(&mut self, any: bool) {
        self.at = match (any, self.at) {
            (true, _) => At::AskGate,
            (false, At::Confirm) => At::Confirmed,
            (false, _) => At::Empty,
        };
        if any {
            self.empty = 0;
        }
    }

    /// Takes in a count of the slots. Without a backlog there is nothing to wait with while all are taken.
    pub fn counted(&mut self, free: u32, used: u32, tasks: usize, now: Millis) {
        self.recount.counted(now, free, used);
        let asked = self.backlog_asked;
        let ask = asked.is_none_or(|asked| now - asked >= BACKLOG_EVERY);
        self.at = At::AskGate;
        if free == 0 && tasks == 0 && ask {
            self.backlog_asked = Some(now);
            self.at = At::AskBacklog;
        }
    }

    /// Takes in how many messages wait.
    pub fn backlog(&mut self, messages: u64) {
        self.at = if messages == 0 { At::End } else { At::AskGate };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Pace;
    use crate::pace::gate::Gate;
    use crate::pace::tokens::Tokens;

    fn gate(max_concurrency: u32) -> SharedGate {
        let pace = Pace {
            max_concurrency,
            starts_per_second: 100.0,
            burst: 50,
            starts_per_tick: None,
        };
        SharedGate::new(Gate::new(&pace, Tokens::new(100.0, 50, None, 0), None))
    }

    const KNOWN: Known = Known {
        now: 0,
        tasks: 0,
        stopping: false,
        received: false,
        next_ask: 0,
        kept: NotNow::Nothing,
    };

    #[test]
    fn an_empty_queue_ends_the_tick_once_it_is_believed() {
        let (gate, mut receiving) = (gate(10), Receiving::new(1, false, 60_000, 0));
        let known = Known {
            received: true,
            ..KNOWN
        };
        for last in [false, true] {
            assert!(
                matches!(receiving.next(&gate, known), Do::Receive(permits) if permits.len() == 10)
            );
            receiving.found(false);
            match receiving.next(&gate, known) {
                Do::SleepUntil(_) => assert!(!last),
                Do::End => assert!(last),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn long_polls_of_all_lanes_confirm_what_short_ones_say() {
        let (gate, mut receiving) = (gate(10), Receiving::new(2, false, 60_000, 0));
        assert!(matches!(receiving.next(&gate, KNOWN), Do::Receive(_)));
        receiving.found(false);
        assert!(
            matches!(receiving.next(&gate, KNOWN), Do::Confirm(permits) if permits.len() == 10)
        );
        receiving.found(true);
        assert!(matches!(receiving.next(&gate, KNOWN), Do::Receive(_)));
        receiving.found(false);
        assert!(matches!(receiving.next(&gate, KNOWN), Do::Confirm(_)));
        receiving.found(false);
        assert!(matches!(receiving.next(&gate, KNOWN), Do::End));
    }

    #[test]
    fn tasks_under_way_are_waited_for_before_an_empty_queue_is_believed() {
        let (gate, mut receiving) = (gate(10), Receiving::new(1, false, 60_000, 0));
        receiving.found(false);
        let known = Known { tasks: 1, ..KNOWN };
        assert!(matches!(receiving.next(&gate, known), Do::Join));
        assert!(matches!(receiving.next(&gate, known), Do::Receive(_)));
    }

    #[test]
    fn while_all_slots_are_taken_they_are_counted_and_then_the_backlog_is_asked_for() {
        let (gate, mut receiving) = (gate(0), Receiving::new(1, false, 60_000, 0));
        assert!(matches!(receiving.next(&gate, KNOWN), Do::SleepUntil(150)));
        assert!(matches!(receiving.next(&gate, KNOWN), Do::Count));
        receiving.counted(0, 10, 0, 150);
        assert!(matches!(receiving.next(&gate, KNOWN), Do::AskBacklog));
        receiving.backlog(1);
        assert!(matches!(receiving.next(&gate, KNOWN), Do::SleepUntil(_)));
        assert!(matches!(receiving.next(&gate, KNOWN), Do::Count));
        // Not asked for again so soon.
        receiving.counted(0, 10, 0, 300);
        assert!(matches!(receiving.next(&gate, KNOWN), Do::SleepUntil(_)));
        assert!(matches!(receiving.next(&gate, KNOWN), Do::Count));
        receiving.counted(0, 10, 0, 20_000);
        receiving.backlog(0);
        assert!(matches!(receiving.next(&gate, KNOWN), Do::End));
    }

    #[test]
    fn what_is_kept_comes_before_anything_new_and_before_the_end() {
        let (gate, mut receiving) = (gate(10), Receiving::new(1, false, 60_000, 0));
        let kept = |kept| Known { kept, ..KNOWN };
        let next = receiving.next(&gate, kept(NotNow::NotBefore(500)));
        assert!(matches!(next, Do::SleepUntil(500)));
        assert!(matches!(receiving.next(&gate, KNOWN), Do::Receive(_)));
        receiving.found(false);
        let next = receiving.next(&gate, kept(NotNow::Blocked));
        assert!(matches!(next, Do::SleepUntil(WAIT_MOST)));
        assert!(matches!(receiving.next(&gate, KNOWN), Do::Receive(_)));
        receiving.found(false);
        assert!(matches!(receiving.next(&gate, KNOWN), Do::End));
    }

    #[test]
    fn what_a_task_gives_back_is_not_waited_for() {
        let (gate, mut receiving) = (gate(100), Receiving::new(1, false, 60_000, 0));
        let mut held = Vec::new();
        let known = |tasks| Known { tasks, ..KNOWN };
        while let Do::Receive(permits) = receiving.next(&gate, known(0)) {
            held.push(permits);
        }
        let next = receiving.next(&gate, known(1));
        assert!(matches!(next, Do::JoinUntil(time) if time > 0));
        drop(held);
        assert!(matches!(receiving.next(&gate, known(0)), Do::Receive(_)));
    }

    #[test]
    fn so_many_tasks_are_under_way_at_once() {
        for (batches, most) in [(false, 4), (true, 6)] {
            let (gate, mut receiving) = (gate(10), Receiving::new(1, batches, 60_000, 0));
            let known = |tasks| Known { tasks, ..KNOWN };
            assert!(matches!(
                receiving.next(&gate, known(most - 1)),
                Do::Receive(_)
            ));
            assert!(matches!(receiving.next(&gate, known(most)), Do::Join));
        }
    }
}
