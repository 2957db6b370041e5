//! S3's events as EventBridge delivers them: one event a message, its key as the uploader wrote it.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>

use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::event::{EventError, MAX_FIELD_BYTES, ObjectEvent, Reported, Sequencer};
use crate::text::{cut, only_objects};

/// The only type of event that creates an object.
const CREATED: &str = "Object Created";

/// The other types of S3's events, which create no object.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html>
const OTHER_KINDS: [&str; 9] = [
    "Object ACL Updated",
    "Object Access Tier Changed",
    "Object Deleted",
    "Object Restore Completed",
    "Object Restore Expired",
    "Object Restore Initiated",
    "Object Storage Class Changed",
    "Object Tags Added",
    "Object Tags Deleted",
];

/// The reason why an EventBridge event was not understood. Its message carries the text into the
/// dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EventBridgeError {
    #[error("the event's source {0:?} is not aws.s3: let the rule's event pattern match only that")]
    Source(String),
    #[error(
        "the event's detail-type {0:?} is not {CREATED:?}: let the rule's event pattern match only that"
    )]
    DetailType(String),
    #[error(
        "the event is CloudTrail's, of a call of S3: switch on the bucket's events to EventBridge, and let the rule's \
         pattern match the detail-type {CREATED:?}"
    )]
    CloudTrail,
    #[error(
        "the event-version {0:?} of the event's detail is not 1.x, which this release understands: \
         apply a release that understands it, then redrive"
    )]
    Version(String),
    #[error("the event's {0} is missing; find the sender, and discard the message")]
    Missing(&'static str),
    #[error("the event's fields do not fit: {0}; find the sender, and discard the message")]
    Fields(String),
    #[error(transparent)]
    Event(#[from] EventError),
}

/// The fields that are specific to the event. AWS adds fields, so unknown ones are ignored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Detail {
    event_version: Option<String>,
    bucket: Option<Bucket>,
    object: Option<Object>,
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Bucket {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Object {
    key: Option<String>,
    size: Option<u64>,
    etag: Option<String>,
    version_id: Option<String>,
    sequencer: Option<String>,
}

/// Returns the facts that an EventBridge event reports.
pub fn reported(mut fields: Map<String, Value>) -> Result<Reported, EventBridgeError> {
    use EventBridgeError::Missing;

    let mut text = |name: &str| match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(EventBridgeError::Fields(format!("{name} is not a text"))),
    };
    let (source, detail_type, time) = (text("source")?, text("detail-type")?, text("time")?);
    let source = source.ok_or(Missing("source"))?;
    if source != "aws.s3" {
        return Err(EventBridgeError::Source(cut(&source, 64).to_owned()));
    }
    let detail_type = detail_type.ok_or(Missing("detail-type"))?;
    match detail_type.as_str() {
        CREATED => {}
        other if OTHER_KINDS.contains(&other) => return Ok(Reported::Other(detail_type)),
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
        "AWS API Call via CloudTrail" => return Err(EventBridgeError::CloudTrail),
        other => return Err(EventBridgeError::DetailType(cut(other, 64).to_owned())),
    }
    // Only now: the details of other events look different.
    let detail = fields.remove("detail").filter(|detail| !detail.is_null());
    let detail = detail.ok_or(Missing("detail"))?;
    only_objects(&detail, &["bucket", "object"]).map_err(EventBridgeError::Fields)?;
    let detail: Detail = serde_json::from_value(detail)
        .map_err(|error| EventBridgeError::Fields(cut(&error.to_string(), 120).to_owned()))?;
    // Events from before there was a version have the form of 1.0.
    if let Some(version) = detail.event_version
        && version.split('.').next() != Some("1")
    {
        return Err(EventBridgeError::Version(cut(&version, 64).to_owned()));
    }
    let bucket = detail.bucket.and_then(|bucket| bucket.name);
    let object = detail.object.ok_or(Missing("detail.object"))?;
    let sequencer = object.sequencer.ok_or(Missing("detail.object.sequencer"))?;
    let event = ObjectEvent {
        bucket: bucket.ok_or(Missing("detail.bucket.name"))?,
        // Raw: characters that look like URL encoding are part of the key.
        key: object.key.ok_or(Missing("detail.object.key"))?,
        version_id: object.version_id,
        size: object.size,
        etag: object.etag,
        sequencer: Some(Sequencer::parse(&sequencer)?),
        event_name: event_name(detail.reason.as_deref()),
        event_time: time.ok_or(Missing("time"))?,
    };
    Ok(Reported::Created(event.validate()?))
}

/// Returns the name in S3's own notification for EventBridge's reason, which is the API call.
///
/// A reason that is not documented gives `ObjectCreated:<reason>` with its ASCII letters and
/// digits, cut to the length that an event name can have. None at all gives
/// `ObjectCreated:Unknown`. The name only informs: an object that was created is processed, under
/// any name that S3 gives it.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>
fn event_name(reason: Option<&str>) -> String {
    let how = match reason.unwrap_or_default() {
        "PutObject" => "Put",
        // With a space: it is a form's POST, and no API call has that name.
        "POST Object" => "Post",
        "CopyObject" => "Copy",
        "CompleteMultipartUpload" => "CompleteMultipartUpload",
        other => {
            let known = |character: &char| character.is_ascii_alphanumeric();
            let readable: String = other.chars().filter(known).collect();
            let readable = if readable.is_empty() {
                "Unknown"
            } else {
                &readable
            };
            let name = format!("ObjectCreated:{readable}");
            return cut(&name, MAX_FIELD_BYTES).to_owned();
        }
    };
    format!("ObjectCreated:{how}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Returns the sample of AWS's page.
    pub(crate) fn sample() -> Value {
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
                "event-version": "1.0",
                "bucket": {"name": "amzn-s3-demo-bucket1"},
                "object": {
                    "key": "example-key",
                    "size": 5,
                    "etag": "b1946ac92492d2347c6235b4d2611184",
                    "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
                    "sequencer": "617f08299329d189"
                },
                "request-id": "N4N7GDK58NMKJ12R",
                "requester": "123456789012",
                "source-ip-address": "1.2.3.4",
                "reason": "PutObject"
            }
        })
    }

    fn read(event: Value) -> Result<ObjectEvent, EventBridgeError> {
        match reported(event.as_object().unwrap().clone())? {
            Reported::Created(event) => Ok(event),
            Reported::Other(kind) => panic!("{kind}"),
        }
    }

    #[test]
    fn awss_sample_is_understood() {
        assert_eq!(
            read(sample()),
            Ok(ObjectEvent {
                bucket: "amzn-s3-demo-bucket1".into(),
                key: "example-key".into(),
                version_id: Some("IYV3p45BT0ac8hjHg1houSdS1a.Mro8e".into()),
                size: Some(5),
                etag: Some("b1946ac92492d2347c6235b4d2611184".into()),
                sequencer: Some(Sequencer::parse("617f08299329d189").unwrap()),
                event_name: "ObjectCreated:Put".into(),
                event_time: "2021-11-12T00:00:00Z".into(),
            })
        );
    }

    #[test]
    fn a_bucket_without_versions_sends_no_version_id() {
        let mut event = sample();
        let object = event["detail"]["object"].as_object_mut().unwrap();
        object.remove("version-id");
        assert_eq!(read(event).unwrap().version_id, None);
    }

    #[test]
    fn the_reason_becomes_the_event_name_of_a_notification() {
        for (reason, name) in [
            (Some("PutObject"), "ObjectCreated:Put"),
            (Some("POST Object"), "ObjectCreated:Post"),
            (Some("CopyObject"), "ObjectCreated:Copy"),
            (
                Some("CompleteMultipartUpload"),
                "ObjectCreated:CompleteMultipartUpload",
            ),
            (Some("Rename Object 2"), "ObjectCreated:RenameObject2"),
            (Some(" "), "ObjectCreated:Unknown"),
            (None, "ObjectCreated:Unknown"),
        ] {
            assert_eq!(event_name(reason), name);
        }
    }

    #[test]
    fn a_long_reason_is_cut_to_an_event_name() {
        let mut event = sample();
        event["detail"]["reason"] = json!("r".repeat(300));
        assert_eq!(read(event).unwrap().event_name.len(), MAX_FIELD_BYTES);
    }

    /// Returns an event with one field changed or, with `Value::Null`, removed.
    fn with(pointer: &str, value: Value) -> Value {
        let mut event = sample();
        *event.pointer_mut(pointer).unwrap() = value;
        event
    }

    #[test]
    fn what_is_not_a_created_object_is_refused_with_a_reason() {
        for (event, reason) in [
            (
                with("/detail-type", json!("Object Renamed")),
                "\"Object Renamed\" is not \"Object Created\": let the rule's event pattern",
            ),
            (
                with("/detail-type", json!("AWS API Call via CloudTrail")),
                "CloudTrail's",
            ),
            (with("/detail-type", Value::Null), "detail-type is missing"),
            (with("/source", json!("aws.ec2")), "is not aws.s3"),
            (with("/source", Value::Null), "source is missing"),
            (with("/time", Value::Null), "time is missing"),
            (with("/detail", Value::Null), "detail is missing"),
            (with("/detail", json!(7)), "do not fit"),
            (with("/detail/event-version", json!("2.0")), "is not 1.x"),
            (
                with("/detail/bucket", Value::Null),
                "detail.bucket.name is missing",
            ),
            (
                with("/detail/object", Value::Null),
                "detail.object is missing",
            ),
            (
                with("/detail/object/key", Value::Null),
                "detail.object.key is missing",
            ),
            (with("/detail/object/key", json!("")), "key is empty"),
            (with("/detail/object/size", json!("5")), "do not fit"),
            (
                with("/detail/object/sequencer", Value::Null),
                "detail.object.sequencer is missing",
            ),
            (with("/detail/object/sequencer", json!("x")), "hexadecimal"),
        ] {
            let error = read(event).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn another_kind_is_told_by_its_type_whatever_its_detail() {
        for kind in OTHER_KINDS {
            let mut other = with("/detail-type", json!(kind));
            other["detail"] = Value::Null;
            let reported = reported(other.as_object().unwrap().clone());
            assert_eq!(reported, Ok(Reported::Other(kind.to_owned())));
        }
    }

    #[test]
    fn a_newer_minor_version_with_new_fields_is_understood() {
        let mut newer = with("/detail/event-version", json!("1.7"));
        newer["detail"]["object"]["storage-class"] = json!({"new": true});
        newer["replay-name"] = json!("again");
        assert!(read(newer).is_ok());
    }

    proptest! {
        #[test]
        fn the_key_is_taken_as_it_is(key in "(\\PC|[%+ ]){1,60}") {
            let event = read(with("/detail/object/key", json!(key))).unwrap();
            prop_assert_eq!(event.key, key);
        }

        #[test]
        fn any_reason_makes_a_name_that_fits(reason in "\\PC{0,300}") {
            let name = event_name(Some(&reason));
            prop_assert!(name.starts_with("ObjectCreated:") && name.len() <= MAX_FIELD_BYTES);
            prop_assert!(name.len() > "ObjectCreated:".len());
        }
    }
}
