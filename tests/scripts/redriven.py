"""A pipeline's queues without the pipeline, for the tests of the operator's program."""

import dataclasses
import itertools
import json
import os
import subprocess
from pathlib import Path

from build import operators
from emulator import Emulator
from emulator.aws import Aws

NUMBERS = itertools.count(1)


@dataclasses.dataclass
class Pipeline:
    name: str
    queue: str
    dead: str
    environment: dict[str, str]
    aws: Aws
    emulator: Emulator

    def fill(self, count: int) -> None:
        fifo = self.dead.endswith(".fifo")
        for number in range(count):
            attribute = {"attempt": {"DataType": "Number", "StringValue": "2"}}
            ids = {"MessageGroupId": f"group {number % 2}", "MessageDeduplicationId": f"id {number}"} if fifo else {}
            self.aws.sqs.send_message(QueueUrl=self.dead, MessageBody=f"message {number}", MessageAttributes=attribute, **ids)

    def count(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages"]
        return int(self.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"][names[0]])

    def arn(self, queue: str) -> str:
        return self.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def spillway(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [str(operators.program()), *arguments]
        return subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def redrive(self, *arguments: str) -> subprocess.CompletedProcess:
        return self.spillway("-p", self.name, "redrive", *arguments)

    def bodies(self, queue: str) -> list[str]:
        """The messages of a queue that can be received now, read without receiving them."""
        return sorted(message["Body"] for message in self.emulator.messages(queue) if message["IsVisible"])

    def received(self, queue: str) -> list[dict]:
        every: list[dict] = []
        while found := self.aws.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        ).get("Messages"):
            every += found
        return every


def make(aws: Aws, emulator: Emulator, name: str, kind: str = "", lane: str = "default") -> Pipeline:
    attributes = {"FifoQueue": "true"} if kind == ".fifo" else {}
    dead = aws.sqs.create_queue(QueueName=f"{name}_events-dlq_{lane}{kind}", Attributes=attributes)["QueueUrl"]
    queue = aws.sqs.create_queue(QueueName=f"{name}_events_{lane}{kind}", Attributes=attributes)["QueueUrl"]
    pipeline = Pipeline(name, queue, dead, {**os.environ, **emulator.environment}, aws, emulator)
    policy = json.dumps({"deadLetterTargetArn": pipeline.arn(dead), "maxReceiveCount": 3})
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    return pipeline


def fail(aws: Aws, queue: str, payload: object) -> None:
    body = json.dumps({"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": payload})
    aws.sqs.send_message(QueueUrl=queue, MessageBody=body)


def taken(aws: Aws, pipeline: Pipeline) -> list[str]:
    events = aws.logs.filter_log_events(logGroupName=f"/aws/lambda/{pipeline.name}_ingest")["events"]
    return sorted(event["message"].strip() for event in events if event["message"].startswith("took"))


def outputs(directory: Path, redrive: dict) -> str:
    """A root module with those outputs."""
    (directory / "main.tf.json").write_text(json.dumps({"output": {"spillway": {"value": {"redrive": redrive, "other": 1}}}}))
    for command in (["init"], ["apply", "-auto-approve"]):
        subprocess.run(["terraform", f"-chdir={directory}", *command], check=True, capture_output=True)
    return str(directory)
