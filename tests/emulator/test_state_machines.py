"""State machines: aliases, expressions, deletion."""

import json
import time

import pytest

from emulator.aws import Aws
from emulator.resources import NUMBERS, until


def test_an_alias_runs_its_own_versions_by_weight_and_shows_its_executions(aws: Aws) -> None:
    number = next(NUMBERS)

    def definition(result: str) -> str:
        return json.dumps({"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": result, "End": True}}})

    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws.iam.create_role(RoleName=f"aliased-{number}", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    made = aws.stepfunctions.create_state_machine(
        name=f"aliased-{number}", definition=definition("old"), roleArn=role, publish=True
    )
    machine, old = made["stateMachineArn"], made["stateMachineVersionArn"]
    new = aws.stepfunctions.update_state_machine(stateMachineArn=machine, definition=definition("new"), publish=True)
    routes = [
        {"stateMachineVersionArn": old, "weight": 50},
        {"stateMachineVersionArn": new["stateMachineVersionArn"], "weight": 50},
    ]
    alias = aws.stepfunctions.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    started = [aws.stepfunctions.start_execution(stateMachineArn=alias)["executionArn"] for _ in range(20)]
    aws.stepfunctions.start_execution(stateMachineArn=machine)

    def ended() -> list[dict]:
        runs = [aws.stepfunctions.describe_execution(executionArn=arn) for arn in started]
        return runs if all(run["status"] == "SUCCEEDED" for run in runs) else []

    runs = until(ended)
    assert {(run["stateMachineVersionArn"] == old, run["output"]) for run in runs} == {(True, '"old"'), (False, '"new"')}
    assert {run["stateMachineAliasArn"] for run in runs} == {alias}
    listed = aws.stepfunctions.list_executions(stateMachineArn=alias)["executions"]
    assert {run["executionArn"] for run in listed} == set(started)


def test_tracing_is_kept(aws: Aws) -> None:
    name = f"traced-{next(NUMBERS)}"
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    made = {"name": name, "definition": definition, "roleArn": role, "tracingConfiguration": {"enabled": False}}
    machine = aws.stepfunctions.create_state_machine(**made)["stateMachineArn"]
    assert aws.stepfunctions.describe_state_machine(stateMachineArn=machine)["tracingConfiguration"] == {"enabled": False}
    aws.stepfunctions.update_state_machine(stateMachineArn=machine, tracingConfiguration={"enabled": True})
    assert aws.stepfunctions.describe_state_machine(stateMachineArn=machine)["tracingConfiguration"] == {"enabled": True}


def test_an_expression_may_take_its_time(aws: Aws) -> None:
    # Longer and longer: one that a fast machine evaluates within a second shows nothing.
    assert any(_seconds_to_count(aws, count) > 1 for count in (60_000, 240_000, 960_000))


def _seconds_to_count(aws: Aws, count: int) -> float:
    """Of an execution that evaluates an expression, and succeeds."""
    slow = f"{{% $count($map([1..{count}], function($n) {{ $n * 2 }})) %}}"
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Count",
        "States": {"Count": {"Type": "Pass", "Output": slow, "End": True}},
    }
    name = f"slow-{next(NUMBERS)}"
    role = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')["Role"]["Arn"]
    made = aws.stepfunctions.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    began = time.monotonic()
    run = aws.stepfunctions.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]

    def ended() -> dict | None:
        shown = aws.stepfunctions.describe_execution(executionArn=run)
        return None if shown["status"] == "RUNNING" else shown

    shown = until(ended, seconds=60)
    assert (shown["status"], shown.get("output")) == ("SUCCEEDED", str(count)), shown
    return time.monotonic() - began


def test_a_state_machine_may_be_deleted_twice(aws: Aws) -> None:
    name = f"deleted-{next(NUMBERS)}"
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    machine = aws.stepfunctions.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
    for _ in range(2):
        aws.stepfunctions.delete_state_machine(stateMachineArn=machine)
    with pytest.raises(aws.stepfunctions.exceptions.StateMachineDoesNotExist):
        aws.stepfunctions.describe_state_machine(stateMachineArn=machine)
