//! Polling the lanes.

use std::sync::Arc;

use aws::error::AwsError;
use aws::shell::patiently;
use futures_util::future::{BoxFuture, FutureExt};
use spillway::lane::polling::ONE_RECEIVE;
use spillway::message::Received;
use spillway::protocol::receiving::Poll;
use tracing::warn;

use crate::shared::Shared;

/// The result of a poll.
pub(crate) struct Polled {
    pub poll: Poll,
    pub messages: Vec<Received>,
    /// Why it, or a part of it, failed.
    pub problem: Option<AwsError>,
}

/// Begins a poll. It is not to be dropped before its end: SQS hides the messages that it handed to
/// a poll that nobody reads.
pub(crate) fn poll(shared: &Arc<Shared>, poll: Poll) -> BoxFuture<'static, Polled> {
    let shared = Arc::clone(shared);
    let poll = async move {
        let (messages, problem) = shared.receive(&poll).await;
        Polled {
            poll,
            messages,
            problem,
        }
    };
    poll.boxed()
}

impl Shared {
    async fn receive(&self, poll: &Poll) -> (Vec<Received>, Option<AwsError>) {
        let Some(queues) = self.shell.lanes.get(poll.lane) else {
            return (Vec::new(), None);
        };
        let first = poll.most.min(ONE_RECEIVE);
        let second = poll.most - first;
        let most = match poll.side_by_side && second > 0 {
            true => vec![first, second],
            false => vec![first],
        };
        let receive = || queues.events.receive_side_by_side(&most, poll.wait_seconds);
        let received = patiently(self.shell.clock, self.end_by(), receive).await;
        let mut messages = match received {
            Ok(messages) => messages,
            Err(problem) => return (Vec::new(), Some(problem)),
        };
        // A whole receive: more can be waiting.
        if !poll.side_by_side && second > 0 && messages.len() == ONE_RECEIVE as usize {
            match queues.events.receive(second, 0).await {
                Ok(more) => messages.extend(more),
                Err(problem) if problem.passes() => warn!("{problem}"),
                Err(problem) => return (messages, Some(problem)),
            }
        }
        (messages, None)
    }
}
