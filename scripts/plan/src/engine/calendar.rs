//! The events that are to happen, in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use spillway::Millis;

/// An event that happens at a time.
pub trait Ranked {
    /// Of two that happen at one time the lower comes first.
    fn rank(&self) -> u8;
}

/// Events by their times; those of one time come by their ranks, and then in the order in which
/// they were put.
#[derive(Debug)]
pub struct Calendar<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    next: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: Millis,
    rank: u8,
    number: u64,
    event: T,
}

impl<T> Entry<T> {
    fn key(&self) -> (Millis, u8, u64) {
        (self.at, self.rank, self.number)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl<T: Ranked> Calendar<T> {
    pub fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            next: 0,
        }
    }

    pub fn put(&mut self, at: Millis, event: T) {
        let number = self.next;
        self.next += 1;
        let rank = event.rank();
        self.heap.push(Reverse(Entry {
            at,
            rank,
            number,
            event,
        }));
    }

    /// Returns the time of the next event.
    pub fn next_at(&self) -> Option<Millis> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// Takes the next event.
    pub fn take(&mut self) -> Option<(Millis, T)> {
        self.heap
            .pop()
            .map(|Reverse(entry)| (entry.at, entry.event))
    }
}
