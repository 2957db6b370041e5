//! The promises, checked from the world's state (uploads, executions, queues) and not from Spillway's own records.

use std::collections::BTreeMap;

use fake_aws::{Execution, Status};
use serde_json::Value;

use crate::pipeline::Pipeline;
use crate::upload::Upload;

/// What the world says of a run that has drained.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Uploads with exactly one execution that succeeded.
    pub succeeded: usize,
    /// Uploads in the dead-letter queue.
    pub dead: usize,
    /// Uploads that are neither.
    pub lost: Vec<Upload>,
    /// Attempts with more than one execution, and attempts after a success.
    pub duplicates: Vec<String>,
    /// The most executions that ran at once.
    pub peak: usize,
}

fn object(execution: &Execution) -> (Upload, u32) {
    let input: Value = serde_json::from_str(&execution.input).expect("the input is JSON");
    let object = &input["objects"][0];
    let upload = Upload {
        key: object["key"].as_str().expect("a key").to_owned(),
        // The ledger pads to 32 digits, S3 sent 18.
        sequencer: object["sequencer"].as_str().expect("a sequencer")[14..].to_uppercase(),
    };
    (
        upload,
        u32::try_from(input["attempt"].as_u64().expect("an attempt")).expect("it is small"),
    )
}

impl Verdict {
    /// Judges a run of these uploads.
    pub fn of(pipeline: &Pipeline, uploads: &[Upload]) -> Self {
        let mut verdict = Self {
            peak: pipeline.aws.sfn().peak_running(),
            ..Self::default()
        };
        let mut attempts: BTreeMap<(String, String), Vec<(u32, Status)>> = BTreeMap::new();
        for execution in pipeline.aws.sfn().executions() {
            let (upload, attempt) = object(&execution);
            let of_upload = attempts.entry((upload.key, upload.sequencer)).or_default();
            let again = of_upload.iter().any(|(other, _)| *other == attempt);
            let after_success = of_upload
                .iter()
                .any(|(_, status)| *status == Status::Succeeded);
            if again || after_success {
                verdict.duplicates.push(execution.name.clone());
            }
            of_upload.push((attempt, execution.status));
        }
        let dead: Vec<String> = pipeline
            .dead_letters
            .messages()
            .iter()
            .map(|message| message.message.body.clone())
            .collect();
        for upload in uploads {
            let of_upload = attempts.get(&(upload.key.clone(), upload.sequencer.clone()));
            let succeeded = of_upload
                .is_some_and(|all| all.iter().any(|(_, status)| *status == Status::Succeeded));
            let named = |body: &String| is_of(body, upload);
            if succeeded {
                verdict.succeeded += 1;
            } else if dead.iter().any(named) {
                verdict.dead += 1;
            } else {
                verdict.lost.push(upload.clone());
            }
        }
        verdict
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
