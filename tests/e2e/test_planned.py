"""A run on the emulator takes as long as `spillway plan` says.

Rate and starts per tick bind, so that a slow machine changes little.
"""

import time

import pytest
from one_pipeline import Pipeline
from operating import answer
from taking_over import PERIOD_SECONDS, scheduled

pytestmark = pytest.mark.xdist_group("pipelines")

# Seven ticks of 12: the median is in the midst of the fourth one, and not at the border of two.
UPLOADS = 84
PACE = {"starts_per_second": 4, "burst": 4, "starts_per_tick": 12}
# The executions of the test's workflow take so long.
TAKES_SECONDS = 1
EXACT = 0.1
RUNS = 3


def planned(pipeline: Pipeline) -> dict:
    pace = {"max_concurrency": 20, **PACE}
    return answer(
        pipeline.emulator,
        "plan",
        *("--burst", str(UPLOADS), "--takes", f"{TAKES_SECONDS}s", "--delivery", "10ms"),
        *("--idle", "wait", "--schedule", f"{PERIOD_SECONDS}s"),
        *(option for name, value in pace.items() for option in ("--pace", f"{name}={value}")),
    )


def measured(pipeline: Pipeline, group: str) -> dict[str, float]:
    """One run. `group`: unlike that of any other."""
    for number in range(UPLOADS):
        pipeline.put(f"{group}/{number}.json")
    pipeline.until_waiting(UPLOADS)
    with pipeline.controlled(**PACE), scheduled(pipeline):
        began = time.time()
        pipeline.until_quiet()
    runs = pipeline.runs(f"{group}/")
    waits = sorted(run.start.timestamp() - began for run in runs)
    assert len(waits) == UPLOADS
    return {
        "drain": max(run.stop.timestamp() for run in runs) - began,
        "p50": waits[round(0.50 * (UPLOADS - 1))],
        "p99": waits[round(0.99 * (UPLOADS - 1))],
    }


def test_a_plan_is_within_a_tenth_of_a_run(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["waiting"]
    plan = planned(pipeline)
    (lane,) = plan["lanes"]
    expected = pytest.approx({"drain": plan["drain_seconds"], "p50": lane["p50_seconds"], "p99": lane["p99_seconds"]}, rel=EXACT)
    # A machine that stands still for a while makes a run longer: then another one is measured.
    runs = []
    while expected not in runs and len(runs) < RUNS:
        runs.append(measured(pipeline, f"planned-{len(runs)}"))
    print(f"planned {expected}, measured {runs}")
    assert expected in runs
