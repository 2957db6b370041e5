"""What scripts/test says of what failed: each failure again at its end, with its reason."""

import sys
from pathlib import Path

import pytest
from checks import beside, part, run, unit
from checks import pytest as pytest_part
from checks.part import Counts, Part


def test_a_command_that_fails_gives_the_end_of_what_it_said() -> None:
    said = "import sys; [print('line', number) for number in range(99)]; sys.exit(3)"
    counts = part.check("counting", [sys.executable, "-c", said])
    assert (counts.passed, counts.failed) == (0, 1)
    [failure] = counts.failures
    assert failure.startswith("counting\n")
    assert failure.endswith("line 98")
    assert "line 9\n" not in failure


def test_a_fixture_that_fails_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.fixture(scope='session')\ndef thing():\n    raise ValueError('no thing today')\n"
        "def test_a(thing): ...\ndef test_b(thing): ...\ndef test_c(): assert 1 == 2\ndef test_d(): ...\n"
    )
    counts = pytest_part.run(tmp_path)
    assert (counts.passed, counts.failed) == (1, 3)
    of_the_fixture, of_the_assertion = counts.failures
    assert "test_a and 1 more\n" in of_the_fixture
    assert "no thing today" in of_the_fixture
    assert "test_c\n" in of_the_assertion
    assert "1 == 2" in of_the_assertion


def test_rust_tests_that_fail_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    output = "        FAIL [   0.1s] core::it it::breaks\n     Summary [   1.2s] 2 tests run: 1 passed, 1 failed, 0 skipped\n"
    monkeypatch.setattr(unit.processes, "stream", lambda *arguments, **options: (100, output))
    counts = unit.run()
    assert (counts.passed, counts.failed) == (1, 1)
    assert counts.failures == ["Rust tests\n    core::it it::breaks"]


def test_the_end_tells_them_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    failing = Part("lint", "", (), lambda: Counts(failed=1, failures=["ruff\n    a reason"]))
    monkeypatch.setattr(run, "PARTS", (failing,))
    assert run.main(["lint"]) == 1
    out = capsys.readouterr().out
    assert "\nFAILED ruff\n    a reason\n" in out
    assert out.rstrip().endswith("0 passed, 1 failed")


def test_failures_come_through_from_a_run_beside(tmp_path: Path) -> None:
    counts = Counts(1, 2, 3, ["why\n    because"])
    beside.write(tmp_path / "1.json", [("lint", counts, 1.5)])
    assert beside.read(tmp_path / "1.json") == [("lint", counts, 1.5)]
