"""The examples deploy-roles and deploy-pipeline: the powers of GitHub Actions' runs, and a canary both ways."""

import io
import json
import zipfile

import botocore.exceptions
import judge_orders
import pytest
import roots
from deployments import BRANCH, ENVIRONMENT, NAME, PULL_REQUEST, Deployed, credentials
from sites import Site

pytestmark = pytest.mark.xdist_group("deploy")

READING = ("Describe", "Get", "List", "Validate", "AssumeRole")
CANARY = {"CANARY_LEAST": "5", "CANARY_WAIT": "8m"}


@pytest.fixture(scope="module")
def deployed(site: Site) -> Deployed:
    up = Deployed(site)
    ended = up.apply()
    assert ended.returncode == 0, ended.stdout[-4000:]
    up.pipeline.work_off()
    return up


def asked(site: Site, role: str) -> list[dict]:
    return [one for one in site.permissions() if f"-{role}/" in one["caller"]]


def test_a_run_takes_the_role_that_is_for_it_and_no_other(site: Site) -> None:
    for role, subject in (("plan", PULL_REQUEST), ("plan", BRANCH), ("apply", ENVIRONMENT)):
        assert credentials(site, role, subject)["AccessKeyId"]
    others = (
        ("apply", PULL_REQUEST, roots.REPOSITORY),
        ("apply", BRANCH, roots.REPOSITORY),
        ("plan", "ref:refs/heads/other", roots.REPOSITORY),
        ("plan", PULL_REQUEST, "owner/another"),
        ("apply", ENVIRONMENT, "another/pipelines"),
    )
    for role, subject, repository in others:
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            credentials(site, role, subject, repository)


def test_an_apply_asks_for_nothing_that_its_role_has_not(deployed: Deployed) -> None:
    of_apply = asked(deployed.site, "apply")
    assert len({one["action"] for one in of_apply}) > 60
    assert [one for one in of_apply if not one["allowed"] or one["action"].startswith("unknown")] == []
    assert "iam:PassRole" in {one["action"] for one in of_apply}


def test_a_plan_is_made_with_the_role_that_looks(deployed: Deployed) -> None:
    with deployed.changed({"Type": "Succeed", "Comment": "what a pull request changes"}):
        ended = deployed.run("plan", "-no-color", role="plan", subject=PULL_REQUEST)
    assert ended.returncode == 0, ended.stdout[-4000:]
    assert "module.spillway.module.workflow[0].aws_sfn_state_machine.this will be updated in-place" in ended.stdout
    # No existing resource changes.
    ended = deployed.run("plan", "-no-color", role="plan", subject=BRANCH)
    assert (ended.returncode, "No changes." in ended.stdout) == (0, True), ended.stdout[-4000:]
    of_plan = asked(deployed.site, "plan")
    assert [one for one in of_plan if not one["allowed"] or one["action"].startswith("unknown")] == []
    assert [one for one in of_plan if not one["action"].split(":")[1].startswith(READING)] == []
    # Of the changed definition.
    assert "states:ValidateStateMachineDefinition" in {one["action"] for one in of_plan}


def test_the_role_that_looks_changes_nothing(deployed: Deployed) -> None:
    aws, outputs = deployed.aws("plan", PULL_REQUEST), deployed.pipeline.outputs
    calls = (
        lambda: aws.sqs.purge_queue(QueueUrl=deployed.pipeline.queues[0]),
        lambda: aws.sqs.receive_message(QueueUrl=deployed.pipeline.queues[0]),
        lambda: aws.dynamodb.scan(TableName=outputs["ledger_table_name"]),
        lambda: aws.lambda_.invoke(FunctionName=outputs["dispatch_function_name"]),
        lambda: aws.stepfunctions.start_execution(stateMachineArn=outputs["state_machine_arn"]),
        lambda: aws.s3.get_object(Bucket=deployed.pipeline.bucket, Key="any"),
    )
    for call in calls:
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            call()


def test_the_role_that_applies_makes_no_role_without_the_boundary(deployed: Deployed) -> None:
    aws = deployed.aws("apply", ENVIRONMENT)
    boundary = deployed.site.roots[roots.DEPLOY_ROLES].outputs["permissions_boundary"]
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    refused = (
        {"RoleName": f"{NAME}_mine"},
        {"RoleName": f"{NAME}_mine", "PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"},
        {"RoleName": "mine", "PermissionsBoundary": boundary},
    )
    for role in refused:
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            aws.iam.create_role(**role, AssumeRolePolicyDocument=trust)
    own = deployed.site.roots[roots.DEPLOY_ROLES].outputs["apply_role_arn"].rsplit("/", 1)[1]
    everything = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        aws.iam.put_role_policy(RoleName=own, PolicyName="all", PolicyDocument=everything)


def test_drift_names_the_function_whose_code_is_not_the_released_one(deployed: Deployed) -> None:
    said = "The code that runs is not the code released:"
    ended = deployed.run("drift", role="plan", subject=BRANCH)
    assert (ended.returncode, said in ended.stdout) == (0, False), ended.stdout[-2000:]
    function = deployed.pipeline.outputs["dispatch_function_name"]
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("bootstrap", "#!/bin/sh\n")
    lambda_ = deployed.site.aws().lambda_
    lambda_.update_function_code(FunctionName=function, ZipFile=other.getvalue())
    ended = deployed.run("drift", role="plan", subject=BRANCH)
    (released,) = deployed.site.handlers.glob("dispatch-*.zip")
    lambda_.update_function_code(FunctionName=function, ZipFile=released.read_bytes())
    assert (ended.returncode, f"{said} dispatch" in ended.stdout) == (2, True), ended.stdout[-2000:]


def test_a_canary_that_fails_no_more_gets_all_starts(deployed: Deployed) -> None:
    assert list(deployed.routes().values()) == [100]
    (before,) = deployed.routes()
    deployed.workflow({"Type": "Succeed", "Comment": "the next version"})
    with deployed.busy("good-") as uploads:
        ended = deployed.apply(**CANARY)
    assert ended.returncode == 0, ended.stdout[-4000:]
    assert deployed.routes() == {str(int(before) + 1): 100}
    deployed.pipeline.work_off()
    runs = deployed.runs("good-")
    assert judge_orders.exactly_once(uploads, runs) == []
    assert {run.status for run in runs} == {"SUCCEEDED"}


def test_a_canary_that_fails_goes_back_and_loses_nothing(deployed: Deployed) -> None:
    (before,) = deployed.routes()
    deployed.workflow({"Type": "Fail", "Error": "Broken"})
    with deployed.busy("bad-") as uploads:
        ended = deployed.apply(**CANARY)
    assert ended.returncode == 3, ended.stdout[-4000:]
    assert "must go back" in ended.stdout
    assert deployed.routes() == {before: 100}
    deployed.pipeline.work_off()
    runs = deployed.runs("bad-")
    succeeded = judge_orders.by_version(run for run in runs if run.status == "SUCCEEDED")
    assert {version: len(ways) for version, ways in succeeded.items()} == dict.fromkeys(uploads, 1)
    failed = [run for run in runs if run.status == "FAILED"]
    assert 0 < len(failed) < len(uploads) / 2
    assert deployed.pipeline.dead() == 0
    # The next plan leaves the shares as they are.
    planned = deployed.run("plan", "-no-color", "-refresh=false", role="plan", subject=BRANCH)
    assert planned.returncode == 0
    assert "aws_sfn_alias" not in planned.stdout


def test_a_destroy_asks_for_nothing_that_its_role_has_not(deployed: Deployed) -> None:
    deployed.empty()
    deployed.destroy()
    of_apply = asked(deployed.site, "apply")
    # But for the tests' own calls.
    denied = {one["action"] for one in of_apply if not one["allowed"]}
    assert denied <= {"iam:CreateRole", "iam:PutRolePolicy"}
    assert "sqs:DeleteQueue" in {one["action"] for one in of_apply}
