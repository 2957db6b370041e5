//! From upload to start while there is little to do.

use std::collections::HashMap;
use std::time::Duration;

use fake_aws::Rng;

use super::settings;
use crate::invariants::objects;
use crate::pipeline::Pipeline;
use crate::upload::Upload;

/// Uploads at times of their own.
#[derive(Debug, Clone, Copy)]
pub struct Arrivals {
    pub count: u32,
    /// The mean time between two; each is between none and twice that.
    pub every: Duration,
    pub seed: u64,
}

/// Returns how long each upload waited for its execution, the shortest first. Panics if one never
/// started.
pub async fn waits(arrivals: Arrivals) -> Vec<Duration> {
    let pipeline = Pipeline::succeeding(settings(), 2);
    let clock = pipeline.aws.clock();
    let mut rng = Rng::new(arrivals.seed);
    let mut uploaded = HashMap::new();
    let uploading = async {
        for number in 0..arrivals.count {
            tokio::time::sleep(rng.duration(Duration::ZERO, 2 * arrivals.every)).await;
            let upload = Upload::new(&format!("status/{number}.json"), number + 1);
            uploaded.insert(upload.key.clone(), clock.now_ms());
            pipeline.upload(&upload);
        }
        // Until the schedule has come round for the last one.
        tokio::time::sleep(2 * pipeline.settings.schedule).await;
    };
    tokio::select! {
        () = uploading => {}
        () = pipeline.run(u32::MAX) => {}
    }
    let executions = pipeline.aws.sfn().executions();
    assert_eq!(
        executions.len(),
        arrivals.count as usize,
        "each starts once"
    );
    let mut waits: Vec<Duration> = executions
        .iter()
        .flat_map(|execution| {
            let keys = objects(execution).0.into_iter().map(|upload| upload.key);
            keys.map(|key| execution.started_ms - uploaded[&key])
        })
        .map(|milliseconds| Duration::from_millis(milliseconds.unsigned_abs()))
        .collect();
    waits.sort();
    waits
}
