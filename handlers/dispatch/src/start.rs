//! Starting the execution of a claimed row, and every fate a start can have.

use spillway::aws::error::HandlerError;
use spillway::aws::queue::Outgoing;
use spillway::aws::workflow::Start;
use spillway::event::ObjectEvent;
use spillway::execution;
use spillway::outcome::{self, Outcome, Status};
use spillway::slot::Slot;
use tracing::{debug, error, warn};

use crate::Dispatch;
use crate::shared::Shared;

impl Dispatch {
    /// Starts the execution that holds `slot`. Whatever the answer, the slot stays: settle frees it, or a later tick
    /// starts again.
    pub(crate) async fn start(
        &self,
        shared: &Shared,
        slot: &Slot,
        event: &ObjectEvent,
        attempt: u32,
    ) {
        let input = execution::input(&self.config.ledger_arn, event, attempt);
        let name = slot.execution.as_str();
        match self
            .workflow
            .start(&slot.state_machine_arn, name, &input)
            .await
        {
            Start::Started => {
                debug!(execution = name, "started");
                shared.count(|counts| counts.started += 1);
                self.started(shared, slot).await;
            }
            Start::Already => {
                shared.count(|counts| counts.already_started += 1);
                self.started(shared, slot).await;
            }
            Start::Throttled(reason) => {
                warn!(execution = name, "throttled: {reason}");
                let now = shared.now();
                {
                    let mut state = shared.state();
                    state.counts.throttled += 1;
                    state.gate.give_back_restart(1);
                    state.gate.tokens.throttled(now);
                }
                self.pend(shared, slot).await;
            }
            Start::Refused { error, cause } => {
                error!(execution = name, error, cause, "refused for good");
                shared.count(|counts| counts.refused += 1);
                shared.state().gate.give_back_restart(1);
                let outcome = Outcome::new(name, Status::Refused, Some(&error), Some(&cause));
                let message = Outgoing {
                    body: outcome::encode(&outcome),
                    ..Outgoing::default()
                };
                if let Err(problem) = self.outcomes.send(&message).await {
                    // The next tick starts it again, is refused again, and reports it then.
                    self.pend(shared, slot).await;
                    shared.fail(problem);
                }
            }
            Start::Forbidden(reason) => {
                shared.count(|counts| counts.unclear += 1);
                self.pend(shared, slot).await;
                shared.fail(HandlerError::StartForbidden(reason));
            }
            Start::Unknown(reason) => {
                shared.count(|counts| counts.unclear += 1);
                self.pend(shared, slot).await;
                shared.fail(HandlerError::Call {
                    call: "StartExecution",
                    reason,
                });
            }
        }
    }

    async fn started(&self, shared: &Shared, slot: &Slot) {
        if slot.pending
            && let Err(problem) = self.ledger.mark_pending(&slot.execution, false).await
        {
            // Starting it once more does no harm.
            warn!("{problem}");
            shared.state().suspect = true;
        }
    }

    async fn pend(&self, shared: &Shared, slot: &Slot) {
        if !slot.pending
            && let Err(problem) = self.ledger.mark_pending(&slot.execution, true).await
        {
            shared.fail_suspect(problem);
        }
    }
}
