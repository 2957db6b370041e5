"""Lambda's sizes: the same work with the share of a CPU that so much memory brings."""

from bench import cases
from bench.cases import Case, Result, Runs
from bench.programs import Programs
from bench.tables import Table, number

PART = "sizes"
# At this size a function has one vCPU. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
WHOLE_CPU_MB = 1769
SIZES_MB = (128, 256, 512, WHOLE_CPU_MB)
# Of the three largest Regions. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
QUOTA = {"per_second": 300, "burst": 1300}
# All of the quota's, though a pipeline has 1,000 at the most. A start arrives later than its token was taken, and AWS's full
# bucket gains nothing until the first one does.
BURST = 1_300
EVENTS = 3_000
# Longer than the burst lasts, so that it is the rate that counts.
EVENTS_UNDER_QUOTA = 7_000
FREE, UNDER_QUOTA, SLOW_UNDER_QUOTA = "no quota of starts", "300 starts/s", "300 starts/s, 30 ms"
# The size that is judged.
USUAL_MB = 256


def setting(megabytes: int, which: str) -> str:
    return f"{megabytes} MB, {which}"


def plan(programs: Programs, *, quick: bool, rounds: int) -> list[Case]:
    made = []
    for megabytes in SIZES_MB:
        common = {
            "latency_ms": 10,
            "tls": True,
            "cpu_share": round(megabytes / WHOLE_CPU_MB, 4),
            "environment": {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(megabytes)},
        }
        free = programs.of["dispatch"].scenario(events=EVENTS // 3 if quick else EVENTS, **common)
        made.append(Case(PART, "dispatch", setting(megabytes, FREE), free))
        if megabytes == USUAL_MB or not quick:
            paced = programs.of["dispatch"].scenario(events=EVENTS_UNDER_QUOTA, start_quota=QUOTA, **common)
            made.append(Case(PART, "dispatch", setting(megabytes, UNDER_QUOTA), paced))
        if megabytes == USUAL_MB:
            slow = {**paced, "latency_ms": 30}
            made.append(Case(PART, "dispatch", setting(megabytes, SLOW_UNDER_QUOTA), slow))
    return made


def fill(result: Result) -> float:
    """The starts as a share of those that the quota allowed in the same time."""
    return result["starts"] / (QUOTA["burst"] + QUOTA["per_second"] * result["last_start_s"])


def over_ideal(result: Result) -> float:
    """The time to drain as a multiple of the least that the pipeline's pace takes."""
    return result["last_start_s"] / ((result["events"] - BURST) / QUOTA["per_second"])


def throttled(result: Result) -> float:
    """Throttled calls over all calls of StartExecution."""
    return result["throttled"] / result["calls"]["StartExecution"]


def report(runs: Runs, programs: Programs) -> list[Table]:
    rows = []
    for megabytes in SIZES_MB:
        free, paced = (runs.find(PART, "dispatch", setting(megabytes, which)) for which in (FREE, UNDER_QUOTA))
        rows.append(
            [
                f"{megabytes} MB",
                number(runs.median(free, cases.per_second), 0),
                number(runs.median(free, cases.cpu_us), 0),
                number(max(filter(None, (runs.most(free, cases.peak_mb), runs.most(paced, cases.peak_mb))), default=None)),
                percent(runs.median(paced, fill)),
                percent(runs.median(paced, throttled), 2),
                number(runs.median(paced, over_ideal), 3),
            ]
        )
    head = ["size", "starts/s", "CPU µs per event", "peak MB", "quota filled", "throttled", "drain over ideal"]
    return [Table("dispatch with a Lambda's share of a CPU (10 ms, TLS)", head, rows)]


def percent(share: float | None, digits: int = 1) -> str:
    return "–" if share is None else f"{share:.{digits}%}"
