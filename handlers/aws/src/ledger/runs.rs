//! Runs of reconcile: `pk = reconcile`, `sk = <run>`. The counts of all invocations of a run.

use super::Ledger;
use super::item::{key, number};
use super::update::Update;
use crate::error::AwsError;
use spillway::SCHEMA_VERSION;

const PARTITION: &str = "reconcile";

impl Ledger {
    /// Adds to the counts of a run. `expires_at`: when DynamoDB can delete them, in seconds since
    /// the Unix epoch.
    pub async fn count_for_run(
        &self,
        run: &str,
        counts: &[(String, String)],
        expires_at: i64,
    ) -> Result<(), AwsError> {
        const CALL: &str = "counting for a run";
        let update = Update::default()
            .set("v", number(SCHEMA_VERSION))
            .set("expires_at", number(expires_at));
        let update = counts.iter().fold(update, |update, (name, count)| {
            update.add(name, number(count))
        });
        // A sum has no condition that tells its own repetition: the transaction's token does.
        let counted = self
            .transact(vec![(key(PARTITION, run), update)], CALL)
            .await?;
        if counted {
            Ok(())
        } else {
            let reason = "other transactions hold the run's item".to_owned();
            Err(AwsError::Passing { call: CALL, reason })
        }
    }
}
