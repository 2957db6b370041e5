//! The SDK's HTTP seam: takes a serialized request, answers with a serialized response.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::calls::{Answer, Call, Facts, Service};
use crate::error::ApiError;
use crate::faults::Fault;
use crate::{World, dynamodb, lock, s3, sfn, sqs};

impl Caller {
    /// Returns the HTTP client for the SDK clients under test.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(Client {
            world: self.world.clone(),
            caller: self.clone(),
        })
    }

    /// Answers one request of this caller, for a server that puts the fake behind a socket. An
    /// error: the connection breaks. The request takes effect also when nobody waits for the answer
    /// any more.
    pub async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        answer(self.world.clone(), self.clone(), request, None).await
    }
}

/// Hands out connectors.
#[derive(Debug)]
struct Client {
    world: Arc<World>,
    caller: Caller,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            world: self.world.clone(),
            caller: self.caller.clone(),
            read_timeout: settings.read_timeout(),
        })
    }
}

#[derive(Debug)]
struct Connector {
    world: Arc<World>,
    caller: Caller,
    read_timeout: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(answer(
            self.world.clone(),
            self.caller.clone(),
            request,
            self.read_timeout,
        ))
    }
}

/// Sends a request at once; the answer comes within `limit`, if there is one.
fn answer(
    world: Arc<World>,
    caller: Caller,
    request: HttpRequest,
    limit: Option<Duration>,
) -> impl Future<Output = Served> + Send + 'static {
    // A task of its own: once sent, a request takes effect whether or not the caller still waits.
    let served = tokio::spawn(serve(world, caller, request));
    async move {
        let served = match limit {
            None => served.await,
            Some(limit) => match tokio::time::timeout(limit, served).await {
                Ok(served) => served,
                Err(elapsed) => return Err(ConnectorError::timeout(elapsed.into())),
            },
        };
        match served {
            Ok(answer) => answer,
            Err(failure) if failure.is_panic() => std::panic::resume_unwind(failure.into_panic()),
            Err(cancelled) => Err(ConnectorError::io(cancelled.into())),
        }
    }
}

/// The answer of the wire.
type Served = Result<HttpResponse, ConnectorError>;

async fn serve(world: Arc<World>, caller: Caller, request: HttpRequest) -> Served {
    if caller.is_crashed() {
        return pending().await;
    }
    let (service, operation, body) = match parse(&request) {
        Ok(parsed) => parsed,
        Err(refusal) => return Ok(response(Service::Sqs, Err(refusal))),
    };
    let facts = match service {
        Service::Sqs => sqs::facts(&body),
        Service::Sfn => sfn::facts(&body),
        Service::DynamoDb => Facts::default(),
        Service::S3 => s3::facts(&body),
    };
    let mut call = lock(&world.calls).open(Call {
        sequence: 0,
        caller: caller.name().clone(),
        service,
        operation,
        sent_ms: world.clock.now_ms(),
        applied_ms: None,
        answer: Answer::Pending,
        facts,
        request: Arc::new(body),
    });
    if service == Service::DynamoDb {
        call.facts = dynamodb::facts(&world, &call);
        lock(&world.calls).update(&call);
    }

    let latency = lock(&world.latency).draw();
    sleep(latency / 2).await;
    let fault = world.fault_before(&call);
    let result = match on_fault(fault, &caller, &call).await {
        Passed::On => {
            let result = perform(&world, &mut call).await;
            call.applied_ms = Some(world.clock.now_ms());
            lock(&world.calls).update(&call);
            let fault = world.fault_after(&call);
            match on_fault(fault, &caller, &call).await {
                Passed::On => Some(result),
                Passed::Refused(refusal) => Some(Err(refusal)),
                Passed::Lost => None,
            }
        }
        Passed::Refused(refusal) => Some(Err(refusal)),
        Passed::Lost => None,
    };
    sleep(latency - latency / 2).await;

    // A process that died meanwhile gets nothing any more.
    if caller.is_crashed() {
        return pending().await;
    }
    call.answer = match &result {
        Some(Ok(_)) => Answer::Ok,
        Some(Err(refusal)) => Answer::Error(refusal.code.clone()),
        None => Answer::Lost,
    };
    lock(&world.calls).close(&call);
    match result {
        Some(result) => Ok(response(service, result)),
        None => Err(ConnectorError::io("connection reset by fake-aws".into())),
    }
}

/// The state of a call after a fault.
enum Passed {
    On,
    Refused(ApiError),
    Lost,
}

async fn on_fault(fault: Fault, caller: &Caller, call: &Call) -> Passed {
    let service = call.service;
    match fault {
        Fault::None => Passed::On,
        Fault::Throttle => Passed::Refused(ApiError::throttled(service)),
        Fault::InternalError => Passed::Refused(ApiError::internal(service)),
        Fault::Refuse(code) => Passed::Refused(ApiError::new(&code, "an injected refusal")),
        Fault::TransactionConflict => Passed::Refused(dynamodb::conflict(call)),
        Fault::LoseAnswer => Passed::Lost,
        Fault::Delay(time) => {
            sleep(time).await;
            Passed::On
        }
        Fault::Hang => pending().await,
        Fault::Crash => {
            caller.crash();
            pending().await
        }
        Fault::CrashOnTheWire(time) => {
            caller.crash();
            sleep(time).await;
            Passed::On
        }
    }
}

async fn perform(world: &Arc<World>, call: &mut Call) -> Result<Value, ApiError> {
    world.catch_up();
    match call.service {
        Service::Sqs => sqs::perform(world, call).await,
        Service::Sfn => sfn::perform(world, call),
        Service::DynamoDb => dynamodb::perform(world, call),
        Service::S3 => s3::perform(world, call),
    }
}

/// Reads a request: all services but S3 speak AWS JSON, with the operation in a header.
fn parse(request: &HttpRequest) -> Result<(Service, String, Value), ApiError> {
    if let Some((operation, body)) = s3::parse(request) {
        return Ok((Service::S3, operation, body));
    }
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let (prefix, operation) = target.split_once('.').unwrap_or_default();
    let service = match prefix {
        "AmazonSQS" => Service::Sqs,
        "AWSStepFunctions" => Service::Sfn,
        "DynamoDB_20120810" => Service::DynamoDb,
        _ => return Err(ApiError::not_modelled(target)),
    };
    let bytes = request.body().bytes().unwrap_or_default();
    let body = serde_json::from_slice(bytes)
        .map_err(|error| ApiError::new("SerializationException", error.to_string()))?;
    Ok((service, operation.to_owned(), body))
}

fn response(service: Service, result: Result<Value, ApiError>) -> HttpResponse {
    if service == Service::S3 {
        return headers_only(result);
    }
    let (status, code, body) = match result {
        Ok(answer) => (200, None, answer.to_string()),
        Err(error) => {
            let body = error.body.unwrap_or_else(|| {
                json!({"__type": &error.code, "message": error.message}).to_string()
            });
            (error.status, Some(error.code), body)
        }
    };
    let status = StatusCode::try_from(status).expect("the fake's own status codes are valid");
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    let headers = response.headers_mut();
    headers.insert("content-type", "application/x-amz-json-1.0");
    // SQS keeps the error codes of its older query protocol in a header of their own.
    if let (Service::Sqs, Some(code)) = (service, code) {
        let fault = if status.is_client_error() {
            "Sender"
        } else {
            "Receiver"
        };
        headers.insert("x-amzn-query-error", format!("{code};{fault}"));
    }
    response
}

/// Returns S3's answer to HEAD: an error is only its status then.
fn headers_only(result: Result<Value, ApiError>) -> HttpResponse {
    let status = match &result {
        Ok(_) => 200,
        // The code of any other service's refusal: of S3's it would be another status.
        Err(error) if error.status == 400 => 403,
        Err(error) => error.status,
    };
    let status = StatusCode::try_from(status).expect("the fake's own status codes are valid");
    let mut response = HttpResponse::new(status, SdkBody::empty());
    for (name, value) in result.iter().flat_map(Value::as_object).flatten() {
        let value = value.as_str().unwrap_or_default().to_owned();
        response.headers_mut().insert(name.clone(), value);
    }
    response
}

/// Waits, but sets no timer for no time: a call without latency takes no virtual time at all.
async fn sleep(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}
