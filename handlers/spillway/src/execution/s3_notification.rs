//! The input in the form of S3's notification, for state machines that know it.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use serde_json::{Value, json};

use crate::event::{ObjectEvent, key};

/// The place of a pipeline, from the ARN of its ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home<'a> {
    partition: &'a str,
    region: &'a str,
}

impl<'a> Home<'a> {
    /// Reads the place from any ARN with a region.
    pub fn of(arn: &'a str) -> Self {
        let mut parts = arn.split(':').skip(1);
        let partition = parts.next().unwrap_or_default();
        Self {
            partition,
            region: parts.nth(1).unwrap_or_default(),
        }
    }
}

/// Writes object events as S3's notification does, as far as the ledger knows: without the
/// uploader, its address, and the request.
pub fn encode(events: &[ObjectEvent], home: &Home<'_>) -> String {
    let record = |event: &ObjectEvent| {
        let mut object = json!({
            "key": key::encode(&event.key),
        });
        // S3 leaves out the fields that it does not know.
        for (name, value) in [
            ("size", event.size.map(Value::from)),
            ("eTag", event.etag.clone().map(Value::from)),
            ("versionId", event.version_id.clone().map(Value::from)),
            (
                "sequencer",
                event.sequencer.as_ref().map(|it| it.as_str().into()),
            ),
        ] {
            if let (Some(value), Some(object)) = (value, object.as_object_mut()) {
                object.insert(name.to_owned(), value);
            }
        }
        json!({
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": home.region,
            "eventTime": event.event_time,
            "eventName": event.event_name,
            "s3": {
                "s3SchemaVersion": "1.0",
                "bucket": {
                    "name": event.bucket,
                    "arn": format!("arn:{}:s3:::{}", home.partition, event.bucket),
                },
                "object": object,
            },
        })
    };
    let records: Vec<Value> = events.iter().map(record).collect();
    json!({ "Records": records }).to_string()
}
