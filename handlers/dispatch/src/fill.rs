//! Filling executions of several object events with the lanes' messages.

use std::sync::Arc;

use aws::error::AwsError;
use aws::shell::patiently;
use spillway::lane::polling::poll_seconds;
use spillway::pace::gate::Standing;
use spillway::pace::permit::Permit;
use spillway::protocol::candidate::Candidate;
use spillway::protocol::filling::{Fill, Filling, Pool};

use crate::Dispatch;
use crate::shared::Shared;

/// The result of a filling.
pub(crate) struct Filled {
    /// The object events of the next execution, and their lane. `None`: nothing waits.
    pub batch: Result<Option<(usize, Vec<Candidate>)>, AwsError>,
    /// Messages that were received, and are for another batch.
    pub rest: Pool,
    pub permits: Vec<Permit>,
}

impl Dispatch {
    /// Fills one execution, from the pool and from the lanes. It is not to be dropped before its
    /// end, as a poll is not.
    pub(crate) async fn fill(
        self: Arc<Self>,
        shared: Arc<Shared>,
        mut rest: Pool,
        permits: Vec<Permit>,
    ) -> Filled {
        let batch = self.batch(&shared, &mut rest).await;
        Filled {
            batch,
            rest,
            permits,
        }
    }

    async fn batch(
        &self,
        shared: &Shared,
        pool: &mut Pool,
    ) -> Result<Option<(usize, Vec<Candidate>)>, AwsError> {
        let most = self.config.events_per_execution as usize;
        let lanes = 0..shared.shell.lanes.len();
        // No event of the other lanes can start: their received messages wait.
        let is_open = |lane: &usize| shared.gate.lock().standing(*lane) == Standing::Open;
        let open: Vec<usize> = lanes.filter(is_open).collect();
        let asks = shared.state().shares.to_ask(shared.now());
        let asks = asks.into_iter().map(|ask| ask.lane).collect();
        let mut filling = Filling::new(most, asks, &open);
        loop {
            match filling.next(pool, shared.receives_on()) {
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
                    return Ok(Some((lane, load)));
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
