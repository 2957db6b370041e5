//! Receiving from the lanes: strictly by priority, but for shares that are owed.

use spillway::aws::error::HandlerError;
use spillway::aws::queue::Message;

use crate::Dispatch;
use crate::shared::Shared;

/// A long poll asks all of SQS's servers, so an empty answer means an empty queue; a second is enough for that.
const LONG_POLL_SECONDS: u32 = 1;

impl Dispatch {
    /// How long a receive waits for a first message: with several lanes not at all, so that an empty one never delays
    /// another.
    pub(crate) fn poll_seconds(&self) -> u32 {
        if self.lanes.len() > 1 {
            0
        } else {
            LONG_POLL_SECONDS
        }
    }

    /// How many times in a row nothing may be found before all lanes are believed to be empty. SQS may answer empty
    /// although messages wait, above all without a long poll, and what was under way may have sent some.
    pub(crate) fn empty_times(&self, received: bool) -> u32 {
        match (self.lanes.len() > 1, received) {
            (true, _) => 4,
            (false, true) => 2,
            (false, false) => 1,
        }
    }

    /// Up to `granted` messages of the lane whose turn it is. `None`: nothing was found.
    pub(crate) async fn receive_next(
        &self,
        shared: &Shared,
        granted: u32,
    ) -> Result<Option<(usize, Vec<Message>)>, HandlerError> {
        let asks = shared.state().shares.to_ask(shared.now());
        for ask in asks {
            let Some(queues) = self.lanes.get(ask.lane) else {
                continue;
            };
            let most = ask.most.map_or(granted, |most| most.min(granted));
            let messages = queues.events.receive(most, self.poll_seconds()).await?;
            let received = u32::try_from(messages.len()).unwrap_or(u32::MAX);
            let now = shared.now();
            let mut state = shared.state();
            if received > 0 {
                state.counts.received += received;
                state.shares.started(ask.lane, received);
                return Ok(Some((ask.lane, messages)));
            }
            if self.lanes.len() > 1 {
                state.shares.found_empty(ask.lane, now);
            }
        }
        Ok(None)
    }
}
