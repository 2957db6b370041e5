"""The alarms, on the handlers' lines in the simulation: quiet while all is well, heard within three ticks after a fault."""

import json
import os
import subprocess

import pytest
from alarms import plans
from alarms.definitions import Alarm, begun, of_plan
from alarms.series import Metrics
from program import processes
from program.paths import ROOT, TARGET

# One process runs the drills once.
pytestmark = pytest.mark.xdist_group("alarms-simulated")

NAME = "pipeline"
# All that a pipeline can have; the bound of slots is that of a short workflow.
ARGUMENTS = {
    "name": NAME,
    "handlers": ["dispatch", "reconcile", "settle"],
    "limit_of_the_day": True,
    "oldest_slot_seconds": 600,
    "drain_seconds": 14400,
    # More than a pause of half an hour, and the drain after it.
    "oldest_event_seconds": 2700,
    "reconcile": {"state_machine_arn": "arn:aws:states:us-east-1:123456789012:stateMachine:pipeline_reconcile"},
}
# By their cost: CloudWatch's metrics of log lines are up to a minute late, and it looks once a minute.
TICKS = 3
LATE = 2

# The alarms of each drill, and the minute in which its trouble begins. Others can begin later, as its consequence.
QUIET = ("IdleDay", "Normal", "PausedBurst", "LimitLowered", "LostEvents", "DeadTick", "LedgerRestored")
HEARD: dict[str, dict[str, int]] = {
    "TargetDown": {"failures": 5, "dead-letters": 7},
    "Poison": {"dead-letters": 5},
    # The slot is older than 600 s then.
    "Hung": {"oldest-slot": 12},
    "DeadTicks": {"errors_dispatch": 5, "no-tick": 5},
    "ScheduleOff": {"no-tick": 5},
    "LeaseHeld": {"lease-stays-taken": 5, "no-tick": 5},
    # The start is open, and its slot is older than 600 s then.
    "StartsForbidden": {"errors_dispatch": 5, "oldest-slot": 15},
    "ReceivesForbidden": {"errors_dispatch": 5, "stands-still": 5},
    "MisspeltControl": {"errors_dispatch": 5, "no-tick": 5},
    "OldOverride": {"override": 5},
    "OverrideWithoutTime": {"override": 5},
    "DayLimit": {"day-limit": 5},
    # Throttled in each of three times five minutes, of which the first begins in minute 3.
    "Throttled": {"throttled-starts": 13},
    "Redriven": {"needs-person": 3},
    # The oldest is older than 2700 s then.
    "Backlog": {"drain-time": 5, "oldest-event_default": 50},
    "FunctionThrottled": {"throttles_dispatch": 5, "no-tick": 5},
    "LedgerThrottled": {"ledger-throttled_writes": 5},
    "ReadsThrottled": {"ledger-throttled_reads": 5},
    "SettleDies": {"errors_settle": 5},
    "ReconcileForbidden": {"reconcile-failed": 6},
}


@pytest.fixture(scope="module")
def told() -> dict[str, dict]:
    """The simulation's output for each drill."""
    # All members: with fewer, features differ, and every dependency is compiled again.
    build = ["cargo", "build", "--quiet", "--locked", "--workspace", "--bins"]
    assert processes.run(build, cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": str(TARGET)}).returncode == 0
    ran = processes.run([str(TARGET / "debug/drills")], stdout=subprocess.PIPE, text=True)
    assert ran.returncode == 0
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def alarms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Alarm]:
    found, _ = of_plan(plans.of_module(tmp_path_factory.mktemp("alarms"), **ARGUMENTS))
    return found


def alarmed(told: dict, alarms: dict[str, Alarm]) -> dict[str, float]:
    """In which minute each alarm began, by its name without the pipeline's."""
    metrics = Metrics()
    metrics.ticked_before(NAME, told["since"] / 1000)
    metrics.read(told["lines"])
    since, until = told["since"] / 1000, told["until"] / 1000
    return {name.split("_", 2)[2]: at / 60 for name, at in begun(alarms, metrics, since, until).items()}


def test_every_drill_is_looked_at(told: dict[str, dict]) -> None:
    assert {*QUIET, *HEARD} == told.keys()


@pytest.mark.parametrize("drill", QUIET)
def test_no_alarm_begins_where_all_is_well(drill: str, told: dict[str, dict], alarms: dict[str, Alarm]) -> None:
    assert alarmed(told[drill], alarms) == {}


@pytest.mark.parametrize("drill", HEARD)
def test_an_alarm_begins_within_three_ticks(drill: str, told: dict[str, dict], alarms: dict[str, Alarm]) -> None:
    began = alarmed(told[drill], alarms)
    for name, minute in HEARD[drill].items():
        assert name in began, began
        assert minute <= began[name] <= minute + TICKS + LATE, began


def test_nothing_is_heard_beside_what_the_drill_is_about(told: dict[str, dict], alarms: dict[str, Alarm]) -> None:
    beside = {drill: sorted(alarmed(told[drill], alarms).keys() - wanted.keys()) for drill, wanted in HEARD.items()}
    assert {drill: names for drill, names in beside.items() if names} == {}


def test_the_latencies_have_percentiles(told: dict[str, dict]) -> None:
    metrics = Metrics()
    metrics.read(told["Normal"]["lines"])
    assert {("Spillway", "EventToStartMilliseconds"), ("Spillway", "StartToOutcomeMilliseconds")} <= metrics.names
