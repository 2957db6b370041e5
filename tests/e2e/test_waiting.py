"""Ticks that wait for events: an upload to an idle pipeline starts at once, also while one tick takes over from another."""

import statistics
import time

import pytest
from one_pipeline import Pipeline, wait
from taking_over import scheduled

pytestmark = pytest.mark.xdist_group("pipelines")

UPLOADS = 60


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
