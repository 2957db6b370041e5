//! A second reading of the messages, by looking at the places where AWS puts things, and by nothing
//! of the product.

use serde_json::Value;
use spillway::event::{ObjectEvent, Reported, Sequencer};
use spillway::message::{Body, Refused};

fn text<'a>(document: &'a Value, place: &str) -> Option<&'a str> {
    document.pointer(place).and_then(Value::as_str)
}

/// Undoes URL encoding byte by byte.
pub fn url_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let high = char::from(digits[0]).to_digit(16)?;
                let low = char::from(digits[1]).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn same_sequencer(sent: Option<&str>, event: &ObjectEvent) -> bool {
    sent.is_some() && sent == event.sequencer.as_ref().map(Sequencer::as_str)
}

fn same(sent: Option<&str>, read: Option<&str>) -> bool {
    sent.filter(|sent| !sent.is_empty()) == read
}

fn same_version(sent: Option<&str>, read: Option<&str>) -> bool {
    same(sent.filter(|sent| *sent != "null"), read)
}

fn of_record(record: &Value, event: &ObjectEvent) -> bool {
    text(record, "/eventSource") == Some("aws:s3")
        && text(record, "/eventVersion")
            .is_some_and(|version| version == "2" || version.starts_with("2."))
        && text(record, "/eventName") == Some(&event.event_name)
        && text(record, "/eventTime") == Some(&event.event_time)
        && text(record, "/s3/bucket/name") == Some(&event.bucket)
        && text(record, "/s3/object/key")
            .and_then(url_decoded)
            .as_ref()
            == Some(&event.key)
        && same_version(
            text(record, "/s3/object/versionId"),
            event.version_id.as_deref(),
        )
        && same(text(record, "/s3/object/eTag"), event.etag.as_deref())
        && record.pointer("/s3/object/size").and_then(Value::as_u64) == event.size
        && same_sequencer(text(record, "/s3/object/sequencer"), event)
}

fn of_eventbridge(document: &Value, event: &ObjectEvent) -> bool {
    text(document, "/source") == Some("aws.s3")
        && text(document, "/detail-type") == Some("Object Created")
        && text(document, "/time") == Some(&event.event_time)
        && text(document, "/detail/bucket/name") == Some(&event.bucket)
        && text(document, "/detail/object/key") == Some(&event.key)
        && same_version(
            text(document, "/detail/object/version-id"),
            event.version_id.as_deref(),
        )
        && same(text(document, "/detail/object/etag"), event.etag.as_deref())
        && document
            .pointer("/detail/object/size")
            .and_then(Value::as_u64)
            == event.size
        && same_sequencer(text(document, "/detail/object/sequencer"), event)
}

fn of_own(document: &Value, event: &ObjectEvent) -> bool {
    document["spillway"]
        .as_u64()
        .is_some_and(|version| version <= 2)
        && text(document, "/object/bucket") == Some(&event.bucket)
        && text(document, "/object/key") == Some(&event.key)
        && same_version(
            text(document, "/object/versionId"),
            event.version_id.as_deref(),
        )
        && same(text(document, "/object/etag"), event.etag.as_deref())
        && document.pointer("/object/size").and_then(Value::as_u64) == event.size
        && text(document, "/object/eventName") == Some(&event.event_name)
        && text(document, "/object/eventTime") == Some(&event.event_time)
        && match document.pointer("/object/sequencer") {
            // A version that reconcile found has none.
            None | Some(Value::Null) => event.sequencer.is_none(),
            Some(_) => same_sequencer(text(document, "/object/sequencer"), event),
        }
}

/// Returns the document inside an SNS envelope, if it is one.
pub fn inside(document: Value) -> Option<Value> {
    if text(&document, "/Type").is_none() || text(&document, "/TopicArn").is_none() {
        return Some(document);
    }
    let message =
        text(&document, "/Message").filter(|_| text(&document, "/Type") == Some("Notification"))?;
    serde_json::from_str(message).ok()
}

/// Returns whether the document says the same as its reading, and no more.
pub fn tells(document: &Value, body: &Body) -> bool {
    let records = document.get("Records").and_then(Value::as_array);
    match body {
        Body::Own(event) => is_created(event) && of_own(document, event),
        Body::TestEvent => text(document, "/Event") == Some("s3:TestEvent"),
        Body::Reported(read) => match (records, read.as_slice()) {
            (Some(records), _) => {
                records.len() == read.len()
                    && records
                        .iter()
                        .zip(read)
                        .all(|(record, read)| tells_record(record, read))
            }
            (None, [Ok(Reported::Created(event))]) => {
                is_created(event) && of_eventbridge(document, event)
            }
            (None, [Ok(Reported::Other(kind))]) => {
                text(document, "/source") == Some("aws.s3")
                    && text(document, "/detail-type") == Some(kind)
                    && kind != "Object Created"
            }
            _ => false,
        },
    }
}

fn tells_record(record: &Value, read: &Result<Reported, Refused>) -> bool {
    match read {
        Ok(Reported::Created(event)) => is_created(event) && of_record(record, event),
        Ok(Reported::Other(kind)) => {
            text(record, "/eventSource") == Some("aws:s3")
                && text(record, "/eventName").is_some_and(|name| name.starts_with(kind.as_str()))
                && !kind.contains("ObjectCreated:")
        }
        Err(refused) => {
            // A fraction's last digits can change each time that it is written.
            let written: Option<Value> = serde_json::from_str(&record.to_string()).ok();
            let body: Value = serde_json::from_str(&refused.body()).unwrap_or_default();
            body.pointer("/Records/0") == written.as_ref()
        }
    }
}

fn is_created(event: &ObjectEvent) -> bool {
    event.event_name.starts_with("ObjectCreated:")
        && !event.key.is_empty()
        && !event.bucket.contains('/')
}
