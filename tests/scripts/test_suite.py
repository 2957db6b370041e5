"""scripts/test: its runs, its counts, and its words about failures."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import marks
import pytest
from program import processes
from program.paths import SCRIPTS
from suite import jobs, junit, options
from suite.__main__ import tell
from suite.jobs import Job
from suite.junit import Counts
from suite.lane import Lane
from suite.parts import BY_NAME

TESTS = """
import pytest
@pytest.fixture(scope="session")
def thing():
    raise ValueError("no thing today")
def test_a(thing): ...
def test_b(thing): ...
def test_c(): assert 1 == 2
def test_d(): ...
@pytest.mark.skip
def test_e(): ...
"""


def lane(tmp_path: Path, *code: str) -> Lane:
    """One job for each program."""
    chosen = [
        Job("lint", (BY_NAME["lint"],), [sys.executable, "-c", text], dict(os.environ), tmp_path / f"{at}.xml", lambda _: "lint")
        for at, text in enumerate(code)
    ]
    return Lane(chosen, 0)


def test_each_part_is_run_once_and_what_waits_beside_what_computes(tmp_path: Path) -> None:
    waiting, computing = jobs.lanes(options.parse([]), tmp_path)
    assert [[part.name for part in job.parts] for job in waiting] == [["e2e"], ["scripts", "emulator", "second_opinion"]]
    assert [[part.name for part in job.parts] for job in computing] == [["rust"], ["lint", "terraform"]]
    (alone,) = jobs.lanes(options.parse(["emulator"]), tmp_path)
    assert [job.command[-1] for job in alone] == ["tests/emulator"]


def done(started: Lane) -> Lane:
    started.start()
    started.wait()
    return started


def test_a_report_of_pytest_is_counted_and_a_fixture_that_fails_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    report = tmp_path / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        os.devnull,
        f"--rootdir={tmp_path}",
        f"--junitxml={report}",
        str(tmp_path),
    ]
    assert processes.run(command, stdout=subprocess.DEVNULL).returncode == 1
    (counts,) = junit.read(report, lambda name: name).values()
    assert (counts.passed, counts.failed, counts.skipped) == (1, 3, 1)
    of_the_fixture, of_the_assertion = counts.failures
    assert "test_a and 1 more\n" in of_the_fixture
    assert "no thing today" in of_the_fixture
    assert "test_c\n" in of_the_assertion
    assert "1 == 2" in of_the_assertion


GROUPS = """
import os, pathlib, pytest
@pytest.mark.parametrize("number", range(12))
@pytest.mark.xdist_group("one")
def test_a(number):
    pathlib.Path(__file__).with_name(f"process-{os.getpid()}").touch()
def test_b(): ...
"""


def test_a_group_of_tests_is_run_by_one_process(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(GROUPS)
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, f"--rootdir={tmp_path}", "-n", "3", "--dist", "loadgroup"]
    assert processes.run([*command, str(tmp_path)], stdout=subprocess.DEVNULL).returncode == 0
    assert len(list(tmp_path.glob("process-*"))) == 1


def test_a_report_of_nextest_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "rust.xml"
    report.write_text(
        '<testsuites><testsuite name="core::it"><testcase name="holds" classname="core::it" time="0.1"/>'
        '<testcase name="breaks" classname="core::it" time="0.1"><failure message="thread panicked" type="test failure">'
        "assertion failed: a == b</failure></testcase></testsuite></testsuites>"
    )
    counts = junit.read(report, lambda _: "rust")["rust"]
    assert (counts.passed, counts.failed) == (1, 1)
    assert counts.failures == ["core::it::breaks\n    assertion failed: a == b"]


def test_a_long_reason_is_told_by_its_end() -> None:
    told = junit.failure("counting", "\n".join(f"line {number}" for number in range(99)))
    assert told.startswith("counting\n")
    assert told.endswith("line 98")
    assert "line 9\n" not in told


def test_the_lines_of_a_job_are_marked(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    done(lane(tmp_path, "print('hello')"))
    assert "lint      | hello\n" in capfd.readouterr().out


@pytest.mark.parametrize("report", ["", '<testsuites><testsuite><testcase name="a"/></testsuite></testsuites>'])
def test_a_job_that_fails_without_a_failure_in_its_report_has_failed(tmp_path: Path, report: str) -> None:
    if report:
        (tmp_path / "0.xml").write_text(report)
    counts = done(lane(tmp_path, "import sys; print('does not compile'); sys.exit(100)")).counts["lint"]
    assert counts.failed == 1
    assert counts.failures == ["lint: exit status 100\n    does not compile"]


class _Full:
    """Standard output on a disk that is full."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_run_whose_lines_cannot_be_written_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = lane(tmp_path, "print('hello')")
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", _Full())
        done(running)
    assert running.counts["lint"].failures == ["lint: broke off\n    OSError: [Errno 28] No space left on device"]
    assert tell([running]) == 1


def test_half_a_report_is_a_failure_beside_another_lane_that_went_well(tmp_path: Path) -> None:
    (tmp_path / "0.xml").write_text("<testsuites><testcase")
    running, well = done(lane(tmp_path, "print('hello')")), lane(tmp_path)
    well.counts = {"rust": Counts(passed=3)}
    (failure,) = running.counts["lint"].failures
    assert failure.startswith("lint: broke off\n    ParseError: ")
    assert tell([running, well]) == 1


def test_what_a_job_has_started_ends_with_it_when_it_is_interrupted(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = f"""
import subprocess, time
child = subprocess.Popen(["sleep", "600"])
open({str(told)!r}, "w").write(str(child.pid) + " ")
time.sleep(600)
"""
    running = lane(tmp_path, code, "raise SystemExit('nobody starts this')")
    running.start()
    deadline = time.monotonic() + 60
    while not (told.exists() and told.read_text().endswith(" ")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.interrupt()
    running.end()
    while processes.alive(int(told.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert running.counts.keys() <= {"lint"}


def test_the_end_tells_every_failure_and_the_sum(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    first, second = lane(tmp_path), lane(tmp_path)
    first.counts = {"e2e": Counts(passed=3)}
    second.counts = {"rust": Counts(passed=2, skipped=1), "lint": Counts(failed=1, failures=["ruff\n    a reason"])}
    assert tell([first, second]) == 1
    out = capsys.readouterr().out
    assert "\nFAILED ruff\n    a reason\n" in out
    assert out.endswith("\n5 passed, 1 failed, 1 skipped\n")


def test_no_test_at_all_is_a_failure(tmp_path: Path) -> None:
    assert tell([lane(tmp_path)]) == 1


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_run_and_what_it_has_started(name: str, tmp_path: Path) -> None:
    environment = {**os.environ, marks.NAME: str(tmp_path)}
    process = subprocess.Popen(
        [str(SCRIPTS / "test"), "terraform", "--jobs", "1"],
        env=environment,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        seen = next((line for line in process.stdout if "created: " in line or "PASSED" in line), None)
        assert seen
        process.send_signal(getattr(signal, name))
        rest = process.communicate(timeout=120)[0]
    finally:
        processes.end_group(process)
    assert process.returncode == 130
    assert "stopped; nothing is left running" in rest
    assert marks.marked(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["unit"], "no part is called unit; there are rust, lint,"),
        (["rust", "lint", "--", "-k", "x"], "arguments after -- go to one part"),
        (["--quick", "e2e"], "--quick has nothing of e2e"),
        (["--jobs", "0"], "give a whole number from 1 to 1,000"),
    ],
)
def test_wrong_arguments_are_refused_with_the_remedy(arguments: list[str], says: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as refused:
        options.parse(arguments)
    assert refused.value.code == 2
    assert says in capsys.readouterr().err


def test_without_a_name_every_part_is_run_and_quick_leaves_out_what_is_slow() -> None:
    assert [part.name for part in options.parse([]).parts] == list(BY_NAME)
    quick = options.parse(["--quick"])
    assert [part.name for part in quick.parts] == ["rust", "lint", "terraform"]
    assert options.parse(["e2e", "--", "-k", "burst"]).passed_on == ("-k", "burst")
