//! A request of an AWS SDK, answered by `fake-aws`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use fake_aws::Caller;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};

use super::{Answered, Broken, whole};

const THROTTLED: &[u8] = b"ThrottlingException";

/// Counts that only the server sees.
#[derive(Debug, Default)]
pub struct Seen {
    /// Calls of StartExecution that were throttled.
    pub throttled: AtomicU64,
    /// Bytes of requests' bodies.
    pub sent: AtomicU64,
    /// Bytes of answers' bodies.
    pub received: AtomicU64,
}

pub async fn answer(caller: Caller, seen: Arc<Seen>, request: Request<Incoming>) -> Answered {
    let (head, body) = request.into_parts();
    let body = whole(body).await?;
    seen.sent.fetch_add(body.len() as u64, Ordering::Relaxed);
    let starts = head
        .headers
        .get("x-amz-target")
        .is_some_and(|target| target == "AWSStepFunctions.StartExecution");
    let request = Request::from_parts(head, SdkBody::from(body));
    let request = HttpRequest::try_from(request).map_err(|_| Broken)?;
    let response: HttpResponse = caller.answer(request).await.map_err(|_| Broken)?;
    let response = response.try_into_http1x().map_err(|_| Broken)?;
    let (head, body) = response.into_parts();
    let body = body.bytes().unwrap_or_default();
    seen.received
        .fetch_add(body.len() as u64, Ordering::Relaxed);
    if starts && !head.status.is_success() && contains(body, THROTTLED) {
        seen.throttled.fetch_add(1, Ordering::Relaxed);
    }
    Ok(Response::from_parts(
        head,
        Full::new(Bytes::copy_from_slice(body)),
    ))
}

fn contains(body: &[u8], word: &[u8]) -> bool {
    body.windows(word.len()).any(|window| window == word)
}
