"""Starts and requests about items that are throttled."""

import itertools
import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from emulator import Emulator
from emulator.additions.quotas import STARTS_PER_SECOND
from emulator.aws import Aws

NUMBERS = itertools.count(1)
PASS = json.dumps({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})


def table(aws: Aws, **maximum: int) -> str:
    name = f"limited-{next(NUMBERS)}"
    aws.dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        **({"OnDemandThroughput": maximum} if maximum else {}),
    )
    return name


def throttled(call: Callable[[], object], times: int) -> int:
    """How many of so many calls are refused for that reason."""
    codes = [code(call) for _ in range(times)]
    assert set(codes) <= {None, "ThrottlingException"}, codes
    return codes.count("ThrottlingException")


def code(call: Callable[[], object]) -> str | None:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def events(aws: Aws, metric: str, name: str) -> float:
    found = aws.cloudwatch.get_metric_statistics(
        Namespace="AWS/DynamoDB",
        MetricName=metric,
        Dimensions=[{"Name": "TableName", "Value": name}],
        StartTime=0,
        EndTime=4_000_000_000,
        Period=86_400 * 100_000,
        Statistics=["Sum"],
    )["Datapoints"]
    return found[0]["Sum"] if found else 0.0


@pytest.fixture
def once(emulator: Emulator) -> Aws:
    """Clients that make no request again."""
    return Aws(emulator.endpoint, attempts=1)


def test_a_state_machine_starts_as_many_a_second_as_its_tag_says(once: Aws) -> None:
    states = once.stepfunctions
    name, trust = f"limited-{next(NUMBERS)}", json.dumps({"Version": "2012-10-17", "Statement": []})
    role = once.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    machine = states.create_state_machine(name=name, definition=PASS, roleArn=role)["stateMachineArn"]

    def start() -> None:
        states.start_execution(stateMachineArn=machine)

    assert throttled(start, 20) == 0
    states.tag_resource(resourceArn=machine, tags=[{"key": STARTS_PER_SECOND, "value": "0.001"}])
    assert throttled(start, 5) == 4
    states.untag_resource(resourceArn=machine, tagKeys=[STARTS_PER_SECOND])
    assert throttled(start, 20) == 0


def test_a_table_takes_as_many_requests_a_second_as_its_maximum_says(once: Aws) -> None:
    name, free = table(once, MaxWriteRequestUnits=1), table(once)

    def put(into: str) -> None:
        once.dynamodb.put_item(TableName=into, Item={"pk": {"S": "one"}})

    def both() -> None:
        requests = [{"PutRequest": {"Item": {"pk": {"S": "two"}}}}]
        once.dynamodb.batch_write_item(RequestItems={free: requests, name: requests})

    assert throttled(lambda: put(free), 20) == 0
    refused = throttled(lambda: put(name), 20)
    # A token comes each second, however long that takes.
    assert refused > 0
    refused += throttled(both, 10)
    # Reads are counted apart.
    assert throttled(lambda: once.dynamodb.get_item(TableName=name, Key={"pk": {"S": "one"}}), 20) == 0
    assert events(once, "WriteThrottleEvents", name) == refused
    assert events(once, "ReadThrottleEvents", name) == 0
    once.dynamodb.update_table(TableName=name, OnDemandThroughput={"MaxWriteRequestUnits": -1})
    assert throttled(lambda: put(name), 20) == 0
    once.dynamodb.update_table(TableName=name, OnDemandThroughput={"MaxReadRequestUnits": 1})
    assert (
        throttled(
            lambda: once.dynamodb.query(
                TableName=name, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "one"}}
            ),
            20,
        )
        > 0
    )
