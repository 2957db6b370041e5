//! Text as stores and queues take it, and JSON as it is meant.

use serde_json::Value;

/// Returns the longest prefix of `text` with at most `max_bytes` bytes that ends at a character's
/// end.
pub fn cut(text: &str, max_bytes: usize) -> &str {
    let mut end = max_bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Returns JSON as an SQS body takes it: the two characters that JSON allows and SQS refuses are
/// escaped.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub fn json_body(json: String) -> String {
    if json.contains(['\u{fffe}', '\u{ffff}']) {
        json.replace('\u{fffe}', "\\ufffe")
            .replace('\u{ffff}', "\\uffff")
    } else {
        json
    }
}

/// Returns `text` as an SQS message attribute takes it: at most `max_bytes` bytes, no control
/// characters, never empty.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
pub fn attribute_value(text: &str, max_bytes: usize) -> String {
    let printable: String = text
        .chars()
        .map(|character| match character {
            control if control.is_control() => ' ',
            // Allowed by Unicode, refused by SQS.
            '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            other => other,
        })
        .collect();
    let value = cut(printable.trim(), max_bytes);
    if value.is_empty() { "-" } else { value }.to_owned()
}

/// Checks that a value is an object, and so is each of these fields that it has. A struct's derived
/// `Deserialize` takes an array too, as the fields in their order: a message could mean something
/// else than it says.
pub fn only_objects(value: &Value, fields: &[&str]) -> Result<(), String> {
    if !value.is_object() {
        return Err("it is not an object".to_owned());
    }
    let is_one = |field: &&&str| match value.get(**field) {
        None | Some(Value::Null | Value::Object(_)) => false,
        Some(_) => true,
    };
    match fields.iter().find(is_one) {
        Some(field) => Err(format!("{field} is not an object")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn cut_never_splits_a_character() {
        assert_eq!(cut("한국어", 4), "한");
        assert_eq!(cut("abc", 10), "abc");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn an_attribute_value_is_printable_and_not_empty() {
        assert_eq!(attribute_value("a\nb\u{0}", 100), "a b");
        assert_eq!(attribute_value("\n", 100), "-");
    }

    #[test]
    fn an_array_is_no_object() {
        let check = |value: Value| only_objects(&value, &["bucket"]);
        assert_eq!(check(json!({"bucket": {}, "other": [1]})), Ok(()));
        assert_eq!(check(json!({"bucket": null})), Ok(()));
        assert!(check(json!([{}])).unwrap_err().contains("it is not"));
        let problem = check(json!({"bucket": ["name"]})).unwrap_err();
        assert_eq!(problem, "bucket is not an object");
    }

    #[test]
    fn what_sqs_refuses_in_a_body_is_escaped() {
        let text = "a\u{fffe}b\u{ffff}c";
        let json = json_body(serde_json::to_string(text).unwrap());
        assert_eq!(json, r#""a\ufffeb\uffffc""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    proptest! {
        #[test]
        fn cut_is_a_prefix_within_the_limit(text in ".{0,40}", max in 0usize..60) {
            let short = cut(&text, max);
            prop_assert!(text.starts_with(short));
            prop_assert!(short.len() <= max);
            prop_assert!(short.len() + 3 >= max.min(text.len()));
        }
    }
}
