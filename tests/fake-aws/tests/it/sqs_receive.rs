use std::collections::BTreeSet;

use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeName as System};
use fake_aws::{FakeAws, Queue, QueueConfig};
use tokio::time::Instant;

use crate::support::{code, one_queue, secs, sleep};

#[tokio::test(start_paused = true)]
async fn received_message_is_hidden_for_the_visibility_timeout() {
    let one = one_queue(|config| config.visibility_timeout = secs(60));
    one.queue.inject("a");
    assert_eq!(one.receive().await.len(), 1);
    sleep(59).await;
    assert_eq!(one.receive().await.len(), 0);
    sleep(1).await;
    assert_eq!(one.receive().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_receive_may_set_its_own_visibility_timeout() {
    let one = one_queue(|_| {});
    one.queue.inject("a");
    let request = one.sqs.receive_message().queue_url(one.queue.url());
    request
        .visibility_timeout(5)
        .send()
        .await
        .expect("a receive");
    sleep(5).await;
    assert_eq!(one.receive().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_returns_as_soon_as_a_message_arrives() {
    let one = one_queue(|_| {});
    let (queue, start) = (one.queue.clone(), Instant::now());
    tokio::spawn(async move {
        sleep(3).await;
        queue.inject("a");
    });
    let request = one.sqs.receive_message().queue_url(one.queue.url());
    let answer = request
        .wait_time_seconds(20)
        .send()
        .await
        .expect("a receive");
    assert_eq!(answer.messages().len(), 1);
    assert_eq!(start.elapsed(), secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_returns_as_soon_as_a_hidden_message_becomes_visible() {
    let one = one_queue(|config| config.visibility_timeout = secs(7));
    one.queue.inject("a");
    one.receive_one().await;
    let start = Instant::now();
    let request = one.sqs.receive_message().queue_url(one.queue.url());
    let answer = request
        .wait_time_seconds(20)
        .send()
        .await
        .expect("a receive");
    assert_eq!(answer.messages().len(), 1);
    assert_eq!(start.elapsed(), secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_is_empty_only_when_the_wait_is_over() {
    let one = one_queue(|config| config.receive_wait = secs(4));
    let start = Instant::now();
    assert!(one.receive().await.is_empty());
    assert_eq!(start.elapsed(), secs(4), "the queue's own wait");
    let request = one.sqs.receive_message().queue_url(one.queue.url());
    let answer = request
        .wait_time_seconds(20)
        .send()
        .await
        .expect("a receive");
    assert!(answer.messages().is_empty());
    assert_eq!(start.elapsed(), secs(24), "the request's wait");
}

#[tokio::test(start_paused = true)]
async fn a_short_poll_may_miss_messages() {
    let one = one_queue(|config| config.odds.short_poll_misses = 0.5);
    for _ in 0..10 {
        one.queue.inject("a");
    }
    let first = one.receive().await.len();
    assert!((1..10).contains(&first), "{first} of 10");
    let mut all = first;
    while all < 10 {
        all += one.receive().await.len();
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_may_be_empty_although_there_are_messages() {
    let one = one_queue(|config| config.odds.long_poll_misses = 1.0);
    one.queue.inject("a");
    let start = Instant::now();
    let request = one.sqs.receive_message().queue_url(one.queue.url());
    let answer = request
        .wait_time_seconds(2)
        .send()
        .await
        .expect("a receive");
    assert!(answer.messages().is_empty());
    assert_eq!(start.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_receive_returns_at_most_what_was_asked_for() {
    let one = one_queue(|_| {});
    for _ in 0..12 {
        one.queue.inject("a");
    }
    let request = || one.sqs.receive_message().queue_url(one.queue.url());
    let answer = request().send().await.expect("a receive");
    assert_eq!(answer.messages().len(), 1, "the default");
    let answer = request().max_number_of_messages(3).send().await;
    assert_eq!(answer.expect("a receive").messages().len(), 3);
    assert_eq!(one.receive().await.len(), 8);
    let too_many = request().max_number_of_messages(11).send().await;
    assert_eq!(code(too_many), "InvalidParameterValue");
}

async fn order(seed: u64, change: impl FnOnce(&mut QueueConfig)) -> Vec<String> {
    let aws = FakeAws::new(seed);
    let mut config = QueueConfig::named("work");
    change(&mut config);
    let queue: Queue = aws.sqs().create_queue(config);
    for body in ["a", "b", "c", "d", "e", "f"] {
        queue.inject(body);
    }
    let sqs = aws.caller("test").sqs_client();
    let request = sqs.receive_message().queue_url(queue.url());
    let answer = request.max_number_of_messages(10).send().await;
    let messages = answer.expect("a receive").messages.unwrap_or_default();
    messages
        .into_iter()
        .filter_map(|message| message.body)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn delivery_is_unordered_and_follows_the_seed() {
    assert_eq!(order(1, |_| {}).await, order(1, |_| {}).await);
    let mut orders = BTreeSet::new();
    for seed in 0..5 {
        orders.insert(order(seed, |_| {}).await);
    }
    assert!(orders.len() > 1, "always the same order: {orders:?}");
    let in_order = order(1, |config| config.unordered = false).await;
    assert_eq!(in_order, ["a", "b", "c", "d", "e", "f"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_may_be_delivered_twice() {
    let one = one_queue(|config| config.odds.delivered_twice = 1.0);
    one.queue.inject("a");
    assert_eq!(one.receive().await.len(), 1);
    assert_eq!(one.receive().await.len(), 1, "the copy");
}

#[tokio::test(start_paused = true)]
async fn system_attributes_come_when_asked_for() {
    let one = one_queue(|config| config.visibility_timeout = secs(10));
    one.queue.inject("a");
    let sent_ms = one.aws.clock().now_ms();
    sleep(2).await;
    assert!(one.receive_one().await.attributes().is_none());
    sleep(10).await;
    let request = one.sqs.receive_message().queue_url(one.queue.url());
    let request = request.message_system_attribute_names(System::All);
    let answer = request.send().await.expect("a receive");
    let attributes = answer.messages()[0].attributes().expect("attributes");
    assert_eq!(attributes[&System::SentTimestamp], sent_ms.to_string());
    assert_eq!(attributes[&System::ApproximateReceiveCount], "2");
    let first = &attributes[&System::ApproximateFirstReceiveTimestamp];
    assert_eq!(*first, (sent_ms + 2000).to_string());
}

#[tokio::test(start_paused = true)]
async fn message_attributes_come_when_asked_for() {
    let one = one_queue(|config| config.visibility_timeout = secs(0));
    let number = MessageAttributeValue::builder()
        .data_type("Number")
        .string_value("2");
    let send = one.sqs.send_message().queue_url(one.queue.url());
    let send = send.message_body("a");
    let send = send.message_attributes("attempt", number.build().expect("complete"));
    send.send().await.expect("a send");
    for (asked, comes) in [
        ("All", true),
        (".*", true),
        ("att.*", true),
        ("attempt", true),
        ("other", false),
    ] {
        let request = one.sqs.receive_message().queue_url(one.queue.url());
        let request = request.message_attribute_names(asked);
        let answer = request.send().await.expect("a receive");
        let attributes = answer.messages()[0].message_attributes();
        let value = attributes.and_then(|all| all["attempt"].string_value());
        assert_eq!(value, comes.then_some("2"), "{asked}");
    }
    assert!(one.receive_one().await.message_attributes().is_none());
}

#[tokio::test(start_paused = true)]
async fn at_the_in_flight_limit_a_short_poll_fails_and_a_long_poll_is_empty() {
    let one = one_queue(|config| config.in_flight_limit = 2);
    for _ in 0..3 {
        one.queue.inject("a");
    }
    assert_eq!(one.receive().await.len(), 2);
    let request = || one.sqs.receive_message().queue_url(one.queue.url());
    let short = request().send().await;
    assert!(short.as_ref().is_err_and(|error| {
        let error = error.as_service_error();
        error.is_some_and(|error| error.is_over_limit())
    }));
    let long = request().wait_time_seconds(1).send().await;
    assert!(long.expect("no error").messages().is_empty());
    let send = one.sqs.send_message().queue_url(one.queue.url());
    send.message_body("b").send().await.expect("sends go on");
}
