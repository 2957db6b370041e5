"""Drills of losses: a tick, a status event, a lease, the latest minutes of the ledger."""

import contextlib
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

import command_lines
import handler_processes
import pytest
from demo import reports
from minutes import TICKS, Minutes, does, tick_by_hand
from one_pipeline import wait
from running import Running

pytestmark = pytest.mark.xdist_group("kills")

LEASE = {"pk": {"S": "lease"}, "sk": {"S": "dispatch"}}


def lease(running: Running) -> dict:
    ledger = running.outputs["ledger_table_name"]
    return running.aws.dynamodb.get_item(TableName=ledger, Key=LEASE, ConsistentRead=True)["Item"]


def judged(running: Running, burst: list[reports.Report], group: str) -> None:
    verdict = running.judge(burst, group)
    assert (verdict.faults, verdict.lost, verdict.duplicates) == ([], 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes by /proc")
def test_a_tick_that_dies_is_followed_by_the_next_and_is_quiet(quiet: Running, minutes: Minutes) -> None:
    burst = reports.generate(30, seed=41, group="dead-", fails_first=0, unknown_device=0, again=0)
    # Slow, so that it dies between two starts.
    assert command_lines.run("spillway -p NAME set starts_per_second=2 burst=2", quiet).returncode == 0
    quiet.begin(burst)
    before = quiet.count()

    def kill_at_work() -> None:
        wait(lambda: quiet.count() > before, "nothing has started")
        for process in handler_processes.find(quiet.emulator.pid, quiet.names.dispatch):
            os.kill(process, signal.SIGKILL)

    killer = threading.Thread(target=kill_at_work)
    killer.start()
    heard = [minutes.tick()]
    killer.join()
    assert 0 < quiet.count() - before < len(burst)
    # It has left the lease to nobody.
    until = int(lease(quiet)["expires_at_ms"]["N"]) / 1000
    assert re.search("lease (held|dead)", does(quiet, "lease-stays-taken", "spillway -p NAME status"))
    # The next tick finds it taken, those after it do not.
    heard.append(minutes.tick())
    assert int(lease(quiet)["expires_at_ms"]["N"]) / 1000 == until
    assert command_lines.run("spillway -p NAME unset --all", quiet).returncode == 0
    wait(lambda: time.time() > until, "the lease has not expired")
    heard += [minutes.tick()]
    quiet.work_off()
    heard += [minutes.tick() for _ in range(3)]
    assert heard == [set()] * len(heard)
    judged(quiet, burst, "dead-")


@pytest.fixture
def held(quiet: Running) -> Iterator[Callable[[], None]]:
    """Somebody holds the lease until tomorrow, unless the drill releases it; afterwards nobody does."""
    ledger, put = quiet.outputs["ledger_table_name"], quiet.aws.dynamodb.put_item
    quiet.tick()
    before = lease(quiet)

    def hold() -> None:
        tomorrow = str(int(time.time() + 86_400) * 1000)
        put(TableName=ledger, Item={**before, "holder": {"S": "somebody"}, "expires_at_ms": {"N": tomorrow}})

    yield hold
    put(TableName=ledger, Item=before)


def test_a_lease_that_never_ends_is_told_of_and_released(quiet: Running, minutes: Minutes, held: Callable[[], None]) -> None:
    assert minutes.tick() == set()
    held()
    minutes.until("lease-stays-taken", TICKS, "no-tick")
    told = does(quiet, "lease-stays-taken", "spillway -p NAME status")
    assert "longer than a tick can hold it" in told
    assert f"next: spillway -p {quiet.name} lease release" in told
    does(quiet, "lease-stays-taken", "spillway -p NAME lease release --yes")
    tick_by_hand(quiet, "lease-stays-taken")
    minutes.until_quiet()


@contextlib.contextmanager
def unheard(running: Running) -> Iterator[None]:
    """No status event comes from Step Functions."""
    rule = f"{running.name}_outcomes"
    running.aws.events.disable_rule(Name=rule)
    try:
        yield
    finally:
        running.aws.events.enable_rule(Name=rule)


def test_status_events_that_never_come_are_asked_for_and_quiet(quiet: Running, minutes: Minutes) -> None:
    burst = reports.generate(12, seed=42, group="unheard-", fails_first=0.3, unknown_device=0, again=0)
    assert any(report.fails_first for report in burst)
    quiet.begin(burst)
    with unheard(quiet):
        heard = [minutes.tick()]
        wait(lambda: quiet.executing() == 0, quiet.left)
    assert (quiet.slots(), quiet.outcomes()) == (len(burst), 0)
    assert "12 slots" in does(quiet, "oldest-slot", "spillway -p NAME running --longest 10")
    # The sweep describes slots of 10 s.
    heard += minutes.work_off()
    heard += [minutes.tick() for _ in range(3)]
    assert heard == [set()] * len(heard)
    judged(quiet, burst, "unheard-")
