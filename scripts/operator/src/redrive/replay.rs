//! `replay`: a message for attempt k + 1 of finished rows, so that they come by the same bounded
//! path as all others.
//!
//! It is safe to ask often: each reader of attempt k asks for k + 1, and dispatch claims an attempt
//! once.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use aws::ledger::{Ledger, RowSeen};
use aws::queue::{ENTRIES, Queue};
use futures_util::future::join_all;
use serde_json::{Value, json};
use spillway::Millis;
use spillway::event::time::iso;
use spillway::message::outgoing::{Asking, Cause, Outgoing};
use spillway::record::head::Head;
use spillway::record::row::{RowKey, State};
use spillway::record::version::{reported, row_of};
use spillway::rules::order::Order;

use super::selection::{Looked, Selection};
use super::stop::Stop;
use super::told::{Progress, SAMPLE, Told};
use super::ways::Rows;
use crate::answer::count;
use crate::connect::Connected;
use crate::fault::Fault;

/// Rows read again at once: with their objects' heads no more than the 100 keys of a BatchGetItem.
const CHUNK: usize = 50;
/// Segments of a scan that are read at once; below this size one is enough.
const SEGMENTS: u32 = 8;
const SMALL_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes that one read unit reads, eventually consistent.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html>
const UNIT_BYTES: u64 = 8 * 1024;

/// The task of a replay. `selection.until` is set: a later end can be of an attempt that this run,
/// or one before it, asked for.
#[derive(Debug, Clone)]
pub struct Task {
    pub place: Rows,
    pub selection: Selection,
    pub states: Vec<State>,
    pub lane: Option<String>,
    pub velocity: Option<u32>,
    pub dry_run: bool,
    pub until: Millis,
    pub told: Told,
}

pub struct Replay<'a> {
    connected: &'a Connected,
    ledger: Ledger,
    task: Task,
    looked: &'a mut Looked,
    by_state: BTreeMap<&'static str, u64>,
    /// Finished when they were found, and not any more.
    moved_on: u64,
    /// Of objects of which a newer version was taken, in a pipeline with order latest.
    older: u64,
    /// Dropped for good by a person, and not named.
    discarded: u64,
    unreadable: Vec<String>,
    failures: Vec<String>,
    shown: Vec<String>,
    units: f64,
}

impl<'a> Replay<'a> {
    pub fn new(connected: &'a Connected, task: Task, looked: &'a mut Looked) -> Self {
        Self {
            ledger: Ledger::new(connected.dynamodb.clone(), task.place.table.clone()),
            connected,
            task,
            looked,
            by_state: BTreeMap::new(),
            moved_on: 0,
            older: 0,
            discarded: 0,
            unreadable: Vec::new(),
            failures: Vec::new(),
            shown: Vec::new(),
            units: 0.0,
        }
    }

    pub async fn go(mut self) -> Result<Value, Fault> {
        self.check()?;
        let stop = Stop::heard()?;
        if let Err(fault) = self.go_through(&stop).await {
            if !self.task.dry_run {
                let until = iso(self.task.until);
                self.task.told.line(&format!(
                    "an error ended this after {}: go on with --until {until}",
                    self.done()
                ));
            }
            return Err(fault);
        }
        self.report(stop.asked())
    }

    fn check(&self) -> Result<(), Fault> {
        let Task {
            place,
            states,
            lane,
            ..
        } = &self.task;
        if place.order == Order::Latest && states.iter().all(|state| *state == State::Superseded) {
            return Err(Fault::failed(
                "with order latest no older version starts after a newer one: a SUPERSEDED one would be superseded again. Replay the object's \
                 newest version: --object, with --state SUCCEEDED or DEAD",
            ));
        }
        let names: Vec<&str> = place.lanes.iter().map(|(name, _)| name.as_str()).collect();
        match lane {
            Some(lane) if !names.contains(&lane.as_str()) => Err(Fault::failed(format!(
                "the pipeline has no lane {lane}: its lanes are {}",
                names.join(", ")
            ))),
            _ => Ok(()),
        }
    }

    async fn go_through(&mut self, stop: &Stop) -> Result<(), Fault> {
        let mut progress = Progress::new(self.task.told, "asked for");
        let mut waiting: Vec<RowSeen> = Vec::new();
        if self.task.selection.objects.is_empty() {
            let bytes = self
                .ledger
                .bytes()
                .await
                .map_err(|error| self.no_ledger(error.into()))?;
            let table = &self.task.place.table;
            self.task.told.line(&format!(
                "reading all of {table}: some {} read units",
                bytes.div_ceil(UNIT_BYTES)
            ));
            let segments = if bytes < SMALL_BYTES { 1 } else { SEGMENTS };
            let mut from: Vec<Option<Option<RowKey>>> = vec![Some(None); segments as usize];
            // One page of every segment at a time, so that no more is read ahead than is processed.
            while from.iter().any(Option::is_some) && !stop.asked() {
                let open = from
                    .iter()
                    .enumerate()
                    .filter_map(|(segment, from)| Some((segment as u32, from.as_ref()?)));
                let prefix = self.task.selection.prefix.as_deref();
                let pages = open.map(|(segment, from)| {
                    let page = self.ledger.scan_rows(
                        &self.task.states,
                        prefix,
                        (segment, segments),
                        from.as_ref(),
                    );
                    async move { (segment, page.await) }
                });
                for (segment, page) in join_all(pages).await {
                    let page = page?;
                    self.units += page.units;
                    if let Some(from) = from.get_mut(segment as usize) {
                        *from = page.next.map(Some);
                    }
                    waiting.extend(self.matching(page.rows));
                }
                self.chunks(&mut waiting, CHUNK, stop, &mut progress)
                    .await?;
            }
        } else {
            for object in self.task.selection.objects.clone() {
                let seen = self
                    .ledger
                    .object_seen(&object)
                    .await
                    .map_err(|error| self.no_ledger(error.into()))?;
                self.units += seen.units;
                waiting.extend(self.matching(seen.rows));
                self.chunks(&mut waiting, CHUNK, stop, &mut progress)
                    .await?;
            }
        }
        self.chunks(&mut waiting, 1, stop, &mut progress).await?;
        progress.end();
        Ok(())
    }

    fn no_ledger(&self, fault: Fault) -> Fault {
        match fault.to_string().contains("ResourceNotFoundException") {
            true => Fault::failed(format!(
                "there is no ledger {} in this account and region: look at --region and --profile",
                self.task.place.table
            )),
            false => fault,
        }
    }

    /// Returns the rows that the selection takes.
    fn matching(&mut self, rows: Vec<Result<RowSeen, String>>) -> Vec<RowSeen> {
        let mut matching = Vec::new();
        for row in rows {
            let row = match row {
                Ok(row) => row,
                Err(problem) => {
                    self.unreadable.push(problem);
                    continue;
                }
            };
            self.looked.found([&row.key.pk]);
            let lane = self.task.lane.is_none() || row.row.lane == self.task.lane;
            let error = error(&row);
            let objects = [row.key.pk.clone()];
            let takes =
                self.task
                    .selection
                    .takes(&objects, row.finished_at.unwrap_or_default(), &error);
            if !lane || !takes || !self.task.states.contains(&row.row.state) {
                continue;
            }
            // A dropped object event comes back only if its object is named.
            if row.is_discarded() && self.task.selection.objects.is_empty() {
                self.discarded += 1;
            } else {
                matching.push(row);
            }
        }
        matching
    }

    /// Works off those that wait, as long as there are `least`.
    async fn chunks(
        &mut self,
        waiting: &mut Vec<RowSeen>,
        least: usize,
        stop: &Stop,
        progress: &mut Progress,
    ) -> Result<(), Fault> {
        while waiting.len() >= least && !waiting.is_empty() && !stop.asked() {
            let chunk: Vec<RowSeen> = waiting.drain(..waiting.len().min(CHUNK)).collect();
            self.chunk(chunk, stop).await?;
            progress.show(self.asked(), self.asked() + waiting.len() as u64, "");
        }
        Ok(())
    }

    fn asked(&self) -> u64 {
        self.by_state.values().sum()
    }

    /// Reads some rows again, strongly, and asks for the next attempt of those that have not
    /// changed.
    async fn chunk(&mut self, chunk: Vec<RowSeen>, stop: &Stop) -> Result<(), Fault> {
        let latest = self.task.place.order == Order::Latest;
        let keys: Vec<RowKey> = chunk.iter().map(|row| row.key.clone()).collect();
        let heads: Vec<String> = keys
            .iter()
            .filter(|_| latest)
            .map(|key| key.pk.clone())
            .collect();
        let (now, heads) = self.ledger.rows_seen(&keys, &heads).await?;
        self.units += (keys.len() + heads.len()) as f64;
        let now: HashMap<RowKey, RowSeen> = now
            .into_iter()
            .flatten()
            .map(|row| (row.key.clone(), row))
            .collect();
        let mut messages: Vec<(usize, State, Outgoing)> = Vec::new();
        for found in chunk {
            let Some(row) = now.get(&found.key) else {
                self.moved_on += 1;
                continue;
            };
            if (row.row.state, row.row.attempt) != (found.row.state, found.row.attempt) {
                self.moved_on += 1;
            } else if latest && is_newer(heads.get(&row.key.pk), row) {
                self.older += 1;
            } else {
                messages.push(self.message(row));
            }
        }
        for lane in 0..self.task.place.lanes.len() {
            let of_lane: Vec<(State, Outgoing)> = messages
                .iter()
                .filter(|(of, ..)| *of == lane)
                .map(|(_, state, message)| (*state, message.clone()))
                .collect();
            if self.task.dry_run {
                of_lane.iter().for_each(|(state, _)| self.count(*state));
            } else {
                self.send(lane, of_lane, stop).await;
            }
        }
        Ok(())
    }

    fn count(&mut self, state: State) {
        *self.by_state.entry(state.as_str()).or_default() += 1;
    }

    /// Returns the message that asks for a row's next attempt, and its lane.
    fn message(&mut self, row: &RowSeen) -> (usize, State, Outgoing) {
        let attempt = row.row.attempt + 1;
        // A lane that is gone, or not named: the first, as settle does it.
        let lane = self
            .task
            .place
            .lanes
            .iter()
            .position(|(name, _)| Some(name) == row.row.lane.as_ref());
        // Two runs have the same cause, for which a FIFO queue takes one message.
        let cause = format!("replay of attempt {}", row.row.attempt);
        let asking = Asking {
            event: &row.row.event,
            attempt,
            lane: row.row.lane.as_deref(),
            cause: Cause::Operator(&cause),
        };
        if self.shown.len() < SAMPLE {
            let error = error(row);
            let said = if error.is_empty() {
                error
            } else {
                format!(" {error}")
            };
            let at = row.finished_at.map(iso).unwrap_or_default();
            let RowKey { pk, sk } = &row.key;
            self.shown.push(format!(
                "{pk} {sk}: {} at {at}{said}, attempt {attempt}",
                row.row.state.as_str()
            ));
        }
        (
            lane.unwrap_or_default(),
            row.row.state,
            asking.message(&self.task.place.arn),
        )
    }

    async fn send(&mut self, lane: usize, messages: Vec<(State, Outgoing)>, stop: &Stop) {
        let Some((_, url)) = self.task.place.lanes.get(lane) else {
            return;
        };
        let queue = Queue::new(self.connected.sqs.clone(), url.clone());
        let most = self
            .task
            .velocity
            .map_or(ENTRIES, |velocity| ENTRIES.min(velocity as usize));
        for batch in messages.chunks(most.max(1)) {
            if stop.asked() {
                return;
            }
            let began = Instant::now();
            let outgoing: Vec<Outgoing> =
                batch.iter().map(|(_, message)| message.clone()).collect();
            for (result, (state, _)) in queue.send_all(&outgoing).await.into_iter().zip(batch) {
                match result {
                    Ok(()) => self.count(*state),
                    Err(problem) => self.failures.push(problem.to_string()),
                }
            }
            if let Some(velocity) = self.task.velocity {
                let due = Duration::from_secs_f64(batch.len() as f64 / f64::from(velocity));
                tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
            }
        }
    }

    fn done(&self) -> String {
        let states: Vec<String> = self
            .by_state
            .iter()
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        let attempts = count(self.asked(), "attempt");
        match states.is_empty() {
            true => attempts,
            false => format!("{attempts} ({})", states.join(", ")),
        }
    }

    fn report(self, stopped: bool) -> Result<Value, Fault> {
        let until = iso(self.task.until);
        let (told, dry_run) = (self.task.told, self.task.dry_run);
        let json = json!({
            "asked": self.asked(), "by_state": self.by_state, "moved_on": self.moved_on, "older": self.older, "discarded": self.discarded,
            "unreadable": self.unreadable.len(), "failed": self.failures.len(), "until": until, "read_units": self.units,
            "dry_run": dry_run, "examples": self.shown,
        });
        if stopped {
            told.line(&format!(
                "stopped after {}. To go on without them, run this again with --until {until}",
                self.done()
            ));
            return Err(Fault::Stopped("stopped".to_owned()));
        }
        let would = if dry_run { "would ask" } else { "asked" };
        told.line(&format!(
            "{would} for {}; {} read units",
            self.done(),
            self.units
        ));
        if self.moved_on > 0 {
            told.line(&format!(
                "{} left alone: not finished any more",
                count(self.moved_on, "row")
            ));
        }
        if self.older > 0 {
            let rows = count(self.older, "row");
            told.line(&format!(
                "{rows} left alone: with order latest no older version starts after a newer one"
            ));
        }
        if self.discarded > 0 {
            let rows = count(self.discarded, "row");
            told.line(&format!(
                "{rows} left alone: dropped for good by a person. --object asks for one all the same"
            ));
        }
        if dry_run {
            told.sample(&self.shown, self.asked());
        } else if self.asked() > 0 {
            if self.by_state.contains_key(State::Dead.as_str()) {
                told.line(
                    "the dead letters of them are stale now: a redrive of those does nothing",
                );
            }
            told.line(&format!("the same command again would ask for events that ended since; --until {until} leaves them out"));
        }
        if let Some(first) = self.unreadable.first() {
            let rows = count(self.unreadable.len() as u64, "row");
            return Err(Fault::failed(format!(
                "{rows} cannot be replayed; the first: {first}"
            )));
        }
        match self.failures.first() {
            None => Ok(json),
            Some(first) => {
                let attempts = count(self.failures.len() as u64, "attempt");
                Err(Fault::failed(format!(
                    "{attempts} could not be asked for; the first: {first}. Run this again with --until {until}"
                )))
            }
        }
    }
}

/// Returns why a row's last attempt failed.
pub fn error(row: &RowSeen) -> String {
    let parts = [&row.error, &row.cause].into_iter().flatten().cloned();
    parts.collect::<Vec<_>>().join(": ")
}

/// Returns whether the newest version that a head names is newer than a row's that has started.
fn is_newer(head: Option<&Head>, row: &RowSeen) -> bool {
    let newest = head.and_then(|head| head.newest.as_deref());
    let sequencer = row
        .row
        .event
        .sequencer
        .as_ref()
        .map(|sequencer| sequencer.as_str());
    newest.is_some_and(|newest| is_after(newest, sequencer, &row.key.sk))
}

fn is_after(newest: &str, sequencer: Option<&str>, sk: &str) -> bool {
    if newest.is_empty() || row_of(newest) == sk {
        return false;
    }
    // Only the head knows the place of a version that reconcile found; but it is not the newest.
    sequencer.is_none_or(|sequencer| newest > reported(sequencer, sk).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_reconcile_found_is_replayed_if_it_is_the_newest() {
        // As rules/order writes places.
        let (first_place, second_place, found_place) =
            ("0A#s#0A", "0A0#v#2", "0A+000000000000009#f#9#e");
        let (first, second) = (("s#0A", Some("0A")), ("v#2", Some("0A0")));
        let (found, other) = (("f#9#e", None), ("f#8#e", None));
        for (newest, (sk, sequencer), older) in [
            ("", first, false),
            (first_place, first, false),
            (second_place, first, true),
            (first_place, second, false),
            (found_place, found, false),
            (found_place, first, true),
            (found_place, second, false),
            (found_place, other, true),
            (second_place, found, true),
            ("", found, false),
        ] {
            assert_eq!(is_after(newest, sequencer, sk), older, "{newest} {sk}");
        }
    }
}
