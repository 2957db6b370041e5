//! Invocations that each bring their work along; Lambda brings failed ones again.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::Failure;
use crate::runtime::Answer;
use crate::session::Session;

/// Lambda's invocations with an asynchronous event. An outcome can come more often before it is a
/// dead letter.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const TRIES: u32 = 3;

/// Payloads that wait.
pub struct Payloads {
    waiting: VecDeque<(u32, Value)>,
}

impl Payloads {
    pub fn new(payloads: impl IntoIterator<Item = Value>) -> Self {
        Self {
            waiting: payloads.into_iter().map(|payload| (1, payload)).collect(),
        }
    }

    /// Invokes the program with each. A failed one comes again after the others, not for ever.
    pub async fn drive(mut self, session: &mut Session) -> Result<(), Failure> {
        while let Some((tries, payload)) = self.waiting.pop_front() {
            let answer = session.invoke(&payload).await?;
            if let Some(again) = failed(&answer, payload)
                && tries < TRIES
            {
                self.waiting.push_back((tries + 1, again));
            }
        }
        Ok(())
    }
}

/// Returns the part of a payload that must come again: all of it, or the records that the answer
/// names.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
fn failed(answer: &Answer, payload: Value) -> Option<Value> {
    let answer: Value = match answer {
        Answer::Failed(_) => return Some(payload),
        Answer::Done(body) => serde_json::from_slice(body).unwrap_or_default(),
    };
    let failures = answer["batchItemFailures"].as_array()?;
    let records = payload["Records"].as_array()?;
    let records: Vec<&Value> = records
        .iter()
        .filter(|record| {
            let mut failures = failures.iter();
            failures.any(|failure| failure["itemIdentifier"] == record["messageId"])
        })
        .collect();
    (!records.is_empty()).then(|| json!({"Records": records}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_comes_again() {
        let payload = || json!({"Records": [{"messageId": "a"}, {"messageId": "b"}]});
        let done = |body: &str| failed(&Answer::Done(body.to_owned().into()), payload());
        assert_eq!(done(r#"{"batchItemFailures": []}"#), None);
        assert_eq!(done("null"), None);
        let one = done(r#"{"batchItemFailures": [{"itemIdentifier": "b"}]}"#);
        assert_eq!(one, Some(json!({"Records": [{"messageId": "b"}]})));
        assert_eq!(
            failed(&Answer::Failed("".into()), payload()),
            Some(payload())
        );
    }
}
