"""Drills of bursts that are held back by hand: no alarm begins, and every object is processed once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import command_lines
import judge_orders
import other_workflow
import pytest
from judge_orders import Version
from minutes import Minutes, does
from one_pipeline import wait
from running import Running

pytestmark = pytest.mark.xdist_group("kills")

BURST = 1_000
RUNNING, MORE, LOWER = 200, 40, 10
# The emulator is one process. Asked for more at once, it answers nothing within 10 s on a busy machine, and a tick fails.
RATE, AT_A_TIME = 25, 10
UPLOADS_AT_ONCE = 8
# Far more than it takes.
PATIENCE_TICKS = 20


def put(running: Running, prefix: str, count: int) -> list[Version]:
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
        versions = list(pool.map(running.put, [f"status/{prefix}{number}.json" for number in range(count)]))
    running.until_waiting(count)
    return versions


def steer(running: Running, values: str) -> None:
    """Faster than the site is applied, or as it is applied again."""
    assert command_lines.run(f"spillway -p NAME {values}", running).returncode == 0


@pytest.fixture
def fast(quiet: Running) -> Iterator[Running]:
    steer(quiet, f"set max_concurrency={RUNNING} starts_per_second={RATE} burst={AT_A_TIME}")
    yield quiet
    steer(quiet, "unset --all")


def judged(running: Running, versions: list[Version], prefix: str) -> None:
    runs = running.executions(prefix)
    assert judge_orders.exactly_once(versions, runs) == []
    assert {run.status for run in runs} == {"SUCCEEDED"}


def test_a_pause_over_a_burst_of_a_thousand_is_quiet_and_costs_nothing(fast: Running, minutes: Minutes) -> None:
    with other_workflow.defined(fast, other_workflow.AT_ONCE):
        does(fast, "failures", "spillway -p NAME pause --reason 'target is down'")
        before, versions = fast.count(), put(fast, "paused-", BURST)
        heard = [minutes.tick() for _ in range(3)]
        assert fast.count() == before
        assert fast.waiting() == BURST
        # Waiting has not used up the messages' receives.
        assert {message["ReceiveCount"] for message in fast.waiting_messages()} == {0}
        does(fast, "failures", "spillway -p NAME resume")
        heard += minutes.work_off()
        heard += [minutes.tick() for _ in range(3)]
    assert heard == [set()] * len(heard)
    judged(fast, versions, "paused-")


def test_a_limit_that_is_lowered_while_two_hundred_run_holds_at_once_and_is_quiet(fast: Running, minutes: Minutes) -> None:
    heard = []
    with other_workflow.holding(fast) as held:
        before, versions = fast.count(), put(fast, "lowered-", RUNNING + MORE)
        while fast.executing() < RUNNING:
            assert len(heard) < PATIENCE_TICKS, fast.left()
            heard.append(minutes.tick())
        does(fast, "throttled-starts", "spillway -p NAME set max_concurrency=10 --reason 'too many are open'")
        heard += [minutes.tick() for _ in range(2)]
        assert fast.count() - before == fast.executing() == RUNNING
        # Those that run are let be, and fall away: down to the limit nothing takes their place.
        held.let_go(*held.keys()[LOWER + 1 :])
        wait(lambda: fast.slots() == LOWER + 1, fast.left)
        heard.append(minutes.tick())
        assert fast.count() - before == RUNNING
        held.let_go(*held.keys()[:2])
        wait(lambda: fast.slots() == LOWER - 1, fast.left)
        heard.append(minutes.tick())
        assert fast.count() - before == RUNNING + 1
        assert fast.executing() == LOWER
        # Those that start from here on end by themselves.
        with other_workflow.defined(fast, other_workflow.AT_ONCE):
            held.end()
            heard += minutes.work_off()
    heard += [minutes.tick() for _ in range(3)]
    assert heard == [set()] * len(heard)
    judged(fast, versions, "lowered-")
