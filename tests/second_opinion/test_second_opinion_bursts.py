"""A burst without an order: one object an execution, and several."""

import collections
import random
from collections.abc import Callable

import s3_records
import verdict
from under_test import Settings, UnderTest

# The calls that the handlers make all the time.
ACTIONS = (
    "BatchGetItem",
    "DeleteItem",
    "DeleteMessageBatch",
    "DescribeExecution",
    "PutItem",
    "Query",
    "ReceiveMessage",
    "SendMessage",
    "StartExecution",
    "UpdateItem",
)


def states(pipeline: UnderTest) -> collections.Counter[str]:
    return collections.Counter(row["state"]["S"] for row in pipeline.rows())


def test_a_burst_is_worked_on_once_though_answers_are_lost(make: Callable[[str, Settings], UnderTest]) -> None:
    pipeline, rng = make("plain", Settings()), random.Random(1)
    uploads = s3_records.uploads(pipeline.bucket, objects=16, versions=2, rng=rng)
    pipeline.send(s3_records.notifications(uploads, rng))
    with pipeline.running():
        pipeline.until_quiet()
    assert verdict.kept(pipeline, uploads) == []
    assert states(pipeline) == {"SUCCEEDED": 28, "DEAD": 4}
    told = pipeline.server.ask("told")
    assert told["refused"]["BatchExecuteStatement"] > 0
    assert {action for action in ACTIONS if not told["lost"].get(action)} == set()


def test_batches_are_worked_on_once_and_what_failed_in_one_alone(make: Callable[[str, Settings], UnderTest]) -> None:
    pipeline, rng = make("batches", Settings(events_per_execution=5, max_concurrency=6)), random.Random(2)
    uploads = s3_records.uploads(pipeline.bucket, objects=24, versions=2, rng=rng)
    pipeline.send(s3_records.notifications(uploads, rng))
    with pipeline.running():
        pipeline.until_quiet()
    assert verdict.kept(pipeline, uploads) == []
    assert verdict.batches(pipeline) == []
    assert states(pipeline) == {"SUCCEEDED": 42, "DEAD": 6}
