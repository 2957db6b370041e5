//! Each fact of a tick: its log line, its metric, and its effect on the tick's end.

use aws::error::AwsError;
use spillway::protocol::fact::{Fact, Scope};
use spillway::rules::attempt::Oddity;
use tracing::{debug, error, info, trace, warn};

use crate::counts::Counts;
use crate::error::{Failures, TickError};

/// Tells a fact. `problem`: why the call failed that it is about.
pub fn tell(fact: Fact, problem: Option<AwsError>, counts: &mut Counts, failures: &mut Failures) {
    trace!(decision = ?fact, "fact");
    match fact {
        Fact::Stale {
            key,
            attempt,
            oddity,
        } => {
            debug!(key, attempt, "a message is stale and is dropped");
            counts.stale += 1;
            counts.lookalikes += u32::from(oddity == Some(Oddity::Lookalike));
            if let Some(oddity) = oddity {
                warn!(key, "{oddity}");
            }
        }
        Fact::Adopted { key } => debug!(key, "reconcile found this version before S3 reported it"),
        Fact::Unreadable { reason } => {
            error!("{reason}");
            counts.unreadable += 1;
        }
        Fact::DeadLettered { reason } => {
            warn!(
                reason,
                "a message goes to the dead-letter queue: run spillway failed"
            );
        }
        Fact::Malformed(records) => counts.malformed += records,
        Fact::Split => counts.split += 1,
        Fact::HandedBack => counts.handed_back += 1,
        Fact::Waiting => counts.waiting += 1,
        Fact::Deferred => counts.deferred += 1,
        Fact::Superseded(versions) => counts.superseded += versions,
        Fact::Freed => counts.freed += 1,
        Fact::Batched => counts.batches += 1,
        Fact::Suspect(taken_at) => debug!(
            taken_at,
            "a slot can lack its start: the next tick looks at it"
        ),
        Fact::Failed(scope) => failed(scope, problem, failures),
        Fact::Started { execution, .. } => {
            debug!(execution, "an execution is started");
            counts.started += 1;
        }
        Fact::AlreadyStarted => counts.already_started += 1,
        Fact::Throttled { execution, reason } => {
            warn!(
                execution,
                reason, "Step Functions throttled a start: it is made again"
            );
            counts.throttled += 1;
        }
        Fact::Refused { execution, refusal } => {
            let (error, cause) = (refusal.error, refusal.cause);
            error!(
                execution,
                error,
                cause,
                "Step Functions refuses a start for good: fix the cause, then run spillway redrive"
            );
            counts.refused += 1;
        }
        Fact::StartUnclear { execution, reason } => {
            warn!(
                execution,
                reason, "a start has no clear answer: it is made again"
            );
            counts.unclear += 1;
        }
        Fact::StartForbidden { reason, .. } => {
            counts.unclear += 1;
            failures.note(TickError::StartForbidden(reason));
        }
        Fact::Swept => counts.swept += 1,
        Fact::NotDescribed => match problem {
            Some(problem) if problem.passes() => {
                warn!("{problem}");
                counts.not_described += 1;
            }
            problem => failed(Scope::One, problem, failures),
        },
        Fact::OutcomeFound { execution } => {
            info!(
                execution,
                "the execution has ended and holds its slot: its outcome is reported now"
            );
            counts.outcomes_found += 1;
        }
        Fact::Parked { execution } => {
            error!(
                execution,
                "the execution of this slot is not found and can be forgotten: look at it with spillway explain"
            );
            counts.parked += 1;
        }
    }
}

fn failed(scope: Scope, problem: Option<AwsError>, failures: &mut Failures) {
    match (scope, problem) {
        (Scope::Nothing, Some(problem)) => warn!("{problem}"),
        (Scope::Nothing, None) => {}
        (Scope::One | Scope::Tick, problem) => failures.note(problem.unwrap_or(AwsError::Call {
            call: "a call",
            reason: "its answer cannot be used: the next tick makes it again".into(),
        })),
    }
}
