//! `status`, `running`, `tick`, `list`, `iam`, `doctor`.

use operator::time;
use serde_json::json;
use spillway::pace::layout::Layout;

use crate::support::pipeline;

#[tokio::test]
async fn a_pipeline_that_waits_and_starts_is_healthy() {
    let pipeline = pipeline(&[]);
    pipeline.ticked(20);
    pipeline.slot("run-1", "uploads/1", 30);
    pipeline.events.inject("a message");
    let answer = pipeline.well(&["status"]).await;
    assert!(
        answer
            .text
            .starts_with("p (us-east-1): Healthy: 1 of 10 run, 1 wait"),
        "{}",
        answer.text
    );
    assert_eq!(answer.json["lanes"][0]["waiting"], 1);
    assert_eq!(answer.json["running"]["oldest"]["execution"], "run-1");
    assert_eq!(answer.json["tick"]["lease"], "free");
    let last = answer.json["tick"]["last"].as_str().unwrap();
    assert_eq!((last.len(), last.ends_with('Z')), (20, true), "{last}");
    let seconds = answer.json["tick"]["last_seconds"].as_i64().unwrap();
    assert!((20..25).contains(&seconds), "{seconds}");
    assert!(
        answer.text.contains(&format!("last at {last} (2")),
        "{}",
        answer.text
    );
    assert_eq!(pipeline.well(&["status", "--check"]).await.status, 0);
}

/// Until no slot of before is left, an operator sees how many there are.
#[tokio::test]
async fn a_change_of_partitions_is_told() {
    let pipeline = pipeline(&[]);
    let at = time::now() - 30_000;
    pipeline.put(
        json!({"pk": "lease", "sk": "dispatch", "v": 1, "tokens": 5, "tokens_at": at,
        "slot_partitions": 16, "slot_partitions_at": at, "old_slots_since": at}),
    );
    pipeline.slot("run-1", "uploads/1", 30);
    pipeline.slot("run-2", "uploads/2", 30);
    pipeline.slot_by(Layout::Sixteen, "run-3", "uploads/3", 3);
    let answer = pipeline.well(&["status"]).await;
    let change = &answer.json["running"]["change"];
    assert_eq!(change["slots"], 2);
    assert_eq!(change["slot_partitions"], 1);
    let since = change["since"].as_str().unwrap();
    let told = format!("; 2 with slot_partitions = 1, changed at {since}");
    assert!(answer.text.contains(&told), "{}", answer.text);
}

#[tokio::test]
async fn tenants_that_wait_are_told_with_the_time() {
    let bounded = [("SPILLWAY_TENANTS", r#"{"by": "2", "max_concurrency": 5}"#)];
    let told = |pipeline: &crate::support::Pipeline| {
        for (name, since) in [
            ("/zenith", 1_795_341_600_000_i64),
            ("/acme", 1_795_341_540_000),
        ] {
            pipeline
                .put(json!({"pk": "tenants", "sk": name, "v": 1, "token": "t", "since": since}));
        }
    };
    let pipeline_with = pipeline(&bounded);
    pipeline_with.ticked(20);
    let none = pipeline_with.well(&["status"]).await;
    assert_eq!(none.json["tenants"]["waiting"], 0);
    let line = "tenants   none with events that wait; the bound of each is 5";
    assert!(none.text.contains(line), "{}", none.text);
    told(&pipeline_with);
    let answer = pipeline_with.well(&["status"]).await;
    let tenants = &answer.json["tenants"];
    assert_eq!(
        (&tenants["waiting"], &tenants["max_concurrency"]),
        (&json!(2), &json!(5))
    );
    let first = json!({"tenant": "acme", "lane": null, "since": "2026-11-22T09:59:00Z"});
    assert_eq!(tenants["first"][0], first);
    let line = "tenants   2 with events that wait, acme since 2026-11-22T09:59:00Z; the bound of each is 5";
    assert!(answer.text.contains(line), "{}", answer.text);
    let sentence = "0 wait in the queues, and events of 2 tenants in the ledger.";
    assert!(answer.text.contains(sentence), "{}", answer.text);
    let without = pipeline(&[]);
    let answer = without.well(&["status"]).await;
    assert_eq!(answer.json["tenants"], json!(null));
    assert!(!answer.text.contains("tenant"), "{}", answer.text);
    // The bound was removed while they waited.
    told(&without);
    let answer = without.well(&["status"]).await;
    let tenants = &answer.json["tenants"];
    assert_eq!(tenants["waiting"], 2);
    assert_eq!(tenants["max_concurrency"], json!(null));
    assert!(
        answer.text.contains("; no bound holds any more"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn what_may_not_be_looked_at_is_named_and_is_not_healthy() {
    let pipeline = pipeline(&[]);
    pipeline.ticked(20);
    pipeline.slot("run-1", "uploads/1", 30);
    let operation = "GraniteServiceVersion20100801.GetMetricData";
    pipeline.answers(operation, 403, &json!({}));
    let answer = pipeline.well(&["status", "--check"]).await;
    assert_eq!(answer.status, 3);
    assert!(
        answer
            .text
            .starts_with("p (us-east-1): Healthy as far as could be seen"),
        "{}",
        answer.text
    );
    assert_eq!(answer.json["findings"][0]["code"], "not-known");
    assert!(
        answer.json["unknown"][0]
            .as_str()
            .unwrap()
            .contains("CloudWatch")
    );
}

#[tokio::test]
async fn a_disabled_rule_is_the_reason_and_the_check_fails() {
    let pipeline = pipeline(&[]);
    pipeline.ticked(3_600);
    pipeline.events.inject("a message");
    pipeline.answers(
        "AWSEvents.DescribeRule",
        200,
        &json!({"State": "DISABLED", "ScheduleExpression": "rate(1 minute)"}),
    );
    let answer = pipeline.well(&["status", "--check"]).await;
    assert_eq!(answer.status, 3);
    assert_eq!(
        (
            &answer.json["nothing_starts"],
            &answer.json["findings"][0]["code"]
        ),
        (&json!(true), &json!("rule-disabled"))
    );
    assert!(
        answer.text.contains("next: spillway -p p schedule on"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_settle_that_does_not_settle_is_told() {
    let pipeline = pipeline(&[]);
    pipeline.ticked(20);
    pipeline.aws.sqs().queue("p_outcomes").inject("an outcome");
    let settle = "GET /2019-09-30/functions/p_settle/concurrency";
    pipeline.answers(settle, 200, &json!({"ReservedConcurrentExecutions": 0}));
    let minute = time::now() / 60_000 * 60;
    let of =
        |id: &str, value: u32| json!({"Id": id, "Timestamps": [minute - 60], "Values": [value]});
    // The second age is that of the outcomes queue.
    let metrics =
        json!({"MetricDataResults": [of("settle_errors", 2), of("age1", 180), of("errors", 0)]});
    pipeline.answers("GraniteServiceVersion20100801.GetMetricData", 200, &metrics);
    let line = json!({"level": "ERROR", "message": "the ledger denies"});
    let lines = json!({"events": [{"timestamp": time::now(), "message": line.to_string()}]});
    pipeline.answers(
        "Logs_20140328.FilterLogEvents /aws/lambda/p_settle",
        200,
        &lines,
    );
    let answer = pipeline.well(&["status", "--check"]).await;
    assert_eq!(answer.status, 3);
    let findings = answer.json["findings"].as_array().unwrap();
    let codes: Vec<&str> = findings
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["settle-throttled", "settle-fails", "settle-behind"]);
    let what = findings[1]["what"].as_str().unwrap();
    assert!(what.ends_with("the ledger denies"), "{what}");
    assert_eq!(
        answer.json["settle"],
        json!({"waiting": 1, "in_flight": 0, "oldest_seconds": 180, "errors": 2, "throttles": 0, "mapping_enabled": true,
            "reserved_concurrency": 0})
    );
}

#[test]
fn every_code_of_a_finding_is_documented() {
    let sources = [
        include_str!("../../src/status/verdict.rs"),
        include_str!("../../src/status/verdict/settle.rs"),
    ];
    let page = include_str!("../../../../docs/reference/operator-json.md");
    let listed = page.split("The codes of findings:").nth(1).unwrap();
    let listed = listed.split("\n\n").next().unwrap();
    let mut documented: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
    documented.sort_unstable();
    // A code is a text of small letters with a hyphen, or `paused`.
    let is_code = |text: &&str| {
        let letters = text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        letters && text.contains('-') && !text.starts_with('-')
            || ["paused", "overdue", "slowed", "unreadable"].contains(text)
    };
    let texts = sources
        .iter()
        .flat_map(|text| text.split('"').skip(1).step_by(2));
    let mut known: Vec<&str> = texts.filter(is_code).collect();
    known.sort_unstable();
    known.dedup();
    assert_eq!(documented, known);
}

#[tokio::test]
async fn dead_letters_of_every_stage_are_counted() {
    let pipeline = pipeline(&[]);
    pipeline.ticked(20);
    pipeline.dead.inject("x");
    pipeline.aws.sqs().queue("p_outcomes-dlq").inject("y");
    let answer = pipeline.well(&["status"]).await;
    let codes: Vec<&str> = answer.json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["dead-letters", "dead-letters"]);
    assert_eq!(answer.json["lanes"][0]["dead"], 1);
}

#[tokio::test]
async fn a_pipeline_that_is_not_there_is_told_with_what_to_look_at() {
    let pipeline = pipeline(&[]);
    let none = json!({"message": "Function not found"});
    pipeline.answers(
        "GET /2015-03-31/functions/p_dispatch/configuration",
        404,
        &none,
    );
    let said = pipeline.run(&["status"]).await.unwrap_err();
    assert_eq!(said.status(), 1);
}

#[tokio::test]
async fn a_missing_permission_is_named_with_its_arn() {
    let pipeline = pipeline(&[]);
    let denied = json!({"__type": "AccessDeniedException", "message": "User: arn:aws:iam::1:user/x is not authorized to perform: \
        events:DescribeRule on resource: arn:aws:events:us-east-1:1:rule/p_tick because no identity-based policy allows it"});
    pipeline.answers("AWSEvents.DescribeRule", 400, &denied);
    let answer = pipeline.well(&["status"]).await;
    let unknown = answer.json["unknown"].to_string();
    assert!(
        unknown.contains(
            "Missing permission: events:DescribeRule on arn:aws:events:us-east-1:1:rule/p_tick."
        ),
        "{unknown}"
    );
}

#[tokio::test]
async fn slots_are_told_by_age_and_one_is_stopped() {
    let pipeline = pipeline(&[]);
    let sfn = &pipeline.connected.sfn;
    sfn.start_execution()
        .state_machine_arn(&pipeline.machine)
        .name("run-2")
        .input("{}")
        .send()
        .await
        .unwrap();
    pipeline.slot("run-1", "uploads/1", 30);
    // After a change of their number both are looked at.
    pipeline.slot_by(Layout::Sixteen, "run-2", "uploads/2", 90);
    let answer = pipeline.well(&["running", "--longest", "1"]).await;
    assert_eq!(answer.json["running"][0]["execution"], "run-2");
    assert_eq!(answer.json["slots"], 2);
    assert!(
        answer.text.contains("1 min 30 s  running  run-2"),
        "{}",
        answer.text
    );

    let asks = pipeline
        .run(&["running", "--stop", "run-2"])
        .await
        .unwrap_err();
    assert!(asks.to_string().contains("--yes"), "{asks}");
    let unknown = pipeline
        .run(&["running", "--stop", "other", "--yes"])
        .await
        .unwrap_err();
    assert!(
        unknown
            .to_string()
            .contains("no slot of p is taken by other"),
        "{unknown}"
    );
}

#[tokio::test]
async fn a_tick_is_run_and_its_counts_are_told() {
    let pipeline = pipeline(&[]);
    let operation = "POST /2015-03-31/functions/p_dispatch/invocations";
    pipeline.answers(
        operation,
        200,
        &json!({"Received": 4, "Started": 3, "DurationMilliseconds": 800}),
    );
    let answer = pipeline.well(&["tick"]).await;
    assert!(
        answer
            .text
            .starts_with("The tick of p took 0.8 s: 4 received, 3 started."),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn pipelines_are_listed_by_their_tag() {
    let pipeline = pipeline(&[]);
    let arn = |name: &str| json!({"ResourceARN": format!("arn:aws:lambda:us-east-1:123456789012:function:{name}")});
    let found = json!({"PaginationToken": "", "ResourceTagMappingList": [arn("q_dispatch"), arn("p_dispatch"), arn("other")]});
    pipeline.answers(
        "ResourceGroupsTaggingAPI_20170126.GetResources",
        200,
        &found,
    );
    let answer = pipeline.well(&["list"]).await;
    let names: Vec<&str> = answer.json["pipelines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["p", "q"]);
}

#[tokio::test]
async fn policies_are_for_this_pipeline() {
    let pipeline = pipeline(&[]);
    let read = pipeline
        .well(&["iam", "--read", "--bucket", "uploads"])
        .await
        .json
        .to_string();
    assert!(read.contains("arn:aws:dynamodb:us-east-1:123456789012:table/p_ledger"));
    assert!(read.contains("arn:aws:s3:::uploads/*"));
    assert!(!read.contains("dynamodb:PutItem"));
    let operate = pipeline.well(&["iam", "--operate"]).await.json.to_string();
    assert!(operate.contains("dynamodb:PutItem") && operate.contains("execution:p_workflow:*"));
    assert_eq!(pipeline.run(&["iam"]).await.unwrap_err().status(), 2);
}

#[tokio::test]
async fn the_doctor_names_what_is_wrong_with_a_remedy() {
    let pipeline = pipeline(&[]);
    pipeline.ticked(20);
    pipeline.answers(
        "AWSEvents.DescribeRule",
        200,
        &json!({"State": "DISABLED", "ScheduleExpression": "rate(1 minute)"}),
    );
    pipeline.answers("AWSEvents.ListTargetsByRule", 200, &json!({"Targets": []}));
    let answer = pipeline.well(&["doctor"]).await;
    assert_eq!(answer.status, 1);
    let checks = answer.json["checks"].as_array().unwrap();
    let disabled = checks
        .iter()
        .find(|check| check["check"] == "rules")
        .unwrap();
    assert_eq!(disabled["what"], "p_tick is disabled");
    assert_eq!(disabled["remedy"], "spillway -p p schedule on");
    assert!(
        checks
            .iter()
            .any(|check| check["check"] == "dead-letter queues" && check["result"] == "fault")
    );
    assert!(
        checks
            .iter()
            .any(|check| check["check"] == "clocks" && check["result"] == "fine")
    );
}
