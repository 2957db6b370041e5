//! S3's own notification messages, as they arrive when a bucket sends straight to the queue.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

use crate::event::key;
use crate::event::{EventError, MAX_FIELD_BYTES, ObjectEvent, Reported, Sequencer};
use crate::text::{cut, only_objects};

/// Records of one notification, at most. S3's have 64 KB. In 256 KiB there is room for fewer whole
/// records: of more, most are broken, and each would get a reason.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
pub const MAX_RECORDS: usize = 2_000;

/// The reason why a notification was not understood. Its message carries the text into the
/// dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotificationError {
    #[error("the notification has no records: find the sender, and discard the message")]
    NoRecords,
    #[error(
        "the notification has {0} records, more than the {MAX_RECORDS} that are read: send several"
    )]
    TooManyRecords(usize),
    #[error(
        "record {record}: its fields do not fit: {reason}; find the sender, and discard the message"
    )]
    Fields { record: usize, reason: String },
    #[error(
        "record {record}: the event version {version:?} is not 2.x, which this release understands: \
         apply a release that understands it, then redrive"
    )]
    Version { record: usize, version: String },
    #[error("record {record}: {shape}")]
    Foreign { record: usize, shape: &'static str },
    #[error(
        "record {record}: the event source {event_source:?} is not aws:s3: let only S3 send to the queue"
    )]
    Source { record: usize, event_source: String },
    #[error("record {record}: {field} is missing; find the sender, and discard the message")]
    Missing { record: usize, field: &'static str },
    #[error("record {record}: the key {key:?} is not URL-encoded UTF-8: encode it as S3 does")]
    KeyEncoding { record: usize, key: String },
    #[error("record {record}: {source}")]
    Event { record: usize, source: EventError },
}

/// The fields about the object in a record. AWS adds fields within a major version, so unknown ones
/// are ignored.
#[derive(Debug, Deserialize)]
struct Entity {
    bucket: Option<Bucket>,
    object: Option<Object>,
}

#[derive(Debug, Deserialize)]
struct Bucket {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: Option<String>,
    size: Option<u64>,
    e_tag: Option<String>,
    version_id: Option<String>,
    sequencer: Option<String>,
}

/// S3's events that create no object, by the first part of their names.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_QueueConfiguration.html>
const OTHER_KINDS: [&str; 11] = [
    "IntelligentTiering",
    "LifecycleExpiration",
    "LifecycleTransition",
    "ObjectAcl",
    "ObjectAnnotation",
    "ObjectRemoved",
    "ObjectRestore",
    "ObjectRetention",
    "ObjectTagging",
    "ReducedRedundancyLostObject",
    "Replication",
];

/// The facts that a record reports, or the reason why it was not understood, and the record.
type Read = Result<Reported, (NotificationError, Value)>;

/// Returns the facts that each of a notification's records reports. An error if there is none, or
/// if there are too many.
pub fn records(records: Vec<Value>) -> Result<Vec<Read>, NotificationError> {
    if records.is_empty() {
        return Err(NotificationError::NoRecords);
    }
    if records.len() > MAX_RECORDS {
        return Err(NotificationError::TooManyRecords(records.len()));
    }
    let read = records
        .into_iter()
        .enumerate()
        .map(|(index, record)| reported(index, &record).map_err(|error| (error, record)));
    Ok(read.collect())
}

/// Returns a notification of one record.
pub fn of_record(record: &Value) -> String {
    json!({ "Records": [record] }).to_string()
}

/// Looks for the fault from the outside in: the sender of the record, the event, the version of the
/// form, and then the fields. Others do not have those.
fn reported(record: usize, raw: &Value) -> Result<Reported, NotificationError> {
    // The parser's words can quote the record: cut to the length that shows the fault.
    let fits = |words: &str| NotificationError::Fields {
        record,
        reason: cut(words, 120).to_owned(),
    };
    if !raw.is_object() {
        return Err(fits("it is not an object"));
    }
    if let Some(shape) = foreign(raw) {
        return Err(NotificationError::Foreign { record, shape });
    }
    let missing = |field| NotificationError::Missing { record, field };
    let text = |field: &'static str| match raw.get(field) {
        None | Some(Value::Null) => Err(missing(field)),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(_) => Err(fits(&format!("{field} is not a text"))),
    };
    let event_source = text("eventSource")?;
    if event_source != "aws:s3" {
        return Err(NotificationError::Source {
            record,
            event_source: cut(event_source, 64).to_owned(),
        });
    }
    let event_name = text("eventName")?;
    let kind = event_name.split(':').next().unwrap_or_default();
    let is_other = OTHER_KINDS.contains(&kind);
    let of_event = |source| NotificationError::Event { record, source };
    if !is_other {
        ObjectEvent::check_name(event_name).map_err(of_event)?;
    }
    let version = text("eventVersion")?;
    // AWS: compare the major version for equality, and take any minor one.
    if version.split('.').next() != Some("2") {
        let version = cut(version, 64).to_owned();
        return Err(NotificationError::Version { record, version });
    }
    if is_other {
        return Ok(Reported::Other(cut(event_name, MAX_FIELD_BYTES).to_owned()));
    }
    let event_time = text("eventTime")?;

    let entity = raw.get("s3").filter(|entity| !entity.is_null());
    let entity = entity.ok_or(missing("s3"))?;
    only_objects(entity, &["bucket", "object"]).map_err(|reason| fits(&reason))?;
    let entity = Entity::deserialize(entity).map_err(|error| fits(&error.to_string()))?;
    let bucket = entity.bucket.and_then(|bucket| bucket.name);
    let object = entity.object.ok_or(missing("s3.object"))?;
    let key = object.key.ok_or(missing("s3.object.key"))?;
    let sequencer = object.sequencer.ok_or(missing("s3.object.sequencer"))?;

    let event = ObjectEvent {
        bucket: bucket.ok_or(missing("s3.bucket.name"))?,
        key: key::decode(&key).ok_or_else(|| NotificationError::KeyEncoding {
            record,
            key: key.chars().take(128).collect(),
        })?,
        version_id: object.version_id,
        size: object.size,
        etag: object.e_tag,
        sequencer: Some(Sequencer::parse(&sequencer).map_err(of_event)?),
        event_name: event_name.to_owned(),
        event_time: event_time.to_owned(),
    };
    event.validate().map(Reported::Created).map_err(of_event)
}

/// Returns the kind of a record that looks like S3's and is not, with the remedy.
fn foreign(raw: &Value) -> Option<&'static str> {
    let text = |field| raw.get(field).and_then(Value::as_str);
    // Lambda's event of SNS begins its fields with capitals.
    // https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
    match text("eventSource").or(text("EventSource"))? {
        // https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
        "aws:sqs" => Some(
            "it is of aws:sqs, the form in which Lambda hands over an SQS message: send the message's body",
        ),
        "aws:sns" => Some(
            "it is of aws:sns, the form in which Lambda hands over an SNS message: subscribe the queue to the topic, \
             or send the message's Sns.Message",
        ),
        "s3.amazonaws.com" => Some(
            "it is CloudTrail's record of a call of S3: let the bucket notify the pipeline of its objects",
        ),
        "aws:dynamodb" | "aws:kinesis" => Some(
            "it is of a stream, in the form in which Lambda hands it over: send S3's events to the events queue",
        ),
        // https://min.io/docs/minio/linux/administration/monitoring/bucket-notifications.html
        "minio:s3" => Some("it is MinIO's: Spillway processes the events of Amazon S3"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_records_than_have_room_are_refused() {
        let shortest = r#"{"eventVersion":"2","eventSource":"aws:s3","eventName":"ObjectCreated:","eventTime":"",
"s3":{"bucket":{"name":"b"},"object":{"key":"k","sequencer":"1"}}}"#;
        let record: Value = serde_json::from_str(shortest).unwrap();
        let read = records(vec![record; 2]).unwrap();
        assert!(read.iter().all(Result::is_ok), "{read:?}");
        assert!(shortest.len() * MAX_RECORDS > 256 * 1024);
        let many = MAX_RECORDS + 1;
        assert_eq!(
            records(vec![Value::Null; many]),
            Err(NotificationError::TooManyRecords(many))
        );
    }
}
