//! Filling executions of several object events: messages are received until one is full, nothing more waits, or the
//! tick ends.

use std::collections::HashMap;

use aws::error::AwsError;
use futures_util::future::join_all;
use spillway::Millis;
use spillway::lane::polling::{ONE_RECEIVE, poll_seconds};
use spillway::protocol::candidate::Candidate;
use spillway::rules::batch;

use crate::Dispatch;
use crate::shared::Shared;

/// Receives under way at once.
const RECEIVES_AT_ONCE: usize = 10;

/// Messages received and not yet on their way, by lane.
pub(crate) type Pool = HashMap<usize, Vec<Candidate>>;

impl Dispatch {
    /// The object events of the next execution. `None`: nothing waits.
    pub(crate) async fn fill(
        &self,
        shared: &Shared,
        pool: &mut Pool,
        stop_at: Millis,
    ) -> Result<Option<Vec<Candidate>>, AwsError> {
        let most = self.config.events_per_execution as usize;
        let asks = shared.state().shares.to_ask(shared.now());
        let mut lanes: Vec<usize> = asks.iter().map(|ask| ask.lane).collect();
        lanes.extend(0..shared.shell.lanes.len());
        for (turn, lane) in lanes.into_iter().enumerate() {
            let received = pool.entry(lane).or_default();
            let mut coming = turn < asks.len();
            loop {
                coming = coming && shared.now() < stop_at && !shared.is_stopping();
                if let Some(load) = batch::next(received, most, coming) {
                    shared.state().shares.started(lane, 1);
                    return Ok(Some(load));
                }
                if !coming {
                    break;
                }
                let wanted = most.saturating_sub(received.len()).max(1);
                coming = self.receive_several(shared, lane, wanted, received).await?;
            }
            if turn < asks.len() && shared.shell.lanes.len() > 1 {
                let now = shared.now();
                shared.state().shares.found_empty(lane, now);
            }
        }
        Ok(None)
    }

    /// Receives about `wanted` messages into the pool. `false`: nothing waits.
    async fn receive_several(
        &self,
        shared: &Shared,
        lane: usize,
        wanted: usize,
        received: &mut Vec<Candidate>,
    ) -> Result<bool, AwsError> {
        let Some(queues) = shared.shell.lanes.get(lane) else {
            return Ok(false);
        };
        let one = ONE_RECEIVE as usize;
        let calls = wanted.div_ceil(one).min(RECEIVES_AT_ONCE);
        let answers = join_all((0..calls).map(|call| {
            let most = (wanted - call * one).min(one) as u32;
            queues
                .events
                .receive(most, poll_seconds(shared.shell.lanes.len()))
        }))
        .await;
        let mut messages = Vec::new();
        let mut failure = Ok(());
        for answer in answers {
            match answer {
                Ok(more) => messages.extend(more),
                Err(problem) => failure = Err(problem),
            }
        }
        let any = !messages.is_empty();
        shared.state().counts.received += u32::try_from(messages.len()).unwrap_or(u32::MAX);
        received.extend(self.understand(shared, lane, messages).await);
        failure.map(|()| any)
    }
}
