"""Calls of AWS's APIs through botocore if this Python has it (boto3 brings it), else through the AWS CLI."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Protocol

try:
    import botocore.exceptions
    import botocore.session
except ImportError:
    botocore = None


class ApiError(Exception):
    """What AWS, or the way there, answered; `code` is AWS's, or empty."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Api(Protocol):
    # Where the calls go, if that is known.
    region: str | None

    def sqs(self, action: str, **request) -> dict: ...

    def dynamodb(self, action: str, **request) -> dict:
        """One page; values with their types, as DynamoDB has them."""
        ...

    def invoke(self, function: str, payload: str) -> str | None:
        """Waits for the function's answer; returns what it failed with, if it did."""
        ...

    def environment(self, function: str) -> dict:
        """The function's environment variables."""
        ...


def connect(endpoint_url: str | None, region: str | None, profile: str | None) -> Api:
    # As the AWS CLI finds it; botocore and version 1 of the CLI know the second name alone.
    # https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
    region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if botocore:
        return _Botocore(endpoint_url, region, profile)
    if shutil.which("aws"):
        return _Cli(endpoint_url, region, profile)
    raise ApiError("", "neither boto3 nor the AWS CLI is here: python3 -m pip install boto3, or install the AWS CLI")


def _words(action: str, between: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", between, action).lower()


class _Botocore:
    def __init__(self, endpoint_url: str | None, region: str | None, profile: str | None) -> None:
        self._settings = {"region_name": region, "endpoint_url": endpoint_url}
        self._clients: dict = {}
        try:
            self._session = botocore.session.Session(profile=profile)
            self.region = self._client("sqs").meta.region_name
        except botocore.exceptions.BotoCoreError as error:
            raise ApiError("", str(error)) from error

    def sqs(self, action: str, **request) -> dict:
        return self._call("sqs", action, request)

    def dynamodb(self, action: str, **request) -> dict:
        return self._call("dynamodb", action, request)

    def environment(self, function: str) -> dict:
        answer = self._call("lambda", "GetFunctionConfiguration", {"FunctionName": function})
        return answer.get("Environment", {}).get("Variables", {})

    def invoke(self, function: str, payload: str) -> str | None:
        answer = self._call("lambda", "Invoke", {"FunctionName": function, "Payload": payload.encode()})
        return answer["Payload"].read().decode(errors="replace") if answer.get("FunctionError") else None

    def _client(self, service: str) -> object:
        if service not in self._clients:
            self._clients[service] = self._session.create_client(service, **self._settings)
        return self._clients[service]

    def _call(self, service: str, action: str, request: dict) -> dict:
        try:
            return getattr(self._client(service), _words(action, "_"))(**request)
        except botocore.exceptions.ClientError as error:
            raise ApiError(error.response["Error"]["Code"], error.response["Error"]["Message"]) from error
        except botocore.exceptions.BotoCoreError as error:
            raise ApiError("", str(error)) from error


class _Cli:
    def __init__(self, endpoint_url: str | None, region: str | None, profile: str | None) -> None:
        self.region = region
        self._endpoint_url = endpoint_url
        self._options = ["--output", "json"]
        for name, value in (("--region", region), ("--profile", profile)):
            self._options += [name, value] if value else []

    def sqs(self, action: str, **request) -> dict:
        return self._call("sqs", action, request)

    def dynamodb(self, action: str, **request) -> dict:
        return self._call("dynamodb", action, request)

    def environment(self, function: str) -> dict:
        answer = self._call("lambda", "GetFunctionConfiguration", {"FunctionName": function})
        return answer.get("Environment", {}).get("Variables", {})

    def _call(self, service: str, action: str, request: dict) -> dict:
        # By a file: ten messages are more than Linux takes as an argument. Left alone, the CLI would read all the pages.
        with tempfile.TemporaryDirectory() as directory:
            sent = Path(directory, "sent")
            text = json.dumps(request)
            sent.write_text(text)
            binary = self._binary() if '"BinaryValue"' in text else []
            return self._run(service, _words(action, "-"), "--no-paginate", "--cli-input-json", f"file://{sent}", *binary)

    def _binary(self) -> list:
        """Lets the CLI take Base64 for what it is, as it showed it. Version 1 cannot: it would encode it once more."""
        said = subprocess.run(["aws", "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if (said.stdout + said.stderr).startswith("aws-cli/1."):
            raise ApiError("", "version 1 of the AWS CLI cannot send binary attributes: take version 2, or install boto3")
        return ["--cli-binary-format", "base64"]

    def invoke(self, function: str, payload: str) -> str | None:
        with tempfile.TemporaryDirectory() as directory:
            sent, received = Path(directory, "sent"), Path(directory, "received")
            sent.write_text(payload)
            # fileb: as it is; what a bare --payload means depends on the CLI's version.
            answer = self._run("lambda", "invoke", "--function-name", function, "--payload", f"fileb://{sent}", str(received))
            return received.read_text() if answer.get("FunctionError") else None

    def _run(self, service: str, *arguments: str) -> dict:
        # Version 1 of the CLI does not read the variables.
        variables = (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL")
        address = self._endpoint_url or next(filter(None, map(os.environ.get, variables)), None)
        result = subprocess.run(
            ["aws", service, *arguments, *self._options, *(["--endpoint-url", address] if address else [])],
            stdin=subprocess.DEVNULL,
            # Ctrl-C is for who waits for the answer, not for the call.
            start_new_session=True,
            env={**os.environ, "AWS_PAGER": ""},
            capture_output=True,
            text=True,
        )
        if result.returncode == 0:
            return json.loads(result.stdout or "{}")
        complaint = result.stderr.strip()
        parts = re.search(r"An error occurred \(([\w.]+)\) when calling the \w+ operation[^:]*: (.*)", complaint, re.S)
        raise ApiError(*parts.groups()) if parts else ApiError("", complaint)
