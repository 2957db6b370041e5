"""Instructions per event: how much more a longer run executes than a shorter one."""

import statistics

from bench import callgrind
from bench.cases import Case, Runs
from bench.programs import Programs
from bench.tables import Table, number

PART = "instructions"
NAMES = ("dispatch", "floor", "settle", "ingest")
# The start and the end of a run are in both, and so fall out of the difference.
FEW, MANY = 200, 800


def plan(programs: Programs, *, quick: bool, rounds: int) -> list[Case]:
    if not callgrind.found():
        return []
    return [
        Case(
            PART,
            name,
            f"{events} events",
            programs.of[name].scenario(events=events, latency_ms=10),
            measured_by=callgrind.run,
        )
        for name in NAMES
        for events in (FEW, MANY)
    ]


def per_event(runs: Runs, program: str) -> float | None:
    few, many = (runs.find(PART, program, f"{events} events") for events in (FEW, MANY))
    rounds = runs.of.get(few, {}).keys() & runs.of.get(many, {}).keys()
    differences = [
        (runs.of[many][number][0]["instructions"] - runs.of[few][number][0]["instructions"]) / (MANY - FEW) for number in rounds
    ]
    return statistics.median(differences) if differences else None


def report(runs: Runs, programs: Programs) -> list[Table]:
    if not callgrind.found():
        return []
    counted = {name: per_event(runs, name) for name in NAMES}
    floor = counted["floor"]
    rows = [
        [name, number(count and count / 1e3, 0), number(count / floor if count and floor else None, 2)]
        for name, count in counted.items()
    ]
    return [Table("Instructions per event (callgrind; 10 ms, plain)", ["program", "thousands", "× floor"], rows)]
