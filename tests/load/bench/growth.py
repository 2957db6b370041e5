"""Growth: the cost of a tick while many executions run."""

from bench.cases import Case, Result, Runs, cpu_seconds
from bench.programs import Programs
from bench.tables import Table, number

PART = "growth"
# The last is short of a pipeline's 10,000: with every slot taken, a tick waits for one and does not end.
SLOTS = (0, 100, 1_000, 9_900)


def setting(slots: int) -> str:
    return f"{slots:,} slots taken, empty queue"


def plan(programs: Programs, *, quick: bool, rounds: int) -> list[Case]:
    return [
        Case(PART, "dispatch", setting(slots), programs.of["dispatch"].scenario(events=0, slots_taken=slots, latency_ms=10))
        for slots in (SLOTS if not quick else SLOTS[:3])
    ]


def tick_cpu_ms(result: Result) -> float:
    return cpu_seconds(result) * 1e3 / result["invocations"]


def tick_read_units(result: Result) -> float:
    return result["read_units"] / result["invocations"]


def tick_write_units(result: Result) -> float:
    return result["write_units"] / result["invocations"]


def tick_calls(result: Result) -> float:
    return sum(result["calls"].values()) / result["invocations"]


def read_units_per_slot(runs: Runs) -> float | None:
    """Between none and the most slots that were measured."""
    measured = [slots for slots in SLOTS if runs.find(PART, "dispatch", setting(slots))]
    if len(measured) < 2 or measured[0] != 0:
        return None
    none, most = (runs.median(runs.find(PART, "dispatch", setting(slots)), tick_read_units) for slots in (0, measured[-1]))
    return (most - none) / measured[-1]


def report(runs: Runs, programs: Programs) -> list[Table]:
    rows = [
        [
            case.setting,
            number(runs.median(case, tick_cpu_ms)),
            number(runs.median(case, tick_read_units)),
            number(runs.median(case, tick_write_units)),
            number(runs.median(case, tick_calls)),
        ]
        for case in runs.of
        if case.part == PART
    ]
    head = ["setting", "CPU ms per tick", "read units", "write units", "API calls"]
    return [Table("Growth: a tick of dispatch with nothing to start", head, rows)]
