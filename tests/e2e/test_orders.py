"""Versions of one object that come while an older one is worked on."""

import collections

import notifications
from one_pipeline import Pipeline, wait
from pipeline import judge_orders
from pipeline.judge_orders import Version

VERSIONS = 10


def flood(pipeline: Pipeline, key: str) -> list[Version]:
    """One version after another, as fast as it goes, while ticks go on."""
    with pipeline.ticking():
        uploads = [pipeline.put(key) for _ in range(VERSIONS)]
        pipeline.until_quiet()
    return uploads


def test_latest_works_on_the_last_version_and_records_those_it_left_out(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["latest"]
    uploads = flood(pipeline, "sqs/flood.json")
    runs = pipeline.runs("sqs/flood.json")
    assert judge_orders.latest(uploads, runs) == []
    worked_on = {version.version for run in runs for version in judge_orders.works_on(run)}
    assert len(worked_on) < VERSIONS
    states = collections.Counter(row["state"]["S"] for row in pipeline.rows("sqs/flood.json"))
    assert states == {"SUCCEEDED": len(worked_on), "SUPERSEDED": VERSIONS - len(worked_on)}
    assert pipeline.dead() == 0


def test_each_works_on_every_version_in_turn(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["each"]
    uploads = flood(pipeline, "sqs/flood.json")
    assert judge_orders.each(uploads, pipeline.runs("sqs/flood.json")) == []


def test_each_takes_waiting_versions_by_sequencer_however_they_came(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["each"]
    # No source takes it: the notifications are sent by hand. The others must wait before the first is done.
    key = "unnotified/takes-long.json"
    uploads = [pipeline.put(key) for _ in range(5)]
    records = [notifications.record(pipeline.bucket, key, "etag") for _ in uploads]
    for record, upload in zip(records, uploads, strict=True):
        record["s3"]["object"]["versionId"] = upload.version
    with pipeline.ticking():
        pipeline.send({"Records": [records[0]]})
        wait(lambda: len(pipeline.runs(key)) > 0, 30, "the first version has not started")
        for record in reversed(records[1:]):
            pipeline.send({"Records": [record]})
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
