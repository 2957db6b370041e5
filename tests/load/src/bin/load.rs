//! One scenario as JSON on the standard input, one result as JSON on the standard output;
//! `load --ceiling`: how much the server itself can do. See `README.md`.

use std::future::Future;
use std::io::Read;
use std::process::ExitCode;

use load::ceiling::{self, replay};
use load::scenario::Scenario;
use load::{Failure, drive, process};
use serde::Serialize;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [process::WAIT, ..] => {
            return process::wait_and_become(arguments.get(1..).unwrap_or_default());
        }
        [replay::REPLAY, endpoint, file, authority] => run(replay::run(endpoint, file, authority)),
        ["--ceiling"] => run(ceiling::measure()),
        [] => scenario().and_then(|scenario| run(drive::run(&scenario))),
        [other, ..] => Err(Failure::Scenario(format!(
            "{other}: give it as JSON on the standard input, or only --ceiling"
        ))),
    };
    match done {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn scenario() -> Result<Scenario, Failure> {
    let mut json = String::new();
    let read = std::io::stdin().read_to_string(&mut json);
    read.map_err(Failure::io("reading the scenario"))?;
    Scenario::parse(&json)
}

/// Runs it on one thread: the fake is made for that, and the program is to have the other
/// processor.
fn run<R: Serialize>(work: impl Future<Output = Result<R, Failure>>) -> Result<String, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(Failure::io("starting the asynchronous runtime"))?;
    let report = runtime.block_on(work)?;
    let json = serde_json::to_string(&report).map_err(std::io::Error::other);
    json.map_err(Failure::io("writing the result"))
}
