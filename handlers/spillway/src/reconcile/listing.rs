//! The items that Step Functions reads for reconcile: of a bucket's list, or of its inventory.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html>

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::Millis;
use crate::event::key;
use crate::event::meaningful;
use crate::event::time;
use crate::text::{cut, only_objects};

/// An object as a list or an inventory has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// As its uploader wrote it.
    pub key: String,
    pub last_modified: Millis,
    /// Without its quotes.
    pub etag: Option<String>,
    /// Only an inventory has it, and only of a bucket that keeps versions.
    pub version_id: Option<String>,
    /// Bytes. An inventory need not have it.
    pub size: Option<u64>,
}

/// The kind of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    Object(Listed),
    /// A version that is no longer the object's current one, or the mark that it was deleted.
    NotCurrent,
}

/// Why an item was not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ListingError {
    #[error("its fields do not fit: {0}")]
    Fields(String),
    #[error("it has no {0}: the inventory must have that field")]
    Missing(&'static str),
    #[error(
        "it is of the bucket {0:?}, which is not the one that is reconciled: name an inventory of that one"
    )]
    Bucket(String),
    #[error("its key {0:?} is not URL-encoded UTF-8")]
    Key(String),
    #[error("its time {0:?} is not a time")]
    Time(String),
}

/// The fields that matter of an item of `ListObjectsV2`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    key: String,
    size: Option<u64>,
    #[serde(alias = "ETag")]
    etag: Option<String>,
}

/// A line of an inventory's CSV file: all of its fields are texts.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    bucket: String,
    key: String,
    version_id: Option<String>,
    is_latest: Option<String>,
    is_delete_marker: Option<String>,
    last_modified_date: Option<String>,
    size: Option<String>,
    #[serde(alias = "ETag")]
    etag: Option<String>,
}

/// Reads an item of a list or an inventory of `bucket`.
pub fn read(bucket: &str, item: &Value) -> Result<Listing, ListingError> {
    // Every line of an inventory names its bucket; an entry of a list does not.
    only_objects(item, &[]).map_err(ListingError::Fields)?;
    if item.get("Bucket").is_some() {
        of_inventory(bucket, Line::deserialize(item).map_err(fields)?)
    } else {
        let entry = Entry::deserialize(item).map_err(fields)?;
        of_list(entry, item.get("LastModified"))
    }
}

fn fields(error: serde_json::Error) -> ListingError {
    ListingError::Fields(cut(&error.to_string(), 120).to_owned())
}

fn of_list(entry: Entry, last_modified: Option<&Value>) -> Result<Listing, ListingError> {
    let seconds = |seconds: f64| {
        // Up to the year 9999, and so within the integers that a float holds exactly.
        (0.0..253_402_300_800.0)
            .contains(&seconds)
            .then_some((seconds * 1_000.0) as Millis)
    };
    let wrong = |written: &str| ListingError::Time(cut(written, 64).to_owned());
    let last_modified = match last_modified {
        Some(Value::Number(number)) => {
            let time = number.as_f64().and_then(seconds);
            time.ok_or_else(|| wrong(&number.to_string()))
        }
        Some(Value::String(text)) => time::millis(text).ok_or_else(|| wrong(text)),
        _ => Err(ListingError::Fields(
            "LastModified is neither a number nor a text".into(),
        )),
    };
    Ok(Listing::Object(Listed {
        last_modified: last_modified?,
        etag: entry.etag.as_deref().and_then(unquoted),
        key: entry.key,
        version_id: None,
        size: entry.size,
    }))
}

fn of_inventory(bucket: &str, line: Line) -> Result<Listing, ListingError> {
    if line.bucket != bucket {
        return Err(ListingError::Bucket(cut(&line.bucket, 64).to_owned()));
    }
    let says = |field: &Option<String>, what: &str| {
        field
            .as_deref()
            .is_some_and(|text| text.eq_ignore_ascii_case(what))
    };
    if says(&line.is_delete_marker, "true") || says(&line.is_latest, "false") {
        return Ok(Listing::NotCurrent);
    }
    let date = line.last_modified_date;
    let date = date.ok_or(ListingError::Missing("LastModifiedDate"))?;
    let last_modified = time::millis(&date);
    Ok(Listing::Object(Listed {
        key: key::decode(&line.key)
            .ok_or_else(|| ListingError::Key(cut(&line.key, 128).to_owned()))?,
        last_modified: last_modified
            .ok_or_else(|| ListingError::Time(cut(&date, 64).to_owned()))?,
        etag: line.etag.as_deref().and_then(unquoted),
        version_id: meaningful(line.version_id.as_deref()).map(str::to_owned),
        size: line.size.and_then(|size| size.parse().ok()),
    }))
}

/// Returns an etag without the quotes that S3's API has around it and its events have not.
pub fn unquoted(etag: &str) -> Option<String> {
    let etag = etag.trim_matches('"');
    (!etag.is_empty()).then(|| etag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn object(item: &Value) -> Listed {
        match read("uploads", item) {
            Ok(Listing::Object(listed)) => listed,
            other => panic!("{other:?}"),
        }
    }

    fn line() -> Value {
        json!({
            "Bucket": "uploads", "Key": "a+b%2Bc", "VersionId": "v1", "IsLatest": "true", "IsDeleteMarker": "false",
            "Size": "12", "LastModifiedDate": "2026-11-22T10:00:00.000Z", "ETag": "d41d",
        })
    }

    #[test]
    fn an_entry_of_a_list_is_read() {
        let expected = Listed {
            key: "a+b c".into(),
            last_modified: 1_669_987_867_000,
            etag: Some("d41d".into()),
            version_id: None,
            size: Some(8),
        };
        // AWS's guide shows the name of this field in both ways.
        for etag in ["ETag", "Etag"] {
            let item =
                json!({"Key": "a+b c", "LastModified": 1_669_987_867, etag: "\"d41d\"", "Size": 8});
            assert_eq!(object(&item), expected);
        }
    }

    #[test]
    fn a_line_of_an_inventory_is_read() {
        let expected = Listed {
            key: "a b+c".into(),
            last_modified: 1_795_341_600_000,
            etag: Some("d41d".into()),
            version_id: Some("v1".into()),
            size: Some(12),
        };
        assert_eq!(object(&line()), expected);
        let mut unversioned = line();
        unversioned["VersionId"] = json!("null");
        assert_eq!(object(&unversioned).version_id, None);
        for size in [Value::Null, json!(""), json!("x")] {
            let mut line = line();
            line["Size"] = size;
            assert_eq!(object(&line).size, None);
        }
    }

    #[test]
    fn only_current_versions_count() {
        for (field, value) in [("IsLatest", "false"), ("IsDeleteMarker", "TRUE")] {
            let mut line = line();
            line[field] = json!(value);
            assert_eq!(read("uploads", &line), Ok(Listing::NotCurrent));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let with = |field: &str, value: Value| {
            let mut line = line();
            line[field] = value;
            read("uploads", &line).unwrap_err().to_string()
        };
        for (said, words) in [
            (with("Bucket", json!("other")), "bucket \"other\""),
            (with("Key", json!("%zz")), "not URL-encoded"),
            (with("LastModifiedDate", Value::Null), "no LastModifiedDate"),
            (with("LastModifiedDate", json!("x")), "not a time"),
            (with("Key", json!(7)), "do not fit"),
            (
                read("uploads", &json!({})).unwrap_err().to_string(),
                "do not fit",
            ),
        ] {
            assert!(said.contains(words), "{said}");
        }
    }

    proptest! {
        #[test]
        fn no_item_makes_the_reader_panic(
            field in prop_oneof![Just("Key"), Just("LastModified"), Just("ETag"), Just("Bucket"), Just("LastModifiedDate")],
            value in prop_oneof![
                Just(Value::Null), any::<i64>().prop_map(Value::from), any::<f64>().prop_map(Value::from),
                ".{0,40}".prop_map(Value::from), Just(json!([])),
            ],
            inventory in any::<bool>(),
        ) {
            let mut item = if inventory { line() } else { json!({"Key": "k", "LastModified": 1, "ETag": "e"}) };
            item[field] = value;
            let _ = read("uploads", &item);
        }
    }
}
