"""Step Functions' aws-sdk:s3:putObject, which MiniStack lacks; the state machine's role has to be allowed to."""

import json

from ministack.services import s3, stepfunctions

from emulator.additions import s3_get_object, service_calls


def add() -> None:
    others = stepfunctions._dispatch_aws_sdk_rest_xml

    def dispatch(service_info: dict, service: str, action: str, arguments: dict) -> dict:
        if (service, action) == ("s3", "putObject"):
            return _put_object(arguments or {})
        return others(service_info, service, action, arguments)

    stepfunctions._dispatch_aws_sdk_rest_xml = dispatch


def _put_object(arguments: dict) -> dict:
    bucket, key, role = arguments["Bucket"], arguments["Key"], s3_get_object.role()
    arn = f"arn:aws:s3:::{bucket}/{key}"
    if not service_calls.role_may(role, "s3:PutObject", arn):
        raise stepfunctions._ExecutionError("S3.S3Exception", f"{role} is not authorized to perform s3:PutObject on {arn}")
    headers = {"content-type": arguments.get("ContentType", "application/octet-stream")}
    # A text gets quotes as well: the object is JSON.
    status, found, body = s3._put_object(bucket, key, json.dumps(arguments["Body"]).encode(), headers)
    if status >= 400:
        raise stepfunctions._ExecutionError("S3.S3Exception", body.decode(errors="replace"))
    return {"ETag": found.get("ETag", "")}
