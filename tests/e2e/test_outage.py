"""An outage of the target opens the circuit, costs no event, and is over by itself: judged by uploads and executions alone."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import minutes as minutes_of
import pytest
from minutes import AT_ONCE, TICKS, does
from one_pipeline import Pipeline, wait
from operating import answer
from sites import Site

pytestmark = pytest.mark.xdist_group("pipelines")

OBJECTS = 60
# From one probe to the next, at the soonest.
PROBE_SECONDS = 5
DOWN = {"id": {"S": "down"}}


@pytest.fixture
def target(site: Site) -> Iterator[str]:
    """Its table; in the end it takes everything again."""
    table = site.roots["pipelines"].outputs["target_table"]
    yield table
    site.aws().dynamodb.delete_item(TableName=table, Key=DOWN)


def circuit(pipeline: Pipeline) -> str:
    return answer(pipeline.emulator, "-p", pipeline.name, "status")["circuit"]["state"]


def test_an_outage_opens_the_circuit_costs_no_event_and_is_over_by_itself(
    pipelines: dict[str, Pipeline], target: str, tmp_path: Path
) -> None:
    pipeline = pipelines["adapting"]
    minutes = minutes_of.of(pipeline, tmp_path / "alarms", adapts=True)
    assert circuit(pipeline) == "closed"

    pipeline.aws.dynamodb.put_item(TableName=target, Item=DOWN)
    keys = [f"in/{number}.json" for number in range(OBJECTS)]
    for key in keys:
        pipeline.put(key)
    pipeline.until_waiting(OBJECTS)
    minutes.until("circuit-open", TICKS)
    told = does(pipeline, "circuit-open", "spillway -p NAME status")
    assert "the circuit is open since" in told, told
    assert circuit(pipeline) == "open"

    # Nothing starts but probes, and a failure by the target is no attempt.
    before, began = pipeline.count(), time.monotonic()
    with pipeline.ticking():
        wait(lambda: pipeline.count() > before, "no probe starts")
    assert pipeline.count() - before <= 1 + (time.monotonic() - began) / PROBE_SECONDS
    assert {(run.status, run.error) for run in pipeline.runs("in/")} == {("FAILED", "Target.Busy")}
    assert pipeline.dead() == 0
    assert circuit(pipeline) == "open"

    pipeline.aws.dynamodb.delete_item(TableName=target, Key=DOWN)
    with pipeline.ticking():
        pipeline.until_quiet()
    assert circuit(pipeline) in ("rising", "slowed", "closed")
    succeeded = [run.objects[0]["key"] for run in pipeline.runs("in/") if run.status == "SUCCEEDED"]
    assert Counter(succeeded) == Counter(keys)
    assert pipeline.dead() == 0
    # The first of these minutes has the last ticks that found it open.
    minutes.until_quiet(AT_ONCE + 1)
