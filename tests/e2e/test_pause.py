"""The control item, at run time, and its effect on a tick's metrics."""

import time

import pytest
from demo import reports
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")

LIMIT = 3


def test_a_pause_starts_nothing_and_loses_nothing(quiet: Running) -> None:
    burst = reports.generate(10, seed=6, group="pause-", fails_first=0, unknown_device=0, again=0)
    quiet.begin(burst)
    began = time.time()
    with quiet.controlled(paused=True):
        for _ in range(3):
            quiet.tick()
        paused = quiet.metric("Paused", began)
        assert (paused["Sum"], paused["SampleCount"]) == (3, 3)
        assert quiet.executions("pause-") == []
        # Waiting has not used up the messages' receives.
        assert {message["ReceiveCount"] for message in quiet.waiting_messages()} == {0}
    quiet.work_off()
    assert quiet.judge(burst, "pause-").faults == []


def test_an_operators_lower_limit_holds_from_the_next_tick_on(quiet: Running) -> None:
    burst = reports.generate(12, seed=7, group="lower-", fails_first=0, unknown_device=0, again=0)
    quiet.begin(burst)
    began = time.time()
    with quiet.controlled(max_concurrency=LIMIT):
        assert quiet.fill(LIMIT) == LIMIT
        quiet.work_off()
    limit = quiet.metric("MaxConcurrency", began)
    assert (limit["Minimum"], limit["Maximum"]) == (LIMIT, LIMIT)
    assert quiet.metric("Started", began)["Sum"] == len(burst)
    verdict = quiet.judge(burst, "lower-")
    assert verdict.faults == []
    assert verdict.max_running <= LIMIT
