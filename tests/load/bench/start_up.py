"""Start-up: from the start of the process to its first request for work."""

from bench import cases
from bench.cases import Case, Runs
from bench.programs import Programs
from bench.tables import Table, number

PART = "start-up"
SETTING = "plain"
STARTS = 60
HANDLERS = ("dispatch", "settle", "ingest", "reconcile")


def plan(programs: Programs, *, quick: bool, rounds: int) -> list[Case]:
    # Sixty in all, spread over the rounds.
    times = 15 if quick else -(-STARTS // rounds)
    names = [*HANDLERS, "floor", "python", "cumulus"]
    return [Case(PART, name, SETTING, programs.of[name].scenario(work="start_up"), times) for name in names if name in programs.of]


def report(runs: Runs, programs: Programs) -> list[Table]:
    rows = []
    for case in [case for case in runs.of if case.part == PART]:
        size = programs.sizes.get(case.program, {})
        rows.append(
            [
                case.program,
                number(runs.median(case, cases.start_up_cpu_ms)),
                number(runs.median(case, cases.start_up_wall_ms)),
                number(runs.median(case, cases.first_peak_mb)),
                number(size["binary"] / 1e6, 2) if size else "",
                number(size["zip"] / 1e6, 2) if size else "",
                str(len(runs.results(case))),
            ]
        )
    head = ["program", "CPU ms", "wall ms", "peak MB", "binary MB", "zip MB", "starts"]
    return [Table("Start-up: to the first request for work (p50)", head, rows)]
