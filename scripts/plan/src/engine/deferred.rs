//! Events that wait for their tenants, as the ledger has them: a queue for each tenant and lane.
//! The directory names the queues that can hold any.

use std::collections::{BTreeMap, HashMap, VecDeque};

use spillway::Millis;
use spillway::record::deferred::{Named, TenantQueue};

use super::queue::Message;

/// A tenant's queue in a lane: the lane's index, and the tenant as arrivals have it.
pub type Of = (usize, u32);

/// All events that wait.
#[derive(Debug, Default)]
pub struct DeferredEvents {
    queues: HashMap<Of, VecDeque<Message>>,
    directory: BTreeMap<Of, Entry>,
    len: usize,
}

/// A queue that the directory names.
#[derive(Debug)]
struct Entry {
    token: String,
    since: Millis,
}

/// The oldest upload comes first: uploads are numbered by their times. Attempts do not matter.
fn key(message: &Message) -> u32 {
    message.upload
}

impl DeferredEvents {
    /// Returns how many events wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Puts an event.
    pub fn put(&mut self, of: Of, message: Message) {
        let queue = self.queues.entry(of).or_default();
        let is_newest = queue.back().is_none_or(|last| key(last) < key(&message));
        let place = match is_newest {
            true => queue.len(),
            false => queue.partition_point(|other| key(other) < key(&message)),
        };
        queue.insert(place, message);
        self.len += 1;
    }

    /// Returns so many events of a queue at most, the oldest first.
    pub fn oldest(&self, of: Of, most: usize) -> Vec<Message> {
        let queue = self.queues.get(&of).into_iter().flatten();
        queue.take(most).copied().collect()
    }

    /// Forgets an event.
    pub fn forget(&mut self, of: Of, message: &Message) {
        let Some(queue) = self.queues.get_mut(&of) else {
            return;
        };
        let place = queue.partition_point(|other| key(other) < key(message));
        let is_there = queue.get(place).is_some_and(|it| key(it) == key(message));
        if is_there && queue.remove(place).is_some() {
            self.len -= 1;
        }
        if queue.is_empty() {
            self.queues.remove(&of);
        }
    }

    /// Names a queue in the directory. A time that it already has stays.
    pub fn name(&mut self, of: Of, token: String, now: Millis) {
        let since = self.directory.get(&of).map_or(now, |named| named.since);
        self.directory.insert(of, Entry { token, since });
    }

    /// Removes a queue from the directory, unless another token names it by now.
    pub fn remove(&mut self, of: Of, token: &str) {
        if self.directory.get(&of).is_some_and(|it| it.token == token) {
            self.directory.remove(&of);
        }
    }

    /// Returns the directory. `queue`: the name of a queue.
    pub fn directory(&self, queue: impl Fn(Of) -> TenantQueue) -> Vec<Named> {
        let named = |(of, entry): (&Of, &Entry)| Named {
            queue: queue(*of),
            token: Some(entry.token.clone()),
            since: entry.since,
        };
        self.directory.iter().map(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(upload: u32, attempt: u16) -> Message {
        Message {
            sent: 0,
            upload,
            object: upload,
            lane: 0,
            attempt,
            uncounted: 0,
            called: false,
        }
    }

    #[test]
    fn the_oldest_upload_comes_first_also_when_it_is_tried_again() {
        let mut events = DeferredEvents::default();
        for (upload, attempt) in [(2, 1), (4, 1), (1, 2), (3, 1)] {
            events.put((0, 1), event(upload, attempt));
        }
        let uploads = |events: &DeferredEvents| -> Vec<u32> {
            let oldest = events.oldest((0, 1), 3).into_iter();
            oldest.map(|it| it.upload).collect()
        };
        assert_eq!(uploads(&events), [1, 2, 3]);
        events.forget((0, 1), &event(2, 1));
        // It is no longer there.
        events.forget((0, 1), &event(2, 1));
        assert_eq!(uploads(&events), [1, 3, 4]);
        assert_eq!(events.len(), 3);
        assert_eq!(events.oldest((1, 1), 3), []);
    }

    #[test]
    fn a_queue_that_was_named_anew_stays_in_the_directory() {
        let mut events = DeferredEvents::default();
        let queue = |(lane, tenant): Of| TenantQueue {
            lane: lane.to_string(),
            tenant: tenant.to_string(),
        };
        events.name((0, 1), "a/1".into(), 5);
        events.name((0, 1), "b/1".into(), 9);
        events.remove((0, 1), "a/1");
        let named = events.directory(queue);
        assert_eq!((named.len(), named[0].since), (1, 5));
        assert_eq!(named[0].token.as_deref(), Some("b/1"));
        events.remove((0, 1), "b/1");
        assert!(events.directory(queue).is_empty());
    }
}
