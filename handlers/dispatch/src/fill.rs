//! Filling executions of several object events with what the lanes have.

use aws::error::AwsError;
use aws::shell::patiently;
use spillway::lane::polling::poll_seconds;
use spillway::protocol::candidate::Candidate;
use spillway::protocol::filling::{Fill, Filling, Pool};

use crate::Dispatch;
use crate::error::TickError;
use crate::shared::Shared;

impl Dispatch {
    /// The object events of the next execution. `None`: nothing waits.
    pub(crate) async fn fill(
        &self,
        shared: &Shared,
        pool: &mut Pool,
    ) -> Result<Option<Vec<Candidate>>, TickError> {
        let most = self.config.events_per_execution as usize;
        let lanes = shared.shell.lanes.len();
        let asks = shared.state().shares.to_ask(shared.now());
        let asks = asks.into_iter().map(|ask| ask.lane).collect();
        let mut filling = Filling::new(most, asks, lanes);
        loop {
            self.read_control(shared).await?;
            let may_receive = shared.receives_on();
            match filling.next(pool, may_receive) {
                Fill::Receive { lane, most } => {
                    let received = pool.entry(lane).or_default();
                    let any = self.receive_several(shared, lane, &most, received).await?;
                    filling.received(any);
                }
                Fill::Empty(lane) => {
                    let now = shared.now();
                    shared.state().shares.found_empty(lane, now);
                }
                Fill::Full { lane, load } => {
                    shared.state().shares.started(lane, 1);
                    return Ok(Some(load));
                }
                Fill::Nothing => return Ok(None),
            }
        }
    }

    /// Receives side by side. `false`: nothing was found.
    async fn receive_several(
        &self,
        shared: &Shared,
        lane: usize,
        most: &[u32],
        received: &mut Vec<Candidate>,
    ) -> Result<bool, AwsError> {
        let Some(queues) = shared.shell.lanes.get(lane) else {
            return Ok(false);
        };
        let wait = poll_seconds(shared.shell.lanes.len());
        let receive = || queues.events.receive_side_by_side(most, wait);
        let messages = patiently(shared.shell.clock, shared.end_by(), receive).await?;
        let any = !messages.is_empty();
        shared.state().counts.received += u32::try_from(messages.len()).unwrap_or(u32::MAX);
        received.extend(self.understand(shared, lane, messages).await);
        Ok(any)
    }
}
