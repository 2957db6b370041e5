//! The queues of the lanes, and the polls that wait at them.

use std::collections::VecDeque;
use std::hash::Hash;

use spillway::Millis;
use spillway::rules::batch::Member;

/// A message that asks for an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// When the object was uploaded.
    pub uploaded: Millis,
    pub object: u32,
    pub wave: u16,
    pub lane: u8,
    pub attempt: u8,
    /// 0, or the error with which every attempt fails, counted from 1.
    pub doomed: u8,
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
    visible: VecDeque<Message>,
    /// Polls that wait for a first message, by their numbers, the longest first.
    waiting: VecDeque<usize>,
}

impl LaneQueue {
    /// Puts a message. Returns the poll that gets it.
    pub fn put(&mut self, message: Message) -> Option<usize> {
        self.visible.push_back(message);
        self.waiting.pop_front()
    }

    /// Whether a message waits.
    pub fn holds_any(&self) -> bool {
        !self.visible.is_empty()
    }

    /// Takes so many messages at most.
    pub fn take(&mut self, most: usize) -> Vec<Message> {
        let most = most.min(self.visible.len());
        self.visible.drain(..most).collect()
    }

    /// Lets a poll wait for a message.
    pub fn wait(&mut self, poll: usize) {
        self.waiting.push_back(poll);
    }

    /// Whether a poll waited until now.
    pub fn give_up(&mut self, poll: usize) -> bool {
        let at = self.waiting.iter().position(|it| *it == poll);
        at.is_some_and(|at| self.waiting.remove(at).is_some())
    }
}
