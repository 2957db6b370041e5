//! S3's events by way of EventBridge. Keys are as their uploaders wrote them: not URL-encoded.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::event::{EventError, MAX_FIELD_BYTES, ObjectEvent, Sequencer};
use crate::text::cut;

/// The only kind of event that is taken in.
const CREATED: &str = "Object Created";

/// Why an event was not understood. The text is what its message carries into the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EventBridgeError {
    #[error("the event is {0:?} and not {CREATED:?}: let the rule match only these")]
    Kind(String),
    #[error("the event's {0} is missing")]
    Missing(&'static str),
    #[error("the event's fields do not fit: {0}")]
    Fields(String),
    #[error(transparent)]
    Event(#[from] EventError),
}

#[derive(Deserialize)]
struct Detail {
    bucket: Option<Bucket>,
    object: Option<Object>,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Bucket {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Object {
    key: Option<String>,
    size: Option<u64>,
    etag: Option<String>,
    version_id: Option<String>,
    sequencer: Option<String>,
}

/// Whether a body is one of S3's events by way of EventBridge.
pub fn is_one(fields: &serde_json::Map<String, Value>) -> bool {
    fields.get("source").and_then(Value::as_str) == Some("aws.s3")
        && fields.contains_key("detail-type")
}

/// The object event of an EventBridge event.
pub fn object_event(
    mut fields: serde_json::Map<String, Value>,
) -> Result<ObjectEvent, EventBridgeError> {
    use EventBridgeError::Missing;

    let kind = fields
        .get("detail-type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if kind != CREATED {
        return Err(EventBridgeError::Kind(cut(kind, 64).to_owned()));
    }
    let time = fields
        .get("time")
        .and_then(Value::as_str)
        .ok_or(Missing("time"))?
        .to_owned();
    let detail = fields.remove("detail").ok_or(Missing("detail"))?;
    let detail: Detail = serde_json::from_value(detail)
        .map_err(|error| EventBridgeError::Fields(cut(&error.to_string(), 120).to_owned()))?;
    let bucket = detail.bucket.and_then(|bucket| bucket.name);
    let object = detail.object.ok_or(Missing("detail.object"))?;
    let sequencer = object.sequencer.ok_or(Missing("detail.object.sequencer"))?;
    let event = ObjectEvent {
        bucket: bucket.ok_or(Missing("detail.bucket.name"))?,
        key: object.key.ok_or(Missing("detail.object.key"))?,
        version_id: object.version_id.filter(|id| !id.is_empty()),
        size: object.size,
        etag: object.etag.filter(|etag| !etag.is_empty()),
        sequencer: Sequencer::parse(&sequencer)?,
        event_name: event_name(detail.reason.as_deref()),
        event_time: time,
    };
    Ok(event.validate()?)
}

/// The name that S3's notification has for a reason, which is an API's name here.
fn event_name(reason: Option<&str>) -> String {
    let how = match reason {
        Some("PutObject") => "Put",
        Some("POST Object") => "Post",
        Some("CopyObject") => "Copy",
        Some(other) => other,
        None => "Unknown",
    };
    let how: String = how.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = format!("ObjectCreated:{how}");
    cut(&name, MAX_FIELD_BYTES).to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// AWS's example, with another key.
    pub(crate) fn created(key: &str) -> Value {
        json!({
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": "Object Created",
            "source": "aws.s3",
            "account": "111122223333",
            "time": "2021-11-12T00:00:00Z",
            "region": "ca-central-1",
            "resources": ["arn:aws:s3:::amzn-s3-demo-bucket1"],
            "detail": {
                "version": "0",
                "bucket": {"name": "amzn-s3-demo-bucket1"},
                "object": {
                    "key": key, "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184",
                    "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "sequencer": "617f08299329d189"
                },
                "request-id": "N4N7GDK58NMKJ12R", "requester": "123456789012",
                "source-ip-address": "1.2.3.4", "reason": "PutObject"
            }
        })
    }

    fn read(value: Value) -> Result<ObjectEvent, EventBridgeError> {
        match value {
            Value::Object(fields) => object_event(fields),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn awss_example_is_understood() {
        let event = read(created("example-key")).unwrap();
        assert_eq!(event.bucket, "amzn-s3-demo-bucket1");
        assert_eq!(event.key, "example-key");
        assert_eq!(
            event.version_id.as_deref(),
            Some("IYV3p45BT0ac8hjHg1houSdS1a.Mro8e")
        );
        assert_eq!(event.size, Some(5));
        assert_eq!(event.sequencer.as_str(), "0000000000000000617f08299329d189");
        assert_eq!(event.event_name, "ObjectCreated:Put");
        assert_eq!(event.event_time, "2021-11-12T00:00:00Z");
    }

    #[test]
    fn reasons_are_named_as_notifications_name_them() {
        for (reason, name) in [
            ("POST Object", "ObjectCreated:Post"),
            ("CopyObject", "ObjectCreated:Copy"),
            (
                "CompleteMultipartUpload",
                "ObjectCreated:CompleteMultipartUpload",
            ),
            ("Something New", "ObjectCreated:SomethingNew"),
        ] {
            let mut event = created("k");
            event["detail"]["reason"] = json!(reason);
            assert_eq!(read(event).unwrap().event_name, name);
        }
    }

    #[test]
    fn other_kinds_and_missing_fields_are_named() {
        let mut deleted = created("k");
        deleted["detail-type"] = json!("Object Deleted");
        assert_eq!(
            read(deleted),
            Err(EventBridgeError::Kind("Object Deleted".into()))
        );
        for (path, named) in [
            ("/time", "time"),
            ("/detail", "detail"),
            ("/detail/bucket/name", "detail.bucket.name"),
            ("/detail/object", "detail.object"),
            ("/detail/object/key", "detail.object.key"),
            ("/detail/object/sequencer", "detail.object.sequencer"),
        ] {
            let mut event = created("k");
            let (parent, field) = path.rsplit_once('/').unwrap();
            let parent = event.pointer_mut(parent).unwrap();
            parent.as_object_mut().unwrap().remove(field);
            assert_eq!(read(event), Err(EventBridgeError::Missing(named)), "{path}");
        }
        let mut wrong = created("k");
        wrong["detail"]["object"]["size"] = json!("five");
        assert!(matches!(read(wrong), Err(EventBridgeError::Fields(_))));
    }

    proptest! {
        /// Not even what looks encoded is decoded.
        #[test]
        fn a_key_stays_as_it_is(key in "[ -~가-힣+%]{1,80}") {
            prop_assert_eq!(read(created(&key)).unwrap().key, key);
        }
    }
}
