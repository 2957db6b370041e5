"""SNS's deliveries, as far as MiniStack's differ: filters on a message's body reach into arrays, and a failed delivery is kept."""

import json

from ministack.core.responses import get_account_id
from ministack.services import sns, sqs

from emulator.additions import service_calls

SERVICE = "sns.amazonaws.com"


def add() -> None:
    sns._body_lookup = _lookup
    _dead_letters()


def _lookup(*bodies: dict):
    """As in SNS, an array (such as S3's Records) matches if any of its elements does."""

    def lookup(key: str) -> tuple[bool, list, bool]:
        values = [value for body in bodies for value in _several(body.get(key)) if not isinstance(value, dict)]
        return bool(values), values, any(bodies)

    def child(key: str):
        inner = [value for body in bodies for value in _several(body.get(key)) if isinstance(value, dict)]
        return _lookup(*inner) if inner else None

    lookup.child = child
    return lookup


def _several(value: object) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


def _dead_letters() -> None:
    plain = sns._deliver_to_sqs

    def deliver(endpoint: str, *arguments, topic_arn: str = "", **named) -> None:
        account = topic_arn.split(":")[4] or get_account_id()
        if not sqs._queue_by_arn(endpoint) or not service_calls.may_send(endpoint, SERVICE, topic_arn, account):
            sns.logger.error("SNS: %s gets nothing of %s", endpoint, topic_arn)
            subscriptions = (sns._topic_by_arn_any_scope(topic_arn) or {}).get("subscriptions", [])
            policies = [each["attributes"].get("RedrivePolicy") for each in subscriptions if each.get("endpoint") == endpoint]
            if not any(policies):
                return
            endpoint = json.loads(next(filter(None, policies)))["deadLetterTargetArn"]
        plain(endpoint, *arguments, topic_arn=topic_arn, **named)

    sns._deliver_to_sqs = deliver
