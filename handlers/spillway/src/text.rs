//! Cutting text to a size, for stores that bill or limit by the byte.

/// The longest prefix of `text` with at most `max_bytes` bytes that ends at a character's end.
pub fn cut(text: &str, max_bytes: usize) -> &str {
    let mut end = max_bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// JSON as an SQS body takes it: the two characters that JSON allows and SQS refuses are escaped.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub fn json_body(json: String) -> String {
    if json.contains(['\u{fffe}', '\u{ffff}']) {
        json.replace('\u{fffe}', "\\ufffe")
            .replace('\u{ffff}', "\\uffff")
    } else {
        json
    }
}

/// `text` as an SQS message attribute takes it: at most `max_bytes` bytes, no control characters, never empty.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
