//! The parts of transactions that the engine leaves out: conflicts, and tokens on the virtual
//! clock.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::calls::{Call, Service};
use crate::error::ApiError;

/// How long a `ClientRequestToken` makes a request idempotent: 10 minutes, in milliseconds.
const TOKEN_KEPT_MS: i64 = 10 * 60 * 1000;
const MAX_TOKEN_CHARS: usize = 36;

/// The tokens of TransactWriteItems. The engine's own expire by real time, so each renewal becomes
/// another one there.
#[derive(Default)]
pub(super) struct Tokens {
    /// When each was first used, and how often it was since renewed.
    seen: BTreeMap<String, (i64, u32)>,
}

impl Tokens {
    /// Replaces the token of a request by the one the engine is to see.
    pub(super) fn translate(&mut self, body: &mut Value, now_ms: i64) {
        let Some(token) = body["ClientRequestToken"].as_str() else {
            return;
        };
        if token.len() > MAX_TOKEN_CHARS {
            return;
        }
        let seen = self.seen.entry(token.to_owned()).or_insert((now_ms, 0));
        if now_ms - seen.0 >= TOKEN_KEPT_MS {
            *seen = (now_ms, seen.1 + 1);
        }
        if seen.1 > 0 {
            let renewed = md5::compute(format!("{token} {}", seen.1));
            body["ClientRequestToken"] = format!("{renewed:x}").into();
        }
    }
}

/// Returns the error of a call if another transaction holds its first item.
pub(crate) fn conflict(call: &Call) -> ApiError {
    const REASON: &str = "Transaction is ongoing for the item";
    let operation = call.operation.as_str();
    match (call.service, operation) {
        (Service::DynamoDb, "PutItem" | "UpdateItem" | "DeleteItem") => {
            ApiError::new("TransactionConflictException", REASON)
        }
        (Service::DynamoDb, "TransactWriteItems" | "TransactGetItems") => {
            let actions = call.request["TransactItems"].as_array();
            let mut reasons = vec![json!({"Code": "None"}); actions.map_or(0, Vec::len)];
            if let Some(first) = reasons.first_mut() {
                *first = json!({"Code": "TransactionConflict", "Message": REASON});
            }
            let codes: Vec<&str> = reasons
                .iter()
                .filter_map(|reason| reason["Code"].as_str())
                .collect();
            let message = format!(
                "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
                codes.join(", ")
            );
            let code = "TransactionCanceledException";
            let body = json!({
                "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
                "message": &message,
                "CancellationReasons": reasons,
            });
            ApiError {
                body: Some(body.to_string()),
                ..ApiError::new(code, message)
            }
        }
        _ => ApiError::not_modelled(&format!("a transaction conflict of {operation}")),
    }
}
