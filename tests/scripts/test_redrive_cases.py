"""Cases of `spillway redrive` as a person runs it: the resources, the command, the output, and the messages left.

Each file in cases/redrive is one. In its texts `{name}` is the pipeline's name, and `{url:QUEUE}` that queue's URL.

- `queues`: by name, dead-letter queues first, the messages that lie there: `body`, a text or JSON; `attributes`, each a text or
  `{"binary": "Base64"}`; `times`.
- `functions`: by name, the environment of a function that is there; a value that is no text is written as JSON.
- `region`: theirs, else us-east-1. `environment`: the variables that are set, or null for an unset one.
- `arguments`, `status`; `out`, `err`: texts that are in the output; `silent`: texts that are in neither.
- `after`: by name, how many messages a queue has then; `received`: the attributes of one message that is there.
"""

import base64
import io
import itertools
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from build import operators
from emulator import Emulator
from emulator.aws import Aws

CASES = sorted((Path(__file__).parent / "cases/redrive").glob("*.json"))
NUMBERS = itertools.count(1)


class Place:
    """The resources of a case, in its region of the emulator."""

    def __init__(self, aws: Aws, emulator: Emulator, case: dict) -> None:
        self.name = f"case-{next(NUMBERS)}"
        self._emulator, self._case, self._made = emulator, case, []
        session = botocore.session.Session()
        settings = {"region_name": case.get("region", "us-east-1"), "endpoint_url": emulator.endpoint}
        settings |= {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self.sqs = session.create_client("sqs", **settings)
        self._lambda = session.create_client("lambda", **settings)
        self._iam = aws.iam

    def make(self) -> None:
        urls: dict[str, str] = {}
        for queue in self._case.get("queues", {}):
            attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if queue.endswith(".fifo") else {}
            # SQS moves only messages in another queue's dead-letter queue.
            if dead := urls.get(queue.replace("_events_", "_events-dlq_").replace("_outcomes", "_outcomes-dlq")):
                arn = self.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
                attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
            urls[queue] = self.sqs.create_queue(QueueName=self.text(queue), Attributes=attributes)["QueueUrl"]
            self._made.append(urls[queue])
        self._urls = {self.text(queue): url for queue, url in urls.items()}
        for queue, messages in self._case.get("queues", {}).items():
            for message in messages:
                self._send(urls[queue], message)
        for function, environment in self._case.get("functions", {}).items():
            self._function(self.text(function), environment)

    def _send(self, url: str, message: dict) -> None:
        body = message["body"] if isinstance(message["body"], str) else json.dumps(message["body"])
        attributes = {name: _attribute(value) for name, value in message.get("attributes", {}).items()}
        group = {"MessageGroupId": "a"} if url.endswith(".fifo") else {}
        for _ in range(message.get("times", 1)):
            self.sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes, **group)

    def _function(self, name: str, environment: dict) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("main.py", "def run(event, context): pass")
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in environment.items()}
        self._lambda.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler="main.run",
            Code={"ZipFile": packed.getvalue()},
            Environment={"Variables": {key: self.text(value) for key, value in texts.items()}},
        )

    def text(self, text: str) -> str:
        named = text.replace("{name}", self.name)
        return re.sub(r"\{url:([^}]+)\}", lambda found: self._urls[found[1]], named)

    def run(self) -> subprocess.CompletedProcess:
        environment = {**self._emulator.environment, **self._case.get("environment", {})}
        inherited = {name: value for name, value in _own_environment().items() if name not in environment}
        environment = {name: value for name, value in environment.items() if value is not None}
        command = [str(operators.program()), *map(self.text, self._case["arguments"])]
        return subprocess.run(
            command, env={**inherited, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
        )

    def count(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self._urls[queue], AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def received(self, queue: str) -> dict:
        answer = self.sqs.receive_message(QueueUrl=self._urls[queue], MessageAttributeNames=["All"], VisibilityTimeout=0)
        return answer["Messages"][0].get("MessageAttributes", {})

    def clear_away(self) -> None:
        for url in self._made:
            self.sqs.delete_queue(QueueUrl=url)


def _own_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _attribute(value: str | dict) -> dict:
    if isinstance(value, dict):
        return {"DataType": "Binary", "BinaryValue": base64.b64decode(value["binary"])}
    return {"DataType": "Number" if value.isdecimal() else "String", "StringValue": value}


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> dict:
    return json.loads(request.param.read_text())


@pytest.fixture
def place(aws: Aws, emulator: Emulator, case: dict) -> Iterator[Place]:
    place = Place(aws, emulator, case)
    place.make()
    yield place
    place.clear_away()


def test_case(case: dict, place: Place) -> None:
    ended = place.run()
    said = f"{ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    assert ended.returncode == case["status"], said
    for text in case.get("out", []):
        assert place.text(text) in ended.stdout, said
    for text in case.get("err", []):
        assert place.text(text) in ended.stderr, said
    for text in ["panicked", *case.get("silent", [])]:
        assert place.text(text) not in ended.stdout + ended.stderr, said
    assert {queue: place.count(place.text(queue)) for queue in case.get("after", {})} == case.get("after", {}), said
    for queue, attributes in case.get("received", {}).items():
        expected = {name: _attribute(value) for name, value in attributes.items()}
        assert place.received(place.text(queue)) == expected


def test_there_are_cases() -> None:
    assert len(CASES) >= 15
