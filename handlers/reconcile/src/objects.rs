//! A batch of a bucket's objects: those that the ledger does not know are queued.

use std::collections::HashSet;
use std::fmt::Display;

use aws::error::AwsError;
use aws::ledger::{FoundVersion, Story};
use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use spillway::Millis;
use spillway::event::identity::{is_known_by_its_row, is_same, looks_same};
use spillway::event::time;
use spillway::event::{EventError, ObjectEvent};
use spillway::lane::source;
use spillway::protocol::call::Written;
use spillway::reconcile::listing::{self, Listed, Listing};
use spillway::reconcile::scope::{Outside, Scope, days};
use spillway::record::row::{Row, State};
use tracing::{error, trace};

use crate::Reconcile;
use crate::bucket::{Asked, Current};
use crate::config::Config;
use crate::counts::Counts;
use crate::error::ReconcileError;
use crate::request::Request;

/// Objects looked at, and rows written, at once.
const AT_ONCE: usize = 16;
/// How many problems of one batch are logged.
const TOLD: usize = 3;
/// The event's name, in the form of S3's names.
const EVENT_NAME: &str = "ObjectCreated:Reconciled";

/// The run, the bucket and the scope of one batch.
struct Looking<'a> {
    run: &'a str,
    bucket: &'a str,
    scope: Scope,
}

/// The result of the look at an object.
#[derive(Debug)]
enum Looked {
    Known,
    /// Nobody knows it.
    Missing(ObjectEvent),
    /// This very run has written its row, and could have died before it sent the message.
    Begun(Row),
    Outside(Outside),
    FolderMarker,
    Gone,
    /// It cannot be compared, and why.
    Uncompared(ReconcileError),
}

impl Reconcile {
    /// Compares every object of a batch and queues the missing ones: the rows first, then the
    /// messages.
    pub(crate) async fn objects(
        &self,
        request: &Request,
        now: Millis,
        counts: &mut Counts,
    ) -> Result<(), ReconcileError> {
        let Request::Objects {
            run,
            bucket,
            from,
            to,
            dry_run,
            min_age,
            items,
        } = request
        else {
            return Ok(());
        };
        let millis = |time: std::time::Duration| Millis::try_from(time.as_millis());
        let configured = millis(self.config.min_age).unwrap_or(Millis::MAX);
        let looking = Looking {
            run,
            bucket,
            scope: Scope {
                now,
                min_age: min_age.unwrap_or(configured),
                retention: days(self.config.retention_days),
                from: *from,
                to: *to,
            },
        };
        let mut problems = Vec::new();
        counts.listed += items.len() as u64;
        let listed = self.understand(&looking, items, counts);
        let mut missing = Vec::new();
        let mut queueing = Vec::new();
        for (key, looked) in self.look(&looking, listed, counts).await {
            trace!(decision = ?looked, key, "object");
            match looked {
                Ok(Looked::Known) => counts.known += 1,
                Ok(Looked::Missing(event)) => missing.push(event),
                Ok(Looked::Begun(row)) => queueing.push((row, false)),
                Ok(Looked::Outside(outside)) => leave(outside, counts),
                Ok(Looked::FolderMarker) => counts.folder_markers += 1,
                Ok(Looked::Gone) => counts.gone += 1,
                Ok(Looked::Uncompared(problem)) => uncompared(&looking, &key, &problem, counts),
                Err(problem) => problems.push(format!("{key:?}: {problem}")),
            }
        }
        if *dry_run {
            counts.queued += missing.len() as u64;
            counts.queued_again += queueing.len() as u64;
        } else {
            self.write_rows(&looking, missing, &mut queueing, counts, &mut problems)
                .await;
            self.queue(&looking, queueing, counts, &mut problems).await;
        }
        counts.failed += problems.len() as u64;
        if problems.is_empty() {
            return Ok(());
        }
        Err(ReconcileError::Objects {
            failed: problems.len() as u64,
            objects: items.len(),
            problems: told(&problems),
        })
    }

    /// Returns the objects that are to be looked at, each once.
    fn understand(
        &self,
        looking: &Looking<'_>,
        items: &[Value],
        counts: &mut Counts,
    ) -> Vec<Listed> {
        let mut seen = HashSet::new();
        let mut listed = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match listing::read(looking.bucket, item) {
                Ok(Listing::NotCurrent) => counts.not_current += 1,
                Ok(Listing::Object(object)) => {
                    let (sources, key) = (&self.config.sources, &object.key);
                    let of_a_source = source::is_of_any(sources, looking.bucket, key);
                    let left_out = source::leaves_out(sources, looking.bucket, key, object.size);
                    match looking.scope.leaves(object.last_modified) {
                        _ if !of_a_source => counts.not_of_a_source += 1,
                        _ if left_out => counts.folder_markers += 1,
                        Some(outside) => leave(outside, counts),
                        None if seen.insert(object.key.clone()) => listed.push(object),
                        None => counts.known += 1,
                    }
                }
                Err(problem) => {
                    uncompared(looking, &format!("item {index}"), &problem, counts);
                }
            }
        }
        listed
    }

    async fn look(
        &self,
        looking: &Looking<'_>,
        listed: Vec<Listed>,
        counts: &mut Counts,
    ) -> Vec<(String, Result<Looked, AwsError>)> {
        let looked: Vec<_> = stream::iter(listed)
            .map(|listed| async move {
                let mut units = 0.0;
                let looked = self.look_at(looking, &listed, &mut units).await;
                (listed.key, units, looked)
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        let mut of_key = Vec::new();
        for (key, units, looked) in looked {
            counts.read_units += units;
            of_key.push((key, looked));
        }
        of_key
    }

    /// Compares an object with the ledger, and with its bucket's present answer. Returns the
    /// result.
    ///
    /// The rows are read with eventual consistency, at half the units. `dispatch` sees a row that
    /// is too new to be seen here: it reads again before it claims the version.
    async fn look_at(
        &self,
        looking: &Looking<'_>,
        listed: &Listed,
        units: &mut f64,
    ) -> Result<Looked, AwsError> {
        let pk = format!("{}/{}", looking.bucket, listed.key);
        let (story, read) = match self.ledger.story(&pk, false).await {
            Ok(read) => read,
            Err(problem @ AwsError::Ledger { .. }) => {
                return Ok(Looked::Uncompared(problem.into()));
            }
            Err(problem) => return Err(problem),
        };
        *units += read;
        let is_listed = |story: &&Story| match &listed.version_id {
            Some(version_id) => story.row.event.version_id.as_ref() == Some(version_id),
            None => looks_same(
                listed.etag.as_deref(),
                listed.last_modified,
                &story.row.event,
            ),
        };
        if let Some(known) = story.iter().find(is_listed) {
            return Ok(known_by(known, looking.run));
        }
        // A list does not tell the version, and both it and an inventory are of some time ago.
        let current = match self.bucket.current(looking.bucket, &listed.key).await? {
            Asked::Current(current) => current,
            Asked::Gone => return Ok(Looked::Gone),
            Asked::Refused(problem) => return Ok(Looked::Uncompared(problem.into())),
        };
        if let Some(outside) = looking.scope.leaves(current.last_modified) {
            return Ok(Looked::Outside(outside));
        }
        // An inventory can be without sizes.
        let Config { sources, .. } = &self.config;
        if source::leaves_out(sources, looking.bucket, &listed.key, current.size) {
            return Ok(Looked::FolderMarker);
        }
        let event = match event(looking.bucket, &listed.key, current) {
            Ok(event) => event,
            Err(problem) => return Ok(Looked::Uncompared(problem.into())),
        };
        let is_current = |story: &&Story| is_same(&event, &story.row.event);
        Ok(match story.iter().find(is_current) {
            Some(known) => known_by(known, looking.run),
            None => Looked::Missing(event),
        })
    }

    /// Writes the rows of missing objects, and adds those that are to be queued. `true`: written
    /// now.
    async fn write_rows(
        &self,
        looking: &Looking<'_>,
        missing: Vec<ObjectEvent>,
        queueing: &mut Vec<(Row, bool)>,
        counts: &mut Counts,
        problems: &mut Vec<String>,
    ) {
        // Before the first of them: a tick that does not look for such a row must not find it.
        if missing.iter().any(|event| !is_known_by_its_row(event))
            && let Err(problem) = self.ledger.mark_listed().await
        {
            let told = |event: &ObjectEvent| format!("{:?}: {problem}", event.key);
            return problems.extend(missing.iter().map(told));
        }
        let writes = stream::iter(missing)
            .map(|event| async move {
                let lane = source::lane(&self.config.sources, &self.config.pipeline.lanes, &event);
                let lane = self.lanes.get(lane).and_then(|lane| lane.name.clone());
                let found = FoundVersion {
                    event: &event,
                    lane: lane.as_deref(),
                    run: looking.run,
                    now: looking.scope.now,
                };
                let written = self.ledger.enqueue_found(found).await;
                (event, lane, written)
            })
            .buffered(AT_ONCE);
        let written: Vec<_> = writes.collect().await;
        for (event, lane, written) in written {
            match written {
                Ok(Written::Now) => {
                    let row = Row {
                        event,
                        state: State::Queued,
                        attempt: 0,
                        execution: None,
                        lane,
                        uncounted: 0,
                    };
                    queueing.push((row, true));
                }
                // Not seen when its object's rows were read: written shortly before, and perhaps
                // not queued.
                Ok(Written::Lost(Some(row))) if row.is_untouched() => queueing.push((*row, false)),
                Ok(Written::Lost(_)) => counts.known += 1,
                Err(problem) => problems.push(format!("{:?}: {problem}", event.key)),
            }
        }
    }

    async fn queue(
        &self,
        looking: &Looking<'_>,
        queueing: Vec<(Row, bool)>,
        counts: &mut Counts,
        problems: &mut Vec<String>,
    ) {
        let (rows, new): (Vec<Row>, Vec<bool>) = queueing.into_iter().unzip();
        let sent = self.ask(&rows, looking.run).await;
        for ((row, new), sent) in rows.iter().zip(new).zip(sent) {
            match sent {
                Err(problem) => problems.push(format!("{:?}: {problem}", row.event.key)),
                _ if new => counts.queued += 1,
                _ => counts.queued_again += 1,
            }
        }
    }
}

fn known_by(known: &Story, run: &str) -> Looked {
    if known.row.is_untouched() && known.run.as_deref() == Some(run) {
        Looked::Begun(known.row.clone())
    } else {
        Looked::Known
    }
}

fn uncompared(looking: &Looking<'_>, what: &str, why: &dyn Display, counts: &mut Counts) {
    let Looking { run, bucket, .. } = looking;
    error!(run, bucket, "{what} is not compared: {why}");
    counts.uncompared += 1;
}

fn leave(outside: Outside, counts: &mut Counts) {
    match outside {
        Outside::Range => counts.out_of_range += 1,
        Outside::TooYoung => counts.too_young += 1,
        Outside::TooOld => counts.too_old += 1,
    }
}

/// Returns the object event of a found object.
fn event(bucket: &str, key: &str, current: Current) -> Result<ObjectEvent, EventError> {
    let event = ObjectEvent {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id: current.version_id,
        size: current.size,
        etag: current.etag,
        sequencer: None,
        event_name: EVENT_NAME.to_owned(),
        event_time: time::iso(current.last_modified),
    };
    event.validate()
}

/// Returns the first problems, and how many more there are.
fn told(problems: &[String]) -> String {
    let first: Vec<&str> = problems.iter().take(TOLD).map(String::as_str).collect();
    match problems.len().saturating_sub(TOLD) {
        0 => first.join("; "),
        more => format!("{}; and {more} more", first.join("; ")),
    }
}
