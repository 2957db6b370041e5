"""The pipeline of the operator's program, in the emulator."""

import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from emulator import Emulator
from emulator.aws import Aws
from redriven import NUMBERS, Pipeline, make

# A stand-in for ingest: fails on a body that says so, and logs the bodies that it took.
INGEST = """
def run(event, context):
    if event.get("fail"):
        raise ValueError("still broken")
    print("took", event["number"])
"""


@pytest.fixture
def pipeline(aws: Aws, emulator: Emulator) -> Iterator[Pipeline]:
    pipeline = make(aws, emulator, f"pipeline-{next(NUMBERS)}")
    yield pipeline
    for url in (pipeline.queue, pipeline.dead):
        aws.sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def failures(aws: Aws, pipeline: Pipeline) -> str:
    """The queue of the payloads that the pipeline's ingest failed on."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", INGEST)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws.iam.create_role(RoleName=f"{pipeline.name}_ingest", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    aws.lambda_.create_function(
        FunctionName=f"{pipeline.name}_ingest",
        Runtime="python3.12",
        Role=role,
        Handler="main.run",
        Code={"ZipFile": packed.getvalue()},
    )
    return aws.sqs.create_queue(QueueName=f"{pipeline.name}_ingest-failures")["QueueUrl"]
