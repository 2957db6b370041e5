//! Receiving from the lanes: strictly by priority, but for shares that are owed.

use aws::error::AwsError;
use spillway::lane::polling::{ONE_RECEIVE, poll_seconds};
use spillway::message::Received;

use crate::shared::Shared;

impl Shared {
    /// Up to `most` messages of the lane whose turn it is. `None`: nothing was found.
    pub(crate) async fn receive(
        &self,
        most: u32,
    ) -> Result<Option<(usize, Vec<Received>)>, AwsError> {
        let lanes = self.shell.lanes.len();
        let asks = self.state().shares.to_ask(self.now());
        for ask in asks {
            let Some(queues) = self.shell.lanes.get(ask.lane) else {
                continue;
            };
            let most = ask.most.map_or(most, |bound| bound.min(most));
            let mut messages = queues.events.receive(most, poll_seconds(lanes)).await?;
            // A whole receive: more can be waiting.
            if messages.len() == ONE_RECEIVE as usize && most > ONE_RECEIVE {
                match queues.events.receive(most - ONE_RECEIVE, 0).await {
                    Ok(more) => messages.extend(more),
                    Err(problem) => self.state().fail(problem),
                }
            }
            let received = u32::try_from(messages.len()).unwrap_or(u32::MAX);
            let now = self.now();
            let mut state = self.state();
            if received > 0 {
                state.counts.received += received;
                state.shares.started(ask.lane, received);
                return Ok(Some((ask.lane, messages)));
            }
            state.shares.found_empty(ask.lane, now);
        }
        Ok(None)
    }
}
