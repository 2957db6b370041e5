//! Whose turn it is, in a pipeline with an order: one execution of an object at a time. As
//! `rules/order` of the core says, with the calls that it takes: docs/design/protocol.md, "Orders".

use std::collections::HashMap;

use spillway::Millis;
use spillway::rules::order::Order;

use super::queue::Message;

/// The objects that are at work, or of which versions wait.
#[derive(Debug)]
pub struct Turns {
    order: Order,
    heads: HashMap<u32, Head>,
}

/// An object.
#[derive(Debug, Default)]
struct Head {
    busy: bool,
    /// It says that versions can wait: then they are read.
    marked: bool,
    /// The newest version that has started.
    newest: Option<u32>,
    /// Versions that wait, the oldest first; one that was asked for is among them until it starts.
    waiting: Vec<Message>,
    /// Versions whose next attempt is to come.
    retrying: u32,
}

/// The turn of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    Now,
    Waits,
    /// A newer version has started, or waits.
    Superseded,
}

/// The answer to a message that asks for its turn.
#[derive(Debug)]
pub struct Asked {
    pub turn: Turn,
    /// Calls, one after the other, once row and head are read: beside those of a start, or until
    /// the message is deleted.
    pub calls: Millis,
    /// Older versions that wait no longer.
    pub superseded: Vec<Message>,
}

/// The consequence of an execution's end.
#[derive(Debug)]
pub struct Passed {
    /// The version whose turn comes.
    pub next: Option<Message>,
    /// Calls, one after the other, the last of which asks for it.
    pub calls: Millis,
}

impl Head {
    /// Returns the calls that read the versions that wait: their list, and then their rows.
    fn reads_waiting(&self) -> Millis {
        1 + Millis::from(!self.waiting.is_empty())
    }
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

    /// Sorts messages that were received together: those of one object come one after the other,
    /// each in a round of its own.
    pub fn rounds(&self, mut messages: Vec<Message>) -> Vec<Vec<Message>> {
        match self.order {
            Order::None => return vec![messages],
            Order::Each => messages.sort_by_key(|it| it.upload),
            Order::Latest => messages.sort_by_key(|it| std::cmp::Reverse(it.upload)),
        }
        let mut rounds: Vec<Vec<Message>> = Vec::new();
        let mut before: HashMap<u32, usize> = HashMap::new();
        for message in messages {
            let round = before.entry(message.object).or_default();
            match rounds.get_mut(*round) {
                Some(messages) => messages.push(message),
                None => rounds.push(vec![message]),
            }
            *round += 1;
        }
        rounds
    }

    /// Asks for the turn of a message.
    pub fn ask(&mut self, message: Message) -> Asked {
        let latest = self.order == Order::Latest;
        let head = self.heads.entry(message.object).or_default();
        if message.attempt > 1 {
            head.retrying = head.retrying.saturating_sub(1);
        }
        let mut calls = match head.marked && (latest || !head.busy) {
            true => head.reads_waiting(),
            false => 0,
        };
        let own = head
            .waiting
            .iter()
            .position(|it| it.upload == message.upload);
        let own = own.map(|own| head.waiting.remove(own));
        let newer = head
            .waiting
            .last()
            .is_some_and(|it| it.upload > message.upload);
        let newer_started = head.newest.is_some_and(|newest| newest > message.upload);
        if latest && (newer || newer_started) {
            // Its row says so, its waiter is forgotten, and its message is deleted.
            calls += 2 + Millis::from(own.is_some());
            self.forget(message.object);
            return Asked {
                turn: Turn::Superseded,
                calls,
                superseded: Vec::new(),
            };
        }
        let older = head
            .waiting
            .first()
            .is_some_and(|it| it.upload < message.upload);
        let mut superseded = Vec::new();
        if latest {
            superseded.append(&mut head.waiting);
            calls += 2 * superseded.len() as Millis;
            // The message of one that was asked for comes yet, and is deleted.
            superseded.retain(|it| !it.called);
        }
        if head.busy || !latest && older {
            // The head is read once more, or marked.
            let last = match head.busy && head.marked {
                true if latest => 2 + head.reads_waiting(),
                _ => 1,
            };
            // Its row, its waiter, and the deletion of its message.
            calls += 2 + last + 1;
            head.marked = true;
            let newer = |other: &Message| other.upload > message.upload;
            let place = head.waiting.iter().position(newer);
            let waits = Message {
                called: false,
                ..message
            };
            head.waiting
                .insert(place.unwrap_or(head.waiting.len()), waits);
            return Asked {
                turn: Turn::Waits,
                calls,
                superseded,
            };
        }
        head.busy = true;
        head.newest = head.newest.max(Some(message.upload));
        Asked {
            turn: Turn::Now,
            calls: calls + Millis::from(own.is_some()),
            superseded,
        }
    }

    /// Takes in that an execution has ended. `again`: its version will be tried again.
    pub fn ended(&mut self, message: &Message, again: bool) -> Passed {
        let Some(head) = self.heads.get_mut(&message.object) else {
            return Passed {
                next: None,
                calls: 2,
            };
        };
        head.busy = false;
        head.retrying += u32::from(again);
        // The head is read and written; if versions can wait, they are read, and one is asked for
        // or the head unmarked.
        let calls = match head.marked {
            true => 2 + head.reads_waiting() + 1,
            false => 2,
        };
        let next = match self.order {
            Order::Latest => head.waiting.last_mut(),
            Order::None | Order::Each => head.waiting.first_mut(),
        };
        head.marked &= next.is_some();
        // One that was asked for is on its way.
        let next = next.filter(|next| !next.called).map(|next| {
            next.called = true;
            *next
        });
        self.forget(message.object);
        Passed { next, calls }
    }

    /// Forgets an object of which nothing is to come.
    fn forget(&mut self, object: u32) {
        let is_over = |head: &Head| !head.busy && head.waiting.is_empty() && head.retrying == 0;
        if self.heads.get(&object).is_some_and(is_over) {
            self.heads.remove(&object);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(upload: u32) -> Message {
        Message {
            sent: 0,
            upload,
            object: 7,
            lane: 0,
            attempt: 1,
            uncounted: 0,
            called: false,
        }
    }

    #[test]
    fn each_version_has_its_turn() {
        let mut turns = Turns::new(Order::Each);
        assert_eq!(turns.ask(version(1)).turn, Turn::Now);
        assert_eq!(turns.ask(version(3)).turn, Turn::Waits);
        assert_eq!(turns.ask(version(2)).turn, Turn::Waits);
        let passed = turns.ended(&version(1), false);
        let next = passed.next.unwrap();
        assert_eq!((next.upload, passed.calls), (2, 5));
        // One that comes meanwhile waits behind the others.
        assert_eq!(turns.ask(version(4)).turn, Turn::Waits);
        assert_eq!(turns.ask(next).turn, Turn::Now);
        assert_eq!(turns.ended(&version(2), false).next.unwrap().upload, 3);
    }

    #[test]
    fn others_start_while_a_backoff_lasts() {
        let mut turns = Turns::new(Order::Each);
        assert_eq!(turns.ask(version(1)).turn, Turn::Now);
        assert_eq!(turns.ask(version(2)).turn, Turn::Waits);
        let next = turns.ended(&version(1), true).next.unwrap();
        assert_eq!(turns.ask(next).turn, Turn::Now);
        let again = Message {
            attempt: 2,
            ..version(1)
        };
        assert_eq!(turns.ask(again).turn, Turn::Waits);
        let next = turns.ended(&version(2), false).next.unwrap();
        assert_eq!((next.upload, next.attempt), (1, 2));
        // With `latest` it is passed over then.
        let mut turns = Turns::new(Order::Latest);
        assert_eq!(turns.ask(version(1)).turn, Turn::Now);
        assert!(turns.ended(&version(1), true).next.is_none());
        assert_eq!(turns.ask(version(2)).turn, Turn::Now);
        assert!(turns.ended(&version(2), false).next.is_none());
        assert_eq!(turns.ask(again).turn, Turn::Superseded);
        assert!(turns.heads.is_empty());
    }

    #[test]
    fn only_the_newest_that_waits_has_a_turn() {
        let mut turns = Turns::new(Order::Latest);
        assert_eq!(turns.ask(version(1)).turn, Turn::Now);
        assert_eq!(turns.ask(version(2)).turn, Turn::Waits);
        let asked = turns.ask(version(3));
        assert_eq!((asked.turn, asked.superseded.len()), (Turn::Waits, 1));
        let next = turns.ended(&version(1), false).next.unwrap();
        assert_eq!(next.upload, 3);
        // A newer one comes before the one that was asked for, whose message is deleted when it
        // comes.
        let asked = turns.ask(version(4));
        assert_eq!((asked.turn, asked.superseded.len()), (Turn::Now, 0));
        assert_eq!(turns.ask(next).turn, Turn::Superseded);
        assert_eq!(turns.ask(version(1)).turn, Turn::Superseded);
    }

    #[test]
    fn messages_of_one_object_come_one_after_the_other() {
        let other = Message {
            object: 8,
            ..version(2)
        };
        let uploads = |order| {
            let rounds = Turns::new(order).rounds(vec![version(1), other, version(3)]);
            let uploads = |round: &Vec<Message>| round.iter().map(|it| it.upload).collect();
            rounds.iter().map(uploads).collect::<Vec<Vec<u32>>>()
        };
        assert_eq!(uploads(Order::Each), [vec![1, 2], vec![3]]);
        assert_eq!(uploads(Order::Latest), [vec![3, 2], vec![1]]);
        assert_eq!(uploads(Order::None), [vec![1, 2, 3]]);
    }
}
