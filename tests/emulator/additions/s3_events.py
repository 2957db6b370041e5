"""S3's events, as far as MiniStack's differ: keys and their comparison with filters, an EventBridge event without its
version id, a Lambda function without permission."""

import contextvars
import json

from ministack.core.responses import get_account_id, request_scope
from ministack.services import eventbridge, s3

from emulator.additions import s3_keys, service_calls

_version: contextvars.ContextVar[str | None] = contextvars.ContextVar("version", default=None)


def add() -> None:
    _keys_as_s3_writes_them()
    _versions_in_eventbridge()
    _functions_with_permission()


def _keys_as_s3_writes_them() -> None:
    plain = s3._key_matches_filter

    # A filter with a plain = matched nothing on AWS: https://github.com/aws/aws-cdk/pull/28012
    def key_matches_filter(key: str, prefix: str | None, suffix: str | None) -> bool:
        return plain(s3_keys.encoded(key), prefix, suffix)

    s3._event_object_key = s3_keys.encoded
    s3._key_matches_filter = key_matches_filter


def _versions_in_eventbridge() -> None:
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fire_s3_event(*arguments, **named) -> None:
        _version.set(named.get("version_id"))
        fire(*arguments, **named)

    def dispatch_event(event: dict, view: object = None) -> None:
        if event["Source"] == "aws.s3" and _version.get():
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = _version.get()
            event = {**event, "Detail": json.dumps(detail)}
            view = None
        dispatch(event, view)

    s3._fire_s3_event = fire_s3_event
    eventbridge._dispatch_event = dispatch_event


def _functions_with_permission() -> None:
    plain = s3._deliver_event_to_lambda

    def deliver(arn: str, payload: dict, region: str) -> None:
        bucket = payload["Records"][0]["s3"]["bucket"]
        owner = s3._bucket_owner_account(bucket["name"]) or get_account_id()
        # The function can be another account's.
        with request_scope(arn.split(":")[4], arn.split(":")[3]):
            if service_calls.may_invoke(arn, "s3.amazonaws.com", bucket["arn"], owner):
                plain(arn, payload, region)
            else:
                s3.logger.error("S3 notification: %s may not invoke %s", bucket["name"], arn)

    s3._deliver_event_to_lambda = deliver
