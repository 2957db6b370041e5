//! The envelope that an SNS topic puts around a message for a queue that is not subscribed with raw
//! delivery.
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html>

use serde_json::{Map, Value};
use thiserror::Error;

use crate::text::cut;

/// The reason why an SNS envelope was not opened. Its message carries the text into the dead-letter
/// queue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SnsError {
    #[error(
        "the topic {topic} asks to confirm its subscription of this queue. Call sns:ConfirmSubscription with the \
         TopicArn and the Token of this message, or subscribe the queue from its own account. Then delete this message"
    )]
    Confirmation { topic: String },
    #[error(
        "the topic {topic} says that this queue is no longer subscribed: subscribe it again if that was not meant, and \
         delete this message"
    )]
    Unsubscribed { topic: String },
    #[error(
        "the SNS message's type {0:?} is not Notification: find the sender, and discard the message"
    )]
    Type(String),
    #[error(
        "the SNS notification of the topic {topic} has no text in its Message: find the publisher, and discard the message"
    )]
    NoMessage { topic: String },
    #[error(
        "the SNS notification of the topic {topic} holds another SNS message, and one is undone: subscribe the queue to \
         the first of the two topics"
    )]
    Nested { topic: String },
}

/// Returns whether a message's fields are those of an SNS envelope.
pub fn is_envelope(fields: &Map<String, Value>) -> bool {
    let is_text = |name| fields.get(name).is_some_and(Value::is_string);
    is_text("Type") && is_text("TopicArn")
}

/// Returns the text inside an envelope.
pub fn inside(fields: &Map<String, Value>) -> Result<&str, SnsError> {
    let text = |name| fields.get(name).and_then(Value::as_str);
    let topic = topic(fields);
    match text("Type").unwrap_or_default() {
        "Notification" => text("Message").ok_or(SnsError::NoMessage { topic }),
        "SubscriptionConfirmation" => Err(SnsError::Confirmation { topic }),
        "UnsubscribeConfirmation" => Err(SnsError::Unsubscribed { topic }),
        other => Err(SnsError::Type(cut(other, 64).to_owned())),
    }
}

/// Returns the error for an envelope within an envelope; `fields` are the inner one's.
pub fn nested(fields: &Map<String, Value>) -> SnsError {
    SnsError::Nested {
        topic: topic(fields),
    }
}

fn topic(fields: &Map<String, Value>) -> String {
    let arn = fields.get("TopicArn").and_then(Value::as_str);
    // An account id, a region and 256 characters of a name.
    cut(arn.unwrap_or_default(), 320).to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    /// Returns the sample of AWS's page, around another message.
    pub(crate) fn sample(message: &str) -> Value {
        json!({
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:us-west-2:123456789012:MyTopic",
            "Subject": "Amazon S3 Notification",
            "Message": message,
            "Timestamp": "2012-05-02T00:54:06.655Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLEw6JRN...",
            "SigningCertURL": "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
            "UnsubscribeURL": "https://sns.us-west-2.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-west-2:123456789012:MyTopic:c9135db0-26c4-47ec-8998-413945fb5a96"
        })
    }

    /// Returns the sample of AWS's page, its token shortened.
    pub(crate) fn confirmation() -> Value {
        json!({
            "Type": "SubscriptionConfirmation",
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "Token": "2336412f37...",
            "TopicArn": "arn:aws:sns:us-west-2:123456789012:MyTopic",
            "Message": "You have chosen to subscribe to the topic arn:aws:sns:us-west-2:123456789012:MyTopic.\nTo confirm the subscription, visit the SubscribeURL included in this message.",
            "SubscribeURL": "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-west-2:123456789012:MyTopic&Token=2336412f37...",
            "Timestamp": "2012-04-26T20:45:04.751Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLEpH+...",
            "SigningCertURL": "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem"
        })
    }

    fn open(envelope: &Value) -> Result<&str, SnsError> {
        let fields = envelope.as_object().unwrap();
        assert!(is_envelope(fields));
        inside(fields)
    }

    #[test]
    fn awss_sample_is_undone() {
        assert_eq!(open(&sample("Hello world!")), Ok("Hello world!"));
    }

    #[test]
    fn a_confirmation_names_the_topic_and_the_remedy() {
        let error = open(&confirmation()).unwrap_err().to_string();
        assert!(
            error.contains("arn:aws:sns:us-west-2:123456789012:MyTopic"),
            "{error}"
        );
        assert!(error.contains("sns:ConfirmSubscription"), "{error}");
    }

    #[test]
    fn other_types_are_refused() {
        let mut other = sample("text");
        other["Type"] = json!("UnsubscribeConfirmation");
        assert!(matches!(open(&other), Err(SnsError::Unsubscribed { .. })));
        other["Type"] = json!("News");
        assert_eq!(open(&other), Err(SnsError::Type("News".into())));
        let mut empty = sample("text");
        empty["Message"] = Value::Null;
        assert!(matches!(open(&empty), Err(SnsError::NoMessage { .. })));
    }

    #[test]
    fn other_messages_are_no_envelope() {
        for body in [
            json!({"Type": "Notification"}),
            json!({"TopicArn": "arn"}),
            json!({"Type": 1, "TopicArn": "arn"}),
        ] {
            assert!(!is_envelope(body.as_object().unwrap()));
        }
    }
}
