"""The resources that the tests make in the emulator, and the waits for them."""

import io
import itertools
import json
import time
import zipfile
from collections.abc import Callable

from emulator.aws import Aws

NUMBERS = itertools.count(1)
ACCOUNT = "000000000000"
OTHER = "222222222222"


def until(found: Callable[[], object], seconds: float = 10) -> object:
    deadline = time.monotonic() + seconds
    while not (what := found()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return what


def queue(aws: Aws, name: str, allows: str | None = None, **attributes: str) -> tuple[str, str]:
    """URL and ARN; `allows` is the service with the permission to send."""
    url = aws.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    if allows:
        statement = {"Effect": "Allow", "Principal": {"Service": allows}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def receive(aws: Aws, url: str) -> list[dict]:
    return aws.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"], VisibilityTimeout=0
    ).get("Messages", [])


def function(aws: Aws, name: str, code: str, **settings: object) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", code)
    trust = {"Version": "2012-10-17", "Statement": []}
    role = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    made = aws.lambda_.create_function(
        FunctionName=name, Runtime="python3.12", Role=role, Handler="main.run", Code={"ZipFile": packed.getvalue()}, **settings
    )
    return made["FunctionArn"]
