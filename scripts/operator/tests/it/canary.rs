//! `canary`: two versions behind an alias.

use operator::fault::Fault;
use serde_json::{Value, json};

use crate::support::{Pipeline, pipeline};

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:p_workflow";

fn behind_an_alias() -> Pipeline {
    pipeline(&[("SPILLWAY_STATE_MACHINE_ARN", &format!("{MACHINE}:live"))])
}

fn routes(pipeline: &Pipeline, weights: &[(u32, u32)]) {
    let routes: Vec<Value> = weights
        .iter()
        .map(|(version, weight)| json!({"stateMachineVersionArn": format!("{MACHINE}:{version}"), "weight": weight}))
        .collect();
    pipeline.answers(
        "AWSStepFunctions.DescribeStateMachineAlias",
        200,
        &json!({"name": "live", "routingConfiguration": routes}),
    );
}

/// Executions of a version: so many that succeeded, that failed, and that run.
fn executions(pipeline: &Pipeline, version: u32, succeeded: usize, failed: usize, running: usize) {
    let statuses = [
        ("SUCCEEDED", succeeded),
        ("FAILED", failed),
        ("RUNNING", running),
    ];
    let listed: Vec<Value> = statuses
        .iter()
        .flat_map(|(status, count)| (0..*count).map(move |number| (status, number)))
        .map(|(status, number)| {
            json!({"executionArn": "e", "stateMachineArn": MACHINE, "name": format!("v{version}-{status}-{number}"),
                "status": status, "startDate": 1})
        })
        .collect();
    pipeline.answers(
        &format!("AWSStepFunctions.ListExecutions {MACHINE}:{version}"),
        200,
        &json!({"executions": listed}),
    );
}

#[tokio::test]
async fn a_version_that_does_not_fail_more_gets_all_starts() {
    let pipeline = behind_an_alias();
    routes(&pipeline, &[(9, 90), (10, 10)]);
    executions(&pipeline, 9, 190, 10, 3);
    executions(&pipeline, 10, 20, 0, 1);
    let answer = pipeline.well(&["canary"]).await;
    assert_eq!(
        (&answer.json["verdict"], answer.status),
        (&json!("promote"), 0)
    );
    // The newest version first, by its number and not as text.
    assert_eq!(
        answer.json["versions"][0]["version_arn"],
        format!("{MACHINE}:10")
    );
    assert_eq!(answer.json["versions"][0]["closed"], 20);
    assert_eq!(answer.json["versions"][1]["failed"], 10);
}

#[tokio::test]
async fn a_version_that_fails_more_goes_back() {
    let pipeline = behind_an_alias();
    routes(&pipeline, &[(2, 10), (1, 90)]);
    executions(&pipeline, 1, 200, 0, 0);
    executions(&pipeline, 2, 18, 2, 0);
    let answer = pipeline.run(&["canary"]).await.unwrap();
    assert_eq!(
        (&answer.json["verdict"], answer.status),
        (&json!("back"), 3)
    );
    let lenient = pipeline.well(&["canary", "--margin", "10"]).await;
    assert_eq!(lenient.json["verdict"], "promote");
}

#[tokio::test]
async fn objects_that_an_execution_reports_as_failed_count_although_it_succeeded() {
    let pipeline = behind_an_alias();
    routes(&pipeline, &[(2, 10), (1, 90)]);
    executions(&pipeline, 1, 200, 0, 0);
    executions(&pipeline, 2, 20, 0, 0);
    for number in 0..4 {
        let more = json!({"execution": format!("v2-SUCCEEDED-{number}"), "finished_at": 1});
        let state = if number % 2 == 0 { "DEAD" } else { "RETRY" };
        pipeline.row(&format!("uploads/{number}"), "0A", state, 1, &more);
    }
    let answer = pipeline.run(&["canary"]).await.unwrap();
    assert_eq!(
        (&answer.json["verdict"], answer.status),
        (&json!("back"), 3)
    );
    assert_eq!(answer.json["versions"][0]["failed"], 4);
    assert_eq!(answer.json["versions"][1]["failed"], 0);
}

#[tokio::test]
async fn a_version_with_few_executions_is_waited_for() {
    let pipeline = behind_an_alias();
    routes(&pipeline, &[(2, 10), (1, 90)]);
    executions(&pipeline, 1, 200, 0, 0);
    executions(&pipeline, 2, 19, 0, 5);
    let answer = pipeline.run(&["canary"]).await.unwrap();
    assert_eq!(
        (&answer.json["verdict"], answer.status),
        (&json!("wait"), 4)
    );
}

#[tokio::test]
async fn a_version_alone_is_not_judged_and_the_serving_one_is_told() {
    let pipeline = behind_an_alias();
    routes(&pipeline, &[(3, 100)]);
    executions(&pipeline, 3, 1, 9, 0);
    let answer = pipeline.well(&["canary"]).await;
    assert_eq!(
        (&answer.json["verdict"], answer.status),
        (&json!("alone"), 0)
    );
    assert_eq!(
        pipeline.well(&["canary", "--serving"]).await.text,
        format!("{MACHINE}:3")
    );
    routes(&pipeline, &[(4, 10), (3, 90)]);
    assert_eq!(
        pipeline.well(&["canary", "--serving"]).await.text,
        format!("{MACHINE}:3")
    );
    routes(&pipeline, &[(4, 50), (3, 50)]);
    assert_eq!(
        pipeline.well(&["canary", "--serving"]).await.text,
        format!("{MACHINE}:3")
    );
}

#[tokio::test]
async fn a_version_alone_is_no_success_of_a_canary_that_is_waited_for() {
    let pipeline = behind_an_alias();
    routes(&pipeline, &[(3, 100)]);
    executions(&pipeline, 3, 30, 0, 0);
    let answer = pipeline.run(&["canary", "--wait", "0m"]).await.unwrap();
    assert_eq!(
        (&answer.json["verdict"], answer.status),
        (&json!("wait"), 4)
    );
    assert!(
        answer.text.contains("still has all starts"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn without_an_alias_there_is_nothing_to_compare() {
    let fault = pipeline(&[]).run(&["canary"]).await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Usage(text) if text.contains("workflow.alias")),
        "{fault}"
    );
}
