//! The subject of a message in a queue of failures: its objects and its error, from any sender and
//! in any dialect.

use std::fmt;

use serde_json::Value;
use spillway::Millis;
use spillway::event::key;
use spillway::message::{ATTEMPT, REASON};

/// The message attributes that give the reason why a message is here: Spillway's, EventBridge's,
/// SNS's.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
const REASONS: [&str; 6] = [
    REASON,
    "ERROR_CODE",
    "ERROR_MESSAGE",
    "EXHAUSTED_RETRY_CONDITION",
    "ErrorCode",
    "ErrorMessage",
];

/// A message as SQS hands it out, as far as this asks.
#[derive(Clone, Copy)]
pub struct Letter<'a> {
    pub body: &'a str,
    /// Its attributes that are texts, by name.
    pub attribute: &'a dyn Fn(&str) -> Option<String>,
    pub sent_at: Millis,
    /// SQS itself moved it here.
    pub by_sqs: bool,
}

/// The subject of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// `<bucket>/<key>` of each; none if the body is not understood.
    pub objects: Vec<String>,
    pub error: String,
    /// When it was sent here. A message that SQS itself moved keeps its first queue's time, unless
    /// the queues are FIFO queues.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html>
    pub sent_at: Millis,
    /// Somebody put an event here by hand and did not say which attempt it asks for.
    pub without_attempt: bool,
}

impl fmt::Display for Contents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = self.objects.first().map_or("(no object)", String::as_str);
        let more = match self.objects.len() {
            0 | 1 => String::new(),
            number => format!(" and {} more", number - 1),
        };
        let error = if self.error.is_empty() {
            "(no reason given)"
        } else {
            &self.error
        };
        write!(formatter, "{about}{more}: {error}")
    }
}

/// Reads a message.
pub fn of(letter: Letter<'_>) -> Contents {
    let body: Value = serde_json::from_str(letter.body).unwrap_or_default();
    let (objects, more) = of_body(&body);
    let mut texts: Vec<String> = REASONS
        .iter()
        .filter_map(|name| (letter.attribute)(name))
        .collect();
    texts.extend(more);
    let error = distinct(texts).join(": ");
    let objects = distinct(objects);
    let by_hand = !objects.is_empty()
        && error.is_empty()
        && !letter.by_sqs
        && (letter.attribute)(ATTEMPT).is_none();
    Contents {
        objects,
        error,
        sent_at: letter.sent_at,
        without_attempt: by_hand,
    }
}

fn distinct(texts: Vec<String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for text in texts {
        if !text.is_empty() && !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// Returns the objects and the error of a body. A body that is not understood has neither: it can
/// still be moved.
fn of_body(body: &Value) -> (Vec<String>, Vec<String>) {
    let texts = |value: &Value, pointers: &[&str]| {
        pointers
            .iter()
            .filter_map(|pointer| text(value, pointer))
            .collect()
    };
    let of = |bucket: Option<String>, key: Option<String>| Some(format!("{}/{}", bucket?, key?));
    if let Some(payload) = body.get("requestPayload") {
        // The fields that Lambda writes of a failed asynchronous invocation.
        // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        let said = [
            "/responsePayload/errorType",
            "/responsePayload/errorMessage",
            "/requestContext/condition",
        ];
        return (of_body(payload).0, texts(body, &said));
    }
    if body.get("Type").and_then(Value::as_str) == Some("Notification") {
        let inner =
            text(body, "/Message").and_then(|message| serde_json::from_str::<Value>(&message).ok());
        return inner.map(|inner| of_body(&inner)).unwrap_or_default();
    }
    if body.get("spillway").is_some() && body.get("object").is_some() {
        let object = of(text(body, "/object/bucket"), text(body, "/object/key"));
        return (object.into_iter().collect(), Vec::new());
    }
    if let Some(records) = body.get("Records") {
        let object = |record: &Value| {
            let key = text(record, "/s3/object/key").map(|raw| key::decode(&raw).unwrap_or(raw));
            of(text(record, "/s3/bucket/name"), key)
        };
        let objects = records.as_array().into_iter().flatten().filter_map(object);
        return (objects.collect(), Vec::new());
    }
    let outcome = body.get("outcome").filter(|outcome| outcome.is_object());
    if body.get("source").and_then(Value::as_str) == Some("aws.states") || outcome.is_some() {
        let ended = outcome
            .or_else(|| body.get("detail"))
            .unwrap_or(&Value::Null);
        return (Vec::new(), texts(ended, &["/status", "/error", "/cause"]));
    }
    if body.get("detail-type").is_some() {
        let object = of(
            text(body, "/detail/bucket/name"),
            text(body, "/detail/object/key"),
        );
        return (object.into_iter().collect(), Vec::new());
    }
    (Vec::new(), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(body: &str, attributes: &[(&str, &str)]) -> Contents {
        let attribute = |name: &str| {
            attributes
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        of(Letter {
            body,
            attribute: &attribute,
            sent_at: 17,
            by_sqs: false,
        })
    }

    fn notification(keys: &[&str]) -> Value {
        let records = keys
            .iter()
            .map(|key| json!({"s3": {"bucket": {"name": "uploads"}, "object": {"key": key}}}));
        json!({"Records": records.collect::<Vec<_>>()})
    }

    #[test]
    fn every_dialect_tells_its_objects_and_its_error() {
        let own = json!({"spillway": 1, "object": {"bucket": "uploads", "key": "a b+c", "sequencer": "1"}});
        let rule = json!({"detail-type": "Object Created", "detail": {"bucket": {"name": "uploads"}, "object": {"key": "a+b%2B"}}});
        let sns = json!({"Type": "Notification", "Message": notification(&["a"]).to_string()});
        let lambda = json!({
            "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": notification(&["a"]),
            "responsePayload": {"errorType": "HandlerError", "errorMessage": "no queue"},
        });
        let states = json!({"source": "aws.states", "detail-type": "x", "detail": {"status": "FAILED", "error": "E", "cause": "c"}});
        let outcome = json!({"spillway": 1, "outcome": {"execution": "x", "status": "REFUSED", "error": null}});
        let broken = json!({"requestPayload": null, "responsePayload": "text"});
        for (body, objects, error) in [
            (own.to_string(), vec!["uploads/a b+c"], ""),
            (
                notification(&["a+b%2Bc", "d"]).to_string(),
                vec!["uploads/a b+c", "uploads/d"],
                "",
            ),
            (rule.to_string(), vec!["uploads/a+b%2B"], ""),
            (sns.to_string(), vec!["uploads/a"], ""),
            (
                lambda.to_string(),
                vec!["uploads/a"],
                "HandlerError: no queue: RetriesExhausted",
            ),
            (states.to_string(), vec![], "FAILED: E: c"),
            (outcome.to_string(), vec![], "REFUSED"),
            ("no JSON".into(), vec![], ""),
            ("7".into(), vec![], ""),
            (r#"{"Records": [{"s3": 7}]}"#.into(), vec![], ""),
            (
                r#"{"Type": "Notification", "Message": "no JSON"}"#.into(),
                vec![],
                "",
            ),
            (broken.to_string(), vec![], ""),
        ] {
            let told = told(&body, &[]);
            assert_eq!(
                (told.objects, told.error.as_str(), told.sent_at),
                (objects.iter().map(ToString::to_string).collect(), error, 17),
                "{body}"
            );
        }
    }

    #[test]
    fn the_reason_is_spillways_or_eventbridges() {
        let rule = [
            ("RULE_ARN", "arn"),
            ("ERROR_CODE", "NO_PERMISSIONS"),
            ("ERROR_MESSAGE", "not allowed"),
        ];
        assert_eq!(told("", &rule).error, "NO_PERMISSIONS: not allowed");
        assert_eq!(
            told("", &[("reason", "not JSON")]).to_string(),
            "(no object): not JSON"
        );
    }

    #[test]
    fn only_what_a_person_put_there_lacks_its_attempt() {
        let own =
            json!({"spillway": 1, "object": {"bucket": "uploads", "key": "k", "sequencer": "1"}})
                .to_string();
        assert!(told(&own, &[]).without_attempt);
        assert!(!told(&own, &[("attempt", "2")]).without_attempt);
        assert!(!told(&own, &[("reason", "FAILED")]).without_attempt);
        assert!(!told("no JSON", &[]).without_attempt);
        let by_sqs = of(Letter {
            body: &own,
            attribute: &|_| None,
            sent_at: 0,
            by_sqs: true,
        });
        assert!(!by_sqs.without_attempt);
    }
}
