"""A run on the emulator takes as long as `spillway plan` says.

Rate and starts per tick bind, so that a slow machine changes little.
"""

import time

import pytest
from one_pipeline import Pipeline
from operating import answer
from taking_over import PERIOD_SECONDS, scheduled

pytestmark = pytest.mark.xdist_group("pipelines")

UPLOADS = 96
PACE = {"starts_per_second": 4, "burst": 4, "starts_per_tick": 12}
# The executions of the test's workflow take so long.
TAKES_SECONDS = 1
EXACT = 0.1


def planned(pipeline: Pipeline) -> dict:
    pace = {"max_concurrency": 20, **PACE}
    return answer(
        pipeline.emulator,
        "plan",
        *("--burst", str(UPLOADS), "--takes", f"{TAKES_SECONDS}s", "--delivery", "10ms"),
        *("--idle", "wait", "--schedule", f"{PERIOD_SECONDS}s"),
        *(option for name, value in pace.items() for option in ("--pace", f"{name}={value}")),
    )


def test_a_plan_is_within_a_tenth_of_a_run(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["waiting"]
    for number in range(UPLOADS):
        pipeline.put(f"planned/{number}.json")
    pipeline.until_waiting(UPLOADS)
    with pipeline.controlled(**PACE), scheduled(pipeline):
        began = time.time()
        pipeline.until_quiet()
    runs = pipeline.runs("planned/")
    waits = sorted(run.start.timestamp() - began for run in runs)
    assert len(waits) == UPLOADS
    measured = {
        "drain": max(run.stop.timestamp() for run in runs) - began,
        "p50": waits[round(0.50 * (UPLOADS - 1))],
        "p99": waits[round(0.99 * (UPLOADS - 1))],
    }
    plan = planned(pipeline)
    (lane,) = plan["lanes"]
    expected = {"drain": plan["drain_seconds"], "p50": lane["p50_seconds"], "p99": lane["p99_seconds"]}
    print(f"planned {expected}, measured {measured}")
    assert measured == pytest.approx(expected, rel=EXACT)
