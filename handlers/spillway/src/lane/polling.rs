//! How lanes are polled.

/// A long poll asks all of SQS's servers, a short one some of them: of a queue with few messages it often finds none. A second
/// is enough for all.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
pub const LONG_POLL_SECONDS: u32 = 1;
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

/// Returns how many times in a row long polls are to find nothing before all lanes are believed to be empty: what was under
/// way can have sent messages, and SQS does not promise that a long poll finds what there is. `received`: the tick has received
/// a message.
pub fn empty_times(received: bool) -> u32 {
    if received { 2 } else { 1 }
}

/// Returns how many messages each lane is asked for when all are polled side by side with so many permits; `None`: they do not
/// suffice for all.
pub fn side_by_side(lanes: usize, permits: usize) -> Option<u32> {
    let each = permits.checked_div(lanes).filter(|each| *each > 0)?;
    Some(u32::try_from(each).unwrap_or(ONE_RECEIVE).min(ONE_RECEIVE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lanes_are_polled_within_the_permits() {
        assert_eq!(side_by_side(3, 30), Some(10));
        assert_eq!(side_by_side(3, 100), Some(10));
        assert_eq!(side_by_side(3, 7), Some(2));
        assert_eq!(side_by_side(3, 2), None);
    }
}
