//! The slot and the claim of an attempt.

use super::call::Claim;
use super::candidate::Candidate;
use super::terms::Terms;
use crate::execution::name;
use crate::record::row::{RowKey, Seen};
use crate::record::slot::{Slot, Work};
use crate::rules::order::Order;

/// Returns the slot of a candidate's execution, to be put now.
pub fn slot_of(candidate: &Candidate, terms: &Terms<'_>) -> Slot {
    let Candidate { event, attempt, .. } = candidate;
    Slot {
        execution: name::of(&terms.pipeline.arn, event, *attempt),
        layout: terms.layouts.current,
        lane: lane_of(candidate, terms),
        taken_at: terms.slot_time,
        work: Work::Row(RowKey::of(event)),
        ordered: terms.pipeline.order != Order::None,
        state_machine_arn: terms.state_machine_arn.to_owned(),
        pending: false,
        generation: terms.generation,
    }
}

/// Returns the claim of a candidate's attempt for an execution.
pub fn claim_of(
    candidate: &Candidate,
    execution: &str,
    read: Option<Seen>,
    terms: &Terms<'_>,
) -> Claim {
    Claim {
        event: candidate.event.clone(),
        attempt: candidate.attempt,
        execution: execution.to_owned(),
        state_machine_arn: terms.state_machine_arn.to_owned(),
        lane: lane_of(candidate, terms),
        read,
    }
}

/// Returns the lane of a candidate, in a pipeline of several.
pub fn lane_of(candidate: &Candidate, terms: &Terms<'_>) -> Option<String> {
    terms.pipeline.lane_name(candidate.lane).map(str::to_owned)
}
