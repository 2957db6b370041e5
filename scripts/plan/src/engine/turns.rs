//! Whose turn it is, in a pipeline with an order: one execution of an object at a time.

use std::collections::{HashMap, VecDeque};

use spillway::Millis;
use spillway::rules::order::Order;

use super::queue::Message;

/// The objects that are at work, or of which versions wait.
#[derive(Debug)]
pub struct Turns {
    order: Order,
    heads: HashMap<u32, Head>,
}

#[derive(Debug, Default)]
struct Head {
    busy: bool,
    /// Versions whose turn has come, and that are on their way.
    called: u32,
    /// When the newest version was uploaded that has started.
    newest: Millis,
    waiting: VecDeque<Message>,
}

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    Now,
    /// It waits, in the place of so many older ones.
    Waits(usize),
    /// A newer version has started.
    Superseded,
}

impl Turns {
    pub fn new(order: Order) -> Self {
        Self {
            order,
            heads: HashMap::new(),
        }
    }

    pub fn is_ordered(&self) -> bool {
        self.order != Order::None
    }

    /// A message asks for its turn.
    pub fn ask(&mut self, message: Message) -> Turn {
        let head = self.heads.entry(message.object).or_default();
        if message.called {
            head.called = head.called.saturating_sub(1);
        }
        let latest = self.order == Order::Latest;
        if latest && message.uploaded < head.newest {
            return Turn::Superseded;
        }
        let kept = message.called || message.attempt > 1;
        let queues = !latest && !kept && (head.called > 0 || !head.waiting.is_empty());
        if head.busy && (latest || !kept) || queues {
            let superseded = if latest { head.waiting.len() } else { 0 };
            if latest {
                head.waiting.clear();
            }
            head.waiting.push_back(message);
            return Turn::Waits(superseded);
        }
        head.busy = true;
        head.newest = head.newest.max(message.uploaded);
        Turn::Now
    }

    /// An execution has ended. `again`: it will be tried again. Returns the version whose turn comes.
    pub fn ended(&mut self, message: &Message, again: bool) -> Option<Message> {
        let head = self.heads.get_mut(&message.object)?;
        // With `each` a version keeps its turn until it is done.
        if again && self.order == Order::Each {
            return None;
        }
        head.busy = false;
        let next = head.waiting.pop_front();
        head.called += u32::from(next.is_some());
        if next.is_none() && head.called == 0 && !again {
            self.heads.remove(&message.object);
        }
        next.map(|next| Message {
            called: true,
            ..next
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(uploaded: Millis) -> Message {
        Message {
            uploaded,
            object: 7,
            wave: 0,
            lane: 0,
            attempt: 1,
            doomed: 0,
            called: false,
        }
    }

    #[test]
    fn each_version_has_its_turn() {
        let mut turns = Turns::new(Order::Each);
        assert_eq!(turns.ask(version(1)), Turn::Now);
        assert_eq!(turns.ask(version(2)), Turn::Waits(0));
        assert_eq!(turns.ask(version(3)), Turn::Waits(0));
        assert_eq!(turns.ended(&version(1), true), None);
        let next = turns.ended(&version(1), false).unwrap();
        assert_eq!(next.uploaded, 2);
        // One that comes meanwhile waits behind the others.
        assert_eq!(turns.ask(version(4)), Turn::Waits(0));
        assert_eq!(turns.ask(next), Turn::Now);
        assert_eq!(turns.ended(&version(2), false).unwrap().uploaded, 3);
    }

    #[test]
    fn only_the_newest_that_waits_has_a_turn() {
        let mut turns = Turns::new(Order::Latest);
        assert_eq!(turns.ask(version(1)), Turn::Now);
        assert_eq!(turns.ask(version(2)), Turn::Waits(0));
        assert_eq!(turns.ask(version(3)), Turn::Waits(1));
        let next = turns.ended(&version(1), false).unwrap();
        assert_eq!(next.uploaded, 3);
        assert_eq!(turns.ask(next), Turn::Now);
        assert_eq!(turns.ask(version(1)), Turn::Superseded);
    }
}
