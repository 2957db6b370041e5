use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry as ChangeEntry,
    DeleteMessageBatchRequestEntry as DeleteEntry, SendMessageBatchRequestEntry as SendEntry,
};

use crate::support::{code, handle, one_queue};

fn send_entry(id: &str, body: &str) -> SendEntry {
    let entry = SendEntry::builder().id(id).message_body(body);
    entry.build().expect("complete")
}

#[tokio::test(start_paused = true)]
async fn a_send_batch_can_fail_in_part() {
    let one = one_queue(|config| config.max_message_bytes = 1024);
    one.aws.faults().fail_entries(|_, id| id == "b");
    let request = one.sqs.send_message_batch().queue_url(one.queue.url());
    let request = request
        .entries(send_entry("a", "1"))
        .entries(send_entry("b", "2"));
    let request = request.entries(send_entry("c", &"x".repeat(2000)));
    let answer = request.send().await.expect("status 200");
    let successful: Vec<_> = answer.successful().iter().map(|entry| entry.id()).collect();
    assert_eq!(successful, ["a"]);
    let failed = answer.failed().iter();
    let failed: Vec<_> = failed
        .map(|entry| (entry.id(), entry.sender_fault()))
        .collect();
    assert_eq!(failed, [("b", false), ("c", true)]);
    assert_eq!(one.bodies(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_delete_batch_can_fail_in_part() {
    let one = one_queue(|_| {});
    one.queue.inject("a");
    one.queue.inject("b");
    let received = one.receive().await;
    one.aws.faults().fail_entries(|_, id| id == "1");
    let mut request = one.sqs.delete_message_batch().queue_url(one.queue.url());
    for (number, message) in received.iter().enumerate() {
        let entry = DeleteEntry::builder().id(number.to_string());
        let entry = entry.receipt_handle(handle(message)).build();
        request = request.entries(entry.expect("complete"));
    }
    let answer = request.send().await.expect("status 200");
    assert_eq!(answer.successful()[0].id(), "0");
    assert_eq!(answer.failed()[0].id(), "1");
    let left = one.bodies();
    assert_eq!(left, [received[1].body().expect("a body")]);
}

#[tokio::test(start_paused = true)]
async fn a_visibility_batch_can_fail_in_part() {
    let one = one_queue(|_| {});
    one.queue.inject("a");
    let message = one.receive_one().await;
    let entry = |id: &str, handle: &str| {
        let entry = ChangeEntry::builder().id(id).receipt_handle(handle);
        entry.visibility_timeout(0).build().expect("complete")
    };
    let request = one.sqs.change_message_visibility_batch();
    let request = request.queue_url(one.queue.url());
    let request = request
        .entries(entry("good", handle(&message)))
        .entries(entry("bad", "x"));
    let answer = request.send().await.expect("status 200");
    assert_eq!(answer.successful()[0].id(), "good");
    assert_eq!(answer.failed()[0].code(), "ReceiptHandleIsInvalid");
    assert_eq!(one.receive().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_has_one_to_ten_entries_with_ids_of_their_own() {
    let one = one_queue(|_| {});
    let send = async |ids: &[&str]| {
        let entries = ids.iter().map(|id| send_entry(id, "a")).collect();
        let request = one.sqs.send_message_batch().queue_url(one.queue.url());
        code(request.set_entries(Some(entries)).send().await)
    };
    let error = |name: &str| format!("AWS.SimpleQueueService.{name}");
    assert_eq!(send(&[]).await, error("EmptyBatchRequest"));
    assert_eq!(send(&["a", "a"]).await, error("BatchEntryIdsNotDistinct"));
    assert_eq!(send(&["a b"]).await, error("InvalidBatchEntryId"));
    let eleven = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    assert_eq!(send(&eleven).await, error("TooManyEntriesInBatchRequest"));
    assert!(one.bodies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_send_batch_is_one_mebibyte_at_most() {
    let one = one_queue(|_| {});
    let half = "x".repeat(600_000);
    let request = one.sqs.send_message_batch().queue_url(one.queue.url());
    let request = request
        .entries(send_entry("a", &half))
        .entries(send_entry("b", &half));
    let error = code(request.send().await);
    assert_eq!(error, "AWS.SimpleQueueService.BatchRequestTooLong");
}
