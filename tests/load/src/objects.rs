//! The objects of the events to process, and S3's messages about them.

use serde_json::{Value, json};

/// Their bucket.
const BUCKET: &str = "uploads";
/// In every object's key, before the digits that number it.
const MARK: &str = "event-";
const DIGITS: usize = 8;
/// Digits of an S3 sequencer.
const SEQUENCER: usize = 18;

/// Returns the key of the object with this number: as long as keys usually are, 40 characters.
pub fn key(number: u32) -> String {
    format!("incoming/2026/11/23/{MARK}{number:0DIGITS$}.jsonl")
}

/// Returns one record, with all that S3 writes of an object in a bucket without versions.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
fn record(number: u32) -> Value {
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": fake_aws::REGION,
        "eventTime": "2026-11-23T09:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AROAEXAMPLEEXAMPLE123:uploader"},
        "requestParameters": {"sourceIPAddress": "192.0.2.14"},
        "responseElements": {
            "x-amz-request-id": "C3D13FE58DE4C810",
            "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpDFMyUVURIY8/IgAtTv8xRjskZ"
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "tf-s3-queue-20261101000000000000000001",
            "bucket": {
                "name": BUCKET,
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": "arn:aws:s3:::uploads"
            },
            "object": {
                "key": key(number),
                "size": 1024,
                "eTag": format!("{number:032x}"),
                "sequencer": format!("{number:0SEQUENCER$X}")
            }
        }
    })
}

/// Returns S3's notification of these objects. S3 itself writes one record.
pub fn notification(numbers: impl IntoIterator<Item = u32>) -> Value {
    let records: Vec<Value> = numbers.into_iter().map(record).collect();
    json!({"Records": records})
}

/// Returns a message of another kind about an object.
pub fn in_words_of(template: &str, number: u32) -> String {
    let template = template
        .replace("{bucket}", BUCKET)
        .replace("{key}", &key(number));
    template.replace("{n}", &number.to_string())
}

/// Returns the numbers of the objects that a text names, each once: for any form of an execution's
/// input.
pub fn named(text: &str) -> Vec<u32> {
    let after = text.split(MARK).skip(1);
    let digits = after.filter_map(|rest| rest.get(..DIGITS));
    let mut numbers: Vec<u32> = digits.filter_map(|digits| digits.parse().ok()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_names_its_objects() {
        let text = notification([7, 12_345_678]).to_string();
        assert_eq!(named(&text), [7, 12_345_678]);
        let inside = Value::from(text).to_string();
        assert_eq!(
            named(&inside),
            [7, 12_345_678],
            "also as a string in another"
        );
        assert!(named("event-1234567").is_empty());
    }

    #[test]
    fn a_template_names_its_object() {
        let text = in_words_of(r#"{"name": "execution-{n}", "of": "{bucket}/{key}"}"#, 7);
        let expected = format!(r#"{{"name": "execution-7", "of": "uploads/{}"}}"#, key(7));
        assert_eq!(text, expected);
        assert_eq!(named(&text), [7]);
    }

    #[test]
    fn a_key_has_a_usual_length() {
        assert_eq!(key(0).len(), 40);
    }
}
