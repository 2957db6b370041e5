use aws_sdk_sfn::error::SdkError;
use aws_sdk_sfn::operation::start_execution::{StartExecutionError, StartExecutionOutput};
use aws_sdk_sfn::types::ExecutionStatus;
use fake_aws::{Ending, ExecutionResult, FakeAws, Refusal, StartQuota, Status};

use crate::support::{code, secs, sleep};

const DAY: u64 = 24 * 3600;

struct OneMachine {
    aws: FakeAws,
    arn: String,
    sfn: aws_sdk_sfn::Client,
}

/// Returns a state machine whose executions take 60 s and succeed, or fail if their input says so.
fn one_machine() -> OneMachine {
    let aws = FakeAws::new(1);
    let arn = aws.sfn().create_state_machine("jobs", |execution| {
        if execution.input.contains("fail") {
            Ending::fail(secs(60), "Broken", "as asked")
        } else {
            Ending::succeed(secs(60), "{\"done\":true}")
        }
    });
    let sfn = aws.caller("test").sfn_client();
    OneMachine { aws, arn, sfn }
}

type Started = Result<StartExecutionOutput, SdkError<StartExecutionError>>;

impl OneMachine {
    async fn start(&self, name: &str, input: &str) -> Started {
        let request = self.sfn.start_execution().state_machine_arn(&self.arn);
        request
            .name(name)
            .input(input)
            .send()
            .await
            .map_err(|error| error.map_service_error(|error| error))
    }

    async fn status(&self, arn: &str) -> Result<ExecutionStatus, String> {
        let answer = self
            .sfn
            .describe_execution()
            .execution_arn(arn)
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer.status().clone()),
            Err(error) => Err(code::<(), _, _>(Err(error))),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_name_and_input_while_running_answer_as_the_first_start() {
    let one = one_machine();
    let first = one.start("a", "{}").await.expect("a start");
    sleep(5).await;
    let second = one.start("a", "{}").await.expect("the same again");
    assert_eq!(first.execution_arn(), second.execution_arn());
    assert_eq!(first.start_date(), second.start_date());
    assert_eq!(one.aws.sfn().executions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_input_under_the_same_name_already_exists() {
    let one = one_machine();
    one.start("a", "{}").await.expect("a start");
    let other = one.start("a", "{ }").await;
    assert_eq!(
        code(other),
        "ExecutionAlreadyExists",
        "bytes count, not meaning"
    );
}

#[tokio::test(start_paused = true)]
async fn a_closed_execution_keeps_its_name_for_ninety_days() {
    let one = one_machine();
    one.start("a", "{}").await.expect("a start");
    sleep(61).await;
    let error = one.start("a", "{}").await.expect_err("it has closed");
    assert!(error.into_service_error().is_execution_already_exists());
    sleep(90 * DAY - 2).await;
    assert_eq!(code(one.start("a", "{}").await), "ExecutionAlreadyExists");
    sleep(1).await;
    one.start("a", "{}").await.expect("90 days after it closed");
}

#[tokio::test(start_paused = true)]
async fn a_start_without_a_name_gets_one() {
    let one = one_machine();
    for _ in 0..2 {
        let request = one.sfn.start_execution().state_machine_arn(&one.arn);
        request.send().await.expect("a start");
    }
    assert_eq!(one.aws.sfn().executions().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn names_and_inputs_are_checked() {
    let one = one_machine();
    for name in ["a b", "a/b", "a:b", "", &"x".repeat(81)] {
        assert_eq!(code(one.start(name, "{}").await), "InvalidName", "{name}");
    }
    assert_eq!(code(one.start("a", "{").await), "InvalidExecutionInput");
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert_eq!(
        code(one.start("a", &text(262_145)).await),
        "ValidationException"
    );
    one.start("a", &text(262_144)).await.expect("256 KiB fit");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_state_machine_does_not_exist() {
    let one = one_machine();
    one.aws.sfn().delete_state_machine("jobs");
    assert_eq!(code(one.start("a", "{}").await), "StateMachineDoesNotExist");
}

#[tokio::test(start_paused = true)]
async fn starts_can_be_refused() {
    let one = one_machine();
    for (refusal, expected) in [
        (Refusal::AccessDenied, "AccessDeniedException"),
        (Refusal::Throttled, "ThrottlingException"),
        (Refusal::LimitExceeded, "ExecutionLimitExceeded"),
        (Refusal::MachineDeleting, "StateMachineDeleting"),
    ] {
        one.aws.sfn().refuse_starts(Some(refusal));
        assert_eq!(code(one.start("a", "{}").await), expected);
    }
    one.aws.sfn().refuse_starts(None);
    one.start("a", "{}").await.expect("a start");
}

#[tokio::test(start_paused = true)]
async fn starts_beyond_the_quota_are_throttled() {
    let one = one_machine();
    one.aws.sfn().set_start_quota(Some(StartQuota {
        bucket: 3.0,
        refill_per_second: 2.0,
    }));
    for number in 0..3 {
        one.start(&number.to_string(), "{}")
            .await
            .expect("in the bucket");
    }
    assert_eq!(code(one.start("a", "{}").await), "ThrottlingException");
    sleep(1).await;
    one.start("a", "{}").await.expect("refilled");
    one.start("b", "{}").await.expect("refilled");
    assert_eq!(code(one.start("c", "{}").await), "ThrottlingException");
}

#[tokio::test(start_paused = true)]
async fn describe_lags_behind_the_start_and_the_end() {
    let one = one_machine();
    one.aws.sfn().set_describe_lag(secs(5));
    let started = one.start("a", "{}").await.expect("a start");
    let arn = started.execution_arn();
    assert_eq!(
        one.status(arn).await,
        Err("ExecutionDoesNotExist".to_owned())
    );
    sleep(5).await;
    assert_eq!(one.status(arn).await, Ok(ExecutionStatus::Running));
    sleep(56).await;
    assert_eq!(one.aws.sfn().running().len(), 0);
    assert_eq!(
        one.status(arn).await,
        Ok(ExecutionStatus::Running),
        "not seen yet"
    );
    sleep(4).await;
    assert_eq!(one.status(arn).await, Ok(ExecutionStatus::Succeeded));
    assert_eq!(one.status("x").await, Err("InvalidArn".to_owned()));
}

type Listed = Result<(Vec<String>, Option<String>), String>;

impl OneMachine {
    /// Lists two of those that run, and the token of the next page.
    async fn list(&self, token: Option<String>) -> Listed {
        let request = self.sfn.list_executions().state_machine_arn(&self.arn);
        let request = request.status_filter(ExecutionStatus::Running);
        match request.max_results(2).set_next_token(token).send().await {
            Ok(answer) => {
                let names = answer.executions().iter().map(|it| it.name().to_owned());
                Ok((names.collect(), answer.next_token().map(str::to_owned)))
            }
            Err(error) => Err(code::<(), _, _>(Err(error))),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn those_that_run_are_listed_in_pages() {
    let one = one_machine();
    for name in ["a", "b", "c", "d"] {
        one.start(name, "{}").await.expect("a start");
        sleep(18).await;
    }
    // The first one has ended.
    let (names, token) = one.list(None).await.expect("a page");
    assert_eq!(names, ["d", "c"]);
    let (names, token) = one.list(token).await.expect("a page");
    assert_eq!((names, token), (vec!["b".to_owned()], None));
}

#[tokio::test(start_paused = true)]
async fn the_list_lags_and_its_tokens_expire() {
    let one = one_machine();
    for name in ["a", "b", "c"] {
        one.start(name, "{}").await.expect("a start");
    }
    one.aws.sfn().set_describe_lag(secs(5));
    assert_eq!(one.list(None).await, Ok((Vec::new(), None)));
    sleep(5).await;
    let (names, token) = one.list(None).await.expect("a page");
    assert_eq!(names, ["c", "b"]);
    sleep(DAY - 1).await;
    assert_eq!(one.list(token.clone()).await, Ok((Vec::new(), None)));
    sleep(1).await;
    assert_eq!(one.list(token).await, Err("InvalidToken".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn describe_tells_how_an_execution_ended() {
    let one = one_machine();
    let good = one.start("good", "{\"n\":1}").await.expect("a start");
    let bad = one.start("bad", "{\"fail\":1}").await.expect("a start");
    sleep(60).await;
    let describe = async |arn: &str| {
        let answer = one.sfn.describe_execution().execution_arn(arn).send().await;
        answer.expect("it exists")
    };
    let good = describe(good.execution_arn()).await;
    assert_eq!(good.status(), &ExecutionStatus::Succeeded);
    assert_eq!(good.output(), Some("{\"done\":true}"));
    assert_eq!(
        (good.name(), good.input()),
        (Some("good"), Some("{\"n\":1}"))
    );
    let ran = good.stop_date().expect("it stopped").as_secs_f64() - good.start_date().as_secs_f64();
    assert!((ran - 60.0).abs() < 0.001, "{ran}");
    let bad = describe(bad.execution_arn()).await;
    assert_eq!(bad.status(), &ExecutionStatus::Failed);
    assert_eq!(
        (bad.error(), bad.cause()),
        (Some("Broken"), Some("as asked"))
    );
    assert_eq!(bad.output(), None);
}

#[tokio::test(start_paused = true)]
async fn an_execution_runs_until_its_workflow_or_the_test_ends_it() {
    let aws = FakeAws::new(1);
    let arn = aws
        .sfn()
        .create_state_machine("jobs", |execution| match execution.name.as_str() {
            "slow" => Ending::time_out(secs(100)),
            _ => Ending::never(),
        });
    let one = OneMachine {
        sfn: aws.caller("test").sfn_client(),
        aws,
        arn,
    };
    one.start("slow", "{}").await.expect("a start");
    let started = one.start("endless", "{}").await.expect("a start");
    sleep(1000).await;
    let sfn = one.aws.sfn();
    assert_eq!(
        sfn.execution("slow").expect("it ran").status,
        Status::TimedOut
    );
    assert_eq!(sfn.running().len(), 1);
    assert!(sfn.end(started.execution_arn(), ExecutionResult::Aborted));
    assert!(
        !sfn.end(started.execution_arn(), ExecutionResult::TimedOut),
        "only once"
    );
    assert_eq!(
        sfn.execution("endless").expect("it ran").status,
        Status::Aborted
    );
    assert_eq!((sfn.running().len(), sfn.peak_running()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn an_execution_started_by_an_alias_belongs_to_the_state_machine() {
    let one = one_machine();
    let alias = one.aws.sfn().create_alias("jobs", "live");
    let request = one.sfn.start_execution().state_machine_arn(&alias);
    let started = request.name("a").send().await.expect("a start");
    assert_eq!(
        started.execution_arn(),
        "arn:aws:states:us-east-1:123456789012:execution:jobs:a"
    );
    let request = one.sfn.describe_execution();
    let described = request.execution_arn(started.execution_arn()).send().await;
    let described = described.expect("it exists");
    assert_eq!(described.state_machine_arn(), one.arn);
    assert_eq!(described.state_machine_alias_arn(), Some(alias.as_str()));
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_for_all_aliases_and_versions_of_a_machine() {
    let one = one_machine();
    let live = one.aws.sfn().create_alias("jobs", "live");
    let canary = one.aws.sfn().create_alias("jobs", "canary");
    let start = async |arn: &str, input: &str| {
        let request = one.sfn.start_execution().state_machine_arn(arn);
        let started = request.name("a").input(input).send().await;
        started.map(|started| started.execution_arn)
    };
    let first = start(&live, "{}").await.expect("a start");
    for arn in [&live, &canary, &format!("{}:1", one.arn), &one.arn] {
        let again = start(arn, "{}").await.expect("it runs already");
        assert_eq!(again, first);
        let other = start(arn, "1").await;
        assert_eq!(code(other), "ExecutionAlreadyExists");
    }
    sleep(60).await;
    assert_eq!(code(start(&canary, "{}").await), "ExecutionAlreadyExists");
    assert_eq!(one.aws.sfn().executions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_execution_may_be_started_by_a_version() {
    let one = one_machine();
    let live = one.aws.sfn().create_alias("jobs", "live");
    let second = one.aws.sfn().publish_version("jobs");
    assert_eq!(second, format!("{}:2", one.arn));
    let start = async |arn: &str, name: &str| {
        let request = one.sfn.start_execution().state_machine_arn(arn);
        let started = request.name(name).send().await?;
        let request = one.sfn.describe_execution();
        let described = request.execution_arn(started.execution_arn()).send().await;
        Ok(described.expect("it exists"))
    };
    let described = start(&second, "a").await;
    let described: Result<_, SdkError<StartExecutionError, _>> = described;
    let described = described.expect("a start");
    assert_eq!(described.state_machine_arn(), one.arn);
    let versioned = described.state_machine_version_arn();
    assert_eq!(versioned, Some(second.as_str()));
    assert_eq!(described.state_machine_alias_arn(), None);
    let described = start(&live, "b").await.expect("a start");
    let first = format!("{}:1", one.arn);
    let versioned = described.state_machine_version_arn();
    assert_eq!(versioned, Some(first.as_str()), "the alias has not moved");
    one.aws.sfn().create_alias("jobs", "live");
    let described = start(&live, "c").await.expect("a start");
    let versioned = described.state_machine_version_arn();
    assert_eq!(versioned, Some(second.as_str()));
    for unknown in ["3", "0", "gone"] {
        let arn = format!("{}:{unknown}", one.arn);
        assert_eq!(code(start(&arn, "d").await), "StateMachineDoesNotExist");
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_is_forgotten_ninety_days_after_it_closed() {
    let one = one_machine();
    let started = one.start("a", "{}").await.expect("a start");
    let arn = started.execution_arn();
    sleep(60 + 90 * DAY - 1).await;
    assert_eq!(one.status(arn).await, Ok(ExecutionStatus::Succeeded));
    sleep(1).await;
    assert_eq!(
        one.status(arn).await,
        Err("ExecutionDoesNotExist".to_owned())
    );
}
