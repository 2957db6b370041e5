//! Lambda: functions, their concurrency, their mappings, and invoking one.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use super::api::{Api, ApiError, LAMBDA, Request, part};

/// The longest that a function runs, and a little.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LONGEST: Duration = Duration::from_secs(15 * 60 + 10);

/// A function as it is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Function {
    pub variables: HashMap<String, String>,
    pub description: Option<String>,
    /// Such as `Active`.
    pub state: Option<String>,
}

/// The answer of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoked {
    /// It failed, and the payload says how.
    pub failed: bool,
    pub payload: String,
}

impl Api {
    /// Returns a function's configuration; `None`: there is no such function.
    pub async fn function(&self, name: &str) -> Result<Option<Function>, ApiError> {
        let path = format!("/2015-03-31/functions/{}/configuration", part(name));
        let call = format!("looking at the function {name}");
        let answer = match self
            .call(Request::path(LAMBDA, "GET", path, call, String::new()))
            .await
        {
            Ok(answer) => answer.json(),
            Err(error) if error.code == "ResourceNotFoundException" => return Ok(None),
            Err(error) => return Err(error),
        };
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let variables = answer
            .pointer("/Environment/Variables")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        Ok(Some(Function {
            variables: variables
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            description: text("Description"),
            state: text("State"),
        }))
    }

    /// Invocations at once that are reserved for a function; `None`: no number is.
    pub async fn reserved_concurrency(&self, name: &str) -> Result<Option<u32>, ApiError> {
        let path = format!("/2019-09-30/functions/{}/concurrency", part(name));
        let call = format!("asking for the concurrency of {name}");
        let answer = self
            .call(Request::path(LAMBDA, "GET", path, call, String::new()))
            .await?
            .json();
        let reserved = answer
            .get("ReservedConcurrentExecutions")
            .and_then(Value::as_u64);
        Ok(reserved.and_then(|reserved| reserved.try_into().ok()))
    }

    /// Returns whether one of a function's event source mappings is enabled; `None`: it has none.
    pub async fn mapped(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let path = format!(
            "/2015-03-31/event-source-mappings?FunctionName={}",
            part(name)
        );
        let call = format!("asking for the mappings of {name}");
        let answer = self
            .call(Request::path(LAMBDA, "GET", path, call, String::new()))
            .await?
            .json();
        let mappings = answer
            .get("EventSourceMappings")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let enabled = |mapping: &Value| {
            !mapping
                .get("State")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .starts_with("Disabl")
        };
        Ok((!mappings.is_empty()).then(|| mappings.iter().any(enabled)))
    }

    /// Invocations of all functions at once that nothing is reserved for.
    pub async fn unreserved_concurrency(&self) -> Result<Option<i64>, ApiError> {
        let path = "/2016-08-19/account-settings".to_owned();
        let call = "asking for Lambda's limits";
        let answer = self
            .call(Request::path(LAMBDA, "GET", path, call, String::new()))
            .await?
            .json();
        Ok(answer
            .pointer("/AccountLimit/UnreservedConcurrentExecutions")
            .and_then(Value::as_i64))
    }

    /// Invokes a function once, and waits for its end.
    pub async fn invoke(&self, name: &str, payload: &str) -> Result<Invoked, ApiError> {
        let path = format!("/2015-03-31/functions/{}/invocations", part(name));
        let request = Request {
            within: LONGEST,
            tries: 1,
            ..Request::path(
                LAMBDA,
                "POST",
                path,
                format!("invoking {name}"),
                payload.to_owned(),
            )
        };
        let answer = self.call(request).await?;
        Ok(Invoked {
            failed: answer.header("x-amz-function-error").is_some(),
            payload: String::from_utf8_lossy(&answer.body).into_owned(),
        })
    }
}
