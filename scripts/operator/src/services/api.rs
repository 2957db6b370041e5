//! Calls of services that speak JSON, signed as every call of AWS is.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_types::SdkConfig;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use spillway::text::cut;
use thiserror::Error;

use crate::fault::Fault;
use crate::permission::explained;

/// How often a call that was throttled, or that AWS failed on, is made.
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Bytes of AWS's message that are passed on.
const MAX_MESSAGE_BYTES: usize = 500;
/// The characters that a part of a path keeps.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
const PART: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A service: the first part of its address, the name that its calls are signed for, and its
/// variable for another address.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    pub host: &'static str,
    pub signed: &'static str,
    pub variable: &'static str,
}

pub const CLOUDWATCH: Service = Service {
    host: "monitoring",
    signed: "monitoring",
    variable: "CLOUDWATCH",
};
pub const EVENTS: Service = Service {
    host: "events",
    signed: "events",
    variable: "EVENTBRIDGE",
};
pub const LAMBDA: Service = Service {
    host: "lambda",
    signed: "lambda",
    variable: "LAMBDA",
};
pub const LOGS: Service = Service {
    host: "logs",
    signed: "logs",
    variable: "CLOUDWATCH_LOGS",
};
pub const QUOTAS: Service = Service {
    host: "servicequotas",
    signed: "servicequotas",
    variable: "SERVICE_QUOTAS",
};
pub const STS: Service = Service {
    host: "sts",
    signed: "sts",
    variable: "STS",
};
pub const TAGGING: Service = Service {
    host: "tagging",
    signed: "tagging",
    variable: "RESOURCE_GROUPS_TAGGING_API",
};

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{call} failed: {reason}")]
pub struct ApiError {
    pub call: String,
    /// AWS's own code; empty if there was no answer.
    pub code: String,
    pub reason: String,
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self::Failed(explained(&error.to_string()))
    }
}

/// The parts of a call.
#[derive(Debug, Clone)]
pub struct Request {
    pub service: Service,
    /// For people, such as "looking at the rule x".
    pub call: String,
    pub method: &'static str,
    /// With its query, and encoded.
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    /// The longest that one try takes.
    pub within: Duration,
    pub tries: u32,
}

impl Request {
    /// Returns a call by its target: JSON 1.0 or 1.1.
    pub fn target(
        service: Service,
        version: &str,
        target: &str,
        call: impl Into<String>,
        body: &Value,
    ) -> Self {
        Self {
            service,
            call: call.into(),
            method: "POST",
            path: "/".into(),
            headers: vec![
                ("content-type", format!("application/x-amz-json-{version}")),
                ("x-amz-target", target.to_owned()),
            ],
            body: body.to_string(),
            within: Duration::from_secs(10),
            tries: TRIES,
        }
    }

    /// Returns a call by its path.
    pub fn path(
        service: Service,
        method: &'static str,
        path: String,
        call: impl Into<String>,
        body: String,
    ) -> Self {
        Self {
            service,
            call: call.into(),
            method,
            path,
            headers: Vec::new(),
            body,
            within: Duration::from_secs(10),
            tries: TRIES,
        }
    }
}

/// Returns a part of a path, encoded.
pub fn part(text: &str) -> String {
    utf8_percent_encode(text, PART).to_string()
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answered {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// How the services are reached.
#[derive(Debug, Clone)]
pub struct Api {
    pub config: SdkConfig,
    pub http: SharedHttpConnector,
}

impl Api {
    /// Makes a call, and makes it again if it was throttled or AWS failed.
    pub async fn call(&self, request: Request) -> Result<Answered, ApiError> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            match self.once(&request).await {
                Err((error, true)) if tries < request.tries => {
                    tracing::debug!("{error}");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    tries += 1;
                }
                Err((error, _)) => return Err(error),
                Ok(answer) => return Ok(answer),
            }
        }
    }

    fn address(&self, service: Service, region: &str) -> String {
        let own = std::env::var(format!("AWS_ENDPOINT_URL_{}", service.variable)).ok();
        let general = self.config.endpoint_url().map(str::to_owned);
        let given = own.filter(|url| !url.is_empty()).or(general);
        let suffix = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let url = given.unwrap_or_else(|| format!("https://{}.{region}.{suffix}", service.host));
        url.trim_end_matches('/').to_owned()
    }

    /// Tries a call once. The error says whether another one can help.
    async fn once(&self, request: &Request) -> Result<Answered, (ApiError, bool)> {
        let failed = |reason: String| ApiError {
            call: request.call.clone(),
            code: String::new(),
            reason,
        };
        let signed = self
            .signed(request)
            .await
            .map_err(|reason| (failed(reason), false))?;
        let answer = tokio::time::timeout(request.within, self.http.call(signed)).await;
        let answer = answer.map_err(|_| {
            (
                failed(format!("no answer within {} s", request.within.as_secs())),
                true,
            )
        })?;
        let answer = answer.map_err(|error| (failed(chain(&error)), true))?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let body = ByteStream::new(answer.into_body()).collect().await;
        let body = body
            .map_err(|error| (failed(chain(&error)), true))?
            .to_vec();
        let answered = Answered { headers, body };
        if (200..300).contains(&status) {
            return Ok(answered);
        }
        let code = code(&answered);
        let passes = status >= 500
            || status == 429
            || code.contains("Throttl")
            || code == "TooManyRequestsException";
        let told = match code.is_empty() {
            true => format!("HTTP {status}"),
            false => format!("{code}: {}", cut(&message(&answered), MAX_MESSAGE_BYTES)),
        };
        Err((
            ApiError {
                code,
                ..failed(told)
            },
            passes,
        ))
    }

    async fn signed(&self, request: &Request) -> Result<HttpRequest, String> {
        let region = self
            .config
            .region()
            .ok_or("no Region is given: use --region")?
            .to_string();
        let provider = self
            .config
            .credentials_provider()
            .ok_or("no credentials are given: use --profile, or sign in as with the AWS CLI")?;
        let credentials = provider.provide_credentials().await.map_err(|error| {
            format!(
                "no credentials were found ({}): use --profile, or sign in as with the AWS CLI",
                chain(&error)
            )
        })?;
        let identity: Identity = credentials.into();
        let url = format!("{}{}", self.address(request.service, &region), request.path);
        let host = url.split('/').nth(2).unwrap_or_default().to_owned();
        let mut headers = request.headers.clone();
        headers.push(("host", host));
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name(request.service.signed)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?;
        let signable = SignableRequest::new(
            request.method,
            &url,
            headers.iter().map(|(name, value)| (*name, value.as_str())),
            SignableBody::Bytes(request.body.as_bytes()),
        );
        let signable = signable.map_err(|error| error.to_string())?;
        let (instructions, _) = sign(signable, &parameters.into())
            .map_err(|error| error.to_string())?
            .into_parts();
        let mut http = HttpRequest::new(SdkBody::from(request.body.clone()));
        http.set_method(request.method)
            .map_err(|error| error.to_string())?;
        http.set_uri(url).map_err(|error| error.to_string())?;
        for (name, value) in headers.into_iter().filter(|(name, _)| *name != "host") {
            http.headers_mut().insert(name, value);
        }
        for (name, value) in instructions.headers() {
            http.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        Ok(http)
    }
}

/// Returns AWS's code of an error: of a header or of the body, without its namespace.
fn code(answer: &Answered) -> String {
    let body = answer.json();
    let of_body = ["__type", "code", "Code"]
        .iter()
        .find_map(|name| body.get(name)?.as_str().map(str::to_owned));
    let of_error = body
        .pointer("/Error/Code")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let raw = answer
        .header("x-amzn-errortype")
        .map(str::to_owned)
        .or(of_body)
        .or(of_error)
        .unwrap_or_default();
    let name = raw.split([':', ',']).next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().to_owned()
}

fn message(answer: &Answered) -> String {
    let body = answer.json();
    let text = ["message", "Message"]
        .iter()
        .find_map(|name| body.get(name)?.as_str().map(str::to_owned));
    let of_error = body
        .pointer("/Error/Message")
        .and_then(Value::as_str)
        .map(str::to_owned);
    text.or(of_error).unwrap_or_default()
}

/// Returns the words of an error and of its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(headers: &[(&str, &str)], body: &str) -> Answered {
        Answered {
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn the_code_of_an_error_is_read_wherever_a_service_says_it() {
        let header = answered(
            &[(
                "x-amzn-errortype",
                "ResourceNotFoundException:http://internal/",
            )],
            "{}",
        );
        assert_eq!(code(&header), "ResourceNotFoundException");
        let body = answered(
            &[],
            r#"{"__type": "com.amazon.coral#AccessDeniedException", "Message": "no"}"#,
        );
        assert_eq!(
            (code(&body).as_str(), message(&body).as_str()),
            ("AccessDeniedException", "no")
        );
        let nested = answered(
            &[],
            r#"{"Error": {"Code": "Throttling", "Message": "slow"}}"#,
        );
        assert_eq!(
            (code(&nested).as_str(), message(&nested).as_str()),
            ("Throttling", "slow")
        );
        assert_eq!(code(&answered(&[], "no JSON")), "");
    }

    #[test]
    fn parts_of_a_path_are_encoded() {
        assert_eq!(part("p_dispatch"), "p_dispatch");
        assert_eq!(part("a/b c"), "a%2Fb%20c");
    }
}
