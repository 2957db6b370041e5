//! STS: the caller.

use std::time::Duration;

use super::api::{Api, Request, STS};

/// How long a name is waited for.
const WITHIN: Duration = Duration::from_secs(2);

impl Api {
    /// Returns the caller, for the record: an ARN, or the user's name if AWS does not tell. It
    /// needs no permission.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
    pub async fn who(&self) -> String {
        let body = "Action=GetCallerIdentity&Version=2011-06-15".to_owned();
        let mut request = Request::path(STS, "POST", "/".into(), "asking for the caller", body);
        request.headers.push((
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8".into(),
        ));
        // A pause does not wait for a name.
        (request.within, request.tries) = (WITHIN, 1);
        let answer = self
            .call(request)
            .await
            .map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
        let arn = answer.ok().and_then(|text| {
            Some(
                text.split_once("<Arn>")?
                    .1
                    .split_once("</Arn>")?
                    .0
                    .to_owned(),
            )
        });
        arn.unwrap_or_else(|| std::env::var("USER").unwrap_or_else(|_| "unknown".into()))
    }
}
