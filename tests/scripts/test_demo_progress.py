"""How a run is shown while it goes on."""

import collections
import dataclasses
import types

import pytest
from demo import watch
from demo.progress import Progress
from demo.watch import Sample

RUNNING = Sample(at=0, waiting=7, running=20, succeeded=3, retried=2, dead=1, outcomes=0)
IDLE = dataclasses.replace(RUNNING, running=0)


def shown(capsys: pytest.CaptureFixture, sample: Sample) -> str:
    Progress(30, 20).show(sample)
    return capsys.readouterr().out


def test_a_line_has_every_number(capsys: pytest.CaptureFixture) -> None:
    assert shown(capsys, RUNNING) == "  0:00  waiting 7  running 20 of 20  done 3 of 30  retried 2  dead 1\n"


def test_a_run_that_waits_for_a_tick_says_so(capsys: pytest.CaptureFixture) -> None:
    assert shown(capsys, IDLE).endswith("dead 1   waiting for a tick\n")


def test_a_pace_that_adapts_shows_its_circuit(capsys: pytest.CaptureFixture) -> None:
    assert shown(capsys, dataclasses.replace(IDLE, circuit="open")).endswith("dead 1   circuit open\n")


def test_bars_say_so_too(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert "waiting for a tick" in shown(capsys, IDLE)
    assert "waiting for a tick" not in shown(capsys, RUNNING)


@pytest.mark.parametrize(
    "sample",
    [
        dataclasses.replace(IDLE, waiting=0),
        # settle is at work: it can send a retry, which would wait then.
        dataclasses.replace(IDLE, outcomes=1),
    ],
)
def test_without_a_message_that_could_start_nothing_waits_for_a_tick(capsys: pytest.CaptureFixture, sample: Sample) -> None:
    assert "tick" not in shown(capsys, sample)


def test_retried_counts_uploads_as_the_judge_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often one is retried, redriven or not."""
    names = ["a-1", "b-1", "b-2", "c-1", "c-2", "c-3", "c-4", "d-1", "d-2", "d-3"]
    monkeypatch.setattr(watch, "summaries", lambda *_: [{"name": f"report-{name}", "status": "SUCCEEDED"} for name in names])
    monkeypatch.setattr(watch, "depth", lambda *_: 0)
    aws = types.SimpleNamespace(stepfunctions=None)
    of_stack = types.SimpleNamespace(state_machine="", events_queue="", dead_letter_queue="", outcomes_queue="")
    by_upload = collections.Counter(name[0] for name in names)
    assert watch.sample(aws, of_stack).retried == sum(count > 1 for count in by_upload.values()) == 3
