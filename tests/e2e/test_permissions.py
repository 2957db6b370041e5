"""The roles are in force: without its policy, a handler can do nothing."""

import time
from collections.abc import Callable

import pytest
from demo import reports
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")

OBJECTS = 40


def test_dispatch_starts_nothing_without_its_roles_policy(quiet: Running) -> None:
    burst = reports.generate(3, seed=8, group="role-", fails_first=0, unknown_device=0, again=0)
    quiet.begin(burst)
    with quiet.allowed(quiet.names.dispatch, lambda _: []):
        good, _ = quiet.invoke()
        assert not good
        assert quiet.executions("role-") == []
    quiet.work_off()
    assert quiet.judge(burst, "role-").faults == []


def without(action: str) -> Callable[[list[dict]], list[dict]]:
    def rest(statements: list[dict]) -> list[dict]:
        left = [statement for statement in statements if action not in statement["Action"]]
        assert len(left) == len(statements) - 1
        return left

    return rest


def test_start_execution_that_is_refused_in_the_midst_loses_nothing_and_is_told(quiet: Running) -> None:
    burst = reports.generate(OBJECTS, seed=11, group="refused-", fails_first=0, unknown_device=0, again=0)
    quiet.begin(burst)
    with quiet.controlled(starts_per_tick=OBJECTS // 4):
        quiet.invoke()
        started = len(quiet.executions("refused-"))
        assert 0 < started <= OBJECTS // 4
    with quiet.allowed(quiet.names.dispatch, without("states:StartExecution")):
        began = time.time()
        answers = [quiet.invoke() for _ in range(3)]
        # Every tick fails at once, long before its time is over, and names the missing permission and its resource.
        assert not any(good for good, _ in answers), answers
        assert all("states:StartExecution" in said and "AccessDenied" in said for _, said in answers), answers
        took = [tick["DurationMilliseconds"] for tick in quiet.ticks(began)]
        assert len(took) == len(answers)
        assert max(took) < 1_000 * quiet.stack.settings.schedule["tick_seconds"], took
        assert len(quiet.executions("refused-")) == started
        # Only messages with a slot were taken out of the queue, and no other one has used up its receives.
        assert len(quiet.waiting_messages()) >= OBJECTS - started - quiet.stack.settings.max_concurrency
        assert max(message["ReceiveCount"] for message in quiet.waiting_messages()) <= 1
    assert quiet.take_dead() == []
    quiet.work_off()
    verdict = quiet.judge(burst, "refused-")
    assert verdict.faults == []
    assert (verdict.lost, verdict.duplicates, verdict.executions) == (0, 0, OBJECTS)
