//! Calls about messages: those to one queue share requests.

use futures_util::future::FutureExt;
use spillway::message::outgoing::Outgoing;
use spillway::protocol::call::{Answer, Call, Queue as To};

use super::{Answered, Shell, Tag, UnderWay, absent, answered};
use crate::queue::{ENTRIES, Queue};

/// Calls that share requests: their common key, and the subject of each.
type Group<K, T> = (K, Vec<Tag>, Vec<T>);

/// Messages to send, to delete and to hide.
#[derive(Debug, Default)]
pub(super) struct Messages {
    send: Vec<Group<To, Outgoing>>,
    delete: Vec<Group<usize, String>>,
    hide: Vec<Group<(usize, u32), String>>,
}

/// Adds to the group with this key.
fn group<K: PartialEq, T>(groups: &mut Vec<Group<K, T>>, key: K, tag: Tag, thing: T) {
    match groups.iter_mut().find(|(other, _, _)| *other == key) {
        Some((_, tags, things)) => {
            tags.push(tag);
            things.push(thing);
        }
        None => groups.push((key, vec![tag], vec![thing])),
    }
}

impl Messages {
    pub fn add(&mut self, tag: Tag, call: Call) {
        match call {
            Call::Send { to, message } => group(&mut self.send, to, tag, message),
            Call::Delete { lane, receipt } => group(&mut self.delete, lane, tag, receipt),
            Call::Hide {
                lane,
                receipt,
                seconds,
            } => group(&mut self.hide, (lane, seconds), tag, receipt),
            _ => {}
        }
    }

    pub fn submit<'a>(self, shell: &'a Shell, requests: &mut Vec<UnderWay<'a>>) {
        for (to, mut tags, mut messages) in self.send {
            // A FIFO queue gets them in their order; to another they go side by side.
            let fifo = shell.queue(to).is_some_and(Queue::is_fifo);
            while !fifo && messages.len() > ENTRIES {
                let last = messages.len() - ENTRIES;
                let (tags, messages) = (tags.split_off(last), messages.split_off(last));
                requests.push(shell.send(to, tags, messages).boxed());
            }
            requests.push(shell.send(to, tags, messages).boxed());
        }
        // One that is not deleted or hidden comes again, and is found stale: so these calls never
        // fail.
        for (lane, tags, receipts) in self.delete {
            let done = async move {
                if let Some(lane) = shell.lanes.get(lane) {
                    lane.events.delete(&receipts).await;
                }
                all_done(tags)
            };
            requests.push(done.boxed());
        }
        for ((lane, seconds), tags, receipts) in self.hide {
            let done = async move {
                if let Some(lane) = shell.lanes.get(lane) {
                    lane.events.hide(&receipts, seconds).await;
                }
                all_done(tags)
            };
            requests.push(done.boxed());
        }
    }
}

fn all_done(tags: Vec<Tag>) -> Vec<Answered> {
    let done = tags.into_iter().map(|tag| answered(tag, Ok(Answer::Done)));
    done.collect()
}

impl Shell {
    fn queue(&self, to: To) -> Option<&Queue> {
        match to {
            To::Events(lane) => self.lanes.get(lane).map(|lane| &lane.events),
            To::DeadLetters(lane) => self.lanes.get(lane).map(|lane| &lane.dead_letters),
            To::Outcomes => self.outcomes.as_ref(),
            To::OutcomesDeadLetters => self.outcomes_dead_letters.as_ref(),
        }
    }

    async fn send(&self, to: To, tags: Vec<Tag>, messages: Vec<Outgoing>) -> Vec<Answered> {
        let results = match self.queue(to) {
            Some(queue) => queue.send_all(&messages).await,
            None => {
                let none = |_| Err(absent("sending a message"));
                messages.iter().map(none).collect()
            }
        };
        let results = tags.into_iter().zip(results);
        results
            .map(|(tag, result)| answered(tag, result.map(|()| Answer::Done)))
            .collect()
    }
}
