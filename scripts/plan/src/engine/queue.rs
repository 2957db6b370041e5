//! The queues of the lanes, and the polls that wait at them.

use std::collections::{BTreeMap, VecDeque};
use std::hash::Hash;

use spillway::Millis;
use spillway::rules::batch::Member;

/// A message that asks for an attempt. A million can wait, so it has no fact of its upload that is
/// seldom needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// When it was sent: it can have been hidden since then.
    pub sent: Millis,
    /// Which upload it is of, by its place among the arrivals: of two versions the later one is
    /// newer.
    pub upload: u32,
    pub object: u32,
    pub lane: u8,
    pub attempt: u16,
    /// Attempts of them that do not count: the target took no more.
    pub uncounted: u16,
    /// It waited for its turn, which has come.
    pub called: bool,
}

/// Bytes of an object in an execution's input, with a key of 200 characters.
const INPUT_BYTES: usize = 500;

impl Member for Message {
    fn attempt(&self) -> u32 {
        self.attempt.into()
    }

    fn object(&self) -> impl Eq + Hash {
        self.object
    }

    fn bytes(&self) -> usize {
        INPUT_BYTES
    }
}

/// A lane's queue.
#[derive(Debug, Default)]
pub struct LaneQueue {
    /// In the order in which they were sent.
    visible: VecDeque<Message>,
    /// Those that became visible after others that were sent later, by that time and their order.
    late: BTreeMap<(Millis, u64), Message>,
    next_late: u64,
    /// Polls that wait for a first message, by their numbers, the longest first.
    waiting: VecDeque<usize>,
}

impl LaneQueue {
    /// Puts a message. Whether a poll waits for it.
    pub fn put(&mut self, message: Message) -> bool {
        match self.visible.back() {
            Some(last) if last.sent > message.sent => {
                self.late.insert((message.sent, self.next_late), message);
                self.next_late += 1;
            }
            _ => self.visible.push_back(message),
        }
        !self.waiting.is_empty()
    }

    /// Returns the poll that gets the next message.
    pub fn wakes(&mut self) -> Option<usize> {
        match self.holds_any() {
            true => self.waiting.pop_front(),
            false => None,
        }
    }

    /// Returns whether a message waits.
    pub fn holds_any(&self) -> bool {
        !self.visible.is_empty() || !self.late.is_empty()
    }

    /// Returns how many messages wait.
    pub fn len(&self) -> usize {
        self.visible.len() + self.late.len()
    }

    /// Takes so many messages at most, the oldest first.
    pub fn take(&mut self, most: usize) -> Vec<Message> {
        std::iter::from_fn(|| self.oldest()).take(most).collect()
    }

    fn oldest(&mut self) -> Option<Message> {
        let sent = self.visible.front().map_or(Millis::MAX, |first| first.sent);
        match self.late.first_entry() {
            Some(late) if late.key().0 <= sent => Some(late.remove()),
            _ => self.visible.pop_front(),
        }
    }

    /// Lets a poll wait for a message.
    pub fn wait(&mut self, poll: usize) {
        self.waiting.push_back(poll);
    }

    /// Ends the wait of a poll. Returns whether it waited until now.
    pub fn give_up(&mut self, poll: usize) -> bool {
        let at = self.waiting.iter().position(|it| *it == poll);
        at.is_some_and(|at| self.waiting.remove(at).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(sent: Millis) -> Message {
        Message {
            sent,
            upload: 0,
            object: 0,
            lane: 0,
            attempt: 1,
            uncounted: 0,
            called: false,
        }
    }

    #[test]
    fn the_oldest_comes_first_however_late_it_became_visible() {
        let mut queue = LaneQueue::default();
        for at in [20, 30, 10, 30, 25] {
            assert!(!queue.put(sent(at)));
        }
        let taken = queue.take(3).into_iter().chain(queue.take(9));
        let times: Vec<Millis> = taken.map(|it| it.sent).collect();
        assert_eq!(times, [10, 20, 25, 30, 30]);
        assert!(!queue.holds_any());
    }

    #[test]
    fn polls_get_what_comes_in_their_order() {
        let mut queue = LaneQueue::default();
        queue.wait(1);
        queue.wait(2);
        assert!(queue.put(sent(0)));
        assert_eq!(queue.wakes(), Some(1));
        assert_eq!(queue.take(10).len(), 1);
        assert_eq!(queue.wakes(), None);
        assert!(queue.give_up(2) && !queue.give_up(2));
    }
}
