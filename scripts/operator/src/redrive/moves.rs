//! A redrive by SQS itself, which moves the messages of a dead-letter queue of a queue
//! (StartMessageMoveTask).

use std::time::Duration;

use aws_sdk_sqs::types::ListMessageMoveTasksResultEntry;
use serde_json::{Value, json};

use super::queue::Found;
use super::stop::Stop;
use super::told::{Progress, Told};
use crate::answer::count;
use crate::connect::Connected;
use crate::fault::Fault;

const POLL_EVERY: Duration = Duration::from_secs(1);
/// Reads in turn that can fail before nobody follows a move any more.
const READS: u32 = 5;
/// How often a stop is looked for.
const STOP_EVERY: Duration = Duration::from_millis(100);

/// Moves everything.
pub async fn everything(
    connected: &Connected,
    source: &Found,
    destination: &Found,
    velocity: Option<u32>,
    detach: bool,
    stop: &Stop,
    told: Told,
) -> Result<Value, Fault> {
    // Always with a destination: SQS knows the source of a message only if SQS itself dead-lettered
    // it.
    let answer = connected
        .sqs
        .start_message_move_task()
        .source_arn(&source.arn)
        .destination_arn(&destination.arn)
        .set_max_number_of_messages_per_second(
            velocity.and_then(|velocity| velocity.try_into().ok()),
        )
        .send()
        .await
        .map_err(|error| {
            Fault::call(&format!("moving the messages of {}", source.name()), &error)
        })?;
    let handle = answer.task_handle.unwrap_or_default();
    if detach {
        told.line(&format!(
            "under way. To cancel it: aws sqs cancel-message-move-task --task-handle {handle}"
        ));
        return Ok(json!({"queue": source.name(), "moved": null, "detached": true}));
    }
    follow(connected, source, &handle, stop, told).await
}

/// Refuses a second move beside one that is under way: SQS allows one at a time.
pub async fn refuse_a_second(connected: &Connected, source: &Found) -> Result<(), Fault> {
    let Some(task) = newest(connected, source).await? else {
        return Ok(());
    };
    if !is_under_way(&task) {
        return Ok(());
    }
    Err(Fault::failed(format!(
        "a move from {} is under way already ({} moved); SQS allows one at a time. Wait for its end, or cancel it: aws sqs \
         cancel-message-move-task --task-handle {}",
        source.name(),
        task.approximate_number_of_messages_moved,
        task.task_handle.as_deref().unwrap_or("<handle>")
    )))
}

fn is_under_way(task: &ListMessageMoveTasksResultEntry) -> bool {
    matches!(task.status.as_deref(), Some("RUNNING" | "CANCELLING"))
}

async fn newest(
    connected: &Connected,
    queue: &Found,
) -> Result<Option<ListMessageMoveTasksResultEntry>, Fault> {
    let answer = connected
        .sqs
        .list_message_move_tasks()
        .source_arn(&queue.arn)
        .max_results(1)
        .send()
        .await;
    let answer = answer.map_err(|error| {
        Fault::call(&format!("looking for moves from {}", queue.name()), &error)
    })?;
    Ok(answer.results.unwrap_or_default().into_iter().next())
}

/// Waits for the end of the move; Ctrl-C cancels it.
async fn follow(
    connected: &Connected,
    source: &Found,
    handle: &str,
    stop: &Stop,
    told: Told,
) -> Result<Value, Fault> {
    let mut progress = Progress::new(told, "moved");
    let number = |number: Option<i64>| {
        number
            .and_then(|number| u64::try_from(number).ok())
            .unwrap_or_default()
    };
    let mut unread = 0;
    loop {
        let task = match newest(connected, source).await {
            Ok(task) => task,
            Err(_) if unread < READS => {
                unread += 1;
                tokio::time::sleep(POLL_EVERY).await;
                continue;
            }
            Err(fault) => {
                progress.end();
                return Err(Fault::failed(format!(
                    "{fault}. The move goes on by itself, and nobody follows it. To cancel it: aws sqs cancel-message-move-task \
                     --task-handle {handle}"
                )));
            }
        };
        unread = 0;
        let moved = task.as_ref().map_or(0, |task| {
            number(Some(task.approximate_number_of_messages_moved))
        });
        let all = task.as_ref().map_or(0, |task| {
            number(task.approximate_number_of_messages_to_move)
        });
        progress.show(moved, all, "");
        if stop.asked() {
            progress.end();
            told.line("cancelling …");
            // It could have ended in this very moment.
            drop(
                connected
                    .sqs
                    .cancel_message_move_task()
                    .task_handle(handle)
                    .send()
                    .await,
            );
            let task = newest(connected, source).await?;
            let moved = task.map_or(0, |task| {
                number(Some(task.approximate_number_of_messages_moved))
            });
            let name = source.name();
            let moved = count(moved, "message");
            told.line(&format!(
                "cancelled after {moved}; the rest is still in {name}. Run this again to go on."
            ));
            return Err(Fault::Stopped("cancelled".to_owned()));
        }
        if task.as_ref().is_some_and(is_under_way) {
            let mut waited = Duration::ZERO;
            while waited < POLL_EVERY && !stop.asked() {
                tokio::time::sleep(STOP_EVERY).await;
                waited += STOP_EVERY;
            }
            continue;
        }
        progress.end();
        let status = task
            .as_ref()
            .and_then(|task| task.status.clone())
            .unwrap_or_else(|| "unknown".to_owned());
        if status != "COMPLETED" {
            let reason = task
                .and_then(|task| task.failure_reason)
                .unwrap_or_else(|| "SQS gives no reason".to_owned());
            let moved = count(moved, "message");
            return Err(Fault::failed(format!(
                "the move ended as {status} after {moved}: {reason}"
            )));
        }
        told.line(&format!(
            "{} moved from {}",
            count(moved, "message"),
            source.name()
        ));
        return Ok(json!({"queue": source.name(), "moved": moved}));
    }
}
