"""The demo's noisy tenant: its reports come first, and its executions are counted apart."""

import datetime
import re

from demo import noisy
from demo.executions import Execution

BEGAN = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
BOUND = noisy.TENANTS["max_concurrency"]


def run(key: str, start: float, attempt: int = 1) -> Execution:
    begin = BEGAN + datetime.timedelta(seconds=start)
    return Execution(f"x-{attempt}", "SUCCEEDED", begin, begin + datetime.timedelta(seconds=2), attempt, ({"key": key},))


def test_half_of_the_reports_are_the_noisy_tenants_and_come_first() -> None:
    made = noisy.generate(101, seed=1, fails_first=0.0, unknown_device=0.0)
    is_noisy = [report.key.startswith("status/noisy/") for report in made]
    assert is_noisy == [True] * 50 + [False] * 51
    assert not any(report.fails_first or report.unknown_device for report in made)
    # The workflow takes no other names.
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:-]*", report.device) for report in made)


def test_more_of_the_tenant_at_once_than_its_bound_is_a_fault_and_others_do_not_count() -> None:
    others = [run(f"status/{number}.json", 0) for number in range(20)]
    bounded = [run(f"status/noisy/{number}.json", 0) for number in range(BOUND)]
    assert (noisy.peak(others + bounded), noisy.faults(others + bounded)) == (BOUND, [])
    one_more = run("status/noisy/more.json", 1)
    (fault,) = noisy.faults([*others, *bounded, one_more])
    assert fault == f"{BOUND + 1} executions of the tenant noisy ran at one time, its bound is {BOUND}"


def test_the_waits_are_those_until_the_first_start() -> None:
    ran = [run("status/noisy/a", 30), run("status/noisy/a", 90, attempt=2), run("status/b", 1), run("status/c", 3)]
    assert noisy.median_waits(ran, BEGAN.timestamp()) == (30.0, 2.0)
