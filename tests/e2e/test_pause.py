"""The control item, at run time."""

from pipeline import reports
from running import Running


def test_a_pause_starts_nothing_and_loses_nothing(quiet: Running) -> None:
    burst = reports.generate(10, seed=6, group="pause-", fails_first=0, unknown_device=0, again=0)
    quiet.begin(burst)
    with quiet.controlled(paused=True):
        for _ in range(3):
            quiet.tick()
        assert quiet.executions("pause-") == []
        # Waiting has not used up the messages' receives.
        assert {message["ReceiveCount"] for message in quiet.waiting_messages()} == {0}
    with quiet.ticking():
        quiet.until(lambda sample: sample.quiet, 60)
    assert quiet.judge(burst, "pause-").faults == []


def test_a_lower_limit_holds_at_once(quiet: Running) -> None:
    burst = reports.generate(12, seed=7, group="lower-", fails_first=0, unknown_device=0, again=0)
    quiet.begin(burst)
    with quiet.controlled(max_concurrency=3), quiet.ticking():
        quiet.until(lambda sample: sample.quiet, 60)
    verdict = quiet.judge(burst, "lower-")
    assert verdict.faults == []
    assert verdict.max_running == 3
