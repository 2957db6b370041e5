//! `reconcile --object`. A whole run is tried at the emulator.

use fake_aws::Ending;
use serde_json::{Value, json};

use crate::support::{Pipeline, pipeline};

/// Reconcile of a pipeline that can list the bucket `uploads`, and a run of which ends at once.
fn listing() -> Pipeline {
    let pipeline = pipeline(&[]);
    pipeline.reconciles(86_400);
    let machine = pipeline.aws.sfn().create_state_machine("p_reconcile", |_| {
        Ending::succeed(std::time::Duration::ZERO, "{}")
    });
    let ended = json!({"executionArn": "x", "stateMachineArn": machine, "name": "x", "status": "SUCCEEDED", "startDate": 1,
        "output": "{}"});
    pipeline.answers("AWSStepFunctions.DescribeExecution", 200, &ended);
    pipeline.aws.s3().create_bucket("uploads", false);
    pipeline
}

fn input(pipeline: &Pipeline) -> Value {
    let executions = pipeline.aws.sfn().executions();
    serde_json::from_str(&executions.last().unwrap().input).unwrap()
}

#[tokio::test]
async fn one_object_is_compared_and_not_all_whose_keys_begin_so() {
    let pipeline = listing();
    let s3 = pipeline.aws.s3();
    s3.put_at("uploads", "status/7", "etag", 1_795_341_600_000);
    s3.put_at("uploads", "status/70", "etag", 1_795_341_660_000);
    pipeline
        .well(&["reconcile", "--object", "s3://uploads/status/7"])
        .await;
    let expected = json!({"bucket": "uploads", "prefix": "status/7", "from": "2026-11-22T10:00:00Z", "to": "2026-11-22T10:00:01Z"});
    assert_eq!(input(&pipeline), json!({"list": [expected]}));
}

#[tokio::test]
async fn of_an_object_that_is_not_there_nothing_is_compared() {
    let pipeline = listing();
    pipeline.aws.s3().put("uploads", "status/70", "etag", 1);
    let said = pipeline
        .run(&["reconcile", "--object", "uploads/status/7"])
        .await
        .unwrap_err();
    assert!(
        said.to_string()
            .contains("there is no object s3://uploads/status/7"),
        "{said}"
    );
    assert_eq!(pipeline.aws.sfn().executions().len(), 0);
}
