use fake_aws::{Answer, CallCount, Ending, FakeAws, Fault, Key, QueueConfig, Service};

use crate::support::{one_queue, secs, sleep};

#[tokio::test(start_paused = true)]
async fn calls_are_recorded_with_their_facts() {
    let one = one_queue(|_| {});
    let machine = one
        .aws
        .sfn()
        .create_state_machine("jobs", |_| Ending::never());
    one.aws.dynamodb().create_table("ledger", "pk", Some("sk"));
    let caller = one.aws.caller("dispatch-1");
    let start_ms = one.aws.clock().now_ms();
    sleep(1).await;
    let id = one.queue.inject("a");
    let request = caller
        .sqs_client()
        .receive_message()
        .queue_url(one.queue.url());
    let received = request.send().await.expect("a receive");
    one.delete(&received.messages()[0]).await;
    let request = caller
        .sfn_client()
        .start_execution()
        .state_machine_arn(machine);
    request.name("run").send().await.expect("a start");
    let dynamodb = caller.dynamodb_client();
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
    let request = dynamodb.get_item().table_name("ledger");
    let request = request.key("pk", text("a")).key("sk", text("1"));
    request.send().await.expect("a read");

    let calls = one.aws.calls();
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (&*call.caller, call.service, call.operation.as_str()))
        .collect();
    let expected = [
        ("dispatch-1", Service::Sqs, "ReceiveMessage"),
        ("test", Service::Sqs, "DeleteMessage"),
        ("dispatch-1", Service::Sfn, "StartExecution"),
        ("dispatch-1", Service::DynamoDb, "GetItem"),
    ];
    assert_eq!(seen, expected);
    assert_eq!(calls[0].facts.queue.as_deref(), Some("work"));
    assert_eq!(calls[0].facts.message_ids, [id.as_str()]);
    assert_eq!(calls[1].facts.message_ids, [id.as_str()]);
    assert_eq!(calls[2].facts.execution.as_deref(), Some("run"));
    assert_eq!(calls[3].facts.table.as_deref(), Some("ledger"));
    let key = Key {
        pk: "a".to_owned(),
        sk: "1".to_owned(),
    };
    assert_eq!(calls[3].facts.keys, [key]);
    assert!(calls.iter().all(|call| call.answer == Answer::Ok));
    assert_eq!(calls[0].sent_ms, start_ms + 1000);
    assert_eq!(calls[0].applied_ms, Some(start_ms + 1000));
}

#[tokio::test(start_paused = true)]
async fn calls_are_counted_by_how_they_ended() {
    let one = one_queue(|_| {});
    let mut faults = [Fault::None, Fault::Throttle, Fault::LoseAnswer, Fault::None].into_iter();
    one.aws
        .faults()
        .before(move |_| faults.next().unwrap_or(Fault::None));
    for _ in 0..4 {
        let send = one.sqs.send_message().queue_url(one.queue.url());
        let _ = send.message_body("a").send().await;
    }
    one.aws.forget_calls();
    assert!(one.aws.calls().is_empty());
    let count = one.aws.call_counts()["SendMessage"];
    assert_eq!(
        count,
        CallCount {
            sent: 4,
            ok: 2,
            errors: 1,
            lost: 1
        }
    );
    one.receive().await;
    assert_eq!(one.aws.calls()[0].sequence, 4);
}

/// Returns a short run with all kinds of chance in it, as text.
async fn history(seed: u64) -> String {
    let aws = FakeAws::new(seed);
    aws.set_latency(secs(0), secs(2));
    let mut config = QueueConfig::named("work");
    config.odds.short_poll_misses = 0.3;
    config.odds.delivered_twice = 0.2;
    let queue = aws.sqs().create_queue(config);
    for number in 0..20 {
        queue.inject(&number.to_string());
    }
    let sqs = aws.caller("test").sqs_client();
    for _ in 0..10 {
        let request = sqs.receive_message().queue_url(queue.url());
        let _ = request.max_number_of_messages(3).send().await;
    }
    let calls = aws.calls();
    let lines = calls
        .iter()
        .map(|call| format!("{} {:?}", call.sent_ms, call.facts));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(start_paused = true)]
async fn a_seed_repeats_itself() {
    assert_eq!(history(3).await, history(3).await);
    assert_ne!(history(3).await, history(4).await);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_modelled_fails_loudly() {
    let one = one_queue(|_| {});
    let request = one.sqs.purge_queue().queue_url(one.queue.url());
    let error = request.send().await.expect_err("not modelled");
    assert_eq!(
        error.raw_response().map(|raw| raw.status().as_u16()),
        Some(501)
    );
}
