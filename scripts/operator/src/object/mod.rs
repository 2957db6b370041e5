//! An object: a person's name for it, and S3's facts about it.

pub mod named;

use spillway::Millis;

use crate::connect::Connected;
use crate::fault::Fault;

/// Returns when an object was last modified; `None`: there is no such object.
pub async fn modified(
    connected: &Connected,
    bucket: &str,
    object_key: &str,
) -> Result<Option<Millis>, Fault> {
    let answer = connected
        .s3()
        .head_object()
        .bucket(bucket)
        .key(object_key)
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let modified = answer.last_modified.and_then(|at| at.to_millis().ok());
            let silent = || {
                Fault::failed(format!(
                    "S3 does not say when {bucket}/{object_key} was last modified"
                ))
            };
            Ok(Some(modified.ok_or_else(silent)?))
        }
        Err(error)
            if error
                .raw_response()
                .is_some_and(|raw| raw.status().as_u16() == 404) =>
        {
            Ok(None)
        }
        Err(error) => Err(Fault::call(
            &format!("asking S3 for {bucket}/{object_key} (s3:GetObject, s3:ListBucket)"),
            &error,
        )),
    }
}
