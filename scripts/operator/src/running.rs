//! `running`: the slots, by age, and stopping an execution.

use std::io::{BufRead, IsTerminal, Write};

use aws::ledger::UnreadableSlot;
use serde_json::{Value, json};
use spillway::record::slot::Slot;

use crate::answer::{Answer, count, table};
use crate::connect::Connected;
use crate::fault::Fault;
use crate::options::Running;
use crate::pipeline::{Pipeline, execution_arn};
use crate::shown::{object_quoted, plain, plain_lines};
use crate::time::{self, moment, span};

/// Slots that a person is shown without --longest.
const SHOWN: usize = 50;

pub async fn running(
    connected: &Connected,
    pipeline: &Pipeline,
    options: &Running,
) -> Result<Answer, Fault> {
    match &options.stop {
        Some(execution) => stop(connected, pipeline, execution, options.yes).await,
        None => list(pipeline, options.longest).await,
    }
}

async fn list(pipeline: &Pipeline, longest: Option<u32>) -> Result<Answer, Fault> {
    let now = time::now();
    let mut seen = pipeline.ledger.slots_seen().await?;
    seen.slots.sort_by(|one, other| {
        (one.taken_at, &one.execution).cmp(&(other.taken_at, &other.execution))
    });
    let all = seen.slots.len();
    let most = longest.map_or(usize::MAX, |longest| longest as usize);
    seen.slots.truncate(most);
    let json = json!({
        "pipeline": pipeline.name(),
        "slots": all,
        "unreadable": seen.unreadable.iter().map(|it| it.problem.to_string()).collect::<Vec<_>>(),
        "running": seen.slots.iter().map(|slot| slot_json(pipeline, slot, now)).collect::<Vec<_>>(),
        "read_units": seen.units,
    });
    let shown = longest
        .map_or(SHOWN, |longest| longest as usize)
        .min(seen.slots.len());
    let mut text = format!(
        "{} of {} taken, the oldest first.\n",
        count(all as u64, "slot"),
        pipeline.name()
    );
    if !seen.slots.is_empty() {
        let mut rows = vec![
            ["age", "state", "execution", "object"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(seen.slots.iter().take(shown).map(|slot| {
            let state = if slot.pending {
                "start pending"
            } else {
                "running"
            };
            let object = slot
                .row()
                .map_or_else(|| "(a batch)".to_owned(), |row| plain(&row.pk));
            vec![
                span(now - slot.taken_at),
                state.to_owned(),
                slot.execution.clone(),
                object,
            ]
        }));
        text.push('\n');
        text.push_str(&table(&rows));
    }
    if shown < all {
        text.push_str(&format!(
            "… and {} more: --longest N shows N, --json all\n",
            all - shown
        ));
    }
    for UnreadableSlot { problem, .. } in &seen.unreadable {
        text.push_str(&format!(
            "\nOne slot cannot be read and counts as taken: {problem}\n"
        ));
    }
    Ok(Answer::new(text, json))
}

fn slot_json(pipeline: &Pipeline, slot: &Slot, now: i64) -> Value {
    let arn = execution_arn(&slot.state_machine_arn, &slot.execution);
    json!({
        "execution": slot.execution,
        "execution_arn": arn,
        "console": pipeline.console(&arn),
        "since": moment(slot.taken_at),
        "seconds": (now - slot.taken_at) / 1_000,
        "object": slot.row().map(|row| row.pk.clone()),
        "pending": slot.pending,
    })
}

async fn stop(
    connected: &Connected,
    pipeline: &Pipeline,
    given: &str,
    yes: bool,
) -> Result<Answer, Fault> {
    let execution = given.rsplit(':').next().unwrap_or(given);
    let Some(slot) = pipeline.ledger.slot(execution).await? else {
        return Err(Fault::failed(format!(
            "no slot of {} is taken by {execution}: it has been settled, or is not of this pipeline. spillway running lists those that run",
            pipeline.name()
        )));
    };
    let arn = execution_arn(&slot.state_machine_arn, execution);
    let follows = "Its attempt counts as failed (ABORTED): it is retried like any other, or goes to the dead-letter queue after the last one.";
    if !yes && !agreed(&format!("Stop {arn}?\n{follows}"))? {
        return Err(Fault::Stopped("nothing was stopped".to_owned()));
    }
    let who = connected.who().await;
    let asked = connected
        .sfn
        .stop_execution()
        .execution_arn(&arn)
        .error("Spillway.Stopped")
        .cause(format!("stopped by {who}"))
        .send()
        .await;
    if let Err(error) = asked {
        let described = connected
            .sfn
            .describe_execution()
            .execution_arn(&arn)
            .send()
            .await;
        return Err(match described {
            Ok(found) if found.status.as_str() != "RUNNING" => {
                let status = found.status.as_str();
                Fault::failed(format!(
                    "{execution} has ended as {status} by itself: nothing was stopped"
                ))
            }
            _ => Fault::call(&format!("stopping {arn}"), &error),
        });
    }
    let object = slot.row().map(|row| {
        format!(
            " `spillway -p {} explain {}` follows it.",
            pipeline.name(),
            object_quoted(&row.pk)
        )
    });
    let text = format!(
        "Stopped {execution}. {follows}{}",
        object.unwrap_or_default()
    );
    Ok(Answer::new(
        text,
        json!({"stopped": execution, "execution_arn": arn}),
    ))
}

/// Asks a person. Without a terminal nobody can agree.
pub fn agreed(question: &str) -> Result<bool, Fault> {
    if !std::io::stdin().is_terminal() {
        return Err(Fault::usage(
            "this asks first, and there is no terminal: add --yes",
        ));
    }
    eprint!("{} [y/N] ", plain_lines(question));
    drop(std::io::stderr().flush());
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Fault::failed(format!("the answer cannot be read: {error}")))?;
    Ok(["y", "yes"].contains(&line.trim().to_lowercase().as_str()))
}
