//! Amazon S3: buckets in memory, with objects that can be described.

mod operator;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

pub use operator::{ListedObject, S3};

use crate::calls::{Call, Facts, Key};
use crate::error::ApiError;
use crate::{World, lock};

/// All buckets.
#[derive(Default)]
pub(crate) struct S3World {
    buckets: BTreeMap<String, Bucket>,
}

struct Bucket {
    /// Whether it keeps versions.
    versioned: bool,
    /// The current version of each object.
    objects: BTreeMap<String, Version>,
    versions: u64,
}

/// An object's current version.
#[derive(Clone)]
struct Version {
    /// `None` in a bucket without versions.
    id: Option<String>,
    /// Milliseconds since the epoch, whole seconds.
    last_modified_ms: i64,
    /// Without quotes.
    etag: String,
    size: u64,
    is_delete_marker: bool,
}

/// Returns operation and request, in the names of the API, of a request without `x-amz-target`.
pub(crate) fn parse(request: &HttpRequest) -> Option<(String, Value)> {
    let (_, rest) = request.uri().split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let (bucket, _) = host.split_once(".s3.")?;
    let (path, _) = path.split_once('?').unwrap_or((path, ""));
    let key = percent_decode_str(path).decode_utf8().ok()?;
    let operation = match request.method() {
        "HEAD" => "HeadObject".to_owned(),
        other => format!("{other} of an object"),
    };
    Some((operation, json!({"Bucket": bucket, "Key": key})))
}

fn object(body: &Value) -> Key {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    Key {
        pk: text("Bucket"),
        sk: text("Key"),
    }
}

/// Returns the subject of a request.
pub(crate) fn facts(body: &Value) -> Facts {
    Facts {
        keys: vec![object(body)],
        ..Facts::default()
    }
}

/// Returns the answer's headers.
pub(crate) fn perform(world: &Arc<World>, call: &Call) -> Result<Value, ApiError> {
    if call.operation != "HeadObject" {
        return Err(ApiError::not_modelled(&format!("S3 {}", call.operation)));
    }
    let Key { pk: bucket, sk } = object(&call.request);
    let s3 = lock(&world.s3);
    let found = s3.buckets.get(&bucket).and_then(|it| it.objects.get(&sk));
    match found {
        Some(version) if !version.is_delete_marker => Ok(headers(version)),
        _ => Err(ApiError {
            status: 404,
            ..ApiError::new("NotFound", "")
        }),
    }
}

fn headers(version: &Version) -> Value {
    let time = UNIX_EPOCH + Duration::from_millis(version.last_modified_ms.unsigned_abs());
    let time = DateTime::from(time).fmt(Format::HttpDate);
    let mut headers = json!({
        "last-modified": time.expect("the fake's times are within what HTTP can say"),
        "etag": format!("\"{}\"", version.etag),
        "content-length": version.size.to_string(),
    });
    if let Some(id) = &version.id {
        headers["x-amz-version-id"] = json!(id);
    }
    headers
}
