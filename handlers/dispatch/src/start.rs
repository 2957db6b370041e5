//! Starting the execution of a claimed row, and every fate a start can have.

use aws::error::HandlerError;
use aws::queue::Outgoing;
use aws::workflow::{Refusal, Start};
use spillway::execution::outcome::{self, Outcome, Status};
use spillway::record::slot::Slot;
use tracing::{debug, error, trace, warn};

use crate::Dispatch;
use crate::load::Load;
use crate::shared::Shared;

/// Starts without a clear answer after which a tick gives up.
const MOST_UNCLEAR: u32 = 3;

impl Dispatch {
    /// Starts the execution that holds `slot`. Whatever the answer, the slot stays: settle frees it, or a later tick
    /// starts again.
    pub(crate) async fn start(&self, shared: &Shared, slot: &Slot, load: &Load) {
        let input = self.input(load);
        let arn = slot.state_machine_arn.as_str();
        // A slot from before the pipeline's state machine was exchanged: its own trouble, not that of all starts.
        let exchanged = arn != self.config.state_machine_arn;
        let answer = self
            .workflow
            .start(arn, &slot.execution, &input, shared.now())
            .await;
        trace!(decision = ?answer, execution = slot.execution, "start");
        match answer {
            Start::Started => {
                debug!(execution = slot.execution, "started");
                let now = shared.now();
                shared.change(|state| {
                    state.counts.started += 1;
                    state.gate.started(now);
                });
                self.started(slot).await;
            }
            Start::Already => {
                let now = shared.now();
                shared.change(|state| {
                    state.counts.already_started += 1;
                    state.gate.came_to_nothing(slot.taken_at, now);
                });
                self.started(slot).await;
            }
            Start::Throttled(reason) => {
                warn!(execution = slot.execution, reason, "throttled");
                let now = shared.now();
                shared.change(|state| {
                    state.counts.throttled += 1;
                    state.gate.came_to_nothing(slot.taken_at, now);
                    state.gate.tokens.throttled(now);
                });
                self.pend(shared, slot).await;
            }
            Start::Refused(refusal) => self.refuse(shared, slot, &refusal).await,
            Start::NoStateMachine(cause) if exchanged => {
                let error = "StateMachineDoesNotExist".to_owned();
                self.refuse(shared, slot, &Refusal { error, cause }).await;
            }
            Start::NoStateMachine(reason) | Start::Forbidden(reason) => {
                let now = shared.now();
                shared.state().gate.came_to_nothing(slot.taken_at, now);
                self.unclear(shared, slot).await;
                let error = HandlerError::StartForbidden(reason);
                if exchanged {
                    shared.note(error)
                } else {
                    shared.fail(error)
                }
            }
            Start::Unknown(reason) => {
                shared.state().gate.give_back_budget(1);
                let unclear = self.unclear(shared, slot).await;
                let error = HandlerError::Call {
                    call: "StartExecution",
                    reason,
                };
                if unclear < MOST_UNCLEAR {
                    shared.note(error)
                } else {
                    shared.fail(error)
                }
            }
        }
    }

    /// Reports a start that can never succeed as an outcome; settle does the rest.
    async fn refuse(&self, shared: &Shared, slot: &Slot, refusal: &Refusal) {
        let Refusal { error, cause } = refusal;
        error!(execution = slot.execution, error, cause, "refused for good");
        let now = shared.now();
        shared.change(|state| {
            state.counts.refused += 1;
            state.gate.came_to_nothing(slot.taken_at, now);
        });
        let outcome = Outcome::new(&slot.execution, Status::Refused, Some(error), Some(cause));
        let message = Outgoing {
            body: outcome::encode(&outcome),
            ..Outgoing::default()
        };
        if let Err(problem) = self.outcomes.send(&message).await {
            // The next tick starts it again, is refused again, and reports it then.
            self.pend(shared, slot).await;
            shared.note(problem);
        }
    }

    async fn started(&self, slot: &Slot) {
        if slot.pending
            && let Err(problem) = self.ledger.mark_pending(&slot.execution, false).await
        {
            // The mark stays, and the execution is started once more, which does no harm.
            warn!("{problem}");
        }
    }

    /// Counts a start that came to nothing as yet; its slot comes first in the next tick.
    async fn unclear(&self, shared: &Shared, slot: &Slot) -> u32 {
        let unclear = shared.change(|state| {
            state.counts.unclear += 1;
            state.counts.unclear
        });
        self.pend(shared, slot).await;
        unclear
    }

    async fn pend(&self, shared: &Shared, slot: &Slot) {
        if !slot.pending
            && let Err(problem) = self.ledger.mark_pending(&slot.execution, true).await
        {
            shared.suspect(slot.taken_at);
            shared.fail(problem);
        }
    }
}
