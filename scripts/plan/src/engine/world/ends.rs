//! Executions that end. Their outcomes are settled, and failed attempts are made again.

use spillway::Millis;
use spillway::execution::outcome::Status;
use spillway::pace::layout::Shard;
use spillway::record::row::Tried;
use spillway::rules::retry::{RetryPolicy, Settlement, settlement};

use super::target::Settled;
use super::{ENTRIES, Event, Load, OneSlot, Running, World};
use crate::engine::queue::Message;
use crate::engine::setup::Attempt;
use crate::engine::units;

/// Outcomes that come within this time are settled by one invocation, in milliseconds.
const TOGETHER: Millis = 5;

impl World<'_> {
    /// Ends an execution and settles it: its slot is read, its rows written, a retry sent, the slot
    /// freed.
    pub(super) fn execution_ends(&mut self, number: usize) {
        let Some(ended) = self.executions.take(number) else {
            return;
        };
        let health = self.ended(&ended);
        let Running {
            load,
            shard,
            refused,
            ..
        } = ended;
        let call = self.call();
        self.running -= 1;
        self.look();
        let told = self.now + self.setup.calls.outcome.as_millis() as Millis + call / 2;
        let of_target = refused.then_some(self.setup.executions.failures.len());
        let fails = |message| self.attempt(message).fails(&self.setup.executions);
        let failures = load.messages().iter();
        let failures: Vec<Option<usize>> = failures
            .map(|message| of_target.or_else(|| fails(message)))
            .collect();
        // The report about some of its objects says nothing about the target.
        let is_own = refused || matches!(load, Load::One(_));
        let fails = failures.iter().any(Option::is_some);
        // The slot is read, the members of a batch, and rows whose attempt matters. Then messages
        // are sent, rows written, and a batch forgotten.
        let is_batch = matches!(load, Load::Many(_));
        let reads_rows = is_batch || fails || self.setup.events_per_execution > 1;
        let read = 1 + Millis::from(is_batch) + Millis::from(reads_rows);
        let written = units::of_rows(load.messages().len());
        let calls = read + Millis::from(fails) + written + Millis::from(is_batch);
        let sent = told + read * call + call / 2;
        let mut again = false;
        for (message, failure) in load.messages().iter().zip(failures) {
            match failure {
                None => {
                    self.answers.succeeded += 1;
                    self.done(message);
                }
                Some(failure) => again = self.fails(message, failure, is_own, sent),
            }
        }
        let invocation = self.settled(&load, told, calls);
        let settled = invocation.map(|invocation| Settled {
            invocation,
            ended: health,
        });
        if let (true, Load::One(message)) = (self.turns.is_ordered(), &load) {
            // Its head is read, and then written.
            let written_at = told + (calls + 1) * call + call / 2;
            let passes = Event::Passes {
                message: *message,
                again,
                shard,
                settled,
            };
            return self.calendar.put(written_at, passes);
        }
        let freed_at = told + calls * call + call / 2;
        let freed = self.slot_of(&load, shard);
        self.calendar.put(freed_at, Event::SlotFreed(freed));
        self.settles_last(settled, freed_at + call);
    }

    /// Ends the settling of an outcome at a time, if the pace adapts.
    fn settles_last(&mut self, settled: Option<Settled>, at: Millis) {
        if let Some(settled) = settled {
            self.calendar.put(at, Event::Settled(settled));
        }
    }

    /// Takes the turn of an object from an execution that has ended, and asks for the next version.
    /// Then its slot is freed.
    pub(super) fn passes(
        &mut self,
        message: &Message,
        again: bool,
        shard: Shard,
        settled: Option<Settled>,
    ) {
        let call = self.call();
        let passed = self.turns.ended(message, again);
        let freed_at = self.now + (passed.calls - 1) * call;
        if let Some(next) = passed.next {
            self.answers.counted.sends += 1;
            self.answers.counted.write_units += 1.0;
            let sent = freed_at - call;
            self.calendar
                .put(sent, Event::Visible(Message { sent, ..next }));
        }
        let freed = self.slot_of(&Load::One(*message), shard);
        self.calendar.put(freed_at, Event::SlotFreed(freed));
        self.settles_last(settled, freed_at + call);
    }

    /// Returns the slot of an execution.
    pub(super) fn slot_of(&self, load: &Load, shard: Shard) -> OneSlot {
        let first = load.messages().first();
        OneSlot {
            shard,
            lane: load.lane(),
            tenant: first.map_or(0, |first| self.tenant_of(first)),
        }
    }

    /// Counts the costs of settling. Returns the invocation that settles, if the pace adapts.
    fn settled(&mut self, load: &Load, told: Millis, calls: Millis) -> Option<usize> {
        let adapts = self.setup.adapt.is_some();
        let members = load.messages().len() as f64;
        let counted = &mut self.answers.counted;
        let (began, outcomes) = &mut self.settling;
        let anew = told - *began > TOGETHER || *outcomes >= ENTRIES;
        if !anew {
            *outcomes += 1;
        } else {
            (*began, *outcomes) = (told, 1);
            counted.settles += 1;
            // One write for the health of the target.
            let of_health = u8::from(adapts);
            counted.write_units += f64::from(of_health);
            let calls = calls + 1 + Millis::from(of_health);
            counted.settle_millis +=
                (calls * self.setup.calls.each.as_millis() as Millis).unsigned_abs();
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
        adapts.then(|| self.adapting.settles(anew))
    }

    /// Returns the attempt that a message asked for.
    pub(super) fn attempt(&self, message: &Message) -> Attempt {
        Attempt {
            seed: self.setup.seed,
            upload: message.upload,
            number: message.attempt,
            doomed: self.upload_of(message).map_or(0, |upload| upload.doomed),
        }
    }

    /// Settles a failed attempt. `is_own`: its execution failed, and reported nothing. Returns
    /// whether there is another attempt.
    fn fails(&mut self, message: &Message, failure: usize, is_own: bool, sent: Millis) -> bool {
        self.answers.counted.read_units += 1.0;
        self.answers.counted.sends += 1;
        let uncounted_max = self.uncounted_max(failure).filter(|_| is_own);
        let again = again(&self.setup.retry, message, uncounted_max);
        match again {
            Some((delay, uncounted)) => {
                self.answers.uncounted += u64::from(uncounted - message.uncounted);
                let next = Message {
                    sent,
                    attempt: message.attempt + 1,
                    uncounted,
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
        again.is_some()
    }

    /// Takes in that an object event is processed, dead, or passed over.
    pub(super) fn done(&mut self, message: &Message) {
        self.open -= 1;
        self.answers.drained = Some(self.now);
        let tenant = self.tenant_of(message);
        self.answers.by_tenant.done(tenant, self.now);
        let wave = self.upload_of(message).map_or(0, |upload| upload.wave);
        if let Some(wave) = self.answers.waves.get_mut(usize::from(wave)) {
            wave.left = wave.left.saturating_sub(1);
            wave.done = Some(self.now);
        }
    }
}

/// Returns how long the next attempt waits, in milliseconds, and how many do not count. `None`:
/// there is none. `uncounted_max`: the target took no more.
fn again(
    policy: &RetryPolicy,
    message: &Message,
    uncounted_max: Option<u32>,
) -> Option<(Millis, u16)> {
    let tried = Tried {
        attempt: message.attempt.into(),
        uncounted: message.uncounted.into(),
    };
    match settlement(Status::Failed, tried, uncounted_max, policy) {
        Settlement::Retry {
            delay_seconds,
            uncounted,
            ..
        } => Some((
            Millis::from(delay_seconds) * 1_000,
            u16::try_from(uncounted).unwrap_or(u16::MAX),
        )),
        _ => None,
    }
}
