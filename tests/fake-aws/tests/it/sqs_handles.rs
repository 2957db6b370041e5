use fake_aws::GoneHow;

use crate::support::{code, handle, one_queue, secs, sleep};

const HOUR: u64 = 3600;

#[tokio::test(start_paused = true)]
async fn deleting_with_the_newest_handle_deletes() {
    let one = one_queue(|_| {});
    one.queue.inject("a");
    let message = one.receive_one().await;
    one.delete(&message).await;
    assert_eq!(one.queue.gone()[0].how, GoneHow::Deleted);
    one.delete(&message).await;
    sleep(60).await;
    assert!(one.receive().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn deleting_with_an_old_handle_succeeds_and_may_delete_nothing() {
    let one = one_queue(|_| {});
    one.queue.inject("a");
    let first = one.receive_one().await;
    sleep(30).await;
    let second = one.receive_one().await;
    assert_ne!(first.receipt_handle(), second.receipt_handle());
    one.delete(&first).await;
    assert_eq!(one.bodies(), ["a"]);
    one.queue
        .reconfigure(|config| config.odds.old_handle_deletes = 1.0);
    one.delete(&first).await;
    assert!(one.bodies().is_empty(), "or it may");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_message_may_come_back() {
    let one = one_queue(|config| config.odds.back_after_delete = 1.0);
    one.queue.inject("a");
    let message = one.receive_one().await;
    one.delete(&message).await;
    sleep(30).await;
    assert_eq!(one.receive().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_never_was_a_receipt_handle_is_invalid() {
    let one = one_queue(|_| {});
    let request = one.sqs.delete_message().queue_url(one.queue.url());
    let error = request.receipt_handle("x").send().await;
    assert_eq!(code(error), "ReceiptHandleIsInvalid");
}

#[tokio::test(start_paused = true)]
async fn a_changed_visibility_counts_from_the_change_and_is_not_remembered() {
    let one = one_queue(|_| {});
    let change = async |handle: &str, seconds: i32| {
        let request = one
            .sqs
            .change_message_visibility()
            .queue_url(one.queue.url());
        let request = request.receipt_handle(handle);
        request.visibility_timeout(seconds).send().await
    };
    one.queue.inject("a");
    let message = one.receive_one().await;
    sleep(15).await;
    change(handle(&message), 100).await.expect("a change");
    sleep(99).await;
    assert!(one.receive().await.is_empty());
    sleep(1).await;
    let message = one.receive_one().await;
    sleep(30).await;
    assert_eq!(one.receive().await.len(), 1, "the queue's 30 s again");
    let old = change(handle(&message), 1000).await;
    old.expect("nothing is documented for an old handle: it changes nothing");
    sleep(30).await;
    assert_eq!(one.receive().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn visibility_zero_hands_a_message_back() {
    let one = one_queue(|_| {});
    one.queue.inject("a");
    let message = one.receive_one().await;
    let request = one
        .sqs
        .change_message_visibility()
        .queue_url(one.queue.url());
    let request = request.receipt_handle(handle(&message));
    request
        .visibility_timeout(0)
        .send()
        .await
        .expect("a change");
    assert_eq!(one.receive().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_hidden_for_twelve_hours_at_most() {
    let one = one_queue(|config| config.visibility_timeout = secs(12 * HOUR));
    one.queue.inject("a");
    let message = one.receive_one().await;
    let change = async |seconds: i32| {
        let request = one
            .sqs
            .change_message_visibility()
            .queue_url(one.queue.url());
        let request = request.receipt_handle(handle(&message));
        request.visibility_timeout(seconds).send().await
    };
    assert_eq!(code(change(43_201).await), "InvalidParameterValue");
    sleep(HOUR).await;
    assert_eq!(
        code(change(43_200).await),
        "InvalidParameterValue",
        "13 hours in all"
    );
    change(39_600).await.expect("12 hours in all");
}

#[tokio::test(start_paused = true)]
async fn the_visibility_of_a_message_that_is_not_in_flight_cannot_be_changed() {
    let one = one_queue(|_| {});
    one.queue.inject("a");
    let message = one.receive_one().await;
    sleep(30).await;
    let request = || {
        let request = one
            .sqs
            .change_message_visibility()
            .queue_url(one.queue.url());
        let request = request.receipt_handle(handle(&message));
        request.visibility_timeout(5).send()
    };
    let error = request()
        .await
        .expect_err("it is visible")
        .into_service_error();
    assert!(error.is_message_not_inflight(), "{error:?}");
    one.receive_one().await;
    one.queue
        .reconfigure(|config| config.odds.old_handle_deletes = 1.0);
    one.delete(&message).await;
    assert_eq!(code(request().await), "InvalidParameterValue", "it is gone");
}
