//! Inputs from outside: every parser takes what chance makes of real messages. None panics, what is whole is
//! understood as it was meant, and what is understood says what the message says, by another reading of it.
//!
//! `INPUTS=10000000 cargo test -p spillway --test inputs` takes more of them than the usual few.

// A test, all of it: what does not fit ends it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod damage;
mod messages;
mod readings;
mod settings;

use std::cell::Cell;
use std::time::Instant;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

/// Inputs of each test, unless `INPUTS` says otherwise.
const INPUTS: u32 = 20_000;

/// What became of the inputs of a test: one that refuses all, or takes all, would show nothing.
#[derive(Default)]
struct Tally {
    understood: Cell<u32>,
    refused: Cell<u32>,
}

impl Tally {
    fn count(&self, understood: bool) {
        let counter = if understood {
            &self.understood
        } else {
            &self.refused
        };
        counter.set(counter.get() + 1);
    }
}

/// Gives inputs to `check`, and shows how many were understood.
fn with_inputs<S: Strategy>(
    name: &str,
    inputs: &S,
    check: impl Fn(S::Value, &Tally) -> Result<(), TestCaseError>,
) {
    let cases = std::env::var("INPUTS")
        .map_or(INPUTS, |number| number.parse().expect("INPUTS is a number"));
    let config = Config {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..Config::default()
    };
    let (tally, began) = (Tally::default(), Instant::now());
    let result = TestRunner::new(config).run(inputs, |input| check(input, &tally));
    if let Err(failure) = result {
        panic!("{name}: {failure}");
    }
    let (understood, refused) = (tally.understood.get(), tally.refused.get());
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{name}: {cases} inputs in {seconds:.0} s, {understood} understood, {refused} refused"
    );
    let enough = cases / 50;
    assert!(
        understood > enough && refused > enough,
        "{name}: {understood} understood and {refused} refused of {cases} show nothing"
    );
}
