//! How lanes are polled.

/// A long poll asks all of SQS's servers, a short one some of them: of a queue with few messages it
/// often finds none. A second is enough for all.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
pub const LONG_POLL_SECONDS: u32 = 1;
/// How long a tick that waits for events polls at most. It ends no sooner than its polls: SQS hides
/// the messages that it handed to a poll that nobody reads.
pub const WAITING_POLL_SECONDS: u32 = 2;
/// Messages of one receive.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub const ONE_RECEIVE: u32 = 10;

/// Returns how long a receive waits for a first message, in seconds. With several lanes it does not
/// wait, so that an empty one never delays another.
pub fn poll_seconds(lanes: usize) -> u32 {
    if lanes > 1 { 0 } else { LONG_POLL_SECONDS }
}

/// Returns how many long polls in a row are to find nothing before all lanes are believed to be
/// empty. Calls under way can have sent messages, and SQS does not promise that a long poll finds
/// each message. `received`: the tick has received a message.
pub fn empty_times(received: bool) -> u32 {
    if received { 2 } else { 1 }
}
