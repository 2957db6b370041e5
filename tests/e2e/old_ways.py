"""Other ways to start executions, from which a pipeline takes over: a function behind S3, and one behind the mapping of a queue."""

import contextlib
import dataclasses
import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator

from demo import watch
from judge_orders import Version
from one_pipeline import Pipeline, wait

# Starts an execution for each record, with a name of its own that has its attempt in the place that the tests read.
CODE = """
import json
import os
import time
import uuid

import botocore.config
import botocore.session

config = botocore.config.Config(proxies={})
states = botocore.session.get_session().create_client("stepfunctions", config=config)


def run(event, context):
    told = [json.loads(record["body"]) if "body" in record else {"Records": [record]} for record in event["Records"]]
    if "refused" in json.dumps(told):
        raise ValueError("refused")
    time.sleep(float(os.environ["SECONDS"]))
    # S3's test event has no records.
    for record in (record for one in told for record in one.get("Records", [])):
        states.start_execution(
            stateMachineArn=os.environ["MACHINE"], name=f"old-{uuid.uuid4().hex}-1", input=json.dumps({"Records": [record]})
        )
"""
OLD = "old-"
PREFIX = "in/"
# Of an invocation, and until a message that the function refuses is a dead letter. A function that starts on a busy machine
# takes seconds.
VISIBILITY_SECONDS = 20


@dataclasses.dataclass(frozen=True)
class OldQueue:
    """The queue of a mapping, with its dead letters."""

    url: str
    dead_url: str
    dead_arn: str
    entry: dict
    mapping: str


def entries(kind: str, arn: str, prefix: str = PREFIX) -> dict:
    """A bucket's notification configuration with one entry."""
    filter_ = {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}
    name = {"queue": "QueueConfigurations", "function": "LambdaFunctionConfigurations"}[kind]
    of = {"queue": "QueueArn", "function": "LambdaFunctionArn"}[kind]
    return {name: [{of: arn, "Events": ["s3:ObjectCreated:*"], "Filter": filter_}]}


def new_entries(pipeline: Pipeline) -> dict:
    """As the module's output says it."""
    (queue,) = pipeline.outputs["bucket_notifications"]["uploads"]["queues"].values()
    return entries("queue", queue["queue"]["arn"], queue["prefix"])


def switch(pipeline: Pipeline, configuration: dict) -> None:
    """One call, as S3 has one configuration for each bucket."""
    pipeline.aws.s3.put_bucket_notification_configuration(Bucket=pipeline.bucket, NotificationConfiguration=configuration)


@contextlib.contextmanager
def function(pipeline: Pipeline, seconds: float = 0) -> Iterator[str]:
    """The function that starts the pipeline's state machine: its ARN. Everything of it is gone afterwards."""
    aws, name, packed = pipeline.aws, f"old-{pipeline.name}", io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", CODE)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": ["states:StartExecution", "sqs:*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    aws.iam.put_role_policy(RoleName=name, PolicyName="start", PolicyDocument=policy)
    arn = aws.lambda_.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role,
        Handler="main.run",
        Timeout=VISIBILITY_SECONDS,
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": {"MACHINE": pipeline.state_machine, "SECONDS": str(seconds)}},
    )["FunctionArn"]
    aws.lambda_.add_permission(FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com")
    try:
        yield arn
    finally:
        switch(pipeline, {})
        aws.lambda_.delete_function(FunctionName=name)
        aws.iam.delete_role_policy(RoleName=name, PolicyName="start")
        aws.iam.delete_role(RoleName=name)
        for group in aws.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]:
            aws.logs.delete_log_group(logGroupName=group["logGroupName"])


@contextlib.contextmanager
def mapping(pipeline: Pipeline, function: str) -> Iterator[OldQueue]:
    """A queue that S3 can send to and that invokes the function."""
    sqs, arns = pipeline.aws.sqs, {}
    dead = sqs.create_queue(QueueName=f"old-{pipeline.name}-dlq")["QueueUrl"]
    arns["dead"] = pipeline.arn(dead)
    attributes = {
        "VisibilityTimeout": str(VISIBILITY_SECONDS),
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arns["dead"], "maxReceiveCount": 1}),
    }
    url = sqs.create_queue(QueueName=f"old-{pipeline.name}", Attributes=attributes)["QueueUrl"]
    arns["queue"] = pipeline.arn(url)
    sender = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [sender]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    made = pipeline.aws.lambda_.create_event_source_mapping(
        EventSourceArn=arns["queue"], FunctionName=function, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2}
    )
    try:
        yield OldQueue(url, dead, arns["dead"], entries("queue", arns["queue"]), made["UUID"])
    finally:
        pipeline.aws.lambda_.delete_event_source_mapping(UUID=made["UUID"])
        for each in (url, dead):
            sqs.delete_queue(QueueUrl=each)


def turn(pipeline: Pipeline, old: OldQueue, on: bool) -> None:
    """The mapping, on or off."""
    pipeline.aws.lambda_.update_event_source_mapping(UUID=old.mapping, Enabled=on)


def until_empty(pipeline: Pipeline, url: str) -> None:
    wait(lambda: watch.depth(pipeline.aws, url) == 0, lambda: f"{url} has {watch.depth(pipeline.aws, url)} messages")


@contextlib.contextmanager
def under_load(pipeline: Pipeline, every_seconds: float = 0.1) -> Iterator[list[Version]]:
    """Uploads one after another, on two threads, for as long as this lasts: those so far."""
    over, uploads, faults = threading.Event(), [], []

    def upload(thread: int) -> None:
        try:
            while not over.wait(every_seconds):
                uploads.append(pipeline.put(f"{PREFIX}{thread}-{len(uploads)}"))
        except Exception as fault:  # told below: a thread has nobody to tell
            faults.append(fault)

    threads = [threading.Thread(target=upload, args=(number,), daemon=True) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield uploads
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert faults == []


def started(pipeline: Pipeline) -> tuple[int, int]:
    """Executions that the old way started, and those of the pipeline."""
    names = [name for name, _ in _executions(pipeline)]
    old = sum(name.startswith(OLD) for name in names)
    return old, len(names) - old


def _executions(pipeline: Pipeline) -> list[tuple[str, str]]:
    pages = pipeline.aws.stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=pipeline.state_machine)
    return [(one["name"], one["status"]) for page in pages for one in page["executions"]]


def until_started(pipeline: Pipeline, old: int = 0, new: int = 0) -> None:
    """At least so many by each."""

    def so_many() -> bool:
        by_old, by_new = started(pipeline)
        return by_old >= old and by_new >= new

    wait(so_many, lambda: f"{started(pipeline)} executions by the old way and the new, of {old} and {new}")
    time.sleep(0.1)
