//! The sweep: asking after slots whose outcome never came.

use aws::error::HandlerError;
use aws::queue::Outgoing;
use futures_util::future::join_all;
use spillway::Millis;
use spillway::execution::outcome::{self, Outcome};
use spillway::pace::gate::Grant;
use spillway::record::slot::Slot;
use spillway::rules::sweep::{self, Action, Found, Held};
use tracing::{error, info, trace};

use crate::Dispatch;
use crate::load::Claimed;
use crate::shared::Shared;

/// DescribeExecution calls under way at once; its quota is far below StartExecution's.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const AT_ONCE: usize = 8;

impl Dispatch {
    /// Looks after a bounded number of old slots, until `until`, and returns the cursor for the next tick.
    pub(crate) async fn sweep(
        &self,
        shared: &Shared,
        slots: &[Slot],
        cursor: Option<String>,
        paused: bool,
        until: Millis,
    ) -> Option<String> {
        let after = Millis::try_from(self.config.sweep_after.as_millis()).unwrap_or(Millis::MAX);
        let most = self.config.sweep_per_tick;
        let due = sweep::due(slots, cursor.as_deref(), after, most, shared.now());
        let mut cursor = cursor;
        for some in due.chunks(AT_ONCE) {
            if shared.now() >= until {
                break;
            }
            join_all(some.iter().map(|slot| async {
                // The slot stays, and comes round again.
                if let Err(problem) = self.look_after(shared, slot, paused).await {
                    shared.note(problem);
                }
            }))
            .await;
            cursor = some.last().map(|slot| slot.execution.clone());
        }
        cursor
    }

    async fn look_after(
        &self,
        shared: &Shared,
        slot: &Slot,
        paused: bool,
    ) -> Result<(), HandlerError> {
        let found = self
            .workflow
            .find(&slot.state_machine_arn, &slot.execution)
            .await?;
        shared.count(|counts| counts.swept += 1);
        let (held, claimed) = match found {
            Found::Nothing => match self.claimed(slot, shared.now()).await? {
                Claimed::For(load) => (Held::Claimed, Some(load)),
                Claimed::Nothing => (Held::Unused, None),
                Claimed::Settled if slot.row().is_some() => (Held::Settled, None),
                // The outcome of the batch is with settle, or it comes round again.
                Claimed::Settled | Claimed::Unclear => (Held::Unclear, None),
            },
            Found::Running | Found::Closed(_) => (Held::Unclear, None),
        };
        let action = sweep::action(slot, found, held, paused, shared.now());
        trace!(decision = ?action, execution = slot.execution, "sweep");
        match action {
            Action::Leave => {}
            Action::Report(outcome) => self.report(shared, &outcome).await?,
            Action::Start => {
                self.reserve(shared).await?;
                let now = shared.now();
                let grant = shared.change(|state| {
                    state.gate.found_unstarted(1);
                    state.gate.request_restart(slot.taken_at, now)
                });
                // Without a grant it comes round again.
                if let (Some(load), Grant::Take(_)) = (claimed, grant) {
                    shared.count(|counts| counts.restarted += 1);
                    self.start(shared, slot, &load).await;
                }
            }
            Action::Free => self.free_unused(shared, slot).await,
            Action::Park => {
                error!(
                    execution = slot.execution,
                    "its execution is not found and may be forgotten: look at it"
                );
                shared.count(|counts| counts.parked += 1);
            }
        }
        Ok(())
    }

    /// Sends the outcome of an execution that has ended while its slot is there.
    pub(crate) async fn report(
        &self,
        shared: &Shared,
        outcome: &Outcome,
    ) -> Result<(), HandlerError> {
        info!(
            execution = outcome.execution,
            "it has ended and holds its slot: its outcome is reported now"
        );
        let message = Outgoing {
            body: outcome::encode(outcome),
            ..Outgoing::default()
        };
        self.outcomes.send(&message).await?;
        shared.count(|counts| counts.outcomes_found += 1);
        Ok(())
    }
}
