"""Children that do not outlive their purpose."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from program import processes

# A program of ours: it runs another one in a group of its own, and tells that one's process id.
PARENT = """
import sys
from program import processes
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


# It is interrupted when the other program runs, and before it knows so.
INTERRUPTED = """
import os, signal, subprocess, sys
from program import processes
class Popen(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        print(self.pid, flush=True)
        os.kill(os.getpid(), signal.SIGINT)
subprocess.Popen = Popen
command = ["sleep", "60"]
try:
    {call}
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(
    "call",
    [
        "processes.run(command, stdout=subprocess.DEVNULL)",
        "processes.stream(command, print)",
        "processes.beside(command, 0.1, stdout=subprocess.DEVNULL).__enter__()",
    ],
)
def test_a_program_that_is_interrupted_while_it_starts_another_ends_it(call: str) -> None:
    parent = subprocess.run([sys.executable, "-c", INTERRUPTED.format(call=call)], stdout=subprocess.PIPE, text=True)
    assert parent.returncode == 130
    assert gone(int(parent.stdout))


# Ends as a run of scripts/test after an interrupted test: its child is killed and cannot end its own.
HOLDER = """
import subprocess, sys, time
from pathlib import Path
from program import processes
processes.adopt_orphans()
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
while not Path(sys.argv[2]).exists():
    time.sleep(0.02)
child.kill()
child.wait()
{end}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems give orphans to their first process")
@pytest.mark.parametrize("ends", [True, False])
def test_an_orphan_in_a_group_of_its_own_ends_too(tmp_path: Path, ends: bool) -> None:
    told = tmp_path / "process"
    holder = HOLDER.format(end="processes.end_descendants()" if ends else "")
    subprocess.run([sys.executable, "-c", holder, PARENT.format(path=str(told)), str(told)], check=True)
    orphan = started(told)
    if ends:
        assert not processes.alive(orphan)
    else:
        # So the test above is about something.
        assert processes.alive(orphan)
        os.kill(orphan, signal.SIGKILL)


def test_what_has_ended_is_not_alive_though_nobody_has_waited_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    try:
        assert gone(process.pid)
    finally:
        process.wait()
