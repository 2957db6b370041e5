//! The runtime API's four requests.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response};

use super::{Answered, plain, whole};
use crate::runtime::{Answer, Invocation, RuntimeApi};

const VERSION: &str = "/2018-06-01/runtime/";
/// Lambda's answer to all that it accepts.
const ACCEPTED: &str = r#"{"status":"OK"}"#;

pub async fn answer(api: RuntimeApi, request: Request<Incoming>) -> Answered {
    let path = request.uri().path().to_owned();
    let Some(of) = path.strip_prefix(VERSION) else {
        return Ok(plain(404, path));
    };
    let parts: Vec<&str> = of.split('/').collect();
    match (request.method(), parts.as_slice()) {
        (&Method::GET, ["invocation", "next"]) => Ok(match api.next().await {
            Some(invocation) => handed_out(invocation),
            None => plain(500, "the run is over"),
        }),
        (&Method::POST, ["invocation", id, "response"]) => {
            api.answered(id, Answer::Done(whole(request.into_body()).await?));
            Ok(plain(202, ACCEPTED))
        }
        (&Method::POST, ["invocation", id, "error"]) => {
            api.answered(id, Answer::Failed(whole(request.into_body()).await?));
            Ok(plain(202, ACCEPTED))
        }
        (&Method::POST, ["init", "error"]) => {
            api.init_failed(&whole(request.into_body()).await?);
            Ok(plain(202, ACCEPTED))
        }
        _ => Ok(plain(404, path)),
    }
}

fn handed_out(invocation: Invocation) -> Response<Full<Bytes>> {
    let deadline = invocation.deadline_ms().to_string();
    let arn = format!(
        "arn:aws:lambda:{}:{}:function:{}",
        fake_aws::REGION,
        fake_aws::ACCOUNT,
        crate::pipeline::FUNCTION
    );
    let mut response = plain(200, invocation.payload);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        ("lambda-runtime-aws-request-id", invocation.id.as_str()),
        ("lambda-runtime-deadline-ms", deadline.as_str()),
        ("lambda-runtime-invoked-function-arn", arn.as_str()),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        ),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}
