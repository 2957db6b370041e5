"""Drills of throttling by AWS: starts of executions, and the ledger."""

import contextlib
from collections.abc import Iterator

import pytest
from command_lines import run
from demo import reports
from emulator.additions.quotas import STARTS_PER_SECOND
from minutes import TICKS, Minutes, does
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")


@contextlib.contextmanager
def quota_of_starts(running: Running, per_second: float) -> Iterator[None]:
    states, machine = running.aws.stepfunctions, running.state_machine
    states.tag_resource(resourceArn=machine, tags=[{"key": STARTS_PER_SECOND, "value": str(per_second)}])
    try:
        yield
    finally:
        states.untag_resource(resourceArn=machine, tagKeys=[STARTS_PER_SECOND])


@contextlib.contextmanager
def writes_of_the_ledger(running: Running, per_second: int) -> Iterator[None]:
    update, ledger = running.aws.dynamodb.update_table, running.outputs["ledger_table_name"]
    update(TableName=ledger, OnDemandThroughput={"MaxWriteRequestUnits": per_second})
    try:
        yield
    finally:
        update(TableName=ledger, OnDemandThroughput={"MaxWriteRequestUnits": -1})


def some(group: str, number: int) -> list[reports.Report]:
    return reports.generate(number, seed=71, group=group, fails_first=0, unknown_device=0, again=0)


def judged(running: Running, burst: list[reports.Report], group: str) -> None:
    verdict = running.judge(burst, group)
    assert (verdict.faults, verdict.lost, verdict.duplicates) == ([], 0, 0)


def test_starts_that_are_throttled_are_told_of_and_slowed_down(quiet: Running, minutes: Minutes) -> None:
    """A period has five minutes, and begins with a tick that starts more than the quota allows."""
    burst, each = some("throttled-", 6 * TICKS), 6
    heard = []
    # The slowest rate that throttling brings about is one a second.
    with quota_of_starts(quiet, 0.5):
        for first in range(0, len(burst), each):
            quiet.begin(burst[first : first + each])
            heard.append(minutes.five_with_a_tick())
        assert heard[-1] == {"throttled-starts"}, heard
        assert does(quiet, "throttled-starts", "spillway -p NAME status")
    minutes.work_off()
    later = some("slow-", 6 * TICKS)
    heard = []
    try:
        # A quota that is below the pace as it was applied, and not below the operator's.
        with quota_of_starts(quiet, 2):
            slow = "spillway -p NAME set starts_per_second=20 burst=20 --reason 'quota'"
            does(quiet, "throttled-starts", slow, number=("=20", "=1"))
            for first in range(0, len(later), each):
                quiet.begin(later[first : first + each])
                heard.append(minutes.five_with_a_tick())
            assert heard[-1] == set(), heard
            minutes.work_off()
    finally:
        assert run("spillway -p NAME unset --all", quiet).returncode == 0
    judged(quiet, burst, "throttled-")
    judged(quiet, later, "slow-")


def test_a_ledger_that_is_throttled_is_told_of_and_loses_nothing(quiet: Running, minutes: Minutes) -> None:
    burst, each = some("ledger-", 8 * TICKS), 8
    heard = []
    with writes_of_the_ledger(quiet, 4):
        for first in range(0, len(burst), each):
            quiet.begin(burst[first : first + each])
            heard.append(minutes.tick())
        # With so few writes a tick can fail over its lease, too.
        assert heard[-1] - {"errors_dispatch"} == {"ledger-throttled_writes"}, heard
        assert does(quiet, "ledger-throttled", "spillway -p NAME status")
    minutes.work_off()
    minutes.until_quiet()
    judged(quiet, burst, "ledger-")
