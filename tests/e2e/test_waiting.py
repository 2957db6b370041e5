"""Ticks that wait for events: an upload to an idle pipeline starts at once, also while one tick takes over from another."""

import contextlib
import statistics
import threading
import time
from collections.abc import Iterator

import pytest
from one_pipeline import Pipeline, wait

pytestmark = pytest.mark.xdist_group("pipelines")

UPLOADS = 60
# From one tick to the next; on AWS a minute.
PERIOD_SECONDS = 8


@contextlib.contextmanager
def scheduled(pipeline: Pipeline) -> Iterator[list[tuple[bool, str]]]:
    """Ticks by a schedule, each in an invocation of its own. Returns their output."""
    over, said, ticks = threading.Event(), [], []

    def fire() -> None:
        while not over.is_set():
            tick = threading.Thread(target=lambda: said.append(pipeline.invoke()), daemon=True)
            ticks.append(tick)
            tick.start()
            over.wait(PERIOD_SECONDS)

    schedule = threading.Thread(target=fire, daemon=True)
    schedule.start()
    try:
        yield said
    finally:
        over.set()
        schedule.join()
        # The last one has no successor: a pause ends it.
        control = {"pk": {"S": "control"}, "sk": {"S": "dispatch"}}
        table = pipeline.outputs["ledger_table_name"]
        pipeline.aws.dynamodb.put_item(TableName=table, Item={**control, "paused": {"BOOL": True}})
        for tick in ticks:
            tick.join()
        pipeline.aws.dynamodb.delete_item(TableName=table, Key=control)


def test_an_upload_to_an_idle_pipeline_starts_at_once(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["waiting"]
    uploaded = {}
    with scheduled(pipeline) as said:
        # The first tick can have a cold start.
        pipeline.put("first.json")
        wait(lambda: pipeline.runs("first.json") != [], "the first upload has not started")
        for number in range(UPLOADS):
            key = f"in/{number}.json"
            pipeline.put(key)
            uploaded[key] = time.time()
            time.sleep(0.5)
        pipeline.until_quiet()
    started = {run.objects[0]["key"]: run.start.timestamp() for run in pipeline.runs("in/")}
    assert set(started) == set(uploaded)
    latencies = sorted(started[key] - uploaded[key] for key in uploaded)
    print(f"p50 {statistics.median(latencies):.3f} s, worst {latencies[-1]:.3f} s")
    assert statistics.median(latencies) <= 0.5, latencies
    assert latencies[-1] <= 10, latencies
    assert all(good for good, _ in said), said
    assert len(said) >= 3
