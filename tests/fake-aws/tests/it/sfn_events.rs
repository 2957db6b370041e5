use fake_aws::{Ending, EventRule, FakeAws, Queue, QueueConfig, Status};
use serde_json::{Value, json};

use crate::support::{secs, sleep};

/// Returns a state machine and a rule that sends its status changes to a queue.
fn with_rule(
    ending: impl Fn() -> Ending + Send + 'static,
    change: impl FnOnce(&mut EventRule),
) -> (FakeAws, Queue) {
    let aws = FakeAws::new(1);
    let queue = aws.sqs().create_queue(QueueConfig::named("outcomes"));
    aws.sfn().create_state_machine("jobs", move |_| ending());
    let mut rule = EventRule::to(&queue);
    change(&mut rule);
    aws.sfn().add_event_rule(rule);
    (aws, queue)
}

async fn start(aws: &FakeAws, name: &str, input: &str) {
    let sfn = aws.caller("test").sfn_client();
    let arn = "arn:aws:states:us-east-1:123456789012:stateMachine:jobs";
    let request = sfn.start_execution().state_machine_arn(arn);
    request
        .name(name)
        .input(input)
        .send()
        .await
        .expect("a start");
}

fn events(queue: &Queue) -> Vec<Value> {
    let messages = queue.messages().into_iter();
    let parsed = messages.map(|view| serde_json::from_str(&view.message.body));
    parsed.collect::<Result<_, _>>().expect("events are JSON")
}

fn succeed() -> Ending {
    Ending::succeed(secs(10), "{}")
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_execution_is_an_event_as_documented() {
    let (aws, queue) = with_rule(succeed, |_| {});
    let started_ms = aws.clock().now_ms();
    start(&aws, "a", "{\"n\":1}").await;
    sleep(9).await;
    assert!(events(&queue).is_empty());
    sleep(1).await;
    let mut event = events(&queue).remove(0);
    assert!(event["id"].take().is_string());
    let execution = "arn:aws:states:us-east-1:123456789012:execution:jobs:a";
    let expected = json!({
        "version": "0",
        "id": null,
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": "123456789012",
        "time": "2026-01-01T00:00:10Z",
        "region": "us-east-1",
        "resources": [execution],
        "detail": {
            "executionArn": execution,
            "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:jobs",
            "name": "a",
            "status": "SUCCEEDED",
            "startDate": started_ms,
            "stopDate": started_ms + 10_000,
            "input": "{\"n\":1}",
            "inputDetails": {"included": true},
            "output": "{}",
            "outputDetails": {"included": true},
            "stateMachineVersionArn": null,
            "stateMachineAliasArn": null,
            "redriveCount": 0,
            "redriveDate": null,
            "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
            "error": null,
            "cause": null,
        },
    });
    assert_eq!(event, expected);
}

#[tokio::test(start_paused = true)]
async fn a_failure_carries_error_and_cause_and_no_output() {
    let (aws, queue) = with_rule(|| Ending::fail(secs(1), "Broken", "why"), |_| {});
    start(&aws, "a", "{}").await;
    sleep(1).await;
    let detail = &events(&queue)[0]["detail"];
    assert_eq!(detail["status"], "FAILED");
    assert_eq!(
        (&detail["error"], &detail["cause"]),
        (&json!("Broken"), &json!("why"))
    );
    assert_eq!(
        (&detail["output"], &detail["outputDetails"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(detail["redriveStatus"], "REDRIVABLE");
}

#[tokio::test(start_paused = true)]
async fn a_rule_gets_only_the_statuses_it_matches() {
    let (aws, queue) = with_rule(succeed, |rule| rule.statuses = vec![Status::Running]);
    start(&aws, "a", "{}").await;
    sleep(60).await;
    let events = events(&queue);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["detail"]["status"], "RUNNING");
    assert_eq!(events[0]["detail"]["stopDate"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn an_event_may_be_lost() {
    let (aws, queue) = with_rule(succeed, |rule| rule.lost = 1.0);
    start(&aws, "a", "{}").await;
    sleep(60).await;
    assert!(events(&queue).is_empty());
    assert!(aws.sfn().running().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_event_may_come_twice() {
    let (aws, queue) = with_rule(succeed, |rule| rule.repeated = 1.0);
    start(&aws, "a", "{}").await;
    sleep(10).await;
    let events = events(&queue);
    assert_eq!(events.len(), 2);
    assert_eq!(events[0], events[1], "the same event, with the same id");
}

#[tokio::test(start_paused = true)]
async fn events_may_be_late_and_out_of_order() {
    let (aws, queue) = with_rule(succeed, |rule| rule.delay = (secs(1), secs(100)));
    let names = ["a", "b", "c", "d", "e", "f"];
    for name in names {
        start(&aws, name, "{}").await;
    }
    sleep(10).await;
    assert!(events(&queue).is_empty());
    sleep(100).await;
    let events = events(&queue);
    let order: Vec<_> = events
        .iter()
        .map(|event| &event["detail"]["name"])
        .collect();
    assert_eq!(order.len(), 6);
    assert_ne!(order, names);
}

#[tokio::test(start_paused = true)]
async fn a_large_input_is_left_out() {
    let (aws, queue) = with_rule(succeed, |_| {});
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes));
    // Escaped, the quotes of the input take four bytes more, and the output "{}" takes four.
    let fits = 248 * 1024 - 10;
    start(&aws, "fits", &text(fits)).await;
    start(&aws, "large", &text(fits + 1)).await;
    sleep(10).await;
    for event in events(&queue) {
        let detail = &event["detail"];
        let fits = detail["name"] == "fits";
        assert_eq!(detail["inputDetails"]["included"], fits);
        assert_eq!(detail["input"].is_string(), fits);
        assert_eq!(detail["output"], "{}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_output_is_left_out_and_described() {
    // Escaped, the quotes take four bytes more, and two around all.
    let fits = 248 * 1024 - 6;
    for (bytes, included) in [(fits, true), (fits + 1, false)] {
        let output = format!("\"{}\"", "x".repeat(bytes));
        let ending = output.clone();
        let (aws, queue) = with_rule(move || Ending::succeed(secs(1), &ending), |_| {});
        start(&aws, "a", "{}").await;
        sleep(1).await;
        let detail = &events(&queue)[0]["detail"];
        assert_eq!(detail["outputDetails"], json!({"included": included}));
        assert_eq!(detail["output"].as_str(), included.then_some(&*output));
        let sfn = aws.caller("test").sfn_client();
        let arn = detail["executionArn"].as_str().expect("an ARN");
        let described = sfn.describe_execution().execution_arn(arn).send().await;
        let described = described.expect("it exists");
        assert_eq!(described.output(), Some(output.as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_of_a_start_by_an_alias_names_machine_alias_and_version() {
    let (aws, queue) = with_rule(succeed, |_| {});
    let alias = aws.sfn().create_alias("jobs", "live");
    let sfn = aws.caller("test").sfn_client();
    let request = sfn.start_execution().state_machine_arn(&alias);
    request.name("a").send().await.expect("a start");
    sleep(60).await;
    let detail = &events(&queue)[0]["detail"];
    let machine = alias.trim_end_matches(":live");
    assert_eq!(detail["stateMachineArn"], machine);
    assert_eq!(detail["stateMachineAliasArn"], alias);
    assert_eq!(detail["stateMachineVersionArn"], format!("{machine}:1"));
    let execution = machine.replace(":stateMachine:", ":execution:") + ":a";
    assert_eq!(detail["executionArn"], execution);
}

#[tokio::test(start_paused = true)]
async fn a_test_can_leave_out_input_and_output() {
    let (aws, queue) = with_rule(succeed, |rule| rule.without_input = true);
    start(&aws, "a", "{}").await;
    sleep(10).await;
    aws.sfn()
        .change_event_rules(|rule| rule.without_output = true);
    start(&aws, "b", "{}").await;
    sleep(10).await;
    let events = events(&queue);
    let (first, second) = (&events[0]["detail"], &events[1]["detail"]);
    assert_eq!(
        (&first["input"], &first["output"]),
        (&Value::Null, &json!("{}"))
    );
    assert_eq!(
        (&second["input"], &second["output"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(second["outputDetails"]["included"], false);
}

#[tokio::test(start_paused = true)]
async fn a_redriven_execution_shows_in_its_event() {
    let (aws, queue) = with_rule(succeed, |_| {});
    start(&aws, "a", "{}").await;
    let arn = aws.sfn().execution("a").expect("it runs").arn;
    aws.sfn().mark_redriven(&arn);
    sleep(10).await;
    assert_eq!(events(&queue)[0]["detail"]["redriveCount"], 1);
}
