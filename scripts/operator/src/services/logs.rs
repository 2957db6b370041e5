//! CloudWatch Logs.

use serde_json::{Value, json};
use spillway::Millis;

use super::api::{Api, ApiError, LOGS, Request};

/// Pages of a log that are read, at most.
const PAGES: usize = 5;

impl Api {
    /// Returns the lines of a log group since then that a pattern finds: time and text. None if
    /// there is no such group.
    pub async fn lines(
        &self,
        group: &str,
        since: Millis,
        pattern: &str,
    ) -> Result<Vec<(Millis, String)>, ApiError> {
        let (mut lines, mut next) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let mut body =
                json!({"logGroupName": group, "startTime": since, "filterPattern": pattern});
            if let (Some(next), Some(body)) = (&next, body.as_object_mut()) {
                body.insert("nextToken".into(), next.clone().into());
            }
            let target = "Logs_20140328.FilterLogEvents";
            let call = format!("reading the log {group}");
            let answer = match self
                .call(Request::target(LOGS, "1.1", target, call, &body))
                .await
            {
                Ok(answer) => answer.json(),
                Err(error) if error.code == "ResourceNotFoundException" => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            let events = answer
                .get("events")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            let line = |event: &Value| {
                Some((
                    event.get("timestamp").and_then(Value::as_i64)?,
                    event.get("message").and_then(Value::as_str)?.to_owned(),
                ))
            };
            lines.extend(events.filter_map(line));
            next = answer
                .get("nextToken")
                .and_then(Value::as_str)
                .map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        Ok(lines)
    }
}
