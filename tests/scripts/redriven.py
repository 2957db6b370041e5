"""A pipeline's queues without the pipeline, for the tests of scripts/redrive."""

import contextlib
import dataclasses
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from emulator import Emulator
from emulator.aws import Aws
from program.paths import SCRIPTS
from redrive import aws_api
from redrive.__main__ import main

NUMBERS = itertools.count(1)


@dataclasses.dataclass
class Said:
    """How a redrive ended, and what it said."""

    code: int
    out: str
    err: str


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

    def redrive(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [str(SCRIPTS / "redrive"), *arguments]
        return subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def run(self, *arguments: str) -> Said:
        """The same in this process: a fifth of the time, and parts of it can be replaced."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch.dict(os.environ, self.environment):
            try:
                code = main(list(arguments))
            except SystemExit as end:
                code = end.code
        return Said(code, out.getvalue(), err.getvalue())

    def bodies(self, queue: str) -> list[str]:
        """What lies in a queue and can be received now, looked at without receiving it."""
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
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    pipeline = Pipeline(name, queue, dead, {**os.environ, **emulator.environment, "PATH": tools}, aws, emulator)
    policy = json.dumps({"deadLetterTargetArn": pipeline.arn(dead), "maxReceiveCount": 3})
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    return pipeline


@contextlib.contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, refused: Callable[[dict], bool]) -> Iterator[None]:
    """SQS refuses those entries of batches."""
    call = aws_api._Botocore.sqs

    def sqs(api: aws_api.Api, action: str, **request: object) -> dict:
        if action != "SendMessageBatch":
            return call(api, action, **request)
        entries = request["Entries"]
        failed = [{"Id": entry["Id"], "Code": "InternalError", "Message": "not now"} for entry in entries if refused(entry)]
        taken = [entry for entry in entries if not refused(entry)]
        answer = call(api, action, **{**request, "Entries": taken}) if taken else {}
        return {**answer, "Failed": failed}

    with monkeypatch.context() as broken:
        broken.setattr(aws_api._Botocore, "sqs", sqs)
        yield


def fail(aws: Aws, queue: str, payload: object) -> None:
    body = json.dumps({"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": payload})
    aws.sqs.send_message(QueueUrl=queue, MessageBody=body)


def taken(aws: Aws, pipeline: Pipeline) -> list[str]:
    events = aws.logs.filter_log_events(logGroupName=f"/aws/lambda/{pipeline.name}_ingest")["events"]
    return sorted(event["message"].strip() for event in events if event["message"].startswith("took"))


def outputs(directory: Path, redrive: dict) -> str:
    """A root module whose outputs show that."""
    (directory / "main.tf.json").write_text(json.dumps({"output": {"spillway": {"value": {"redrive": redrive, "other": 1}}}}))
    for command in (["init"], ["apply", "-auto-approve"]):
        subprocess.run(["terraform", f"-chdir={directory}", *command], check=True, capture_output=True)
    return str(directory)


def has_cli() -> bool:
    return shutil.which("aws") is not None and subprocess.run(["aws", "--version"], capture_output=True).returncode == 0
