//! A redrive message by message: for a selection, and for queues that SQS itself does not redrive.
//!
//! A message is deleted only after its delivery. One that does not match, or fails, stays: it is
//! hidden from this run while it goes on, and visible again at its end. A dead-letter queue has no
//! limit of receives.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::Message;
use serde_json::{Value, json};

use super::letters::{
    BATCH, Destination, HIDDEN_SECONDS, contents, delete, give_back, id, receive,
};
use super::queue::Found;
use super::selection::{Looked, Selection};
use super::stop::Stop;
use super::told::{Progress, SAMPLE, Told};
use crate::answer::count;
use crate::connect::Connected;
use crate::fault::Fault;
use crate::time;

/// A queue hands out no more when 120,000 are received and not deleted.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const MOST_HELD: usize = 100_000;

/// The task of a pass.
#[derive(Debug, Clone)]
pub struct Task<'a> {
    pub source: &'a Found,
    pub deliver: &'a Deliver<'a>,
    pub selection: &'a Selection,
    pub velocity: Option<u32>,
    pub dry_run: bool,
    pub told: Told,
}

/// The act on a chosen message.
#[derive(Debug, Clone)]
pub enum Deliver<'a> {
    To(&'a Destination),
    /// It is dropped, once that is recorded.
    Drop(&'a super::discard::Discarding<'a>),
}

impl Deliver<'_> {
    async fn deliver(
        &self,
        connected: &Connected,
        source: &Found,
        messages: &[Message],
    ) -> Result<HashMap<String, String>, Fault> {
        match self {
            Self::To(destination) => destination.deliver(connected, messages).await,
            Self::Drop(discarding) => discarding
                .record(source, messages)
                .await
                .map(|()| HashMap::new()),
        }
    }

    fn done(&self) -> &'static str {
        match self {
            Self::To(_) => "moved",
            Self::Drop(_) => "dropped",
        }
    }

    fn would(&self) -> &'static str {
        match self {
            Self::To(_) => "move",
            Self::Drop(_) => "drop",
        }
    }
}

/// One pass through a queue. Messages that come in meanwhile stay: they can be moved ones that have
/// failed again.
pub struct Pass<'a> {
    connected: &'a Connected,
    task: Task<'a>,
    looked: &'a mut Looked,
    began: i64,
    looked_at: u64,
    moved: u64,
    later: u64,
    without_attempt: u64,
    failures: Vec<String>,
    shown: Vec<String>,
    /// Receipts of the messages that stay, by message id.
    held: HashMap<String, String>,
}

impl<'a> Pass<'a> {
    pub fn new(connected: &'a Connected, task: Task<'a>, looked: &'a mut Looked) -> Self {
        Self {
            connected,
            task,
            looked,
            began: time::now(),
            looked_at: 0,
            moved: 0,
            later: 0,
            without_attempt: 0,
            failures: Vec::new(),
            shown: Vec::new(),
            held: HashMap::new(),
        }
    }

    pub async fn go(mut self, stop: &Stop) -> Result<Value, Fault> {
        let gone = self.go_through(stop).await;
        let receipts: Vec<String> = self.held.values().cloned().collect();
        give_back(self.connected, &self.task.source.url, &receipts).await;
        if let Err(fault) = gone {
            let moved = count(self.moved, "message");
            let name = self.task.source.name();
            self.task.told.line(&format!(
                "an error ended this after {moved}; the rest is still in {name}"
            ));
            return Err(fault);
        }
        self.report(stop.asked())
    }

    async fn go_through(&mut self, stop: &Stop) -> Result<(), Fault> {
        let narrows = self.task.selection.narrows();
        let done = self.task.deliver.done();
        let mut progress = Progress::new(self.task.told, if narrows { "looked at" } else { done });
        let mut known_in_a_row = 0;
        // Those held for long come again; among many, several answers in turn can hold nothing new.
        while !stop.asked() && known_in_a_row <= 3 + self.held.len() / BATCH {
            let received = receive(self.connected, &self.task.source.url, HIDDEN_SECONDS).await?;
            if received.is_empty() {
                break;
            }
            let mut new = Vec::new();
            for message in received {
                let receipt = message.receipt_handle.clone().unwrap_or_default();
                if self.held.insert(id(&message).to_owned(), receipt).is_none() {
                    new.push(message);
                }
            }
            known_in_a_row = if new.is_empty() {
                known_in_a_row + 1
            } else {
                0
            };
            self.looked_at += new.len() as u64;
            let chosen: Vec<Message> = new
                .into_iter()
                .filter(|message| self.is_chosen(message))
                .collect();
            if self.task.dry_run {
                self.moved += chosen.len() as u64;
            } else {
                self.deliver(chosen, stop).await?;
            }
            let total = self.task.source.waiting.max(self.looked_at);
            match narrows {
                true => progress.show(
                    self.looked_at,
                    total,
                    &format!(", {} of them {done}", self.moved),
                ),
                false => progress.show(self.moved, total, ""),
            }
            if self.held.len() > MOST_HELD {
                progress.end();
                return Err(Fault::failed(format!(
                    "{} looked at, {} {done}: {MOST_HELD} that do not match are held back, and SQS allows 120,000. Select more, or move \
                     everything",
                    self.looked_at, self.moved
                )));
            }
        }
        progress.end();
        Ok(())
    }

    fn is_chosen(&mut self, message: &Message) -> bool {
        let about = contents(message);
        if about.sent_at > self.began {
            self.later += 1;
            return false;
        }
        self.looked.found(&about.objects);
        if !self
            .task
            .selection
            .takes(&about.objects, about.sent_at, &about.error)
        {
            return false;
        }
        self.without_attempt += u64::from(about.without_attempt);
        if self.shown.len() < SAMPLE {
            self.shown.push(about.to_string());
        }
        true
    }

    /// Delivers messages, with a velocity one by one, so that a Ctrl-C need not wait for ten.
    async fn deliver(&mut self, chosen: Vec<Message>, stop: &Stop) -> Result<(), Fault> {
        let step = if self.task.velocity.is_some() {
            1
        } else {
            BATCH
        };
        for now in chosen.chunks(step) {
            if stop.asked() {
                break;
            }
            let began = Instant::now();
            let source = self.task.source;
            let failed = self
                .task
                .deliver
                .deliver(self.connected, source, now)
                .await?;
            let done: Vec<Message> = now
                .iter()
                .filter(|message| !failed.contains_key(id(message)))
                .cloned()
                .collect();
            if !done.is_empty() {
                delete(self.connected, source, &done).await?;
            }
            for message in &done {
                self.held.remove(id(message));
            }
            self.moved += done.len() as u64;
            self.failures.extend(failed.into_values());
            if let Some(velocity) = self.task.velocity {
                let due = Duration::from_secs_f64(now.len() as f64 / f64::from(velocity));
                tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
            }
        }
        Ok(())
    }

    fn report(self, stopped: bool) -> Result<Value, Fault> {
        let name = self.task.source.name();
        let told = self.task.told;
        let done = self.task.deliver.done();
        let moved = count(self.moved, "message");
        let looked = match self.task.selection.narrows() {
            true => format!(" of {} looked at", self.looked_at),
            false => String::new(),
        };
        warn_of_attempts(self.without_attempt);
        // SQS hands out nothing of a group as long as one before it is held.
        let not_reached = match self.task.source.is_fifo() {
            true => self.task.source.waiting.saturating_sub(self.looked_at),
            false => 0,
        };
        let behind = format!(
            "{} of {name} could not be looked at: in a FIFO queue SQS hands out nothing behind one of the same group that stays. Choose \
             that one too, or move everything",
            count(not_reached, "message")
        );
        let json = json!({
            "queue": name, "looked_at": self.looked_at, done: self.moved, "came_meanwhile": self.later,
            "failed": self.failures.len(), "not_reached": not_reached, "dry_run": self.task.dry_run, "examples": self.shown,
        });
        if stopped {
            told.line(&format!(
                "stopped after {moved}; the rest is still in {name}. Run this again to go on."
            ));
            return Err(Fault::Stopped("stopped".to_owned()));
        }
        if self.task.dry_run {
            let would = self.task.deliver.would();
            told.line(&format!("would {would} {moved}{looked} from {name}"));
            told.sample(&self.shown, self.moved);
            if not_reached > 0 {
                told.line(&behind);
            }
            return Ok(json);
        }
        told.line(&format!("{moved}{looked} {done} from {name}"));
        if self.later > 0 {
            let later = count(self.later, "message");
            told.line(&format!("{later} came while this ran and stay: look at their reason before you run this again"));
        }
        match self.failures.first() {
            None if not_reached > 0 => Err(Fault::failed(behind)),
            None => Ok(json),
            Some(first) => {
                let failed = count(self.failures.len() as u64, "message");
                Err(Fault::failed(format!(
                    "{failed} failed and stay in {name}; the first: {first}"
                )))
            }
        }
    }
}

/// Warns of messages that a redrive does not help.
pub fn warn_of_attempts(number: u64) {
    if number > 0 {
        let messages = count(number, "message");
        eprintln!(
            "warning: {messages} put there by hand without the attribute attempt. dispatch takes that for attempt 1, and drops it if the \
             ledger knows one. Use `spillway replay`, or send it again with its attempt"
        );
    }
}
