"""Parts of scripts/test beside each other."""

import time

import pytest
from checks import beside
from checks.part import Counts


def test_both_runs_count_and_their_lines_are_marked(capsys: pytest.CaptureFixture) -> None:
    results = beside.run(["asl"], ["asl"])
    assert [name for name, _, _ in results] == ["asl", "asl"]
    first, second = (counts for _, counts, _ in results)
    assert first.passed == second.passed > 0
    assert first.failed == second.failed == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line[:4] for line in lines} == {"1 | ", "2 | "}


def test_a_run_without_results_has_failed() -> None:
    results = beside.run(["asl"], ["no such part"])
    assert results[1] == ("no such part", Counts(failed=1), 0.0)


def test_a_run_is_stopped(tmp_path, capsys: pytest.CaptureFixture) -> None:
    run = beside.Run(["terraform"], "1", [], tmp_path)
    deadline = time.monotonic() + 60
    while "== terraform" not in capsys.readouterr().out and time.monotonic() < deadline:
        time.sleep(0.1)
    run.stop()
    assert run.process.returncode == 130
    assert run.results() == [("terraform", Counts(failed=1), 0.0)]
