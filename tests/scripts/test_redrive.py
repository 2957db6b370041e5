"""scripts/redrive, as a person runs it."""

import dataclasses
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline.aws import Aws
from pipeline.emulator import Emulator
from pipeline.paths import SCRIPTS

NUMBERS = itertools.count(1)


@dataclasses.dataclass
class Pipeline:
    name: str
    queue: str
    dead: str
    environment: dict[str, str]
    aws: Aws

    def fill(self, count: int) -> None:
        for number in range(count):
            attribute = {"attempt": {"DataType": "Number", "StringValue": "2"}}
            self.aws.sqs.send_message(QueueUrl=self.dead, MessageBody=f"message {number}", MessageAttributes=attribute)

    def count(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages"]
        return int(self.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"][names[0]])

    def arn(self, queue: str) -> str:
        return self.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def redrive(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [str(SCRIPTS / "redrive"), *arguments]
        return subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)


@pytest.fixture
def pipeline(aws: Aws, emulator: Emulator) -> Iterator[Pipeline]:
    name = f"pipeline-{next(NUMBERS)}"
    dead = aws.sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
    queue = aws.sqs.create_queue(QueueName=name)["QueueUrl"]
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    pipeline = Pipeline(name, queue, dead, {**os.environ, **emulator.environment, "PATH": tools}, aws)
    policy = json.dumps({"deadLetterTargetArn": pipeline.arn(dead), "maxReceiveCount": 3})
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    yield pipeline
    for url in (queue, dead):
        aws.sqs.delete_queue(QueueUrl=url)


def test_it_moves_everything_with_its_attributes(pipeline: Pipeline) -> None:
    pipeline.fill(5)
    result = pipeline.redrive(pipeline.name)
    assert result.returncode == 0, result.stderr
    assert f"5 messages moved from {pipeline.name}-dlq" in result.stdout
    assert (pipeline.count(pipeline.dead), pipeline.count(pipeline.queue)) == (0, 5)
    answer = pipeline.aws.sqs.receive_message(QueueUrl=pipeline.queue, MessageAttributeNames=["All"])
    assert answer["Messages"][0]["MessageAttributes"]["attempt"]["StringValue"] == "2"


@pytest.mark.parametrize("form", ["name", "url", "arn"])
def test_queues_are_taken_by_name_url_or_arn(pipeline: Pipeline, form: str) -> None:
    pipeline.fill(1)
    forms = {
        "name": (f"{pipeline.name}-dlq", pipeline.name),
        "url": (pipeline.dead, pipeline.queue),
        "arn": (pipeline.arn(pipeline.dead), pipeline.arn(pipeline.queue)),
    }
    source, destination = forms[form]
    assert pipeline.redrive("--from", source, "--to", destination).returncode == 0
    assert pipeline.count(pipeline.queue) == 1


def test_a_dry_run_moves_nothing(pipeline: Pipeline) -> None:
    pipeline.fill(3)
    result = pipeline.redrive(pipeline.name, "--dry-run", "--velocity", "2")
    assert result.returncode == 0
    assert "would move 3 messages" in result.stdout
    assert (pipeline.count(pipeline.dead), pipeline.count(pipeline.queue)) == (3, 0)


def test_nothing_to_move_is_said(pipeline: Pipeline) -> None:
    result = pipeline.redrive(pipeline.name)
    assert (result.returncode, result.stdout.strip()) == (0, f"nothing to move: {pipeline.name}-dlq is empty")


def test_an_unknown_queue_is_named(pipeline: Pipeline) -> None:
    result = pipeline.redrive("nobody")
    assert result.returncode == 1
    assert "there is no queue nobody-dlq" in result.stderr


def test_a_second_move_is_refused_and_the_first_can_be_cancelled(pipeline: Pipeline) -> None:
    pipeline.fill(30)
    command = [str(SCRIPTS / "redrive"), pipeline.name, "--velocity", "5"]
    first = subprocess.Popen(command, env=pipeline.environment, stdout=subprocess.PIPE, text=True)
    while pipeline.count(pipeline.queue) == 0:
        time.sleep(0.1)
    second = pipeline.redrive(pipeline.name)
    assert second.returncode == 1
    assert "under way already" in second.stderr

    first.send_signal(signal.SIGINT)
    said, _ = first.communicate(timeout=20)
    assert first.returncode == 130
    assert "cancelled after" in said
    time.sleep(0.5)
    left = pipeline.count(pipeline.dead)
    assert 0 < left < 30
    time.sleep(1)
    assert pipeline.count(pipeline.dead) == left


def test_velocity_bounds_the_pace(pipeline: Pipeline) -> None:
    pipeline.fill(20)
    began = time.monotonic()
    assert pipeline.redrive(pipeline.name, "--velocity", "10").returncode == 0
    assert time.monotonic() - began >= 2


@pytest.mark.parametrize("arguments", [[], ["x", "--from", "y", "--to", "z"], ["--from", "y"], ["x", "--velocity", "501"]])
def test_contradictions_are_refused(pipeline: Pipeline, arguments: list[str]) -> None:
    assert pipeline.redrive(*arguments).returncode == 2


def test_queues_are_read_from_terraform_outputs(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.fill(2)
    stage = {"source_arn": pipeline.arn(pipeline.dead), "destination_arn": pipeline.arn(pipeline.queue)}
    value = json.dumps({"redrive": {"events": stage}, "other": 1})
    (tmp_path / "main.tf.json").write_text(f'{{"output": {{"spillway": {{"value": {value}}}}}}}')
    for command in (["init"], ["apply", "-auto-approve"]):
        subprocess.run(["terraform", f"-chdir={tmp_path}", *command], check=True, capture_output=True)
    result = pipeline.redrive("--terraform-dir", str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert pipeline.count(pipeline.queue) == 2
    result = pipeline.redrive("--terraform-dir", str(tmp_path), "--stage", "outcomes")
    assert "no pipeline" in result.stderr


def has_cli() -> bool:
    return shutil.which("aws") is not None and subprocess.run(["aws", "--version"], capture_output=True).returncode == 0


@pytest.mark.skipif(not has_cli(), reason="the AWS CLI is not here")
def test_it_works_through_the_aws_cli_alone(pipeline: Pipeline, tmp_path: Path) -> None:
    """Where Python has no boto3."""
    pipeline.fill(2)
    (tmp_path / "botocore.py").write_text("raise ImportError")
    run = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from pipeline.redrive import main; sys.exit(main(sys.argv[1:]))"
    environment = {**pipeline.environment, "PYTHONPATH": str(SCRIPTS)}
    result = subprocess.run([sys.executable, "-c", run, pipeline.name], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert pipeline.count(pipeline.queue) == 2
    failed = subprocess.run([sys.executable, "-c", run, "nobody"], env=environment, capture_output=True, text=True)
    assert "there is no queue nobody-dlq" in failed.stderr
