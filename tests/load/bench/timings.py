"""Virtual time, for times that no clock of this machine can tell, since a burst takes an hour and a crash two ticks."""

import json
import subprocess
from pathlib import Path

from program import processes

from bench import measure
from bench.cases import Case, Result, Runs
from bench.programs import Programs
from bench.tables import Table, number

PART = "timings"
DRAINS = (10_000, 1_000_000)
# Few at once, so that it is running executions that hold a burst up.
AT_THE_LIMIT = 2_000
# Milliseconds that EventBridge takes, and whether ticks wait.
ENDS = ("0", "0 wait", "300 wait")
# Seconds between two uploads.
ARRIVALS = (300, 1)
RECOVERY = "recovery"
HANDLERS = ("dispatch", "settle")


def drain_setting(events: int) -> str:
    return f"drain-at-quota {events}"


def limit_setting(ends: str) -> str:
    return f"drain-at-limit {AT_THE_LIMIT} {ends}"


def arrival_setting(seconds: int) -> str:
    return f"upload-to-start {seconds}"


def plan(programs: Programs, *, quick: bool, rounds: int) -> list[Case]:
    drains = [drain_setting(events) for events in (DRAINS[:1] if quick else DRAINS)]
    settings = [*drains, *map(limit_setting, ENDS), *map(arrival_setting, ARRIVALS), RECOVERY]

    def run(_load: Path, scenario: dict) -> Result:
        return _run([str(programs.timings), *scenario["arguments"]])

    # Nothing in it is left to chance: another round would say the same.
    return [Case(PART, "pipeline", setting, {"arguments": setting.split()}, measured_by=run, once=True) for setting in settings]


def _run(command: list[str]) -> Result:
    ran = processes.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if ran.returncode != 0:
        raise measure.LoadError(ran.stderr.strip() or f"timings ended with {ran.returncode}")
    return json.loads(ran.stdout)


def over_ideal(result: Result) -> float:
    return result["over_ideal"]


def drains(runs: Runs) -> list[Case]:
    return [case for case in runs.of if case.part == PART and case.setting.startswith("drain")]


def longest_recovery(runs: Runs, handler: str) -> float | None:
    """Seconds, of all crashes of a handler."""
    (result,) = runs.results(runs.find(PART, "pipeline", RECOVERY)) or ({"recoveries": []},)
    return max((one["took_s"] for one in result["recoveries"] if one["handler"] == handler), default=None)


def recoveries(runs: Runs) -> list[tuple[str, float]]:
    """By handler and call, the longer of dying before and after it."""
    longest: dict[str, float] = {}
    for result in runs.results(runs.find(PART, "pipeline", RECOVERY)):
        for one in result["recoveries"]:
            name = f"{one['handler']}, {one['operation']}"
            longest[name] = max(longest.get(name, 0.0), one["took_s"])
    return list(longest.items())


def report(runs: Runs, programs: Programs) -> list[Table]:
    return [
        Table(
            "Drain of a burst (virtual time)",
            ["burst", "took s", "ideal s", "over ideal", "at once", "ticks", "calls", "reads", "writes", "lost", "twice"],
            [_drain(case, *runs.results(case)) for case in drains(runs)],
        ),
        Table(
            "From upload to start, 300 uploads (virtual time, seconds)",
            ["apart", "p50", "p90", "p99", "longest"],
            [_wait(*runs.results(case)) for seconds in ARRIVALS if (case := runs.find(PART, "pipeline", arrival_setting(seconds)))],
        ),
        Table(
            "Recovery: how much longer a crash at a call makes it (virtual time, seconds)",
            ["crash", "longest"],
            [[name, number(took)] for name, took in recoveries(runs)],
        ),
    ]


def _drain(case: Case, result: Result) -> list[str]:
    events = result["events"]
    how = f"{result['starts_per_second']:g}/s"
    if case.setting in map(limit_setting, ENDS):
        waits = ", waiting" if case.setting.endswith("wait") else ""
        how = f"{result['max_concurrency']} at once, ends {1_000 * result['event_delay_s']:.0f} ms late{waits}"
    return [
        f"{events:,}, {how}",
        number(result["took_s"]),
        number(result["ideal_s"]),
        number(result["over_ideal"], 3),
        f"{result['most_running']:,}",
        str(result["ticks"]),
        number(sum(result["calls"].values()) / events, 2),
        number(result["read_units"] / events, 2),
        number(result["write_units"] / events, 3),
        str(result["lost"]),
        str(result["started_twice"]),
    ]


def _wait(result: Result) -> list[str]:
    return [f"{result['every_s']} s", *(number(result[name]) for name in ("p50_s", "p90_s", "p99_s", "max_s"))]
