"""Step Functions' aws-sdk:s3:getObject, which MiniStack lacks."""

import re

from ministack import app
from ministack.services import stepfunctions

# As in Step Functions: what a state may hand on.
PAYLOAD_BYTES = 262_144


def add() -> None:
    others = stepfunctions._dispatch_aws_sdk_rest_xml

    def dispatch(service_info: dict, service: str, action: str, arguments: dict) -> dict:
        if (service, action) == ("s3", "getObject"):
            return _get_object(arguments or {})
        return others(service_info, service, action, arguments)

    stepfunctions._dispatch_aws_sdk_rest_xml = dispatch


def _get_object(arguments: dict) -> dict:
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
