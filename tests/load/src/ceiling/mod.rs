//! The server's own ceiling: how many calls it answers when the client costs next to nothing.
//!
//! `dispatch` is recorded at work, in this process. Then another process replays its calls over
//! loopback, operation by operation, against an AWS in the state in which the recording began.

mod recording;
pub mod replay;

use std::collections::BTreeMap;
use std::process::Stdio;

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::pipeline::Pipeline;
use crate::scenario::Scenario;
use crate::scratch::Scratch;
use crate::server::{AwsServer, certify};
use crate::{Failure, cpu};

/// Events of the recording.
const EVENTS: u32 = 5_000;

/// Plain and by TLS, each operation in the order of the protocol, and all together.
#[derive(Debug, Serialize)]
pub struct Ceiling {
    pub events: u32,
    pub plain: BTreeMap<String, Rate>,
    pub tls: BTreeMap<String, Rate>,
}

/// How one operation was answered.
#[derive(Debug, Serialize)]
pub struct Rate {
    pub calls: usize,
    /// Answered with anything but success.
    pub failed: usize,
    pub calls_per_s: f64,
    /// Of the server.
    pub cpu_us_per_call: f64,
    /// Of the client, which has the other processor.
    pub client_cpu_us_per_call: f64,
}

/// The report of the replaying process.
#[derive(Debug, Serialize, Deserialize)]
pub struct Replayed {
    pub wall_s: f64,
    pub cpu_s: f64,
    pub failed: usize,
}

pub async fn measure() -> Result<Ceiling, Failure> {
    let scenario = Scenario::parse(&format!(
        r#"{{"program": ["none"], "work": "dispatch", "events": {EVENTS}}}"#
    ))?;
    let recording = recording::of(&scenario).await?;
    Ok(Ceiling {
        events: EVENTS,
        plain: replayed(&scenario, &recording, false).await?,
        tls: replayed(&scenario, &recording, true).await?,
    })
}

async fn replayed(
    scenario: &Scenario,
    recording: &recording::Recording,
    tls: bool,
) -> Result<BTreeMap<String, Rate>, Failure> {
    let pipeline = Pipeline::new(scenario);
    pipeline.upload(0..scenario.events);
    let scratch = Scratch::new()?;
    let certificate = match tls {
        true => Some(certify(&scratch.certificate())?),
        false => None,
    };
    let aws = AwsServer::start(pipeline.aws.caller("replay"), certificate.as_ref()).await?;
    let mut rates = BTreeMap::new();
    let (mut calls, mut wall_s, mut server_s, mut client_s, mut failures) = (0, 0.0, 0.0, 0.0, 0);
    for (operation, requests) in recording {
        let file = scratch.path().join("requests");
        let written = std::fs::write(&file, replay::write(requests));
        written.map_err(Failure::io("writing the requests"))?;
        let before = cpu::own();
        let child =
            Command::new(std::env::current_exe().map_err(Failure::io("finding this binary"))?)
                .arg(replay::REPLAY)
                .arg(&aws.endpoint)
                .arg(&file)
                .arg(if tls {
                    scratch.certificate()
                } else {
                    Default::default()
                })
                .stdin(Stdio::null())
                .stderr(Stdio::inherit())
                .kill_on_drop(true)
                .output();
        let output = child.await.map_err(Failure::io("replaying"))?;
        let cpu_s = (cpu::own() - before).as_secs_f64();
        let of: Replayed = serde_json::from_slice(&output.stdout)
            .map_err(|error| Failure::Program(format!("the replay of {operation}: {error}")))?;
        calls += requests.len();
        wall_s += of.wall_s;
        server_s += cpu_s;
        client_s += of.cpu_s;
        failures += of.failed;
        rates.insert(
            operation.clone(),
            rate(requests.len(), of.failed, of.wall_s, cpu_s, of.cpu_s),
        );
    }
    rates.insert(
        "all".to_owned(),
        rate(calls, failures, wall_s, server_s, client_s),
    );
    Ok(rates)
}

fn rate(calls: usize, failed: usize, wall_s: f64, server_s: f64, client_s: f64) -> Rate {
    let each = calls.max(1) as f64;
    Rate {
        calls,
        failed,
        calls_per_s: each / wall_s,
        cpu_us_per_call: server_s / each * 1e6,
        client_cpu_us_per_call: client_s / each * 1e6,
    }
}
