"""How a run is shown while it goes on."""

import dataclasses

import pytest
from pipeline.progress import Progress
from pipeline.watch import Sample

RUNNING = Sample(at=0, waiting=7, running=20, succeeded=3, retried=2, dead=1, outcomes=0)
IDLE = dataclasses.replace(RUNNING, running=0)


def shown(capsys: pytest.CaptureFixture, sample: Sample) -> str:
    Progress(30, 20).show(sample)
    return capsys.readouterr().out


def test_a_line_has_every_number(capsys: pytest.CaptureFixture) -> None:
    assert shown(capsys, RUNNING) == "  0:00  waiting 7  running 20 of 20  done 3 of 30  retried 2  dead 1\n"


def test_a_run_that_waits_for_a_tick_says_so(capsys: pytest.CaptureFixture) -> None:
    assert shown(capsys, IDLE).endswith("dead 1   waiting for a tick\n")


def test_bars_say_so_too(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert "waiting for a tick" in shown(capsys, IDLE)
    assert "waiting for a tick" not in shown(capsys, RUNNING)


@pytest.mark.parametrize(
    "sample",
    [
        dataclasses.replace(IDLE, waiting=0),
        # settle is at work: it may send a retry, which would wait then.
        dataclasses.replace(IDLE, outcomes=1),
    ],
)
def test_without_a_message_that_could_start_nothing_waits_for_a_tick(capsys: pytest.CaptureFixture, sample: Sample) -> None:
    assert "tick" not in shown(capsys, sample)
