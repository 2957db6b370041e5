//! The program as a process of its own: its output and its end.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::support::{Double, Pipeline, pipeline};

/// Serves a test's AWS at an address of this machine, as long as the test runs.
fn serve(double: Double) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let double = double.clone();
            std::thread::spawn(move || answer(&stream.unwrap(), &double));
        }
    });
    address
}

/// Answers the requests of one connection, one after the other.
fn answer(stream: &TcpStream, double: &Double) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let answered = runtime.block_on(double.call(request));
        let mut answered = answered.unwrap();
        let body = answered.take_body();
        let body = body.bytes().unwrap_or_default();
        let mut told = format!(
            "HTTP/1.1 {} .\r\ncontent-length: {}\r\n",
            answered.status().as_u16(),
            body.len()
        );
        for (name, value) in answered.headers().iter() {
            told.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut out = stream;
        out.write_all(told.as_bytes()).unwrap();
        out.write_all(b"\r\n").unwrap();
        out.write_all(body).unwrap();
    }
}

/// A request, at the host that it would go to without an address of its own: its signature names
/// the service.
fn read(reader: &mut impl BufRead) -> Option<HttpRequest> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let header = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let length = header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let service = header("authorization").split('/').nth(3)?;
    let (host, path) = match (service, path.trim_start_matches('/').split_once('/')) {
        ("s3", Some((bucket, key))) => (format!("{bucket}.s3"), format!("/{key}")),
        ("s3", None) => (
            format!("{}.s3", path.trim_start_matches('/')),
            "/".to_owned(),
        ),
        _ => (service.to_owned(), path),
    };
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method(&method).unwrap();
    let uri = format!("https://{host}.us-east-1.amazonaws.com{path}");
    request.set_uri(uri).unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(name, value);
    }
    Some(request)
}

fn spillway(pipeline: &Pipeline, arguments: &[&str]) -> Output {
    started(pipeline, arguments, &[])
}

fn started(pipeline: &Pipeline, arguments: &[&str], more: &[(&str, &str)]) -> Output {
    let address = serve(pipeline.double.clone());
    Command::new(env!("CARGO_BIN_EXE_spillway"))
        .args(arguments)
        .env_clear()
        .env("AWS_ENDPOINT_URL", address)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "k")
        .env("AWS_SECRET_ACCESS_KEY", "s")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(more.iter().copied())
        .output()
        .unwrap()
}

/// The fake's tasks need the test's runtime while the process runs: several threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_answers_in_json() {
    let pipeline = pipeline(&[]);
    pipeline.ticked(20);
    pipeline.aws.s3().create_bucket("uploads", false);
    pipeline.slot("run-1", "uploads/1", 30);
    for key in ["1", "2"] {
        let letter = json!({"spillway": 1, "object": {"bucket": "uploads", "key": key, "sequencer": "0A",
            "eventName": "ObjectCreated:Put", "eventTime": "2026-11-22T10:00:00.000Z"}});
        let attributes = [("attempt", "4"), ("reason", "FAILED")];
        pipeline.dead.inject_with(&letter.to_string(), &attributes);
    }
    let dead = json!({"finished_at": 1, "error": "UnknownDevice"});
    pipeline.row("uploads/1", "0A", "DEAD", 3, &dead);
    let operation = "POST /2015-03-31/functions/p_dispatch/invocations";
    pipeline.answers(operation, 200, &json!({"Received": 4, "Started": 3}));
    let tagged = "ResourceGroupsTaggingAPI_20170126.GetResources";
    pipeline.answers(tagged, 200, &json!({"ResourceTagMappingList": []}));

    for (line, field, status) in [
        ("list", "pipelines", 0),
        ("-p p status", "healthy", 0),
        ("-p p status --check", "healthy", 3),
        ("-p p explain uploads/1", "versions", 0),
        ("-p p explain uploads/none", "known", 0),
        ("-p p running", "running", 0),
        ("-p p pause --reason x", "in_force", 0),
        ("-p p resume", "in_force", 0),
        ("-p p set burst=5", "in_force", 0),
        ("-p p unset burst", "in_force", 0),
        ("-p p pace", "in_force", 0),
        ("-p p tick", "Started", 0),
        ("-p p failed --list", "failures", 0),
        ("-p p redrive --prefix uploads --dry-run", "queues", 0),
        ("-p p redrive --object uploads/2", "queues", 0),
        ("-p p redrive --object uploads/none", "error", 1),
        ("-p p replay --all", "asked", 0),
        ("-p p discard --all --reason x --yes --dry-run", "queues", 0),
        ("-p p discard --all --reason x --yes", "queues", 0),
        ("-p p history --until 1h", "error", 1),
        ("-p p doctor", "checks", 1),
        ("-p p iam --read", "Statement", 0),
        // Commands that need an AWS that is missing here; the emulator has it.
        ("-p p backfill s3://uploads", "error", 1),
        ("-p p reconcile --object uploads/1", "error", 1),
    ] {
        let arguments: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let output = tokio::task::block_in_place(|| spillway(&pipeline, &arguments));
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        let answer: Value = serde_json::from_str(&out)
            .unwrap_or_else(|error| panic!("{line}: {error}: {out}\n{err}"));
        assert!(answer.get(field).is_some(), "{line}: {out}\n{err}");
        assert_eq!(output.status.code(), Some(status), "{line}: {out}\n{err}");
    }
}

/// A variable that is set for every command contradicts no option of one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pipeline_of_the_environment_is_for_what_nothing_else_names() {
    let pipeline = pipeline(&[]);
    pipeline.ticked(20);
    pipeline.aws.sqs().queue("p_outcomes-dlq").inject("x");
    let ended = |line: &str| {
        let arguments: Vec<&str> = line.split(' ').collect();
        let variable = [("SPILLWAY_PIPELINE", "p")];
        let output = tokio::task::block_in_place(|| started(&pipeline, &arguments, &variable));
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        (output.status.code(), said)
    };
    let (status, said) = ended("status");
    assert!(said.starts_with("p (us-east-1): "), "{said}");
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = ended("redrive --from p_outcomes-dlq --to p_outcomes --dry-run");
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("would move 1 message"), "{said}");
    let (status, said) = ended("-p p redrive --from p_outcomes-dlq --to p_outcomes --dry-run");
    assert_eq!(status, Some(2), "{said}");
}
