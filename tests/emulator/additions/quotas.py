"""Quotas: MiniStack throttles nothing.

AWS throttles the starts of an account in a Region; here those of a state machine are, by its tag `emulator:starts-per-second`.
A table throttles requests above its on-demand maximum, and each request about items counts as one unit.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max-throughput.html
"""

import functools
import json
import threading
import time
from collections.abc import Callable, Iterable

from ministack.core.responses import error_response_json
from ministack.services import cloudwatch, dynamodb, stepfunctions

STARTS_PER_SECOND = "emulator:starts-per-second"
_WRITES = ("_put_item", "_update_item", "_delete_item", "_transact_write_items", "_batch_write_item", "_execute_statement")
_READS = ("_get_item", "_query", "_scan", "_batch_get_item")


class Bucket:
    """Tokens that come at a rate, those of a second or one at the most."""

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._most = max(1.0, per_second)
        self._tokens, self._at = self._most, time.monotonic()

    def takes(self) -> bool:
        now = time.monotonic()
        self._tokens = min(self._most, self._tokens + (now - self._at) * self.per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


_lock = threading.Lock()
_buckets: dict[tuple[str, str], Bucket] = {}
# A request that is made of others counts once.
_within = threading.local()


def add() -> None:
    plain = stepfunctions._start_execution

    def start_execution(request: dict) -> tuple:
        machine = stepfunctions._resolve_state_machine_arn(request.get("stateMachineArn", "")) or ""
        tags = {tag["key"]: tag["value"] for tag in stepfunctions._tags.get(machine) or []}
        if not _has_room((machine, "starts"), float(tags.get(STARTS_PER_SECOND, "inf"))):
            return error_response_json("ThrottlingException", "Rate exceeded", 400)
        return plain(request)

    stepfunctions._start_execution = start_execution
    for names, limit, metric in (
        (_WRITES, "MaxWriteRequestUnits", "WriteThrottleEvents"),
        (_READS, "MaxReadRequestUnits", "ReadThrottleEvents"),
    ):
        for name in names:
            setattr(dynamodb, name, _limited(getattr(dynamodb, name), limit, metric))


def _limited(plain: Callable[[dict], tuple], limit: str, metric: str) -> Callable[[dict], tuple]:
    @functools.wraps(plain)
    def limited(request: dict) -> tuple:
        if getattr(_within, "request", False):
            return plain(request)
        maxima = {name: table.get("OnDemandThroughput", {}).get(limit, -1) for name, table in dynamodb._tables.items()}
        maxima = {name: maximum for name, maximum in maxima.items() if maximum > 0}
        for table in _named(request, maxima) if maxima else []:
            if not _has_room((table, limit), maxima[table]):
                cloudwatch.record_metric("AWS/DynamoDB", metric, 1, "Count", {"TableName": table})
                return error_response_json("ThrottlingException", f"{limit} of {table} is exceeded", 400)
        _within.request = True
        try:
            return plain(request)
        finally:
            _within.request = False

    return limited


def _named(request: dict, tables: Iterable[str]) -> list[str]:
    """Those of the tables that a request names, in any field."""
    said = json.dumps([request.get(part) for part in ("TableName", "RequestItems", "TransactItems", "Statement")])
    said = said.replace('\\"', '"')
    return [table for table in tables if f'"{table}"' in said]


def _has_room(key: tuple[str, str], per_second: float) -> bool:
    if per_second == float("inf"):
        return True
    with _lock:
        bucket = _buckets.get(key)
        if not bucket or bucket.per_second != per_second:
            bucket = _buckets[key] = Bucket(per_second)
        return bucket.takes()
