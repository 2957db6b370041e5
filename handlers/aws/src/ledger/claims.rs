//! Claims: an attempt of an object event is assigned to an execution, or a newer version is taken
//! instead.

use spillway::Millis;
use spillway::protocol::call::{Claim, Written};
use spillway::record::row::{RowKey, Seen, State};

use super::Ledger;
use super::item::{key, number, text};
use super::rows::event_known;
use super::statements::Statement;
use super::update::Update;
use crate::error::AwsError;

/// The tenant for which a row waits, or last waited.
pub(super) const TENANT: &str = "tenant";

/// Returns the write of a claim.
pub(super) fn claimed(claim: &Claim, now: Millis) -> Update<'static> {
    of_claim(claim)
        .set("state", text(State::Started.as_str()))
        .set("attempt", number(claim.attempt))
        .set("execution", text(&claim.execution))
        .set("started_at", number(now))
        .set("state_machine_arn", text(&claim.state_machine_arn))
        .remove("waiting_since")
        .remove("finished_at")
        .remove("expires_at")
        .remove("error")
        .remove("cause")
}

/// It waits for another execution of its object to end, or for this tenant.
fn waiting(claim: &Claim, tenant: Option<&str>, now: Millis) -> Update<'static> {
    not_claimed(claim)
        .set_or_remove(TENANT, tenant.map(text))
        .set("state", text(State::Waiting.as_str()))
        .set("waiting_since", number(now))
        .remove("expires_at")
}

/// A newer version was taken instead.
fn superseded(claim: &Claim, now: Millis, expires_at: i64) -> Update<'static> {
    not_claimed(claim)
        .set("state", text(State::Superseded.as_str()))
        .set("finished_at", number(now))
        .set("expires_at", number(expires_at))
}

/// A write that leaves the attempt as it is. Every row has one, so that a claim's condition is that
/// it is equal.
fn not_claimed(claim: &Claim) -> Update<'static> {
    let attempt = claim.read.map_or(0, |seen| seen.attempt);
    of_claim(claim).set("attempt", number(attempt))
}

/// Returns an update with the event's attributes, on condition that the row is as it was read.
fn of_claim(claim: &Claim) -> Update<'static> {
    let update = event_known(Update::default(), &claim.event, claim.lane.as_deref());
    match claim.read {
        None => update.only_if_absent(),
        Some(Seen { state, attempt }) => update
            .only_if("attempt", number(attempt))
            .only_if("state", text(state.as_str())),
    }
}

impl Ledger {
    /// Makes several claims, as [`Ledger::claim`] does each.
    pub async fn claim_all(
        &self,
        claims: Vec<Claim>,
        now: Millis,
    ) -> Vec<Result<Written, AwsError>> {
        let statement = |claim: &Claim| {
            let RowKey { pk, sk } = RowKey::of(&claim.event);
            let update = claimed(claim, now);
            match claim.read {
                None => Some(Statement::insert(&pk, &sk, update.of_nothing())),
                Some(_) => Statement::update(&pk, &sk, update),
            }
        };
        let alone = |claim| self.claim(claim, now);
        let call = "claiming attempts";
        self.write_or(claims, call, statement, |_| Written::Now, alone)
            .await
    }

    /// Claims an attempt of an object event for an execution, on condition that the row is still as
    /// it was read.
    ///
    /// A row that already shows this very claim is success: the SDK repeats a write whose answer
    /// was lost.
    pub async fn claim(&self, claim: Claim, now: Millis) -> Result<Written, AwsError> {
        let update = claimed(&claim, now);
        match self
            .write_row(&claim.event, update, "claiming an attempt")
            .await?
        {
            Written::Lost(Some(row))
                if row.attempt == claim.attempt && row.is_started_by(&claim.execution) =>
            {
                Ok(Written::Now)
            }
            written => Ok(written),
        }
    }

    /// Writes that a version waits for its turn, on condition that the row is still as it was read.
    pub async fn wait(
        &self,
        claim: &Claim,
        tenant: Option<&str>,
        now: Millis,
    ) -> Result<Written, AwsError> {
        let update = waiting(claim, tenant, now);
        self.write_row(&claim.event, update, "writing that a version waits")
            .await
    }

    /// Writes that a newer version was taken instead of this one, on condition that the row is
    /// still as it was read. `expires_at`: see [`Finish`].
    pub async fn supersede(
        &self,
        claim: &Claim,
        now: Millis,
        expires_at: i64,
    ) -> Result<Written, AwsError> {
        let update = superseded(claim, now, expires_at);
        self.write_row(&claim.event, update, "superseding a version")
            .await
    }

    /// Writes that a newer version was taken instead of one that waited. One that no longer waits
    /// stays as it is.
    pub async fn supersede_waiting(
        &self,
        at: &RowKey,
        now: Millis,
        expires_at: i64,
    ) -> Result<(), AwsError> {
        let update = Update::default()
            .set("state", text(State::Superseded.as_str()))
            .set("finished_at", number(now))
            .set("expires_at", number(expires_at))
            .only_if("state", text(State::Waiting.as_str()));
        let written = self
            .update(key(&at.pk, &at.sk), update, "superseding a version")
            .await?;
        drop(written);
        Ok(())
    }
}
