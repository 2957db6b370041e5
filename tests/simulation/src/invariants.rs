//! The promises, checked from the world's state (uploads, executions, queues) and not from
//! Spillway's own records.

use std::collections::BTreeMap;

use fake_aws::{Execution, Status};
use serde_json::{Value, json};
use spillway::rules::order::Order;

use crate::pipeline::Pipeline;
use crate::upload::Upload;

/// The result of a run that has drained.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Uploads with exactly one execution that succeeded.
    pub succeeded: usize,
    /// Uploads in the dead-letter queue.
    pub dead: usize,
    /// Uploads passed over for a newer version of their object, which started.
    pub superseded: usize,
    /// Uploads that are none of these.
    pub lost: Vec<Upload>,
    /// Attempts with more than one execution, and attempts after a success that nobody asked for.
    pub duplicates: Vec<String>,
    /// Attempts that started before the one before them had ended.
    pub early: Vec<String>,
    /// With an order: executions that ran while another one of their object did.
    pub overlaps: Vec<String>,
    /// With the order `latest`: executions that started after one of a newer version.
    pub backwards: Vec<String>,
    /// The most executions that ran at once.
    pub peak: usize,
}

/// Returns the uploads that an execution processes, and their attempt.
pub fn objects(execution: &Execution) -> (Vec<Upload>, u32) {
    let input: Value = serde_json::from_str(&execution.input).expect("the input is JSON");
    let objects = input["objects"].as_array().expect("objects").iter();
    let uploads = objects.map(|object| Upload {
        key: object["key"].as_str().expect("a key").to_owned(),
        sequencer: match object["sequencer"].as_str() {
            Some(sequencer) => sequencer.to_owned(),
            // A version that reconcile found has none, and is known by its etag: the sequencer,
            // padded to 32 digits.
            None => object["etag"]
                .as_str()
                .and_then(|digits| digits.get(14..))
                .unwrap_or_default()
                .to_uppercase(),
        },
    });
    let attempt = input["attempt"].as_u64().expect("an attempt");
    (
        uploads.collect(),
        u32::try_from(attempt).expect("it is small"),
    )
}

/// Returns the ids of an execution's objects, as its output names those that failed.
pub fn ids(execution: &Execution) -> Vec<String> {
    let input: Value = serde_json::from_str(&execution.input).expect("the input is JSON");
    let objects = input["objects"].as_array().expect("objects").iter();
    objects
        .map(|object| object["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Returns the output that reports these items as failed.
pub fn failed_items(ids: &[String]) -> String {
    let items: Vec<Value> = ids
        .iter()
        .map(|id| json!({ "itemIdentifier": id }))
        .collect();
    json!({ "batchItemFailures": items }).to_string()
}

/// Whether an upload succeeded in an execution: a report of failed items that makes no sense fails
/// all.
fn succeeded_in(execution: &Execution, place: usize) -> bool {
    let output: Value = execution
        .output
        .as_deref()
        .and_then(|output| serde_json::from_str(output).ok())
        .unwrap_or_default();
    let ids = ids(execution);
    let report = &output["batchItemFailures"];
    let failed: Option<Vec<&str>> = match report.as_array() {
        None if report.is_null() => Some(Vec::new()),
        None => None,
        Some(items) => items
            .iter()
            .map(|item| item["itemIdentifier"].as_str())
            .collect(),
    };
    let known = |failed: &&str| ids.iter().any(|id| id == failed);
    execution.status == Status::Succeeded
        && failed.is_some_and(|failed| {
            let mine = |id: &String| !failed.contains(&id.as_str());
            failed.iter().all(known) && ids.get(place).is_some_and(mine)
        })
}

/// One execution of an upload.
struct Tried {
    attempt: u32,
    succeeded: bool,
    stopped_ms: Option<i64>,
}

impl Verdict {
    /// Judges a run of these uploads.
    pub fn of(pipeline: &Pipeline, uploads: &[Upload]) -> Self {
        Self::with_replays(pipeline, uploads, &[])
    }

    /// Judges a run of these uploads, of which an operator asked for some attempts himself.
    pub fn with_replays(
        pipeline: &Pipeline,
        uploads: &[Upload],
        replays: &[(Upload, u32)],
    ) -> Self {
        let mut verdict = Self {
            peak: pipeline.aws.sfn().peak_running(),
            ..Self::default()
        };
        let mut attempts: BTreeMap<(String, String), Vec<Tried>> = BTreeMap::new();
        let mut executions = pipeline.aws.sfn().executions();
        executions.sort_by_key(|execution| execution.started_ms);
        for execution in &executions {
            let (of_execution, attempt) = objects(execution);
            for (place, upload) in of_execution.into_iter().enumerate() {
                let asked = |before: u32| {
                    let mut replays = replays.iter();
                    replays
                        .any(|(of, asked)| *of == upload && (before + 1..=attempt).contains(asked))
                };
                let of_upload = attempts
                    .entry((upload.key.clone(), upload.sequencer.clone()))
                    .or_default();
                let again = of_upload.iter().any(|other| other.attempt == attempt);
                let after_success = of_upload
                    .iter()
                    .any(|other| other.succeeded && !asked(other.attempt));
                if again || after_success {
                    verdict.duplicates.push(execution.name.clone());
                }
                let under_way = |other: &Tried| {
                    let stopped = other.stopped_ms;
                    stopped.is_none_or(|stopped| stopped > execution.started_ms)
                };
                if of_upload.iter().any(under_way) {
                    verdict.early.push(execution.name.clone());
                }
                of_upload.push(Tried {
                    attempt,
                    succeeded: succeeded_in(execution, place),
                    stopped_ms: execution.stopped_ms,
                });
            }
        }
        verdict.judge_order(pipeline.settings.order, &executions);
        let dead: Vec<String> = pipeline
            .lanes
            .iter()
            .flat_map(|(_, dead_letters)| dead_letters.messages())
            .map(|message| message.message.body)
            .collect();
        for upload in uploads {
            let of_upload = attempts.get(&(upload.key.clone(), upload.sequencer.clone()));
            let succeeded = of_upload.is_some_and(|all| all.iter().any(|tried| tried.succeeded));
            let newer = || {
                attempts
                    .keys()
                    .any(|(key, sequencer)| *key == upload.key && *sequencer > upload.sequencer)
            };
            if succeeded {
                verdict.succeeded += 1;
            } else if dead.iter().any(|body| is_of(body, upload)) {
                verdict.dead += 1;
            } else if pipeline.settings.order == Order::Latest && newer() {
                verdict.superseded += 1;
            } else {
                verdict.lost.push(upload.clone());
            }
        }
        verdict
    }

    fn judge_order(&mut self, order: Order, executions: &[Execution]) {
        if order == Order::None {
            return;
        }
        let mut by_key: BTreeMap<String, Vec<(&Execution, String)>> = BTreeMap::new();
        for execution in executions {
            for upload in objects(execution).0 {
                let of_key = by_key.entry(upload.key).or_default();
                of_key.push((execution, upload.sequencer));
            }
        }
        for of_key in by_key.values() {
            for (place, (other, newer)) in of_key.iter().enumerate() {
                let before = of_key.iter().take(place);
                let mut overlaps = false;
                let mut backwards = false;
                for (one, older) in before {
                    let stopped = one.stopped_ms;
                    overlaps |= stopped.is_none_or(|stopped| stopped > other.started_ms);
                    backwards |= order == Order::Latest && older > newer;
                }
                if overlaps {
                    self.overlaps.push(other.name.clone());
                }
                if backwards {
                    self.backwards.push(other.name.clone());
                }
            }
        }
    }

    /// Returns the broken ones of the promises that hold for every run, in words.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self
            .lost
            .iter()
            .map(|upload| format!("I1: {upload:?} is lost"))
            .collect();
        for (what, executions) in [
            ("I2: a second time", &self.duplicates),
            ("I2: before the last attempt ended", &self.early),
            ("order: while another of its object runs", &self.overlaps),
            ("I5: after one of a newer version", &self.backwards),
        ] {
            problems.extend(executions.iter().map(|name| format!("{what}: {name}")));
        }
        problems
    }

    /// Panics unless every promise was kept; `run` says which run it was.
    #[track_caller]
    pub fn expect_kept(&self, run: &str, limit: usize) {
        let problems = self.problems();
        assert!(problems.is_empty(), "{run}: {problems:#?}");
        assert!(
            self.peak <= limit,
            "{run}: {} of {limit} ran at once",
            self.peak
        );
    }
}

/// Whether a dead-lettered message is of this upload.
fn is_of(body: &str, upload: &Upload) -> bool {
    let Ok(message) = serde_json::from_str::<Value>(body) else {
        return false;
    };
    let object = &message["object"];
    let mut known_by = [&object["sequencer"], &object["etag"]].into_iter();
    let digits = known_by.find_map(Value::as_str).unwrap_or_default();
    // Its etag is the sequencer in lower case and with more zeros.
    let bare = |digits: &str| digits.trim_start_matches('0').to_uppercase();
    object["key"] == upload.key.as_str() && bare(digits) == bare(&upload.sequencer)
}
