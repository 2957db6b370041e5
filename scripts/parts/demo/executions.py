"""Every execution of a state machine, as Step Functions tells of it."""

import dataclasses
import datetime
import json
import urllib.parse
from concurrent.futures import ThreadPoolExecutor


@dataclasses.dataclass(frozen=True)
class Execution:
    name: str
    status: str
    start: datetime.datetime
    stop: datetime.datetime | None
    attempt: int
    objects: tuple[dict, ...]
    error: str = ""
    output: str = ""


def summaries(client, state_machine: str) -> list[dict]:
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=state_machine)
    return [execution for page in pages for execution in page["executions"]]


def described(client, state_machine: str, ended: dict[str, Execution] | None = None) -> list[Execution]:
    """With their inputs; takes a call for each, unless it is in `ended`, which keeps those that no longer change, by ARN."""
    known = {} if ended is None else ended

    def describe(summary: dict) -> Execution:
        if summary["executionArn"] in known:
            return known[summary["executionArn"]]
        found = client.describe_execution(executionArn=summary["executionArn"])
        attempt, objects = _given(found["name"], json.loads(found["input"]))
        execution = Execution(
            found["name"],
            found["status"],
            found["startDate"],
            found.get("stopDate"),
            attempt,
            objects,
            found.get("error") or "",
            found.get("output") or "",
        )
        if execution.stop:
            known[summary["executionArn"]] = execution
        return execution

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(describe, summaries(client, state_machine)))


def _given(name: str, input_: dict) -> tuple[int, tuple[dict, ...]]:
    """The attempt and the objects, in either of the input's formats."""
    if "Records" not in input_:
        return input_["attempt"], tuple(input_["objects"])
    found = []
    for record in input_["Records"]:
        bucket, item = record["s3"]["bucket"]["name"], record["s3"]["object"]
        known = {name: item.get(other) for name, other in (("size", "size"), ("etag", "eTag"), ("versionId", "versionId"))}
        found.append({"bucket": bucket, "key": urllib.parse.unquote_plus(item["key"]), "sequencer": item.get("sequencer"), **known})
    # S3's format has no attempt: it is the end of the execution's name.
    return int(name.rsplit("-", 1)[1]), tuple(found)


def peak_running(executions: list[Execution]) -> int:
    """The most that ran at one time. Two do not run together if one stops as the other starts."""
    changes = [(execution.start, 1) for execution in executions]
    changes += [(execution.stop, -1) for execution in executions if execution.stop]
    running = peak = 0
    for _, change in sorted(changes):
        running += change
        peak = max(peak, running)
    return peak


def saturated_rate(executions: list[Execution], limit: int) -> float:
    """Starts per second from the first to the last moment at which all slots were taken; 0 if that never was so."""
    changes = [(execution.start, 1) for execution in executions]
    changes += [(execution.stop, -1) for execution in executions if execution.stop]
    running, full = 0, []
    for at, change in sorted(changes):
        running += change
        if running >= limit:
            full.append(at)
    if not full or full[0] == full[-1]:
        return 0.0
    starts = sum(full[0] < execution.start <= full[-1] for execution in executions)
    return starts / (full[-1] - full[0]).total_seconds()
