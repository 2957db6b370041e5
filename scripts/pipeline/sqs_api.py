"""Calls of the SQS API through botocore if this Python has it (boto3 brings it), else through the AWS CLI."""

import json
import os
import re
import shutil
import subprocess
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


class Sqs(Protocol):
    def call(self, action: str, **request) -> dict: ...


def connect(endpoint_url: str | None, region: str | None, profile: str | None) -> Sqs:
    if botocore:
        return _Botocore(endpoint_url, region, profile)
    if shutil.which("aws"):
        return _Cli(endpoint_url, region, profile)
    raise ApiError("", "neither boto3 nor the AWS CLI is here: python3 -m pip install boto3, or install the AWS CLI")


class _Botocore:
    def __init__(self, endpoint_url: str | None, region: str | None, profile: str | None) -> None:
        try:
            session = botocore.session.Session(profile=profile)
            self._client = session.create_client("sqs", region_name=region, endpoint_url=endpoint_url)
        except botocore.exceptions.BotoCoreError as error:
            raise ApiError("", str(error)) from error

    def call(self, action: str, **request) -> dict:
        method = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
        try:
            return getattr(self._client, method)(**request)
        except botocore.exceptions.ClientError as error:
            raise ApiError(error.response["Error"]["Code"], error.response["Error"]["Message"]) from error
        except botocore.exceptions.BotoCoreError as error:
            raise ApiError("", str(error)) from error


class _Cli:
    def __init__(self, endpoint_url: str | None, region: str | None, profile: str | None) -> None:
        # Version 1 of the CLI does not read the variables.
        endpoint_url = endpoint_url or os.environ.get("AWS_ENDPOINT_URL_SQS") or os.environ.get("AWS_ENDPOINT_URL")
        self._options = ["--output", "json"]
        for name, value in (("--endpoint-url", endpoint_url), ("--region", region), ("--profile", profile)):
            self._options += [name, value] if value else []

    def call(self, action: str, **request) -> dict:
        command = re.sub(r"(?<!^)(?=[A-Z])", "-", action).lower()
        result = subprocess.run(
            ["aws", "sqs", command, "--cli-input-json", json.dumps(request), *self._options],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "AWS_PAGER": ""},
            capture_output=True,
            text=True,
        )
        if result.returncode == 0:
            return json.loads(result.stdout or "{}")
        complaint = result.stderr.strip()
        parts = re.search(r"An error occurred \(([\w.]+)\) when calling the \w+ operation[^:]*: (.*)", complaint, re.S)
        raise ApiError(*parts.groups()) if parts else ApiError("", complaint)
