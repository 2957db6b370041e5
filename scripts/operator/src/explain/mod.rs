//! `explain`: each version and attempt of an object.

pub mod place;
pub mod sources;
mod unknown;

use aws::ledger::{ObjectSeen, RowSeen};
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::json;
use spillway::Millis;
use spillway::execution::name;
use spillway::lane;
use spillway::pace::in_force::{PausedBy, in_force};
use spillway::record::row::{State, key_of};
use spillway::record::version;
use spillway::rules::sweep::FOUND_WITHIN;

use self::place::{Execution, Known, SlotState, place};
use crate::answer::Answer;
use crate::connect::Connected;
use crate::fault::{Fault, code};
use crate::object::named;
use crate::pipeline::{Pipeline, execution_arn};
use crate::shown::plain;
use crate::status::gather::queues;
use crate::status::seen::{QueueSeen, Stage};
use crate::time::{ago, moment, now};

/// How long a dead letter is kept: the longest that SQS has, as `terraform/modules/queue` says.
const DEAD_LETTERS_KEPT: Millis = 14 * 24 * 60 * 60 * 1_000;
/// Versions that are shown, the newest ones.
const VERSIONS: usize = 20;
/// Attempts of a version that Step Functions is asked about, the last ones.
const ATTEMPTS: u32 = 10;

/// The reason why an attempt is not known: the ledger no longer names its execution.
const ELSEWHERE: &str = "not known: it ran in a batch, in another state machine, or longer ago than Step Functions remembers";

/// One version, as `explain --json` answers it.
#[derive(Debug, Clone, Serialize)]
struct Version {
    row: String,
    version_id: Option<String>,
    sequencer: Option<String>,
    size: Option<u64>,
    etag: Option<String>,
    event_name: String,
    event_time: String,
    state: &'static str,
    attempt: u32,
    /// Attempts that do not count: their error says that the target takes no more.
    uncounted: u32,
    lane: Option<String>,
    found_by_run: Option<String>,
    queued_at: Option<String>,
    started_at: Option<String>,
    waiting_since: Option<String>,
    finished_at: Option<String>,
    error: Option<String>,
    cause: Option<String>,
    discarded_by: Option<String>,
    attempts: Vec<Attempt>,
    r#where: String,
    next: String,
    command: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Attempt {
    attempt: u32,
    execution: String,
    execution_arn: String,
    console: String,
    status: String,
    started_at: Option<String>,
    ended_at: Option<String>,
    error: Option<String>,
    cause: Option<String>,
    #[serde(skip)]
    found: Execution,
}

/// Tells an object's story.
pub async fn explain(
    connected: &Connected,
    pipeline: &Pipeline,
    given: &str,
) -> Result<Answer, Fault> {
    let object = named::object(given).map_err(Fault::Usage)?;
    let (seen, queues, paused) = tokio::join!(
        pipeline.ledger.object_seen(&object),
        queues(connected, pipeline),
        paused(pipeline)
    );
    let (seen, queues) = (seen?, queues?);
    if seen.rows.is_empty() {
        return unknown::unknown(connected, pipeline, &object, &queues).await;
    }
    let mut rows: Vec<&RowSeen> = seen
        .rows
        .iter()
        .filter_map(|row| row.as_ref().ok())
        .collect();
    rows.sort_by(|one, other| {
        (&one.row.event.event_time, &one.key.sk).cmp(&(&other.row.event.event_time, &other.key.sk))
    });
    let left_out = rows.len().saturating_sub(VERSIONS);
    let mut versions = Vec::new();
    for row in rows.into_iter().skip(left_out) {
        let about = About {
            seen: &seen,
            queues: &queues,
            paused,
        };
        versions.push(version_of(connected, pipeline, about, row.clone()).await?);
    }
    let unreadable: Vec<&String> = seen
        .rows
        .iter()
        .filter_map(|row| row.as_ref().err())
        .collect();
    let head = seen.head.as_ref().map(|head| {
        json!({
            "running": head.running,
            "newest": head.newest,
            "waiting": seen.waiters.iter().map(|waiter| json!({"version": version::row_of(&waiter.version), "attempt": waiter.attempt})).collect::<Vec<_>>(),
        })
    });
    let json = json!({
        "pipeline": pipeline.name(),
        "object": format!("s3://{object}"),
        "known": true,
        "order": pipeline.config.order.to_string(),
        "head": head,
        "versions": versions,
        "left_out": left_out,
        "unreadable": unreadable,
    });
    Ok(Answer::new(
        text(&object, &seen, &versions, left_out, &unreadable),
        json,
    ))
}

/// Returns the reason why nothing starts. `status` reports an unreadable control item.
async fn paused(pipeline: &Pipeline) -> Option<PausedBy> {
    let steering = pipeline.ledger.steering().await.ok()?;
    let config = &pipeline.config;
    let lanes = lane::bounds(pipeline.lanes());
    let current = in_force(
        &config.pace,
        &lanes,
        &config.windows,
        &steering.control,
        now(),
    );
    current.ok()?.paused
}

/// The facts that all versions of an object share.
#[derive(Clone, Copy)]
struct About<'a> {
    seen: &'a ObjectSeen,
    queues: &'a [QueueSeen],
    paused: Option<PausedBy>,
}

async fn version_of(
    connected: &Connected,
    pipeline: &Pipeline,
    about: About<'_>,
    mut row: RowSeen,
) -> Result<Version, Fault> {
    let About {
        seen,
        queues,
        paused,
    } = about;
    let mut attempts = attempts_of(connected, pipeline, &row).await;
    let mut began = row.started_at;
    let slot = match (&row.row.state, &row.row.execution) {
        (State::Started, Some(execution)) => match pipeline.ledger.slot(execution).await? {
            Some(slot) => {
                began = Some(slot.taken_at);
                match slot.pending {
                    true => SlotState::Pending,
                    false => SlotState::Taken,
                }
            }
            None => SlotState::None,
        },
        _ => SlotState::None,
    };
    // It can have been settled since the row was read.
    if row.row.state == State::Started && slot == SlotState::None {
        let keys = std::slice::from_ref(&row.key);
        let again = pipeline.ledger.rows_seen(keys, &[]).await?.0;
        if let Some(Ok(again)) = again.into_iter().next()
            && (again.row.state, again.row.attempt) != (row.row.state, row.row.attempt)
        {
            row = again;
            attempts = attempts_of(connected, pipeline, &row).await;
        }
    }
    let event = &row.row.event;
    let failures = queues
        .iter()
        .filter(|queue| queue.stage == Stage::IngestFailures);
    let lane = &row.row.lane;
    let dead = queues.iter().filter(|queue| {
        queue.stage == Stage::EventsDead && (lane.is_none() || queue.lane == *lane)
    });
    let tenant = pipeline.config.tenants.as_ref();
    let tenant = tenant.and_then(|bound| bound.by.tenant_of(key_of(&row.key.pk)?));
    let place = place(&Known {
        pipeline: pipeline.name(),
        state: row.row.state,
        attempt: row.row.attempt,
        object: &row.key.pk,
        order: pipeline.config.order,
        tenant: tenant.as_deref(),
        execution: attempts
            .last()
            .map_or(Execution::Unknown, |attempt| attempt.found),
        slot,
        running: seen.head.as_ref().and_then(|head| head.running.as_deref()),
        ingest_failures: failures.map(|queue| queue.waiting).sum(),
        dead_letters: dead.map(|queue| queue.waiting).sum(),
        paused,
        young: began.is_some_and(|began| now() - began < FOUND_WITHIN),
        expired: row
            .finished_at
            .is_some_and(|finished| now() - finished > DEAD_LETTERS_KEPT),
        discarded: row.is_discarded(),
    });
    let discarded = row
        .discarded_by
        .as_ref()
        .filter(|_| row.is_discarded())
        .map(|by| match &row.discarded_note {
            Some(note) => format!("{by}: {note}"),
            None => by.clone(),
        });
    Ok(Version {
        row: row.key.sk.clone(),
        version_id: event.version_id.clone(),
        sequencer: event
            .sequencer
            .as_ref()
            .map(|sequencer| sequencer.as_str().to_owned()),
        size: event.size,
        etag: event.etag.clone(),
        event_name: event.event_name.clone(),
        event_time: event.event_time.clone(),
        state: row.row.state.as_str(),
        attempt: row.row.attempt,
        uncounted: row.row.uncounted,
        lane: row.row.lane.clone(),
        found_by_run: row.run.clone(),
        queued_at: row.queued_at.map(moment),
        started_at: row.started_at.map(moment),
        waiting_since: row.waiting_since.map(moment),
        finished_at: row.finished_at.map(moment),
        error: row.error.clone(),
        cause: row.cause.clone(),
        discarded_by: discarded,
        attempts,
        r#where: place.place,
        next: place.next,
        command: place.command,
    })
}

/// Returns the executions of a version's attempts. The ledger has the last one. An earlier one is
/// described by its own name, in the same state machine. If there is none of that name, nothing is
/// known.
async fn attempts_of(connected: &Connected, pipeline: &Pipeline, row: &RowSeen) -> Vec<Attempt> {
    let last = row.row.attempt;
    let machine = row
        .state_machine_arn
        .as_deref()
        .unwrap_or(&pipeline.config.state_machine_arn);
    let asked = (1..=last)
        .skip(last.saturating_sub(ATTEMPTS) as usize)
        .map(|attempt| async move {
            let named = name::of(
                &pipeline.config.pipeline.ledger_arn,
                &row.row.event,
                attempt,
            );
            let recorded = row.row.execution.as_ref().filter(|_| attempt == last);
            let execution = recorded.cloned().unwrap_or(named);
            let arn = execution_arn(machine, &execution);
            let answer = connected
                .sfn
                .describe_execution()
                .execution_arn(&arn)
                .send()
                .await;
            let mut told = Attempt {
                attempt,
                console: pipeline.console(&arn),
                execution,
                execution_arn: arn,
                status: "NOT_FOUND".to_owned(),
                started_at: None,
                ended_at: None,
                error: None,
                cause: None,
                found: Execution::NotFound,
            };
            match answer {
                Ok(answer) => {
                    let time = |at: &aws_smithy_types::DateTime| at.to_millis().ok().map(moment);
                    told.status = answer.status.as_str().to_owned();
                    told.found = if told.status == "RUNNING" {
                        Execution::Running
                    } else {
                        Execution::Closed
                    };
                    told.started_at = time(&answer.start_date);
                    told.ended_at = answer.stop_date.as_ref().and_then(time);
                    told.error = answer.error;
                    told.cause = answer.cause;
                }
                Err(error) if code(&error) == "ExecutionDoesNotExist" => {
                    if recorded.is_none() {
                        told.status = "UNKNOWN".to_owned();
                        told.found = Execution::Unknown;
                        told.cause = Some(ELSEWHERE.to_owned());
                    }
                }
                // Denied, throttled, no answer: the rest is shown nevertheless.
                Err(error) => {
                    told.status = "UNKNOWN".to_owned();
                    told.found = Execution::Unknown;
                    told.cause = Some(Fault::call("DescribeExecution", &error).to_string());
                }
            }
            told
        });
    join_all(asked).await
}

fn text(
    object: &str,
    seen: &ObjectSeen,
    versions: &[Version],
    left_out: usize,
    unreadable: &[&String],
) -> String {
    let now = now();
    let when = |text: &Option<String>| {
        let at = text.as_deref().and_then(spillway::event::time::millis);
        at.map(|at| ago(at, now))
    };
    let mut told = format!(
        "s3://{}: {} in the ledger.\n",
        plain(object),
        crate::answer::count((versions.len() + left_out) as u64, "version")
    );
    if left_out > 0 {
        told.push_str(&format!(
            "The newest {} are shown; {left_out} older ones are left out.\n",
            versions.len()
        ));
    }
    if let Some(running) = seen.head.as_ref().and_then(|head| head.running.as_ref()) {
        told.push_str(&format!("The object's turn: {}\n", plain(running)));
    }
    for version in versions {
        let id = version
            .version_id
            .as_ref()
            .map(|id| format!("version {id}"));
        let sequencer = version
            .sequencer
            .as_ref()
            .map(|sequencer| format!("sequencer {sequencer}"));
        let named = id.or(sequencer).unwrap_or_else(|| version.row.clone());
        let uncounted = match version.uncounted {
            0 => String::new(),
            uncounted => format!(" ({uncounted} of them uncounted)"),
        };
        told.push_str(&format!(
            "\n{}: {}, attempt {}{uncounted}\n",
            plain(&named),
            version.state,
            version.attempt
        ));
        let mut line = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                told.push_str(&format!("  {name:<10} {}\n", plain(&value)));
            }
        };
        let size = version
            .size
            .map(|size| format!(", {size} bytes"))
            .unwrap_or_default();
        line(
            "event",
            Some(format!(
                "{} at {}{size}",
                version.event_name, version.event_time
            )),
        );
        line(
            "found by",
            version
                .found_by_run
                .as_ref()
                .map(|run| format!("reconcile, run {run}")),
        );
        line("lane", version.lane.clone());
        line("queued", when(&version.queued_at));
        line("waits", when(&version.waiting_since));
        for attempt in &version.attempts {
            let span = match (&attempt.started_at, &attempt.ended_at) {
                (Some(from), Some(to)) => format!(" {from} to {to}"),
                (Some(from), None) => format!(" since {from}"),
                _ => String::new(),
            };
            let error = match (&attempt.error, &attempt.cause) {
                (Some(error), Some(cause)) => format!(": {error}: {cause}"),
                (Some(only), None) | (None, Some(only)) => format!(": {only}"),
                (None, None) => String::new(),
            };
            line(
                &format!("attempt {}", attempt.attempt),
                Some(format!("{}{span}{error}", attempt.status)),
            );
            line("", Some(attempt.execution_arn.clone()));
            line("", Some(attempt.console.clone()));
        }
        line("finished", when(&version.finished_at));
        let error = [&version.error, &version.cause]
            .into_iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .join(": ");
        line("error", Some(error).filter(|error| !error.is_empty()));
        line("discarded", version.discarded_by.clone());
        line("where", Some(version.r#where.clone()));
        line("next", Some(version.next.clone()));
        line("command", version.command.clone());
    }
    for problem in unreadable {
        told.push_str(&format!("\nOne row cannot be read: {}\n", plain(problem)));
    }
    told
}
