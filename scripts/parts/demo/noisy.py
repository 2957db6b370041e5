"""A tenant that uploads half of all reports, before the others do, and has a bound: for `scripts/demo --unruly`."""

import statistics

from demo import reports
from demo.executions import Execution, peak_running
from demo.reports import Report

TENANT = "noisy"
# The second segment of a key is its tenant. The target takes 4 executions a second, of 2 to 3 s each.
TENANTS = {"by": "2", "max_concurrency": 5}
_PREFIX = f"status/{TENANT}/"


def generate(count: int, seed: int, **shares: float) -> list[Report]:
    """`count` reports, those of the noisy tenant first."""
    noisy = count // 2
    return [*reports.generate(noisy, seed, group=f"{TENANT}/", **shares), *reports.generate(count - noisy, seed, **shares)]


def _is_noisy(run: Execution) -> bool:
    return run.objects[0]["key"].startswith(_PREFIX)


def peak(ran: list[Execution]) -> int:
    """Executions of the noisy tenant at once, at most."""
    return peak_running([run for run in ran if _is_noisy(run)])


def faults(ran: list[Execution]) -> list[str]:
    most, bound = peak(ran), TENANTS["max_concurrency"]
    return [f"{most} executions of the tenant {TENANT} ran at one time, its bound is {bound}"] if most > bound else []


def median_waits(ran: list[Execution], began: float) -> tuple[float, float]:
    """Seconds from the burst to the first start: of the noisy tenant, and of the others."""
    first = [(_is_noisy(run), run.start.timestamp() - began) for run in ran if run.attempt == 1]
    noisy = [wait for is_noisy, wait in first if is_noisy]
    others = [wait for is_noisy, wait in first if not is_noisy]
    return statistics.median(noisy or [0.0]), statistics.median(others or [0.0])
