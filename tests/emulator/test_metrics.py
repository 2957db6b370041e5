"""The functions' lines in the embedded metric format can be read as metrics from the emulator's CloudWatch."""

import datetime
import io
import itertools
import json
import math
import time
import zipfile

import pytest

from emulator.additions import embedded_metrics
from emulator.aws import Aws

NUMBERS = itertools.count(1)
NOW = 1_790_000_000.0
METRICS = [{"Name": "Started", "Unit": "Count"}, {"Name": "DurationMilliseconds", "Unit": "Milliseconds"}, {"Name": "Load"}]
DIRECTIVE = {"Namespace": "Spillway", "Dimensions": [["Pipeline"]], "Metrics": METRICS}
LINE = {
    "_aws": {"Timestamp": NOW * 1000, "CloudWatchMetrics": [DIRECTIVE]},
    "Pipeline": "device-status",
    "Stage": "test",
    "Started": 3,
    "DurationMilliseconds": 12.5,
    "Load": [1, 2, 3],
}


def of(now: float = NOW, directive: dict | None = None, **fields: object) -> list[embedded_metrics.Datum]:
    """The metrics of a line that differs so from `LINE`; a field that is None is left out."""
    aws = {**LINE["_aws"], "CloudWatchMetrics": [{**DIRECTIVE, **(directive or {})}]}
    line = {name: value for name, value in {**LINE, "_aws": aws, **fields}.items() if value is not None}
    return embedded_metrics.of(json.dumps(line), now)


def test_every_metric_of_a_line_is_found() -> None:
    assert [(datum.namespace, datum.name, datum.dimensions, datum.at, datum.unit, datum.values) for datum in of()] == [
        ("Spillway", "Started", {"Pipeline": "device-status"}, NOW, "Count", [3]),
        ("Spillway", "DurationMilliseconds", {"Pipeline": "device-status"}, NOW, "Milliseconds", [12.5]),
        ("Spillway", "Load", {"Pipeline": "device-status"}, NOW, "None", [1, 2, 3]),
    ]


def test_every_set_of_dimensions_has_metrics_of_its_own() -> None:
    found = of(directive={"Dimensions": [["Pipeline"], ["Pipeline", "Stage"], []], "Metrics": METRICS[:1]})
    assert [datum.dimensions for datum in found] == [
        {"Pipeline": "device-status"},
        {"Pipeline": "device-status", "Stage": "test"},
        {},
    ]


@pytest.mark.parametrize(
    ("directive", "fields"),
    [
        ({}, {"Pipeline": None}),
        ({}, {"Pipeline": ""}),
        ({}, {"Pipeline": 7}),
        ({}, {"Started": None}),
        ({}, {"Started": "3"}),
        ({}, {"Started": True}),
        ({}, {"Started": [1] * 101}),
        ({}, {"_aws": {"CloudWatchMetrics": [DIRECTIVE]}}),
        ({}, {"_aws": {"Timestamp": NOW * 1000}}),
        ({}, {"_aws": []}),
        ({"Namespace": ""}, {}),
        ({"Namespace": None}, {}),
        ({"Dimensions": ["Pipeline"]}, {}),
        ({"Dimensions": [[["Pipeline"]]]}, {}),
        ({"Metrics": [{"Name": "Started", "Unit": ["Count"]}]}, {}),
        ({"Metrics": [{"Name": "Started", "Unit": "Counts"}]}, {}),
        ({"Metrics": [{"Unit": "Count"}]}, {}),
        ({"Metrics": METRICS[:1] * 101}, {}),
    ],
)
def test_a_line_that_is_not_as_the_format_says_has_none(directive: dict, fields: dict) -> None:
    assert of(directive=directive, **fields) == []


@pytest.mark.parametrize("line", ["", "no JSON", '{"level": "INFO"}', '{"_aws": ', '"_aws"', '["_aws"]', '{"_aws": null}'])
def test_nor_has_any_other_line(line: str) -> None:
    assert embedded_metrics.of(line, NOW) == []


def test_what_is_too_old_or_of_the_future_is_not_taken() -> None:
    assert of(now=NOW + 13 * 86_400)
    assert not of(now=NOW + 15 * 86_400)
    assert of(now=NOW - 3_600)
    assert not of(now=NOW - 3 * 3_600)


def statistics(aws: Aws, name: str, pipeline: str, at: float) -> list[dict]:
    """Of the minute of `at`."""
    minute = datetime.datetime.fromtimestamp(math.floor(at / 60) * 60, datetime.timezone.utc)
    return aws.cloudwatch.get_metric_statistics(
        Namespace="Spillway",
        MetricName=name,
        Dimensions=[{"Name": "Pipeline", "Value": pipeline}],
        StartTime=minute,
        EndTime=minute + datetime.timedelta(minutes=1),
        Period=60,
        Statistics=["Sum", "Maximum", "SampleCount"],
    )["Datapoints"]


def function(aws: Aws, name: str, statement: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", f"def run(event, context):\n    {statement}\n")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    settings = {"Runtime": "python3.12", "Role": role, "Handler": "main.run", "Code": {"ZipFile": packed.getvalue()}}
    aws.lambda_.create_function(FunctionName=name, **settings)


def test_what_a_function_logs_can_be_read_as_statistics_and_as_data(aws: Aws) -> None:
    pipeline = f"metrics-{next(NUMBERS)}"
    # An hour ago: the line's own time counts.
    at = time.time() - 3_600
    line = {**LINE, "Pipeline": pipeline, "_aws": {**LINE["_aws"], "Timestamp": round(at * 1000)}}
    function(aws, pipeline, f"print({json.dumps(line)!r}); print('another line')")
    for _ in range(2):
        assert "FunctionError" not in aws.lambda_.invoke(FunctionName=pipeline)

    (started,) = statistics(aws, "Started", pipeline, at)
    assert (started["Sum"], started["Maximum"], started["SampleCount"], started["Unit"]) == (6, 3, 2, "Count")
    (duration,) = statistics(aws, "DurationMilliseconds", pipeline, at)
    assert (duration["Sum"], duration["Unit"]) == (25, "Milliseconds")
    (load,) = statistics(aws, "Load", pipeline, at)
    assert (load["Sum"], load["SampleCount"]) == (12, 6)
    assert statistics(aws, "Started", "another", at) == []
    assert statistics(aws, "Started", pipeline, time.time()) == []

    metric = {"Namespace": "Spillway", "MetricName": "Started", "Dimensions": [{"Name": "Pipeline", "Value": pipeline}]}
    (result,) = aws.cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "started", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        StartTime=datetime.datetime.fromtimestamp(at - 120, datetime.timezone.utc),
        EndTime=datetime.datetime.fromtimestamp(at + 120, datetime.timezone.utc),
    )["MetricDataResults"]
    assert result["Values"] == [6]


def test_an_alarm_on_a_functions_metric_goes_off(aws: Aws) -> None:
    pipeline = f"metrics-{next(NUMBERS)}"
    aws.cloudwatch.put_metric_alarm(
        AlarmName=pipeline,
        Namespace="Spillway",
        MetricName="Parked",
        Dimensions=[{"Name": "Pipeline", "Value": pipeline}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    group = {"logGroupName": f"/{pipeline}"}
    aws.logs.create_log_group(**group)
    aws.logs.create_log_stream(**group, logStreamName="a")
    directive = {**DIRECTIVE, "Metrics": [{"Name": "Parked", "Unit": "Count"}]}
    now = round(time.time() * 1000)
    line = {"_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]}, "Pipeline": pipeline, "Parked": 1}
    aws.logs.put_log_events(**group, logStreamName="a", logEvents=[{"timestamp": now, "message": json.dumps(line)}])
    (alarm,) = aws.cloudwatch.describe_alarms(AlarmNames=[pipeline])["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"


def invoked(aws: Aws, name: str) -> dict[str, float]:
    """The sums of a function's own metrics."""
    now = datetime.datetime.now(datetime.timezone.utc)
    asked = {"Namespace": "AWS/Lambda", "Dimensions": [{"Name": "FunctionName", "Value": name}], "Statistics": ["Sum"]}
    asked |= {"StartTime": now - datetime.timedelta(hours=1), "EndTime": now + datetime.timedelta(hours=1), "Period": 86_400}
    names = ("Invocations", "Errors", "Throttles")
    found = {metric: aws.cloudwatch.get_metric_statistics(MetricName=metric, **asked)["Datapoints"] for metric in names}
    return {metric: sum(point["Sum"] for point in points) for metric, points in found.items()}


def test_every_invocation_counts_once_whoever_invokes(aws: Aws) -> None:
    name = f"metrics-{next(NUMBERS)}"
    function(aws, name, "return 1 / event['by']")
    for by in (1, 0):
        aws.lambda_.invoke(FunctionName=name, Payload=json.dumps({"by": by}))
    assert invoked(aws, name) == {"Invocations": 2, "Errors": 1, "Throttles": 0}

    # As a rule invokes it, or a bucket.
    aws.lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    aws.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"by": 0}))
    deadline = time.monotonic() + 60
    while invoked(aws, name)["Invocations"] < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert invoked(aws, name) == {"Invocations": 3, "Errors": 2, "Throttles": 0}

    aws.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(aws.lambda_.exceptions.TooManyRequestsException) as refused:
        aws.lambda_.invoke(FunctionName=name, Payload="{}")
    tries = 1 + refused.value.response["ResponseMetadata"]["RetryAttempts"]
    assert invoked(aws, name) == {"Invocations": 3, "Errors": 2, "Throttles": tries}
