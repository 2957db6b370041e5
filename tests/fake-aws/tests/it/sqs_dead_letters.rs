use fake_aws::{GoneHow, Queue, QueueConfig, Redrive};

use crate::support::{OneQueue, one_queue, secs, sleep};

const DAY: u64 = 24 * 3600;

/// "work", from which two receives in vain lead to "dead".
fn with_dead_letters() -> (OneQueue, Queue) {
    let one = one_queue(|config| config.visibility_timeout = secs(10));
    let dead = one.aws.sqs().create_queue(QueueConfig::named("dead"));
    one.queue.reconfigure(|config| {
        config.redrive = Some(Redrive {
            dead_letter_queue: "dead".to_owned(),
            max_receives: 2,
        });
    });
    (one, dead)
}

async fn receive_in_vain(one: &OneQueue) {
    for _ in 0..2 {
        one.receive_one().await;
        sleep(10).await;
    }
    assert!(one.receive().await.is_empty(), "the third receive moves it");
}

#[tokio::test(start_paused = true)]
async fn too_many_receives_move_a_message_to_the_dead_letter_queue() {
    let (one, dead) = with_dead_letters();
    let id = one.queue.inject_with("a", &[("attempt", "2")]);
    receive_in_vain(&one).await;
    assert_eq!(one.queue.gone()[0].how, GoneHow::DeadLettered);
    let moved = &dead.messages()[0].message;
    assert_eq!((moved.id.as_str(), moved.body.as_str()), (id.as_str(), "a"));
    assert_eq!(moved.attribute("attempt"), Some("2"));
    assert_eq!(moved.receives, 2, "counted across all queues");
    assert_eq!(moved.dead_letter_source, Some(one.queue.arn()));
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_keeps_its_enqueue_time_and_so_its_clock() {
    let (one, dead) = with_dead_letters();
    one.queue
        .reconfigure(|config| config.retention = secs(14 * DAY));
    one.queue.inject("a");
    let enqueued_ms = one.aws.clock().now_ms();
    sleep(DAY).await;
    receive_in_vain(&one).await;
    assert_eq!(dead.messages()[0].message.enqueued_ms, enqueued_ms);
    sleep(3 * DAY - 21).await;
    assert_eq!(dead.messages().len(), 1);
    sleep(1).await;
    assert_eq!(
        dead.messages().len(),
        0,
        "4 days after the send, not after the move"
    );
    assert_eq!(dead.gone()[0].how, GoneHow::Expired);
}

#[tokio::test(start_paused = true)]
async fn retention_never_moves_to_the_dead_letter_queue() {
    let (one, dead) = with_dead_letters();
    one.queue.inject("a");
    sleep(4 * DAY).await;
    assert_eq!(one.queue.gone()[0].how, GoneHow::Expired);
    assert!(dead.messages().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_redrive_gives_new_ids_and_clocks_and_keeps_attributes() {
    let (one, dead) = with_dead_letters();
    let id = dead.inject_with("a", &[("attempt", "2")]);
    dead.inject("b");
    sleep(DAY).await;
    assert_eq!(dead.move_messages_to(&one.queue, 1), 1, "oldest first");
    let moved = &one.queue.messages()[0].message;
    assert_ne!(moved.id, id);
    assert_eq!(moved.enqueued_ms, one.aws.clock().now_ms());
    assert_eq!((moved.body.as_str(), moved.receives), ("a", 0));
    assert_eq!(moved.attribute("attempt"), Some("2"));
    assert_eq!(dead.messages().len(), 1);
}
