//! The promises, checked from the world's state (uploads, executions, queues) and not from Spillway's own records.

use std::collections::BTreeMap;

use fake_aws::{Execution, Status};
use serde_json::{Value, json};
use spillway::order::Order;

use crate::pipeline::Pipeline;
use crate::upload::Upload;

/// What the world says of a run that has drained.
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
    /// Attempts with more than one execution, and attempts after a success.
    pub duplicates: Vec<String>,
    /// With an order: executions that ran while another one of their object did.
    pub overlaps: Vec<String>,
    /// With the order `latest`: executions that started after one of a newer version.
    pub backwards: Vec<String>,
    /// The most executions that ran at once.
    pub peak: usize,
}

/// The uploads an execution works on, and their attempt.
pub fn objects(execution: &Execution) -> (Vec<Upload>, u32) {
    let input: Value = serde_json::from_str(&execution.input).expect("the input is JSON");
    let objects = input["objects"].as_array().expect("objects").iter();
    let uploads = objects.map(|object| Upload {
        key: object["key"].as_str().expect("a key").to_owned(),
        // The ledger pads to 32 digits, S3 sent 18.
        sequencer: object["sequencer"].as_str().expect("a sequencer")[14..].to_uppercase(),
    });
    let attempt = input["attempt"].as_u64().expect("an attempt");
    (
        uploads.collect(),
        u32::try_from(attempt).expect("it is small"),
    )
}

/// The ids of an execution's objects, as its output names those that failed.
pub fn ids(execution: &Execution) -> Vec<String> {
    let input: Value = serde_json::from_str(&execution.input).expect("the input is JSON");
    let objects = input["objects"].as_array().expect("objects").iter();
    objects
        .map(|object| object["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// The output that reports these items as failed.
pub fn failed_items(ids: &[String]) -> String {
    let items: Vec<Value> = ids
        .iter()
        .map(|id| json!({ "itemIdentifier": id }))
        .collect();
    json!({ "batchItemFailures": items }).to_string()
}

/// Whether an upload succeeded in an execution.
fn succeeded_in(execution: &Execution, place: usize) -> bool {
    let failed = execution.output.as_deref().unwrap_or_default();
    execution.status == Status::Succeeded
        && ids(execution)
            .get(place)
            .is_some_and(|id| !failed.contains(id.as_str()))
}

impl Verdict {
    /// Judges a run of these uploads.
    pub fn of(pipeline: &Pipeline, uploads: &[Upload]) -> Self {
        let mut verdict = Self {
            peak: pipeline.aws.sfn().peak_running(),
            ..Self::default()
        };
        let mut attempts: BTreeMap<(String, String), Vec<(u32, bool)>> = BTreeMap::new();
        let mut executions = pipeline.aws.sfn().executions();
        executions.sort_by_key(|execution| execution.started_ms);
        for execution in &executions {
            let (of_execution, attempt) = objects(execution);
            for (place, upload) in of_execution.into_iter().enumerate() {
                let of_upload = attempts.entry((upload.key, upload.sequencer)).or_default();
                let again = of_upload.iter().any(|(other, _)| *other == attempt);
                let after_success = of_upload.iter().any(|(_, succeeded)| *succeeded);
                if again || after_success {
                    verdict.duplicates.push(execution.name.clone());
                }
                of_upload.push((attempt, succeeded_in(execution, place)));
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
            let succeeded =
                of_upload.is_some_and(|all| all.iter().any(|(_, succeeded)| *succeeded));
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
            for pair in of_key.windows(2) {
                let [(one, older), (other, newer)] = pair else {
                    continue;
                };
                if one
                    .stopped_ms
                    .is_none_or(|stopped| stopped > other.started_ms)
                {
                    self.overlaps.push(other.name.clone());
                }
                if order == Order::Latest && older > newer {
                    self.backwards.push(other.name.clone());
                }
            }
        }
    }

    /// Panics unless every promise was kept; `run` says which run it was.
    #[track_caller]
    pub fn expect_kept(&self, run: &str, limit: usize) {
        assert!(self.lost.is_empty(), "{run}: lost {:?}", self.lost);
        assert!(
            self.duplicates.is_empty(),
            "{run}: twice {:?}",
            self.duplicates
        );
        assert!(
            self.overlaps.is_empty(),
            "{run}: at once {:?}",
            self.overlaps
        );
        assert!(
            self.backwards.is_empty(),
            "{run}: backwards {:?}",
            self.backwards
        );
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
    let sequencer = object["sequencer"].as_str().unwrap_or_default();
    object["key"] == upload.key.as_str()
        && sequencer.trim_start_matches('0')
            == upload.sequencer.to_lowercase().trim_start_matches('0')
}
