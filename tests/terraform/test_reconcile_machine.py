"""The state machine of reconcile, in the emulator, with a function in the handler's place that writes down its inputs."""

import dataclasses
import io
import json
import re
import time
import uuid
import zipfile
from pathlib import Path

import pytest
from emulator.aws import Aws
from program.paths import ROOT

TEMPLATE = ROOT / "terraform/modules/reconcile/definition.asl.json.tftpl"
NAME = "reports-reconcile"
ACCOUNT = "000000000000"
# Rows take three invocations. The function is a process of this machine and writes into a directory of it.
CODE = """
import json, pathlib, uuid
def run(event, context):
    (pathlib.Path({directory!r}) / str(uuid.uuid4())).write_text(json.dumps(event))
    name = event.get("run") or event["BatchInput"]["run"]
    if name.startswith("rows-fail") and "rows" in event:
        raise ValueError("no rows today")
    if "rows" not in event:
        if name.startswith("batch-fails") and event["Items"][0]["Key"] == "in/0":
            raise ValueError("not this one")
        return {{}}
    cursor = {{None: "one", "one": "two", "two": None}}[event["rows"]["cursor"]]
    return {{"rows": {{"done": cursor is None, "cursor": cursor}}}}
"""
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclasses.dataclass
class Machine:
    aws: Aws
    arn: str
    # The file into which the function writes its inputs.
    directory: Path

    def run(self, name: str, input_: dict) -> tuple[dict, list[dict]]:
        """The end of an execution, and the function's inputs in it."""
        states = self.aws.stepfunctions
        execution = states.start_execution(stateMachineArn=self.arn, name=name, input=json.dumps(input_))["executionArn"]
        deadline = time.monotonic() + 120
        while (ended := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        given = [json.loads(file.read_text()) for file in self.directory.iterdir()]
        told = f"{ended.get('error')} {ended.get('cause')}"
        return {**ended, "told": told}, [event for event in given if (event.get("run") or event["BatchInput"]["run"]) == name]


@pytest.fixture(scope="module")
def machine(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    directory = tmp_path_factory.mktemp("given")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", CODE.format(directory=str(directory)))
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws.iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    aws.iam.put_role_policy(RoleName=NAME, PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    made = aws.lambda_.create_function(
        FunctionName=NAME, Runtime="python3.12", Role=role, Handler="main.run", Timeout=30, Code={"ZipFile": packed.getvalue()}
    )
    keys = [{"AttributeName": name, "KeyType": kind} for name, kind in (("pk", "HASH"), ("sk", "RANGE"))]
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    table = f"{NAME}_ledger"
    aws.dynamodb.create_table(TableName=table, KeySchema=keys, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST")
    aws.s3.create_bucket(Bucket="uploads")
    for number in range(3):
        aws.s3.put_object(Bucket="uploads", Key=f"in/{number}", Body=b"x")
    values = {"partition": "aws", "function_arn": made["FunctionArn"], "ledger_table": table, "max_concurrency": "2"}
    definition = re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], TEMPLATE.read_text())
    created = aws.stepfunctions.create_state_machine(name=NAME, definition=definition, roleArn=role)
    return Machine(aws, created["stateMachineArn"], directory)


def test_a_scheduled_run_goes_over_the_rows_until_they_are_done_and_tells_the_counts(aws: Aws, machine: Machine) -> None:
    counts = {"sent_again": {"N": "2"}, "read_units": {"N": "0.5"}, "expires_at": {"N": "99"}}
    key = {"pk": {"S": "reconcile"}, "sk": {"S": "scheduled"}}
    aws.dynamodb.put_item(TableName=f"{NAME}_ledger", Item={**key, **counts})
    ended, given = machine.run("scheduled", {})
    assert ended["status"] == "SUCCEEDED", ended["told"]
    assert json.loads(ended["output"]) == {"run": "scheduled", "sent_again": 2, "read_units": 0.5, "complete": True}
    assert sorted(str(event["rows"]["cursor"]) for event in given) == ["None", "one", "two"]


def test_every_listing_is_handed_on_with_what_was_asked_for_it(machine: Machine) -> None:
    times = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
    listings = [
        {"bucket": "uploads"},
        {"bucket": "uploads", "prefix": "in/1", **times, "dry_run": False, "min_age_seconds": 60, "inventory": None},
    ]
    ended, given = machine.run("listings", {"list": listings})
    assert ended["status"] == "SUCCEEDED", ended["told"]
    assert json.loads(ended["output"]) == {"run": "listings", "complete": True}
    batches = sorted((event for event in given if "Items" in event), key=lambda event: -len(event["Items"]))
    assert [[item["Key"] for item in batch["Items"]] for batch in batches] == [["in/0", "in/1", "in/2"], ["in/1"]]
    common = {"run": "listings", "bucket": "uploads", "from": None, "to": None, "dry_run": False, "min_age_seconds": None}
    assert [batch["BatchInput"] for batch in batches] == [common, {**common, **times, "min_age_seconds": 60}]
    assert len(given) - len(batches) == 3


def incomplete(ended: dict) -> dict:
    """The error of a run that is not complete."""
    assert (ended["status"], ended["error"]) == ("FAILED", "Reconcile.Incomplete"), ended["told"]
    return json.loads(ended["cause"])


def test_objects_that_are_not_compared_are_told_at_the_end(aws: Aws, machine: Machine) -> None:
    counts = {"listed": {"N": "700"}, "uncompared": {"N": "1"}}
    aws.dynamodb.put_item(TableName=f"{NAME}_ledger", Item={"pk": {"S": "reconcile"}, "sk": {"S": "one-missing"}, **counts})
    ended, _ = machine.run("one-missing", {"list": [{"bucket": "uploads"}]})
    assert incomplete(ended) == {"run": "one-missing", "listed": 700, "uncompared": 1, "complete": False}


def test_what_fails_keeps_nothing_else_from_being_compared(machine: Machine) -> None:
    listings = [{"bucket": "no-such-bucket"}, {"bucket": "uploads", "prefix": "in/0"}, {"bucket": "uploads", "prefix": "in/1"}]
    ended, given = machine.run("batch-fails", {"list": listings})
    told = incomplete(ended)
    assert {name: told[name] for name in ("failed_listings", "failed_batches", "complete")} == {
        "failed_listings": 1,
        "failed_batches": 1,
        "complete": False,
    }
    assert "not this one" in told["problem"]
    assert "in/1" in {item["Key"] for event in given for item in event.get("Items", [])}


def test_rows_that_fail_do_not_keep_the_buckets_from_being_listed(machine: Machine) -> None:
    ended, given = machine.run("rows-fail", {"list": [{"bucket": "uploads"}]})
    told = incomplete(ended)
    assert (told["failed_rows"], "no rows today" in told["problem"]) == (1, True)
    assert [len(event["Items"]) for event in given if "Items" in event] == [3]


def test_a_run_with_a_dry_listing_leaves_the_rows_alone(machine: Machine) -> None:
    listings = [{"bucket": "uploads", "prefix": "none/"}, {"bucket": "uploads", "prefix": "in/", "dry_run": True}]
    ended, given = machine.run("dry", {"list": listings})
    assert ended["status"] == "SUCCEEDED", ended["told"]
    assert [event["BatchInput"]["dry_run"] for event in given] == [True]


@pytest.mark.parametrize(
    "input_",
    [
        {"lists": []},
        {"list": {"bucket": "uploads"}},
        {"list": ["uploads"]},
        {"list": [{"prefix": "in/"}]},
        {"list": [{"bucket": "uploads", "dryrun": True}]},
        {"list": [{"bucket": "uploads"}, {"bucket": "uploads", "dry_run": "true"}]},
        {"list": [{"bucket": "uploads", "min_age_seconds": "60"}]},
        {"list": [{"bucket": "uploads", "prefix": None}]},
        {"list": [{"bucket": "uploads", "inventory": {"bucket": "uploads"}}]},
        {"list": [{"bucket": "uploads", "prefix": "in/", "inventory": {"bucket": "uploads", "key": "manifest.json"}}]},
    ],
    ids=json.dumps,
)
def test_an_input_that_is_not_understood_does_nothing(machine: Machine, input_: dict) -> None:
    ended, given = machine.run(f"refused-{uuid.uuid4()}", input_)
    assert (ended["status"], ended["error"], given) == ("FAILED", "Reconcile.Input", [])
