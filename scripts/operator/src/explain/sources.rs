//! Which of the pipeline's sources takes in an object: read from the bucket's notifications and
//! from the rules of EventBridge.

use serde_json::Value;
use spillway::event::key;

/// A source, as the bucket's owner or EventBridge knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSeen {
    /// The id of the notification, or the rule's name.
    pub name: String,
    /// As S3 has it: with the key encoded.
    pub prefix: String,
    pub suffix: String,
}

/// Returns whether a notification of S3 is for the object. S3 compares its filters with the key as
/// it is encoded in the event.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html>
pub fn notifies(source: &SourceSeen, object_key: &str) -> bool {
    let encoded = key::encode(object_key);
    encoded.starts_with(&source.prefix) && encoded.ends_with(&source.suffix)
}

/// Returns whether a rule's pattern is for the object's key. A pattern without a key is for all
/// keys.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
pub fn rule_matches(pattern: &str, bucket: &str, object_key: &str) -> bool {
    let Ok(pattern) = serde_json::from_str::<Value>(pattern) else {
        return false;
    };
    let any = |pointer: &str, text: &str| match pattern.pointer(pointer).and_then(Value::as_array) {
        Some(matchers) => matchers.iter().any(|matcher| matches(matcher, text)),
        None => true,
    };
    any("/detail/bucket/name", bucket) && any("/detail/object/key", object_key)
}

fn matches(matcher: &Value, text: &str) -> bool {
    let part = |name: &str| matcher.get(name).and_then(Value::as_str);
    match matcher {
        Value::String(exact) => exact == text,
        _ => {
            part("prefix").is_some_and(|prefix| text.starts_with(prefix))
                || part("suffix").is_some_and(|suffix| text.ends_with(suffix))
                || part("wildcard").is_some_and(|wildcard| is_wild(wildcard, text))
        }
    }
}

/// Returns one star between two literal parts, as the module writes it.
fn is_wild(wildcard: &str, text: &str) -> bool {
    let mut parts = vec![String::new()];
    let mut characters = wildcard.chars();
    while let Some(character) = characters.next() {
        match (character, parts.last_mut()) {
            ('\\', Some(part)) => part.extend(characters.next()),
            ('*', _) => parts.push(String::new()),
            (character, Some(part)) => part.push(character),
            (_, None) => {}
        }
    }
    match parts.as_slice() {
        [exact] => exact == text,
        [first, .., last] => {
            text.len() >= first.len() + last.len()
                && text.starts_with(first.as_str())
                && text.ends_with(last.as_str())
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_s3_are_compared_with_the_encoded_key() {
        let source = SourceSeen {
            name: "p_on_uploads_status".into(),
            prefix: "my+status/".into(),
            suffix: ".json".into(),
        };
        assert!(notifies(&source, "my status/7.json"));
        assert!(!notifies(&source, "my+status/7.json"));
        assert!(!notifies(&source, "my status/7.csv"));
    }

    #[test]
    fn a_rule_matches_by_what_the_module_writes() {
        let pattern = |key: &str| {
            format!(
                r#"{{"detail": {{"bucket": {{"name": ["b"]}}, "object": {{"key": [{key}]}}}}}}"#
            )
        };
        assert!(rule_matches(&pattern(r#"{"prefix": "a/"}"#), "b", "a/1"));
        assert!(!rule_matches(&pattern(r#"{"prefix": "a/"}"#), "c", "a/1"));
        assert!(!rule_matches(
            &pattern(r#"{"suffix": ".json"}"#),
            "b",
            "a/1"
        ));
        let wild = pattern(r#"{"wildcard": "a\\*/*.json"}, "a*/x""#);
        assert!(rule_matches(&wild, "b", "a*/1.json"));
        assert!(rule_matches(&wild, "b", "a*/x"));
        assert!(!rule_matches(&wild, "b", "ab/1.json"));
        assert!(rule_matches(
            r#"{"detail": {"bucket": {"name": ["b"]}}}"#,
            "b",
            "anything"
        ));
        assert!(!rule_matches("no JSON", "b", "k"));
    }
}
