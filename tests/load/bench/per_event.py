"""The cost of one event for each handler: CPU, API calls, capacity units."""

from bench import cases
from bench.cases import Case, Runs
from bench.programs import Programs
from bench.tables import Table, number

PART = "per-event"
HANDLERS = ("dispatch", "settle", "ingest")
LATENCIES_MS = (10, 30)
# Of settle and ingest fewer: Lambda invokes them for ten and for one, and each invocation waits for its calls.
EVENTS = {"dispatch": 6_000, "settle": 2_000, "ingest": 600}
QUICK_EVENTS = {"dispatch": 1_000, "settle": 500, "ingest": 200}


def setting(latency_ms: int, *, tls: bool) -> str:
    return f"{latency_ms} ms, {'TLS' if tls else 'plain'}"


def plan(programs: Programs, *, quick: bool, rounds: int) -> list[Case]:
    events = QUICK_EVENTS if quick else EVENTS
    return [
        Case(
            PART,
            name,
            setting(latency_ms, tls=tls),
            programs.of[name].scenario(events=events[name], latency_ms=latency_ms, tls=tls, **_grouped(name)),
        )
        for name in HANDLERS
        for latency_ms in LATENCIES_MS
        for tls in (False, True)
    ]


def _grouped(name: str) -> dict:
    # S3 writes one record into an event. https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    return {"per_execution": 1} if name == "ingest" else {}


def report(runs: Runs, programs: Programs) -> list[Table]:
    own = [case for case in runs.of if case.part == PART]
    rows = [
        [
            f"{case.program}, {case.setting}",
            number(runs.median(case, cases.cpu_us), 0),
            number(runs.median(case, cases.first_invocation_cpu_ms)),
            number(runs.median(case, cases.calls), 2),
            number(runs.median(case, cases.read_units), 2),
            number(runs.median(case, cases.write_units), 2),
            number(runs.most(case, cases.peak_mb)),
            number(runs.median(case, cases.server_busy), 2),
        ]
        for case in own
    ]
    head = ["handler", "CPU µs", "first call CPU ms", "API calls", "read units", "write units", "peak MB", "server busy"]
    return [Table("Per event", head, rows), calls_by_kind(runs, own, "API calls per event, by kind")]


def calls_by_kind(runs: Runs, own: list[Case], title: str) -> Table:
    """At the first setting of each program: they differ little between settings."""
    first = {case.program: case for case in reversed(own)}
    first = {name: first[name] for name in dict.fromkeys(case.program for case in own)}
    kinds = sorted({kind for case in first.values() for result in runs.results(case) for kind in result["calls"]})
    rows = [[kind, *(number(runs.median(case, cases.calls_of(kind)), 3) for case in first.values())] for kind in kinds]
    return Table(title, ["call", *first], rows)
