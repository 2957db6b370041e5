"""Judges a run by moto's executions, tables and queues. Spillway's own counts are not asked.

Every function returns one sentence for each thing that is wrong.
"""

import collections
import dataclasses
import datetime
import itertools
import json

import workflow
from demo import executions
from demo.executions import Execution
from s3_records import Upload
from under_test import UnderTest

Identity = tuple[str, str | None]


@dataclasses.dataclass(frozen=True)
class Try:
    """One attempt of one object event."""

    name: str
    attempt: int
    start: datetime.datetime
    stop: datetime.datetime | None
    succeeded: bool


def tries(ended: list[dict]) -> dict[Identity, list[Try]]:
    """Of each object event, in the order of their starts."""
    found: dict[Identity, list[Try]] = collections.defaultdict(list)
    for execution in sorted(ended, key=lambda execution: execution["startDate"]):
        input_, failed = json.loads(execution["input"]), workflow.failed_items(execution)
        for item in input_["objects"]:
            times = execution["startDate"], execution.get("stopDate")
            one = Try(execution["name"], input_["attempt"], *times, item["id"] not in failed)
            found[item["key"], item["versionId"]].append(one)
    return found


def kept(pipeline: UnderTest, uploads: list[Upload]) -> list[str]:
    """The rules of every pipeline, once it is quiet."""
    ended = pipeline.ended()
    found, faults = tries(ended), list(pipeline.problems)
    wanted = {upload.identity for upload in uploads}
    faults += [f"{identity}: worked on, and nobody uploaded it" for identity in found.keys() - wanted]
    states = _states(pipeline.rows())
    faults += [f"{identity}: a row, and nobody uploaded it" for identity in states.keys() - wanted]
    for identity in wanted:
        own, state = found.get(identity, []), states.get(identity, [])
        faults += [f"{identity}: {fault} ({[one.name for one in own]}, {state})" for fault in _attempts(own)]
        expected = _expected(own, pipeline.settings.max_attempts, pipeline.settings.order == "latest")
        if state not in expected:
            faults.append(f"{identity}: its rows say {state} and not {expected}, after {own}")
    dead = {identity for identity, state in states.items() if state == ["DEAD"]}
    return faults + _limit(pipeline, ended) + _left(pipeline) + _queues(pipeline, dead) + _differing(pipeline)


def _states(rows: list[dict]) -> dict[Identity, list[str]]:
    """Of each object event the states of its rows, which should be one."""
    states: dict[Identity, list[str]] = collections.defaultdict(list)
    for row in rows:
        _, key = row["pk"]["S"].split("/", 1)
        states[key, row.get("version_id", {}).get("S")].append(row["state"]["S"])
    return states


def _attempts(own: list[Try]) -> list[str]:
    """Each attempt once, one after the other, none after one that succeeded."""
    faults = []
    if [one.attempt for one in own] != list(range(1, len(own) + 1)):
        faults.append(f"attempts {[one.attempt for one in own]}")
    for earlier, later in itertools.pairwise(own):
        if earlier.succeeded:
            faults.append(f"attempt {later.attempt} after one that had succeeded")
        if earlier.stop is None or later.start < earlier.stop:
            faults.append(f"attempt {later.attempt} before the one before it had ended")
    return faults


def _expected(own: list[Try], max_attempts: int, may_be_superseded: bool) -> list[list[str]]:
    if own and own[-1].succeeded:
        return [["SUCCEEDED"]]
    if len(own) == max_attempts:
        return [["DEAD"]]
    return [["SUPERSEDED"]] if may_be_superseded else []


def _limit(pipeline: UnderTest, ended: list[dict]) -> list[str]:
    runs = [Execution(it["name"], it["status"], it["startDate"], it.get("stopDate"), 0, ()) for it in ended]
    limit, peak = pipeline.settings.max_concurrency, max(executions.peak_running(runs), pipeline.seen_running)
    return [f"{peak} executions ran at one time, and {limit} may"] if peak > limit else []


def _left(pipeline: UnderTest) -> list[str]:
    faults = []
    for item in pipeline.items():
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        if pk == "slots" or pk.startswith("s/"):
            faults.append(f"a slot is left: {sk}")
        if pk.startswith("run/"):
            faults.append(f"a batch is left: {pk}")
        if pk == "lease" and "holder" in item:
            faults.append(f"the lease is held: {item}")
        if sk == "head" and ("running" in item or "waits" in item):
            faults.append(f"the head of {pk} is not at rest: {item}")
    return faults


def _queues(pipeline: UnderTest, dead: set[Identity]) -> list[str]:
    faults = [f"in {name}: {it}" for name in ("events", "outcomes", "outcomes-dlq") for it in pipeline.messages(name)]
    letters = set()
    for message in pipeline.messages("events-dlq"):
        item = json.loads(message["body"])["object"]
        letters.add((item["key"], item.get("versionId")))
        # The message that brings it back asks for the attempt after the last.
        if message["attributes"].get("attempt") != str(pipeline.settings.max_attempts + 1) or not message["attributes"].get(
            "reason"
        ):
            faults.append(f"a dead letter does not tell what it asks for, or why it is one: {message}")
    return faults + [f"{identity}: dead, and no dead letter, or the other way round" for identity in letters ^ dead]


def _differing(pipeline: UnderTest) -> list[str]:
    return [f"{name} was started with several inputs" for name in pipeline.server.ask("told")["differing"]]


def one_at_a_time(pipeline: UnderTest) -> list[str]:
    """No two executions of one object at once."""
    by_key: dict[str, list[Try]] = collections.defaultdict(list)
    for (key, _), own in tries(pipeline.ended()).items():
        by_key[key] += own
    return [
        f"{key}: {later.name} started while {earlier.name} ran"
        for key, own in by_key.items()
        for earlier, later in itertools.pairwise(sorted(own, key=lambda one: one.start))
        if earlier.stop is None or later.start < earlier.stop
    ]


def _first_starts(pipeline: UnderTest, uploads: list[Upload]) -> dict[str, list[int]]:
    """Of each object the numbers of its uploads, in the order in which their first attempts started."""
    found = tries(pipeline.ended())
    started = [upload for upload in uploads if found.get(upload.identity)]
    numbers: dict[str, list[int]] = collections.defaultdict(list)
    for upload in sorted(started, key=lambda upload: found[upload.identity][0].start):
        numbers[upload.key].append(upload.number)
    return numbers


def in_turn(pipeline: UnderTest, uploads: list[Upload]) -> list[str]:
    """Every version of an object, in the order of the uploads."""
    expected: dict[str, list[int]] = collections.defaultdict(list)
    for upload in uploads:
        expected[upload.key].append(upload.number)
    started = _first_starts(pipeline, uploads)
    return [
        f"{key}: started {started[key]} and not {numbers}" for key, numbers in expected.items() if started[key] != sorted(numbers)
    ]


def only_forward(pipeline: UnderTest, uploads: list[Upload]) -> list[str]:
    """The newest version of each object was processed, and after none an older one, at any attempt."""
    numbers = {upload.identity: upload.number for upload in uploads}
    newest = {upload.key: upload.number for upload in sorted(uploads, key=lambda upload: upload.number)}
    started: dict[str, list[tuple[datetime.datetime, int]]] = collections.defaultdict(list)
    for identity, own in tries(pipeline.ended()).items():
        started[identity[0]] += [(one.start, numbers[identity]) for one in own if identity in numbers]
    faults = []
    for key, number in newest.items():
        order = [each for _, each in sorted(started[key])]
        if order != sorted(order):
            faults.append(f"{key}: an older version after a newer one: {order}")
        if not order or order[-1] != number:
            faults.append(f"{key}: the newest version is {number}, and started were {order}")
    return faults


def batches(pipeline: UnderTest) -> list[str]:
    """No more than the limit of an execution, attempts after the first alone, no two versions of an object together."""
    faults, most = [], pipeline.settings.events_per_execution
    for execution in pipeline.ended():
        input_ = json.loads(execution["input"])
        keys = [item["key"] for item in input_["objects"]]
        if len(keys) > most or (input_["attempt"] > 1 and len(keys) > 1) or len(set(keys)) < len(keys):
            faults.append(f"{execution['name']}, attempt {input_['attempt']}, has {keys}")
    return faults
