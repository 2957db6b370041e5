"""The emulator's additions for Glue's jobs, and for Step Functions' calls around them (docs/evidence/emulator.md)."""

import itertools
import json
import time
from collections.abc import Callable

import pytest

from emulator.aws import Aws

NUMBERS = itertools.count(1)
ACCOUNT = "000000000000"
# Writes its input to the given place.
TELLS = """
import sys
import botocore.session
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
s3 = botocore.session.get_session().create_client("s3")
s3.put_object(Bucket=given["--bucket"], Key="told", Body=repr(sys.argv[1:]).encode())
"""
SLEEPS = "import time\ntime.sleep(3)\n"
# Longer than its test takes; nobody waits for it.
STAYS = "import time\ntime.sleep(300)\n"
FAILS = "raise SystemExit('no such thing')\n"


def until(found: Callable[[], object], seconds: float = 120) -> object:
    deadline = time.monotonic() + seconds
    while not (what := found()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return what


@pytest.fixture
def bucket(aws: Aws) -> str:
    name = f"glue-{next(NUMBERS)}"
    aws.s3.create_bucket(Bucket=name)
    return name


def role(aws: Aws, name: str, **allowed: str) -> str:
    """By action, with _ for :, the resource that it is allowed on."""
    arn = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    actions = [{"Effect": "Allow", "Action": action.replace("_", ":"), "Resource": on} for action, on in allowed.items()]
    if actions:
        policy = json.dumps({"Version": "2012-10-17", "Statement": actions})
        aws.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    return arn["Role"]["Arn"]


def job(aws: Aws, bucket: str, script: str, runs: int = 1, **allowed: str) -> str:
    aws.s3.put_object(Bucket=bucket, Key="scripts/job.py", Body=script.encode())
    aws.glue.create_job(
        Name=bucket,
        Role=role(aws, f"{bucket}-job", s3_GetObject=f"arn:aws:s3:::{bucket}/scripts/*", **allowed),
        Command={"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": f"s3://{bucket}/scripts/job.py"},
        DefaultArguments={"--bucket": bucket, "--both": "default"},
        ExecutionProperty={"MaxConcurrentRuns": runs},
        MaxCapacity=0.0625,
        Timeout=1,
    )
    return bucket


def ended(aws: Aws, name: str, id_: str) -> dict:
    def over() -> dict | None:
        run = aws.glue.get_job_run(JobName=name, RunId=id_)["JobRun"]
        return run if run["JobRunState"] not in ("STARTING", "RUNNING") else None

    return until(over)


def test_a_job_runs_its_script_with_its_arguments_as_its_role(aws: Aws, bucket: str) -> None:
    name = job(aws, bucket, TELLS, s3_PutObject=f"arn:aws:s3:::{bucket}/told")
    run = aws.glue.start_job_run(JobName=name, Arguments={"--both": "run", "--own": "x y"})["JobRunId"]
    assert ended(aws, name, run)["JobRunState"] == "SUCCEEDED"
    told = aws.s3.get_object(Bucket=bucket, Key="told")["Body"].read().decode()
    assert told == repr(["--bucket", bucket, "--both", "run", "--own", "x y"])


def test_a_job_may_only_what_its_role_may(aws: Aws, bucket: str) -> None:
    name = job(aws, bucket, TELLS)
    run = ended(aws, name, aws.glue.start_job_run(JobName=name)["JobRunId"])
    assert run["JobRunState"] == "FAILED"
    assert "AccessDenied" in run["ErrorMessage"]


def test_no_more_runs_than_the_job_allows_and_a_place_is_free_after_one_has_ended(aws: Aws, bucket: str) -> None:
    name = job(aws, bucket, SLEEPS, runs=2)
    first, _ = (aws.glue.start_job_run(JobName=name)["JobRunId"] for _ in range(2))
    with pytest.raises(aws.glue.exceptions.ConcurrentRunsExceededException):
        aws.glue.start_job_run(JobName=name)
    ended(aws, name, first)
    assert until(lambda: _started(aws, name))
    assert aws.glue.get_job(JobName=name)["Job"]["ExecutionProperty"] == {"MaxConcurrentRuns": 2}


def _started(aws: Aws, name: str) -> str | None:
    try:
        return aws.glue.start_job_run(JobName=name)["JobRunId"]
    except aws.glue.exceptions.ConcurrentRunsExceededException:
        return None


def execution(aws: Aws, name: str, resource: str, arguments: dict, **allowed: str) -> dict:
    """How an execution of one task ends."""
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments, "End": True}
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "Task", "States": {"Task": task}})
    arn = role(aws, f"{name}-machine-{next(NUMBERS)}", **allowed)
    machine = aws.stepfunctions.create_state_machine(name=f"{name}-{next(NUMBERS)}", definition=definition, roleArn=arn)
    started = aws.stepfunctions.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]

    def over() -> dict | None:
        found = aws.stepfunctions.describe_execution(executionArn=started)
        return found if found["status"] != "RUNNING" else None

    return until(over)


def may_run(name: str) -> dict[str, str]:
    actions = ("BatchStopJobRun", "GetJobRun", "GetJobRuns", "StartJobRun")
    return {f"glue_{action}": f"arn:aws:glue:us-east-1:{ACCOUNT}:job/{name}" for action in actions}


def test_a_state_waits_for_the_run_and_fails_with_it(aws: Aws, bucket: str) -> None:
    name = job(aws, bucket, SLEEPS)
    found = execution(aws, name, "glue:startJobRun.sync", {"JobName": name}, **may_run(name))
    assert found["status"] == "SUCCEEDED"
    assert json.loads(found["output"])["JobRunState"] == "SUCCEEDED"
    aws.s3.put_object(Bucket=bucket, Key="scripts/job.py", Body=FAILS.encode())
    found = execution(aws, name, "glue:startJobRun.sync", {"JobName": name}, **may_run(name))
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert "no such thing" in json.loads(found["cause"])["ErrorMessage"]


def test_a_state_starts_only_runs_that_the_machines_role_and_the_job_allow(aws: Aws, bucket: str) -> None:
    name = job(aws, bucket, STAYS)
    few = {key: on for key, on in may_run(name).items() if key != "glue_GetJobRun"}
    found = execution(aws, name, "glue:startJobRun.sync", {"JobName": name}, **few)
    assert (found["status"], found["error"]) == ("FAILED", "Glue.AccessDeniedException")
    aws.glue.start_job_run(JobName=name)
    found = execution(aws, name, "glue:startJobRun.sync", {"JobName": name}, **may_run(name))
    assert (found["status"], found.get("error")) == ("FAILED", "Glue.ConcurrentRunsExceededException")


def test_a_state_writes_an_object_as_json_by_the_machines_role(aws: Aws, bucket: str) -> None:
    arguments = {"Bucket": bucket, "Key": "manifests/a b.json", "Body": {"objects": [1]}, "ContentType": "application/json"}
    found = execution(aws, bucket, "aws-sdk:s3:putObject", arguments)
    assert (found["status"], found["error"]) == ("FAILED", "S3.S3Exception")
    found = execution(aws, bucket, "aws-sdk:s3:putObject", arguments, s3_PutObject=f"arn:aws:s3:::{bucket}/manifests/*")
    assert found["status"] == "SUCCEEDED", found
    kept = aws.s3.get_object(Bucket=bucket, Key="manifests/a b.json")
    assert (json.loads(kept["Body"].read()), kept["ContentType"]) == ({"objects": [1]}, "application/json")
