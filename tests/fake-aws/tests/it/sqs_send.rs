use aws_sdk_sqs::types::QueueAttributeName as Attribute;

use crate::support::{OneQueue, code, one_queue, secs, sleep};

#[tokio::test(start_paused = true)]
async fn a_message_comes_back_as_it_was_sent() {
    let one = one_queue(|_| {});
    let send = one.sqs.send_message().queue_url(one.queue.url());
    let sent = send
        .message_body("{\"a\":\"ü\"}")
        .send()
        .await
        .expect("a send");
    let received = one.receive_one().await;
    assert_eq!(received.body(), Some("{\"a\":\"ü\"}"));
    assert_eq!(received.message_id(), sent.message_id());
    assert_eq!(received.md5_of_body(), sent.md5_of_message_body());
}

#[tokio::test(start_paused = true)]
async fn a_delayed_message_stays_hidden() {
    let one = one_queue(|config| config.delay = secs(10));
    let send = |body: &str| {
        one.sqs
            .send_message()
            .queue_url(one.queue.url())
            .message_body(body)
    };
    send("queue's delay").send().await.expect("a send");
    send("own delay")
        .delay_seconds(900)
        .send()
        .await
        .expect("a send");
    send("none").delay_seconds(0).send().await.expect("a send");
    assert_eq!(one.receive_one().await.body(), Some("none"));
    sleep(10).await;
    assert_eq!(one.receive_one().await.body(), Some("queue's delay"));
    sleep(890).await;
    let received = one.receive().await;
    assert!(
        received
            .iter()
            .any(|message| message.body() == Some("own delay"))
    );
    let too_long = send("a").delay_seconds(901).send().await;
    assert_eq!(code(too_long), "InvalidParameterValue");
}

async fn attribute(one: &OneQueue, name: Attribute) -> String {
    let request = one.sqs.get_queue_attributes().queue_url(one.queue.url());
    let answer = request.attribute_names(name.clone()).send().await;
    let attributes = answer.expect("attributes").attributes.unwrap_or_default();
    attributes[&name].clone()
}

#[tokio::test(start_paused = true)]
async fn queue_attributes_count_visible_in_flight_and_delayed_messages() {
    let one = one_queue(|_| {});
    for _ in 0..3 {
        one.queue.inject("a");
    }
    let send = one.sqs.send_message().queue_url(one.queue.url());
    send.message_body("b")
        .delay_seconds(60)
        .send()
        .await
        .expect("a send");
    let request = one.sqs.receive_message().queue_url(one.queue.url());
    request.send().await.expect("a receive");
    let count = async |name| attribute(&one, name).await;
    assert_eq!(count(Attribute::ApproximateNumberOfMessages).await, "2");
    assert_eq!(
        count(Attribute::ApproximateNumberOfMessagesNotVisible).await,
        "1"
    );
    assert_eq!(
        count(Attribute::ApproximateNumberOfMessagesDelayed).await,
        "1"
    );
    sleep(60).await;
    assert_eq!(count(Attribute::ApproximateNumberOfMessages).await, "4");
}

#[tokio::test(start_paused = true)]
async fn messages_that_sqs_does_not_take_are_refused() {
    let one = one_queue(|config| config.max_message_bytes = 1024);
    let send = |body: &str| {
        one.sqs
            .send_message()
            .queue_url(one.queue.url())
            .message_body(body)
            .send()
    };
    assert_eq!(code(send(&"x".repeat(1025)).await), "InvalidParameterValue");
    assert_eq!(code(send("\u{1}").await), "InvalidMessageContents");
    assert_eq!(code(send("").await), "MissingParameter");
    send(&"x".repeat(1024)).await.expect("1,024 bytes fit");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_queue_does_not_exist() {
    let one = one_queue(|_| {});
    let request = one.sqs.receive_message().queue_url(one.queue.url() + "x");
    let error = request.send().await.expect_err("no such queue");
    let error = error.into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn retention_deletes_even_what_is_in_flight() {
    let one = one_queue(|config| {
        config.retention = secs(60);
        config.visibility_timeout = secs(1000);
    });
    one.queue.inject("a");
    sleep(30).await;
    one.receive_one().await;
    sleep(30).await;
    assert!(one.bodies().is_empty());
    let gone = one.queue.gone();
    assert_eq!(gone[0].how, fake_aws::GoneHow::Expired);
    assert!(one.receive().await.is_empty());
}
