use aws_sdk_sqs::types::{
    Message, MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};
use fake_aws::{GoneHow, Odds, QueueConfig, Redrive};

use crate::support::{OneQueue, code, handle, one_queue, secs, sleep};

fn fifo(change: impl FnOnce(&mut QueueConfig)) -> OneQueue {
    one_queue(|config| {
        config.name = "work.fifo".to_owned();
        config.unordered = false;
        change(config);
    })
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().filter_map(Message::body).collect()
}

/// Sends "a1" and the like: the letter is the group, the whole is deduplication id and body.
fn send(queue: &OneQueue, bodies: &[&str]) {
    for body in bodies {
        queue.queue.send(&body[..1], body, body);
    }
}

async fn change_visibility(queue: &OneQueue, message: &Message, seconds: i32) {
    let change = queue.sqs.change_message_visibility();
    let change = change
        .queue_url(queue.queue.url())
        .receipt_handle(handle(message));
    let changed = change.visibility_timeout(seconds).send().await;
    changed.expect("the message is in flight");
}

#[tokio::test(start_paused = true)]
async fn the_suffix_makes_the_kind() {
    let queue = fifo(|_| {});
    assert!(queue.queue.url().ends_with("/work.fifo"));
    let attributes = queue.sqs.get_queue_attributes();
    let attributes = attributes.queue_url(queue.queue.url());
    let answer = attributes.attribute_names(QueueAttributeName::All).send();
    let answer = answer.await.expect("the queue is there").attributes;
    let answer = answer.expect("attributes");
    assert_eq!(answer[&QueueAttributeName::FifoQueue], "true");
    let scope = &answer[&QueueAttributeName::DeduplicationScope];
    assert_eq!(scope, "queue");
}

#[tokio::test(start_paused = true)]
async fn a_send_needs_a_group_and_a_deduplication_id() {
    let queue = fifo(|_| {});
    let send = || {
        let send = queue.sqs.send_message().queue_url(queue.queue.url());
        send.message_body("x")
    };
    let no_group = send().message_deduplication_id("1").send().await;
    assert_eq!(code(no_group), "MissingParameter");
    let no_id = send().message_group_id("a").send().await;
    assert_eq!(code(no_id), "InvalidParameterValue");
    let blank = send()
        .message_group_id("a b")
        .message_deduplication_id("1")
        .send()
        .await;
    assert_eq!(code(blank), "InvalidParameterValue");
    let long = send()
        .message_group_id("a")
        .message_deduplication_id("1".repeat(129))
        .send()
        .await;
    assert_eq!(code(long), "InvalidParameterValue");
    assert!(queue.bodies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn deduplication_may_go_by_content() {
    let queue = fifo(|config| config.content_based_deduplication = true);
    for (body, id) in [("x", None), ("x", None), ("y", None), ("x", Some("1"))] {
        let send = queue.sqs.send_message().queue_url(queue.queue.url());
        let send = send
            .message_body(body)
            .message_group_id("a")
            .set_message_deduplication_id(id.map(str::to_owned));
        send.send().await.expect("it is sent");
    }
    assert_eq!(queue.bodies(), ["x", "y", "x"]);
    let first = &queue.queue.messages()[0].message;
    let sha256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    assert_eq!(first.deduplication_id.as_deref(), Some(sha256));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_send_is_accepted_and_not_delivered() {
    let queue = fifo(|_| {});
    let send = |group: &str, id: &str| {
        let send = queue.sqs.send_message().queue_url(queue.queue.url());
        send.message_body("x")
            .message_group_id(group)
            .message_deduplication_id(id)
            .send()
    };
    let first = send("a", "1").await.expect("a first send");
    let message = queue.receive_one().await;
    queue.delete(&message).await;
    sleep(299).await;
    let again = send("a", "1").await.expect("a repeated send succeeds");
    assert_eq!(again.message_id(), first.message_id());
    assert_eq!(again.sequence_number(), first.sequence_number());
    send("b", "1").await.expect("another group's succeeds too");
    assert!(queue.bodies().is_empty(), "also after the deletion");
    sleep(1).await;
    let later = send("a", "1").await.expect("a send after the interval");
    assert_ne!(later.message_id(), first.message_id());
    assert_eq!(queue.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deduplication_id_may_count_in_its_group_only() {
    let queue = fifo(|config| config.deduplicate_within_groups = true);
    queue.queue.send("a", "1", "of a");
    queue.queue.send("b", "1", "of b");
    queue.queue.send("a", "1", "of a again");
    assert_eq!(queue.bodies(), ["of a", "of b"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_comes_in_order() {
    let queue = fifo(|config| config.unordered = true);
    let sent: Vec<String> = (0..9)
        .flat_map(|n| ["a", "b", "c"].map(|g| format!("{g}{n}")))
        .collect();
    send(&queue, &sent.iter().map(String::as_str).collect::<Vec<_>>());
    let mut received = Vec::new();
    loop {
        let messages = queue.receive().await;
        if messages.is_empty() {
            break;
        }
        for message in &messages {
            received.push(message.body().expect("a body").to_owned());
            queue.delete(message).await;
        }
    }
    assert_eq!(received.len(), 27);
    for group in ["a", "b", "c"] {
        let of_group: Vec<_> = received.iter().filter(|b| b.starts_with(group)).collect();
        assert!(of_group.is_sorted(), "{of_group:?}");
    }
    assert_ne!(received, sent, "groups come in any order");
}

#[tokio::test(start_paused = true)]
async fn a_receive_takes_as_much_of_one_group_as_it_can() {
    let queue = fifo(|_| {});
    send(&queue, &["a1", "b1", "a2", "b2"]);
    assert_eq!(bodies(&queue.receive().await), ["a1", "a2", "b1", "b2"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_waits_while_one_of_its_messages_is_in_flight() {
    let queue = fifo(|config| config.visibility_timeout = secs(60));
    send(&queue, &["a1"]);
    let first = queue.receive_one().await;
    send(&queue, &["a2", "b1"]);
    assert_eq!(bodies(&queue.receive().await), ["b1"]);
    assert!(queue.receive().await.is_empty());
    queue.delete(&first).await;
    assert_eq!(bodies(&queue.receive().await), ["a2"]);
    send(&queue, &["a3"]);
    sleep(60).await;
    let all = queue.receive().await;
    assert_eq!(bodies(&all), ["a2", "a3", "b1"], "all became visible");
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_returns_when_its_group_is_free() {
    let queue = fifo(|_| {});
    send(&queue, &["a1"]);
    let first = queue.receive_one().await;
    send(&queue, &["a2"]);
    let poll = queue.sqs.receive_message().queue_url(queue.queue.url());
    let poll = poll.wait_time_seconds(20).send();
    let delete = async {
        sleep(5).await;
        queue.delete(&first).await;
    };
    let before = queue.aws.clock().elapsed();
    let (polled, ()) = tokio::join!(poll, delete);
    let messages = polled.expect("a receive").messages.unwrap_or_default();
    assert_eq!(bodies(&messages), ["a2"]);
    assert_eq!(queue.aws.clock().elapsed() - before, secs(5));
}

#[tokio::test(start_paused = true)]
async fn handing_back_keeps_the_order() {
    let queue = fifo(|_| {});
    send(&queue, &["a1", "a2", "a3"]);
    let messages = queue.receive().await;
    change_visibility(&queue, &messages[1], 0).await;
    assert!(queue.receive().await.is_empty(), "a1 and a3 are in flight");
    change_visibility(&queue, &messages[0], 0).await;
    assert!(queue.receive().await.is_empty(), "a3 still is");
    change_visibility(&queue, &messages[2], 0).await;
    assert_eq!(bodies(&queue.receive().await), ["a1", "a2", "a3"]);
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_the_queues_alone() {
    let queue = fifo(|config| config.delay = secs(30));
    let send = |id: &str, seconds: i32| {
        let send = queue.sqs.send_message().queue_url(queue.queue.url());
        let send = send.message_body("x").message_group_id("a");
        send.message_deduplication_id(id)
            .delay_seconds(seconds)
            .send()
    };
    let refused = send("1", 5).await.expect_err("a delay of its own");
    let refused = refused.into_service_error();
    let message = refused.meta().message().unwrap_or_default();
    assert!(
        message.contains("not valid for this queue type"),
        "{message}"
    );
    assert_eq!(refused.meta().code(), Some("InvalidParameterValue"));
    send("1", 0).await.expect("no delay is none of its own");
    assert!(queue.receive().await.is_empty(), "the queue's delay holds");
    sleep(30).await;
    assert_eq!(queue.receive().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_receive_may_be_repeated_with_its_attempt_id() {
    let queue = fifo(|config| config.visibility_timeout = secs(60));
    send(&queue, &["a1", "a2", "b1"]);
    let receive = |attempt: &str| {
        let receive = queue.sqs.receive_message().queue_url(queue.queue.url());
        let receive = receive.receive_request_attempt_id(attempt);
        let answer = receive.max_number_of_messages(2).send();
        async move {
            let answer = answer.await.expect("a receive");
            answer.messages.unwrap_or_default()
        }
    };
    let first = receive("1").await;
    assert_eq!(bodies(&first), ["a1", "a2"]);
    sleep(40).await;
    let again = receive("1").await;
    assert_eq!(bodies(&again), ["a1", "a2"]);
    assert_eq!(handle(&again[0]), handle(&first[0]));
    sleep(40).await;
    assert!(
        queue.queue.messages()[0].in_flight,
        "the timeout began again"
    );
    queue.delete(&again[0]).await;
    let other = receive("1").await;
    assert_eq!(bodies(&other), ["b1"], "a message was deleted meanwhile");
}

#[tokio::test(start_paused = true)]
async fn a_late_delete_fails() {
    let queue = fifo(|config| config.visibility_timeout = secs(60));
    send(&queue, &["a1"]);
    let first = queue.receive_one().await;
    sleep(60).await;
    let late = queue.sqs.delete_message().queue_url(queue.queue.url());
    let late = late.receipt_handle(handle(&first));
    assert_eq!(code(late.clone().send().await), "InvalidParameterValue");
    let second = queue.receive_one().await;
    assert_eq!(code(late.send().await), "InvalidParameterValue");
    queue.delete(&second).await;
    assert!(queue.bodies().is_empty());
    // Deleted already: nothing is wrong with that.
    queue.delete(&second).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_comes_twice_or_back() {
    let queue = fifo(|config| {
        config.odds = Odds {
            delivered_twice: 1.0,
            back_after_delete: 1.0,
            ..Odds::NEVER
        };
    });
    send(&queue, &["a1"]);
    let message = queue.receive_one().await;
    assert!(queue.receive().await.is_empty());
    queue.delete(&message).await;
    assert!(queue.bodies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_missed_group_is_missed_as_a_whole() {
    let queue = fifo(|config| config.odds.short_poll_misses = 0.5);
    let mut empty = 0;
    for round in 0..40 {
        let sent = [format!("a{round}-1"), format!("a{round}-2")];
        send(&queue, &[&sent[0], &sent[1]]);
        let mut messages = queue.receive().await;
        while messages.is_empty() {
            empty += 1;
            messages = queue.receive().await;
        }
        assert_eq!(bodies(&messages), sent);
        for message in &messages {
            queue.delete(message).await;
        }
    }
    assert!(empty > 10);
}

#[tokio::test(start_paused = true)]
async fn at_the_in_flight_limit_a_receive_is_empty() {
    let queue = fifo(|config| config.in_flight_limit = 2);
    send(&queue, &["a1", "b1", "c1"]);
    assert_eq!(queue.receive().await.len(), 2);
    assert!(queue.receive().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_long_backlog_of_one_group_hides_the_groups_behind_it() {
    let queue = fifo(|config| config.fifo_scan = 2);
    send(&queue, &["a1"]);
    let first = queue.receive_one().await;
    send(&queue, &["a2", "b1"]);
    assert!(queue.receive().await.is_empty(), "b1 is not looked at");
    queue.delete(&first).await;
    assert_eq!(queue.receive().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn too_many_receives_move_a_message_and_let_its_group_go_on() {
    let queue = fifo(|config| config.visibility_timeout = secs(10));
    let dead = queue.aws.sqs().create_queue(QueueConfig {
        retention: secs(1000),
        ..QueueConfig::named("dead.fifo")
    });
    queue.queue.reconfigure(|config| {
        config.redrive = Some(Redrive {
            dead_letter_queue: "dead.fifo".to_owned(),
            max_receives: 2,
        });
    });
    send(&queue, &["a1"]);
    let id = queue.queue.messages()[0].message.id.clone();
    for _ in 0..2 {
        queue.receive_one().await;
        sleep(10).await;
    }
    send(&queue, &["a2"]);
    assert_eq!(bodies(&queue.receive().await), ["a2"]);
    let letters = dead.messages();
    let letter = &letters[0].message;
    assert_eq!((letter.body.as_str(), &letter.id), ("a1", &id));
    assert_eq!(letter.group.as_deref(), Some("a"));
    assert_eq!(letter.deduplication_id.as_ref(), Some(&id));
    sleep(999).await;
    assert_eq!(dead.messages().len(), 1, "its clock began with the move");
    sleep(1).await;
    assert!(dead.messages().is_empty());
}

#[should_panic = "must be a FIFO queue"]
#[tokio::test(start_paused = true)]
async fn the_dead_letter_queue_is_of_the_same_kind() {
    let queue = fifo(|_| {});
    queue.aws.sqs().create_queue(QueueConfig::named("dead"));
    queue.aws.sqs().create_queue(QueueConfig {
        redrive: Some(Redrive {
            dead_letter_queue: "dead".to_owned(),
            max_receives: 2,
        }),
        ..QueueConfig::named("other.fifo")
    });
}

#[tokio::test(start_paused = true)]
async fn a_redrive_keeps_the_groups() {
    let queue = fifo(|_| {});
    let dead = queue
        .aws
        .sqs()
        .create_queue(QueueConfig::named("dead.fifo"));
    dead.send("a", "1", "first");
    dead.send("a", "2", "second");
    assert_eq!(dead.move_messages_to(&queue.queue, 10), 2);
    assert_eq!(bodies(&queue.receive().await), ["first", "second"]);
    assert_eq!(
        queue.queue.messages()[0].message.group.as_deref(),
        Some("a")
    );
}

#[tokio::test(start_paused = true)]
async fn a_batch_keeps_its_order_and_fails_in_part() {
    let queue = fifo(|_| {});
    let entry = |id: &str| {
        let entry = SendMessageBatchRequestEntry::builder().id(id);
        let entry = entry.message_body(id).message_group_id("a");
        entry.message_deduplication_id(id)
    };
    let entries = [
        entry("one"),
        entry("delayed").delay_seconds(1),
        entry("two"),
        SendMessageBatchRequestEntry::builder()
            .id("groupless")
            .message_body("x")
            .message_deduplication_id("x"),
    ];
    let entries = entries.map(|entry| entry.build().expect("an entry"));
    let batch = queue.sqs.send_message_batch().queue_url(queue.queue.url());
    let answer = batch.set_entries(Some(entries.to_vec())).send().await;
    let answer = answer.expect("a batch succeeds in part");
    let failed: Vec<_> = answer.failed().iter().map(|f| (f.id(), f.code())).collect();
    let expected = [
        ("delayed", "InvalidParameterValue"),
        ("groupless", "MissingParameter"),
    ];
    assert_eq!(failed, expected);
    let numbers: Vec<_> = answer
        .successful()
        .iter()
        .map(|sent| sent.sequence_number().expect("a sequence number"))
        .collect();
    assert!(numbers[0] < numbers[1]);
    assert_eq!(bodies(&queue.receive().await), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn sequence_numbers_grow_and_come_with_the_message() {
    let queue = fifo(|_| {});
    let mut numbers = Vec::new();
    for id in ["1", "2"] {
        let send = queue.sqs.send_message().queue_url(queue.queue.url());
        let send = send.message_body("x").message_group_id("a");
        let sent = send.message_deduplication_id(id).send().await;
        let number = sent.expect("a send").sequence_number;
        numbers.push(number.expect("a sequence number"));
    }
    assert_eq!(numbers[0].len(), 20);
    assert!(numbers[0] < numbers[1]);
    let receive = queue.sqs.receive_message().queue_url(queue.queue.url());
    let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
    let received = receive.send().await.expect("a receive").messages;
    let received = received.expect("a message").remove(0);
    let attributes = received.attributes.expect("attributes");
    let attribute = |name| attributes.get(&name).map(String::as_str);
    use MessageSystemAttributeName::{MessageDeduplicationId, MessageGroupId, SequenceNumber};
    assert_eq!(attribute(SequenceNumber), Some(numbers[0].as_str()));
    assert_eq!(attribute(MessageGroupId), Some("a"));
    assert_eq!(attribute(MessageDeduplicationId), Some("1"));
}

#[should_panic = "S3 cannot send to it"]
#[tokio::test(start_paused = true)]
async fn s3_cannot_send() {
    fifo(|_| {}).queue.inject("x");
}

#[tokio::test(start_paused = true)]
async fn a_purge_deletes_all_and_forgets_no_deduplication_id() {
    let queue = fifo(|_| {});
    send(&queue, &["a1", "a2", "b1"]);
    queue.receive_one().await;
    assert_eq!(queue.queue.purge(), 3);
    assert!(queue.bodies().is_empty());
    let gone = queue.queue.gone();
    assert!(gone.iter().all(|gone| gone.how == GoneHow::Purged));
    send(&queue, &["a1", "a3"]);
    assert_eq!(queue.bodies(), ["a3"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_on_a_standard_queue_orders_and_deduplicates_nothing() {
    let queue = one_queue(|config| config.unordered = false);
    let send = |body: &str| {
        let send = queue.sqs.send_message().queue_url(queue.queue.url());
        send.message_body(body).message_group_id("a")
    };
    for body in ["1", "1", "2"] {
        let sent = send(body).send().await.expect("a group is accepted");
        assert_eq!(sent.sequence_number(), None);
    }
    queue.receive_one().await;
    assert_eq!(queue.bodies().len(), 3);
    send("3").send().await.expect("a send");
    assert_eq!(bodies(&queue.receive().await), ["3"], "no group waits");
    let group = &queue.queue.messages()[0].message.group;
    assert_eq!(group.as_deref(), Some("a"));
    let deduplicated = send("4").message_deduplication_id("4").send().await;
    assert_eq!(code(deduplicated), "InvalidParameterValue");
}
