"""Versions of one object that come while an older one is processed."""

import collections

import judge_orders
import notifications
import pytest
from judge_orders import Version
from one_pipeline import Pipeline, wait

pytestmark = pytest.mark.xdist_group("cells")

VERSIONS = 10


def flood(pipeline: Pipeline, key: str) -> list[Version]:
    """One version, and all others while it counts as processed."""
    with pipeline.ticking():
        with pipeline.unsettled():
            uploads = [pipeline.put(key)]
            wait(lambda: len(pipeline.runs(key)) > 0, "the first version has not started")
            uploads += [pipeline.put(key) for _ in range(VERSIONS - 1)]
            wait(lambda: len(pipeline.rows(key)) == VERSIONS and pipeline.waiting() == 0, "not every version is in the ledger")
        pipeline.until_quiet()
    return uploads


def test_latest_works_on_the_last_version_and_records_those_it_left_out(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["latest"]
    uploads = flood(pipeline, "sqs/flood.json")
    runs = pipeline.runs("sqs/flood.json")
    assert judge_orders.latest(uploads, runs) == []
    worked_on = {version for run in runs for version in judge_orders.works_on(run)}
    assert worked_on == {uploads[0], uploads[-1]}
    states = collections.Counter(row["state"]["S"] for row in pipeline.rows("sqs/flood.json"))
    assert states == {"SUCCEEDED": 2, "SUPERSEDED": VERSIONS - 2}
    assert pipeline.dead() == 0


def test_each_works_on_every_version_in_turn(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["each"]
    uploads = flood(pipeline, "sqs/flood.json")
    assert judge_orders.each(uploads, pipeline.runs("sqs/flood.json")) == []


def test_each_takes_waiting_versions_by_sequencer_however_they_came(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["each"]
    # No source takes it: the notifications are sent by hand.
    key = "unnotified/one.json"
    uploads = [pipeline.put(key) for _ in range(5)]
    records = [notifications.record(pipeline.bucket, key, "etag") for _ in uploads]
    for record, upload in zip(records, uploads, strict=True):
        record["s3"]["object"]["versionId"] = upload.version
    with pipeline.ticking():
        with pipeline.unsettled():
            pipeline.send({"Records": [records[0]]})
            wait(lambda: len(pipeline.runs(key)) > 0, "the first version has not started")
            for record in reversed(records[1:]):
                pipeline.send({"Records": [record]})
            wait(lambda: len(pipeline.rows(key)) == len(uploads) and pipeline.waiting() == 0, "not every version is in the ledger")
        pipeline.until_quiet()
    assert judge_orders.each(uploads, pipeline.runs(key)) == []


def test_a_fifo_queue_starts_the_versions_of_an_object_in_their_order(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["fifo-none"]
    keys = [f"lambda/group-{number}.json" for number in range(3)]
    uploads = []
    for _ in range(4):
        uploads += [pipeline.put(key) for key in keys]
        pipeline.until_waiting(len(uploads))
    pipeline.work_off()
    assert judge_orders.in_order(uploads, pipeline.runs("lambda/group-")) == []
