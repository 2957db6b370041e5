//! The faults of other systems that start executions for events, done to this one.
//! `docs/evidence/incidents.md` describes each incident, with its source.

mod ends;
mod losses;
mod repetitions;
mod step;
mod waiting;

use simulation::{LEDGER, Pipeline, Upload, Verdict};

/// Every upload succeeded in one execution, and nothing is left behind.
#[track_caller]
fn assert_all_succeeded_once(pipeline: &Pipeline, uploads: &[Upload], limit: usize) {
    let verdict = Verdict::of(pipeline, uploads);
    verdict.expect_kept("the incident", limit);
    assert_eq!(verdict.succeeded, uploads.len());
    assert_eq!(pipeline.aws.sfn().executions().len(), uploads.len());
    assert!(pipeline.dead_letters.messages().is_empty());
    assert!(pipeline.is_quiet(), "{}", pipeline.describe());
}

/// How often each message that is gone was received.
fn receives(pipeline: &Pipeline) -> Vec<u32> {
    let gone = pipeline.events.gone();
    gone.iter().map(|gone| gone.message.receives).collect()
}

/// The states of all rows.
fn states(pipeline: &Pipeline) -> Vec<String> {
    let items = pipeline.aws.dynamodb().items(LEDGER);
    let states = items.iter().filter_map(|item| item["state"]["S"].as_str());
    states.map(str::to_owned).collect()
}
