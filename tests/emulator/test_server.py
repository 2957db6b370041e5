"""The emulator ends with the process that started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from program import processes
from program.paths import PYTHONPATH

from emulator import Emulator

START = """
from pathlib import Path
from emulator import Emulator
e = Emulator(Path({!r}))
e.start()
print(e.pid, flush=True)
"""


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while processes.alive(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not processes.alive(pid)


def start_elsewhere(directory: Path, then: str) -> tuple[subprocess.Popen, int]:
    code = START.format(str(directory)) + then
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline())


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent, pid = start_elsewhere(tmp_path, "import time; time.sleep(60)")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert gone(pid)


def test_it_goes_on_when_it_was_kept(tmp_path: Path) -> None:
    parent, pid = start_elsewhere(tmp_path, "e.keep()")
    parent.wait()
    time.sleep(1)
    assert processes.alive(pid)
    processes.end_foreign_group(pid)
    assert gone(pid)


def test_two_side_by_side_have_their_own_ports(tmp_path: Path, emulator: Emulator) -> None:
    other = Emulator(tmp_path / "with a space")
    other.start()
    try:
        assert other.endpoint != emulator.endpoint
    finally:
        other.stop()
