"""Children that do not outlive what they were started for."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from pipeline import processes

# A program of ours: it runs another one in a group of its own, and tells that one's process id.
PARENT = """
import sys
from pipeline import processes
child = "import os, pathlib, time; pathlib.Path({path!r}).write_text(str(os.getpid())); time.sleep(60)"
try:
    processes.run([sys.executable, "-c", child])
except KeyboardInterrupt:
    sys.exit(130)
"""


def started(path: Path) -> int:
    """The process id that is written there."""
    deadline = time.monotonic() + 30
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, "it did not start"
        time.sleep(0.02)
    return int(path.read_text())


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while processes.alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not processes.alive(pid)


def test_what_goes_on_beside_ends_with_the_block_and_so_does_what_it_runs(tmp_path: Path) -> None:
    told = tmp_path / "process"
    with processes.beside([sys.executable, "-c", PARENT.format(path=str(told))]) as parent:
        child = started(told)
        assert processes.alive(child)
    assert parent.returncode == 130
    assert gone(child)


def test_what_goes_on_beside_may_come_to_its_own_end() -> None:
    with processes.beside([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        assert process.wait() == 3
    assert process.returncode == 3


def test_what_ignores_an_interrupt_is_ended_all_the_same(tmp_path: Path) -> None:
    told = tmp_path / "process"
    deaf = f"""
import os, pathlib, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path({str(told)!r}).write_text(str(os.getpid()))
time.sleep(60)
"""
    with processes.beside([sys.executable, "-c", deaf], grace=0.1) as process:
        started(told)
    assert process.returncode == -signal.SIGKILL


def test_a_run_ends_with_its_caller(tmp_path: Path) -> None:
    told = tmp_path / "process"
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(path=str(told))])
    child = started(told)
    parent.send_signal(signal.SIGINT)
    assert parent.wait(30) == 130
    assert gone(child)
