"""Step Functions' aws-sdk:s3:getObject, which MiniStack lacks; the state machine's role has to be allowed to."""

import contextvars
import re

from ministack import app
from ministack.core.responses import get_region, request_scope
from ministack.services import s3, stepfunctions

from emulator.additions import service_calls

# As in Step Functions: the most that a state can hand on.
PAYLOAD_BYTES = 262_144

_role: contextvars.ContextVar[str] = contextvars.ContextVar("role")


def add() -> None:
    _know_the_role()
    others = stepfunctions._dispatch_aws_sdk_rest_xml

    def dispatch(service_info: dict, service: str, action: str, arguments: dict) -> dict:
        if (service, action) == ("s3", "getObject"):
            return _get_object(arguments or {})
        return others(service_info, service, action, arguments)

    stepfunctions._dispatch_aws_sdk_rest_xml = dispatch


def role() -> str:
    """ARN of the role of the state machine that this thread runs."""
    return _role.get()


def _know_the_role() -> None:
    plain = stepfunctions._run_execution

    def run(execution: str) -> None:
        machine = stepfunctions._state_machines.get(stepfunctions._executions[execution]["stateMachineArn"])
        _role.set(machine["roleArn"])
        plain(execution)

    stepfunctions._run_execution = run


def _get_object(arguments: dict) -> dict:
    owner = s3._bucket_owner_account(arguments["Bucket"]) or _account()
    _check(arguments, owner)
    with request_scope(owner, get_region()):
        return _read(arguments)


def _account() -> str:
    return _role.get().split(":")[4]


def _check(arguments: dict, owner: str) -> None:
    """By the role's own policies, and for another account's bucket by the bucket's policy too."""
    action = "s3:GetObjectVersion" if arguments.get("VersionId") else "s3:GetObject"
    arn = f"arn:aws:s3:::{arguments['Bucket']}/{arguments['Key']}"
    allowed = service_calls.role_may(_role.get(), action, arn)
    if owner != _account():
        with request_scope(owner, get_region()):
            policy = s3._bucket_policies.get(arguments["Bucket"])
        allowed = allowed and service_calls.policy_admits(policy, _role.get(), action, arn)
    if not allowed:
        raise stepfunctions._ExecutionError("S3.S3Exception", f"{_role.get()} is not authorized to perform {action} on {arn}")


def _read(arguments: dict) -> dict:
    path = f"/{arguments['Bucket']}/{arguments['Key']}"  # the gateway hands paths on decoded
    query = {"versionId": arguments["VersionId"]} if arguments.get("VersionId") else {}
    # As MiniStack signs its other calls of this kind.
    headers = {"authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request"}
    status, headers, body = app.call_service_handler_sync(app.SERVICE_HANDLERS["s3"], "GET", path, headers, b"", query)
    if status >= 400:
        text = body.decode(errors="replace")
        code, message = (re.search(f"<{tag}>(.*?)</{tag}>", text) for tag in ("Code", "Message"))
        raise stepfunctions._ExecutionError(f"S3.{code[1] if code else 'S3'}Exception", message[1] if message else text)
    if len(body) > PAYLOAD_BYTES:
        raise stepfunctions._ExecutionError("States.DataLimitExceeded", "The object is larger than a state's payload may be.")
    found = {name.lower(): value for name, value in headers.items()}
    result = {"Body": body.decode("utf-8", errors="replace"), "ContentLength": len(body)}
    for header, name in (("etag", "ETag"), ("content-type", "ContentType"), ("x-amz-version-id", "VersionId")):
        if header in found:
            result[name] = found[header]
    return result
