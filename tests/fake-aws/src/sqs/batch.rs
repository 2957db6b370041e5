//! The three batch operations: each entry succeeds or fails on its own, in one answer with HTTP
//! status 200.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{handle, queue_name, send};
use crate::World;
use crate::calls::Call;
use crate::error::ApiError;

const MAX_ENTRIES: usize = 10;
/// Of all messages of a SendMessageBatch together, in bytes.
const MAX_BATCH_BYTES: usize = 1_048_576;

pub(super) fn perform(world: &World, call: &mut Call, body: &Value) -> Result<Value, ApiError> {
    let none = Vec::new();
    let entries = body["Entries"].as_array().unwrap_or(&none);
    check(entries)?;
    let queue = queue_name(body);
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let id = entry["Id"].as_str().unwrap_or_default();
        if world.entry_fails(call, id) {
            failed.push(json!({
                "Id": id, "Code": "InternalError", "SenderFault": false, "Message": "an injected failure",
            }));
            continue;
        }
        let result = match call.operation.as_str() {
            "SendMessageBatch" => send::send(world, call, queue, entry),
            "DeleteMessageBatch" => handle::delete_message(world, queue, entry),
            _ => handle::change_visibility(world, queue, entry),
        };
        match result {
            Ok(mut answer) => {
                answer["Id"] = id.into();
                successful.push(answer);
            }
            // A queue that is not there fails the whole call.
            Err(error) if error.code.ends_with("NonExistentQueue") => return Err(error),
            Err(error) => failed.push(json!({
                "Id": id, "Code": error.code, "SenderFault": true, "Message": error.message,
            })),
        }
    }
    Ok(json!({"Successful": successful, "Failed": failed}))
}

fn check(entries: &[Value]) -> Result<(), ApiError> {
    let refuse = |code: &str, message: &str| {
        let code = format!("AWS.SimpleQueueService.{code}");
        Err(ApiError::new(&code, message))
    };
    if entries.is_empty() {
        return refuse(
            "EmptyBatchRequest",
            "There should be at least one entry in the request.",
        );
    }
    if entries.len() > MAX_ENTRIES {
        return refuse(
            "TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10.",
        );
    }
    let ids: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| entry["Id"].as_str())
        .collect();
    if ids.len() < entries.len() {
        return refuse(
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries have the same Id.",
        );
    }
    let fits = |id: &&str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=80).contains(&id.len()) && id.bytes().all(known)
    };
    if !ids.iter().all(fits) {
        return refuse(
            "InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most \
             80 letters long.",
        );
    }
    if entries.iter().map(send::size).sum::<usize>() > MAX_BATCH_BYTES {
        return refuse(
            "BatchRequestTooLong",
            "Batch requests cannot be longer than 1048576 bytes.",
        );
    }
    Ok(())
}
