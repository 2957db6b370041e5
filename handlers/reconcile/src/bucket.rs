//! A bucket's answers about one of its objects.

use aws::clients::{Connection, Service};
use aws::error::{AwsError, reason};
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use spillway::Millis;
use spillway::event::meaningful;
use spillway::reconcile::listing::unquoted;

/// The permissions that S3's refusal does not name.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
const DENIED: &str = "reconcile's role needs s3:GetObject on it, kms:Decrypt on its key, and the bucket's policy and owner to \
                      allow both. An object encrypted with a key of the customer's own (SSE-C) cannot be described";

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

/// The answer of a bucket.
#[derive(Debug)]
pub enum Asked {
    Current(Current),
    /// There is no such object, or it is deleted.
    Gone,
    /// It does not tell, of this object at least, and why: asking again would not help.
    Refused(AwsError),
}

/// The buckets that the role is allowed to list.
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

    /// Returns the current version of an object. An error can pass.
    ///
    /// Without the permission to list the bucket S3 says of an object that is gone that access is
    /// denied.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
    pub async fn current(&self, bucket: &str, key: &str) -> Result<Asked, AwsError> {
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
                let status = error.raw_response().map(|answer| answer.status().as_u16());
                return match (error.as_service_error(), status) {
                    (Some(HeadObjectError::NotFound(_)), _) => Ok(Asked::Gone),
                    (_, Some(403)) => Ok(Asked::Refused(AwsError::Call {
                        call: CALL,
                        reason: format!("{}: {DENIED}", reason(&error)),
                    })),
                    // Too many requests, and a request that took too long to come, pass.
                    (Some(_), Some(status @ 300..500)) if ![408, 429].contains(&status) => {
                        Ok(Asked::Refused(AwsError::call(CALL, &error)))
                    }
                    _ => Err(AwsError::call(CALL, &error)),
                };
            }
        };
        let last_modified = head.last_modified.and_then(|time| time.to_millis().ok());
        let last_modified = last_modified.ok_or_else(|| AwsError::Call {
            call: CALL,
            reason: format!("the answer for {key:?} has no Last-Modified"),
        })?;
        Ok(Asked::Current(Current {
            version_id: meaningful(head.version_id.as_deref()).map(str::to_owned),
            last_modified,
            etag: head.e_tag.as_deref().and_then(unquoted),
            size: head.content_length.and_then(|bytes| bytes.try_into().ok()),
        }))
    }
}
