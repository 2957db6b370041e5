//! The slots of a tick whose put, claim or start lacks a certain answer. The next tick has to look
//! at them if this one dies. The lease says so every few seconds, as a checkpoint.

use std::collections::BTreeSet;

use crate::Millis;

/// From one checkpoint to the next.
const CHECKPOINT_EVERY: Millis = 5_000;

/// Slots by the time they are taken at, which no two of a tick share.
#[derive(Debug)]
pub struct Outstanding {
    slots: BTreeSet<Millis>,
    /// The last one that was asked for.
    last: Millis,
    /// The content of the last checkpoint, and its time.
    checkpoint: Millis,
    checkpoint_at: Millis,
}

impl Outstanding {
    pub fn new(now: Millis) -> Self {
        Self {
            slots: BTreeSet::new(),
            last: Millis::MIN,
            checkpoint: Millis::MIN,
            checkpoint_at: now,
        }
    }

    /// Records that a slot is asked for. Returns whether it was not before.
    pub fn asked(&mut self, taken_at: Millis) -> bool {
        self.last = self.last.max(taken_at);
        self.slots.insert(taken_at)
    }

    /// Records that all answers about a slot are there, or that somebody else keeps it in mind.
    pub fn done(&mut self, taken_at: Millis) {
        self.slots.remove(&taken_at);
    }

    /// Returns the time for a slot that is put now.
    pub fn next(&self, now: Millis) -> Millis {
        now.max(self.last.saturating_add(1))
    }

    /// Returns since when slots can lack their start, if it is time to say so. `kept`, `suspect`:
    /// the oldest slot whose start is kept, and the oldest that is suspect.
    pub fn checkpoint(
        &mut self,
        kept: Option<Millis>,
        suspect: Option<Millis>,
        now: Millis,
    ) -> Option<Millis> {
        // A tick that has put no slot leaves nothing.
        if self.last == Millis::MIN || now - self.checkpoint_at < CHECKPOINT_EVERY {
            return None;
        }
        self.checkpoint_at = now;
        let next = self.last.saturating_add(1);
        let oldest = self.slots.first().copied().unwrap_or(next);
        let since = [kept, suspect]
            .into_iter()
            .flatten()
            .fold(oldest, Millis::min);
        let is_later = since > self.checkpoint;
        self.checkpoint = self.checkpoint.max(since);
        is_later.then_some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_says_the_oldest_that_is_not_certain() {
        let mut slots = Outstanding::new(0);
        let every = CHECKPOINT_EVERY;
        assert_eq!(slots.checkpoint(None, None, every), None);
        assert!(slots.asked(10) && slots.asked(20) && !slots.asked(20));
        assert_eq!(slots.checkpoint(None, None, every - 1), None);
        assert_eq!(slots.checkpoint(None, None, every), Some(10));
        slots.done(10);
        assert_eq!(slots.checkpoint(None, None, every + 1), None);
        assert_eq!(slots.checkpoint(None, Some(15), 2 * every), Some(15));
        assert_eq!(slots.checkpoint(Some(18), None, 3 * every), Some(18));
        slots.done(20);
        assert_eq!(slots.checkpoint(None, None, 4 * every), Some(21));
        // It has said so before.
        assert_eq!(slots.checkpoint(None, None, 5 * every), None);
        assert_eq!(slots.next(5), 21);
    }
}
