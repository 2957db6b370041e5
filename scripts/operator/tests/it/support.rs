//! A pipeline in the test's own AWS. SQS, Step Functions, DynamoDB and S3 are `fake-aws`; the test
//! answers all other calls of the program.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use aws_types::region::Region;
use clap::Parser;
use fake_aws::{Caller, Ending, FakeAws, Queue, QueueConfig};
use operator::answer::Answer;
use operator::connect::Connected;
use operator::fault::Fault;
use operator::options::Options;
use operator::{act, time};
use serde_json::{Value, json};
use spillway::pace::layout::Layout;

pub const LEDGER_ARN: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/p_ledger";
pub const LEDGER: &str = "p_ledger";

/// Answers by operation, such as `AWSEvents.DescribeRule`,
/// `Logs_20140328.FilterLogEvents /aws/lambda/p_settle` or
/// `GET /2019-09-30/functions/p_dispatch/concurrency`: status and body.
pub type Answers = Arc<Mutex<BTreeMap<String, (u16, String)>>>;

#[derive(Debug, Clone)]
pub struct Double {
    fake: Caller,
    answers: Answers,
}

impl HttpConnector for Double {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").map(str::to_owned);
        let path = request.uri().splitn(4, '/').nth(3).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        let operation = target.unwrap_or_else(|| format!("{} /{path}", request.method()));
        let answer = self
            .answers
            .lock()
            .unwrap()
            .get(&about(operation, &request))
            .cloned();
        let host = request.uri().split('/').nth(2).unwrap_or_default();
        let service = host.split('.').next().unwrap_or_default();
        let faked = ["dynamodb", "sqs", "states"].contains(&service) || host.contains("s3.");
        if faked && answer.is_none() {
            let fake = self.fake.clone();
            return HttpConnectorFuture::new(async move { fake.answer(request).await });
        }
        let (status, body) = answer.unwrap_or((403, String::new()));
        let status = StatusCode::try_from(status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

/// An operation with the log group that it is about, or the version of a state machine. A further
/// page of an answer has its token there.
fn about(operation: String, request: &HttpRequest) -> String {
    let body = request.body().bytes().unwrap_or_default();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let version = body["stateMachineArn"]
        .as_str()
        .filter(|arn| arn.split(':').count() > 7);
    let page = body["NextToken"].as_str();
    match body["logGroupName"].as_str().or(version).or(page) {
        Some(what) => format!("{operation} {what}"),
        None => operation,
    }
}

/// A value as the API has it.
fn typed(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({"S": text}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::Bool(flag) => json!({"BOOL": flag}),
        Value::Object(parts) => {
            let parts = parts
                .iter()
                .map(|(name, value)| (name.clone(), typed(value)));
            json!({"M": parts.collect::<serde_json::Map<_, _>>()})
        }
        Value::Array(list) => json!({"L": list.iter().map(typed).collect::<Vec<_>>()}),
        Value::Null => json!({"NULL": true}),
    }
}

/// A pipeline called p.
pub struct Pipeline {
    pub aws: FakeAws,
    pub connected: Connected,
    pub double: Double,
    pub answers: Answers,
    pub events: Queue,
    pub dead: Queue,
    pub machine: String,
}

/// The variables of `dispatch`, with the changes of a test.
fn variables(machine: &str, changes: &[(&str, &str)]) -> Value {
    let url = |name: &str| format!("https://sqs.us-east-1.amazonaws.com/123456789012/{name}");
    let lanes = json!([{"name": "default", "queue_url": url("p_events_default"), "priority": 1, "min_share": 0,
        "dead_letter_queue_url": url("p_events-dlq_default")}]);
    let mut variables = json!({
        "SPILLWAY_PIPELINE": "p", "SPILLWAY_LEDGER_TABLE": LEDGER, "SPILLWAY_LEDGER_ARN": LEDGER_ARN,
        "SPILLWAY_LANES": lanes.to_string(), "SPILLWAY_OUTCOMES_QUEUE_URL": url("p_outcomes"), "SPILLWAY_ORDER": "none",
        "SPILLWAY_STATE_MACHINE_ARN": machine, "SPILLWAY_RETENTION_DAYS": "90", "SPILLWAY_MAX_CONCURRENCY": "10",
        "SPILLWAY_STARTS_PER_SECOND": "25", "SPILLWAY_BURST": "50", "SPILLWAY_TICK_SECONDS": "56",
        "SPILLWAY_EXECUTION_TIMEOUT_SECONDS": "0", "SPILLWAY_SWEEP_AFTER_SECONDS": "300", "SPILLWAY_SWEEP_PER_TICK": "50",
    });
    for (name, value) in changes {
        variables[*name] = json!(value);
    }
    variables
}

/// The configuration of `dispatch`.
fn configuration(variables: &Value, release: &str) -> Value {
    json!({"FunctionName": "p_dispatch", "Description": format!("Spillway dispatch {release}"), "Environment": {"Variables": variables}})
}

pub fn pipeline(changes: &[(&str, &str)]) -> Pipeline {
    let aws = FakeAws::beginning_at(7, time::now());
    let sqs = aws.sqs();
    let events = sqs.create_queue(QueueConfig::named("p_events_default"));
    let dead = sqs.create_queue(QueueConfig::named("p_events-dlq_default"));
    sqs.create_queue(QueueConfig::named("p_outcomes"));
    sqs.create_queue(QueueConfig::named("p_outcomes-dlq"));
    aws.dynamodb().create_table(LEDGER, "pk", Some("sk"));
    let hour = std::time::Duration::from_secs(3_600);
    let machine = aws
        .sfn()
        .create_state_machine("p_workflow", move |_| Ending::succeed(hour, "{}"));
    let variables = variables(&machine, changes);
    let configuration = configuration(&variables, env!("CARGO_PKG_VERSION"));
    let answers = [
        (
            "GET /2015-03-31/functions/p_dispatch/configuration",
            configuration,
        ),
        (
            "GET /2019-09-30/functions/p_dispatch/concurrency",
            json!({}),
        ),
        ("GET /2019-09-30/functions/p_settle/concurrency", json!({})),
        (
            "GET /2015-03-31/event-source-mappings",
            json!({"EventSourceMappings": [{"State": "Enabled"}]}),
        ),
        (
            "GraniteServiceVersion20100801.GetMetricData",
            json!({"MetricDataResults": []}),
        ),
        // Moves by SQS itself are tried at the emulator.
        ("AmazonSQS.ListMessageMoveTasks", json!({"Results": []})),
        (
            "AWSEvents.DescribeRule",
            json!({"State": "ENABLED", "ScheduleExpression": "rate(1 minute)"}),
        ),
    ];
    let answers =
        answers.map(|(operation, answer)| (operation.to_owned(), (200, answer.to_string())));
    let answers: Answers = Arc::new(Mutex::new(answers.into()));
    let double = Double {
        fake: aws.caller("operator"),
        answers: answers.clone(),
    };
    let connector = SharedHttpConnector::new(double.clone());
    let shared = connector.clone();
    let config = SdkConfig::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "k", "s", None, None, "test",
        )))
        .http_client(http_client_fn(move |_, _| shared.clone()))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .build();
    let connected = Connected::with(config, connector).unwrap();
    Pipeline {
        aws,
        connected,
        double,
        answers,
        events,
        dead,
        machine,
    }
}

impl Pipeline {
    pub fn answers(&self, operation: &str, status: u16, body: &Value) {
        self.answers
            .lock()
            .unwrap()
            .insert(operation.to_owned(), (status, body.to_string()));
    }

    /// Runs a command line of the pipeline p.
    pub async fn run(&self, arguments: &[&str]) -> Result<Answer, Fault> {
        let line = ["spillway", "-p", "p"].iter().chain(arguments);
        let options =
            Options::try_parse_from(line).map_err(|error| Fault::usage(error.to_string()))?;
        act(&self.connected, &options).await
    }

    pub async fn well(&self, arguments: &[&str]) -> Answer {
        self.run(arguments).await.unwrap()
    }

    /// Writes an item of plain JSON.
    pub fn put(&self, item: Value) {
        self.aws.dynamodb().put(LEDGER, typed(&item)["M"].clone());
    }

    /// Returns the item at a key, in the API's JSON.
    pub fn item(&self, pk: &str, sk: &str) -> Option<Value> {
        self.aws.dynamodb().item(LEDGER, pk, sk)
    }

    /// Writes a tick that ended well, so many seconds ago.
    pub fn ticked(&self, seconds: i64) {
        self.put(json!({"pk": "lease", "sk": "dispatch", "v": 1, "tokens": 5, "tokens_at": time::now() - seconds * 1_000}));
    }

    /// Its handlers are of another release.
    pub fn is_of_release(&self, release: &str) {
        self.answers(
            "GET /2015-03-31/functions/p_dispatch/configuration",
            200,
            &configuration(&variables(&self.machine, &[]), release),
        );
    }

    /// Turns reconcile on, which can list the bucket `uploads`, but for younger objects than so
    /// many seconds.
    pub fn reconciles(&self, min_age: u32) {
        let sources = json!([{"bucket": "uploads", "lane": "default"}]);
        let lanes = json!([{"name": "default", "queue_url": "q", "priority": 1, "min_share": 0, "dead_letter_queue_url": "d"}]);
        let variables = json!({"SPILLWAY_LANES": lanes.to_string(), "SPILLWAY_SOURCES": sources.to_string(),
            "SPILLWAY_RETENTION_DAYS": "90", "SPILLWAY_RECONCILE_MIN_AGE_SECONDS": min_age.to_string()});
        let configuration =
            json!({"FunctionName": "p_reconcile", "Environment": {"Variables": variables}});
        self.answers(
            "GET /2015-03-31/functions/p_reconcile/configuration",
            200,
            &configuration,
        );
    }

    /// Writes a slot of an execution, taken so many seconds ago.
    pub fn slot(&self, execution: &str, key: &str, seconds: i64) {
        self.slot_by(Layout::One, execution, key, seconds);
    }

    /// Writes the same, in one of so many partitions.
    pub fn slot_by(&self, layout: Layout, execution: &str, key: &str, seconds: i64) {
        let partition = layout.shard_of(execution).key();
        self.put(json!({"pk": partition, "sk": execution, "v": 1, "taken_at": time::now() - seconds * 1_000,
            "state_machine_arn": self.machine, "row_pk": key, "row_sk": "s#1"}));
    }

    /// Writes a row in a state, with more of its attributes.
    pub fn row(&self, key: &str, sequencer: &str, state: &str, attempt: u32, more: &Value) {
        let mut row = json!({"pk": key, "sk": format!("s#{sequencer}"), "sequencer": sequencer, "v": 1, "state": state,
            "attempt": attempt, "event_name": "ObjectCreated:Put", "event_time": "2026-11-22T10:00:00.000Z"});
        for (name, value) in more.as_object().into_iter().flatten() {
            row[name] = value.clone();
        }
        self.put(row);
    }
}
