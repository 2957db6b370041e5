//! Calls about items of the ledger: reads share requests, and so do writes of one kind.

use std::collections::{BTreeSet, HashSet};

use futures_util::future::FutureExt;
use spillway::execution::outcome::Outcome;
use spillway::pace::layout::Layout;
use spillway::protocol::call::{self, Answer, Call, Claim, Item, Written};
use spillway::record::head::Head;
use spillway::record::row::{Row, RowKey, State};
use spillway::record::slot::Slot;

use super::{Answered, Shell, Tag, UnderWay, answered};
use crate::error::AwsError;
use crate::ledger::{Finish, Heads};

/// Rows, heads and slots to read.
#[derive(Debug, Default)]
pub(super) struct Reads {
    rows: Vec<(Tag, Read)>,
    slots: Vec<(Tag, String)>,
}

#[derive(Debug)]
enum Read {
    One {
        row: RowKey,
        head: bool,
        also: Vec<RowKey>,
    },
    Rows(Vec<RowKey>),
}

impl Reads {
    pub fn add(&mut self, tag: Tag, call: Call) {
        match call {
            Call::Read { row, head, also } => {
                self.rows.push((tag, Read::One { row, head, also }));
            }
            Call::ReadRows(keys) => self.rows.push((tag, Read::Rows(keys))),
            Call::ReadSlot(execution) => self.slots.push((tag, execution)),
            _ => {}
        }
    }

    pub fn submit<'a>(self, shell: &'a Shell, requests: &mut Vec<UnderWay<'a>>) {
        if !self.rows.is_empty() {
            requests.push(shell.read_rows(self.rows).boxed());
        }
        if !self.slots.is_empty() {
            requests.push(shell.read_slots(self.slots).boxed());
        }
    }
}

/// Returns an item as a machine takes it.
fn item<T>(found: Option<Result<T, AwsError>>) -> Item<T> {
    found.transpose().map_err(|problem| problem.to_string())
}

impl Shell {
    async fn read_rows(&self, reads: Vec<(Tag, Read)>) -> Vec<Answered> {
        let mut keys = Vec::new();
        let mut heads = BTreeSet::new();
        for (_, read) in &reads {
            match read {
                Read::One { row, head, also } => {
                    if *head {
                        heads.insert(row.pk.clone());
                    }
                    keys.push(row.clone());
                    keys.extend(also.iter().cloned());
                }
                Read::Rows(rows) => keys.extend(rows.iter().cloned()),
            }
        }
        match self.ledger.rows_and_heads(&keys, &heads).await {
            Ok((mut rows, heads)) => {
                // Two machines can ask for one row.
                let mut asked = HashSet::new();
                let once = keys.iter().all(|key| asked.insert(key));
                let mut row = |key: &RowKey| match once {
                    true => rows.remove(key),
                    false => rows.get(key).cloned(),
                };
                let answers = reads.into_iter();
                answers
                    .map(|(tag, read)| answered(tag, Ok(answer(read, &mut row, &heads))))
                    .collect()
            }
            Err(problem) => {
                let failed = reads.into_iter();
                failed
                    .map(|(tag, _)| answered(tag, Err(problem.clone())))
                    .collect()
            }
        }
    }

    async fn read_slots(&self, reads: Vec<(Tag, String)>) -> Vec<Answered> {
        let names: BTreeSet<&str> = reads.iter().map(|(_, name)| name.as_str()).collect();
        let once = names.len() == reads.len();
        let mut slots = self.ledger.slots_of(&names).await;
        let mut slot = |name: &str| match &mut slots {
            Ok(slots) if once => slots.remove(name).transpose().map(Answer::Slot),
            Ok(slots) => slots.get(name).cloned().transpose().map(Answer::Slot),
            Err(problem) => Err(problem.clone()),
        };
        let answers = reads.iter();
        answers
            .map(|(tag, name)| answered(*tag, slot(name)))
            .collect()
    }

    /// Makes a call about an item that shares no request.
    pub(super) async fn one_item(&self, call: Call) -> Result<Answer, AwsError> {
        let now = self.clock.now();
        let written = |done: bool| {
            Answer::Written(if done {
                Written::Now
            } else {
                Written::Lost(None)
            })
        };
        let done = |()| Answer::Done;
        match call {
            Call::ReadObject(pk) => {
                let (story, _) = self.ledger.story(&pk, true).await?;
                let rows = story.into_iter().map(|story| Ok(Some(story.row)));
                Ok(Answer::Rows(rows.collect()))
            }
            Call::ReadHead(pk) => self.ledger.head(&pk).await.map(Answer::Head),
            Call::ReadBatch(execution) => self.ledger.batch(&execution).await.map(Answer::Batch),
            Call::Enqueue { event, lane } => {
                let written = self.ledger.enqueue(&event, lane.as_deref(), now).await;
                written.map(Answer::Written)
            }
            Call::TakeTurn { claim, head } => {
                let taken = self.ledger.take_turn(&claim, &head, now);
                taken.await.map(written)
            }
            Call::Wait { claim, tenant } => {
                let waits = self.ledger.wait(&claim, tenant.as_deref(), now);
                waits.await.map(Answer::Written)
            }
            Call::ReadWaiters { pk, which } => {
                let waiters = self.ledger.waiters(&pk, which);
                waiters.await.map(Answer::Waiters)
            }
            Call::PutWaiter {
                pk,
                version,
                attempt,
            } => {
                let put = self.ledger.put_waiter(&pk, &version, attempt);
                put.await.map(done)
            }
            Call::ForgetWaiter {
                pk,
                version,
                attempt,
            } => {
                let forgotten = self.ledger.forget_waiter(&pk, &version, attempt);
                forgotten.await.map(done)
            }
            Call::NameQueue { queue, token } => {
                let named = self.ledger.name_queue(&queue, &token, now);
                named.await.map(done)
            }
            Call::ForgetQueue { queue, token } => {
                let forgotten = self.ledger.forget_queue(&queue, &token);
                forgotten.await.map(done)
            }
            Call::ReadDeferred { queue, most } => {
                let deferred = self.ledger.deferred(&queue, most);
                deferred.await.map(Answer::Deferred)
            }
            Call::PutDeferred {
                place,
                row,
                attempt,
            } => {
                let put = self.ledger.put_deferred(&place, &row, attempt);
                put.await.map(done)
            }
            Call::ForgetDeferred { place, attempt } => {
                let forgotten = self.ledger.forget_deferred(&place, attempt);
                forgotten.await.map(done)
            }
            Call::Supersede(claim) => {
                let superseded = self.ledger.supersede(&claim, now, self.expires_at());
                superseded.await.map(Answer::Written)
            }
            Call::SupersedeWaiting(row) => {
                let superseded = self.ledger.supersede_waiting(&row, now, self.expires_at());
                superseded.await.map(done)
            }
            Call::Withdraw(row) => self.ledger.withdraw(&row).await.map(done),
            Call::WriteHead { pk, head, expires } => {
                let expires_at = expires.then(|| self.expires_at());
                self.ledger
                    .write_head(&pk, &head, expires_at)
                    .await
                    .map(written)
            }
            Call::FreeUnused(slot) => self.ledger.free_unused_slot(&slot).await.map(done),
            Call::PutSlot {
                slot,
                unless_in: Some(other),
            } => {
                let put = self.ledger.take_slot_unless_in(&slot, other);
                put.await.map(Answer::Written)
            }
            Call::MarkPending {
                execution,
                layout,
                pending,
            } => {
                let marked = self.ledger.mark_pending((&execution, layout), pending);
                marked.await.map(done)
            }
            Call::RenewSlot {
                execution,
                layout,
                generation,
            } => {
                let renewed = self.ledger.renew_slot((&execution, layout), generation);
                renewed.await.map(done)
            }
            Call::PutBatch {
                execution,
                candidates,
            } => self
                .ledger
                .put_batch(&execution, &candidates, now)
                .await
                .map(|batch| Answer::Batch(Some(batch))),
            Call::FixBatch { execution, members } => self
                .ledger
                .fix_batch(&execution, &members)
                .await
                .map(Answer::Batch),
            // All others share requests.
            _ => Ok(Answer::Unclear),
        }
    }
}

/// Returns the answer to a read, out of the answer to all together.
fn answer(
    read: Read,
    row: &mut impl FnMut(&RowKey) -> Option<Result<Row, AwsError>>,
    heads: &Heads,
) -> Answer {
    match read {
        Read::Rows(keys) => Answer::Rows(keys.iter().map(|key| item(row(key))).collect()),
        Read::One {
            row: key,
            head,
            also,
        } => Answer::Read(Box::new(call::Read {
            head: match head {
                true => item::<Head>(heads.get(&key.pk).cloned()),
                false => Ok(None),
            },
            also: also.iter().filter_map(|key| row(key)?.ok()).collect(),
            row: item(row(&key)),
        })),
    }
}

/// The end of an execution, for a row.
#[derive(Debug)]
struct Finishing {
    row: RowKey,
    state: State,
    outcome: Outcome,
    uncounted: u32,
}

/// Slots, claims and ends to write.
#[derive(Debug, Default)]
pub(super) struct Writes {
    slots: (Vec<Tag>, Vec<Slot>),
    claims: (Vec<Tag>, Vec<Claim>),
    finishes: (Vec<Tag>, Vec<Finishing>),
    frees: (Vec<Tag>, Vec<(String, Layout)>),
    batches: (Vec<Tag>, Vec<String>),
}

impl Writes {
    pub fn add(&mut self, tag: Tag, call: Call) {
        fn to<T>((tags, things): &mut (Vec<Tag>, Vec<T>), tag: Tag, thing: T) {
            tags.push(tag);
            things.push(thing);
        }
        match call {
            Call::PutSlot { slot, .. } => to(&mut self.slots, tag, slot),
            Call::Claim(claim) => to(&mut self.claims, tag, claim),
            Call::Finish {
                row,
                state,
                outcome,
                uncounted,
            } => {
                let finishing = Finishing {
                    row,
                    state,
                    outcome,
                    uncounted,
                };
                to(&mut self.finishes, tag, finishing);
            }
            Call::FreeSlot { execution, layout } => to(&mut self.frees, tag, (execution, layout)),
            Call::ForgetBatch(execution) => to(&mut self.batches, tag, execution),
            _ => {}
        }
    }

    pub fn submit<'a>(self, shell: &'a Shell, requests: &mut Vec<UnderWay<'a>>) {
        let now = shell.clock.now();
        let (tags, slots) = self.slots;
        if !tags.is_empty() {
            let put = async move { of_all(tags, shell.ledger.take_slots(slots).await, written) };
            requests.push(put.boxed());
        }
        let (tags, claims) = self.claims;
        if !tags.is_empty() {
            let claimed =
                async move { of_all(tags, shell.ledger.claim_all(claims, now).await, written) };
            requests.push(claimed.boxed());
        }
        let (tags, finishes) = self.finishes;
        if !tags.is_empty() {
            let finished = async move { of_all(tags, shell.finish(&finishes).await, written) };
            requests.push(finished.boxed());
        }
        let (tags, frees) = self.frees;
        if !tags.is_empty() {
            let freed = async move {
                let slots = frees
                    .iter()
                    .map(|(execution, layout)| (execution.as_str(), *layout));
                let freed = shell.ledger.free_slots(slots.collect()).await;
                of_all(tags, freed, |()| Answer::Done)
            };
            requests.push(freed.boxed());
        }
        let (tags, batches) = self.batches;
        if !tags.is_empty() {
            let forgotten = async move {
                let executions = batches.iter().map(String::as_str).collect();
                let forgotten = shell.ledger.forget_batches(executions).await;
                of_all(tags, forgotten, |()| Answer::Done)
            };
            requests.push(forgotten.boxed());
        }
    }
}

fn written(written: Written) -> Answer {
    Answer::Written(written)
}

/// Returns the answers to calls that shared requests.
fn of_all<T>(
    tags: Vec<Tag>,
    results: Vec<Result<T, AwsError>>,
    answer: fn(T) -> Answer,
) -> Vec<Answered> {
    let results = tags.into_iter().zip(results);
    results
        .map(|(tag, result)| answered(tag, result.map(answer)))
        .collect()
}

impl Shell {
    async fn finish(&self, finishes: &[Finishing]) -> Vec<Result<Written, AwsError>> {
        let now = self.clock.now();
        let finishes = finishes.iter().map(|finishing| {
            let finish = Finish {
                state: finishing.state,
                outcome: &finishing.outcome,
                uncounted: finishing.uncounted,
                now,
                expires_at: finishing.state.is_finished().then(|| self.expires_at()),
            };
            (&finishing.row, finish)
        });
        self.ledger.finish_all(finishes.collect()).await
    }
}
