//! Executions that end, and what follows: outcomes are settled, and what failed is tried again.

use spillway::Millis;
use spillway::execution::outcome::Status;
use spillway::record::row::Tried;
use spillway::rules::retry::{RetryPolicy, Settlement, settlement};

use super::{ENTRIES, Event, Load, Running, World};
use crate::engine::queue::Message;
use crate::engine::units;

/// Outcomes that come within this time are settled by one invocation, in milliseconds.
const TOGETHER: Millis = 5;

impl World<'_> {
    /// An execution ends, and is settled: its slot is read, its rows written, a retry sent, the slot freed.
    pub(super) fn execution_ends(&mut self, number: usize) {
        let Some(Running { load, shard }) = self.executions.take(number) else {
            return;
        };
        let call = self.call();
        self.running -= 1;
        self.look();
        let told = self.now + self.setup.calls.outcome.as_millis() as Millis + call / 2;
        let (mut fails, mut calls) = (false, 2);
        for message in load.messages() {
            let failure = self.failure(message);
            fails |= failure.is_some();
            match failure {
                None => {
                    self.answers.succeeded += 1;
                    self.done(message);
                }
                Some(failure) => self.fails(message, failure, told),
            }
            let again =
                failure.is_some() && self.setup.retry.max_attempts > u32::from(message.attempt);
            if self.turns.is_ordered()
                && let Some(next) = self.turns.ended(message, again)
            {
                self.answers.counted.sends += 1;
                self.answers.counted.write_units += 1.0;
                let at = told + 2 * call + call / 2;
                self.calendar.put(at, Event::Visible(next));
            }
        }
        // The row of what failed is read, and a message is sent before it is written.
        calls += if fails { 2 } else { 0 };
        // What a batch holds is read.
        calls += match &load {
            Load::One(_) => 0,
            Load::Many(_) => 1,
        };
        self.settled(&load, told, calls);
        let freed_at = told + calls * call + call / 2;
        self.calendar
            .put(freed_at, Event::SlotFreed(shard, load.lane()));
    }

    /// Counts what settling costs.
    fn settled(&mut self, load: &Load, told: Millis, calls: Millis) {
        let members = load.messages().len() as f64;
        let counted = &mut self.answers.counted;
        let (began, outcomes) = &mut self.settling;
        if told - *began <= TOGETHER && *outcomes < ENTRIES {
            *outcomes += 1;
        } else {
            (*began, *outcomes) = (told, 1);
            counted.settles += 1;
            counted.settle_millis +=
                ((calls + 1) * self.setup.calls.each.as_millis() as Millis).unsigned_abs();
        }
        let batch = match load {
            Load::One(_) => 0.0,
            Load::Many(messages) => units::of_batch(messages.len()),
        };
        let rows = if self.turns.is_ordered() {
            4.0 * members
        } else {
            members
        };
        // The slot that is freed, the rows, and the batch that is forgotten.
        counted.write_units += 1.0 + rows + batch;
        counted.read_units += 1.0
            + match load {
                Load::One(_) => 0.0,
                Load::Many(_) => members + batch / 4.0,
            };
    }

    /// Returns with which error an object event fails, if it does.
    fn failure(&mut self, message: &Message) -> Option<usize> {
        if message.doomed > 0 {
            return Some(usize::from(message.doomed) - 1);
        }
        let failures = self.setup.executions.failures.iter().enumerate();
        let mut left = self.rng.f64();
        for (index, failure) in failures.filter(|(_, failure)| !failure.always) {
            if left < failure.share {
                return Some(index);
            }
            left -= failure.share;
        }
        None
    }

    fn fails(&mut self, message: &Message, failure: usize, told: Millis) {
        let call = self.call();
        self.answers.counted.read_units += 1.0;
        self.answers.counted.sends += 1;
        match delay(&self.setup.retry, message.attempt.into()) {
            Some(delay) => {
                let sent = told + 2 * call + call / 2;
                let next = Message {
                    attempt: message.attempt + 1,
                    called: false,
                    ..*message
                };
                self.calendar.put(sent + delay, Event::Visible(next));
            }
            None => {
                self.answers.dead += 1;
                if let Some(dead) = self.answers.dead_by_failure.get_mut(failure) {
                    *dead += 1;
                }
                self.done(message);
            }
        }
    }

    /// An object event is worked on, dead, or passed over.
    pub(super) fn done(&mut self, message: &Message) {
        self.open -= 1;
        self.answers.drained = Some(self.now);
        if let Some(wave) = self.answers.waves.get_mut(usize::from(message.wave)) {
            wave.left = wave.left.saturating_sub(1);
            wave.done = Some(self.now);
        }
    }
}

/// Returns how long the next attempt waits, in milliseconds. `None`: there is none.
fn delay(policy: &RetryPolicy, attempt: u32) -> Option<Millis> {
    let tried = Tried {
        attempt,
        uncounted: 0,
    };
    match settlement(Status::Failed, tried, None, policy) {
        Settlement::Retry { delay_seconds, .. } => Some(Millis::from(delay_seconds) * 1_000),
        _ => None,
    }
}
