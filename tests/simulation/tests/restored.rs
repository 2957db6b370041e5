//! The ledger is restored from a point in time, in the middle of work.

use std::collections::BTreeMap;

use fake_aws::Status;
use simulation::drills::{self, Drill};
use simulation::objects;

/// Every execution started since then is found by its name, and not started again. The sweep finds
/// those that ended since then.
#[tokio::test(start_paused = true)]
async fn every_object_is_worked_on_once_and_every_slot_is_freed() {
    let (_, pipeline) = drills::run(Drill::LedgerRestored).await;
    let executions = pipeline.aws.sfn().executions();
    let mut by_object: BTreeMap<String, u32> = BTreeMap::new();
    for execution in &executions {
        assert_eq!(execution.status, Status::Succeeded);
        let (uploads, _) = objects(execution);
        for upload in uploads {
            *by_object.entry(upload.key).or_default() += 1;
        }
    }
    assert_eq!(by_object.len(), 100);
    assert!(by_object.values().all(|times| *times == 1), "{by_object:?}");
    assert!(pipeline.is_quiet(), "{}", pipeline.describe());
    assert!(pipeline.dead_letters.messages().is_empty());
    assert!(pipeline.outcomes_dead_letters.messages().is_empty());
}
