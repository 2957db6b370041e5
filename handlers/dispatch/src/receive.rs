//! Receiving from the lanes: strictly by priority, but for shares that are owed.

use aws::error::AwsError;
use aws::queue::Queue;
use aws::shell::patiently;
use futures_util::stream::{FuturesOrdered, StreamExt};
use spillway::lane::polling::{LONG_POLL_SECONDS, ONE_RECEIVE, poll_seconds, side_by_side};
use spillway::message::Received;
use tracing::warn;

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
            let receive = || queues.events.receive(most, poll_seconds(lanes));
            let mut messages = patiently(self.shell.clock, self.times.join_by, receive).await?;
            // A whole receive: more can be waiting.
            if messages.len() == ONE_RECEIVE as usize && most > ONE_RECEIVE {
                match queues.events.receive(most - ONE_RECEIVE, 0).await {
                    Ok(more) => messages.extend(more),
                    Err(problem) if problem.passes() => warn!("{problem}"),
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

    /// Up to `most` messages of all lanes, each polled for long enough to find what it has. None: as far as SQS tells, all are
    /// empty.
    pub(crate) async fn receive_of_all(
        &self,
        most: usize,
    ) -> Result<Vec<(usize, Vec<Received>)>, AwsError> {
        let lanes = self.shell.lanes.iter().enumerate();
        let mut polls = FuturesOrdered::new();
        match side_by_side(self.shell.lanes.len(), most) {
            Some(each) => {
                for (lane, queues) in lanes {
                    polls.push_back(self.poll(lane, &queues.events, each, LONG_POLL_SECONDS));
                }
            }
            // One after the other then, until one has something; and those before the last once more, for what came since.
            None => {
                let most = u32::try_from(most).unwrap_or(ONE_RECEIVE);
                let again = lanes.clone().take(self.shell.lanes.len().saturating_sub(1));
                let polls = lanes.map(|lane| (lane, LONG_POLL_SECONDS));
                for ((lane, queues), wait) in polls.chain(again.map(|lane| (lane, 0))) {
                    let (lane, messages) = self.poll(lane, &queues.events, most, wait).await;
                    let messages = messages?;
                    if !messages.is_empty() {
                        return Ok(self.received_of_all(vec![(lane, messages)]));
                    }
                }
            }
        }
        let (mut received, mut failure) = (Vec::new(), None);
        while let Some((lane, messages)) = polls.next().await {
            match messages {
                Ok(messages) if messages.is_empty() => {}
                Ok(messages) => received.push((lane, messages)),
                Err(problem) => failure = Some(problem),
            }
        }
        match failure {
            Some(problem) if received.is_empty() => return Err(problem),
            Some(problem) => warn!("{problem}"),
            None => {}
        }
        Ok(self.received_of_all(received))
    }

    async fn poll(
        &self,
        lane: usize,
        queue: &Queue,
        most: u32,
        wait_seconds: u32,
    ) -> (usize, Result<Vec<Received>, AwsError>) {
        let receive = || queue.receive(most, wait_seconds);
        let messages = patiently(self.shell.clock, self.times.join_by, receive).await;
        (lane, messages)
    }

    fn received_of_all(
        &self,
        received: Vec<(usize, Vec<Received>)>,
    ) -> Vec<(usize, Vec<Received>)> {
        let mut state = self.state();
        if received.is_empty() {
            state.shares.all_are_empty();
        }
        let count: usize = received.iter().map(|(_, messages)| messages.len()).sum();
        state.counts.received += u32::try_from(count).unwrap_or(u32::MAX);
        received
    }
}
