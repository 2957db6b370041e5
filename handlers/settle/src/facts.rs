//! Each fact of an outcome: its log line and its metric.

use spillway::protocol::ended::Ended;
use tracing::{debug, error, info, trace, warn};

use crate::counts::Counts;

/// Tells a fact about the message of this id.
pub fn tell(fact: Ended, message_id: &str, counts: &mut Counts) {
    trace!(decision = ?fact, "outcome");
    match fact {
        // It is a time, not a count.
        Ended::Held { .. } => {}
        Ended::Succeeded => counts.succeeded += 1,
        Ended::Retried => counts.retried += 1,
        Ended::Uncounted => counts.uncounted += 1,
        Ended::Dead => counts.dead += 1,
        Ended::RetrySent {
            outcome,
            delay_seconds,
        } => info!(
            execution = outcome.execution,
            status = outcome.status.as_str(),
            error = outcome.error,
            delay_seconds,
            "the attempt failed and is retried"
        ),
        Ended::DeadSent { outcome } => error!(
            execution = outcome.execution,
            status = outcome.status.as_str(),
            error = outcome.error,
            "the event goes to the dead-letter queue: fix the cause, then run spillway redrive"
        ),
        Ended::EventFailed => counts.batch_items_failed += 1,
        Ended::ReportNotUnderstood { execution, reason } => warn!(execution, "{reason}"),
        Ended::Superseded(versions) => counts.superseded += versions,
        Ended::TurnPassed { key } => {
            debug!(key, "the turn of the next version has come");
            counts.woken += 1;
        }
        Ended::Stale => counts.stale_outcomes += 1,
        Ended::Redriven { execution } => {
            error!(
                execution,
                "the execution was redriven, past the pipeline and without a slot: replay the event instead"
            );
            counts.redriven += 1;
        }
        Ended::Unreadable { reason } => error!(message_id, "{reason}"),
        Ended::NotClosed => {
            error!(
                message_id,
                "DescribeExecution, which can be stale, says that the execution still runs: its outcome comes again"
            );
        }
        Ended::Crowded => {
            error!(
                message_id,
                "other executions wrote the head of the object too often while its turn was passed on: its outcome comes again"
            );
        }
        Ended::LetterSent { reason } => {
            warn!(
                message_id,
                reason, "an outcome goes to the dead-letter queue: run spillway failed"
            );
            counts.malformed_outcomes += 1;
        }
        // Failures are logged with the message that comes again.
        Ended::Failed => {}
    }
}
