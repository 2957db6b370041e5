"""The same work by the floor, by dispatch, and by two peers."""

from bench import cases, per_event
from bench.cases import Case, Runs
from bench.programs import Programs
from bench.tables import Table, number

PART = "peers"
NAMES = ("floor", "dispatch", "python", "cumulus")
# A multiple of Cumulus's 500 messages per invocation: after the last message it goes on to ask an empty queue.
EVENTS = 3_000
QUICK_EVENTS = 500
LATENCY_MS = 10


def settings() -> list[str]:
    return [per_event.setting(LATENCY_MS, tls=tls) for tls in (False, True)]


def plan(programs: Programs, *, quick: bool, rounds: int) -> list[Case]:
    events = QUICK_EVENTS if quick else EVENTS
    return [
        Case(
            PART,
            name,
            per_event.setting(LATENCY_MS, tls=tls),
            programs.of[name].scenario(events=events, latency_ms=LATENCY_MS, tls=tls),
        )
        for tls in (False, True)
        for name in NAMES
        if name in programs.of
    ]


def report(runs: Runs, programs: Programs) -> list[Table]:
    own = [case for case in runs.of if case.part == PART]
    rows = []
    for case in own:
        dispatch = runs.find(PART, "dispatch", case.setting)
        rows.append(
            [
                f"{case.program}, {case.setting}",
                number(runs.median(case, cases.cpu_us), 0),
                number(runs.ratio(case, dispatch, cases.cpu_us), 2),
                number(runs.median(case, cases.calls), 2),
                number(runs.median(case, cases.write_units), 2),
                number(runs.median(case, cases.per_second), 0),
                number(runs.most(case, cases.peak_mb)),
                number(runs.most(case, cases.started_twice), 0),
                number(runs.most(case, cases.lost), 0),
            ]
        )
    head = ["program", "CPU µs", "× dispatch", "API calls", "write units", "starts/s", "peak MB", "twice", "lost"]
    return [
        Table("Peers: the same work, per event", head, rows),
        per_event.calls_by_kind(runs, own, "Peers: API calls per event, by kind"),
    ]
