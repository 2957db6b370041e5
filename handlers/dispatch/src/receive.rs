//! Receiving from the lanes: strictly by priority, but for shares that are owed.

use aws::error::HandlerError;
use aws::queue::{BATCH, Message};

use crate::Dispatch;
use crate::shared::Shared;

/// A long poll asks all of SQS's servers, so an empty answer means an empty queue; a second is enough for that.
const LONG_POLL_SECONDS: u32 = 1;
/// Messages of one receive.
const ONE_RECEIVE: u32 = BATCH as u32;
/// Messages whose slots share one call, and so their claims: of two receives, since a call takes 25 writes.
const TOGETHER: u32 = 2 * ONE_RECEIVE;

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

    /// How many messages are received together at most. Several lanes are asked anew after each receive.
    pub(crate) fn together(&self) -> u32 {
        if self.lanes.len() > 1 {
            ONE_RECEIVE
        } else {
            TOGETHER
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
            let mut messages = queues.events.receive(most, self.poll_seconds()).await?;
            // A whole receive: more may wait.
            if messages.len() == BATCH && most > ONE_RECEIVE {
                match queues.events.receive(most - ONE_RECEIVE, 0).await {
                    Ok(more) => messages.extend(more),
                    Err(problem) => shared.fail(problem),
                }
            }
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
