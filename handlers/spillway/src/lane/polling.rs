//! How lanes are polled.

/// A long poll asks all of SQS's servers, so an empty answer means an empty queue; a second is enough for that.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
const LONG_POLL_SECONDS: u32 = 1;
/// Messages of one receive.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub const ONE_RECEIVE: u32 = 10;
/// Messages whose slots share one call, and so their claims: of two receives, since a call takes 25 writes.
const TOGETHER: u32 = 2 * ONE_RECEIVE;

/// Returns how long a receive waits for a first message, in seconds: with several lanes not at all, so that an empty one
/// never delays another.
pub fn poll_seconds(lanes: usize) -> u32 {
    if lanes > 1 { 0 } else { LONG_POLL_SECONDS }
}

/// Returns how many messages are received together at most. Several lanes are asked anew after each receive.
pub fn together(lanes: usize) -> u32 {
    if lanes > 1 { ONE_RECEIVE } else { TOGETHER }
}

/// Returns how many times in a row nothing is to be found before all lanes are believed to be empty. SQS can answer empty
/// although messages wait, above all without a long poll, and what was under way can have sent some. `received`: the tick
/// has received a message.
pub fn empty_times(lanes: usize, received: bool) -> u32 {
    match (lanes > 1, received) {
        (true, _) => 4,
        (false, true) => 2,
        (false, false) => 1,
    }
}
