//! What a bucket says of one of its objects.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use spillway::Millis;
use spillway::aws::clients::{Connection, Service};
use spillway::aws::error::HandlerError;
use spillway::event::meaningful;
use spillway::reconcile::item::unquoted;

/// An object's current version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// `None` in a bucket without versions.
    pub version_id: Option<String>,
    pub last_modified: Millis,
    pub etag: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
}

/// The buckets that may be asked.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
}

impl Bucket {
    pub fn new(connection: &Connection) -> Self {
        let config = connection.to(Service::S3);
        // An endpoint that is not AWS's own seldom has a host name for every bucket.
        let by_path = config.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(by_path);
        Self {
            client: Client::from_conf(config.build()),
        }
    }

    /// The current version of an object; `None`: there is none, or it is deleted.
    ///
    /// Without the permission to list the bucket S3 says that access is denied instead.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
    pub async fn current(&self, bucket: &str, key: &str) -> Result<Option<Current>, HandlerError> {
        const CALL: &str = "asking after an object";
        let answer = self
            .client
            .head_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await;
        let head = match answer {
            Ok(head) => head,
            Err(error) => {
                return match error.as_service_error() {
                    Some(HeadObjectError::NotFound(_)) => Ok(None),
                    _ => Err(HandlerError::call(CALL, &error)),
                };
            }
        };
        let last_modified = head.last_modified.and_then(|time| time.to_millis().ok());
        let last_modified = last_modified.ok_or_else(|| HandlerError::Call {
            call: CALL,
            reason: format!("the answer for {key:?} has no Last-Modified"),
        })?;
        Ok(Some(Current {
            version_id: meaningful(head.version_id.as_deref()).map(str::to_owned),
            last_modified,
            etag: head.e_tag.as_deref().and_then(unquoted),
            size: head.content_length.and_then(|bytes| bytes.try_into().ok()),
        }))
    }
}
